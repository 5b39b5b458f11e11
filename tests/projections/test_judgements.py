"""Whether the same reason is judged the same way (ENF-15): counted by reason and by whoever judged."""

from datetime import date

from tests.aggregates.telling import Telling

from ledger.projections.judgements import OPENS, OTHER, UNREADABLE, Tally

D = date.fromisoformat
LAST = date(2025, 12, 31)
TOLD = [("02", "work", "ACCEPTABLE"), ("09", "work", "UNACCEPTABLE"), ("16", "the bus, again", "ACCEPTABLE")]


def tally(telling, day=LAST, opens=OPENS):
    found = Tally()
    stream = f"offender-{telling.names.id('ann')}"
    found.add(stream, telling.ledger.history(stream, opens=opens), day)
    return telling.names.named(found.rows())


def case():
    """Three absences judged: two for work, one of them not excused, and one for a reason of the author's own."""
    telling = Telling().order()
    for n, (day, code, result) in enumerate(TOLD):
        telling.absence(f"a{n}", f"2025-06-{day}", at=f"2025-06-{day} 09:00").letter(f"l{n}", f"a{n}", f"2025-06-{day}")
        telling.evidence(f"a{n}", f"2025-06-{int(day) + 1:02} 10:00")
        telling.judge(f"a{n}", f"2025-06-{int(day) + 2:02}", result, reason_code=code)
    return telling


def judged(telling, n):
    """The nth judgement by a name of its own."""
    found = [each for each in telling.ledger.records if type(each.fact).__name__ == "AbsenceJudged"]
    telling.names.label("judgement", found[n].id)
    return "judgement"


def differing(telling):
    return [(each["reason_code"], each["differs"]) for each in tally(telling)]


def test_the_same_reason_with_two_results_differs():
    work, other = tally(case())
    assert (work["reason_code"], work["acceptable"], work["unacceptable"], work["differs"]) == ("work", 1, 1, True)
    assert work["by"] == [{"staff_id": "practitioner", "acceptable": 1, "unacceptable": 1}]
    assert (other["reason_code"], other["differs"]) == (OTHER, False)


def test_a_reason_in_words_of_ones_own_is_counted_and_not_repeated():
    assert "bus" not in str(tally(case()))


def test_what_is_judged_anew_counts_under_the_reason_it_was_first_judged_by():
    (work, _) = tally(case().rejudge("a0", "2025-06-30", "UNACCEPTABLE"))
    assert (work["acceptable"], work["unacceptable"]) == (1, 2)
    assert {each["staff_id"] for each in work["by"]} == {"practitioner", "senior-practitioner"}


def test_only_what_was_judged_by_the_day_counts():
    assert [each["acceptable"] for each in tally(case(), D("2025-06-04"))] == [1]
    assert tally(case(), D("2025-06-03")) == []


def test_a_judgement_that_is_struck_out_counts_no_more():
    telling = case()
    out = {"event_ref": judged(telling, 1), "reason": "wrong file"}
    telling.tell("2025-07-01 10:00", "senior-practitioner", "StrikeOutRecord", **out)
    assert differing(telling) == [("work", False), (OTHER, False)]


def test_a_corrected_reason_is_the_one_that_counts():
    telling = case()
    fix = {"event_ref": judged(telling, 1), "field": "reason_code", "corrected_value": "medical", "reason": "misread"}
    telling.tell("2025-07-01 10:00", "practitioner", "CorrectRecord", **fix)
    assert differing(telling) == [("medical", False), ("work", False), (OTHER, False)]


def test_a_reason_that_cannot_be_read_is_counted_as_that():
    assert {each["reason_code"] for each in tally(case(), opens={})} == {UNREADABLE}
