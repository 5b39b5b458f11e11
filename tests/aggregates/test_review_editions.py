"""A review by its present name and clocks: chosen by the day of its referral, and what another edition would say."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.aggregates.test_decisions_case_review import R1, REFERRED, Reviewing, constituted

from ledger.projections import case_review
from ledger.rules.dates import add_months
from ledger.rules.editions import EVERY_NAME, NAMES, REVIEW, settings_under
from ledger.rules.safeguarding_2018 import published_by, rapid_review_due

D = date.fromisoformat
NEW = "safeguarding-2018"


class Presently(Reviewing):
    """The edition rules reviews referred on or after 1 September 2025."""

    def __init__(self, since="2025-09-01"):
        super().__init__()
        data = {"key": "scr.review_edition", "new": NEW, "effective_from": since, "reason": "the area went over"}
        self.tell("2025-09-01 10:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)

    def referred_at(self, at="2025-11-03 09:00"):
        return self.says(at, "aco", "ReferSeriousIncident", **(REFERRED | {"referred_at": at}))

    def done(self, on):
        return self.says(f"{on} 12:00", "aco", "CompleteRapidReview", on=on)


def test_a_review_referred_from_that_day_on_has_the_present_name_and_a_rapid_review():
    case = Presently().referred_at("2025-12-15 09:00")
    told = case.shown(R1, "2025-12-15", explain=True)
    assert told["called"] == "child safeguarding practice review"
    assert told["review_edition"] == NEW
    assert str(told["rapid_review"]["due"]) == "2026-01-08", "fifteen working days over Christmas"
    assert told["rapid_review"]["why"]["rules"][0] == f"SCR-07@{NEW}"


@pytest.mark.parametrize("since,rapid", [("2025-11-03", True), ("2025-11-04", False)])
def test_the_day_of_the_referral_chooses(since, rapid):
    told = Presently(since).referred_at().shown(R1, "2025-11-03")
    assert (told["rapid_review"] is not None) is rapid
    assert told["called"] == ("child safeguarding practice review" if rapid else "serious case review")


def test_where_no_edition_is_set_a_review_is_as_the_policy_has_it():
    told = Reviewing().referred().shown(R1, "2025-11-03")
    assert (told["called"], told["review_edition"]) == ("serious case review", "west-mercia-2007")
    assert told["rapid_review"] is None


def test_the_rapid_review_is_overdue_from_the_day_after_its_day_until_it_is_done():
    case = Presently().referred_at().done("2025-11-25")
    states = {day: case.shown(R1, day)["rapid_review"]["state"] for day in ("2025-11-24", "2025-11-25")}
    assert states == {"2025-11-24": "due", "2025-11-25": "done-late"}
    assert Presently().referred_at().done("2025-11-24").shown(R1, "2025-12-01")["rapid_review"]["state"] == "done"
    assert Presently().referred_at().shown(R1, "2025-11-25")["rapid_review"]["state"] == "overdue"


def test_the_review_is_published_within_six_months_with_a_reminder_one_month_before():
    case = Presently().referred_at()
    case.says("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1"]))
    told = case.shown(R1, "2025-11-10")
    assert (str(told["completion_due"]), str(told["reminder_on"])) == ("2026-05-10", "2026-04-10")


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_fifteen_working_days_are_those_of_a_slow_walk(year):
    calendar = Reviewing().ledger.policy().calendar()
    for n in range(0, 300, 7):
        start = date(year, 1, 1) + timedelta(days=n)
        day, left = start, 15
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < 5 and day not in calendar.holidays
        assert rapid_review_due(start, 15, calendar) == day


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_six_months_are_six_months(start):
    assert published_by(start, 6) == add_months(start, 6)


def test_an_edition_of_reviews_leaves_orders_as_they_are_and_the_other_way_round():
    assert settings_under(NEW) == {"scr.review_edition": NEW}
    assert settings_under("west-mercia-2007") == {"scr.review_edition": "manual-2022"}
    for name in NAMES:
        assert "scr.review_edition" not in settings_under(name)
    assert set(EVERY_NAME) > set(NAMES)
    assert REVIEW.under("west-mercia-2007") == "manual-2022"


def test_what_another_edition_would_have_said():
    case = Reviewing().referred()
    ledger, path = case.ledger, f"case-review-{case.names.id('r1')}"
    history, known = ledger.history(path, opens={}), len(ledger.records)
    said = {
        name: case_review.view(history, ledger.policy().under(name), D("2025-11-03"), known)["called"]
        for name in EVERY_NAME
    }
    assert said == dict.fromkeys(EVERY_NAME, "serious case review") | {NEW: "child safeguarding practice review"}
