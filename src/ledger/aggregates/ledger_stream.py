"""Stream `ledger`: what a release of this software brings with it, as data of the ledger (GEN-01, GEN-09).

`ReleaseStarted` seals the built-in settings, the rule editions and the bank holidays of a release.  So a replay never
asks the code of today what yesterday's number was.  The application writes it, as role `system`, when it differs from
the last one.  The log's own facts (closings, keys, timestamps) belong to the store.

Proven by tests/aggregates/test_policy.py.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field

from ledger.aggregates.shape import LIST_ITEMS, Code, Fact
from ledger.rules.calendar_source import SOURCE, bank_holidays
from ledger.rules.registry import EDITIONS
from ledger.rules.settings import SETTINGS

STREAM = "ledger"
Lines = Annotated[list[dict[str, str]], Field(max_length=LIST_ITEMS)]


class ReleaseStarted(Fact, topic="ledger.release-started.v1", who=("system",), rules=("GEN-01", "GEN-09")):
    """A release of the software began to serve, with these settings, editions and bank holidays.

    `settings`: lines of {key, value}, "" where nothing is built in; `bank_holidays`: lines of {date, name}, ISO days.
    The years loaded are those from the first to the last of these days.
    """

    software: Code
    editions: list[Code]
    settings: Lines
    bank_holidays: Lines
    calendar_source: Code


@cache
def release_in_force(software: str = "0.1.0") -> ReleaseStarted:
    """The fact that describes this code."""
    return ReleaseStarted(
        software=software,
        editions=sorted(EDITIONS),
        settings=[{"key": each.key, "value": each.value} for each in SETTINGS.values()],
        bank_holidays=[{"date": day.isoformat(), "name": name} for day, name in bank_holidays().items()],
        calendar_source=SOURCE,
    )
