"""The small rules of areas A to D as tables: what goes in, and in the last column what comes out."""

from datetime import date, time

import pytest

from ledger.rules import (
    child_protection,
    data_protection,
    enforcement,
    hours,
    orders,
    outcome_codes,
    oversight,
    progress,
)

D = date.fromisoformat


@pytest.mark.parametrize("asked,allowed", [(39, False), (40, True), (300, True), (301, False)])
def test_hours_in_range(asked, allowed):
    assert orders.hours_in_range(asked, 40, 300) is allowed


@pytest.mark.parametrize(
    "end,limit,beyond",
    [("2026-09-02", "2026-09-02", False), ("2026-09-03", "2026-09-02", True), ("2026-09-03", None, False)],
)
def test_beyond_the_operational_period(end, limit, beyond):
    assert orders.beyond_operational_period(D(end), limit and D(limit)) is beyond


@pytest.mark.parametrize(
    "unacceptable,judged,until,effect",
    [
        (False, "2025-04-24", "2025-04-28", "2025-04-24"),
        (True, "2025-04-24", "2025-04-28", "2025-04-29"),
        (True, "2025-04-28", "2025-04-28", "2025-04-29"),
        (True, "2025-05-02", "2025-04-28", "2025-05-02"),
        (True, "2025-04-24", None, None),
        (False, "2025-04-24", None, "2025-04-24"),
    ],
)
def test_when_a_finding_takes_effect(unacceptable, judged, until, effect):
    found = enforcement.finding_takes_effect(unacceptable, D(judged), until and D(until))
    assert found == (effect and D(effect))


@pytest.mark.parametrize(
    "received,until,late",
    [("2025-04-28", "2025-04-28", False), ("2025-04-29", "2025-04-28", True), ("2025-04-29", None, False)],
)
def test_late_evidence(received, until, late):
    assert enforcement.is_late(D(received), until and D(until)) is late


@pytest.mark.parametrize(
    "proven,result,spent",
    [
        (True, "CONTINUED", True),
        (True, "AMENDED", True),
        (True, "REVOKED_RESENTENCED", True),
        (True, "WITHDRAWN", False),
        (False, "DISMISSED", False),
        (False, "CONTINUED", False),
    ],
)
def test_which_outcomes_spend_the_absences(proven, result, spent):
    assert enforcement.spends(proven, result) is spent


@pytest.mark.parametrize("late,travel,allowed", [(True, 0, True), (True, 1, False), (False, 30, True)])
def test_travel_for_late_arrivals(late, travel, allowed):
    assert hours.travel_allowed(late, travel) is allowed


@pytest.mark.parametrize("stopped,minutes", [(time(11, 15), 105), (time(9, 30), 0), (time(9, 0), 0)])
def test_credit_up_to_the_stop(stopped, minutes):
    assert hours.minutes_until_stopped(time(9, 30), stopped) == minutes


@pytest.mark.parametrize("minutes,remaining,counts", [(360, 90, 90), (60, 90, 60), (60, 0, 0), (60, -5, 0)])
def test_credit_stops_at_the_ordered_hours(minutes, remaining, counts):
    assert hours.counted(minutes, remaining) == counts


@pytest.mark.parametrize("ordered,percent,cap", [(6000, 30, 1800), (2700, 33, 891), (6000, None, None), (6000, 0, 0)])
def test_the_cap_is_rounded_down(ordered, percent, cap):
    assert hours.ete_cap_minutes(ordered, percent) == cap


@pytest.mark.parametrize("ordered,months,share", [(7200, 6, 3600), (7200, 9, 5400), (2700, 9, 2025), (2460, 9, 1845)])
def test_the_guide_figure(ordered, months, share):
    assert progress.guide_minutes(ordered, months, 12) == share


@pytest.mark.parametrize(
    "due,period,end", [("2026-03-03", "2025-09-02", "2025-09-02"), ("2026-03-03", None, "2026-03-03")]
)
def test_which_end_comes_first(due, period, end):
    assert progress.working_end(D(due), period and D(period)) == D(end)


@pytest.mark.parametrize("minutes,text", [(1800, "30"), (90, "1.5"), (891, "14.85"), (0, "0")])
def test_minutes_print_as_hours(minutes, text):
    assert orders.hours_text(minutes) == text


# ------------------------------------------------------------------------------------------ papers, staff, codes

KEEP_FILES = {"team-admin", "information-officer", "information-manager", "data-protection-officer"}
PROTECT = {"practitioner", "senior-practitioner", "unit-manager", "area-manager", "aco", "chief-officer"}
PROTECT |= {"risk-manager", "case-reviewer"}
WORK = {"pso", "trainee", "court-officer", "victim-liaison"}
ORGANISE = {"placement-coordinator", "supervisor", "operations-manager", "head-of-unpaid-work"}


@pytest.mark.parametrize(
    "marking,roles",
    [
        ("OPEN", KEEP_FILES | PROTECT | WORK | ORGANISE),
        ("CONFIDENTIAL", KEEP_FILES | PROTECT | WORK),
        ("RESTRICTED", KEEP_FILES | PROTECT),
        (None, KEEP_FILES | PROTECT),
    ],
)
def test_who_opens_a_paper_of_each_marking_and_nobody_else(marking, roles):
    assert data_protection.opened_by(marking) == roles


@pytest.mark.parametrize("years,due", [(6, "2031-02-28"), (None, None)])
def test_a_case_is_destroyed_so_many_years_on_or_while_no_period_is_set_never(years, due):
    assert data_protection.destroy_from(D("2025-02-28"), years) == (due and D(due))


def test_the_training_unit_reports_twelve_months_on():
    assert oversight.report_due(D("2024-02-29")) == D("2025-02-28")


def coded(code):
    return outcome_codes.CODES[outcome_codes.current(code)]


def test_the_outcome_codes_are_these():
    assert {(each.code, each.says, each.kind) for each in map(coded, outcome_codes.CODES)} == {
        ("ATTC", "Attended: complied", "attended"),
        ("AFTC", "Attended: failed to comply", "no-comply"),
        ("ATSH", "Attended: sent home (behaviour)", "sent-home"),
        ("ATSS", "Attended: sent home (service issues)", "stood-off"),
        ("UACP", "Unacceptable absence", "unacceptable"),
        ("AAME", "Acceptable absence: medical", "acceptable"),
        ("AASD", "Acceptable absence: stood down", "acceptable"),
        ("AAEM", "Acceptable absence: employment", "acceptable"),
        ("AAFC", "Acceptable absence: family or childcare", "acceptable"),
        ("AACL", "Acceptable absence: court or legal", "acceptable"),
        ("AARC", "Acceptable absence: remanded in custody", "acceptable"),
        ("AAHO", "Acceptable absence: holiday", "acceptable"),
        ("AARE", "Acceptable absence: religious", "acceptable"),
        ("CO05", "Acceptable absence: professional judgement", "acceptable"),
        ("RSSR", "Rescheduled: at the service's request", "rescheduled"),
        ("RSOF", "Rescheduled: at the person's request", "rescheduled"),
        ("AFTA", "Failed to attend: evidence pending", "pending"),
        ("ATFI", "Failed to comply with another instruction", "instruction"),
        ("TTX", "Travel time adjustment", "travel"),
    }
    assert all(code == each.code for code, each in outcome_codes.CODES.items())
    said = outcome_codes.FORMERLY, outcome_codes.JUDGED_OTHERWISE, outcome_codes.CALLED_OFF
    assert said == ({"UAAB": "UACP"}, "CO05", "RSSR")


def test_an_old_code_is_read_as_the_one_of_now():
    assert [outcome_codes.current(each) for each in ("UAAB", "UACP", "TTX")] == ["UACP", "UACP", "TTX"]


@pytest.mark.parametrize(
    "purpose,deciding",
    [
        ("to decide whether to refer", True),
        ("Referral", True),
        ("what is needed for the referral", True),
        ("to ask how she is", False),
        ("preferred by the school", False),
    ],
)
def test_contact_with_a_child_is_started_to_decide_on_a_referral(purpose, deciding):
    assert child_protection.to_decide_on_a_referral(purpose) is deciding
