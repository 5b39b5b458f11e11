"""One line of an import: the command it gives, its key, and why it was set aside, in none of its own words.

    {"command": "RecordAbsence", "to": "offender/019a…", "data": {…}, "at": "2025-04-07T17:30",
     "by": {"id": "…", "role": "supervisor", "unit": "…"}, "key": "…", "source": {"system": "…", "recorded": "…"}}

Nobody signs a line but who imports the file.  In a simulated ledger, whose facts are made up and whose name says so, a
line is given by whom it names.  In a real one the entry says who imported it: a line that another system has recorded
(`source`) is the importer's telling of it, and one without is given by the importer, in the role that the line names;
whom the line names is sealed beside either, as `source.by` (docs/decisions/0019).

Proven by tests/importing/test_importing.py and tests/importing/test_signing.py.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args, get_origin
from uuid import UUID

import orjson

from ledger.aggregates import COMMANDS
from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor, Fact, a_code, a_random_id, a_text, in_london
from ledger.commands import Command
from ledger.errors import WITHHELD, LedgerError, Malformed, Refused, Unexpected
from ledger.importing.rows import drawn
from ledger.reading import a_json
from ledger.store.mapping import plain
from ledger.store.vault import secret_file

log = logging.getLogger(__name__)

REFERRING: Final = frozenset({"CorrectRecord", "StrikeOutRecord"})


class LineKeys:
    """Keys for lines that have none: drawn once for the file, then found again by line number."""

    def __init__(self, home: Path, file: Path) -> None:
        name = sha256(str(file.resolve()).encode()).hexdigest()[:32]
        self.secret = secret_file(home / "imports" / f"{name}.key")

    @classmethod
    def with_secret(cls, secret: bytes) -> LineKeys:
        """The same keys in another process."""
        keys = cls.__new__(cls)
        keys.secret = secret
        return keys

    def of(self, line: int) -> UUID:
        """Random to everybody without the file in the home."""
        return drawn(self.secret, str(line))


def read_line(text: bytes, draw: Callable[[], UUID], importer: Actor, *, simulated: bool) -> Command:
    """The command of a line, `draw` giving its key if it has none; `simulated`: for such a ledger.

    Raises Malformed: it is not of the shape above.
    """
    try:
        line = _object(a_json(text))
    except ValueError as wrong:
        raise Malformed(f"The line cannot be read: {wrong}.") from wrong
    if line is None or set(line) - _MEMBERS or not {"command", "to", "by"} <= set(line):
        raise Malformed("The line needs command, to and by, and knows data, at, effective, key and source besides.")
    noun, _, target = str(line["to"]).partition("/")
    name = str(line["command"])
    if name not in COMMANDS.get(noun, {}):
        raise Malformed("The catalogue has no such command for such a target.")
    data = _object(line.get("data", {}))
    if data is None:
        raise Malformed("data is one JSON object: the fields of the command.")
    source = _source(line.get("source"))
    by = _actor(line["by"])
    own = source is not None or simulated or by.id == importer.id
    return Command(
        name=name,
        noun=noun,
        id=target,
        data=data,
        actor=by if own else _signed(importer.id, by.role, by.unit),
        key=UUID(_random_id(line["key"], "key")) if line.get("key") is not None else draw(),
        at=_instant(line["at"], "at") if line.get("at") is not None else None,
        effective=str(line["effective"]) if line.get("effective") is not None else None,
        source=source,
        source_sealed={"by": by.id} if source or not own else None,
        recorder=importer if source else None,
    )


def named_by(text: bytes, draw: Callable[[], UUID]) -> tuple[bytes, str] | None:
    """The key and the stream that a line names, to ask what is recorded of it; None for one that cannot be read.

    A first look: whether they are usable, `read_line` says.
    """
    try:
        line = orjson.loads(text)
        noun, _, target = line["to"].partition("/")
        key = line.get("key")
        return UUID(key).bytes if key is not None else draw().bytes, a_text(f"{noun}-{target}")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


_MEMBERS: Final = frozenset({"command", "to", "data", "at", "by", "key", "source", "effective"})


def _object(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _actor(value: Any) -> Actor:
    by = _object(value)
    if by is None or not {"id", "role"} <= set(by) <= {"id", "role", "unit"}:
        raise Malformed("by is {id, role, unit}: every entry must be signed and dated.")
    if str(by["role"]) not in ROLES:
        raise Malformed("by.role is none of the roles.")
    unit = by.get("unit")
    return _signed(str(by["id"]), str(by["role"]), None if unit is None else str(unit))


@lru_cache(maxsize=4096)  # few people record much
def _signed(staff: str, role: str, unit: str | None) -> Actor:
    return Actor(_random_id(staff, "by.id"), role, _code(unit, "by.unit") if unit is not None else None)


def _code(value: Any, name: str) -> str:
    try:
        return a_code(str(value))
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.") from wrong


def _source(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    source = _object(value)
    if source is None or set(source) != {"system", "recorded"}:
        raise Malformed("source is {system, recorded}: the other system, and when it recorded this.")
    recorded = _instant(source["recorded"], "source.recorded")
    if recorded > datetime.now(UTC):
        raise Malformed("source.recorded lies ahead: no other system has recorded that yet.")
    return {"system": _code(source["system"], "source.system"), "recorded": str(plain(recorded))}


def _random_id(value: Any, name: str) -> str:
    try:
        return a_random_id(str(value))
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.") from wrong


def _instant(value: Any, name: str) -> datetime:
    try:
        return in_london(datetime.fromisoformat(str(value)))
    except ValueError as wrong:
        raise Malformed(f"{name}: use an instant such as 2025-04-07T17:30, London time.") from wrong


def reason_of(problem: Exception) -> tuple[str, str]:
    """Rule (or the kind of problem) and reason."""
    if isinstance(problem, Refused):
        return problem.refusals[0].rule, problem.refusals[0].in_clear
    if isinstance(problem, LedgerError):
        return problem.code, problem.message
    if isinstance(problem, ValueError):
        return "malformed", "The line cannot be read."
    log.error("a line could not be recorded: %s", type(problem).__name__)
    return Unexpected.code, f"{Unexpected.title}; nothing was recorded of this line."


def in_our_words(reason: str, command: Command) -> str:
    """A reason that repeats nothing of what its line said: a name may stand in any field, also in one for codes."""
    known = _vocabulary(COMMANDS[command.noun][command.name])
    told = {each for each in _texts(dict(command.data)) if len(each) > 1} - known
    for each in sorted(told, key=len, reverse=True):
        reason = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", WITHHELD, reason, flags=re.IGNORECASE)
    return reason


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, the names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in cast("dict[str, Any]", value).items():
            yield from _texts(list(pair))
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _texts(each)


@cache
def _vocabulary(fact_class: type[Fact]) -> frozenset[str]:
    """The words a command is made of: its fields and the values that its types list."""
    fields = fact_class.model_fields
    return frozenset(fields).union(*(_listed(info.annotation) for info in fields.values()))


def _listed(annotation: Any) -> frozenset[str]:
    inner = get_args(annotation)
    if get_origin(annotation) is Literal:
        return frozenset(map(str, inner))
    return frozenset[str]().union(*map(_listed, inner))
