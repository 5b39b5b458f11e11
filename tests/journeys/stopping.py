"""The command line with places at which it can be stopped: `python -m tests.journeys.stopping FOLDER VERB …`.

Production code knows nothing of this: no switch of its turns it on.  Only a test starts the ledger through this module,
which hangs a hook on each named place and then runs the verb.  A place is armed by a file of its name in FOLDER.  The
first process (or thread of it) to pass takes the file, says so in `<name>.reached`, and goes no further until somebody
kills it or writes `<name>.go`.

`RUNNING` are places that commands pass, `FOLLOWING` those that the follower beside the server does, `STARTING` those of
every start, `FIRST` those of the first start alone.
A place whose function was renamed fails the start with AttributeError, and with it every test.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import stat
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg

from ledger import application, cli
from ledger.following import tables
from ledger.store import checkpoint_files, embedded, log, migrate, opening, sequencer, vault, wire

LIMIT = 90.0  # seconds until one that was forgotten goes on
PAUSE = 0.002


class Places:
    """Which places are armed, between whoever tests and the process that is tested: files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # ------------------------------------------------------------------------------------ for who tests

    def arm(self, place: str) -> None:
        for ending in (".reached", ".go"):
            self._file(place + ending).unlink(missing_ok=True)
        self._file(place).touch()

    def disarm(self, place: str) -> None:
        self._file(place).unlink(missing_ok=True)

    def reached(self, place: str) -> bool:
        return self._file(f"{place}.reached").exists()

    def let_go(self, place: str) -> None:
        self._file(f"{place}.go").touch()

    # ------------------------------------------------------------------------------------ for what is tested

    def armed(self, place: str) -> bool:
        return self._file(place).exists()

    def passing(self, place: str) -> None:
        """Stop here if that is armed, whatever else this thread has to do."""
        try:
            self._file(place).rename(self._file(f"{place}.reached"))
        except FileNotFoundError:
            return
        ends = time.monotonic() + LIMIT
        while not self._file(f"{place}.go").exists() and time.monotonic() < ends:
            time.sleep(PAUSE)

    def _file(self, name: str) -> Path:
        return self.folder / name.replace(" ", "-")


# ---------------------------------------------------------------------------------------- hooks

Hook = Callable[[Places, str], None]


def before(owner: Any, name: str) -> Hook:
    """Stop when this function is called."""

    def install(places: Places, place: str) -> None:
        real = getattr(owner, name)

        @functools.wraps(real)
        def stopping(*given: Any, **named: Any) -> Any:
            places.passing(place)
            return real(*given, **named)

        setattr(owner, name, stopping)

    return install


def after(owner: Any, name: str) -> Hook:
    """Stop when this function has done its work and its caller does not know yet."""

    def install(places: Places, place: str) -> None:
        real = getattr(owner, name)

        @functools.wraps(real)
        def stopping(*given: Any, **named: Any) -> Any:
            result = real(*given, **named)
            places.passing(place)
            return result

        @functools.wraps(real)
        async def waiting(*given: Any, **named: Any) -> Any:
            result = await real(*given, **named)
            places.passing(place)
            return result

        setattr(owner, name, waiting if inspect.iscoroutinefunction(real) else stopping)

    return install


def between_writes_and_commit(places: Places, place: str) -> None:
    """The transaction has written everything and holds its lock; its COMMIT is not sent."""

    def send(real: Callable[..., None], self: wire.Wire, queries: Any, answered: Any) -> None:
        def written(answer: wire.Answer) -> None:
            if isinstance(answer, wire.DatabaseTrouble):
                answered(answer)
                return
            places.passing(place)
            real(self, queries[-1:], lambda last: answered(last if not isinstance(last, list) else answer + last))

        real(self, queries[:-1], written)

    _instead_of_sending_writes(places, place, send)


def settling(*, committed: bool) -> Hook:
    """A COMMIT got no answer, done or not; the connection is there again, and nobody has asked yet which it was."""

    def install(places: Places, place: str) -> None:
        doubted: list[bool] = []

        def send(real: Callable[..., None], self: wire.Wire, queries: Any, answered: Any) -> None:
            places.disarm(place)
            doubted.append(True)

            def lose(answer: wire.Answer) -> None:
                self.close()
                answered(wire.Lost("the answer was lost"))

            real(self, queries if committed else queries[:-1], lose)

        _instead_of_sending_writes(places, place, send)
        real_settle = sequencer.Sequencer._settle

        def settle(self: sequencer.Sequencer, doubt: Any) -> Any:
            if doubted:
                doubted.clear()
                places.arm(place)
                places.passing(place)
            return real_settle(self, doubt)

        sequencer.Sequencer._settle = settle  # type: ignore[method-assign]

    return install


def _instead_of_sending_writes(places: Places, place: str, send: Callable[..., None]) -> None:
    real = wire.Wire.send

    @functools.wraps(real)
    def sending(self: wire.Wire, queries: Any, answered: Any) -> None:
        if queries[0][0] == b"write" and places.armed(place):
            send(real, self, queries, answered)
        else:
            real(self, queries, answered)

    wire.Wire.send = sending  # type: ignore[method-assign]


def before_syncing(*, folder: bool) -> Hook:
    """The checkpoint file is written, not synced, and cut as by a power cut; or in place, its folder not synced."""

    class Os:
        """The module `os` as the module that keeps the file sees it."""

        def __init__(self, places: Places, place: str, real: Any) -> None:
            self._places, self._place, self._real = places, place, real

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def fsync(self, descriptor: int) -> None:
            if folder == stat.S_ISDIR(os.fstat(descriptor).st_mode) and self._places.armed(self._place):
                if not folder:
                    os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
                self._places.passing(self._place)
            self._real.fsync(descriptor)

    def install(places: Places, place: str) -> None:
        checkpoint_files.os = Os(places, place, checkpoint_files.os)  # type: ignore[assignment]

    return install


def in_a_migration(places: Places, place: str) -> None:
    """A migration has made its tables and is not committed.  Where none is due, one of a later release is."""
    real_files, real_execute = migrate.files, psycopg.Connection.execute

    def files(which: Any) -> list[tuple[str, str]]:
        later = token_hex(4)
        return real_files(which) + (
            [(f"9999_{later}.sql", f"CREATE TABLE of_a_later_release_{later} ()")] if places.armed(place) else []
        )

    def execute(self: Any, query: Any, *given: Any, **named: Any) -> Any:
        if isinstance(query, str) and query.startswith("INSERT INTO migrations"):
            places.passing(place)
        return real_execute(self, query, *given, **named)

    migrate.files = files
    psycopg.Connection.execute = execute  # type: ignore[method-assign]


def follow_through(places: Places, through: Sequence[str]) -> None:
    """The follower that a server starts beside itself is started through this module too (or that with a bug)."""
    real = asyncio.create_subprocess_exec

    @functools.wraps(real)
    async def start(*command: Any, **named: Any) -> Any:
        if "ledger.cli" in command:
            number = command.index("ledger.cli")
            command = (*command[:number], *through, str(places.folder), *command[number + 1 :])
        return await real(*command, **named)

    asyncio.create_subprocess_exec = start  # type: ignore[assignment]


# ---------------------------------------------------------------------------------------- the places

RUNNING: Mapping[str, Hook] = {
    "before begin": before(sequencer.Sequencer, "_sealed"),
    "after the lock": after(sequencer.Sequencer, "_head"),
    "after the writes before COMMIT": between_writes_and_commit,
    "after COMMIT before the signature": before(sequencer.Sequencer, "_committed"),
    "after the release before the answer": after(sequencer.Sequencer, "_release"),
    "a COMMIT done and in doubt": settling(committed=True),
    "a COMMIT lost and in doubt": settling(committed=False),
    "a key committed and its fact not": after(vault.Vault, "_find_or_make"),
    "the checkpoint written and not synced": before_syncing(folder=False),
    "the checkpoint in place and its folder not synced": before_syncing(folder=True),
}
STARTING: Mapping[str, Hook] = {
    "in a migration": in_a_migration,
    "servers up and nothing open": after(opening, "_prepare"),
    "comparing with what was released": after(log, "_root_of"),
    "before the release is sealed": before(application.Ledger, "_start_release"),
}
FOLLOWING: Mapping[str, Hook] = {
    "rows folded and their position not": before(tables.Tables, "followed"),
    "rows and position written and not committed": after(tables.Tables, "followed"),
}
FIRST: Mapping[str, Hook] = {
    "a cluster made and its roles not": after(embedded.EmbeddedCluster, "_init"),
    "before the ledger has its name": before(log, "_first_head"),
    "the secret of the digests made": after(vault.Vault, "secret"),
}


def main(through: Sequence[str] = ("tests.journeys.stopping",)) -> int:
    """Hang up every hook, then run the verb; `through` is the module that was started, with what it takes."""
    places = Places(Path(sys.argv[1]))
    for place, install in (*RUNNING.items(), *FOLLOWING.items(), *STARTING.items(), *FIRST.items()):
        install(places, place)
    follow_through(places, through)
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
