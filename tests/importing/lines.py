"""Lines of imports, and files of them, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from tests.doors import PERSON, Door, days_ago

from ledger.aggregates.shape import Actor
from ledger.importing import Mapping as Columns
from ledger.importing import Outcome, import_file

Line = dict[str, Any]
IMPORTER = Actor(str(uuid4()), "administrator")
LONG_AGO = "2025-01-06T09:00:00Z"
SOURCE = {"system": "old-case-system", "recorded": "2024-11-05T10:00:00Z"}


def by(role: str, **more: str) -> Line:
    return {"id": str(uuid4()), "role": role, **more}


def line(command: str, to: str, data: Mapping[str, Any], role: str, **more: Any) -> Line:
    return {"command": command, "to": to, "data": dict(data), "by": by(role), **more}


def person(to: str, **more: Any) -> Line:
    return line("RecordOffender", to, PERSON, "court-officer", **more)


def order(to: str, order_id: str, **more: Any) -> Line:
    data = {
        "order_id": order_id,
        "order_type": "CO",
        "court": "Kidderminster",
        "sentence_date": days_ago(60),
        "order_end_date": days_ago(-305),
        "requirements": ["UPW"],
        "upw_hours": 100,
    }
    return line("RecordOrder", to, data, "court-officer", **more)


def absence(to: str, order_id: str, days: int = 5, **more: Any) -> Line:
    data = {
        "absence_id": str(uuid4()),
        "order_id": order_id,
        "appointment_kind": "UPW",
        "date": days_ago(days),
        "kind": "FTA",
    }
    return line("RecordAbsence", to, data | more.pop("data", {}), "supervisor", **more)


def bank_holiday(day: str) -> Line:
    data = {"date": day, "name": "Extra", "source_ref": "a proclamation"}
    return line("SetBankHoliday", "policy/policy", data, "chief-officer")


def a_case(absences: int = 1, **more: Any) -> list[Line]:
    """A person, an order, and so many absences."""
    to, order_id = f"offender/{uuid4()}", str(uuid4())
    return [
        person(to, **more),
        order(to, order_id, **more),
        *(absence(to, order_id, 3 + n, **more) for n in range(absences)),
    ]


def write(folder: Path, lines: Sequence[Line | bytes], name: str = "history.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join((each if isinstance(each, bytes) else orjson.dumps(each)) + b"\n" for each in lines))
    return path


def imported(door: Door, path: Path, mapping: Columns | None = None, *, dry: bool = False) -> Outcome:
    return door.run(import_file(door.ledger, path, IMPORTER, mapping=mapping, dry=dry))


def aside(path: Path) -> list[Line]:
    """What was set aside, as the file beside it says."""
    beside = path.with_name(f"{path.stem}.rejected.jsonl")
    return [json.loads(each) for each in beside.read_text("utf-8").splitlines()] if beside.exists() else []


def entries(door: Door, to: str) -> list[Line]:
    """The entries of a stream."""
    stored = door.run(door.ledger.store.database.stream(to.replace("/", "-")))
    return [{**each.members, "position": each.position} for each in stored]
