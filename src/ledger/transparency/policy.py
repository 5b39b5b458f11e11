r"""Policies: which logs and witnesses a reader trusts, and how many of the witnesses must have cosigned.

Follows C2SP tlog-policy (c2sp.org/tlog-policy). A file of lines, each ended by a newline; items are parted by spaces
and tabs; empty lines and those that begin with "#" are passed over:

    log <vkey> [<url>]                    a log whose checkpoints are believed; its key's name is the origin
    witness <name> <vkey> [<url>]         a witness, by a name of this file's own
    group <name> all|any|<k> <name>…      cosigned where that many of its members have
    quorum <name>|none                    what a checkpoint needs; exactly one

Names are opaque bytes, defined before they are used, in one name space; ``none`` can only be the quorum. A member is
listed once in all, so that no witness counts twice. One public key is one log or one witness, whatever its names. Keys
of logs are of type 0x01 or 0x06, those of witnesses 0x04 or 0x06.

    >>> from ledger.transparency.cosignature import Cosigner
    >>> from ledger.transparency.note import Signer
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> court, union = (Cosigner(f"{name}.example", name.encode().ljust(32)) for name in ("court", "union"))
    >>> policy = Policy.parse(f'''
    ... log {log.verifier().vkey()}
    ... witness court {court.verifier().vkey()} https://witness.court.example
    ... witness union {union.verifier().vkey()}
    ... group both all court union
    ... quorum both
    ... '''.encode())
    >>> checkpoint = Checkpoint(log.name, 3, bytes(31) + b"\x01")
    >>> policy.open(checkpoint.sign(log, court.at(1), union.at(2))) == (checkpoint, frozenset({"court", "union"}))
    True
    >>> policy.open(checkpoint.sign(log, court.at(1)))
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: the checkpoint lacks cosignatures: both is asked for, court signed

Proved by tests/transparency/test_policy.py.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import (
    COSIGNATURE_ML_DSA_44,
    CosignatureVerifier,
    KnownKey,
    parse_vkey,
)
from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import NoteVerifier, Verifier, open_note, parse_note

__all__ = ["NONE", "Group", "Party", "Policy"]

NONE: Final = "none"
"""The quorum that asks for no cosignature."""


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness: its name in the file (a log's is its key's), its key, and where it answers, if said."""

    name: str
    key: KnownKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least ``threshold`` of ``members``, which are names of witnesses and groups."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a file of this form says. Names that are not UTF-8 hold their bytes as surrogates."""

    logs: tuple[Party, ...]
    witnesses: Mapping[str, Party]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy. Raises FormatError with the line that is wrong."""
        if found := _FORBIDDEN.search(data):
            raise FormatError(f"a policy holds no control character: 0x{found[0].hex()}")
        if data and not data.endswith(b"\n"):
            raise FormatError("the last line of a policy does not end")
        reader = _Reader()
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
            items = [each for each in re.split(r"[ \t]+", line) if each]
            if items and not items[0].startswith("#"):
                try:
                    reader.line(items)
                except FormatError as error:
                    raise FormatError(f"line {number}: {error}") from error
        if reader.quorum is None:
            raise FormatError("a policy has exactly one quorum line")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def satisfied(self, signed: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the file, are enough."""
        reached = {NONE, *signed}
        for name, group in self.groups.items():  # in order: each refers only to those before it
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(name)
        return self.quorum in reached

    def open(self, note: str | bytes, logs: Sequence[NoteVerifier] | None = None) -> tuple[Checkpoint, frozenset[str]]:
        """The checkpoint that a log signed and enough witnesses cosigned, and which of them did.

        ``logs`` in place of the file's own, where they are known from elsewhere. Raises FormatError for a malformed
        note; SignatureError if no log it knows signed, too few witnesses did, or a known key signed wrongly.
        """
        checkpoint, signed = self.signed(note, logs)
        if not self.satisfied(signed):
            who = ", ".join(sorted(signed)) or "nobody"
            raise SignatureError(f"the checkpoint lacks cosignatures: {self.quorum} is asked for, {who} signed")
        return checkpoint, signed

    def signed(
        self, note: str | bytes, logs: Sequence[NoteVerifier] | None = None
    ) -> tuple[Checkpoint, frozenset[str]]:
        """As ``open``, whether or not they are enough."""
        known = [each.key for each in self.logs] if logs is None else list(logs)
        origin = parse_note(note).text.split("\n")[0]
        of_log = [each for each in known if each.name == origin]
        if not of_log:
            raise SignatureError(f"the policy knows no log called {origin[:80]!r}")
        keys = [*of_log, *(each.key for each in self.witnesses.values())]
        checkpoint = Checkpoint.open(note, origin, keys)
        found = {(each.name, each.key_id) for each in open_note(note, keys).signatures}
        names = (name for name, each in self.witnesses.items() if (each.key.name, each.key.key_id) in found)
        return checkpoint, frozenset(names)


# --- below ---------------------------------------------------------------------------------------------------

_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class _Reader:
    """A policy as far as it is read."""

    def __init__(self) -> None:
        self.logs: list[Party] = []
        self.witnesses: dict[str, Party] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        self._of_logs: set[bytes] = set()
        self._of_witnesses: set[bytes] = set()

    def line(self, items: Sequence[str]) -> None:
        """One line that is not passed over. Raises FormatError."""
        match items:
            case ["log", vkey, *url] if len(url) < 2:
                self._log(vkey, url)
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._witness(name, vkey, url)
            case ["group", name, how, *members] if members:
                self._group(name, how, members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise FormatError("a policy has exactly one quorum line")
                if name != NONE:
                    self._defined(name)
                self.quorum = name
            case _:
                raise FormatError(f"not a line of a policy: {' '.join(items)[:80]!r}")

    def _log(self, vkey: str, url: Sequence[str]) -> None:
        key = parse_vkey(vkey)
        if not (isinstance(key, Verifier) or key.signature_type == COSIGNATURE_ML_DSA_44):
            raise FormatError("a log signs with a key of type 0x01 or 0x06")
        if key.public_key in self._of_logs:
            raise FormatError("this log is listed already: it has the same public key")
        self._of_logs.add(key.public_key)
        self.logs.append(Party(key.name, key, *url))

    def _witness(self, name: str, vkey: str, url: Sequence[str]) -> None:
        self._new(name)
        key = parse_vkey(vkey)
        if not isinstance(key, CosignatureVerifier):
            raise FormatError("a witness signs with a key of type 0x04 or 0x06")
        if key.public_key in self._of_witnesses:
            raise FormatError("this witness is listed already: it has the same public key")
        self._of_witnesses.add(key.public_key)
        self.witnesses[name] = Party(name, key, *url)

    def _group(self, name: str, how: str, members: Sequence[str]) -> None:
        self._new(name)
        for member in members:
            self._defined(member)
            if member in self._members:
                raise FormatError(f"{member} is a member already: nobody counts twice")
            self._members.add(member)
        if how not in ("all", "any") and not _NUMBER.fullmatch(how):
            raise FormatError(f"a group is of all, any or a number, not {how[:20]!r}")
        threshold = {"all": len(members), "any": 1}.get(how) or int(how)
        if threshold > len(members):
            raise FormatError(f"{len(members)} members cannot be {threshold}")
        self.groups[name] = Group(threshold, tuple(members))

    def _new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise FormatError(f"the name {name[:80]} is taken")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise FormatError(f"nothing is called {name[:80]} yet")
