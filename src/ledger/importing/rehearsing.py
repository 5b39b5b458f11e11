"""A dry run: every line decided against the ledger and the lines before it, and nothing written.

    outcome = await rehearse(ledger, source.lines(), keys, importer, progress)

A line is decided as an import would decide it, on its case as the lines before it would leave it, settings and holidays
included; what would be set aside is told with the same rule and reason.  No entry is made, and none in the access log:
nothing was asked for yet.  Only the vault can say whether a value can be sealed now, and only the moment of recording
whether somebody else was faster; neither is foreseen.

What is foreseen lies in no database, so all of it stays in memory: some 30 kB a case of ten facts.
Proven by tests/importing/test_equal.py: what it foresees is what the import comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from ledger.aggregates.child.facts import ChildRecorded
from ledger.aggregates.offender.facts import OffenderRecorded
from ledger.aggregates.shape import Actor
from ledger.application import DIGESTS, Ledger
from ledger.application.executing import KEY_REUSED
from ledger.commands import SINGLE_STREAMS
from ledger.errors import EntryTooLarge, KeyReused
from ledger.importing.alone import Progress
from ledger.importing.deciding import Decider, Line, Terms, There, there_of
from ledger.importing.lines import REFERRING, LineKeys, in_our_words, read_line, reason_of
from ledger.importing.reconciling import Outcome
from ledger.importing.sources import Told, readable
from ledger.store import binary, mapping
from ledger.store.ahead import EVERYTHING, Ahead
from ledger.store.appending import MAX_ENTRY, TOO_LARGE
from ledger.store.cases import Desk
from ledger.store.mapping import Unsealed
from ledger.store.waiting import recorded_at

AT_ONCE: Final = 1_000  # lines that the ledger is asked about together
_LINK: Final = 110  # bytes that only the lock adds to an entry: the leaf before it, and when it was recorded
_SEAL: Final = 91  # bytes that each sealed value adds beside its path: commitment, key, quotation marks


async def rehearse(
    ledger: Ledger, lines: Iterable[Told], keys: LineKeys, importer: Actor, progress: Progress
) -> Outcome:
    """What an import of these lines would come to.  Raises DatabaseUnavailable, VaultUnavailable."""
    store, outcome = ledger.store, Outcome(dry=True)
    terms = Terms(store.bound_to, store.simulated, await store.vault.secret(DIGESTS), keys.secret, importer)
    cases = Ahead(terms.origin, store.database, store.vault)
    cases.most = EVERYTHING
    rehearsal = _Rehearsal(terms, cases, ledger, outcome)
    for some in _batches(readable(lines, outcome)):
        await rehearsal.give(some, await there_of(some, keys, store.database))
        progress(outcome)
    outcome.rejected.sort()
    return outcome


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while some := list(islice(lines, AT_ONCE)):
        yield some


class _Rehearsal(Decider):
    """A decider whose verdicts are the end of each line."""

    def __init__(self, terms: Terms, cases: Ahead, ledger: Ledger, outcome: Outcome) -> None:
        super().__init__(terms, cases, ledger.store.database)
        self._ledger, self._outcome = ledger, outcome
        self._numbers: dict[str, dict[str, None]] = {}  # the streams of people of this file by client id
        self._own: dict[bytes, bytes] = {}  # digests of this file's lines by key, which a line far below may use again
        self._newest = 0  # recorded time of the newest fact there would be, in microseconds

    async def give(self, lines: list[Line], there: There) -> None:
        """Tell of each line what would become of it."""
        await self._begin()
        for number, text in lines:
            command = None
            try:
                command = read_line(text, lambda n=number: self._keys.of(n), self._importer, simulated=self._simulated)
                facts = await self._foreseen(number, text, there)
            except Exception as problem:  # a defect of ours too would set one line aside
                rule, reason = reason_of(problem)
                self._outcome.was_set_aside(number, text, rule, in_our_words(reason, command) if command else reason)
                continue
            if facts:
                self._outcome.was_recorded(text, facts)
            else:
                self._outcome.was_repeated(text)

    async def _begin(self) -> None:
        if self._next:
            return
        head = await self._database.head()
        self._next = (head.size if head else 0) + 1
        self._newest = binary.microseconds(head.recorded) if head else 0
        await self._cases.policy(fresh=True)

    async def _foreseen(self, number: int, text: bytes, there: There) -> int:
        """As how many facts the line would be recorded; 0 for one that was before.  Raises what stands in its way."""
        line = self.read(number, text)
        if line.command.name in REFERRING:
            line = await self._with_reference(line)
        known = there.known.get(line.key) or self._own.get(line.key)
        if known is not None:
            if known != line.digest:
                raise KeyReused(KEY_REUSED)
            return 0
        await self._start([line.command.stream], there.begun)
        desk, policy = Desk(self._cases), self._cases.policy_kept or await self._cases.policy()
        ruled = await self._ruled(line, desk, policy)
        clock = binary.microseconds(datetime.now(UTC))
        newest = recorded_at(line.command.at, clock, self._newest, simulated=self._simulated)
        if any(_size(mapping.unsealed(draft, ruled.envelope)) > MAX_ENTRY for draft in ruled.drafts):
            raise EntryTooLarge(TOO_LARGE)
        first = await self._foresee(line, desk, ruled)
        if line.command.noun in SINGLE_STREAMS:
            self._cases.foresee_rules(ruled.drafts, ruled.envelope, first, ruled.moment)
        self._newest, self._own[line.key] = newest, line.digest
        if isinstance(line.draft, OffenderRecorded | ChildRecorded):
            self._numbers.setdefault(str(line.draft.client_id), {})[line.command.stream] = None
        return len(ruled.drafts)

    async def _numbered(self, client_id: str) -> tuple[str, ...]:
        """Who has a client id by now, or would have it by the lines before."""
        there = await self._ledger.numbered(client_id)
        return tuple(dict.fromkeys((*there, *self._numbers.get(client_id, ()))))

    def _remember(self, key: bytes, fact: str) -> None:
        self._recent[key] = fact  # all of them: none can be asked of the ledger


def _size(fact: Unsealed) -> int:
    """Bytes of its entry once it is sealed."""
    sealed = sum(len(path) + _SEAL for _, forms in fact.boxes for path in forms)
    return len(fact.prefix) + len(fact.early) + len(fact.late) + sealed + _LINK
