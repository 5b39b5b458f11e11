"""Sending a log's newest checkpoint to its witnesses: whatever they do, sealing goes on.

Every few seconds each witness of the policy that has an address is asked (C2SP tlog-witness) for its cosignature of the
newest released checkpoint, with the proof that it continues what that witness has seen.  The first checkpoint that
enough of them have cosigned becomes the one that leaves (store/cosigned.py).  Any number of processes of one ledger may
do this beside each other: a witness says itself what it has seen.

A witness that does not answer is told in the status.  One that shows another history of this very log, or more of it
than there is here, is an alarm that prints both checkpoints: somebody has restored an old database, or has the key.

Proven by tests/store/test_cosigned.py and tests/journeys/test_witness.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import orjson

from ledger.errors import LedgerError, Setup
from ledger.fetching import Answered, Peer, Unreached
from ledger.logs import told
from ledger.store import proving
from ledger.store.checkpoint_files import write_synced
from ledger.store.cosigned import Asked
from ledger.store.log import Log
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import MAX_NOTE_BYTES, Signature, format_note, open_note, parse_note
from ledger.transparency.policy import Party
from ledger.transparency.tree import HashReader, edge_at
from ledger.transparency.witness import SIZE_TYPE, request_of

log = logging.getLogger(__name__)

TRIES: Final = 3  # one, one with the size that the witness told, and one where another process was quicker
_LONGEST_ANSWER: Final = 100_000


class _Refused(Exception):
    """A witness does not cosign; the message says why."""


class Cosigning:
    """The asking for one log.  `every`: seconds between two rounds."""

    def __init__(self, of: Log, every: float) -> None:
        """Raises Setup for an address that is none."""
        assert of.cosigned.policy is not None
        self._log, self._every, self._policy = of, every, of.cosigned.policy
        self._sizes: dict[str, int] = {}  # of what each witness cosigned last, as far as is known here
        self._asked: dict[str, Asked] = {}
        self._signed: dict[str, str] = {}  # the text each of them cosigned last: it is not asked again for that
        self._lines: dict[str, Signature] = {}
        self._alarmed: set[str] = set()
        try:
            self._peers = {name: Peer(party.url) for name, party in self._policy.witnesses.items() if party.url}
        except ValueError as problem:
            raise Setup(f"A witness of LEDGER_WITNESSES has no address that can be asked: {problem}.") from problem

    async def run(self) -> None:
        """For ever: what goes wrong is logged and tried again."""
        while True:
            try:
                await self.round()
            except (LedgerError, OSError) as problem:
                log.error("the witnesses could not be asked: %s", type(problem).__name__)
            await asyncio.sleep(self._every)

    async def round(self) -> None:
        """Ask every witness once for the newest checkpoint, and keep what came of it.

        Raises DatabaseUnavailable, and OSError where it cannot be kept.
        """
        head = await self._log.database.head()
        if head is None or not head.size or self._log.read_only:
            return
        checkpoint, note = await self._log.covering(head.size)
        note = await asyncio.to_thread(self._log.second.under, note)
        before = dict(self._asked)
        await asyncio.gather(*(self._ask(name, checkpoint, note) for name in self._peers))
        text = parse_note(note).text
        signed = [name for name in self._policy.witnesses if self._signed.get(name) == text]
        newest, witnesses = self._log.cosigned.files
        if self._policy.satisfied(signed) and signed:
            lines = (*parse_note(note).signatures, *(self._lines[name] for name in signed))
            await asyncio.to_thread(write_synced, newest, format_note(text, lines))
        if before != self._asked:
            body = orjson.dumps({name: each._asdict() for name, each in self._asked.items()}).decode()
            await asyncio.to_thread(write_synced, witnesses, body)

    async def _ask(self, name: str, checkpoint: Checkpoint, note: str) -> None:
        """Ask one, and remember what became of it."""
        party = self._policy.witnesses[name]
        if self._signed.get(name) == checkpoint.body():
            return
        try:
            self._lines[name] = await self._line(name, party, checkpoint, note)
        except (_Refused, Unreached, TransparencyError, LedgerError) as problem:
            why = str(problem)
            previous = self._asked.get(name)
            if previous is None or previous.problem != why:
                log.error("a witness does not cosign", extra=told(witness=name, why=why))
            self._asked[name] = Asked(self._sizes.get(name, 0), previous.at if previous else None, why)
        else:
            self._sizes[name], self._signed[name] = checkpoint.size, checkpoint.body()
            self._asked[name] = Asked(checkpoint.size, datetime.now(UTC).isoformat(timespec="seconds"), None)

    async def _line(self, name: str, party: Party, checkpoint: Checkpoint, note: str) -> Signature:
        """Its cosignature of this checkpoint.  Raises _Refused, Unreached, and what making a proof raises."""
        answer: Answered | None = None
        for _ in range(TRIES):
            old = self._sizes.get(name, 0)
            if old > checkpoint.size:
                await self._hear(name, party, checkpoint, note)
                raise _Refused(f"it has cosigned {old} facts; there are {checkpoint.size}")
            proof: Sequence[bytes] = ()
            if 0 < old < checkpoint.size:
                proof = (await proving.consistency(self._log, old, checkpoint.size)).hashes
            body = request_of(old, proof, note).encode()
            answer = await asyncio.to_thread(
                self._peers[name].ask, "POST", "/add-checkpoint", body, most=_LONGEST_ANSWER
            )
            size = _size_in(answer)
            if size is None:
                break
            self._sizes[name] = size
        assert answer is not None
        if answer.status == 200:
            return _line_of(party, checkpoint, answer)
        if answer.status == 422:
            await self._hear(name, party, checkpoint, note)
        raise _Refused(f"it answers {answer.status}")

    # ------------------------------------------------------------------------------------ two histories

    async def _hear(self, name: str, party: Party, checkpoint: Checkpoint, note: str) -> None:
        """What it holds of this log, where it does not cosign: another history is an alarm."""
        hashed = sha256(self._log.origin.encode()).hexdigest()
        try:
            answer = await asyncio.to_thread(self._peers[name].ask, "GET", f"/{hashed}/checkpoint", most=MAX_NOTE_BYTES)
            if answer.status != 200:
                return
            held = Checkpoint.open(answer.body, self._log.origin, [*self._log.cosigned.known, party.key])
        except (Unreached, TransparencyError):
            return  # it is not to be believed, or keeps it elsewhere
        theirs = answer.body.decode()
        if held.size > checkpoint.size:
            self._alarm(name, "a witness holds more of this log than there is", theirs, note)
            return
        root = await self._root_at(held.size)
        if root != held.root:
            what = f"two roots for the first {held.size} facts: {held.root.hex()} and, here, {root.hex()}"
            self._alarm(name, what, theirs, note)

    async def _root_at(self, size: int) -> bytes:
        def read(tree: HashReader) -> bytes:
            return edge_at(size, tree).root()

        return await self._log.tiles.prove(size, read)

    def _alarm(self, name: str, what: str, theirs: str, ours: str) -> None:
        """Both checkpoints, once: they bear the signatures that show it to anybody."""
        if theirs not in self._alarmed:
            self._alarmed.add(theirs)
            log.critical(what, extra=told(origin=self._log.origin, witness=name, theirs=theirs, ours=ours))


def _size_in(answer: Answered) -> int | None:
    """The size a witness says that it holds; None for any other answer."""
    if answer.status != 409 or answer.content_type != SIZE_TYPE or len(answer.body) > 20:
        return None
    text = answer.body.decode("ascii", "replace").rstrip("\n")
    return int(text) if text.isascii() and text.isdigit() else None


def _line_of(party: Party, checkpoint: Checkpoint, answer: Answered) -> Signature:
    """The signature by the key that the policy names; lines by others are passed over."""
    note = f"{checkpoint.body()}\n".encode() + answer.body
    return open_note(note, [party.key]).signatures[0]
