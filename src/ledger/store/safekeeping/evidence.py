"""The newest checkpoints that anybody has of the two logs: a restored ledger must hold all that they vouch for.

They are looked for in the home (checkpoint, checkpoint-cosigned), in every backup of this ledger beside the one that is
restored, at the witnesses of LEDGER_WITNESSES, and in what `--checkpoint` names: a signed note, or the folder of a
witness.  None is believed without the log's own signature.  A witness that does not answer is named, and no reason to
refuse: it may be down with everything else.

Proven by tests/store/test_restore.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import Setup
from ledger.fetching import Peer, Unreached
from ledger.store.checkpoint_files import ACCESS, LEDGER, Kept
from ledger.store.cosigned import policy_at
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import KnownKey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import parse_note

_MOST: Final = 1 << 20  # bytes of a note
_WITNESS_SECONDS: Final = 5.0


class Evidence(NamedTuple):
    """A checkpoint that one of the logs signed, and where it was found."""

    kept: Kept
    checkpoint: Checkpoint
    note: str
    where: str


class Looked(NamedTuple):
    """What was found, and who did not answer."""

    found: list[Evidence]
    silent: list[str]


def evidence(
    home: Path,
    backups: Sequence[Path],
    given: Sequence[Path],
    witnesses: Path | None,
    known: Mapping[Kept, tuple[str, Sequence[KnownKey]]],
) -> Looked:
    """Everything that can be reached; `known`: name and keys of each log, `backups`: folders, `given`: what was named.

    Blocking.  Raises Setup for a file in the home, or one that was named, that no known key signed.
    """
    looked = Looked([], [])
    by_origin = {origin: (kept, keys) for kept, (origin, keys) in known.items()}
    for kept, (origin, keys) in known.items():
        for name in (kept.checkpoint, f"{kept.checkpoint}-cosigned"):
            if (path := home / name).is_file():
                looked.found.append(_opened(kept, origin, keys, _text(path), str(path)))
        for path in (each / kept.checkpoint for each in backups):
            if path.is_file():
                try:
                    looked.found.append(_opened(kept, origin, keys, _text(path), str(path)))
                except Setup:  # of another ledger, or by a key that is long gone: it decides nothing here
                    continue
    for path in given:
        for file in _notes(path, [origin for origin, _ in known.values()]):
            text = _text(file)
            try:
                origin = Checkpoint.parse(parse_note(text).text).origin
            except TransparencyError as wrong:
                raise Setup(f"The file {file} is no checkpoint: {wrong}.") from wrong
            if origin not in by_origin:
                raise Setup(f"The checkpoint {file} is of {origin}, not of {', '.join(by_origin)}.")
            looked.found.append(_opened(by_origin[origin][0], origin, by_origin[origin][1], text, str(file)))
    for kept, where, answer in _witnessed(witnesses, known):
        if isinstance(answer, str):
            looked.found.append(_opened(kept, *known[kept], answer, where))
        else:
            looked.silent.append(str(answer))
    return looked


def _notes(path: Path, origins: Sequence[str]) -> list[Path]:
    """A file; or what a witness keeps of these logs in its folder."""
    if not path.is_dir():
        return [path]
    found = [path / "logs" / sha256(each.encode()).hexdigest() / "checkpoint" for each in origins]
    there = [each for each in found if each.is_file()]
    if not there:
        raise Setup(f"The folder {path} is not that of a witness of {', '.join(origins)}.")
    return there


def _witnessed(
    policy: Path | None, known: Mapping[Kept, tuple[str, Sequence[KnownKey]]]
) -> Iterator[tuple[Kept, str, str | Unreached]]:
    """What each witness that has an address cosigned last (C2SP tlog-witness: by the hash of the log's name)."""
    for party in policy_at(policy).witnesses.values() if policy else ():
        if not party.url:
            continue
        peer = Peer(party.url, timeout=_WITNESS_SECONDS)
        for kept, (origin, _) in known.items():
            try:
                answer = peer.ask("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint", most=_MOST)
            except Unreached as silent:
                yield kept, party.url, silent
                break
            if answer.status == 200:
                yield kept, party.url, answer.body.decode("utf-8", "replace")
        peer.close()


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:_MOST].decode("utf-8", "replace")
    except OSError as problem:
        raise Setup(f"The checkpoint {path} cannot be read: {problem.strerror}.") from problem


def _opened(kept: Kept, origin: str, keys: Sequence[KnownKey], note: str, where: str) -> Evidence:
    try:
        return Evidence(kept, Checkpoint.open(note, origin, keys), note, where)
    except TransparencyError as wrong:
        raise Setup(
            f"The checkpoint {where} is not signed by a key of {origin} that is known here ({wrong}). Put back the"
            " folder of keys that belongs to this ledger, or name the key of that time with --key."
        ) from wrong


LOGS: Final = (LEDGER, ACCESS)
