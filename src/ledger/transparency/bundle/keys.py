"""Whom the notes of a bundle are signed by: the keys its reader gave, and those in the file, which only fill the rest.

A key that was given and signs no more stands for the one that came in its place, where the log announced that
(``announced``): then that one must have signed.

A signature by nobody known proves nothing, and could be any bytes; so there is none in a bundle: every signature under
a note is by a key that was given or stands in the file's policy, and is right.  Every key of the ledger's log that is
given must have signed the checkpoint; for its access log vouches a plain Ed25519 key, since those of other kinds sign
checkpoints only.

Proved by tests/transparency/test_bundle.py and test_bundle_bytes.py.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from ledger.transparency.bundle.announced import Announcement, announcements_in, in_force
from ledger.transparency.bundle.contents import ACCESS_KEY, CHECKPOINT, access_key_text
from ledger.transparency.bundle.files import Stop
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.errors import FormatError, SignatureError, TransparencyError
from ledger.transparency.note import Note, open_note, parse_note
from ledger.transparency.policy import Policy

__all__ = ["Keys", "keys_of", "name_of"]


@dataclass(frozen=True, slots=True)
class Keys:
    """The ledger's own keys, which everything rests on; those of its access log and of witnesses that were given; and
    every key that is known at all.  `followed`: in words, which key stands for one that was given."""

    origin: str
    own: Sequence[KnownKey]
    access: Sequence[KnownKey]
    witnesses: Sequence[KnownKey]
    known: Sequence[KnownKey]
    followed: tuple[str, ...] = ()

    def checkpoint(self, files: Mapping[str, bytes]) -> tuple[Checkpoint, tuple[str, ...]]:
        """The ledger's checkpoint, signed by all its own keys; their names.  Raises Stop."""
        note = files[CHECKPOINT]
        try:
            checkpoint = Checkpoint.open(note, self.origin, self.own)
            signed = self.opened(note)
        except SignatureError as error:
            raise Stop("checkpoint-unsigned", error) from error
        except FormatError as error:
            raise Stop("file-malformed", f"{CHECKPOINT}: {error}") from error
        found = {(each.name, each.key_id) for each in signed.signatures}
        for each in self.own:
            if (each.name, each.key_id) not in found:
                raise Stop("checkpoint-unsigned", f"{name_of(each)} has not signed it")
        return checkpoint, tuple(map(name_of, self.own))

    def is_witness(self, key: KnownKey) -> bool:
        """Whether it is the key of neither of the two logs."""
        return key.name not in (self.origin, _access(self.origin))

    def opened(self, note: str | bytes) -> Note:
        """A note of which every signature is right.  Raises FormatError, SignatureError."""
        signed = open_note(note, self.known)
        if len(signed.signatures) != len(parse_note(note).signatures):
            raise SignatureError("a signature under this note is by a key that is not known")
        return signed

    def of_access(self, files: Mapping[str, bytes]) -> KnownKey:
        """The key of the access log, if the ledger's key vouches for it.  Raises Stop."""
        note, name = files[ACCESS_KEY], _access(self.origin)
        try:
            text = open_note(note, self.own).text
            self.opened(note)
            lines = text.split("\n")
            key = parse_vkey(lines[1] if len(lines) == 3 else "")
        except TransparencyError as error:
            raise Stop("access-key-unsigned", error) from error
        if text != access_key_text(key.vkey()) or key.name != name:
            raise Stop("access-key-unsigned", f"what is signed is not the key of {name}")
        if self.access and key.vkey() not in {each.vkey() for each in self.access}:
            raise Stop("key-differs", f"the key of {name} is not the one you gave")
        return key


def keys_of(files: Mapping[str, bytes], origin: str, given: Sequence[KnownKey], policy: Policy) -> Keys:
    """The keys to verify a bundle of this ledger with; without given ones those of the file.  Raises Stop."""
    in_file = [each.key for each in (*policy.logs, *policy.witnesses.values())]
    announcements = announcements_in(files, [*in_file, *given])
    trusted, followed = _in_force(given, announcements, {each.vkey() for each in in_file})
    own = [each for each in trusted or in_file if each.name == origin]
    if not own:
        names = ", ".join(sorted({each.name for each in given or in_file})) or "nobody"
        raise Stop("key-differs", f"this is from {origin}; the keys given are of {names}")
    if not {each.vkey() for each in in_file} & {each.vkey() for each in own}:
        raise Stop("key-differs", f"this is not from the {origin} whose key you gave: its key is another")
    access = [each for each in trusted if each.name == _access(origin)]
    witnesses = [each for each in trusted if each.name not in (origin, _access(origin))]
    known = {(each.name, each.key_id): each for each in (*in_file, *trusted)}
    return Keys(origin, own, access, witnesses, list(known.values()), followed)


def _in_force(
    given: Sequence[KnownKey], announcements: Sequence[Announcement], signing: Set[str]
) -> tuple[list[KnownKey], tuple[str, ...]]:
    """The keys that were given; for those that sign no more, the ones that were announced in their place."""
    kept: dict[str, KnownKey] = {}
    followed: list[str] = []
    for each in given:
        key, positions = (each, []) if each.vkey() in signing else in_force(each, announcements)
        if positions:
            at = ", then ".join(f"position {each:,}" for each in positions)
            followed.append(f"{name_of(each)} signs no more: the log announced {name_of(key)} in its place, at {at}.")
        kept[key.vkey()] = key
    return list(kept.values()), tuple(followed)


def _access(origin: str) -> str:
    return f"{origin}/access"


def name_of(key: KnownKey) -> str:
    """A key as reports name it: name and id; what is not ASCII spelled out, for it could look like another name."""
    return f"{ascii(key.name)[1:-1]}+{key.key_id.hex()}"
