"""What stands under a log's checkpoint beside its Ed25519 signature: its own ML-DSA-44 one, and those of witnesses.

    home/keys/log-mldsa.key         the log's second key; a receipt does not carry its signature, which is 3 kB long
    home/keys/log-mldsa-next.key    beside it for 90 days, once it is rotated (store/keys.py)
    home/checkpoint                 the newest released checkpoint, signed by both
    home/checkpoint-cosigned        the newest one that as many witnesses cosigned as LEDGER_WITNESSES asks for
    home/checkpoint-witnesses.json  what became of asking each of them

The same for the access log, under its own names.  The second signature bears no time: other processes of this ledger
sign too, and none of them can say which checkpoint was the largest.

Proven by tests/store/test_cosigned.py.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from ledger.errors import Setup
from ledger.store.keys import LogKeys
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import CosignatureVerifier, Cosigner
from ledger.transparency.errors import FormatError, TransparencyError
from ledger.transparency.note import NoteVerifier, Signature, Signer, format_note, parse_note
from ledger.transparency.policy import NONE, Policy


def policy_at(path: Path) -> Policy:
    """The policy of LEDGER_WITNESSES.  Raises Setup where it cannot be read, or can never be met from here."""
    try:
        policy = Policy.parse(path.read_bytes())
    except OSError as problem:
        raise Setup(f"The policy {path} cannot be read: {problem.strerror}. See LEDGER_WITNESSES.") from problem
    except TransparencyError as problem:
        raise Setup(f"The policy {path} makes no sense: {problem}.") from problem
    asked = {name for name, each in policy.witnesses.items() if each.url}
    if not policy.satisfied(asked):
        raise Setup(f"The policy {path} asks for {policy.quorum}, and not enough of its witnesses have an address.")
    return policy


class SecondKey:
    """The log's own ML-DSA-44 key, for 90 days after a rotation two: signs notes that its first key signed."""

    def __init__(self, origin: str, file: Path) -> None:
        """Raises Setup where the log's name is longer than such a signature can bind."""
        try:
            self.keys = LogKeys(origin, file, Cosigner)
        except FormatError as problem:
            raise Setup(f"A log cannot be called {origin[:80]}: {problem}.") from problem
        self._lock = threading.Lock()
        self._last: dict[str, Signature] = {}  # of one text, by verifier key
        self._text = ""

    @property
    def verifier(self) -> CosignatureVerifier:
        """Of the key that signs; of two, of the one that readers hold already."""
        return self.keys.signers()[0].verifier()

    @property
    def vkeys(self) -> tuple[str, ...]:
        """Of those that sign now."""
        return tuple(each.verifier().vkey() for each in self.keys.signers())

    def under(self, note: str) -> str:
        """The note with these signatures too: some 0.6 ms of a processor for each, once for each text in turn."""
        parsed = parse_note(note)
        there = {(each.name, each.key_id) for each in parsed.signatures}
        with self._lock:
            if self._text != parsed.text:
                self._text, self._last = parsed.text, {}
            made = [self._made(each) for each in self.keys.signers()]
        return format_note(
            parsed.text, (*parsed.signatures, *(each for each in made if (each.name, each.key_id) not in there))
        )

    def _made(self, cosigner: Cosigner) -> Signature:
        key = cosigner.verifier()
        if key.vkey() not in self._last:
            self._last[key.vkey()] = Signature(key.name, key.key_id, cosigner.at(0).sign(self._text.encode()))
        return self._last[key.vkey()]


class Asked(NamedTuple):
    """What became of asking a witness: the size it last cosigned (0: none), when, and what is wrong, if anything."""

    size: int
    at: str | None
    problem: str | None


@dataclass(slots=True)
class Cosigned:
    """The newest checkpoint with enough cosignatures, kept in a file of its own; without a policy there is none."""

    policy: Policy | None
    path: Path
    told: Path
    keys: LogKeys[Signer]
    second: SecondKey

    @property
    def known(self) -> Sequence[NoteVerifier]:
        """The log's own keys, of which one at least signs each of its checkpoints."""
        return [*self.keys.known, *self.second.keys.known]

    @property
    def demanded(self) -> bool:
        """Whether a checkpoint leaves this house only with cosignatures."""
        return self.policy is not None and self.policy.quorum != NONE

    def newest(self) -> tuple[Checkpoint, str] | None:
        """As kept, if it satisfies the policy of today."""
        if self.policy is None or not self.path.exists():
            return None
        try:
            note = self.path.read_bytes().decode()
            return self.policy.open(note, self.known)[0], note
        except (TransparencyError, UnicodeDecodeError):
            return None

    def status(self) -> Mapping[str, Any]:
        """For people: how far it is cosigned, and how each witness stands."""
        if self.policy is None:
            return {}
        newest = self.newest()
        told: dict[str, Any] = orjson.loads(self.told.read_bytes()) if self.told.exists() else {}
        witnesses = [
            {"name": name, "url": party.url, **told.get(name, Asked(0, None, "It was not asked yet.")._asdict())}
            for name, party in self.policy.witnesses.items()
        ]
        return {
            "cosigned": newest[0].size if newest else 0,
            "quorum": self.policy.quorum,
            "witnesses": witnesses,
        }

    @property
    def files(self) -> tuple[Path, Path]:
        """The note, and what is told of each witness."""
        return self.path, self.told


def files_beside(home: Path, checkpoint: str) -> tuple[Path, Path]:
    """The newest cosigned note, and what is told of each witness, beside a log's checkpoint file."""
    return home / f"{checkpoint}-cosigned", home / f"{checkpoint}-witnesses.json"


def second_key(name: str) -> str:
    """The file of the second key beside a first: log.key, log-mldsa.key."""
    return name.replace(".key", "-mldsa.key")


__all__: Final = ["Asked", "Cosigned", "SecondKey", "files_beside", "policy_at", "second_key"]
