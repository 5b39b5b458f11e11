"""The demonstration's caseload: every line is accepted as it stands, and every state of the views can be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
import pytest
from tests.demonstration.folding import Folded, fold

from ledger.aggregates.shape import a_random_id
from ledger.demonstration import Line, caseload, names_a_line, roster
from ledger.demonstration.shaped import SHAPED
from ledger.importing import read_line
from ledger.projections import WORKLISTS, data_rights, enforcement, progress
from ledger.rules.data_protection import RETENTION_YEARS

DAYS = ("2024-02-29", "2025-08-31", "2026-01-01", "2026-11-22")
TODAY = date(2026, 11, 22)

CLOCK = {"not-due", "due", "done", "done-late", "overdue"}
STATES = {
    "breach": {"none", "triggered", "action-started", "not-taken", "dealt-with"},
    "status": {"no-letter", "awaiting-evidence", "under-consideration", "acceptable", "unacceptable"},
    "state": {
        *("in-time", "completed", "outstanding", "application-made", "extended", "revoked"),
        "operational-period-ended",
    },
    "six": CLOCK,
    "nine": CLOCK,
    "first_appointment": CLOCK,
    "upw": CLOCK,
    "risk": CLOCK,
    "basis_changed": {True, False},
    "fast_track": {True, False},
    "deemed": {True, False},
    "spent": {True, False},
    "recorded_late": {True, False},
    "evidence_late": {True, False},
    "sufficient": {True, False, None},
    "completion_proposed": {True, False},
    "noted": {True, False},
    "sources": {"group", "ip", "pip", "ete", "adjusted"},
    "outstanding_at_twelve_months": {True, False, None},
}


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return caseload(TODAY)


@pytest.fixture(scope="module")
def folded(lines: list[Line]) -> Folded:
    return fold(lines)


# ------------------------------------------------------------------------------------------ accepted, and all there


@pytest.mark.parametrize("today", [date.fromisoformat(day) for day in DAYS])
@pytest.mark.parametrize("seed", [2022, 7])
def test_every_line_is_accepted_and_every_state_is_there(today: date, seed: int) -> None:
    played = fold(caseload(today, seed, len(SHAPED) + 25))
    assert played.refused == []
    assert missing(played, today) == {}


def test_the_whole_caseload_is_accepted_with_every_state(folded: Folded) -> None:
    assert folded.refused == []
    assert missing(folded, TODAY) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, *(pytest.param(n, marks=pytest.mark.soak) for n in range(101, 106))])
def test_any_seed_on_any_day(seed: int) -> None:
    today = date(2024, 1, 1) + timedelta(days=197 * (seed - 100))
    played = fold(caseload(today, seed))
    assert played.refused == []
    assert missing(played, today) == {}


def missing(played: Folded, today: date) -> dict[str, set[Any]]:
    """The states of each field that no case shows at the end of a day."""
    seen: dict[str, set[Any]] = {name: set() for name in STATES}
    for name, value in _shown(played, today):
        seen[name].add(value)
    assert all(seen[name] <= states for name, states in STATES.items()), "a state the contract does not name"
    return {name: states - seen[name] for name, states in STATES.items() if states - seen[name]}


def _shown(played: Folded, today: date) -> Iterator[tuple[str, Any]]:
    for history in played.offenders():
        for order in enforcement.view(history, played.policy, today, played.known)["orders"]:
            yield from _enforced(order)
        for order in progress.view(history, played.policy, today, played.known)["orders"]:
            yield from _progressed(order)


def _enforced(order: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("breach", "basis_changed", "fast_track"):
        yield name, order[name]
    for absence in order["absences"]:
        for name in ("status", "deemed", "spent"):
            yield name, absence[name]
        yield "recorded_late", absence["recorded_late_days"] > 0
        for evidence in absence["evidence"]:
            yield "evidence_late", evidence["late"]


def _progressed(order: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "state", order["state"]
    yield "completion_proposed", order["completion_proposed"]
    yield "noted", order["noted_minutes"] > 0
    yield "first_appointment", order["first_appointment"]["state"]
    owing = order["outstanding_at_twelve_months"]
    yield "outstanding_at_twelve_months", None if owing is None else owing > 0
    for name, check in order["checks"].items():
        yield name, check["state"]
        yield "sufficient", check["sufficient"]
    for name, assessment in order["assessments"].items():
        yield name, assessment["state"]
    for name, minutes in order["by_source"].items():
        if minutes:
            yield "sources", name


def test_children_services_were_asked_about_most_who_were_assessed(folded: Folded) -> None:
    rows = _rows(folded, "oasys-without-check")
    assert 5 < len(rows) < len(folded.offenders()) / 3
    assert {each["rule"] for each in rows} == {"CP-06"}


def _rows(folded: Folded, name: str) -> list[dict[str, Any]]:
    listed, known = WORKLISTS[name], folded.known
    return [row for each in folded.cases(listed.noun) for row in listed.rows(each, folded.policy, TODAY, known)]


def test_every_worklist_of_the_house_has_something_to_show(folded: Folded) -> None:
    for name in WORKLISTS.keys() - {"retention"}:
        assert _rows(folded, name), f"nothing in the worklist {name}"


def test_no_case_is_due_for_destruction_while_the_area_has_set_no_period_and_none_is_made_up(folded: Folded) -> None:
    """The sources name no period (DP-05), so `retention` is rightly empty until an area sets one."""
    assert folded.policy.setting(RETENTION_YEARS, TODAY, folded.known) is None
    assert _rows(folded, "retention") == []


def test_requests_stand_in_every_way_a_clock_can_and_a_breach_waits_for_its_report(folded: Folded) -> None:
    assert {each["state"] for each in _rows(folded, "data-rights")} == {"awaiting-answer", "overdue"}
    views = (data_rights.view(each, folded.policy, TODAY, folded.known) for each in folded.offenders())
    states = {each["state"] for view in views for each in view["requests"]}
    assert states == {"awaiting-answer", "overdue", "answered", "answered-late"}
    cases = folded.cases("data-breach")
    found = {data_rights.breach_view(each, folded.policy, TODAY, folded.known)["state"] for each in cases}
    assert found == {"no-risk", "reported", "awaiting-report"}


def test_the_register_shows_every_way_a_review_and_a_de_registration_can_stand(folded: Folded) -> None:
    reviews = _rows(folded, "register-reviews")
    found = {(each["review_state"], each["missed_raised_on"] is not None) for each in reviews}
    assert found == {("due-soon", False), ("missed", True), ("missed", False)}
    assert {each["closed_on"] is None for each in _rows(folded, "deregistration")} == {True, False}


def test_reviews_of_placements_are_due_and_overdue(folded: Folded) -> None:
    assert {each["review"]["state"] for each in _rows(folded, "placement-reviews")} == {"due-soon", "overdue"}


def test_no_text_of_a_registered_case_names_a_child(folded: Folded) -> None:
    assert not [line for line, why in folded.warned if why.startswith("GEN-10")]


# ------------------------------------------------------------------------------------------ what it is like


def test_the_same_day_seed_and_number_give_the_same_lines_and_others_do_not(lines: list[Line]) -> None:
    assert caseload(TODAY) == lines
    assert caseload(TODAY, seed=3) != lines
    assert caseload(TODAY + timedelta(days=1)) != lines


def test_more_cases_leave_the_people_of_the_first_ones_as_they_are(lines: list[Line]) -> None:
    assert {_person(each) for each in caseload(TODAY, cases=40)} <= {_person(each) for each in lines}


def _person(line: Line) -> str:
    return f"{line['to']} {line['data'].get('surname', '')}" if line["command"] == "RecordOffender" else ""


def test_lines_are_in_order_and_end_yesterday_evening(lines: list[Line]) -> None:
    moments = [line["at"] for line in lines]
    assert moments == sorted(moments)
    assert datetime.fromisoformat(moments[-1]) <= datetime.combine(TODAY - timedelta(days=1), time(20))
    assert datetime.fromisoformat(moments[-1]) > datetime.combine(TODAY - timedelta(days=5), time())


def test_the_file_is_a_year_deep_and_of_the_size_promised(lines: list[Line]) -> None:
    assert 6_000 <= len(lines) <= 9_000
    sentenced = sorted(date.fromisoformat(line["data"]["sentence_date"]) for line in lines if _is(line, "RecordOrder"))
    assert len(sentenced) == 120
    assert sentenced[0] < TODAY - timedelta(days=16 * 30)
    assert sum(day > TODAY - timedelta(days=15 * 31) for day in sentenced) > 100


def _is(line: Line, command: str) -> bool:
    return bool(line["command"] == command)


def test_people_work_by_day_and_offices_on_working_days(lines: list[Line]) -> None:
    on_site = {"supervisor", "placement-coordinator"}
    for line in lines:
        moment = datetime.fromisoformat(line["at"])
        assert time(7) <= moment.time() <= time(19)
        assert moment.weekday() < 5 or line["by"]["role"] in on_site, line


def test_ids_are_random_in_form_and_brought_once(lines: list[Line]) -> None:
    for line in lines:
        a_random_id(line["key"])
        a_random_id(line["by"]["id"])
    assert len({line["key"] for line in lines}) == len(lines)
    orders = [line["data"]["order_id"] for line in lines if _is(line, "RecordOrder")]
    assert len(set(orders)) == len(orders)


def test_the_staff_of_a_seed_are_the_same_on_any_day(lines: list[Line]) -> None:
    people = {each.id: (each.role, each.unit) for each in roster(2022).staff}
    assert 12 <= len(people) <= 20
    assert {line["by"]["id"] for line in lines} == set(people)
    assert all(people[line["by"]["id"]] == (line["by"]["role"], line["by"].get("unit")) for line in lines)
    assert roster(2022) != roster(2023)


def test_each_line_can_be_imported_and_a_correction_names_an_earlier_line(lines: list[Line]) -> None:
    told: set[str] = set()
    for line in lines:
        read_line(orjson.dumps(line), line["key"], None, simulated=True)  # pyright: ignore[reportArgumentType]
        named = names_a_line(line)
        assert named is None or named in told
        told.add(line["key"])
    assert sum(names_a_line(line) is not None for line in lines) > 3


def test_much_of_what_can_happen_happens(lines: list[Line]) -> None:
    told = Counter(line["command"] for line in lines)
    rare = (
        *("CorrectRecord", "StrikeOutRecord", "RecordCommunicationNeed", "SendHome", "StopWork", "RecordLateness"),
        *("RejudgeAbsence", "DeclineBreachAction", "RecordBreachOutcome", "RecordProgressAction", "AgreeEte"),
        *("ApplyToCourt", "RecordCourtVariation", "RecordManagementDecision", "MoveToHistory", "EndSupervision"),
        *("AdjustHours", "CancelSession", "ReviewPlacement", "ChangeSetting", "RecordAward", "PassOnInformation"),
        *("SubmitR7", "RecordChild", "EnterRegister", "ReviewRegister", "RaiseMissedReview", "FollowUpMissedReview"),
        *("NotifyDeregistration", "CloseRegisterEntry", "MakeNotebookEntry", "RecordConcern", "EscalateConcern"),
        *("NotifyConcern", "MakeReferral", "RecordReply"),
    )
    assert [command for command in rare if not told[command]] == []


# ------------------------------------------------------------------------------------------ rules yet to be decided on


def test_no_site_is_fuller_than_its_agreement_says(lines: list[Line]) -> None:
    places, present, held = {}, Counter[str](), {}
    for line in lines:
        data = line["data"]
        match line["command"]:
            case "OpenPlacement":
                places[line["to"].removeprefix("placement/")] = data["max_no"]
            case "AllocatePlacement":
                held[data["allocation_id"]] = data["placement_id"]
                present[data["placement_id"]] += 1
                assert present[data["placement_id"]] <= places[data["placement_id"]]
            case "EndAllocation":
                present[held.pop(data["allocation_id"])] -= 1
            case _:
                pass


def test_women_work_with_women_or_by_themselves(lines: list[Line]) -> None:
    gender = {line["to"]: line["data"]["gender"] for line in lines if _is(line, "RecordOffender")}
    at_groups: dict[str, set[str]] = {}
    for line in lines:
        if _is(line, "AllocatePlacement") and line["data"]["mode"] == "GROUP":
            at_groups.setdefault(line["data"]["placement_id"], set()).add(gender[line["to"]])
    assert {"F"} in at_groups.values()
    assert all(len(people) == 1 for people in at_groups.values())


def test_at_a_school_nobody_at_high_risk_and_no_work_on_a_school_day(lines: list[Line]) -> None:
    schools = {
        line["to"].removeprefix("placement/") for line in lines if line["data"].get("on_school_premises") is True
    }
    high = {line["to"] for line in lines if line["data"].get("rosh_level") in ("HIGH", "VERY_HIGH")}
    there = [line for line in lines if line["data"].get("placement_id") in schools]
    assert schools
    assert there
    assert not {line["to"] for line in there} & high
    sessions = [line["data"]["date"] for line in there if _is(line, "ScheduleSession")]
    assert all(date.fromisoformat(day).weekday() > 4 for day in sessions)


def test_a_pso_holds_no_order_of_several_requirements(lines: list[Line]) -> None:
    several = {line["to"] for line in lines if len(line["data"].get("requirements", ())) > 1}
    for line in lines:
        if _is(line, "AssignPractitioner") and line["to"] in several:
            assert line["data"]["grade"] == "PO"
