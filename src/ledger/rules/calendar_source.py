"""Bank holidays of England and Wales, from two libraries that must agree (GEN-01).

The Ministry of Justice's `govuk-bank-holidays` carries GOV.UK's own list as a file; the `holidays` package computes the
years that list does not reach yet.  They only fill the calendar of a release: what counts is the sealed fact.
Proven by tests/rules/test_calendar_source.py: wherever both speak, they name the same working days.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any, Final

FIRST_YEAR: Final = 2012
LAST_YEAR: Final = 2030
SOURCE: Final = "govuk-bank-holidays/holidays"
_SATURDAY: Final = 5


def published() -> dict[date, str]:
    """The list of GOV.UK as the package carries it, without the network."""
    text = files("govuk_bank_holidays").joinpath("bank-holidays.json").read_text(encoding="utf-8")
    events: list[dict[str, Any]] = json.loads(text)["england-and-wales"]["events"]
    return {date.fromisoformat(each["date"]): _plain(each["title"]) for each in events}


def computed(first_year: int, last_year: int) -> dict[date, str]:
    """What the `holidays` package expects: weekdays only, for a bank holiday on a Saturday has a substitute."""
    from holidays import country_holidays  # slow to import, and only needed once, at the start of a release

    found = country_holidays("GB", subdiv="ENG", years=range(first_year, last_year + 1))
    return {day: _plain(str(name)) for day, name in sorted(found.items()) if day.weekday() < _SATURDAY}


def bank_holidays(last_year: int = LAST_YEAR) -> dict[date, str]:
    """Every weekday that is a bank holiday from FIRST_YEAR to the end of `last_year`, by day."""
    known = published()
    reaches = max(day.year for day in known)
    later = computed(reaches + 1, last_year) if last_year > reaches else {}
    both = {**known, **later}
    return {day: both[day] for day in sorted(both) if day.weekday() < _SATURDAY}


def _plain(name: str) -> str:
    return name.replace("’", "'")
