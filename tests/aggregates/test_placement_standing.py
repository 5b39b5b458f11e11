"""How a placement stands: its way, whether more may be planned there, who works there; and its review, on any day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.siting import Siting, park, school, signatures, unsigned_school

from ledger.aggregates.placement.standing import (
    approval_of,
    bars,
    bars_of_session,
    engaged,
    is_agreed,
    max_no,
    mode_of,
    planned_on,
    present,
    review_clock,
    warnings_of_session,
)

SIX = ("S1", "S2", "S3", "H1", "H2", "H3", "H4")
PC, OM = "placement-coordinator", "operations-manager"


def day(text):
    return date.fromisoformat(text)


def said(refusals):
    return [(each.rule, each.message) for each in refusals]


# ---------------------------------------------------------------------------------------- its way


def test_a_placement_goes_its_way_from_draft_to_closed():
    site = Siting().opened()
    way = [site.shown("2025-01-13")["status"]]
    for step in (site.approved, site.assessed, site.drafted, site.signed, site.audited, site.started):
        step()
        way.append(site.shown("2025-03-03")["status"])
    site.coordinator("2025-03-04 10:00", "ClosePlacement", on="2025-03-04", reason="as told")
    way.append(site.shown("2025-03-04")["status"])
    assert way == ["draft", "approved", "approved", "approved", "agreed", "agreed", "running", "closed"]
    days = ("2025-01-13", "2025-01-14", "2025-01-19", "2025-01-20", "2025-03-02", "2025-03-03", "2025-03-04")
    told = ["draft", "approved", "approved", "agreed", "agreed", "running", "closed"]
    assert [site.shown(each)["status"] for each in days] == told


def test_what_is_not_there_stands_for_nothing():
    nothing = Siting().folded()
    assert (max_no(nothing), mode_of(nothing), is_agreed(nothing, date.max)) == (None, None, False)
    assert bars(nothing, day("2025-01-01"), Siting().policy()) == []
    assert bars_of_session(nothing, day("2025-01-01")) == []
    assert (present(nothing, date.max), planned_on(nothing, date.max)) == ({}, frozenset())


@pytest.mark.parametrize("missing", ["approved", "signed"])
def test_a_placement_is_open_once_it_is_approved_and_signed(missing):
    site = Siting().opened()
    for step in ("approved", "drafted", "signed"):
        if step != missing:
            getattr(site, step)()
    assert not is_agreed(site.folded(), date.max)
    assert is_agreed(park().folded(), day("2025-01-20"))
    assert not is_agreed(park().folded(), day("2025-01-19"))


# ---------------------------------------------------------------------------------------- may more be planned?


@pytest.mark.parametrize(
    "site,today,rules",
    [
        (park, "2026-03-03", []),
        (school, "2025-11-24", []),
        (school, "2025-11-25", ["PLC-27"]),
        (lambda: school().suspended("2025-09-16"), "2025-09-16", ["PLC-25"]),
        (lambda: school().suspended("2025-09-16"), "2025-09-15", []),
        (lambda: school().suspended("2025-09-16"), "2025-11-25", ["PLC-25", "PLC-27"]),
        (lambda: school().assessed("S2", "2025-09-02", achievable=False), "2025-09-02", ["PLC-16"]),
        (lambda: school().reviewed("2025-11-20"), "2026-02-12", []),
        (lambda: school().reviewed("2025-11-20"), "2026-02-13", ["PLC-27"]),
        (lambda: school().reviewed("2025-11-20", may_continue=False), "2025-11-20", ["PLC-26"]),
        (lambda: school().reviewed("2025-11-20", may_continue=False).reviewed("2025-11-21"), "2025-11-21", []),
        (lambda: park().coordinator("2025-09-10 10:00", "ClosePlacement", on="2025-09-10", reason="done"),
         "2025-09-10", ["PLC-30"]),
    ],
)  # fmt: skip
def test_what_bars_planning_today(site, today, rules):
    told = site()
    assert [each.rule for each in bars(told.folded(), day(today), told.policy())] == rules


def test_a_review_says_when_it_was_due_and_a_suspension_since_when():
    site = school().suspended("2025-09-16")
    assert said(bars(site.folded(), day("2025-11-25"), site.policy())) == [
        ("PLC-25", "This placement is suspended since 16 Sep 2025."),
        (
            "PLC-27",
            "The 12-weekly review was due on 24 Nov 2025; both parties must sign before more work is planned.",
        ),
    ]


@pytest.mark.parametrize(
    "data,when,message",
    [
        ({}, "2025-02-01", None),
        ({}, "2025-01-31", "The placement is not available on Fri 31 Jan 2025."),
        ({"days_available": ["Sat", "sunday"]}, "2025-03-08", None),
        ({"days_available": ["Sat", "sunday"]}, "2025-03-09", None),
        ({"days_available": ["Sat", "sunday"]}, "2025-03-10", "The placement is not available on Mon 10 Mar 2025."),
        ({"days_available": []}, "2025-03-10", "The placement is not available on Mon 10 Mar 2025."),
    ],
)
def test_sessions_are_planned_on_the_days_of_the_form(data, when, message):
    found = said(bars_of_session(Siting().opened(**data).folded(), day(when)))
    assert found == ([("PLC-54", message)] if message else [])


def test_a_session_after_the_projected_completion_is_warned_of():
    site = Siting().opened(projected_completion="2025-06-30").folded()
    assert warnings_of_session(site, day("2025-06-30")) == []
    (warning,) = warnings_of_session(site, day("2025-07-01"))
    assert (warning.rule, warning.message) == (
        "PLC-54",
        "This session is after the projected completion on 30 Jun 2025.",
    )


def test_moving_into_school_hours_needs_their_texts_and_new_signatures():
    site = unsigned_school(texts=SIX[:3]).signed("2025-08-18")
    for n, each in enumerate(SIX[3:]):
        site.assessed(each, "2025-08-19", at=f"09:{n:02}")
    site.coordinator("2025-09-02 10:00", "ChangeHours", in_school_hours=True, from_date="2025-09-08")
    assert bars_of_session(site.folded(), day("2025-09-05")) == []  # before the change
    first = [("PLC-13", "Complete the school-hours requirements before working in school hours.")]
    assert said(bars_of_session(site.folded(), day("2025-09-08"))) == first
    site.drafted("2025-09-03", version=2, texts=SIX[:4])
    why = ("PLC-12", "School-hours work needs H2, H3, H4 in section 4.")
    assert site.refused("2025-09-03 14:00", PC, "SignAgreement", **signatures("2025-09-03", version=2)) == why
    site.drafted("2025-09-04", version=3, texts=SIX).signed("2025-09-04", version=3)
    assert bars_of_session(site.folded(), day("2025-09-08")) == []


def test_moving_out_of_school_hours_needs_nothing():
    site = school(hours=True)
    site.coordinator("2025-09-02 10:00", "ChangeHours", in_school_hours=False, from_date="2025-09-08")
    assert bars_of_session(site.folded(), day("2025-09-08")) == []


# ---------------------------------------------------------------------------------------- who works there


def with_ann(from_date="2025-03-08"):
    site = park().joined("ann", "o1")
    data = {"allocation_id": "al1", "order_id": "o1", "placement_id": "here", "mode": "GROUP", "from_date": from_date}
    data |= {"match_reasons": "as told", "roh_considered": True}
    return site.tell("2025-03-04 10:00", PC, "AllocatePlacement", to="offender/ann", imported=True, **data)


def changed(site, command, on, **data):
    return site.tell(f"{on} 10:00", PC, command, to="offender/ann", imported=True, allocation_id="al1", on=on, **data)


def test_who_is_present_on_a_day():
    site = with_ann()
    ann = site.names.id("ann")
    changed(site, "SuspendAllocation", "2025-03-10", cause="as told")
    changed(site, "ResumeAllocation", "2025-03-12", ground="as told")
    changed(site, "EndAllocation", "2025-03-14", reason="as told")
    placement = site.folded()
    told = {each: [p.suspended for p in present(placement, day(each)).get(ann, [])] for each in (
        "2025-03-07", "2025-03-08", "2025-03-10", "2025-03-12", "2025-03-14")}  # fmt: skip
    assert list(told.values()) == [[], [False], [True], [False], []]
    assert engaged(placement, day("2025-03-04")) == {ann}  # a place is kept from the day it was given
    assert engaged(placement, day("2025-03-14")) == frozenset()


def test_who_is_planned_for_a_day():
    site = with_ann().joined("bob", "b1")
    for name, order, session in (("ann", "o1", "s1"), ("ann", "o1", "s2"), ("bob", "b1", "s3")):
        plan = {
            "session_id": session,
            "order_id": order,
            "placement_id": "here",
            "date": "2025-03-08",
            "start": "09:30",
        }
        site.tell("2025-03-04 11:00", PC, "ScheduleSession", to=f"offender/{name}", imported=True, **plan)
    assert planned_on(site.folded(), day("2025-03-08")) == {site.names.id("ann"), site.names.id("bob")}
    cancel = {"session_id": "s3", "cause": "as told", "on": "2025-03-05"}
    site.tell("2025-03-05 10:00", PC, "CancelSession", to="offender/bob", **cancel)
    assert planned_on(site.folded(), day("2025-03-08")) == {site.names.id("ann")}
    assert planned_on(site.folded(), day("2025-03-09")) == frozenset()


def test_an_approval_stands_from_its_day_until_it_is_withdrawn():
    site, approval = school(), {"offender_id": "bob", "head_teacher": "H. Headmade", "form": "letter"}
    site.coordinator("2025-09-04 10:00", "RecordHeadApproval", approval_id="ap1", given_on="2025-09-02", **approval)
    gone = {"approval_id": "ap1", "on": "2025-09-05", "reason": "as told"}
    site.coordinator("2025-09-05 10:00", "WithdrawHeadApproval", **gone)
    site.coordinator("2025-09-09 10:00", "RecordHeadApproval", approval_id="ap2", given_on="2025-09-09", **approval)
    placement, bob = site.folded(), site.names.id("bob")
    days = ("2025-09-01", "2025-09-02", "2025-09-04", "2025-09-05", "2025-09-08", "2025-09-09")
    stands = [approval_of(placement, bob, day(each)) is not None for each in days]
    assert stands == [False, True, True, False, False, True]
    assert approval_of(placement, site.names.id("ann"), day("2025-09-09")) is None


# ---------------------------------------------------------------------------------------- its review


@given(
    start=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    gaps=st.lists(st.integers(1, 120), max_size=4),
    asked=st.integers(0, 500),
    reminder=st.sampled_from([14, 0, 84]),
)
@settings(max_examples=40, deadline=None)
def test_a_review_is_due_so_many_days_after_the_start_or_the_last_one(start, gaps, asked, reminder):
    """Also across leap days and changes of the clock: 84 calendar days are 84 calendar days (GEN-02)."""
    site = Siting(settings={"plc.school_review_reminder": str(reminder)})
    early = str(start - timedelta(days=30))
    site.opened(f"{early} 10:00", on_school_premises=True)
    site.started_as_told(start)
    reviews = [start + timedelta(days=sum(gaps[: n + 1])) for n in range(len(gaps))]
    for each in reviews:
        site.reviewed(str(each))
    on = start + timedelta(days=asked)
    since = max([start, *(each for each in reviews if each <= on)])
    clock = review_clock(site.folded(), on, site.policy())
    assert clock is not None
    assert (clock.due, clock.days) == (since + timedelta(days=84), 84)
    late = on > clock.due
    assert [each.rule for each in bars(site.folded(), on, site.policy())] == (["PLC-27"] if late else [])
    soon = on >= clock.due - timedelta(days=reminder)
    assert site.review(str(on)) == (str(clock.due), "overdue" if late else "due-soon" if soon else "not-due")


@pytest.mark.parametrize(
    "site,on",
    [
        (park, "2026-03-03"),
        (unsigned_school, "2025-12-31"),
        (school, "2025-08-31"),
        (lambda: school().coordinator("2025-09-10 10:00", "ClosePlacement", on="2025-09-10", reason="x"), "2025-12-31"),
    ],
)
def test_no_review_is_due(site, on):
    assert site().review(on) == ("None", "not-due")


def test_the_later_signature_completes_a_review():
    data = {"provider_signed_on": "2025-11-26", "manager_signed_on": "2025-11-28"}
    site = school().reviewed("2025-11-28", **data)
    assert site.review("2025-11-27") == ("2025-11-24", "overdue")
    assert site.review("2025-11-28") == ("2026-02-20", "not-due")


def test_half_a_review_of_another_system_completes_nothing():
    site = school().reviewed("2025-11-20", pqs_reviewed=False, imported=True)
    assert site.review("2025-11-25") == ("2025-11-24", "overdue")


def test_the_interval_in_force_on_the_day_it_is_counted_from_decides():
    site = school()
    data = {"key": "plc.school_review_days", "new": "70", "effective_from": "2025-10-01", "reason": "as told"}
    data |= {"endorsed_by": ["KCPC", "MCPC"]}
    site.tell("2025-09-20 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    assert site.review("2025-11-10")[0] == "2025-11-24"
    assert site.reviewed("2025-11-20").review("2025-11-20")[0] == "2026-01-29"
