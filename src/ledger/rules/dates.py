"""Days, months and ends of day: the one place they come from (GEN-01 to GEN-04).

Proven by tests/rules/test_dates.py against a slow walk over the calendar.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")


def exists_in_london(local: datetime) -> bool:
    """False for the hour the clocks jump over in spring: it comes back changed from a trip through UTC."""
    return local.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == local.replace(tzinfo=None)
