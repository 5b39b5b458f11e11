"""Import of JSON Lines: one command a line, in the file's order, resumable, nothing recorded twice.

    {"command": "RecordAbsence", "to": "offender/019a…", "data": {…}, "at": "2025-04-07T17:30",
     "by": {"id": "…", "role": "supervisor", "unit": "…"}, "key": "…", "source": {"system": "…", "recorded": "…"}}

A line without a key gets one drawn for it: random for the file, remembered by the file's place and the line's number,
never by content.  So running the file again finds the first receipts.  A line that fails is set aside in
FILE.rejected.jsonl (0600: line number, rule, reason; never the line) and the rest goes on.

A correction or striking-out may name, as its `event_ref`, the key of the line that recorded what it is about: a file
cannot know the ids of facts.

Lines of one stream wait for each other; others run together, and all are sent in the file's order.

Proven by tests/test_importing.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args, get_origin
from uuid import UUID

import orjson

from ledger.aggregates import COMMANDS
from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor, Fact, a_code, a_random_id, in_london
from ledger.application import Ledger
from ledger.commands import SINGLE_STREAMS, Acknowledged, Command
from ledger.errors import ClockInDoubt, LedgerError, Malformed, ReadOnly, Refused, Unavailable, Unexpected
from ledger.reading import a_json, in_reason
from ledger.store.vault import secret_file

log = logging.getLogger(__name__)

TOGETHER: Final = 256  # lines under way at once
RETRIES: Final = 60  # of a line while the ledger is not available, a second apart


class Queue:
    """A turn in the order of the file (application.Turn)."""

    __slots__ = ("_after", "_before")

    def __init__(self, before: asyncio.Event | None) -> None:
        self._before = before
        self._after = asyncio.Event()

    async def comes(self) -> None:
        if self._before:
            await self._before.wait()

    def passes(self) -> None:
        self._after.set()

    @property
    def passed(self) -> asyncio.Event:
        return self._after


@dataclass(slots=True)
class Outcome:
    """What became of a file's lines."""

    recorded: int = 0
    repeated: int = 0
    facts: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])  # line, rule, reason

    @property
    def lines(self) -> int:
        return self.recorded + self.repeated + len(self.rejected)


class LineKeys:
    """Keys for lines that have none: drawn once for the file, then found again by line number."""

    def __init__(self, home: Path, file: Path) -> None:
        name = sha256(str(file.resolve()).encode()).hexdigest()[:32]
        self._secret = secret_file(home / "imports" / f"{name}.key")

    def of(self, line: int) -> UUID:
        """Random to everybody without the file in the home."""
        drawn = bytearray(hmac.digest(self._secret, str(line).encode(), "sha256")[:16])
        drawn[6] = 0x40 | drawn[6] & 0x0F
        drawn[8] = 0x80 | drawn[8] & 0x3F
        return UUID(bytes=bytes(drawn))


async def import_file(
    ledger: Ledger, file: Path, importer: Actor, progress: Callable[[Outcome], None] = lambda outcome: None
) -> Outcome:
    """Record every line that can be; the others are set aside.  Raises OSError if the file cannot be read."""
    keys = LineKeys(ledger.store.home, file)
    lines = ((number, text) for number, text in enumerate(_lines(file), start=1) if text.strip())
    outcome = await import_lines(ledger, lines, keys, importer, progress)
    _set_aside(file, outcome)
    return outcome


async def import_lines(
    ledger: Ledger,
    lines: Iterator[tuple[int, bytes]],
    keys: LineKeys,
    importer: Actor,
    progress: Callable[[Outcome], None],
) -> Outcome:
    """Lines with their numbers, in order, many at a time."""
    outcome = Outcome()
    room = asyncio.Semaphore(TOGETHER)
    newest: dict[str, asyncio.Task[None]] = {}  # of each stream
    barrier: asyncio.Task[None] | None = None  # the last setting or holiday: all before it first, all after it later
    under_way: set[asyncio.Task[None]] = set()
    before: asyncio.Event | None = None
    for number, text in lines:
        try:
            command = read_line(text, keys.of(number), importer)
        except (LedgerError, ValueError) as problem:
            outcome.rejected.append((number, *_reason(problem)))
            continue
        await room.acquire()
        turn = Queue(before)
        before = turn.passed
        alone = command.noun in SINGLE_STREAMS
        first = list(under_way) if alone else [each for each in (newest.get(command.stream), barrier) if each]
        task = asyncio.create_task(_line(ledger, number, replace(command, turn=turn), turn, first, outcome))
        if alone:
            barrier = task
        newest[command.stream] = task
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        task.add_done_callback(lambda _: (room.release(), progress(outcome)))
        if len(newest) > 10_000:
            newest = {name: each for name, each in newest.items() if not each.done()}
    if under_way:
        await asyncio.gather(*under_way)
    outcome.rejected.sort()
    return outcome


async def _line(
    ledger: Ledger, number: int, command: Command, turn: Queue, first: list[asyncio.Task[None]], outcome: Outcome
) -> None:
    try:
        for each in first:
            await each
        acknowledged = await _patiently(ledger, await _with_reference(ledger, command))
        outcome.recorded += not acknowledged.repeated
        outcome.repeated += acknowledged.repeated
        outcome.facts += 0 if acknowledged.repeated else len(acknowledged.body["events"])
    except Exception as problem:  # a defect of ours too sets one line aside, and the rest goes on
        rule, reason = _reason(problem)
        outcome.rejected.append((number, rule, _in_our_words(reason, command)))
    finally:
        await turn.comes()  # a refused line must not let the next one past those before it
        turn.passes()


async def _with_reference(ledger: Ledger, command: Command) -> Command:
    """A file cannot know the ids of facts: a correction may name the key of the line that recorded what it corrects."""
    named = command.data.get("event_ref")
    if command.name not in _REFERRING or not isinstance(named, str):
        return command
    try:
        found = await ledger.store.database.fact_under(UUID(a_random_id(named)))
    except ValueError:
        return command  # the command's own check says what is wrong with it
    return replace(command, data={**command.data, "event_ref": found}) if found else command


async def _patiently(ledger: Ledger, command: Command) -> Acknowledged:
    """An import outlives a restart of its database: the key makes trying again safe."""
    for _ in range(RETRIES):
        try:
            return await ledger.execute(command)
        except ReadOnly:
            raise
        except Unavailable as problem:
            if isinstance(problem, ClockInDoubt) and command.at is not None:
                raise
            await asyncio.sleep(1)
    return await ledger.execute(command)


# ------------------------------------------------------------------------------------ one line


def read_line(text: bytes, key: UUID, importer: Actor) -> Command:
    """The command of a line.  Raises Malformed: the line is not of the shape above."""
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
    return Command(
        name=name,
        noun=noun,
        id=target,
        data=data,
        actor=by,
        key=UUID(_random_id(line["key"], "key")) if line.get("key") is not None else key,
        at=_instant(line["at"], "at") if line.get("at") is not None else None,
        effective=str(line["effective"]) if line.get("effective") is not None else None,
        source=source,
        source_sealed={"by": by.id} if source else None,
        recorder=importer if source else None,
    )


_REFERRING: Final = frozenset({"CorrectRecord", "StrikeOutRecord"})
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
    return Actor(_random_id(by["id"], "by.id"), by["role"], _code(unit, "by.unit") if unit is not None else None)


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
    return {"system": _code(source["system"], "source.system"), "recorded": recorded.strftime(_SEALED_INSTANT)}


_SEALED_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


def _random_id(value: Any, name: str) -> str:
    try:
        return a_random_id(str(value))
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.") from wrong


def _instant(value: Any, name: str) -> datetime:
    try:
        return in_london(in_reason(datetime.fromisoformat(str(value))))
    except ValueError as wrong:
        raise Malformed(f"{name}: use an instant such as 2025-04-07T17:30, London time.") from wrong


def _reason(problem: Exception) -> tuple[str, str]:
    """Rule (or the kind of problem) and reason."""
    if isinstance(problem, Refused):
        return problem.refusals[0].rule, problem.message
    if isinstance(problem, LedgerError):
        return problem.code, problem.message
    if isinstance(problem, ValueError):
        return "malformed", "The line cannot be read."
    log.error("a line could not be recorded: %s", type(problem).__name__)
    return Unexpected.code, f"{Unexpected.title}; nothing was recorded of this line."


def _in_our_words(reason: str, command: Command) -> str:
    """A reason that repeats nothing of what its line said: a name may stand in any field, also in one for codes."""
    known = _vocabulary(COMMANDS[command.noun][command.name])
    told = {each for each in _texts(dict(command.data)) if len(each) > 1} - known
    for each in sorted(told, key=len, reverse=True):
        reason = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "…", reason, flags=re.IGNORECASE)
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


# ------------------------------------------------------------------------------------ files


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from opened


def _set_aside(file: Path, outcome: Outcome) -> None:
    """FILE.rejected.jsonl, for the owner alone; gone when nothing is rejected any more."""
    path = file.with_name(f"{file.stem}.rejected.jsonl")
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if not outcome.rejected:
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as aside:
        for line, rule, reason in outcome.rejected:
            aside.write(orjson.dumps({"line": line, "rule": rule, "reason": reason}) + b"\n")
