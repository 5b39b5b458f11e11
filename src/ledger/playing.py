"""Scenarios against the real thing: each in a fresh ledger on an embedded PostgreSQL, with a simulated clock.

The clusters are throw-away ones in a temporary folder; their two databases are emptied for each scenario, which takes a
tenth of the time that a copy does.  After every refusal the log must be as long as before (nothing may be written) and
the access log longer by one.
Proven by tests/test_playing.py.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from ledger.access import EVIDENCE
from ledger.access.purposes import reader
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.application.sheets import VIEW as SHEET
from ledger.commands import Command
from ledger.errors import LedgerError, Refused, Setup
from ledger.scenarios import Receipt, Scenario, instant, load, play
from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate
from ledger.store.opening import SCENARIO, embedded_place

STAGE: Final = "stage"  # the name of both databases


class HasWritten(Exception):
    """A command was refused, and yet the log is longer than before: wrong, whatever the scenario expects."""


class NoEvidence(HasWritten):
    """A command was refused, and the access log is not longer by one: as wrong."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one scenario came out."""

    scenario: str
    file: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures

    def listed(self) -> dict[str, Any]:
        """As data (contract, *The command line*)."""
        return {"scenario": self.scenario, "file": self.file, "passed": self.passed, "failures": list(self.failures)}

    def shown(self) -> str:
        """For people."""
        lines = [f"{'passed' if self.passed else 'FAILED'}  {self.scenario}  ({self.file})"]
        return "\n".join([*lines, *(f"        {each}" for each in self.failures)])


def play_files(files: Sequence[Path]) -> list[Result]:
    """Play every scenario of these files, in order.  Raises Setup for a file that is not there or not YAML."""
    scenarios = [(file, scenario) for file in files for scenario in _loaded(file)]
    with throwaway_clusters() as clusters:
        return [Result(each.name, str(file), tuple(play_one(each, clusters))) for file, each in scenarios]


def _loaded(file: Path) -> list[Scenario]:
    try:
        return load(file)
    except OSError as problem:
        raise Setup(f"The scenario file {file} cannot be read.") from problem
    except ValueError as problem:
        raise Setup(f"The scenario file {file} is not as the scenarios' README says: {problem}.") from problem


@contextmanager
def throwaway_clusters() -> Generator[Sequence[EmbeddedCluster]]:
    """A ledger cluster and a vault cluster with a migrated database each, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    home.chmod(0o711)
    clusters = [EmbeddedCluster(home, name, throwaway=True) for name in ("ledger", "vault")]
    try:
        for cluster in clusters:
            cluster.ensure_running()
            make_stage(cluster)
        yield clusters
    finally:
        for cluster in clusters:
            cluster.remove()
        shutil.rmtree(home, ignore_errors=True)


def make_stage(cluster: EmbeddedCluster) -> None:
    """The migrated database in which one scenario after another is played."""
    cluster.create_database(STAGE)
    migrate(cluster.conninfo(cluster.owner_role, STAGE), cluster.name)


def play_one(scenario: Scenario, clusters: Sequence[EmbeddedCluster]) -> list[str]:
    """Play one scenario in an empty ledger with an empty vault; what did not come out as written."""
    for cluster in clusters:
        _empty(cluster)
    home = Path(tempfile.mkdtemp(prefix="scenario-"))
    try:
        with asyncio.Runner() as runner:
            began = min((instant(step["at"]) for step in scenario.steps), default=instant("2025-01-01 00:00"))
            places = [embedded_place(cluster, STAGE) for cluster in clusters]
            opening = Ledger.open(Settings(home=home), kind=SCENARIO, places=places, began=began - timedelta(days=1))
            ledger = runner.run(opening)
            try:
                return _played(scenario, Played(ledger, runner))
            finally:
                runner.run(ledger.close())
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _played(scenario: Scenario, played: Played) -> list[str]:
    try:
        return play(scenario, played)
    except HasWritten as problem:
        return [str(problem)]
    except Exception as problem:  # a defect fails its scenario; the others are played
        return [f"ended by {type(problem).__name__}: {problem}"]


def _empty(cluster: EmbeddedCluster) -> None:
    """As the superuser of a throw-away cluster, whom no trigger stops."""
    assert cluster.throwaway
    with psycopg.connect(cluster.conninfo("postgres", STAGE)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname IN ('public', 'access', 'projections') AND tablename NOT IN ('migrations', 'gate')"
        )
        emptying = [sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)) for table in tables.fetchall()]
        connection.execute(sql.SQL("; ").join(emptying))  # one trip for all


class Played:
    """A real ledger as a scenario sees it (scenarios.Ledger)."""

    def __init__(self, ledger: Ledger, runner: asyncio.Runner) -> None:
        self._ledger = ledger
        self._runner = runner

    def give(
        self,
        at: datetime,
        by: Actor,
        to: str,
        command: str,
        data: dict[str, Any],
        effective: str | None,
        key: str | None,
    ) -> Receipt | Refused:
        noun, _, name = to.partition("/")
        given = Command(command, noun, name, data, by, key=UUID(key) if key else uuid4(), at=at, effective=effective)
        return self._runner.run(self._given(given))

    async def _given(self, command: Command) -> Receipt | Refused:
        head = self._ledger.store.database.head
        before, told = await head(), await self._told()
        try:
            return (await self._ledger.execute(command)).body
        except LedgerError as error:
            if before != await head():
                raise HasWritten(f"{command.at} {command.name}: was refused and has written to the ledger") from error
            evident = isinstance(error, EVIDENCE) and bool(command.actor.id)
            if await self._told() != told + evident:
                raise NoEvidence(f"{command.at} {command.name}: was refused and left no evidence") from error
            if isinstance(error, Refused):
                return error
            raise

    async def _told(self) -> int:
        """How many entries the access log has."""
        head = await self._ledger.store.access.database.head()
        return head.size if head else 0

    def ask(self, path: str, as_at: date | None, known_at: datetime | None) -> Any:
        return self._runner.run(self._asked(path, as_at, known_at))

    async def _asked(self, path: str, as_at: date | None, known_at: datetime | None) -> Any:
        first, _, rest = path.partition("/")
        if first == "worklist":
            await self._ledger.follower.catch_up()
            return {"items": (await self._ledger.worklist(rest, as_at=as_at, known_at=known_at)).items}
        name, _, view = rest.partition("/")
        if known_at is None and first == "report":
            await self._ledger.follower.catch_up()
            return await self._ledger.report(name, as_at)
        if known_at is None and as_at is not None and (first, view) == ("placement", SHEET):
            supervisor = reader(Actor(str(uuid4()), "supervisor"))
            return (await self._ledger.session_sheet(name, as_at, reader=supervisor)).listed()
        return await self._ledger.view(first, name, view or first, as_at=as_at, known_at=known_at)
