"""Two commands at the same moment, to one server or to two of the same ledger: the rule holds whoever is first.

A race (races.py) makes *heats*: the ground, given before; the contenders, sent at once; and what must hold of their
answers.  Where there is one place to win, exactly one wins.  Where one decides on what the other moves, the loser was
decided on what it saw last: either the decision was sealed first, or it saw the other's fact.  Who wins is counted, so
that a race nobody ever loses shows.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.journeys.process import Process, ended, free_port

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import ROLES
from ledger.api.openapi import kebab
from ledger.api.tokens import Tokens

SPREAD = 0.004  # seconds within which the contenders are sent


@dataclass(frozen=True)
class Move:
    """One command, to a case such as `offender/019a…`."""

    to: str
    command: str
    role: str
    body: Mapping[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))
    if_match: int | None = None
    by_another: bool = False  # somebody else than who gives the other moves

    @property
    def path(self) -> str:
        noun, _, name = self.to.partition("/")
        return f"/{AGGREGATES[noun].collection}/{name}/{kebab(self.command)}"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Mapping[str, Any]

    @property
    def accepted(self) -> bool:
        return self.status in (200, 201)

    @property
    def position(self) -> int:
        return int(self.body["events"][-1]["position"])

    @property
    def refused_by(self) -> str:
        """The rule, or the code of the problem."""
        return str(self.body.get("rule") or self.body.get("type", "").removeprefix("/problems/"))

    def __str__(self) -> str:
        return f"{self.status} {f'at {self.position}' if self.accepted else self.refused_by}"


Verdict = Callable[[Sequence[Answer]], bool]


@dataclass(frozen=True)
class Heat:
    """One running of a race."""

    ground: Sequence[Move]
    contenders: Sequence[Move]
    holds: Verdict
    look: str | None = None  # a page that is asked for afterwards, its answer the last one that the verdict sees


# ---------------------------------------------------------------------------------------- what must hold


def one_wins(by: str) -> Verdict:
    """Exactly one is accepted; the others are refused by this rule, or with this problem."""

    def holds(answers: Sequence[Answer]) -> bool:
        lost = [each for each in answers if not each.accepted]
        return len(lost) == len(answers) - 1 and all((each.status, each.refused_by) == (409, by) for each in lost)

    return holds


def all_in_some_order(answers: Sequence[Answer]) -> bool:
    """Everybody is recorded, each at a place of its own."""
    return all(each.status == 201 for each in answers) and len({each.position for each in answers}) == len(answers)


def recorded_once(answers: Sequence[Answer]) -> bool:
    """One is recorded now, the others get its receipt."""
    return sorted(each.status for each in answers) == [200] * (len(answers) - 1) + [201] and all(
        each.body == answers[0].body for each in answers
    )


def decided_on_the_last_word(by: str) -> Verdict:
    """The second moves what the first is decided on: the first is sealed before it, or is refused by this rule."""

    def holds(answers: Sequence[Answer]) -> bool:
        decision, moved = answers
        if not moved.accepted:
            return False
        return decision.position < moved.position if decision.accepted else decision.refused_by == by

    return holds


def never_both(answers: Sequence[Answer]) -> bool:
    """The erasure waits for the hold, or it was faster: then the hold says so, or comes after it."""
    hold, erasure = answers
    if not hold.accepted:
        return False
    if not erasure.accepted:
        return (erasure.status, erasure.refused_by) == (409, "SCR-05")
    warned = any(each["rule"] == "SCR-05" for each in hold.body.get("warnings", ()))
    return warned or erasure.position < hold.position


# ---------------------------------------------------------------------------------------- running them


@dataclass
class Track:
    """Two servers of one ledger; contenders go to the same one or to both."""

    addresses: Sequence[str]
    tokens: tuple[str, str]  # of two people
    random: random.Random
    won: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    async def run(self, name: str, race: Callable[[], Heat], rounds: int) -> list[str]:
        """So many heats of a race; what did not hold."""
        found: list[str] = []
        tally = self.won.setdefault(name, Counter())
        headers = {"Authorization": f"Bearer {self.tokens[0]}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as http:
            for _ in range(rounds):
                heat = race()
                for move in heat.ground:
                    given = await self.send(http, self.random.choice(self.addresses), move)
                    if not given.accepted:
                        return [*found, f"{name}: the ground could not be laid, {move.command}: {given.body}"]
                apart = self.random.random() < 0.5
                answers = await self._at_once(http, heat.contenders, apart)
                tally["".join("x" if not each.accepted else "=" for each in answers)] += 1
                if heat.look:
                    page = await http.get(f"{self.addresses[0]}{heat.look}", headers={"Ledger-Role": "practitioner"})
                    answers.append(Answer(page.status_code, page.json()))
                if not heat.holds(answers):
                    told = ", ".join(f"{m.command}: {a}" for m, a in zip(heat.contenders, answers, strict=False))
                    found.append(f"{name}, {'two servers' if apart else 'one server'}: {told}")
        return found

    async def _at_once(self, http: httpx.AsyncClient, moves: Sequence[Move], apart: bool) -> list[Answer]:
        first = self.random.randrange(len(self.addresses))

        async def one(number: int, move: Move, pause: float) -> Answer:
            await asyncio.sleep(pause)
            address = self.addresses[(first + number * apart) % len(self.addresses)]
            return await self.send(http, address, move)

        pauses = [self.random.uniform(0, SPREAD) for _ in moves]
        return await asyncio.gather(*(one(*each) for each in zip(range(len(moves)), moves, pauses, strict=True)))

    async def send(self, http: httpx.AsyncClient, address: str, move: Move) -> Answer:
        headers = {"Idempotency-Key": move.key, "Ledger-Role": move.role}
        if move.by_another:
            headers["Authorization"] = f"Bearer {self.tokens[1]}"
        if move.if_match is not None:
            headers["If-Match"] = f'"{move.if_match}"'
        response = await http.post(f"{address}{move.path}", json=move.body, headers=headers)
        return Answer(response.status_code, response.json())


@contextmanager
def two_servers(home: Path, seed: int) -> Generator[Track]:
    """Two servers of one ledger in this home, and a token for every role."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ended(Process(home, free_port(), "serve"))) for _ in range(2)]
        for each in servers:
            each.start()
            each.wait_until_ready()
        origin = httpx.get(f"{servers[0].address}/log/checkpoint").text.partition("\n")[0]
        tokens, roles = Tokens.of(origin, home), tuple(role for role in ROLES if role != "system")
        two = tokens.issue(str(uuid4()), roles), tokens.issue(str(uuid4()), roles)
        yield Track([each.address for each in servers], two, random.Random(seed))
        assert [each.stop() for each in servers] == [0, 0]
