"""How a page says what an answer holds: names as words, days and instants as people write them, minutes as hours.

    words("evidence_deadline")   -> "Evidence deadline"
    shown("2026-01-05")          -> "5 January 2026"
    shown(390, "worked_minutes") -> "6 h 30 min"

Instants are London's, as everywhere outside the record.  Proven by tests/web/test_words.py.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from ledger.reading import a_time
from ledger.rules.dates import LONDON

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?")
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Of a field's last words: not said where the value says it.
_SILENT: Final = ("_minutes", "_id", "_ids", "_ref", "_refs")
# Where hours come from: the members of `by_source` (contract, *progress*) are minutes, too.
_OF_MINUTES: Final = frozenset({"group", "ip", "pip", "ete", "adjusted"})
_SPELLED: Final = {
    **{"upw": "Unpaid work", "dob": "Date of birth", "crn": "Case reference number", "ete": "ETE", "ip": "Individual"},
    **{"dp": "Data protection", "pip": "Pre-placement", "pqs": "Placement quality", "fta": "Failed to attend"},
    **{"aco": "ACO", "po": "PO", "pso": "PSO", "hs": "Health and safety", "oasys": "OASys"},
    **{"cp1": "CP1", "r7": "R7"},
}


def words(name: str) -> str:
    """A field, a code or a state in words: the first letter large, no underscores."""
    for end in _SILENT:
        if name.endswith(end) and len(name) > len(end):
            name = name.removesuffix(end)
            break
    parts = [
        _SPELLED.get(part, part) for part in re.split("[_-]", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    ]
    text = " ".join(
        part if part.isupper() or index == 0 else part[:1].lower() + part[1:] for index, part in enumerate(parts)
    )
    return text[:1].upper() + text[1:]


def day(value: date) -> str:
    """5 January 2026"""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime) -> str:
    """5 January 2026 at 16:30, London time"""
    here = value.astimezone(LONDON)
    return f"{day(here.date())} at {here:%H:%M}"


def address(value: datetime) -> str:
    """An instant to the microsecond, as an address takes it: 2026-01-05T16:30:00.000000Z"""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def minutes(value: int) -> str:
    """6 h 30 min; -1 h 05 min"""
    hours, left = divmod(abs(value), 60)
    said = f"{hours} h {left:02} min" if hours and left else f"{hours} h" if hours or not left else f"{left} min"
    return f"-{said}" if value < 0 else said


def duration(value: timedelta) -> str:
    """How old something is: 3 days, 2 hours"""
    days, hours = value.days, value.seconds // 3600
    count, unit = (days, "day") if days else (hours, "hour") if hours else (value.seconds // 60, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def shown(value: Any, name: str = "") -> str:
    """A single value as text; "" for nothing."""
    match value:
        case None | "":
            return ""
        case bool():
            return "Yes" if value else "No"
        case int() if name == "minutes" or name.endswith("_minutes") or name in _OF_MINUTES:
            return minutes(value)
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case datetime():
            return instant(value)
        case date():
            return day(value)
        case str() if _TIME.fullmatch(value):
            try:
                when = a_time(value)
            except ValueError:  # somebody wrote it, and no calendar has it
                return value
            return instant(when) if isinstance(when, datetime) else day(when)
        case _:
            return str(value)


def is_id(value: object) -> bool:
    """Whether it names something and says nothing to a person."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_state(name: str) -> bool:
    """Whether a field holds a code of a closed list, which is shown in words."""
    return name in (
        "state",
        "status",
        "breach",
        "kind",
        "mode",
        "cause",
        "role",
        "grade",
        "source",
        "result",
        "ground",
        "flag",
    ) or name.endswith("_state")
