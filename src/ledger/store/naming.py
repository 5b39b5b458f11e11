"""What a log is called: the name it was begun under, or the one that the newest accepted loss gave it.

    losses_of(database)       each LossAccepted of this log, in order
    names_of(first, …)        the names it had before, with the keys of each, and the one it has
    take_over(home, …)        the keys of the new name take the place of the old ones; the old checkpoints are set aside

The column `head.origin` keeps the first name for ever: every sealed value is bound to it (ledger.privacy.sealing).  The
entry decides which name there is, and the keys follow it: those of the new name wait in files of their own
(log-anew.key, log-mldsa-anew.key) until the entry is sealed, and whoever opens the ledger next finishes what was cut
short.  Before that the old keys sign; from then on no process that was opened under the old name seals anything
(ledger.store.sequencer).

Proven by tests/store/test_losing.py and tests/journeys/test_log_keys.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.aggregates.ledger_stream import ORIGIN, LossAccepted
from ledger.store.checkpoint_files import LEDGER, Kept
from ledger.store.cosigned import files_beside, second_key
from ledger.store.database import Database
from ledger.store.host import sync_folder
from ledger.store.keys import ANEW, NEXT, alone
from ledger.store.vault import secret_file
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.names import Name
from ledger.transparency.note import Signer

TOKEN_KEY = "token.key"  # noqa: S105 - the name of its file


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss that was accepted, at this position and moment (ISO)."""

    position: int
    recorded: str
    fact: LossAccepted


async def losses_of(database: Database) -> list[Loss]:
    """Those of one log, in order.  Raises DatabaseUnavailable."""
    stored = [each for each in await database.concerning(ORIGIN) if each.type == LossAccepted.topic]
    return [Loss(each.position, each.members["recorded"], LossAccepted(**each.members["values"])) for each in stored]


def names_of(first: str, losses: Sequence[Loss], replaced: Sequence[str]) -> tuple[list[Name], str]:
    """The names before, with their keys, and the name it has.  `replaced`: verifier keys that rotations replaced."""
    earlier: list[Name] = []
    for each in losses:
        vkeys = dict.fromkeys([*each.fact.earlier_vkeys, *replaced])
        keys = [key for key in map(parse_vkey, vkeys) if key.name == each.fact.earlier_origin]
        earlier.append(Name(each.fact.earlier_origin, keys, each.position - 1))
    return earlier, losses[-1].fact.origin if losses else first


def anew(home: Path, kept: Kept) -> tuple[Path, Path]:
    """The files in which the keys of a new name wait, Ed25519 and ML-DSA-44."""
    first, second = (home / "keys" / name.replace(".key", ANEW) for name in (kept.key, second_key(kept.key)))
    return first, second


def take_over(home: Path, kept: Kept, loss: Loss) -> list[Path]:
    """Blocking: finish an accepted loss, if it is not: where the checkpoint files of before are now.

    The key that waits is moved last, so what is cut short is done again.  With a stolen key the embedded issuer's is
    taken for stolen too: it lay beside it.
    """
    first, second = anew(home, kept)
    file = home / "keys" / kept.key
    with alone(file):
        if not first.exists() or Signer(loss.fact.origin, secret_file(first)).verifier().vkey() not in loss.fact.vkeys:
            return []
        beside = files_beside(home, kept.checkpoint)
        aside = [_set_aside(each, loss.position) for each in (home / kept.checkpoint, *beside) if each.exists()]
        sync_folder(home)
        if loss.fact.cause == "key-stolen" and kept == LEDGER:
            file.with_name(TOKEN_KEY).unlink(missing_ok=True)
        for name in (kept.key, second_key(kept.key)):
            file.with_name(name.replace(".key", NEXT)).unlink(missing_ok=True)
        if second.exists():
            second.replace(file.with_name(second_key(kept.key)))
        sync_folder(file.parent)
        first.replace(file)
        sync_folder(file.parent)
    return aside


def _set_aside(file: Path, position: int) -> Path:
    """Kept under a name of its own, for whoever asks one day what there was."""
    to, again = file.with_name(f"{file.name}.before-{position}"), 2
    while to.exists():
        to, again = file.with_name(f"{file.name}.before-{position}-{again}"), again + 1
    file.replace(to)
    return to
