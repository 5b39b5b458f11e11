"""Where everything a witness says is decided: one thing at a time, and on the disk before it is said.

Those who ask (POST /add-checkpoint) and the witness's own following go through the same door, so whatever it cosigns
continues whatever it cosigned before.  Blocking throughout.  Proven by tests/witnessing/test_station.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from ledger.errors import Setup
from ledger.fetching import Unreached
from ledger.logs import told
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.errors import SignatureError, TransparencyError
from ledger.transparency.fork import Fork, fork_in_tree
from ledger.transparency.note import parse_note
from ledger.transparency.proof import Proof
from ledger.transparency.tree import consistency_proof
from ledger.transparency.witness import Answer, Held, Witness, request_of
from ledger.witnessing.kept import Keeping, origin_hash
from ledger.witnessing.remote import RemoteLog
from ledger.witnessing.replaying import Replay

log = logging.getLogger(__name__)

Alarm = Callable[[str], None]
REFUSED: Final = 422
LATER: Final = 503


def _of(origin: str, proofs: Sequence[str]) -> list[str]:
    """Those under a checkpoint of this log."""
    return [each for each in proofs if parse_note(Proof.parse(each).note).text.split("\n")[0] == origin]


class Station:
    """A witness with its memory.  `alarm` is given the text of every proof of a fork, once."""

    def __init__(
        self,
        keeping: Keeping,
        keys: Sequence[KnownKey] = (),
        *,
        alarm: Alarm,
        clock: Callable[[], float] = time.time,
        proofs: Sequence[str] = (),
    ) -> None:
        """`keys`: of logs to know, beside those known already; `proofs`: of keys that those announced.

        Raises Setup, FormatError, ProofError.
        """
        self._keeping, self._alarm, self._clock = keeping, alarm, clock
        self._lock = threading.Lock()
        self._replays: dict[str, Replay] = {}
        self._logs = keeping.known()
        self.witness = Witness(self._logs, [keeping.cosigner])
        self._held: dict[str, Held | None] = {each: keeping.held(self.witness, each) for each in self._logs}
        self._alarmed: set[str] = set()
        self._strange: set[tuple[str, bytes]] = set()  # keys that sign beside the known ones, and were asked about
        for name in dict.fromkeys([*(key.name for key in keys), *(self._logs if proofs else ())]):
            self.know(name, [key for key in keys if key.name == name], _of(name, proofs))

    @property
    def vkey(self) -> str:
        """The key to hand to whoever is to trust this witness."""
        return self._keeping.cosigner.verifier().vkey()

    @property
    def origins(self) -> list[str]:
        """The logs it knows."""
        return sorted(self._logs)

    def know(self, origin: str, keys: Sequence[KnownKey], proofs: Sequence[str] = ()) -> None:
        """Know a log; by other keys than it is known by already only where it announced them.

        Raises Setup for a key that it did not announce, FormatError and ProofError for broken proofs.
        """
        with self._lock:
            self._logs[origin] = self._keeping.know(origin, keys, proofs)
            self._held.setdefault(origin, self._keeping.held(self.witness, origin))

    def replay(self, origin: str, replay: Replay) -> None:
        """From now on this log is replayed before it is cosigned."""
        self._replays[origin] = replay

    def checkpoint(self, hashed: str) -> str | None:
        """The newest checkpoint it cosigned of the log whose origin has this hash."""
        for origin, held in self._held.items():
            if held is not None and origin_hash(origin) == hashed:
                return held.note
        return None

    def add_checkpoint(self, body: bytes | str) -> Answer:
        """The answer to a request; whatever must be kept is kept."""
        with self._lock:
            answer = self.witness.answer(body, self._held.get, int(self._clock()))
            if answer.fork is not None:
                self._raise_alarm(answer.fork)
            if answer.held is None:
                return answer
            origin = answer.held.checkpoint.origin
            if origin in self._replays:
                try:
                    self._replays[origin].reach(answer.held.checkpoint)
                except TransparencyError as problem:
                    log.error("not cosigned: it does not hold", extra=told(origin=origin, why=str(problem)))
                    return Answer(REFUSED, f"{problem}\n")
                except Unreached as problem:
                    return Answer(LATER, f"{problem}\n")
            self._keeping.hold(origin, answer.held)
            self._held[origin] = answer.held
            return answer

    # ------------------------------------------------------------------------------------ following by itself

    def meet(self, remote: RemoteLog, known: Sequence[KnownKey] = ()) -> str:
        """The origin of the log at an address; its key is trusted from now on where none is known for it.

        Raises Setup for a key that is none or another than the known one, Unreached.
        """
        vkey = remote.vkey()
        try:
            key = parse_vkey(vkey)
        except TransparencyError as problem:
            raise Setup(f"{remote.peer.url} does not give the key of a log: {problem}.") from problem
        if key.name not in self._logs and not any(each.name == key.name for each in known):
            log.warning(
                "a log is trusted by the key it gives itself: compare it with the one you were given",
                extra=told(vkey=vkey),
            )
        wanted = [each for each in known if each.name == key.name] or [key]
        trusted = {each.vkey() for each in self._logs.get(key.name, ())}
        strange = bool(trusted) and any(each.vkey() not in trusted for each in wanted)
        self.know(key.name, wanted, remote.announcements() if strange else ())
        return key.name

    def follow(self, origin: str, remote: RemoteLog) -> Answer | None:
        """See what the log says now, and cosign it if it goes on; None where it says what is held.

        Raises Unreached, TransparencyError for what is not signed by it or older than what is held.
        """
        note = remote.checkpoint()
        shown = parse_note(note).text.split("\n")[0]
        if shown != origin:  # a thief of its keys could show this too: only people can say that it is so
            raise SignatureError(
                f"the log {shown[:80]} is at the address of {origin}; where a loss was accepted, start this witness "
                "with the key that its operator gives you: --key"
            )
        self._learn(origin, note, remote)
        checkpoint = Checkpoint.open(note, origin, self._logs[origin])
        held = self._held[origin]
        if held is None:
            return self.add_checkpoint(request_of(0, [], note))
        if checkpoint == held.checkpoint:
            return None
        if checkpoint.size < held.size:
            raise Unreached(f"{origin} shows {checkpoint.size} entries; {held.size} were cosigned")
        proof: list[bytes] = []
        if 0 < held.size < checkpoint.size:
            proof = consistency_proof(held.size, checkpoint.size, remote.tree(checkpoint.size))
        answer = self.add_checkpoint(request_of(held.size, proof, note))
        if answer.status == REFUSED and answer.fork is None:
            answer = answer._replace(fork=self._fork(held, checkpoint, note, remote))
        return answer

    def _learn(self, origin: str, note: str, remote: RemoteLog) -> None:
        """Ask a log once about a key that signs in its name and is not known: it may have announced it."""
        known = {each.key_id for each in self._logs[origin]}
        lines = {(each.name, each.key_id) for each in parse_note(note).signatures if each.name == origin}
        strange = {each for each in lines if each[1] not in known} - self._strange
        if strange:
            proofs = remote.announcements()
            self.know(origin, (), proofs)
            self._strange |= strange

    def _fork(self, held: Held, checkpoint: Checkpoint, note: str, remote: RemoteLog) -> Fork | None:
        """What the log's own tiles show where the proof alone did not tell."""
        fork = fork_in_tree(held, (checkpoint, note), remote.tree(checkpoint.size))
        if fork is not None:
            self._raise_alarm(fork)
        return fork

    def _raise_alarm(self, fork: Fork) -> None:
        file = self._keeping.keep_fork(fork)
        if file.name not in self._alarmed:
            self._alarmed.add(file.name)
            log.critical("one log has told two histories", extra=told(proof=str(file)))
            self._alarm(fork.text())
