"""Clients at work: cases, the commands that come next on each, and who sends them until there is an answer.

A client sends one command after another on many cases, each with its own idempotency key.  A lost connection, 503 and
504 mean *unknown, or not now*: it sends the same request again, with the same key, until there is an answer.  Any other
answer but a receipt is a complaint.  What was sent and answered is in the journal, which the ledger never sees.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from tests.journeys.journal import Asked, Journal

from ledger.api.openapi import kebab
from ledger.rules.dates import london_day

CASES = 6  # that one client works on at a time
PERSON = {"client_id": "0710890", "surname": "Featherstonehaugh", "forenames": "Ann", "dob": "1990-02-01"}


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


@dataclass
class Clients:
    """Several clients of one ledger at work; what they ask and are told goes into the journal."""

    address: str
    token: str
    journal: Journal
    random: random.Random
    many: int
    answers: int = 0
    tries_again: int = 0
    unknown: set[str] = field(default_factory=set[str])  # keys that once had no answer
    longest_silence: float = 0.0  # seconds
    _last: float = 0.0
    _shared: Case = field(default_factory=Case)

    def __post_init__(self) -> None:
        self._cases: list[list[Case]] = [[] for _ in range(self.many)]

    async def open_shared(self) -> None:
        """Make the case that several clients write to at once."""
        async with self._http() as http:
            for asked in self._shared.opening():
                await self.send(http, asked)

    def begin(self, stopping: asyncio.Event) -> list[asyncio.Task[None]]:
        """Start them, and somebody who looks at checkpoints; they end after `stopping`, each with its last answer."""
        self.longest_silence, self._last = 0.0, time.monotonic()
        working = [asyncio.create_task(self._work(cases, stopping)) for cases in self._cases]
        return [*working, asyncio.create_task(self._look_at_checkpoints(stopping))]

    async def send_all_again(self) -> None:
        """Every command of the journal once more: 200, and the first receipt."""
        waiting = list(self.journal.asked.values())

        async def work() -> None:
            async with self._http() as http:
                while waiting:
                    await self._try(http, waiting.pop())

        await asyncio.gather(*(work() for _ in range(self.many)))

    async def send(self, http: httpx.AsyncClient, asked: Asked) -> None:
        """Until it is answered."""
        self.journal.sending(asked)
        while not await self._try(http, asked):
            self.tries_again += 1
            self.unknown.add(asked.key)
            await asyncio.sleep(0.05)
        self.answers += 1
        now = time.monotonic()
        self.longest_silence, self._last = max(self.longest_silence, now - self._last), now

    async def _work(self, cases: list[Case], stopping: asyncio.Event) -> None:
        """One command after another: on cases of its own, now and then on a new one or on the one all share."""
        async with self._http() as http:
            while not stopping.is_set():
                draw = self.random.random()
                if len(cases) < CASES or draw < 0.05:
                    cases.append(case := Case())
                    for asked in case.opening():
                        await self.send(http, asked)
                elif draw < 0.15:
                    await self.send(http, self._shared.asked("RecordAbsence", "practitioner", self._shared.absence()))
                else:
                    await self.send(http, self.random.choice(cases[-CASES:]).next())

    async def _look_at_checkpoints(self, stopping: asyncio.Event) -> None:
        async with self._http() as http:
            while not stopping.is_set():
                try:
                    response = await http.get("/log/checkpoint")
                    if response.status_code == 200:
                        self.journal.saw(response.text)
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

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
