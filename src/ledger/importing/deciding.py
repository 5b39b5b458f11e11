"""Deciding an import's lines ahead of their sealing: a batch at a time, in the file's order, by the one set of rules.

    decider = Decider(terms, Ahead(…), database)
    lines = [(1, b'{"command": …}'), …]
    verdicts = await decider.decide(lines, await there_of(lines, keys, database))

Each line is decided on its case as the lines before it leave it, sealed or not (store.ahead), and on every other case
its decision asks for.  A verdict is

    Decided     accepted: all the sequencer needs but the keys, and the position it is meant for
    Turned      refused by a rule, on what this was decided on: that holds if it still is so at the line's turn
    KNOWN       recorded before, by this very line
    ALONE       anything else (malformed, a setting, a key used twice, somebody's number, a defect): only the ledger's
                own way in can say what becomes of it, once all before it is sealed

After a setting or holiday nothing is decided, for it changes what everything after it is decided on, nor after a hold,
its release, a letter that is yet to be written or a monthly report that is issued, by which more is recorded than one
line says: fewer verdicts than lines.  Where something was not sealed as foreseen, `again` forgets what was foreseen
from that line on.

Proven by tests/importing/test_equal.py: the same facts, values, refusals and warnings as one line after the other.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.case_review.holding import HOLDS
from ledger.aggregates.immutable import immutable
from ledger.aggregates.register_report import MonthlyReportIssued
from ledger.aggregates.shape import Actor, Fact, Unnumbered, Unread, a_random_id
from ledger.commands import (
    SINGLE_STREAMS,
    Command,
    asked,
    authorise,
    decision_of,
    draft_of,
    drafts_of,
    envelope_of,
    fact_class_of,
    reads_of,
    warnings_of,
)
from ledger.errors import LedgerError, Refusal, Refused
from ledger.importing.lines import REFERRING, LineKeys, named_by, read_line
from ledger.privacy.sealing import Keyed
from ledger.projections.letters import to_be_written
from ledger.store import mapping
from ledger.store.ahead import Ahead
from ledger.store.cases import Desk, PolicyAt
from ledger.store.database import Database, Head
from ledger.store.mapping import Draft, Envelope, Unsealed

log = logging.getLogger(__name__)

Line: TypeAlias = tuple[int, bytes]  # its number, and its text

RECENT: Final = 20_000  # lines whose keys are remembered here: more than can be on their way to the sequencer
ALONE: Final = "alone"
KNOWN: Final = "known"


class Decided(NamedTuple):
    """An accepted line."""

    facts: tuple[Unsealed, ...]
    key: bytes
    digest: bytes
    reads: tuple[tuple[str, int], ...]
    first: int  # the position foreseen for its first fact
    at: datetime | None
    warnings: bytes | None


class Turned(NamedTuple):
    """A line that a rule stands in the way of."""

    refusals: tuple[Refusal, ...]
    reads: tuple[tuple[str, int], ...]
    first: int  # the position foreseen for the next fact


Verdict: TypeAlias = Decided | Turned | Literal["alone", "known"]


class There(NamedTuple):
    """What of some lines is recorded."""

    known: dict[bytes, bytes]  # digests of commands, by their key
    begun: set[str]  # streams


class Reading(Protocol):
    """What a decider asks of the ledger's database (store.database)."""

    async def head(self) -> Head | None: ...
    async def fact_under(self, key: UUID) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a decider is told at the start: plain values, so that it may be in another process."""

    origin: str
    simulated: bool
    digests: bytes  # the key of the digests of commands
    line_keys: bytes  # the secret of the file's LineKeys
    importer: Actor


@immutable
class _Read:
    """A line that is a command its author may give."""

    number: int
    command: Command
    draft: Fact
    digest: bytes
    key: bytes


@immutable
class _Ruled:
    """What a line's decision comes to."""

    drafts: list[Draft]
    envelope: Envelope
    moment: datetime
    warnings: bytes | None


def _more_than_a_fact(line: _Read) -> bool:
    """Whether the vault must hear of it too, or a letter is written after the decision, with what is opened for it, or
    the rows of a monthly report are read before it, from all that is recorded by then."""
    reports = isinstance(line.draft, MonthlyReportIssued) and line.command.source is None
    return line.command.name in HOLDS or reports or to_be_written(line.draft)


class Decider:
    """Decides lines in the order it is given them."""

    def __init__(self, terms: Terms, cases: Ahead, database: Reading) -> None:
        self._simulated = terms.simulated
        self._keyed = Keyed(terms.digests)
        self._keys = LineKeys.with_secret(terms.line_keys)
        self._importer = terms.importer
        self._cases = cases
        self._database = database
        self._next = 0  # position; 0: ask
        self._touched: dict[str, int] = {}  # the last line that moved, or was decided on, a case
        self._recent: dict[bytes, str] = {}  # fact ids of lines decided lately, by their key

    async def decide(self, lines: Sequence[Line], there: There) -> list[Verdict]:
        """A verdict on each line, up to the first by which more is moved than it says.

        Raises DatabaseUnavailable, VaultUnavailable.  `there`: what was recorded when these lines were given, or
        before; the sequencer holds against them what is.
        """
        if not self._next:
            head = await self._database.head()
            self._next = (head.size if head else 0) + 1
            await self._cases.policy(fresh=True)
        read = [self._line(*line) for line in lines]
        known = there.known
        await self._start([each.command.stream for each in read if each and each.key not in known], there.begun)
        verdicts: list[Verdict] = []
        for each in read:
            if each is None:
                verdicts.append(ALONE)
                continue
            more = _more_than_a_fact(each)
            if each.key not in known and (more or each.command.noun in SINGLE_STREAMS):
                if more:
                    await self._forget_concerned(each)
                verdicts.append(ALONE)
                break
            verdicts.append(ALONE if more else await self._verdict(each, known))
        return verdicts

    def again(self, number: int) -> None:
        """Lines are given again from this one on: what they were decided on, and came to, was not as foreseen."""
        for name in [name for name, last in self._touched.items() if last >= number]:
            self._cases.forget(name)
            del self._touched[name]
        self._recent.clear()
        self._next = 0

    # ------------------------------------------------------------------------------------ one line

    def _line(self, number: int, text: bytes) -> _Read | None:
        """None for a line that is no command, or not for its author to give."""
        try:
            return self.read(number, text)
        except (LedgerError, ValueError):
            return None

    def read(self, number: int, text: bytes) -> _Read:
        """A line that is a command its author may give.  Raises LedgerError, ValueError."""
        command = read_line(text, lambda: self._keys.of(number), self._importer, simulated=self._simulated)
        fact_class = fact_class_of(command)
        authorise(command, fact_class)
        draft = draft_of(command, fact_class)
        assert command.key is not None
        return _Read(number, command, draft, self._keyed.digest(asked(command)), command.key.bytes)

    async def _start(self, streams: Sequence[str], begun: Set[str]) -> None:
        """The cases not in memory, most of which are new, and one question for those that are not."""
        names = [name for name in dict.fromkeys(streams) if name not in SINGLE_STREAMS and not self._cases.kept(name)]
        self._cases.start(name for name in names if name not in begun)
        if there := [name for name in names if name in begun]:
            await self._cases.read_all(there)

    async def _verdict(self, line: _Read, known: dict[bytes, bytes]) -> Verdict:
        moves_clock = line.command.at is not None and not self._simulated
        try:
            if line.command.name in REFERRING:
                line = await self._with_reference(line)
            if line.key in known:
                return KNOWN if known[line.key] == line.digest else ALONE
            if line.key in self._recent or moves_clock:
                return ALONE
            return await self._decided(line)
        except (LedgerError, Unnumbered):
            return ALONE
        except Exception as problem:  # a defect of ours: the ledger's own way in will meet it too, for this line alone
            log.error("a line could not be decided ahead: %s", type(problem).__name__)
            return ALONE

    async def _with_reference(self, line: _Read) -> _Read:
        """A file cannot know the ids of facts: a correction may name the key of the line that it corrects."""
        command = await with_reference(line.command, self._database, self._recent)
        if command is line.command:
            return line
        draft = draft_of(command, type(line.draft))
        return replace(line, command=command, draft=draft, digest=self._keyed.digest(asked(command)))

    async def _decided(self, line: _Read) -> Decided | Turned:
        desk, policy = Desk(self._cases), self._cases.policy_kept or await self._cases.policy()
        try:
            ruled = await self._ruled(line, desk, policy)
        except Refused as problem:
            self._touch(desk.read, line.number)
            return Turned(problem.refusals, reads_of(desk, policy), self._next)
        facts = tuple([mapping.unsealed(draft, ruled.envelope) for draft in ruled.drafts])
        reads = reads_of(desk, policy)
        first = await self._foresee(line, desk, ruled)
        return Decided(facts, line.key, line.digest, reads, first, line.command.at, ruled.warnings)

    async def _forget_concerned(self, line: _Read) -> None:
        """Whatever a line moves that goes alone is read again after it."""
        desk, policy = Desk(self._cases), self._cases.policy_kept or await self._cases.policy()
        moved = {line.command.stream}
        with contextlib.suppress(LedgerError):  # a refused one moves nothing
            moved |= {name for draft in (await self._ruled(line, desk, policy)).drafts for name in draft.about}
        for name in moved:
            self._cases.forget(name)

    async def _ruled(self, line: _Read, desk: Desk, policy: PolicyAt) -> _Ruled:
        """The decision on a line.  Raises Refused, LedgerError, Unnumbered."""
        command, stream = line.command, line.command.stream
        moment = command.at or datetime.now(UTC)
        while True:  # until every case the decision asks for lies on the desk
            try:
                state = desk.look((stream,))[stream]
                decision = decision_of(command, line.draft, state, policy.policy, desk.look, desk.numbered)
                break
            except Unread as wanted:
                for name in wanted.names:
                    desk.lay(name, await self._cases.read(name))
            except Unnumbered as wanted:
                desk.who_has[wanted.client_id] = await self._numbered(wanted.client_id)
        drafts = drafts_of(command, decision, desk.read[stream].version, moment)
        return _Ruled(drafts, envelope_of(command, policy.policy), moment, warnings_of(decision))

    async def _numbered(self, client_id: str) -> tuple[str, ...]:
        """Who has a client id, which nobody can say of people whose lines are not sealed yet."""
        raise Unnumbered(client_id)

    async def _foresee(self, line: _Read, desk: Desk, ruled: _Ruled) -> int:
        """Take what was decided into the cases it concerns; the position foreseen for its first fact."""
        drafts = ruled.drafts
        about = (name for name in drafts[0].about if noun_of(name) in AGGREGATES)
        concerned = [line.command.stream, *about]
        for name in concerned:
            if self._cases.kept(name) is None:
                await self._cases.read(name)
        self._touch((*desk.read, *concerned), line.number)
        first, self._next = self._next, self._next + len(drafts)
        self._cases.foresee(concerned, drafts, ruled.envelope, first, ruled.moment)
        self._remember(line.key, drafts[0].id)
        return first

    def _touch(self, names: Iterable[str], number: int) -> None:
        for name in names:
            self._touched[name] = number

    def _remember(self, key: bytes, fact: str) -> None:
        self._recent[key] = fact
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]


async def there_of(lines: Sequence[Line], keys: LineKeys, database: Database) -> There:
    """What of these lines is recorded now.  Raises DatabaseUnavailable."""
    named = [each for number, text in lines if (each := named_by(text, lambda n=number: keys.of(n)))]
    known = await database.digests([key for key, _ in named]) if named else {}
    streams = {stream for key, stream in named if key not in known}
    return There(known, await database.begun(list(streams)) if streams else set[str]())


async def with_reference(command: Command, database: Reading, recent: dict[bytes, str]) -> Command:
    """With the id of the fact in the place of the key of the line that recorded it."""
    named = command.data.get("event_ref")
    if command.name not in REFERRING or not isinstance(named, str):
        return command
    try:
        key = UUID(a_random_id(named))
    except ValueError:
        return command  # the command's own check says what is wrong with it
    found = recent.get(key.bytes) or await database.fact_under(key)
    return replace(command, data={**command.data, "event_ref": found}) if found else command
