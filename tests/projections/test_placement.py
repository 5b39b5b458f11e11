"""View `placement` member by member, at any day and as known then; and worklist `placement-reviews` on its moments."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.siting import Siting, park, review, school

from ledger.projections import WORKLISTS

PC, OM, SV = "placement-coordinator", "operations-manager", "supervisor"


def test_a_park_that_runs_shows_every_member():
    shown = park().shown("2025-03-03")
    nothing = {"last_done": None}
    assert shown == {
        "status": "running",
        "cannot_start": [],
        "review": {"due": None, "state": "not-due"},
        "quality": {
            "initial_total": 5,
            "revised_total": None,
            "accredited": False,
            "next_due": date(2025, 4, 22),
        },
        "contact_minutes_since": 0,
        "contact_overdue": False,
        "deviations": [],
        "incidents": [],
        "assurance": {
            "survey": {"last_done": None, "due": date(2026, 3, 3)},
            "spot_check": nothing,
            "site_visit": nothing,
            "hs_audit": {"last_done": None, "due": None},
            "agreement_audit": nothing,
        },
        "exceptions": [],
    }


def test_everything_with_a_status_a_date_or_a_flag_says_why():
    site = (
        school().suspended("2025-09-16").tell("2025-09-16 16:00", SV, "CountTools", date="2025-09-16", n_out=2, n_in=1)
    )
    data = {"deviation_id": "dv1", "what": "as told", "noted_on": "2025-09-16"}
    site.tell("2025-09-16 17:00", SV, "NoteDeviation", **data)
    incident = {"incident_id": "i1", "occurred_at": "2025-09-16 14:00", "kind": "x", "location": "y"}
    site.tell("2025-09-16 18:00", SV, "ReportIncident", **incident)
    shown = site.shown("2025-09-16", explain=True)
    assert shown["why"]["rules"] == ["PLC-25@kent", "PLC-35@kent"]
    assert shown["review"]["why"]["settings"] == {"plc.school_review_days": 84, "plc.school_review_reminder": 14}
    parts = [shown["review"], shown["quality"], *shown["deviations"], *shown["incidents"], *shown["exceptions"]]
    assert len(parts) == 5
    for each in (*parts, *shown["assurance"].values()):
        assert each["why"]["rules"]
        assert all("@" in rule for rule in each["why"]["rules"])
    for each in (shown, *parts):
        assert each["why"]["facts"]


def test_a_deviation_is_open_until_it_is_resolved():
    site = school()
    data = {"deviation_id": "dv1", "what": "as told", "noted_on": "2025-09-16"}
    site.tell("2025-09-16 12:00", SV, "NoteDeviation", **data)
    data = {"deviation_id": "dv1", "how": "as told", "on": "2025-09-18", "agreed_by": ["supervisor", "head"]}
    site.coordinator("2025-09-18 12:00", "ResolveDeviation", **data)
    states = [[each["state"] for each in site.shown(f"2025-09-{n}")["deviations"]] for n in (15, 16, 17, 18)]
    assert states == [[], ["open"], ["open"], ["resolved"]]


def test_what_was_not_known_yet_does_not_show():
    site = school()
    site.tell("2025-09-20 09:00", OM, "SuspendPlacement", on="2025-09-16", cause="told late")
    assert site.shown("2025-09-17")["status"] == "suspended"
    assert site.shown("2025-09-17", known_at="2025-09-19 23:00")["status"] == "running"


def test_nothing_can_start_before_it_is_opened_and_all_of_it_is_named_then():
    shown = Siting().opened(on_school_premises=True).shown("2025-01-13")
    assert shown["status"] == "draft"
    assert shown["cannot_start"][:2] == ["approval by the head of unpaid work", "agreement signed by both"]
    assert "risk assessment for S3" in shown["cannot_start"]


# ---------------------------------------------------------------------------------------- assurance


@pytest.mark.parametrize(
    "steps,day,due",
    [
        ((), "2026-03-03", "2026-03-03"),
        ((("2025-06-02", "RecordSurvey"),), "2025-06-02", "2026-06-02"),
        ((("2025-06-02", "ClosePlacement"),), "2025-06-02", "2025-06-02"),
        ((("2025-06-02", "RecordSurvey"), ("2025-07-02", "ClosePlacement")), "2025-07-02", "2025-07-02"),
        ((("2025-06-02", "ClosePlacement"), ("2025-07-02", "RecordSurvey")), "2025-07-02", "None"),
    ],
)
def test_the_beneficiary_is_asked_every_year_and_at_the_end(steps, day, due):
    site = park()
    for on, command in steps:
        data = {"reason": "as told"} if command == "ClosePlacement" else {"answers": {"a": "b"}}
        site.coordinator(f"{on} 10:00", command, on=on, **data)
    assert str(site.shown(day)["assurance"]["survey"]["due"]) == due


def test_an_audit_of_several_placements_counts_at_each_of_them():
    site = park()
    site.site = "there"
    site.opened("2025-03-04 10:00")
    incident = {"incident_id": "i1", "occurred_at": "2025-03-05 14:00", "kind": "near miss", "location": "y"}
    site.tell("2025-03-05 15:00", SV, "ReportIncident", **incident)
    assert str(site.shown("2025-03-06")["assurance"]["hs_audit"]["due"]) == "2025-03-05"
    data = {"placement_ids": ["here", "there"], "sample_seed": "7", "on": "2025-03-07"}
    site.tell("2025-03-07 10:00", OM, "RecordHsAudit", to="placement/here", auditor="A.", cause="near_miss", **data)
    site.tell("2025-03-07 11:00", OM, "RecordAgreementAudit", to="placement/here", **data)
    for name in ("here", "there"):
        site.site = name
        found = site.shown("2025-03-07")["assurance"]
        done = date(2025, 3, 7)
        assert (found["hs_audit"], found["agreement_audit"]) == ({"last_done": done, "due": None}, {"last_done": done})


# ---------------------------------------------------------------------------------------- the worklist


def test_a_review_due_soon_and_one_overdue_are_on_the_list():
    site = school()

    def ask(day):
        return site.names.named(site.ledger.ask("worklist/placement-reviews", date.fromisoformat(day), None))

    assert ask("2025-11-09") == {"items": []}
    row = {"placement_id": "here", "status": "running", "due": "2025-11-24"}
    assert ask("2025-11-10")["items"] == [row | {"review": {"due": "2025-11-24", "state": "due-soon"}}]
    assert ask("2025-11-25")["items"] == [row | {"review": {"due": "2025-11-24", "state": "overdue"}}]
    site.reviewed("2025-11-26")
    assert ask("2025-11-26") == {"items": []}
    assert len(ask("2025-11-25")["items"]) == 1


STEPS = ("reviewed", "suspended", "resumed", "closed", "assessed", "reassessed", "hours")


def step(site, what, day):
    """One thing that happens, told by another system: anything may come after anything."""
    told = {"on": day, "imported": True}
    match what:
        case "reviewed":
            site.give(f"{day} 09:00", PC, "ReviewPlacement", imported=True, **review(day))
        case "suspended":
            site.give(f"{day} 09:00", SV, "SuspendPlacement", cause="x", **told)
        case "resumed":
            site.give(f"{day} 09:00", OM, "ResumePlacement", reason="x", **told)
        case "closed":
            site.give(f"{day} 09:00", PC, "ClosePlacement", reason="x", **told)
        case "assessed" | "reassessed":
            data = {"requirement": "H1", "achievable": what == "reassessed", "location": "x", "noted_in_pqs5": True}
            site.give(f"{day} 09:00", PC, "FileRiskAssessment", **told, **data)
        case _:
            from_date = str(date.fromisoformat(day) + timedelta(days=9))
            site.give(f"{day} 09:00", PC, "ChangeHours", in_school_hours=True, from_date=from_date, imported=True)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 45)), max_size=7))
@settings(max_examples=40, deadline=None)
def test_rows_change_on_their_moments_only(steps):
    site, day = school(), date(2025, 9, 1)
    for what, days in steps:
        day += timedelta(days=days)
        step(site, what, str(day))
    worklist, policy, known = WORKLISTS["placement-reviews"], site.policy(), len(site.ledger.records)
    history = site.folded().history
    moments = set(worklist.moments(history, policy, known))
    days = [date(2025, 8, 1) + timedelta(days=n) for n in range(480)]
    rows = [worklist.rows(history, policy, each, known) for each in days]
    changed = {now for now, before, after in zip(days[1:], rows, rows[1:], strict=False) if before != after}
    assert changed <= moments
