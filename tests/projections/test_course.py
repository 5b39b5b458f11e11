"""The course of a matter: all that was recorded of it, by its day, with its clear values and few of its texts."""

from __future__ import annotations

from tests.aggregates.matters import M1, Mattering

from ledger.aggregates.child_protection_matter.facts import FACTS
from ledger.aggregates.shape import Subject
from ledger.projections.course import OF_A_MATTER


def course(case, as_at="2026-01-31", **more):
    return case.shown(M1, as_at, **more)["course"]


def test_it_holds_every_fact_by_its_day_and_not_by_when_it_was_recorded():
    case = Mattering().concern().invited().attended().strategy("2025-12-20")
    case.core_group("2025-12-19", at="2026-01-20 17:00")
    assert [each["type"] for each in course(case)] == [
        "ChildProtectionConcernRecorded",
        "ConferenceInvited",
        "ConferenceAttended",
        "CoreGroupMet",
        "StrategyMeetingHeld",
    ]
    assert [str(each["on"]) for each in course(case)][-2:] == ["2025-12-19", "2025-12-20"]
    assert len(course(case, known_at="2026-01-19 12:00")) == 4


def test_a_fact_that_was_struck_out_is_gone_and_one_put_right_says_what_is_right():
    case = Mattering().concern().strategy("2025-12-20")
    case.core_group("2025-12-22")
    position = course(case)[1]["position"]
    data = {"event_ref": case.ledger.records[position - 1].id, "field": "on", "corrected_value": "2025-12-21"}
    case.tells("2025-12-23 09:00", "practitioner", "CorrectRecord", **data, reason="misread")
    row = course(case, explain=True)[1]
    assert (str(row["on"]), str(row["says"]["on"])) == ("2025-12-21", "2025-12-21")
    assert row["why"]["facts"] == [position, len(case.ledger.records)]
    data = {"event_ref": case.ledger.records[course(case)[2]["position"] - 1].id, "reason": "another matter"}
    case.tells("2025-12-24 09:00", "practitioner", "StrikeOutRecord", **data)
    assert [each["type"] for each in course(case)] == ["ChildProtectionConcernRecorded", "StrategyMeetingHeld"]


def test_what_was_told_in_confidence_is_not_opened_and_what_was_done_is():
    case = Mattering().concern(note="Keptsecret").invited().report("2025-12-17", sections={"child": "Keptsecret"})
    case.core_group("2025-12-19")
    told = course(case)
    assert "Keptsecret" not in str(told)
    assert told[-1]["says"]["attended"] == ["as told"]
    assert set(told[0]["says"]) == {"concern_id", "offender_id", "source", "noted_on", "grave", "category", "by"}


def test_of_children_no_text_is_opened_but_what_conferences_agreed():
    opened = {
        (kind.__name__, name)
        for kind in FACTS
        for name in OF_A_MATTER.get(kind.topic, ())
        if kind.whose[name].subject is Subject.CHILD
    }
    assert opened == {("ConferenceActionSet", "text")}
