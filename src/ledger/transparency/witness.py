r"""A witness as a state machine: what it holds of a log, a request, the answer, and what it holds then.

Follows C2SP tlog-witness (c2sp.org/tlog-witness), ``POST add-checkpoint``. The body of a request:

    old <size>                 what the witness cosigned last, as far as the asker knows; 0 for nothing
    <b64 hash>                 at most 63: consistency proof from there
    <blank line>
    <checkpoint>               a note the log signed

and the answers, in this order:

    400   not a request            409   another old size; the body is the size held, for the asker to go on from
    404   a log it does not know   422   the proof does not hold, or a second root for the size it holds
    403   no good signature of it  200   the body is a signature line for each of the witness's own keys

No clock and no disk: the time is given, and whoever asks keeps ``Answer.held`` before the answer leaves, with nothing
else decided for that log in between. Where the request itself shows that the log told two histories, ``Answer.fork``
has the proof: keep it, print it. The first history stays the one that is held.

    >>> from ledger.transparency.note import Signer
    >>> from ledger.transparency.tree import leaf_hash
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> witness = Witness({log.name: [log.verifier()]}, [Cosigner("witness.example/w1", bytes(32))])
    >>> first = Checkpoint(log.name, 1, leaf_hash(b"yes")).sign(log)
    >>> answer = witness.answer(request_of(0, [], first), {}.get, 1_679_315_147)
    >>> answer.status, answer.body[:20], answer.held.size
    (200, '— witness.example/w1', 1)
    >>> held = {log.name: answer.held}
    >>> witness.answer(request_of(0, [], first), held.get, 1_679_315_148)[:2]
    (409, '1\n')
    >>> other = Checkpoint(log.name, 1, leaf_hash(b"no")).sign(log)
    >>> answer = witness.answer(request_of(1, [], other), held.get, 1_679_315_149)
    >>> answer.status, answer.held, answer.fork is not None
    (422, None, True)

Proved by tests/transparency/test_witness.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.errors import FormatError, ProofError, SignatureError, TransparencyError
from ledger.transparency.fork import Fork, fork_in_proof
from ledger.transparency.note import (
    Note,
    NoteVerifier,
    decode_base64,
    encode_base64,
    format_note,
    open_note,
    parse_note,
    sign_note,
)
from ledger.transparency.tree import HASH_SIZE, MAX_SIZE, verify_consistency

__all__ = ["MAX_PROOF", "SIZE_TYPE", "Answer", "Held", "Request", "Witness", "parse_request", "request_of"]

MAX_PROOF: Final = 63
"""Hashes of a consistency proof in a request: no tree of at most 2^63 - 1 leaves needs more."""

SIZE_TYPE: Final = "text/x.tlog.size"
"""Content type of a 409, by which the asker knows that the body is a size."""

_TEXT: Final = "text/plain; charset=utf-8"
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Held(NamedTuple):
    """The newest checkpoint a witness cosigned of a log: its note bears the log's signatures and the witness's."""

    checkpoint: Checkpoint
    note: str

    @property
    def size(self) -> int:
        """Leaves of the tree it vouched for."""
        return self.checkpoint.size


class Answer(NamedTuple):
    """The answer over HTTP; ``held`` is what must be kept before it leaves, None where nothing changes."""

    status: int
    body: str
    content_type: str = _TEXT
    held: Held | None = None
    fork: Fork | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as read, nothing verified. ``empty_with_root``: it says size 0 with the root of another tree."""

    old: int
    proof: tuple[bytes, ...]
    note: str
    origin: str
    checkpoint: Checkpoint | None


def request_of(old: int, proof: Sequence[bytes], note: str) -> str:
    """The body of a request: ``proof`` is the consistency proof from size ``old`` to the checkpoint in the note."""
    return "".join((f"old {old}\n", *(f"{encode_base64(each)}\n" for each in proof), "\n", note))


def parse_request(body: bytes) -> Request:
    """What ``request_of`` wrote. Raises FormatError for anything else."""
    try:
        head, parted, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise FormatError("the request is not UTF-8") from error
    first, *lines = head.split("\n")
    found = _OLD.fullmatch(first)
    if not parted or found is None or int(found[1]) > MAX_SIZE:
        raise FormatError("a request begins with a line like: old 20852014")
    if len(lines) > MAX_PROOF:
        raise FormatError(f"a consistency proof has at most {MAX_PROOF} hashes, not {len(lines)}")
    proof = tuple(map(decode_base64, lines))
    if set(map(len, proof)) - {HASH_SIZE}:
        raise FormatError("a hash is not exactly 32 bytes long")
    text = parse_note(note).text
    origin, *rest = text.split("\n")
    try:
        checkpoint = Checkpoint.parse(text)
    except FormatError:
        # Size 0 with another root is the one malformed body that the protocol answers apart.
        if rest[:1] != ["0"]:
            raise
        Checkpoint.parse(f"{origin}\n1\n{rest[1] if len(rest) > 1 else ''}\n")
        checkpoint = None
    return Request(int(found[1]), proof, note, origin, checkpoint)


class Witness:
    """A witness of certain logs with keys of its own: pure, the same for any number of logs and askers."""

    def __init__(self, logs: Mapping[str, Sequence[NoteVerifier]], cosigners: Sequence[Cosigner]) -> None:
        """``logs``: the keys trusted for each origin, which they bear as their name. At least one cosigner."""
        if not cosigners:
            raise FormatError("a witness has a key of its own")
        self.logs = logs
        self.cosigners = cosigners

    def answer(self, body: str | bytes, held_of: Callable[[str], Held | None], now: int) -> Answer:
        """The answer to a request; ``held_of`` gives what is held of an origin, ``now`` is in POSIX seconds (> 0)."""
        try:
            request = parse_request(body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass"))
        except FormatError as error:
            return _refused(400, error)
        verifiers = self.logs.get(request.origin)
        if verifiers is None:
            return _refused(404, FormatError(f"no log called {request.origin[:80]!r} is known here"))
        try:
            opened = open_note(request.note, verifiers)
        except TransparencyError as error:
            return _refused(403, error)
        return self._decided(request, opened, held_of(request.origin), now)

    def _decided(self, request: Request, opened: Note, held: Held | None, now: int) -> Answer:
        """What is to be said of a checkpoint that the log did sign."""
        checkpoint = request.checkpoint
        if checkpoint is None:
            return _refused(422, ProofError("the tree of size 0 has another root"))
        if request.old > checkpoint.size:
            return _refused(400, FormatError(f"{checkpoint.size} leaves do not come after {request.old}"))
        # Looked for first: a second root for a size is a fork whatever old size came with it.
        fork = self._fork(request, checkpoint, opened, held)
        size = held.size if held else 0
        if request.old != size:
            return Answer(409, f"{size}\n", SIZE_TYPE, fork=fork)
        try:
            if size:
                assert held is not None
                verify_consistency(size, checkpoint.size, request.proof, held.checkpoint.root, checkpoint.root)
            elif request.proof:
                raise ProofError("a proof from size 0 is empty: every tree continues the empty one")
        except ProofError as error:
            return _refused(422, error)._replace(fork=fork)
        own = parse_note(sign_note(opened.text, [each.at(now) for each in self.cosigners])).signatures
        lines = format_note(opened.text, own).removeprefix(f"{opened.text}\n")
        return Answer(200, lines, held=Held(checkpoint, format_note(opened.text, (*opened.signatures, *own))))

    def _fork(self, request: Request, checkpoint: Checkpoint, opened: Note, held: Held | None) -> Fork | None:
        if held is None or checkpoint.size < held.size:
            return None
        note = format_note(opened.text, opened.signatures)
        proof = request.proof if request.old == held.size else ()
        return fork_in_proof(held, (checkpoint, note), proof)

    def read_held(self, note: str) -> Held:
        """What was kept: a note that the log signed and every key of this witness cosigned.

        Raises FormatError or SignatureError for anything else: a witness goes on from nothing it did not sign.
        """
        own = [each.verifier() for each in self.cosigners]
        origin = parse_note(note).text.split("\n")[0]
        known = [*self.logs.get(origin, ()), *own]
        checkpoint = Checkpoint.open(note, origin, known)
        signed = {(each.name, each.key_id) for each in open_note(note, known).signatures}
        if not all((each.name, each.key_id) in signed for each in own):
            raise SignatureError(f"the checkpoint of {origin} was not cosigned by every key of this witness")
        return Held(checkpoint, note)


def _refused(status: int, why: TransparencyError) -> Answer:
    return Answer(status, f"{why}\n")
