"""The sequencer: every append of every caller, one transaction for all that wait, one signature for the batch.

While a COMMIT is under way the next commands gather; they go together into the next one (adaptive group commit).  The
only lock is the row `head`.  So order of positions = order of commits = order of `recorded`, without a gap; one fsync
and one signature serve the whole batch; a stale version refuses only its own command.  Any number of processes may
run one against the same database.

A seal is one straight generator, `_sealed`: it yields what to send and is resumed, straight from the socket's reader,
with what came back.  Its comments say what is true if the machine stops there.  A COMMIT whose answer never came is
settled by the same lock on a new connection (`_settle`) before anything else is sealed or signed.

Who trusts what: the caller trusts a receipt because its checkpoint is signed, and nothing is signed before its
COMMIT has returned; the next process trusts nothing in memory, it reads the head under the lock.

Follows FiloSottile/sunlight for the seal and TigerBeetle for the batch.  Proven by tests/store/test_sequencer*.py,
test_recorder_contract.py (the eventsourcing library's own cases) and tests/journeys/test_kill.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from ledger.aggregates.ledger_stream import ORIGIN
from ledger.errors import ClockInDoubt, DatabaseUnavailable, DiskFull, LedgerError, ReadOnly
from ledger.store import binary
from ledger.store.appending import (
    SETUP,
    STATEMENTS,
    Append,
    Batch,
    Ending,
    Query,
    Receipt,
    Repeated,
    Sealed,
    chains_of,
    ids_of,
    receipts_of,
    sealed_under,
    writes,
)
from ledger.store.waiting import Waiting, again, place_all
from ledger.store.wire import DISK_FULL, Answer, DatabaseTrouble, Lost, Rows, Wire
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer
from ledger.transparency.tree import RightEdge

__all__ = ["SETUP", "STATEMENTS", "Sequencer"]

log = logging.getLogger(__name__)

MAX_FACTS: Final = 2_000  # of one transaction: bounds how long the head is locked
FEW_FACTS: Final = 16  # of one, while a closing is being tried
REFUSED_PAUSE: Final = 1.0  # seconds
CLOCK_TOLERANCE: Final = 5_000_000  # microseconds (ledger-format.md, Checkpoint)
_BAD_DATA: Final = ("22", "23", "54")  # classes of SQLSTATE that are about what was sent
_STOPPING: Final = "The service is stopping. Nothing was recorded; try again in a moment."
_RESTORE: Final = "restore what is missing before anything is added."
_START_AGAIN: Final = "start this process again."
_NO_ANSWER: Final = "The ledger's database does not answer. Nothing was recorded; try again in a moment."

Seal: TypeAlias = Generator[Sequence[Query], list[Rows], None]


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A COMMIT is under way; if its answer never comes, this is what must be settled."""

    placed: Sequence[Waiting]
    edge: RightEdge
    root: bytes
    last: Sealed


@dataclass(frozen=True, slots=True)
class _Known:
    """The ledger as this process last released it: others add to it, and nothing takes away."""

    edge: RightEdge
    data: bytes
    leaf: bytes  # of its newest fact


class Sequencer:
    """The only writer of entries.  One per process and ledger; `append` may be called by any number of tasks."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Wire]],
        signer: Signer,
        *,
        signers: Callable[[], Sequence[Signer]] | None = None,
        simulated: bool = False,
        released: Callable[[int, str], None] = lambda size, note: None,
        floor: int = 0,
        deadline: float = 10.0,
        losses: int = 0,
    ) -> None:
        """`connect` opens a Wire with STATEMENTS; `released` hears of each checkpoint once it may be shown; `floor` is
        the size of the newest checkpoint ever released; `deadline`, in seconds, is each append's; `signers`, asked
        each time, are those that sign in place of the one; `losses`: how many were accepted when this was opened, for
        after another one the log has another name and other keys."""
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._origin = signer.name
        self._signers = signers or (lambda: (signer,))
        self._simulated = simulated
        self._released = released
        self._floor = floor
        self._deadline = deadline
        self._losses = losses
        self._waiting: deque[Waiting] = deque()
        self._alone: deque[Waiting] = deque()  # of a batch the database refused: tried again one by one
        self._doubt: _Doubt | None = None
        self._wire: Wire | None = None
        self._seal: Seal | None = None
        self._mending: asyncio.Task[None] | None = None
        self._known: _Known | None = None
        self._due = False
        self._closed = False
        self._most = MAX_FACTS
        self.read_only: str | None = None  # why, once the ledger was found smaller or different
        self.batches = 0
        self.sealed = 0

    def append(self, append: Append) -> asyncio.Future[Receipt | Repeated]:
        """Seal the facts of one command: appends get their positions in the order of these calls.

        One without facts, that a refusal was decided on, is only held against what is recorded at its turn.

        Raises StaleVersion, BeingErased (a key of it), KeyReused, EntryTooLarge, ClockInDoubt, DiskFull,
        ReadOnly, DatabaseUnavailable: nothing was written.  OutcomeUnknown: it may stand; ask again with the same key.
        """
        if not append.facts and not append.reads and not append.ending:
            raise ValueError("an append has at least one fact")
        return self._ask(append)

    def confirm(self) -> asyncio.Future[Receipt | Repeated]:
        """Done when a COMMIT later than this has returned: what was read before is durable, on the standbys too.

        For whoever finds a receipt by reading: its COMMIT may have been seen here before a standby had it.  Raises as
        `append` does.
        """
        return self._ask(Append(()))

    def _ask(self, append: Append) -> asyncio.Future[Receipt | Repeated]:
        if self.read_only:
            raise ReadOnly(self.read_only)
        if self._closed:
            raise DatabaseUnavailable(_STOPPING)
        waiting = Waiting(append, self._loop.create_future())
        timer = self._loop.call_later(self._deadline, self._late, waiting)
        waiting.done.add_done_callback(lambda _: timer.cancel())
        if append.ending:  # the sooner its turn comes, the less is sealed that it does not know of
            self._waiting.appendleft(waiting)
        else:
            self._waiting.append(waiting)
        self._soon()
        return waiting.done

    @contextlib.contextmanager
    def in_small_batches(self) -> Generator[None]:
        """While inside, no batch of this process holds much: who wants to end all of them must be able to keep up."""
        self._most = FEW_FACTS
        try:
            yield
        finally:
            self._most = MAX_FACTS

    async def close(self) -> None:
        """Let what is under way end, refuse what waits, and close the connection."""
        self._closed = True
        ends = self._loop.time() + self._deadline
        while self._seal is not None and self._loop.time() < ends:
            await asyncio.sleep(0.005)
        if self._mending:
            self._mending.cancel()
        if self._wire:
            self._wire.close()
        while self._seal is not None:  # it had no answer in all that time; now it has one
            await asyncio.sleep(0)
        self._refuse_waiting(_STOPPING)
        for each in self._doubt.placed if self._doubt else ():
            each.leave_unknown()

    # ------------------------------------------------------------------------------------ one batch after another

    def _soon(self) -> None:
        """Start the next batch one turn of the loop later, so that all who ask in this turn go together."""
        if self._seal is None and not self._due:
            self._due = True
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        """Start the next batch if there is one and a connection to send it on."""
        self._due = False
        if self._closed or self._seal is not None:
            return
        if self._wire is None or self._wire.closed or self._doubt:
            self._mend()
            return
        batch = self._gather()
        if batch:
            self._run(self._sealing(batch))

    def _gather(self) -> list[Waiting]:
        queue, most = (self._alone, 1) if self._alone else (self._waiting, self._most)
        batch: list[Waiting] = []
        facts = 0
        while queue and facts < most and not (batch and queue[0].append.ending):
            waiting = queue.popleft()
            if not waiting.done.done():
                batch.append(waiting)
                facts += most if waiting.append.ending else len(waiting.append.facts)
        return batch

    def _run(self, seal: Seal) -> None:
        self._seal = seal
        self._step(lambda: next(seal))

    def _step(self, step: Callable[[], Sequence[Query]]) -> None:
        """One turn of the seal: what it yields goes out; its end starts the next batch."""
        assert self._wire is not None
        try:
            queries = step()
        except StopIteration:
            self._seal = None
            self._soon()
        else:
            self._wire.send(queries, self._answered)

    def _answered(self, answer: Answer) -> None:
        seal = self._seal
        assert seal is not None
        if isinstance(answer, DatabaseTrouble):
            self._step(lambda: seal.throw(answer))
        else:
            self._step(lambda: seal.send(answer))

    # ------------------------------------------------------------------------------------ the seal

    def _sealing(self, waiting: list[Waiting]) -> Seal:
        """Seal one batch, from the lock to the signature; every way out answers or requeues every command."""
        try:
            yield from self._sealed(waiting)
        except Lost:
            self._after_loss(waiting)
        except LedgerError as problem:
            yield from self._rolled_back()
            _fail_all(waiting, problem)
        except Exception as problem:  # a defect of ours too must not leave callers waiting or the lock held
            yield from self._rolled_back()
            self._after_trouble(waiting, problem)

    def _sealed(self, waiting: list[Waiting]) -> Seal:
        appends = [each.append for each in waiting]
        ending = appends[0].ending
        asked = self._asked(appends, ending)
        answer = dict(zip((name for name, _ in asked), (yield asked), strict=True))
        # STOP HERE: the transaction is open and empty; PostgreSQL rolls it back.  Nobody was told anything.
        size, edge, newest = self._head(answer[b"lock"], answer[b"ours"])
        clock = self._clock(binary.read_int8(answer[b"clock"][0][0]), newest)
        fenced = frozenset(binary.read_bytes(row[0]) for row in answer.get(b"fenced", ()))
        batch = Batch(size, chains_of(answer[b"chains"]), fenced=fenced)
        if batch.chain(ORIGIN).n != self._losses:
            raise self._close_for_writing("A loss was accepted: the log goes on under another name.", _START_AGAIN)
        receipts = receipts_of(answer.get(b"receipts", ()))
        if ending and not waiting[0].done.done():
            recorded = max(clock, newest) if not self._simulated else newest
            self._end(waiting[0], ending, batch, recorded, answer[b"since"])
        placing = place_all(waiting, batch, receipts, clock=clock, newest=newest, simulated=self._simulated)
        waiting[:] = (*placing.placed, *placing.known)
        self._waiting.extend(placing.twins)  # the next batch finds their receipts
        if not waiting:
            yield ((b"rollback", ()),)
            return
        self._take_warnings()
        if not batch.facts:
            yield ((b"commit", ()),)
            self._answer_known(waiting, self._take_warnings())
            return
        edge = edge.extend([each.leaf for each in batch.facts])
        root = edge.root()
        self._doubt = _Doubt(placing.placed, edge, root, batch.facts[-1])
        yield (*writes(batch, edge, root, placing.newest), (b"notify", ()), (b"commit", ()))
        # STOP HERE: durable and not acknowledged; the caller's retry finds its receipt under its key.
        self._answer_known(placing.known, self._committed())

    def _asked(self, appends: Sequence[Append], ending: Ending | None) -> Sequence[Query]:
        """What is read under the lock; what no append of the batch needs is not asked."""
        asked: list[Query] = [
            (b"begin", ()),
            (b"lock", ()),
            (b"clock", ()),
            (b"chains", (binary.array_of_text([*ids_of(appends), ORIGIN]),)),
            (b"ours", (binary.int8(self._known.edge.size if self._known else 0),)),
        ]
        if keys := [each.key for each in appends if each.key is not None]:
            asked.append((b"receipts", (binary.array_of_uuid(keys),)))
        if sealed := sealed_under(appends):
            asked.append((b"fenced", (binary.array_of_uuid(sealed),)))
        if ending:
            asked.append((b"since", (binary.int8(ending.after), binary.int8(ending.most + 1))))
        return asked

    def _end(self, waiting: Waiting, ending: Ending, batch: Batch, recorded: int, since: Rows) -> None:
        """Make the fact that ends all before it; a clock that commands set is not moved by it."""
        fact, batch.heads = ending.made(batch.start, recorded, batch.chain(ending.stream).version, since)
        at = binary.moment(recorded) if self._simulated else None
        waiting.append = replace(waiting.append, facts=(fact,), at=at)

    def _committed(self) -> int:
        """The COMMIT has returned, so the facts are durable.  Only now is anything signed.  How often it warned."""
        doubt, self._doubt = self._doubt, None
        assert doubt is not None
        warnings = self._take_warnings()
        if not warnings:
            try:
                self._release(doubt)
                return 0
            except Exception:  # it stands, and whoever has no receipt yet finds it under its key
                log.exception("a checkpoint could not be released")
        for each in doubt.placed:
            each.leave_unknown()
        return warnings

    def _answer_known(self, known: Sequence[Waiting], warnings: int) -> None:
        """Their facts were read under the lock, so this COMMIT comes later and confirms them.

        A warning says that PostgreSQL gave up waiting for a standby: here they stand, after a failover they may not.
        """
        for each in known:
            if warnings or each.known is None:
                each.leave_unknown()
            else:
                each.answer(each.known)

    def _take_warnings(self) -> int:
        return self._wire.take_warnings() if self._wire else 0

    def _release(self, doubt: _Doubt) -> None:
        edge = doubt.edge
        self._known = _Known(edge, edge.to_bytes(), doubt.last.leaf)
        self._floor = edge.size
        self.batches += 1
        note = Checkpoint(self._origin, edge.size, doubt.root).sign(*self._signers())
        for each in doubt.placed:
            self.sealed += len(each.facts)
            each.answer(Receipt(each.facts, edge.size, note, binary.moment(each.recorded), each.append.warnings))
        self._released(edge.size, note)

    def _head(self, rows: Rows, ours: Rows) -> tuple[int, RightEdge, int]:
        """Size, right edge and newest recorded time, read under the lock.  Raises ReadOnly if facts are missing."""
        if not rows:
            raise self._close_for_writing("The ledger has no head: it was never set up, or it was emptied.")
        size, data, newest = binary.read_int8(rows[0][0]), binary.read_bytes(rows[0][1]), binary.read_int8(rows[0][2])
        known = self._known
        same = known is None or (
            [row[0] for row in ours] == [known.leaf] and (size > known.edge.size or data == known.data)
        )
        if size < self._floor or not same:
            raise self._close_for_writing(
                f"The ledger holds {size} facts, and is not the one that released a checkpoint of {self._floor} facts."
            )
        if known is not None and known.edge.size == size:
            return size, known.edge, newest
        return size, RightEdge.from_bytes(size, data), newest

    def _close_for_writing(self, why: str, mend: str = _RESTORE) -> ReadOnly:
        self.read_only = f"{why} It is open for reading only: {mend}"
        log.critical("%s", self.read_only)
        return ReadOnly(self.read_only)

    def _clock(self, database: int, newest: int) -> int:
        """The ledger's clock, in microseconds.  Raises ClockInDoubt (ledger-format.md, Checkpoint)."""
        if self._simulated:
            return database
        own = binary.microseconds(datetime.now(UTC))
        if database < newest - CLOCK_TOLERANCE or abs(database - own) > CLOCK_TOLERANCE:
            raise ClockInDoubt(
                "The database's clock is more than five seconds behind the newest fact, or away from this machine's. "
                "Nothing was recorded. Set the clocks right and try again."
            )
        return database

    # ------------------------------------------------------------------------------------ when things go wrong

    def _rolled_back(self) -> Seal:
        self._doubt = None
        try:
            yield ((b"rollback", ()),)
        except DatabaseTrouble:
            return  # the connection is gone, and the transaction with it

    def _late(self, waiting: Waiting) -> None:
        if waiting.sent:
            waiting.leave_unknown()
        else:
            waiting.fail(DatabaseUnavailable(_NO_ANSWER))

    def _after_loss(self, waiting: list[Waiting]) -> None:
        """The connection broke.  Before COMMIT was sent nothing happened; after it, `_settle` will know."""
        in_doubt = {id(each) for each in self._doubt.placed} if self._doubt else set[int]()
        self._waiting.extendleft(reversed(again([each for each in waiting if id(each) not in in_doubt])))

    def _after_trouble(self, waiting: list[Waiting], trouble: Exception) -> None:
        """The batch could not be sealed and is rolled back: say why, or find the one command that stands in the way."""
        name = trouble.state if isinstance(trouble, DatabaseTrouble) else type(trouble).__name__
        log.warning("a batch of %d could not be sealed: %s", len(waiting), name)
        left = again(waiting)
        if name == DISK_FULL:
            _fail_all(waiting, DiskFull("There is no room left to record anything. Nothing was recorded."))
        elif len(waiting) > 1:
            self._alone.extend(left)
        else:
            _fail_all(waiting, DatabaseUnavailable(f"This could not be sealed ({name}). Nothing was recorded."))
            if self._wire and not name.startswith(_BAD_DATA):
                self._wire.close()  # not the command's fault: perhaps a demoted server, or a session without its plans

    def _refuse_waiting(self, why: str) -> None:
        for queue in (self._waiting, self._alone):
            _fail_all(queue, DatabaseUnavailable(why))
            queue.clear()

    def _mend(self) -> None:
        if self._mending is None or self._mending.done():
            self._mending = self._loop.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        """Until there is a connection: try, tell those who wait, try again.  Then settle what is in doubt."""
        pause = 0.05
        if self._doubt and self._wire and not self._wire.closed:
            await asyncio.sleep(REFUSED_PAUSE)  # the database answers, but will not say: perhaps a standby
        while not self._closed:
            try:
                if self._wire:
                    self._wire.close()
                self._wire = await self._connect()
                break
            except (DatabaseTrouble, OSError, LedgerError) as problem:
                log.warning("no connection to the ledger's database: %s", type(problem).__name__)
                self._refuse_waiting(_NO_ANSWER)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
        if self._doubt and not self._closed:
            self._run(self._settle(self._doubt))
        else:
            self._mending = None
            self._next()

    def _settle(self, doubt: _Doubt) -> Seal:
        """Did the COMMIT happen?  The head's lock waits for the old transaction to end, so the answer is final.

        This transaction ends with a COMMIT too: its wait for the standby stands in for the one that was cut short.
        """
        self._take_warnings()
        try:
            answer = yield (
                (b"begin", ()),
                (b"lock", ()),
                (b"leaf", (binary.int8(doubt.last.position),)),
                (b"commit", ()),
            )
        except DatabaseTrouble:
            return  # gone again: `_next` mends and settles anew
        if answer[2] and answer[2][0][0] == doubt.last.leaf:
            self._committed()
        else:
            self._doubt = None
            self._waiting.extendleft(reversed(again(doubt.placed)))


def _fail_all(waiting: Iterable[Waiting], problem: LedgerError) -> None:
    for each in waiting:
        if each.sent:  # recorded before: whatever is wrong now, that is not undone
            each.leave_unknown()
        else:
            each.fail(problem)
