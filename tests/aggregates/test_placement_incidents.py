"""Incidents and their write-up to the minute, across changes of the clock too; and every exception flag."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.siting import park, school

from ledger.rules.dates import LONDON
from ledger.rules.quality import write_up_due

SV, PC = "supervisor", "placement-coordinator"
INCIDENT = {"incident_id": "i1", "occurred_at": "2025-06-07 14:00", "kind": "INJURY", "location": "the pond"}


def happening(site=None, **more):
    return (site or park()).tell("2025-06-07 14:30", SV, "ReportIncident", **INCIDENT | more)


def incident(site, day):
    (found,) = site.shown(day)["incidents"]
    return found["state"]


@pytest.mark.parametrize(
    "handed_in,state",
    [
        ("2025-06-07 14:30", "written-up"),
        ("2025-06-08 14:00", "written-up"),
        ("2025-06-08 14:01", "written-up-late"),
    ],
)
def test_a_write_up_is_in_time_for_24_hours(handed_in, state):
    data = {"incident_id": "i1", "submitted_at": handed_in, "text": "as told"}
    site = happening().tell("2025-06-09 10:00", SV, "SubmitIncidentReport", **data)
    assert incident(site, "2025-06-09") == state


def test_a_write_up_that_is_missing_is_open_then_overdue():
    site = happening()
    assert [incident(site, f"2025-06-0{n}") for n in (7, 8)] == ["open", "overdue"]
    assert site.shown("2025-06-06")["incidents"] == []


def test_the_first_write_up_counts_even_told_after_a_later_one():
    site = happening()
    for submitted in ("2025-06-08 18:00", "2025-06-08 12:00"):
        data = {"incident_id": "i1", "submitted_at": submitted, "text": "as told"}
        site.tell("2025-06-09 10:00", SV, "SubmitIncidentReport", **data)
    assert incident(site, "2025-06-09") == "written-up"


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)))
def test_24_hours_are_elapsed_hours_on_any_day(moment):
    occurred = moment.replace(tzinfo=LONDON).astimezone(UTC)
    due = write_up_due(occurred, 24)
    assert due.timestamp() - occurred.timestamp() == 24 * 3600


@pytest.mark.parametrize(
    "day,hours",
    [("2025-03-29", 25), ("2025-10-25", 23), ("2025-06-07", 24), ("2024-02-28", 24)],
)
def test_on_the_clock_it_may_be_an_hour_more_or_less(day, hours):
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=LONDON)
    due = write_up_due(noon.astimezone(UTC), 24).astimezone(LONDON)
    assert due.replace(tzinfo=None) - noon.replace(tzinfo=None) == timedelta(hours=hours)


def test_the_hours_in_force_on_the_day_decide():
    site = park(settings={"plc.incident_hours": "48"})
    assert incident(happening(site), "2025-06-08") == "open"


# ---------------------------------------------------------------------------------------- flags of a day on site

OPEN_DAY = {
    "date": "2025-03-08",
    "supervisor": "S. S.",
    **dict.fromkeys(("dynamic_risk_done", "briefing_done", "toolbox_done", "equipment_checked", "vests_worn"), True),
    "lone_working": False,
}


def credited(site):
    site.joined("ann", "o1").comes("ann", "o1", "s1", "2025-03-08")
    data = {"session_id": "s1", "order_id": "o1", "work_minutes": 360, "travel_minutes": 0, "told_to_person": True}
    return site.tell("2025-03-08 22:00", SV, "CreditHours", to="offender/ann", **data)


@pytest.mark.parametrize(
    "gap", ["dynamic_risk_done", "briefing_done", "toolbox_done", "equipment_checked", "vests_worn"]
)
def test_hours_credited_on_a_day_with_a_gap_are_flagged(gap):
    site = park().tell("2025-03-08 08:00", SV, "OpenSiteDay", **OPEN_DAY | {gap: False})
    assert site.flags("2025-03-08") == []
    assert credited(site).flags("2025-03-08") == [("SITE_DAY_INCOMPLETE", "PLC-39", "2025-03-08")]


@pytest.mark.parametrize("opened", [True, False])
def test_a_day_without_gaps_and_one_that_nobody_opened_are_not_flagged(opened):
    site = park()
    if opened:
        site.tell("2025-03-08 08:00", SV, "OpenSiteDay", **OPEN_DAY, banner_shown=False, new_people_introduced=False)
    assert credited(site).flags("2025-03-08") == []


@pytest.mark.parametrize("device,flagged", [(None, True), ("d1", False)])
def test_nobody_works_alone_without_a_device(device, flagged):
    data = OPEN_DAY | {"lone_working": True, "device_id": device}
    site = park().tell("2025-03-08 08:00", SV, "OpenSiteDay", **{k: v for k, v in data.items() if v is not None})
    assert site.flags("2025-03-08") == ([("NO_LONE_DEVICE", "PLC-51", "2025-03-08")] if flagged else [])


@pytest.mark.parametrize("back,flagged", [(13, True), (14, False), (15, True)])
def test_tools_that_do_not_come_back_are_flagged(back, flagged):
    site = park().tell("2025-06-07 16:00", SV, "CountTools", date="2025-06-07", n_out=14, n_in=back)
    assert site.flags("2025-06-07") == ([("TOOLS_MISSING", "PLC-40", "2025-06-07")] if flagged else [])
    assert site.flags("2025-06-06") == []


@pytest.mark.parametrize(
    "kind,called,flagged",
    [
        ("SERIOUS_INJURY", None, True),
        ("serious injury", None, True),
        ("CRIMINAL_ACT", None, True),
        ("A crime was seen", None, True),
        ("SERIOUS_INJURY", "2025-06-07 14:05", False),
        ("INJURY", None, False),
        ("not so: a discriminating remark", None, False),
    ],
)
def test_emergency_services_come_first(kind, called, flagged):
    site = happening(kind=kind, **({"emergency_called_at": called} if called else {}))
    assert site.flags("2025-06-07") == ([("EMERGENCY_NOT_CALLED", "PLC-42", "2025-06-07")] if flagged else [])


# ---------------------------------------------------------------------------------------- flags of sessions


def working(site, *days):
    site.joined("ann", "o1")
    for n, day in enumerate(days):
        site.comes("ann", "o1", f"s{n}", day)
    return site


def resumed(site, day):
    site.coordinator(f"{day} 15:00", "RecordGuidance", source="the manager", on=day, text="as told")
    return site.tell(f"{day} 16:00", "operations-manager", "ResumePlacement", on=day, reason="as told")


def test_work_from_the_day_of_suspension_until_the_day_of_resumption_is_flagged():
    site = working(park(), "2025-03-08").suspended("2025-03-09", at="08:00")
    for n, day in enumerate(("2025-03-09", "2025-03-10")):
        site.comes("ann", "o1", f"t{n}", day)
    resumed(site, "2025-03-11").comes("ann", "o1", "t9", "2025-03-11")
    flag = ("SESSION_WHILE_SUSPENDED", "PLC-25")
    assert site.flags("2025-03-11") == [(*flag, "2025-03-09"), (*flag, "2025-03-10")]
    assert site.flags("2025-03-09") == [(*flag, "2025-03-09")]


def test_several_people_on_a_day_are_one_flag_on_their_facts():
    site = (
        working(park().suspended("2025-03-04"), "2025-03-08").joined("bob", "b1").comes("bob", "b1", "x1", "2025-03-08")
    )
    (found,) = site.shown("2025-03-08", explain=True)["exceptions"]
    assert len(found["why"]["facts"]) == 3
    assert found["why"]["rules"] == ["PLC-25@kent"]


def test_work_after_a_missed_review_is_flagged_and_stays_so():
    site = working(school(), "2025-11-24", "2025-11-25").reviewed("2025-11-26")
    site.comes("ann", "o1", "s9", "2025-11-26")
    assert site.flags("2025-11-26") == [("REVIEW_OVERDUE", "PLC-27", "2025-11-25")]


CHECK = {"date": "2025-09-03", "accompanied_on_by": "sv1", "escorted_off_by": "sv1"}


@pytest.mark.parametrize(
    "checked,flagged",
    [
        ({"toilets_separate": True, "badges_worn": True}, 0),
        ({"toilets_separate": False, "badges_worn": True}, 1),
        ({"toilets_separate": True, "badges_worn": False}, 1),
        (None, 1),
    ],
)
def test_work_in_school_hours_has_the_record_of_its_day(checked, flagged):
    site = working(school(hours=True), "2025-09-03")
    if checked is not None:
        site.tell("2025-09-03 22:00", SV, "CheckSchoolDay", **CHECK | checked)
    assert site.flags("2025-09-03") == [("SCHOOL_DAY_INCOMPLETE", "PLC-14", "2025-09-03")] * flagged


def test_outside_school_hours_it_needs_none():
    site = school(hours=True).coordinator(
        "2025-09-02 10:00", "ChangeHours", in_school_hours=False, from_date="2025-09-03"
    )
    assert working(site, "2025-09-03").flags("2025-09-03") == []
    assert working(school(), "2025-09-03").flags("2025-09-03") == []


def test_a_struck_out_suspension_flags_nothing():
    site = park().suspended("2025-03-04")
    suspension = site.folded().history[-1]
    working(site, "2025-03-08")
    data = {"event_ref": suspension.id, "reason": "as told"}
    site.tell("2025-03-09 10:00", "senior-practitioner", "StrikeOutRecord", **data)
    assert site.flags("2025-03-09") == []
    assert site.shown("2025-03-09")["status"] == "running"


@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=8),
    st.sets(st.integers(1, 30), min_size=1, max_size=5),
)
@settings(max_examples=30, deadline=None)
def test_flags_of_suspension_are_those_of_a_slow_walk_over_the_days(turns, worked):
    """Suspended and resumed at random by another system; a day's last word decides its end."""
    site, suspended, by_day = park().joined("ann", "o1"), False, {}
    steps = sorted((n, 0, suspends) for n, suspends in turns) + sorted((n, 1, None) for n in worked)
    for n, kind, suspends in sorted(steps, key=lambda each: each[:2]):
        day = f"2025-06-{n:02}"
        if kind:
            site.comes("ann", "o1", f"s{n}", day)
        elif suspends and not suspended:
            site.suspended(day, at="08:00")
            suspended = True
        elif not suspends and suspended:
            site.tell(f"{day} 08:00", "operations-manager", "ResumePlacement", on=day, reason="x", imported=True)
            suspended = False
        by_day[n] = suspended
    expected = [n for n in sorted(worked) if by_day[n]]
    found = [each for each in site.flags("2025-06-30") if each[0] == "SESSION_WHILE_SUSPENDED"]
    assert [date.fromisoformat(each[2]).day for each in found] == expected
