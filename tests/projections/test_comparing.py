"""What a file said then and then: facts added, corrected, struck out, restored; statuses with values and reasons."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

from ledger.projections import comparing, enforcement
from ledger.projections.comparing import Told, facts_between, statuses_between
from ledger.rules.dates import london_day
from ledger.scenarios import instant

D = date.fromisoformat


def moment(telling, known_at):
    known = telling.ledger.known(instant(known_at))
    history = telling.ledger.history(f"offender-{telling.names.id('ann')}", known)
    return history, known, london_day(instant(known_at))


def facts(telling, one, other):
    found = []
    for each in (one, other):
        history, known, day = moment(telling, each)
        found.append(Told.of(comparing.facts(history, telling.ledger.policy(), day, known), day))
    return telling.names.named(facts_between(*found))


def statuses(telling, one, other, as_at=None):
    found = []
    for each in (one, other):
        history, known, day = moment(telling, each)
        said = enforcement.view(history, telling.ledger.policy(), as_at or day, known, explain=True)
        found.append(telling.names.named(said))
    return {each["at"]: each for each in statuses_between("enforcement", *found)}


def case():
    """An absence of 2 June with its letter of the 4th, told on those days."""
    telling = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    telling.names.label("fact", telling.ledger.records[3].id)
    return telling


def changes(rows):
    return [(each["change"], each["type"]) for each in rows]


def test_between_a_moment_and_itself_nothing_differs():
    assert facts(case(), "2025-06-05 09:00", "2025-06-05 09:00") == []
    assert statuses(case(), "2025-06-05 09:00", "2025-06-05 09:00") == {}


def test_what_was_recorded_meanwhile_is_added_whatever_day_it_is_of():
    telling = case().absence("a0", "2025-05-01", at="2025-06-06 12:00")
    (row,) = facts(telling, "2025-06-05 09:00", "2025-06-07 09:00")
    assert changes([row]) == [("added", "AbsenceRecorded")]
    assert (row["position"], row["values"]["date"]) == (6, D("2025-05-01"))


def test_a_correction_says_what_the_field_read_then_and_reads_now_and_which_fact_did_it():
    telling = case()
    fix = {"event_ref": "fact", "field": "date", "corrected_value": "2025-06-01", "reason": "misread"}
    telling.tell("2025-06-06 12:00", "supervisor", "CorrectRecord", label="fix", **fix)
    corrected, added = facts(telling, "2025-06-05 09:00", "2025-06-07 09:00")
    assert changes([corrected, added]) == [("corrected", "AbsenceRecorded"), ("added", "RecordCorrected")]
    assert corrected["fields"] == {"date": [D("2025-06-02"), "2025-06-01"]}
    assert corrected["by_position"] == added["position"]


def test_the_latest_of_two_corrections_is_what_it_reads_and_the_one_between_what_it_read():
    telling = case()
    for at, value in (("2025-06-06 12:00", "2025-06-01"), ("2025-06-08 12:00", "2025-05-31")):
        fix = {"event_ref": "fact", "field": "date", "corrected_value": value, "reason": "misread"}
        telling.tell(at, "supervisor", "CorrectRecord", **fix)
    corrected, _ = facts(telling, "2025-06-07 09:00", "2025-06-09 09:00")
    assert corrected["fields"] == {"date": ["2025-06-01", "2025-05-31"]}


def test_a_record_struck_out_is_named_and_restored_when_that_is_struck_out_too():
    telling = case()
    out = {"event_ref": "fact", "reason": "another person"}
    telling.tell("2025-06-06 12:00", "senior-practitioner", "StrikeOutRecord", label="out", **out)
    struck, _ = facts(telling, "2025-06-05 09:00", "2025-06-07 09:00")
    assert (struck["change"], struck["by_position"]) == ("struck-out", 6)
    back = {"event_ref": "out", "reason": "it was she"}
    telling.tell("2025-06-08 12:00", "senior-practitioner", "StrikeOutRecord", **back)
    assert changes(facts(telling, "2025-06-07 09:00", "2025-06-09 09:00")) == [
        ("restored", "AbsenceRecorded"),
        ("struck-out", "RecordStruckOut"),
        ("added", "RecordStruckOut"),
    ]
    assert changes(facts(telling, "2025-06-05 09:00", "2025-06-09 09:00")) == [("added", "RecordStruckOut")] * 2


def test_a_correction_that_was_struck_out_restores_the_first_value():
    telling = case()
    fix = {"event_ref": "fact", "field": "date", "corrected_value": "2025-06-01", "reason": "misread"}
    telling.tell("2025-06-06 12:00", "supervisor", "CorrectRecord", label="fix", **fix)
    out = {"event_ref": "fix", "reason": "it was right"}
    telling.tell("2025-06-08 12:00", "senior-practitioner", "StrikeOutRecord", **out)
    restored, *_ = facts(telling, "2025-06-07 09:00", "2025-06-09 09:00")
    assert (restored["change"], restored["fields"]) == ("restored", {"date": ["2025-06-01", D("2025-06-02")]})


def test_a_status_that_differs_has_both_values_and_both_reasons():
    found = statuses(case(), "2025-06-11 09:00", "2025-06-12 09:00")
    status = found["orders[o1].absences[a1].status"]
    assert (status["before"], status["after"]) == ("awaiting-evidence", "unacceptable")
    assert status["why_before"]["rules"] == ["ENF-04@manual-2022"]
    assert status["why_after"]["rules"] == ["ENF-06@manual-2022"]
    assert (found["orders[o1].tally"]["before"], found["orders[o1].tally"]["after"]) == (0, 1)


def test_one_day_for_both_moments_tells_what_was_learned_of_it_since():
    telling = case().evidence("a1", "2025-06-10 09:00", recorded="2025-06-20 09:00")
    found = statuses(telling, "2025-06-13 09:00", "2025-06-21 09:00", as_at=D("2025-06-13"))
    status = found["orders[o1].absences[a1].status"]
    assert (status["before"], status["after"]) == ("unacceptable", "under-consideration")
    assert found["orders[o1].absences[a1].evidence[2025-06-10 08:00:00+00:00]"]["before"] is None


def test_what_is_there_only_once_is_told_whole():
    telling = case().absence("a2", "2025-06-09")
    row = statuses(telling, "2025-06-05 09:00", "2025-06-10 09:00")["orders[o1].absences[a2]"]
    assert row["before"] is None
    assert (row["after"]["status"], row["why_before"]) == ("no-letter", None)
    assert row["why_after"]["rules"] == ["ENF-03@manual-2022"]
    assert "why" not in row["after"]


@pytest.mark.parametrize("swap", [False, True])
def test_rows_about_the_same_are_told_apart_by_what_they_name_not_by_where_they_stand(swap):
    rows = [{"rule": "ENF-03", "order_id": "o", "absence_id": "a", "days": 1}, {"rule": "UPW-10", "order_id": "o"}]
    later = [{**rows[0], "days": 2}, rows[1]]
    (row,) = statuses_between("chronology", {"gaps": rows}, {"gaps": later[::-1] if swap else later})
    assert (row["at"], row["before"], row["after"]) == ("gaps[ENF-03 o a].days", 1, 2)


def test_a_fact_that_the_reader_may_not_read_is_counted_and_nothing_else():
    limited = {"limited": True}
    before, after = Told([limited], frozenset(), D("2025-06-01")), Told([limited] * 3, frozenset(), D("2025-06-02"))
    assert facts_between(before, after) == [limited, limited]
