"""Outcomes of appointments as a table (CSV), to the lines of an import and back from the view `outcomes`.

    for number, made in lines_of(opened, "delius"):       a row's lines, or why it was set aside
    write(rows, opened)                                   rows of the view, as the same table

A row says what came of one appointment, with the codes of rules/outcome_codes.py; docs/outcome-codes.md says which
facts each stands for.  Its columns are COLUMNS, in any order; those that its code does not need may be empty.  Every
fact is told by whom and when the other system recorded it (`recorded`, London time), as any import is.

Proven by tests/importing/test_outcomes.py.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

from ledger.errors import Malformed
from ledger.rules.outcome_codes import CODES, FORMERLY, Kind, current

COLUMNS: Final = (
    "contact_id",
    "offender_id",
    "order_id",
    "session_id",
    "placement_id",
    "date",
    "start",
    "outcome",
    "arrival",
    "departure",
    "worked_minutes",
    "travel_minutes",
    "supervisor_id",
    "practitioner_id",
    "coordinator_id",
    "recorded",
)
TRAVEL: Final = "TTX"
_NOBODY: Final = "as the other system has it"


@dataclass(frozen=True, slots=True)
class SetAside:
    """Why a row is no line of an import, in none of its own words."""

    reason: str


def lines_of(file: TextIO, system: str) -> Iterator[tuple[int, list[dict[str, Any]] | SetAside]]:
    """The rows with their numbers in the file, the first after the heading being 2.  Raises Malformed: the heading."""
    table = csv.DictReader(file, strict=True)
    names = table.fieldnames or ()
    if unknown := sorted(set(names) ^ set(COLUMNS)):
        raise Malformed(
            f"The heading names just these columns: {', '.join(COLUMNS)}. Look at {', '.join(unknown)[:200]}."
        )
    if len(set(names)) != len(names):
        raise Malformed("The heading names a column twice.")
    try:
        for row in table:
            try:
                yield table.line_num, list(_lines(_Row(row, system)))
            except Malformed as problem:
                yield table.line_num, SetAside(problem.message)
    except csv.Error as problem:
        raise Malformed(f"Line {table.line_num} is no line of a table: {problem}.") from problem


class _Row:
    """A row, asked for what its code needs."""

    def __init__(self, row: Mapping[str | Any, Any], system: str) -> None:
        if None in row or None in row.values():
            raise Malformed("The row has more or fewer columns than the heading.")
        self.given: dict[str, str] = {str(name): str(value).strip() for name, value in row.items()}
        self.system = system

    def __getitem__(self, name: str) -> str:
        if not self.given[name]:
            raise Malformed(f"{name} is empty, and this outcome needs it.")
        return self.given[name]

    def minutes(self, name: str) -> int:
        """A whole number of minutes.  Raises Malformed."""
        text = self[name]
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or len(text) > 6:
            raise Malformed(f"{name} is no whole number of minutes.")
        return int(text)

    def line(self, command: str, role: str, who: str, **data: Any) -> dict[str, Any]:
        """One line of an import."""
        return {
            "command": command,
            "to": f"offender/{self['offender_id']}",
            "data": data,
            "by": {"id": self[who], "role": role},
            "source": {"system": self.system, "recorded": self["recorded"]},
        }

    def by_supervisor(self, command: str, **data: Any) -> dict[str, Any]:
        """Told by the supervisor of the session."""
        return self.line(command, "supervisor", "supervisor_id", **data)

    def by_practitioner(self, command: str, **data: Any) -> dict[str, Any]:
        """Told by the practitioner of the order."""
        return self.line(command, "practitioner", "practitioner_id", **data)

    def by_coordinator(self, command: str, **data: Any) -> dict[str, Any]:
        """Told by whoever plans the sessions."""
        return self.line(command, "placement-coordinator", "coordinator_id", **data)


_Lines = Iterator[dict[str, Any]]


def _lines(row: _Row) -> _Lines:
    code = row["outcome"]
    try:
        of = CODES[current(code)]
    except KeyError:
        raise Malformed(f"outcome is none of the codes: {', '.join((*CODES, *FORMERLY))}.") from None
    if row.given["placement_id"]:
        yield row.by_coordinator(
            "ScheduleSession",
            session_id=row["session_id"],
            order_id=row["order_id"],
            placement_id=row["placement_id"],
            date=row["date"],
            start=row["start"],
        )
    yield from _STEPS[of.kind](row)


def _attended(row: _Row) -> _Lines:
    yield row.by_supervisor(
        "RecordAttendance", session_id=row["session_id"], arrival=row["arrival"], departure=row["departure"]
    )
    if row.given["worked_minutes"]:
        yield row.by_supervisor(
            "CreditHours",
            session_id=row["session_id"],
            order_id=row["order_id"],
            work_minutes=row.minutes("worked_minutes"),
            travel_minutes=row.minutes("travel_minutes") if row.given["travel_minutes"] else 0,
            told_to_person=False,
        )


def _absence(row: _Row, kind: str, appointment: str = "UPW") -> dict[str, Any]:
    session = {"session_id": row["session_id"]} if row.given["session_id"] else {}
    return row.by_supervisor(
        "RecordAbsence",
        absence_id=row["contact_id"],
        order_id=row["order_id"],
        appointment_kind=appointment,
        date=row["date"],
        kind=kind,
        **session,
    )


def _no_comply(row: _Row) -> _Lines:
    yield from _attended(row)
    yield _absence(row, "FAILURE_TO_COMPLY")


def _sent_home(row: _Row) -> _Lines:
    yield from _attended(row)
    yield row.by_supervisor("SendHome", session_id=row["session_id"], reason="CONDUCT", reported_to=[_NOBODY])
    yield _absence(row, "FAILURE_TO_COMPLY")


def _stood_off(row: _Row) -> _Lines:
    yield from _attended(row)
    yield row.by_supervisor(
        "StopWork",
        session_id=row["session_id"],
        stopped_at=f"{row['date']}T{row['departure']}",
        reason=CODES["ATSS"].says,
        reported_to=[_NOBODY],
    )


def _judged(row: _Row, result: str) -> _Lines:
    yield _absence(row, "FTA")
    code = current(row["outcome"])
    yield row.by_practitioner(
        "JudgeAbsence",
        absence_id=row["contact_id"],
        result=result,
        reason_code=code,
        reason=CODES[code].says,
        judged_on=row["recorded"][:10],
    )


def _rescheduled(row: _Row) -> _Lines:
    yield row.by_coordinator(
        "CancelSession", session_id=row["session_id"], cause=current(row["outcome"]), on=row["recorded"][:10]
    )


def _travel(row: _Row) -> _Lines:
    told = {"session_id": row["session_id"]} if row.given["session_id"] else {}
    minutes = row.minutes("travel_minutes")
    line = row.by_practitioner("AdjustHours", order_id=row["order_id"], delta_minutes=minutes, reason=TRAVEL, **told)
    yield line | {"effective": row["date"]}


_STEPS: Final[Mapping[Kind, Callable[[_Row], _Lines]]] = {
    "attended": _attended,
    "no-comply": _no_comply,
    "sent-home": _sent_home,
    "stood-off": _stood_off,
    "unacceptable": lambda row: _judged(row, "UNACCEPTABLE"),
    "acceptable": lambda row: _judged(row, "ACCEPTABLE"),
    "pending": lambda row: iter([_absence(row, "FTA")]),
    "instruction": lambda row: iter([_absence(row, "FAILURE_TO_COMPLY", "OTHER")]),
    "rescheduled": _rescheduled,
    "travel": _travel,
}


def write(offender: str, rows: Iterable[Mapping[str, Any]], file: TextIO) -> int:
    """Rows of the view as the table, its columns for the people and the day of recording left empty; how many."""
    table: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
    table.writeheader()
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - counted
        table.writerow(
            {name: "" if value is None else value for name, value in row.items()} | {"offender_id": offender}
        )
    return count
