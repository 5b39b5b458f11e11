"""Clients at work while servers are killed: the load, the rounds and the figures of a real `ledger serve`.

A client sends one command after another on many cases, each with its own idempotency key.  A lost connection, 503 and
504 mean *unknown, or not now*: it sends the same request again until there is an answer.  Any other answer but a
receipt is a complaint.  In each round, at a random moment, something is ended with SIGKILL: the process, which is then
started again, or the server of a database, which the process has to bring back by itself.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.journeys.journal import Asked, Journal, Log, findings
from tests.journeys.process import SECRETIVE, Process, free_port, run

from ledger.aggregates.roles import ROLES
from ledger.api.openapi import kebab
from ledger.api.tokens import Tokens
from ledger.rules.dates import london_day
from ledger.store.embedded import EmbeddedCluster
from ledger.transparency.note import Verifier

CLIENTS = 8
CASES = 6  # that one client works on at a time
LIMIT = 60.0  # seconds until whatever was killed must be back and every client have its answer
PERSON = {"client_id": "0710890", "surname": "Featherstonehaugh", "forenames": "Ann", "dob": "1990-02-01"}
DEFAULT_KINDS = ("process", "ledger", "vault")
ALL_KINDS = (*DEFAULT_KINDS, "both databases", "process and ledger", "process, then its start", "ledger, twice")


class Case:
    """An offender, and the commands that come next on it, in order."""

    def __init__(self) -> None:
        self.id, self._order = str(uuid4()), str(uuid4())
        self._next = self._commands()

    def next(self) -> Asked:
        name, role, body = next(self._next)
        return self.asked(name, role, body)

    def asked(self, name: str, role: str, body: dict[str, Any]) -> Asked:
        return Asked(f"offender-{self.id}", f"/offenders/{self.id}/{kebab(name)}", role, body)

    def opening(self) -> list[Asked]:
        return [self.next(), self.next()]

    def absence(self) -> dict[str, Any]:
        day = (london_day(datetime.now(UTC)) - timedelta(days=1)).isoformat()
        return {
            "absence_id": str(uuid4()),
            "order_id": self._order,
            "appointment_kind": "UPW",
            "date": day,
            "kind": "FTA",
            "note": "Did not attend the group at the depot; no call before the start.",
        }

    def _commands(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        today = london_day(datetime.now(UTC))
        yield "RecordOffender", "court-officer", {**PERSON, "gender": "F"}
        yield (
            "RecordOrder",
            "court-officer",
            {
                "order_id": self._order,
                "order_type": "CO",
                "court": "Mizzlecombe Magistrates' Court",
                "sentence_date": (today - timedelta(days=60)).isoformat(),
                "order_end_date": (today + timedelta(days=300)).isoformat(),
                "requirements": ["Unpaid work"],
                "upw_hours": 120,
            },
        )
        while True:
            absence = self.absence()
            about = {"absence_id": absence["absence_id"]}
            yield "RecordAbsence", "practitioner", absence
            letter = {"letter_id": str(uuid4()), **about, "issued_on": absence["date"], "channel": "POST"}
            yield "IssueEnforcementLetter", "practitioner", letter
            came = datetime.now(UTC).isoformat()
            said = {"kind": "Note", "description": "An appointment at the surgery at nine in the morning."}
            yield "ReceiveEvidence", "practitioner", {**about, "received_at": came, **said}


@dataclass(frozen=True)
class Round:
    """What happened in one round."""

    number: int
    kind: str
    after: float  # seconds from its beginning to the kill
    silent: float  # the longest time, in seconds, in which nobody had an answer
    acknowledged: int
    sent_again: int
    facts: int

    def __str__(self) -> str:
        return (
            f"round {self.number}: {self.kind} killed after {self.after:.2f} s, silent for {self.silent:.2f} s; "
            f"{self.acknowledged} acknowledged, {self.sent_again} tries had no answer, {self.facts} facts in the log"
        )


@dataclass
class Ordeal:
    """A ledger in a home of its own, its clients' journal, and the rounds it goes through."""

    home: Path
    seed: int
    say: Callable[[str], None]
    clients: int = CLIENTS
    process: Process = field(init=False)
    journal: Journal = field(init=False)
    rounds: list[Round] = field(default_factory=list[Round])
    _tries_again: int = 0
    _answers: int = 0
    _silent: float = 0.0
    _last: float = 0.0
    _shared: Case = field(default_factory=Case)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._cases: list[list[Case]] = [[] for _ in range(self.clients)]
        self.process = Process(self.home, free_port(), "serve")
        self.journal = Journal(self.home.with_name(f"{self.home.name}.journal"))
        self._clusters = {name: EmbeddedCluster(self.home, name) for name in ("ledger", "vault")}

    # ------------------------------------------------------------------------------------ the rounds

    def go(self, kinds: list[str], seconds: float = 2.0) -> list[str]:
        """Every round, each checked at its end, and the whole ledger verified at the last; what was found."""
        self.process.start()
        self.process.wait_until_ready()
        self._learn()
        asyncio.run(self._open_shared())
        found: list[str] = []
        for number, kind in enumerate(kinds, start=1):
            found += asyncio.run(self._round(number, kind, seconds))
            self.say(str(self.rounds[-1]))
            if found:
                return found
        code = self.process.stop()
        if code != 0:
            found.append(f"the process ended with {code}")
        verified = run(self.home, "verify")
        self.say(verified.stdout.strip())
        if verified.returncode != 0:
            found.append(f"ledger verify: {verified.stdout}{verified.stderr}")
        found += [f"its log holds {word!r}" for word in SECRETIVE if word in self.process.output]
        return found

    def _learn(self) -> None:
        vkey = httpx.get(f"{self.process.address}/log/vkey").text.strip()
        self.verifier = Verifier.parse(vkey)
        tokens = Tokens.of(self.verifier.name, self.home)
        self._token = tokens.issue(str(uuid4()), tuple(role for role in ROLES if role != "system"))

    async def _open_shared(self) -> None:
        async with self._http() as http:
            for asked in self._shared.opening():
                await self._send(http, asked)

    async def _round(self, number: int, kind: str, seconds: float) -> list[str]:
        """Load, a kill at a random moment of it, recovery, an answer to everything; then the comparison."""
        before, again = self._answers, self._tries_again
        self._silent, self._last = 0.0, time.monotonic()
        stopping = asyncio.Event()
        working = [asyncio.create_task(self._client(each, stopping)) for each in self._cases]
        after = self.random.uniform(0.1, 0.9) * seconds
        await asyncio.sleep(after)
        await self._kill(kind)
        answers = self._answers
        try:
            async with asyncio.timeout(LIMIT):
                while self._answers <= answers + 2 * self.clients or not await self._healthy():
                    await asyncio.sleep(0.02)
                await asyncio.sleep(seconds - after)
                stopping.set()
                await asyncio.gather(*working)
        except TimeoutError:
            return [f"{kind} killed: not every client had its answer after {LIMIT:.0f} s"]
        finally:
            for each in working:
                each.cancel()
        await self._resend()
        log = await asyncio.to_thread(Log.read, self._conninfo())
        answered, unanswered = self._answers - before, self._tries_again - again
        self.rounds.append(Round(number, kind, after, self._silent, answered, unanswered, len(log.entries)))
        return findings(self.journal, log, self.verifier)

    def _conninfo(self) -> str:
        cluster = self._clusters["ledger"]
        return cluster.conninfo(cluster.app_role, "ledger")

    async def _healthy(self) -> bool:
        """The process is there, and both servers are."""
        return self.process.running and all(each.pid is not None for each in self._clusters.values())

    # ------------------------------------------------------------------------------------ killing

    async def _kill(self, kind: str) -> None:
        pause = self.random.uniform(0.02, 1.0)  # drawn whatever the kind, so that a seed is a seed
        match kind:
            case "process":
                self._kill_process()
            case "ledger" | "vault":
                self._kill_server(kind)
            case "both databases":
                self._kill_server("vault")
                self._kill_server("ledger")
            case "process and ledger":
                self._kill_server("ledger")
                self._kill_process()
            case "process, then its start":
                self._kill_process()
                await asyncio.sleep(pause)
                self._kill_process()
            case "ledger, twice":
                self._kill_server("ledger")
                await asyncio.sleep(pause)
                self._kill_server("ledger")
            case _:
                raise ValueError(kind)

    def _kill_process(self) -> None:
        self.process.kill()
        self.process.start()

    def _kill_server(self, name: str) -> None:
        pid = self._clusters[name].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    # ------------------------------------------------------------------------------------ clients

    async def _client(self, cases: list[Case], stopping: asyncio.Event) -> None:
        """One command after another: on cases of its own, now and then on a new one or on the one all share."""
        async with self._http() as http:
            while not stopping.is_set():
                draw = self.random.random()
                if len(cases) < CASES or draw < 0.05:
                    cases.append(case := Case())
                    for asked in case.opening():
                        await self._send(http, asked)
                elif draw < 0.15:
                    await self._send_shared(http)
                else:
                    await self._send(http, self.random.choice(cases[-CASES:]).next())

    async def _send_shared(self, http: httpx.AsyncClient) -> None:
        """On a case that several clients write to at once."""
        await self._send(http, self._shared.asked("RecordAbsence", "practitioner", self._shared.absence()))

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.process.address, headers={"Authorization": f"Bearer {self._token}"}, timeout=30
        )

    async def _send(self, http: httpx.AsyncClient, asked: Asked) -> None:
        """Until it is answered."""
        self.journal.sending(asked)
        while not await self._try(http, asked):
            self._tries_again += 1
            await asyncio.sleep(0.05)
        self._answers += 1
        now = time.monotonic()
        self._silent, self._last = max(self._silent, now - self._last), now

    async def _try(self, http: httpx.AsyncClient, asked: Asked) -> bool:
        headers = {"Idempotency-Key": asked.key, "Ledger-Role": asked.role}
        try:
            response = await http.post(asked.path, json=asked.body, headers=headers)
        except httpx.TransportError:
            return False
        if response.status_code in (503, 504):
            return False
        if response.status_code in (200, 201):
            self.journal.answered(asked.key, response.json())
        else:
            self.journal.complaints.append(f"{asked.path}: {response.status_code} {response.text}")
        return True

    async def _resend(self) -> None:
        """Every command of this journal once more: 200, and the first receipt."""
        waiting = list(self.journal.asked.values())

        async def work() -> None:
            async with self._http() as http:
                while waiting:
                    await self._try(http, waiting.pop())

        await asyncio.gather(*(work() for _ in range(self.clients)))
