"""The keys that a log announced, as a bundle carries them: a reader of an old key comes to the one that signs today.

Each is looked at, whether its reader needs it or not: the entry is under the checkpoint in its proof, both keys signed
that checkpoint, and no signature under it is by anybody unknown.  So no byte of these files is beyond doubt either.

A key that was stolen can announce too: against that no entry helps (ledger-format.md, *Keys of the log, witnesses*).

Proved by tests/transparency/test_bundle_others.py and tests/store/test_rotating.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.transparency.announcement import announced
from ledger.transparency.bundle.contents import announcement_name
from ledger.transparency.bundle.files import Stop, place_of, read
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.entry import parse_entry
from ledger.transparency.errors import FormatError, SignatureError, TransparencyError
from ledger.transparency.note import open_note, parse_note
from ledger.transparency.proof import Proof

__all__ = ["Announcement", "announcements_in", "in_force"]

_FOLDER = "announcements/"
_MOST = 256
"""A log that changes its key every month needs twenty years to announce so many; each costs some signatures to check,
before it is known whether any key that was given signed anything here."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """At a position of its log: a key, and the one in whose place it came, if any."""

    position: int
    key: KnownKey
    replaces: KnownKey | None


def announcements_in(files: Mapping[str, bytes], known: Sequence[KnownKey]) -> list[Announcement]:
    """Those of a bundle, in the order of each log; `known`: keys that its reader gave or that its policy names.

    Raises Stop for one that does not hold.
    """
    names = sorted((name for name in files if name.startswith(_FOLDER)), key=lambda name: (len(name), name))
    if len(names) > _MOST:
        raise Stop("announcement-differs", f"{len(names)} keys are announced, more than {_MOST}")
    proofs = {name: read(name, Proof.parse, files) for name in names}
    made = {name: _announcement(name, proof) for name, proof in proofs.items()}
    told = [key for each in made.values() for key in (each.key, each.replaces) if key is not None]
    everybody = list({(each.name, each.key_id): each for each in (*told, *known)}.values())
    for name, proof in proofs.items():
        try:
            _check(name, made[name], proof, files[name].decode(), everybody)
        except TransparencyError as error:
            raise Stop("announcement-differs", f"{name}: {error}", place_of(name)) from error
    return list(made.values())


def in_force(key: KnownKey, announcements: Sequence[Announcement]) -> tuple[KnownKey, list[int]]:
    """The key that came in the place of this one, after however many others, and the positions that say so."""
    positions: list[int] = []
    for each in announcements:
        if each.replaces is not None and each.replaces.vkey() == key.vkey():
            key = each.key
            positions.append(each.position)
    return key, positions


def _announcement(name: str, proof: Proof) -> Announcement:
    try:
        values = parse_entry(proof.extra or b"").get("values", {})
        vkey, replaces = values.get("vkey"), values.get("replaces")
        key = parse_vkey(vkey if isinstance(vkey, str) else "")
        before = None if replaces is None else parse_vkey(replaces if isinstance(replaces, str) else "")
    except TransparencyError as error:
        raise Stop("announcement-differs", f"{name}: {error}", place_of(name)) from error
    return Announcement(proof.index + 1, key, before)


def _check(name: str, made: Announcement, proof: Proof, text: str, known: Sequence[KnownKey]) -> None:
    origin = made.key.name
    if name != announcement_name(proof.index, of_access=origin.endswith("/access")):
        raise FormatError("it is an announcement of another log or at another place")
    announced(text, origin, [each for each in known if each.vkey() != made.key.vkey()])  # no key vouches for itself
    if made.replaces is not None:
        announced(text, origin, [made.replaces])  # the old key itself vouches for the new one
    if len(open_note(proof.note, known).signatures) != len(parse_note(proof.note).signatures):
        raise SignatureError("a signature under its checkpoint is by a key that is not known")
