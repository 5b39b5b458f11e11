"""The small rules of placements and of their quality, each at its edges."""

from datetime import date

import pytest

from ledger.rules.dates import Calendar, CalendarMissing
from ledger.rules.placements import (
    acknowledge_by,
    allowed_on_school_premises,
    backdated,
    codes_of,
    failed_exclusions,
    has_timetable,
    left_unconfirmed,
    recommends,
    review_due,
    review_reminded,
    texts_of_school,
    texts_of_school_hours,
    weekdays,
)
from ledger.rules.quality import audit_due, capped, is_accredited, is_score, survey_due, total_of

EASTER = Calendar({date(2025, 4, 18): "Good Friday", date(2025, 4, 21): "Easter Monday"}, 2025, 2025)


def test_a_nomination_is_acknowledged_over_easter_and_not_beyond_the_calendar():
    assert acknowledge_by(date(2025, 4, 17), 5, EASTER) == date(2025, 4, 28)
    with pytest.raises(CalendarMissing):
        acknowledge_by(date(2025, 12, 30), 5, EASTER)


@pytest.mark.parametrize(
    "given_on,before", [(date(2025, 9, 2), True), (date(2025, 9, 3), True), (date(2025, 9, 4), False)]
)
def test_an_approval_of_the_day_of_the_allocation_comes_too_late_when_told_after_it(given_on, before):
    assert backdated(given_on, date(2025, 9, 3)) is before


def test_texts_follow_premises_and_hours():
    assert texts_of_school(True) == ("S1", "S2", "S3")
    assert (texts_of_school(False), texts_of_school_hours(False, True), texts_of_school_hours(True, False)) == ((),) * 3
    assert texts_of_school_hours(True, True) == ("H1", "H2", "H3", "H4")


@pytest.mark.parametrize("start,due", [(date(2024, 1, 1), date(2024, 3, 25)), (date(2025, 1, 1), date(2025, 3, 26))])
def test_twelve_weeks_are_84_days_over_a_leap_day_too(start, due):
    assert review_due(start, 84) == due
    assert review_reminded(due, 14).toordinal() == due.toordinal() - 14


@pytest.mark.parametrize(
    "named,known,unknown",
    [
        ([], (), ()),
        (["Sat", "sunday", " MON "], ("Mon", "Sat", "Sun"), ()),
        (["Sa", "", "Mon-Fri", "xMon"], ("Mon",), ("Sa", "", "xMon")),
    ],
)
def test_days_are_told_apart_by_three_letters(named, known, unknown):
    assert weekdays(named) == (known, unknown)


@pytest.mark.parametrize(
    "section,codes",
    [
        (None, set()),
        ("", set()),
        (7, set()),
        (True, set()),
        ("s1; H12 and S3.", {"S1", "H12", "S3"}),
        (["S1", 2, None, ["S2"]], {"S1"}),
        ({"S1": "text", "H1": False}, {"S1", "H1"}),
    ],
)
def test_codes_are_found_in_any_form(section, codes):
    assert codes_of(section) == codes


@pytest.mark.parametrize(
    "section,there",
    [
        (None, False),
        ({}, False),
        ("", False),
        ("  ", False),
        ("weekly", True),
        ({"contact_timetable": ""}, False),
        ({"contact_timetable": "weekly"}, True),
        ({"contact_timetable": {"Mon": "10:00"}}, True),
        ({"other": "weekly"}, False),
    ],
)
def test_a_timetable_is_words_not_a_blank(section, there):
    assert has_timetable(section) is there


def test_what_the_provider_did_not_confirm_is_named_in_words():
    assert left_unconfirmed(insurance_confirmed=True, tasks_agreed=False) == ["tasks agreed"]


def test_only_three_kinds_of_work_are_for_schools():
    assert [allowed_on_school_premises(each) for each in ("grounds_maintenance", "", "DECORATING")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "question,wrong,reason",
    [
        ("not_replacing_paid_work", False, "it replaces paid employment"),
        ("replaces_paid_work", True, "it replaces paid employment"),
        ("not_adding_to_profit", False, "it contributes to profit"),
        ("adds_to_profit", True, "it contributes to profit"),
        ("not_for_profit", False, "it is for profit and adds no service"),
        ("commercial_edge", True, "it gives a commercial bidder an edge"),
        ("personal_care", True, "it is direct personal care or supervision of a child or vulnerable adult"),
    ],
)
def test_work_is_excluded_by_the_wrong_answer_alone_in_whatever_words(question, wrong, reason):
    right = not wrong
    for answer, excluded in ((wrong, True), (right, False)):
        words = (answer, "Yes" if answer else " no", "TRUE" if answer else "false ")
        assert [failed_exclusions({question: each}) for each in words] == [[reason] if excluded else []] * 3
    assert failed_exclusions({question: "it depends"}) == []


@pytest.mark.parametrize(
    "recommendation,accepting",
    [("Accept", True), (" approved", True), ("Proceed with care", True), ("YES", True), ("Do not proceed", False)],
)
def test_what_recommends_accepting_begins_so(recommendation, accepting):
    assert recommends(recommendation) is accepting


# ---------------------------------------------------------------------------------------- quality


@pytest.mark.parametrize("score,is_one", [(None, False), (-1, False), (0, True), (2, True), (3, False)])
def test_a_score_is_0_1_or_2(score, is_one):
    assert is_score(score) is is_one


@pytest.mark.parametrize("total,accredited", [(None, False), (5, False), (6, True), (10, True)])
def test_six_is_enough(total, accredited):
    assert is_accredited(total, 6) is accredited


def test_question_1_is_capped_without_the_beneficiary():
    assert [capped(score, direct, 1) for score, direct in ((2, False), (2, True), (0, False))] == [1, 2, 0]
    assert total_of([2, 1, 1, 1, 1], [], False, 1) == 5
    assert total_of([1, 1, 1, 1, 1], [2, None, None, None, 2], False, 1) == 6


def test_a_total_of_what_is_no_checklist_is_what_its_scores_are():
    assert (total_of([], [], True, 1), total_of([2, None, 9], [None, 1], True, 1)) == (0, 3)


@pytest.mark.parametrize(
    "school,changed,due",
    [
        (False, None, date(2024, 2, 29)),
        (True, None, date(2024, 2, 22)),
        (False, date(2023, 12, 24), date(2023, 12, 24)),
        (True, date(2024, 12, 24), date(2024, 2, 22)),
    ],
)
def test_an_audit_is_due_again(school, changed, due):
    assert audit_due(date(2023, 11, 30), school, 3, 84, changed) == due


@pytest.mark.parametrize(
    "closed,due",
    [(None, date(2025, 2, 28)), (date(2024, 5, 1), date(2024, 5, 1)), (date(2025, 5, 1), date(2025, 2, 28))],
)
def test_a_survey_is_due_after_a_year_or_at_the_end(closed, due):
    assert survey_due(date(2024, 2, 29), 12, closed) == due
