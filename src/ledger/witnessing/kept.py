"""What a witness keeps: a folder that no other process uses at the same time.

    witness.key                  its private key, 64 hexadecimal digits, 0600; made on the first start
    name, vkey                   its name, and the line to hand to whoever is to trust it
    logs/<H(origin)>/keys        the verifier keys of a log, one a line
    logs/<H(origin)>/checkpoint  the newest checkpoint it cosigned of that log
    forks/<digest>.fork-proof    each proof of two histories it has come upon (ledger.transparency.fork)

A file is replaced by a whole one that has reached the disk (fsync, rename, fsync of the folder), so a power cut leaves
the one or the other.  A witness whose checkpoint file is not its own work does not start: one that lost what it held
might vouch for another history.  Proven by tests/witnessing/test_station.py.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ledger.errors import Setup
from ledger.store.checkpoint_files import write_synced
from ledger.store.vault import secret_file
from ledger.transparency.announcement import followed
from ledger.transparency.cosignature import Cosigner, KnownKey, parse_vkey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.fork import Fork
from ledger.transparency.witness import Held, Witness


def origin_hash(origin: str) -> str:
    """How a log is called in addresses and folders: SHA-256 of its origin, lower-case hex (tlog-witness)."""
    return sha256(origin.encode()).hexdigest()


class Keeping:
    """The folder of a witness, this process's alone for as long as it lives."""

    def __init__(self, home: Path, name: str | None = None) -> None:
        """Open it, made on the first start.  `name`: what the witness is called, for ever; drawn if never given.

        Raises Setup: it is another process's, or its name is another.
        """
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home = home
        self._lock = (home / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            self._lock.close()
            raise Setup(f"Another witness works in {home}. Give this one a home of its own: --home.") from taken
        try:
            self.cosigner = Cosigner(self._named(name), secret_file(home / "witness.key"))
            write_synced(home / "vkey", self.cosigner.verifier().vkey() + "\n")
        except TransparencyError as problem:
            self.close()
            raise Setup(f"This witness cannot be called so: {problem}.") from problem
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the next process have it."""
        self._lock.close()

    # ------------------------------------------------------------------------------------ the logs it knows

    def know(self, origin: str, keys: Sequence[KnownKey], proofs: Sequence[str] = ()) -> list[KnownKey]:
        """Trust these keys for a log from now on, or, if it is known, those that were trusted first and those that the
        log's own announcements lead to from there (ledger.transparency.announcement).

        Raises Setup where a log that is known is to have other keys, FormatError and ProofError for broken proofs.
        """
        file = self._folder(origin) / "keys"
        if file.exists():
            first: list[KnownKey] = [parse_vkey(line) for line in file.read_text("utf-8").splitlines()]
            known = followed(origin, first, proofs)
            if len(known) > len(first):
                write_synced(file, "".join(f"{each.vkey()}\n" for each in known))
            strange = {each.vkey() for each in keys} - {each.vkey() for each in known}
            if strange:
                raise Setup(f"The log {origin} is known here by another key than {sorted(strange)[0]}. See {file}.")
            return known
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_synced(file, "".join(f"{each.vkey()}\n" for each in keys))
        return list(keys)

    def known(self) -> dict[str, list[KnownKey]]:
        """The keys of every log it knows, by origin.  Raises Setup for a file that is none of its own."""
        found: dict[str, list[KnownKey]] = {}
        for file in sorted((self.home / "logs").glob("*/keys")):
            try:
                keys: list[KnownKey] = [parse_vkey(line) for line in file.read_text("utf-8").splitlines()]
                found[keys[0].name] = keys
            except (TransparencyError, ValueError, IndexError) as problem:
                raise Setup(
                    f"The file {file} does not hold the keys of a log. Restore it from its backup."
                ) from problem
        return found

    # ------------------------------------------------------------------------------------ what it holds

    def held(self, witness: Witness, origin: str) -> Held | None:
        """What it cosigned last of a log.  Raises Setup where the file is not its own work."""
        file = self._folder(origin) / "checkpoint"
        if not file.exists():
            return None
        try:
            return witness.read_held(file.read_bytes().decode())
        except (TransparencyError, UnicodeDecodeError) as problem:
            raise Setup(
                f"The file {file} is not a checkpoint this witness cosigned ({problem}). Restore it, or begin anew"
                " with another key: what it vouched for is not known any more."
            ) from problem

    def hold(self, origin: str, held: Held) -> None:
        """On the disk when this returns."""
        file = self._folder(origin) / "checkpoint"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_synced(file, held.note)

    def keep_fork(self, fork: Fork) -> Path:
        """Keep the proof of a fork; the same one once."""
        text = fork.text()
        file = self.home / "forks" / f"{sha256(text.encode()).hexdigest()[:32]}.fork-proof"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        if not file.exists():
            write_synced(file, text)
        return file

    def _folder(self, origin: str) -> Path:
        return self.home / "logs" / origin_hash(origin)

    def _named(self, name: str | None) -> str:
        file = self.home / "name"
        if not file.exists():
            drawn = name or f"witness-{secrets.token_hex(4)}.local"
            Cosigner(drawn, bytes(32))  # refuses a name that no key may bear before it is kept
            write_synced(file, drawn + "\n")
        kept = file.read_text("utf-8").strip()
        if name not in (None, kept):
            raise Setup(f"This witness is called {kept} and never changes its name. Give another one its own --home.")
        return kept
