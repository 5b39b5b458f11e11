"""What a supervisor fills in about one person of a project day, as the commands that say it.

    steps_of(row, sent)     the commands of a row, each under a key of its own; none where nothing was said
    Untold                  what is missing or cannot be read, beside the row

An outcome is one of the codes that other systems know (ledger.rules.outcome_codes): ATTC and AFTC came, AFTA did not.
Who came is recorded as attending, with times, and credited whole minutes where hours are given (ENF-01, HRS-01); who
failed to comply has an absence beside it (ENF-02).  Readings: of one person the hours wait for the attendance, and are
recorded under a key of their own; a remark stands in the absence, for an attendance holds none.  What is rare on a day,
being sent home, stopped or late, keeps its own form.  Pure; proven by tests/web/test_attendance.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ledger.aggregates.shape import a_random_id
from ledger.rules.outcome_codes import CODES

CAME: Final = "ATTC"
NO_COMPLY: Final = "AFTC"
DID_NOT: Final = "AFTA"
CHOICES: Final = {code: CODES[code].says for code in (CAME, NO_COMPLY, DID_NOT)}
KEYS: Final = ("attendance_key", "hours_key", "absence_key", "absence_id")  # new for each row
FIELDS: Final = ("outcome", "arrival", "departure", "hours", "minutes", "travel", "remark")
TOLD: Final = "told"  # a field of the whole page
MOST_MINUTES: Final = 24 * 60

NO_OUTCOME: Final = "Say what came of it, or leave the whole row empty."
NO_TIMES: Final = "Give the times of arrival and departure, such as 09:00."
NO_TIMES_NEEDED: Final = "Who did not come has no times and no hours."
NO_WORK: Final = "Give the hours and minutes worked beside the travel."
NOT_A_NUMBER: Final = "{name}: a whole number."
TOO_LONG: Final = "A day has 24 hours."
NOWHERE: Final = "A remark is recorded with an absence or a failure to comply; write this one on the case itself."
NO_KEY: Final = "The row has lost its key. Open the page again."


class Untold(Exception):
    """A row that cannot be recorded as it is; the message says what to fill in."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a row: in words, its name, its fields, and the key it is sent under."""

    says: str
    name: str
    data: Mapping[str, Any]
    key: UUID


def field(session_id: str, name: str) -> str:
    """The name of a field of a row."""
    return f"{name}.{session_id}"


def steps_of(row: Mapping[str, Any], sent: Mapping[str, str], day: str) -> list[Step]:
    """The commands of a row of the sheet (ledger.projections.session_sheet), in order; `told` among the fields of the
    whole page: whether each person was told their hours.  Raises Untold."""
    told = {name: sent.get(field(row["session_id"], name), "").strip() for name in (*FIELDS, *KEYS)}
    told["told"] = sent.get(TOLD, "")
    came = row["state"] == "attended" and field(row["session_id"], "outcome") not in sent
    return list(_steps(row, told, day, came=came)) if _says_something(row, told) else []


def _says_something(row: Mapping[str, Any], told: Mapping[str, str]) -> bool:
    """Whether anything was filled in beside the start of the session, which stands there as the arrival."""
    return any(told[name] for name in FIELDS if name != "arrival") or told["arrival"] not in ("", row["start"])


def _steps(row: Mapping[str, Any], told: Mapping[str, str], day: str, *, came: bool) -> Iterator[Step]:
    """`came`: that was recorded before the page was opened, so only hours were asked for; a page that asked for all is
    told all of it again when it comes twice."""
    code = told["outcome"] or (CAME if came else "")
    if code not in CHOICES:
        raise Untold(NO_OUTCOME)
    worked = _minutes(told)
    if worked is None and told["travel"]:
        raise Untold(NO_WORK)
    of = {"session_id": row["session_id"], "order_id": row["order_id"]}
    if code == DID_NOT and (told["departure"] or worked is not None):
        raise Untold(NO_TIMES_NEEDED)
    if code != DID_NOT and not came:
        if not (told["arrival"] and told["departure"]):
            raise Untold(NO_TIMES)
        times = {"arrival": told["arrival"], "departure": told["departure"]}
        yield Step(
            "Attendance", "RecordAttendance", {"session_id": row["session_id"], **times}, _key(told["attendance_key"])
        )
    if worked is not None:
        travel = _number("Travel", told["travel"] or "0")
        credit = {**of, "work_minutes": worked, "travel_minutes": travel, "told_to_person": told["told"] == "yes"}
        yield Step("Hours", "CreditHours", credit, _key(told["hours_key"]))
    if code == CAME and told["remark"]:
        raise Untold(NOWHERE)
    if code != CAME:
        absence = {
            **of,
            "absence_id": str(_key(told["absence_id"])),
            "appointment_kind": "UPW",
            "date": day,
            "kind": "FTA" if code == DID_NOT else "FAILURE_TO_COMPLY",
            **({"note": told["remark"]} if told["remark"] else {}),
        }
        says = "Absence" if code == DID_NOT else "Failure to comply"
        yield Step(says, "RecordAbsence", absence, _key(told["absence_key"]))


def _minutes(told: Mapping[str, str]) -> int | None:
    """The minutes worked; None where none are given."""
    if not (told["hours"] or told["minutes"]):
        return None
    worked = _number("Hours", told["hours"] or "0") * 60 + _number("Minutes", told["minutes"] or "0")
    if worked > MOST_MINUTES:
        raise Untold(TOO_LONG)
    return worked


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", text):
        raise Untold(NOT_A_NUMBER.format(name=name))
    return int(text)


def _key(text: str) -> UUID:
    try:
        return UUID(a_random_id(text))
    except ValueError as wrong:
        raise Untold(NO_KEY) from wrong
