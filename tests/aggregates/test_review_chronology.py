"""A chronology lists what concerns the family in a period, as known then, and its hash stays the same (SCR-10)."""

from datetime import date
from hashlib import sha256

import pytest
from tests.aggregates.holding import Holding

from ledger.aggregates.corrections import as_corrected
from ledger.rules.case_review import chronology_hash
from ledger.rules.dates import day_of
from ledger.scenarios import instant

R1 = "case-review/r1"
PERIOD = {"from_date": "2025-01-01", "to_date": "2025-08-31", "as_known_at": "2025-09-15 12:00"}


class Chronicling(Holding):
    """Ann and kit, both named by review r1."""

    def begun(self):
        return self.entered(["kit"], day="2025-02-03").review(children=["kit"])

    def produced(self, at="2025-10-01 10:00", **more):
        return self.tell(at, "case-reviewer", "ProduceChronology", to=R1, **(PERIOD | more))

    def stops(self, at="2025-10-01 10:00", by="case-reviewer", **more):
        return self.refused(at, by, "ProduceChronology", to=R1, **(PERIOD | more))

    def newest(self):
        return self.ledger.records[-1].fact

    def concern(self, on, at=None, note="as told", **more):
        data = {"concern_id": f"c{len(self.ledger.records)}", "offender_id": "ann", "source": "INTERVIEW_OASYS"}
        data |= {"noted_on": on, "grave": False, "category": "IN_NEED", "note": note, **more}
        return self.tell(at or f"{on} 12:00", "practitioner", "RecordConcern", to="child-protection-matter/m1", **data)

    def view(self, as_at="2026-01-01", known_at=None):
        path = f"case-review/{self.names.id('r1')}/chronology"
        return self.ledger.ask(path, date.fromisoformat(as_at), instant(known_at) if known_at else None)

    def slowly(self, first="2025-01-01", last="2025-08-31", known_at="2025-09-15 12:00", before=10**6):
        """Every fact that has to do with ann or kit, one after another: the slow reference."""
        who = {f"offender-{self.names.id('ann')}", f"child-{self.names.id('kit')}"}
        known = [
            each
            for each in self.ledger.records
            if each.recorded <= instant(known_at) and each.position < before and who & {each.stream, *each.about}
        ]
        days = {each.id: {str(day_of(each.effective))} for each in known}
        for each in as_corrected(known):
            days[each.id].add(str(day_of(each.effective)))
        wanted = {each.id for each in known if any(first <= day <= last for day in days[each.id])}
        while more := {e.id for e in known if getattr(e.fact, "event_ref", None) in wanted} - wanted:
            wanted |= more
        return [each.position for each in known if each.id in wanted]


def positions(view):
    return [each["position"] for each in view["events"]]


def test_it_counts_and_hashes_every_event_about_child_and_family_in_the_period():
    case = Chronicling().begun().produced()
    told = case.view()
    expected = case.slowly()
    assert case.newest().event_count == len(expected) > 2
    assert sorted(positions(told)) == expected
    lines = "".join(f"{each['position']} {each['id']}\n" for each in told["events"])
    assert case.newest().hash == sha256(lines.encode()).hexdigest()
    assert told["produced"]["agrees"] is True


def test_it_is_in_the_order_things_happened_with_the_recorded_time_beside():
    case = Chronicling().begun().concern("2025-03-03", "2025-09-10 12:00").produced()
    told = case.view()["events"]
    days = [day_of(each["effective"]) for each in told]
    assert days == sorted(days)
    late = next(each for each in told if each["type"] == "ChildProtectionConcernRecorded")
    assert (late["late"], late["late_days"], late["after_incident"]) == (True, 191, True)
    assert late["recorded"] == instant("2025-09-10 12:00")
    assert late["case"] == f"child-protection-matter-{case.names.id('m1')}"


@pytest.mark.parametrize("day,listed", [("2024-12-31", False), ("2025-01-01", True), ("2025-08-31", True)])
def test_the_period_has_both_its_days(day, listed):
    case = Chronicling().begun().concern(day, "2025-09-10 12:00").produced()
    told = [each["type"] for each in case.view()["events"]]
    assert ("ChildProtectionConcernRecorded" in told) is listed


def test_what_was_recorded_after_the_moment_is_not_in_it():
    case = Chronicling().begun().concern("2025-03-03", "2025-09-15 12:00").produced()
    assert "ChildProtectionConcernRecorded" in [each["type"] for each in case.view()["events"]]
    case = Chronicling().begun().concern("2025-03-03", "2025-09-15 12:01").produced()
    assert "ChildProtectionConcernRecorded" not in [each["type"] for each in case.view()["events"]]


def test_the_same_inputs_give_the_same_output_whatever_was_recorded_meanwhile():
    case = Chronicling().begun().concern("2025-03-03").produced()
    first = case.newest()
    case.concern("2025-04-04", "2025-10-02 12:00").notified(at="2025-10-13 09:00").closed("2025-10-13")
    case.produced("2025-10-14 10:00")
    assert (case.newest().event_count, case.newest().hash) == (first.event_count, first.hash)


def test_an_erasure_changes_neither_the_count_nor_the_hash_and_the_child_prints_as_erased():
    case = Chronicling().begun().concern("2025-03-03", child_ref="kit", child_text="Invented said so").produced()
    first, before = case.newest(), case.view()
    assert "Invented" in str(before["events"])
    case.notified().closed().erasing("kit", "2025-10-14")
    after = case.view()
    assert positions(after) == positions(before)
    assert after["produced"]["agrees"] is True
    assert "[child erased 14/10/2025]" in str(after["events"])
    assert "Invented" not in str(after["events"])
    case.produced("2025-10-15 10:00")
    assert (case.newest().event_count, case.newest().hash) == (first.event_count, first.hash)


def test_a_correction_comes_with_what_it_corrects_and_is_marked():
    case = Chronicling().begun().concern("2025-03-03", label="told")
    amended = {"event_ref": "told", "field": "noted_on", "corrected_value": "2025-03-01", "reason": "misread"}
    case.tell("2025-09-12 10:00", "practitioner", "CorrectRecord", to="child-protection-matter/m1", **amended)
    told = case.produced().view()["events"]
    corrected = next(each for each in told if each["type"] == "ChildProtectionConcernRecorded")
    correction = next(each for each in told if each["type"] == "RecordCorrected")
    assert corrected["corrected_by"] == [correction["position"]]
    assert correction["corrects"] == corrected["position"]
    assert sorted(each["position"] for each in told) == case.slowly()


@pytest.mark.parametrize("first,second", [("2024-12-30", "2025-01-02"), ("2025-01-02", "2024-12-30")])
def test_an_event_whose_day_was_corrected_into_the_period_or_out_of_it_is_listed(first, second):
    case = Chronicling().begun().concern(first, "2025-09-10 12:00", label="told")
    amended = {"event_ref": "told", "field": "noted_on", "corrected_value": second, "reason": "misread"}
    case.tell("2025-09-12 10:00", "practitioner", "CorrectRecord", to="child-protection-matter/m1", **amended)
    told = [each["type"] for each in case.produced().view()["events"]]
    assert "ChildProtectionConcernRecorded" in told


def test_entries_made_while_a_hold_stood_are_marked():
    case = Chronicling().begun().held(on="2025-09-02").concern("2025-03-03", "2025-09-10 12:00").produced()
    marked = {each["type"]: each["after_hold"] for each in case.view()["events"]}
    assert marked["ChildProtectionConcernRecorded"] is True
    assert marked["RegisterEntryMade"] is False


def test_of_a_person_outside_the_review_nothing_is_listed():
    case = Chronicling().begun().concern("2025-03-03")
    other = {"client_id": "9000005", "surname": "Quill", "forenames": "Dan", "dob": "1989-07-07", "gender": "M"}
    case.tell("2025-09-10 09:00", "court-officer", "RecordOffender", to="offender/dan", **other)
    dan = f"offender-{case.names.id('dan')}"
    assert dan not in {each["case"] for each in case.produced(to_date="2025-12-31").view()["events"]}


@pytest.mark.parametrize(
    "more,message",
    [
        ({"to_date": "2024-12-31"}, "The period of the chronology ends before it begins."),
        (
            {"as_known_at": "2025-10-01 10:01"},
            "What will be known then is not known yet; give a moment that has passed.",
        ),
    ],
)
def test_a_period_or_a_moment_that_cannot_be_is_refused(more, message):
    assert Chronicling().begun().stops(**more) == ("SCR-10", message)


@pytest.mark.parametrize("wrong", [{"event_count": 0}, {"hash": "0" * 64}])
def test_a_count_or_a_hash_that_is_given_must_be_right(wrong):
    assert Chronicling().begun().stops(**wrong)[0] == "SCR-10"


def test_a_chronology_is_produced_anew_and_not_corrected():
    case = Chronicling().begun().produced(label="first")
    amended = {"event_ref": "first", "field": "to_date", "corrected_value": "2025-09-30", "reason": "too short"}
    found = case.refused("2025-10-02 10:00", "aco", "CorrectRecord", to=R1, **amended)
    assert found == ("SCR-10", "A chronology is not corrected; produce it anew.")


def test_the_one_produced_last_is_shown_and_each_is_named_in_the_review():
    case = Chronicling().begun().produced().produced("2025-10-02 10:00", to_date="2025-03-31")
    assert str(case.view()["produced"]["to_date"]) == "2025-03-31"
    assert str(case.view("2025-10-01")["produced"]["to_date"]) == "2025-08-31"
    review = case.ledger.ask(f"case-review/{case.names.id('r1')}", date(2026, 1, 1), None)
    assert [str(each["to_date"]) for each in review["chronologies"]] == ["2025-08-31", "2025-03-31"]


def test_before_one_is_produced_nothing_is_listed():
    assert Chronicling().begun().view() == {"produced": None, "events": []}


def test_what_is_recorded_in_the_very_moment_it_is_produced_for_is_counted_once_and_for_all():
    case = Chronicling().begun().produced("2025-09-15 12:00", to_date="2025-12-31")
    count = case.newest().event_count
    case.concern("2025-03-03", "2025-09-15 12:00")
    assert len(case.view()["events"]) == count
    assert case.view()["produced"]["agrees"] is True


def test_the_hash_tells_one_order_from_another():
    assert chronology_hash([(1, "a"), (2, "b")]) != chronology_hash([(2, "b"), (1, "a")])
    assert chronology_hash([]) == sha256(b"").hexdigest()
