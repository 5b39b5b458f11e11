"""One log: its name and key, its two doors, and the newest checkpoint it released, kept outside the database.

    the ledger        schema public    home/keys/log.key       home/checkpoint
    the access log    schema access    home/keys/access.key    home/access-checkpoint

What stands under a checkpoint beside the first key's signature, and who else must have signed: store/cosigned.py.
What it was called before a loss was accepted, and how that is done: store/naming.py, store/losing.py.

Both are of the same make (ledger-format.md, *The access log*), so there is one of everything here.  A log that is
smaller than its checkpoint file says, or another one, is open for reading only: what was acknowledged is missing, and
writing on would hide it.

Proven by tests/store/test_opening.py, test_tiling.py and tests/api/test_log.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from ledger.aggregates.ledger_stream import STREAM, LogKeyAnnounced
from ledger.errors import LedgerError, NotFound, ReadOnly
from ledger.store import tiling
from ledger.store.appending import STATEMENTS
from ledger.store.checkpoint_files import Kept, keep_newest
from ledger.store.cosigned import Cosigned, SecondKey, files_beside, second_key
from ledger.store.database import Database, Head
from ledger.store.keys import LogKeys
from ledger.store.naming import losses_of, names_of, take_over
from ledger.store.sequencer import Sequencer
from ledger.store.tiling import Tiling
from ledger.store.wire import Wire
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import TransparencyError
from ledger.transparency.names import Name
from ledger.transparency.note import Signer, parse_note
from ledger.transparency.policy import Policy
from ledger.transparency.tree import RightEdge

log = logging.getLogger(__name__)

Connect = Callable[[Mapping[str, LiteralString]], Awaitable[Wire]]


@dataclass(slots=True)
class Released:
    """Keeps the newest released checkpoint: in memory at once, in a synced file and a table at most a second later."""

    path: Path
    database: Database
    finished: Callable[[str], str] = lambda note: note  # as it stands in the file: blocks for a millisecond
    size: int = 0
    note: str = ""
    _written: int = 0
    _task: asyncio.Task[None] | None = None

    def __call__(self, size: int, note: str) -> None:
        if size > self.size:
            self.size, self.note = size, note

    def begin(self, size: int, note: str) -> None:
        """What the file holds when the ledger opens."""
        self.size = self._written = size
        self.note = note

    def read(self) -> str | None:
        """The newest note as kept in the file."""
        return self.path.read_text("utf-8", errors="replace") if self.path.exists() else None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.keep()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self.keep()

    async def keep(self) -> None:
        """Write the newest one if it is not written yet."""
        size, note = self.size, self.note
        if size == self._written:
            return
        try:
            await asyncio.to_thread(keep_newest, self.path, size, await asyncio.to_thread(self.finished, note))
            self._written = size
            await self.database.keep_note(size, note)
        except (OSError, LedgerError) as problem:
            log.error("the released checkpoint could not be kept: %s", type(problem).__name__)


@dataclass(slots=True)
class Log:
    """An open log."""

    kept: Kept
    origin: str
    simulated: bool
    keys: LogKeys[Signer]
    database: Database
    sequencer: Sequencer
    released: Released
    tiles: Tiling
    deadline: float  # seconds that a caller waits
    second: SecondKey
    cosigned: Cosigned
    earlier: Sequence[Name]  # what it was called before losses that were accepted, the first name first

    @property
    def bound_to(self) -> str:
        """The name that it was begun under, which every sealed value is bound to for ever."""
        return self.earlier[0].origin if self.earlier else self.origin

    @property
    def names(self) -> Sequence[Name]:
        """By which what it signed is verified: every name it had, and the one it has."""
        return [*self.earlier, Name(self.origin, self.keys.known)]

    @property
    def signer(self) -> Signer:
        """The key that signs; of two, for 90 days after a rotation, the one that readers hold already."""
        return self.keys.signers()[0]

    def note(self, size: int, root: bytes) -> str:
        """The signed note of a checkpoint that was released: Ed25519 makes the same one every time.

        Raises ReadOnly: of a log that is not the one released nothing is signed, or one size might get two roots.
        """
        self.writable()
        return Checkpoint(self.origin, size, root).sign(*self.keys.signers())

    def writable(self) -> None:
        """Raises ReadOnly where nothing may be added."""
        if self.read_only:
            raise ReadOnly(self.read_only)

    @property
    def read_only(self) -> str | None:
        """Why nothing may be added, if so."""
        return self.sequencer.read_only

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys of its own: Ed25519, one or two, which sign every checkpoint, and ML-DSA-44, one or two,
        which sign those that leave by `checkpoint`."""
        return *(each.verifier().vkey() for each in self.keys.signers()), *self.second.vkeys

    async def checkpoint(self) -> str:
        """The newest released checkpoint, with both keys' signatures; where the policy demands cosignatures, the newest
        that has them.  Raises NotFound before the first."""
        if not self.cosigned.demanded:
            return await asyncio.to_thread(self.second.under, (await self.covering(1))[1])
        newest = await asyncio.to_thread(self.cosigned.newest)
        if newest is None:
            raise NotFound("No checkpoint has the cosignatures that are asked for yet. Try again in a moment.")
        return newest[1]

    async def covering(self, size: int) -> tuple[Checkpoint, str]:
        """The newest released checkpoint, of at least this size, and its note.  Raises NotFound where there is none."""
        if self.released.size < max(size, 1):  # another process may have gone on
            head = await self.database.head()
            root = await self.database.root_at(head.size) if head and head.size >= size else None
            if head is None or root is None:
                raise NotFound("So many facts are not sealed yet." if size > 1 else "Nothing has been sealed yet.")
            await self.sequencer.confirm()  # what is only read may not be durable everywhere: see Sequencer.confirm
            self.released(head.size, self.note(head.size, root))
        note = self.released.note
        return Checkpoint.parse(parse_note(note).text), note

    async def status(self) -> dict[str, Any]:
        """What it holds, and whether it may be written to."""
        head = await self.database.head()
        assert head is not None
        return {
            "origin": self.origin,
            **({"earlier_origins": [each.origin for each in self.earlier]} if self.earlier else {}),
            "facts": head.size,
            "newest_fact": head.recorded if head.size else None,
            "read_only": self.read_only,
            "keys": [vkey.rsplit("+", 1)[0] for vkey in self.vkeys],
            "newest_timestamp": await self.database.newest_timestamp(),
            "released_checkpoint": self.released.read(),
            **await asyncio.to_thread(self.cosigned.status),
        }

    async def close(self) -> None:
        """Let what is under way end."""
        await self.sequencer.close()
        await self.tiles.stop()
        await self.released.stop()
        self.database.close()


async def open_log(
    connect: Connect,
    kept: Kept,
    home: Path,
    origin: str,
    simulated: bool,
    check: Callable[[Head, str], None] = lambda head, origin: None,
    deadline: float = 10.0,
    policy: Policy | None = None,
) -> Log:
    """Open a log; `connect` opens connections to its schema, `check` may refuse its head and name by raising, `policy`
    says who must cosign.

    A new one gets the name `origin`, until a loss is accepted.  Raises Setup, DatabaseUnavailable.
    """
    database = Database(connect, tiling.STATEMENTS)
    try:
        head = await database.head() or await _first_head(database, origin, simulated)
        replaced, losses = await _replaced(database), await losses_of(database)
        earlier, origin = names_of(head.origin, losses, replaced)
        check(head, origin)
        if losses:
            await asyncio.to_thread(take_over, home, kept, losses[-1])
        keys = LogKeys(origin, home / "keys" / kept.key, Signer)
        second = SecondKey(origin, home / "keys" / second_key(kept.key))
        keys.remember(replaced)
        second.keys.remember(replaced)
        released = Released(home / kept.checkpoint, database, second.under)
        missing = await _compare(kept.name, head, released, keys, origin)
    except BaseException:
        database.close()
        raise
    sequencer = Sequencer(
        lambda: connect(STATEMENTS),
        keys.signers()[0],
        signers=keys.signers,
        simulated=head.simulated,
        released=released,
        floor=released.size,
        deadline=deadline,
        losses=len(losses),
    )
    sequencer.read_only = missing
    released.start()
    tiles = Tiling(database)
    tiles.start(lambda: 0 if sequencer.read_only else released.size)
    cosigned = Cosigned(policy, *files_beside(home, kept.checkpoint), keys, second)
    return Log(
        kept, origin, head.simulated, keys, database, sequencer, released, tiles, deadline, second, cosigned, earlier
    )


async def _replaced(database: Database) -> list[str]:
    """The verifier keys that others came in place of."""
    stored = [each.members for each in await database.stream(STREAM) if each.type == LogKeyAnnounced.topic]
    return [each["values"]["replaces"] for each in stored if "replaces" in each["values"]]


async def _first_head(database: Database, origin: str, simulated: bool) -> Head:
    await database.begin(origin, simulated)
    head = await database.head()
    assert head is not None
    return head


async def _compare(name: str, head: Head, released: Released, keys: LogKeys[Signer], origin: str) -> str | None:
    """Does it hold what was last released?  Why it must open read-only, or None; `released` knows what it was."""
    path = released.path
    if not path.exists():
        if head.size:
            log.warning(
                "there is no file %s to compare the %s with; it begins with the next checkpoint", path.name, name
            )
        return None
    try:
        note = path.read_bytes().decode()
        kept = Checkpoint.open(note, origin, keys.known)
    except (TransparencyError, UnicodeDecodeError) as problem:
        return _read_only(f"The checkpoint file does not fit the {name}'s own name and key ({type(problem).__name__})")
    released.begin(kept.size, note)
    head = await released.database.head() or head  # again: another process may have gone on since, and kept its note
    if kept.size > head.size:
        return _read_only(f"The {name} holds {head.size} facts; {kept.size} were acknowledged")
    if kept.size and await _root_of(kept.size, released.database) != kept.root:
        return _read_only(f"The first {kept.size} facts of the {name} are not the ones that were acknowledged")
    return None


def _read_only(why: str) -> str:
    message = (
        f"{why}. It is open for reading only: restore the ledger that belongs to this home, "
        "or, where it is gone for good, run 'ledger log accept-loss'."
    )
    log.critical("%s", message)
    return message


async def _root_of(size: int, database: Database) -> bytes:
    """From every leaf, not from a row that says so."""
    edge = RightEdge()
    for first in range(1, size + 1, 20_000):
        edge = edge.extend(await database.leaves(first, min(first + 19_999, size)))
    return edge.root()
