"""Rounds in which a real `ledger serve` or its databases are killed under load, and what is compared after each.

A *fault* is a place and its victims.  The place is named (tests/journeys/stopping.py): whoever reaches it stands still
there until the victims have been ended with SIGKILL; or it is a random moment.  A victim is the process, which is then
started again; the follower beside it, or the server of a database with all its backends, which the process has to bring
back by itself.  What is ended, when and in which order is drawn from a printed seed; what the clients were told is in a
journal outside.

At the end of a round every request is sent again and the log is compared with the journal (journal.py).  At the end of
all rounds `ledger rebuild` must come to the very rows that are on the worklists, and `ledger verify --values` to no
finding.  That each comparison finds what it is there for is proven by test_journal.py and test_planted.py.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg
from tests.journeys.clients import Clients
from tests.journeys.journal import Journal, Log, findings
from tests.journeys.process import SECRETIVE, Process, free_port, run
from tests.journeys.stopping import FOLLOWING, RUNNING, STARTING, Places

from ledger.aggregates.roles import ROLES
from ledger.api.tokens import Tokens
from ledger.store.embedded import ClusterName, EmbeddedCluster
from ledger.transparency.note import Verifier

CLIENTS = 8
LIMIT = 150.0  # seconds, on a busy machine, until whatever was killed must be back and every client have its answer
THROUGH = ("tests.journeys.stopping",)
# Generations aside: a rebuild makes others.
_ROWS = """
    SELECT r.worklist, case_id, n, unit, rank, since, until, row
    FROM projections.rows AS r JOIN projections.worklists AS w ON w.name = r.worklist AND w.generation = r.generation
    ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Fault:
    """Who is ended, and where: at a named place, or at a random moment."""

    victims: tuple[str, ...]
    place: str | None = None
    twice: bool = False  # again while it comes back

    def __str__(self) -> str:
        return f"{' and '.join(self.victims)} killed {self.place or 'at random'}{', twice' if self.twice else ''}"


VICTIMS = ("process", "ledger", "vault", "follower")
AT_RANDOM = (
    *(Fault((victim,)) for victim in VICTIMS),
    *(Fault((victim,), twice=True) for victim in VICTIMS),
    Fault(("vault", "ledger")),
    Fault(("ledger", "process")),
    Fault(VICTIMS),
)
AT_PLACES = (
    *(Fault(("process",), place) for place in (*RUNNING, *STARTING)),
    *(Fault(("vault" if "key" in place else "ledger",), place) for place in (*RUNNING, *STARTING)),
    *(Fault((victim,), place) for place in FOLLOWING for victim in ("follower", "process", "ledger")),
)
FAULTS = (*AT_PLACES, *AT_RANDOM)


@dataclass(frozen=True)
class Round:
    """What happened in one round."""

    number: int
    fault: Fault
    after: float  # seconds from its beginning to the fault
    silent: float  # the longest time, in seconds, in which nobody had an answer
    acknowledged: int
    unknown: int
    facts: int
    checkpoints: int

    def __str__(self) -> str:
        return (
            f"round {self.number}: {self.fault} after {self.after:.2f} s, silent for {self.silent:.2f} s; "
            f"{self.acknowledged} acknowledged, {self.unknown} of them after an unknown outcome; "
            f"{self.facts} facts in the log, {self.checkpoints} checkpoints seen"
        )


@dataclass
class Ordeal:
    """A ledger in a home of its own, its clients and their journal, and the rounds it goes through."""

    home: Path
    seed: int
    say: Callable[[str], None]
    many: int = CLIENTS
    through: Sequence[str] = THROUGH
    limit: float = LIMIT
    rounds: list[Round] = field(default_factory=list[Round])
    process: Process = field(init=False)
    journal: Journal = field(init=False)
    clients: Clients = field(init=False)
    verifier: Verifier = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        folder = self.home.with_name(f"{self.home.name}.places")
        folder.mkdir()
        self.places = Places(folder)
        self.process = Process(self.home, free_port(), "serve", through=(*self.through, str(folder)))
        self.journal = Journal(self.home.with_name(f"{self.home.name}.journal"))
        self.clusters: Mapping[ClusterName, EmbeddedCluster] = {
            name: EmbeddedCluster(self.home, name) for name in ("ledger", "vault")
        }
        self._kill: Mapping[str, Callable[[], None]] = {
            "process": self.process.kill,
            "ledger": lambda: _kill_server(self.clusters["ledger"]),
            "vault": lambda: _kill_server(self.clusters["vault"]),
            "follower": lambda: _kill_follower(self.process),
        }

    # ------------------------------------------------------------------------------------ the rounds

    def go(self, faults: Sequence[Fault], seconds: float = 2.0) -> list[str]:
        """Every round, each checked at its end, and the whole ledger verified at the last; what was found."""
        self.process.start()
        self.process.wait_until_ready()
        self._meet()
        for number, fault in enumerate(faults, start=1):
            found = asyncio.run(self._round(number, fault, seconds))
            if found:
                return found
        rebuilt = self._rebuilt()
        code = self.process.stop()
        verified = run(self.home, "verify", "--values")
        self.say(verified.stdout.strip())
        return rebuilt + at_the_end(code, verified, self.process.output)

    def _meet(self) -> None:
        """The log's key, a token, and the clients."""
        self.verifier = Verifier.parse(httpx.get(f"{self.process.address}/log/vkey").text.strip())
        tokens = Tokens.of(self.verifier.name, self.home)
        token = tokens.issue(str(uuid4()), tuple(role for role in ROLES if role != "system"))
        self.clients = Clients(self.process.address, token, self.journal, self.random, self.many)
        asyncio.run(self.clients.open_shared())

    async def _round(self, number: int, fault: Fault, seconds: float) -> list[str]:
        """Load, the fault, recovery, an answer to everything; then the comparison."""
        before, unknown = self.clients.answers, len(self.clients.unknown)
        stopping = asyncio.Event()
        working = self.clients.begin(stopping)
        after, again = self.random.uniform(0.1, 0.9) * seconds, self.random.uniform(0.0, 1.0)
        try:
            async with asyncio.timeout(self.limit):
                await asyncio.sleep(after)
                await self._strike(fault, again)
                answers = self.clients.answers
                while self.clients.answers <= answers + 2 * self.many or not self._healthy():
                    self._start_if_ended()
                    await asyncio.sleep(0.02)
                await asyncio.sleep(seconds - after)
                stopping.set()
                await asyncio.gather(*working)
                while not await asyncio.to_thread(self._followed):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            passed = fault.place is None or self.places.reached(fault.place)
            where = f"after {self.limit:.0f} s" if passed else "nobody passed that place"
            late = [f"{fault}: not every client had its answer, or the worklists not every fact: {where}"]
            return late + (findings(self.journal, self._read(), self.verifier) if self._healthy() else [])
        finally:
            for each in working:
                each.cancel()
        await self.clients.send_all_again()
        log = await asyncio.to_thread(self._read)
        answered, once_unknown = self.clients.answers - before, len(self.clients.unknown) - unknown
        silent, seen = self.clients.longest_silence, len(self.journal.shown)
        self.rounds.append(Round(number, fault, after, silent, answered, once_unknown, len(log.entries), seen))
        self.say(str(self.rounds[-1]))
        return findings(self.journal, log, self.verifier)

    def _read(self) -> Log:
        """The log as stored; whatever checkpoint was kept beside it, or in it, was shown too."""
        with suppress(FileNotFoundError):
            self.journal.saw((self.home / "checkpoint").read_text("utf-8"))
        with psycopg.connect(self._conninfo()) as connection:
            for (note,) in connection.execute("SELECT note FROM released"):
                self.journal.saw(note)
        return Log.read(self._conninfo())

    def _followed(self) -> bool:
        """The worklists stand where the log ends."""
        with psycopg.connect(self._conninfo()) as connection:
            query = "SELECT f.position = h.size FROM projections.followed AS f, head AS h"
            return connection.execute(query).fetchone() == (True,)

    def _rows(self) -> list[tuple[object, ...]]:
        """What is on the worklists."""
        with psycopg.connect(self._conninfo()) as connection:
            return connection.execute(_ROWS).fetchall()

    def _rebuilt(self) -> list[str]:
        """Built anew from nothing, are the worklists what they had become through all of this?"""
        live = self._rows()
        ran = run(self.home, "rebuild")
        if ran.returncode != 0:
            return [f"ledger rebuild: {ran.stdout}{ran.stderr}"]
        return [] if self._rows() == live else ["the worklists are not what they are when they are built anew"]

    def _conninfo(self) -> str:
        cluster = self.clusters["ledger"]
        return cluster.conninfo(cluster.app_role, "ledger")

    def _healthy(self) -> bool:
        """The process is there, and both servers are."""
        return self.process.running and all(each.pid is not None for each in self.clusters.values())

    def _start_if_ended(self) -> None:
        """A start whose database was killed under it gives up and says so; whoever watches it starts it again."""
        if not self.process.running:
            self.process.start()

    # ------------------------------------------------------------------------------------ the fault

    async def _strike(self, fault: Fault, again: float) -> None:
        if fault.place is not None:
            await self._at(fault.place, fault.victims)
            return
        self._end(fault.victims)
        if fault.twice:
            await asyncio.sleep(again)
            self._end(fault.victims)

    async def _at(self, place: str, victims: Sequence[str]) -> None:
        """Arm the place, wait until somebody stands there, end the victims, and let go who is left."""
        if place in STARTING:
            self.process.kill()
        self.places.arm(place)
        self._start_if_ended()
        while not self.places.reached(place):
            await asyncio.sleep(0.005)
        self._end(victims)
        self.places.let_go(place)

    def _end(self, victims: Sequence[str]) -> None:
        for each in victims:
            self._kill[each]()
        self._start_if_ended()


def _kill_server(cluster: EmbeddedCluster) -> None:
    """The server and every backend of it, at once: what a crash of its machine would end."""
    pid = cluster.pid
    if pid is None:
        return
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(pid)
        server.suspend()  # or it would notice the first backend's end, and end the others in order
        for each in [*server.children(), server]:
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _kill_follower(process: Process) -> None:
    """The follower that the server keeps beside itself; the server has to start another."""
    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(process.pid).children():
            if "follow" in each.cmdline():
                each.kill()


def at_the_end(code: int, verified: subprocess.CompletedProcess[str], output: str) -> list[str]:
    """What is not right once everything is over: how the process ended, what it printed, what verification says."""
    found: list[str] = []
    if code != 0:
        found.append(f"the process ended with {code}")
    if verified.returncode != 0:
        found.append(f"ledger verify: {verified.stdout}{verified.stderr}")
    return found + [f"its log holds {word!r}" for word in SECRETIVE if word in output]


def drawn(rng: random.Random, many: int, kinds: Sequence[Fault] = FAULTS) -> list[Fault]:
    """So many faults, each kind once before any comes again."""
    faults: list[Fault] = []
    while len(faults) < many:
        faults += rng.sample(kinds, len(kinds))
    return faults[:many]
