"""What falls due in a child protection matter, and what is flagged: over Christmas and Easter, at month ends."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.aggregates.matters import Mattering

from ledger.aggregates.ledger_stream import release_in_force
from ledger.rules import child_protection as rules
from ledger.rules.dates import Calendar

D = date.fromisoformat
DAYS = st.dates(date(2023, 2, 1), date(2028, 6, 1))


# ---------------------------------------------------------------------------------------- referral (CP-12)


@pytest.mark.parametrize(
    "made,due",
    [
        ("2025-12-18 11:00", "2025-12-28"),
        ("2025-12-18 00:00", "2025-12-28"),
        ("2025-12-18 23:59", "2025-12-28"),
        ("2025-10-25 23:30", "2025-11-04"),
        ("2026-03-28 23:30", "2026-04-07"),
        ("2028-02-19 10:00", "2028-02-29"),
        ("2026-02-19 10:00", "2026-03-01"),
        ("2025-04-10 10:00", "2025-04-20"),
    ],
    ids=["christmas", "first minute", "last minute", "clocks back", "clocks forward", "leap", "no leap", "easter day"],
)
def test_the_reply_is_due_ten_calendar_days_after_the_referral(made, due):
    case = Mattering().concern(on="2025-04-01").referral(at=made)
    assert str(case.matter("2028-12-31")["referrals"][0]["reply_due"]) == due


@pytest.mark.parametrize(
    "as_at,replied,state,late",
    [
        ("2025-12-18", None, "awaiting-reply", None),
        ("2025-12-28", None, "awaiting-reply", None),
        ("2025-12-29", None, "overdue", 1),
        ("2026-01-28", None, "overdue", 31),
        ("2025-12-28", "2025-12-28", "replied", 0),
        ("2025-12-27", "2025-12-28", "awaiting-reply", None),
        ("2025-12-29", "2025-12-29", "replied-late", 1),
        ("2026-06-01", "2026-01-02", "replied-late", 5),
        ("2025-12-30", "2026-01-02", "overdue", 2),
    ],
)
def test_where_a_referral_stands(as_at, replied, state, late):
    case = Mattering().concern().referral()
    if replied:
        case.reply(replied, at="2026-05-01 10:00")
    row = case.matter(as_at)["referrals"][0]
    assert (row["state"], row["days_late"]) == (state, late)


def test_a_reply_is_reminded_of_on_its_last_day():
    case = Mattering().concern().referral()
    assert [case.matter(day)["referrals"][0]["remind"] for day in ("2025-12-27", "2025-12-28", "2025-12-29")] == [
        False,
        True,
        True,
    ]


def test_the_clock_starts_with_the_first_contact():
    case = Mattering().concern().referral()
    case.tells("2025-12-19 10:00", "practitioner", "ConfirmReferral", referral_id="rf1", on="2025-12-15")
    assert str(case.matter("2025-12-31")["referrals"][0]["reply_due"]) == "2025-12-25"


def test_a_reply_not_yet_known_is_not_shown():
    case = Mattering().concern().referral().reply("2025-12-20", at="2026-01-05 10:00")
    assert case.matter("2025-12-31", known_at="2026-01-04 10:00")["referrals"][0]["state"] == "overdue"
    assert case.matter("2025-12-31")["referrals"][0]["state"] == "replied"


def test_a_reply_that_was_struck_out_leaves_the_referral_waiting():
    case = Mattering().concern().referral()
    case.tells(
        "2025-12-20 12:00", "team-admin", "RecordReply", referral_id="rf1", on="2025-12-20", outline="x", label="r"
    )
    case.tells("2025-12-21 12:00", "team-admin", "StrikeOutRecord", event_ref=case.names.ids["r"], reason="other case")
    assert case.matter("2025-12-29")["referrals"][0]["state"] == "overdue"


def test_the_setting_of_the_day_of_the_referral_counts():
    case = Mattering().concern().referral()
    change = {"key": "cp.referral_reply", "new": "20", "reason": "agreed", "effective_from": "2025-12-19"}
    case.tell("2025-12-19 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
    case.referral("rf2", at="2025-12-19 10:00")
    first, second = case.matter("2025-12-31")["referrals"]
    assert (str(first["reply_due"]), str(second["reply_due"])) == ("2025-12-28", "2026-01-08")


# ---------------------------------------------------------------------------------------- core group (CP-26)


@pytest.mark.parametrize(
    "day,due",
    [
        ("2025-12-18", "2026-01-06"),
        ("2025-04-17", "2025-05-06"),
        ("2026-03-26", "2026-04-13"),
        ("2025-11-28", "2025-12-12"),
        ("2025-11-29", "2025-12-12"),
        ("2025-11-30", "2025-12-12"),
        ("2025-08-22", "2025-09-08"),
    ],
    ids=["christmas", "maundy thursday", "easter", "friday", "saturday", "sunday", "summer holiday"],
)
def test_the_core_group_meets_within_ten_working_days(day, due):
    case = Mattering().concern(on="2025-03-03").invited(day=day, at="2025-03-04 10:00").attended(day)
    assert str(case.matter(day)["conferences"][0]["core_group_due"]) == due


@pytest.mark.parametrize(
    "as_at,met,state",
    [
        ("2025-12-17", None, "not-due"),
        ("2025-12-18", None, "due"),
        ("2026-01-06", None, "due"),
        ("2026-01-07", None, "overdue"),
        ("2026-01-06", "2026-01-06", "done"),
        ("2026-01-07", "2026-01-07", "done-late"),
        ("2026-01-06", "2026-01-07", "due"),
    ],
)
def test_where_the_core_group_stands(as_at, met, state):
    case = Mattering().concern().invited()
    if met:
        case.core_group("2025-12-01").core_group("2025-12-19", first=False).core_group(met)
    assert case.matter(as_at)["conferences"][0]["core_group_state"] == state


def test_the_clocks_run_from_the_day_it_was_held_once_that_is_told():
    case = Mattering().concern().invited(day="2025-12-18").attended("2025-12-19")
    before, after = case.matter("2025-12-18")["conferences"][0], case.matter("2025-12-19")["conferences"][0]
    assert (str(before["core_group_due"]), str(after["core_group_due"])) == ("2026-01-06", "2026-01-07")
    assert (str(before["next_review_due"]), str(after["next_review_due"])) == ("2026-03-18", "2026-03-19")


def test_a_bank_holiday_set_later_moves_what_nobody_was_told():
    case = Mattering().concern().invited().attended()
    holiday = {"date": "2025-12-29", "name": "Extra day", "source_ref": "told"}
    case.tell("2025-12-19 09:00", "chief-officer", "SetBankHoliday", to="policy/policy", **holiday)
    assert str(case.matter("2025-12-31")["conferences"][0]["core_group_due"]) == "2026-01-07"
    early = case.matter("2025-12-31", known_at="2025-12-18 20:00")
    assert str(early["conferences"][0]["core_group_due"]) == "2026-01-06"


def test_a_review_conference_starts_no_core_group():
    case = Mattering().concern().invited(kind="REVIEW")
    assert case.matter("2026-01-31")["conferences"][0]["core_group_due"] is None


def test_beyond_the_calendar_the_day_is_said_to_be_missing():
    case = Mattering().concern().invited(day="2035-01-05")
    row = case.matter("2026-01-31")["conferences"][0]
    assert (row["core_group_due"], row["core_group_state"]) == ("calendar-missing", "calendar-missing")


# ---------------------------------------------------------------------------------------- reviews (CP-28)


@pytest.mark.parametrize(
    "day,first,further",
    [
        ("2025-11-30", "2026-02-28", "2026-05-30"),
        ("2025-08-31", "2025-11-30", "2026-02-28"),
        ("2027-11-30", "2028-02-29", "2028-05-30"),
        ("2025-12-31", "2026-03-31", "2026-06-30"),
        ("2025-11-15", "2026-02-15", "2026-05-15"),
    ],
)
def test_reviews_fall_due_after_three_and_then_six_months(day, first, further):
    case = Mattering().concern(on="2025-08-01")
    case.invited("cf1", day=day, at="2025-08-02 10:00").invited("cf2", "REVIEW", day=day, at="2025-08-02 11:00")
    initial, review = case.matter("2028-12-31")["conferences"]
    assert (str(initial["next_review_due"]), str(review["next_review_due"])) == (first, further)


@pytest.mark.parametrize(
    "as_at,held,state",
    [
        ("2026-03-18", None, "due"),
        ("2026-03-19", None, "overdue"),
        ("2026-03-18", "2026-03-18", "done"),
        ("2026-03-19", "2026-03-19", "done-late"),
        ("2026-03-18", "2026-03-19", "due"),
    ],
)
def test_where_the_next_review_stands(as_at, held, state):
    case = Mattering().concern().invited().attended().invited("cf2", "REVIEW", "2026-03-17", at="2026-01-02 10:00")
    if held:
        data = {"conference_id": "cf2", "on": held, "outcome": "plan continues"}
        case.tells(f"{held} 16:00", "practitioner", "RecordReviewConference", **data)
    assert case.matter(as_at)["conferences"][0]["next_review_state"] == state


def test_the_months_are_a_setting():
    case = (
        Mattering({"cp.review_conference": "2, 5"}).concern().invited().invited("cf2", "REVIEW", at="2025-09-03 10:00")
    )
    dues = [str(each["next_review_due"]) for each in case.matter("2026-01-01")["conferences"]]
    assert dues == ["2026-02-18", "2026-05-18"]


# ---------------------------------------------------------------------------------------- core assessment (CP-27)


@pytest.mark.parametrize(
    "meetings,enquiries,ready,as_at,due,state",
    [
        ([], [], [], "2026-01-31", None, None),
        (["2025-12-01"], [], [], "2026-01-05", "2026-01-05", "due"),
        (["2025-12-01"], [], [], "2026-01-06", "2026-01-05", "overdue"),
        (["2025-12-01"], ["2025-11-28"], [], "2026-01-01", "2026-01-02", "due"),
        (["2025-12-01"], ["2025-12-05"], [], "2026-01-01", "2026-01-05", "due"),
        (["2025-12-01", "2025-12-20"], [], [], "2026-01-01", "2026-01-05", "due"),
        (["2025-12-01"], [], ["2026-01-05"], "2026-02-01", "2026-01-05", "done"),
        (["2025-12-01"], [], ["2026-01-06"], "2026-02-01", "2026-01-05", "done-late"),
        (["2025-12-01", "2026-02-02"], [], ["2026-01-05"], "2026-02-03", "2026-03-09", "due"),
        (["2026-01-25"], [], [], "2026-03-02", "2026-03-01", "overdue"),
    ],
)
def test_the_core_assessment_runs_from_the_earlier_start(meetings, enquiries, ready, as_at, due, state):
    case = Mattering().concern()
    told = [*((day, "strategy") for day in meetings), *((day, "RecordEnquiries") for day in enquiries)]
    told += [(day, "RecordCoreAssessment") for day in ready]
    for day, command in sorted(told):
        if command == "strategy":
            case.strategy(day)
        else:
            case.tells(f"{day} 16:00", "practitioner", command, on=day)
    matter = case.matter(as_at)
    assert (matter["core_assessment_due"] and str(matter["core_assessment_due"])) == due
    assert matter["core_assessment_state"] == state


# ---------------------------------------------------------------------------------------- conferences (CP-20)


@pytest.mark.parametrize(
    "told,as_at,state,flagged",
    [
        ([], "2025-12-18", "invited", False),
        ([], "2025-12-19", "missed", True),
        (["answered"], "2025-12-18", "answered", False),
        (["answered"], "2025-12-19", "missed", True),
        (["agreed"], "2025-12-19", "missed", True),
        (["agreed", "reported"], "2025-12-19", "reported", False),
        (["reported"], "2025-12-17", "invited", False),
        (["attended"], "2025-12-18", "attended", False),
        (["attended"], "2025-12-19", "attended", False),
        (["late report"], "2025-12-30", "missed", True),
        (["late report"], "2025-12-31", "reported", False),
    ],
)
def test_a_conference_is_attended_or_reported_to(told, as_at, state, flagged):
    case = Mattering().concern().invited()
    for each in told:
        match each:
            case "answered":
                data = {"conference_id": "cf1", "on": "2025-12-01", "answer": "yes"}
                case.tells("2025-12-01 09:00", "practitioner", "AnswerInvitation", **data)
            case "agreed":
                data = {"conference_id": "cf1", "reason": "court that day"}
                case.tells("2025-12-02 09:00", "senior-practitioner", "AgreeNonAttendance", **data)
            case "reported":
                case.report("2025-12-10")
            case "late report":
                case.report("2025-12-31")
            case _:
                case.attended()
    assert case.matter(as_at)["conferences"][0]["state"] == state
    assert (("CP-20", "CONFERENCE_NO_REPORT", "2025-12-19") in case.flags(as_at)) is flagged


def test_an_invitation_is_not_there_before_it_came():
    case = Mattering().concern().invited(at="2025-12-08 10:00")
    assert [len(case.matter(day)["conferences"]) for day in ("2025-12-07", "2025-12-08")] == [0, 1]


# ---------------------------------------------------------------------------------------- flags (CP-02, CP-05, CP-11)


def test_a_grave_concern_is_flagged_from_the_next_day_until_it_is_escalated():
    case = Mattering().concern(grave=True)
    data = {"concern_id": "c1", "to_agency": "POLICE", "escalated_at": "2025-09-03 09:00"}
    case.tells("2025-09-03 09:00", "supervisor", "EscalateConcern", **data)
    flag = ("CP-05", "GRAVE_NOT_ESCALATED", "2025-09-02")
    assert [flag in case.flags(day) for day in ("2025-09-01", "2025-09-02", "2025-09-03")] == [False, True, False]


def test_a_concern_that_is_not_grave_needs_no_escalation():
    assert Mattering().concern().flags("2026-01-01") == []


@pytest.mark.parametrize(
    "form,written,as_at,flagged",
    [
        ("VERBAL", None, "2025-09-02", True),
        ("VERBAL", "2025-09-03", "2025-09-02", True),
        ("VERBAL", "2025-09-03", "2025-09-03", False),
        ("EMAIL", None, "2025-09-02", False),
        ("CNF1", None, "2025-09-02", False),
    ],
)
def test_what_was_told_orally_is_flagged_until_it_is_written(form, written, as_at, flagged):
    case = Mattering().concern()
    data = {"concern_id": "c1", "form": form, "to_role": "duty manager", "on": "2025-09-02"}
    more = {"written_follow_up_on": written} if written else {}
    case.tells("2025-09-04 10:00", "court-officer", "NotifyConcern", **data, **more)
    assert (("CP-02", "WRITTEN_FOLLOW_UP_MISSING", "2025-09-02") in case.flags(as_at)) is flagged


def test_a_notification_in_writing_clears_an_oral_one():
    case = Mattering().concern()
    for form, day in (("VERBAL", "2025-09-02"), ("CNF1", "2025-09-05")):
        data = {"concern_id": "c1", "form": form, "to_role": "duty manager", "on": day}
        case.tells(f"{day} 10:00", "court-officer", "NotifyConcern", **data)
    assert [bool(case.flags(day)) for day in ("2025-09-04", "2025-09-05")] == [True, False]


def test_a_referral_by_telephone_is_flagged_until_it_is_confirmed():
    case = Mattering().concern().referral(channel="PHONE")
    case.tells("2025-12-22 10:00", "practitioner", "ConfirmReferral", referral_id="rf1", on="2025-12-22")
    flag = ("CP-11", "REFERRAL_NOT_IN_WRITING", "2025-12-18")
    assert [flag in case.flags(day) for day in ("2025-12-17", "2025-12-18", "2025-12-22")] == [False, True, False]


# ---------------------------------------------------------------------------------------- whatever the day


def calendar():
    listed = release_in_force().bank_holidays
    return Calendar({D(each["date"]): each["name"] for each in listed}, 2023, 2028)


CALENDAR = calendar()


@given(day=DAYS, days=st.integers(1, 40))
def test_counted_by_hand_the_core_group_is_due_on_the_same_day(day, days):
    due, left = day, days
    while left:
        due += timedelta(days=1)
        left -= due.weekday() < 5 and due not in CALENDAR.holidays
    assert rules.core_group_due(day, days, CALENDAR) == due


@given(day=DAYS, days=st.integers(0, 60))
def test_plain_days_never_move_off_a_weekend(day, days):
    assert (rules.reply_due(day, days) - day).days == (rules.core_assessment_due(day, days) - day).days == days


@given(day=DAYS, months=st.integers(1, 12))
def test_a_review_falls_on_the_same_day_of_the_month_or_its_last(day, months):
    due = rules.next_review_due(day, months)
    assert (due.year * 12 + due.month) - (day.year * 12 + day.month) == months
    assert due.day == day.day or (due + timedelta(days=1)).day == 1


@given(made=DAYS, replied=st.none() | st.integers(0, 40), asked=st.integers(0, 60))
def test_a_referral_is_late_on_exactly_the_days_after_the_tenth(made, replied, asked):
    case = Mattering().concern(on=str(made)).referral(at=f"{made} 11:00")
    if replied is not None:
        case.reply(str(made + timedelta(days=replied)))
    row = case.matter(str(made + timedelta(days=asked)))["referrals"][0]
    answered = replied is not None and replied <= asked
    until = replied if answered else asked
    states = ("replied", "replied-late") if answered else ("awaiting-reply", "overdue")
    assert row["state"] == states[until > 10]
    assert (row["days_late"] or 0) == max(0, until - 10)
