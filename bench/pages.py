"""Every page, timed and its questions to the databases counted: on the demonstration, and a case of 500 facts.

    python -m bench.pages [--size 500] [--rounds 100] [--home DIR] [--json FILE]

The application runs in this process, as the server runs it, and is asked without a socket by somebody who is signed in:
what is measured is the page, with its readings sealed in the access log, and no network.  Rounds go page after page, so
that no page is measured alone on a warm processor.  A *question* is one statement a page waits for, or one transaction
of either log that it begins (several readings begun at once share one); it is counted on the first showing of a case.
`processor` is the median of what this process worked for a page, which a busy machine changes less than the time that
passes.

`addresses` and `Counting` are the tests' as well (tests/web/test_questions.py), which fail above ten questions.

A page that there is not of this case (a decision at a position of another) is left out; it is an error if one that was
shown is not shown again.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, TypeVar
from unittest.mock import patch
from uuid import uuid4

import httpx
import orjson
import uvloop
from rich.console import Console

from bench.filling import a_home
from bench.measuring import leave, milliseconds, out, table
from bench.replay import long_case
from ledger import collecting
from ledger.aggregates import AGGREGATES
from ledger.api.app import build
from ledger.api.tokens import Tokens
from ledger.api.web import PAGES
from ledger.api.web.sessions import Links
from ledger.application import SYSTEM, Ledger
from ledger.demonstration.running import open_demonstration
from ledger.importing import LineKeys, import_lines
from ledger.projections import VIEWS
from ledger.settings import Settings
from ledger.store.appending import STATEMENTS as APPENDING
from ledger.store.wire import Answer, Params, Wire

SEED: Final = 7  # another than the demonstration's, whose keys it would draw again
HERE: Final = "http://127.0.0.1:8000"
# In whose role a page is asked for: the first of them that may.
OF_FAMILIES: Final = {  # by noun its pages that are measured too
    "child-protection-matter": ("", "forms"),
    "case-review": ("", "who-knew", "chronology"),
    "child": ("",),
    "register-entry": ("",),
}
ROLES: Final = ("practitioner", "auditor", "unit-manager", "supervisor", "case-reviewer")
TABS: Final = tuple(each.name for each in VIEWS if each.noun == "offender" and each.name != "person")
# What is no page to be read: the way in, files, and what is not there until somebody asks for it.
LEFT_OUT: Final = ("/sign-in/", "/assets/", "/audit/what-if/{number}")
PRINTED: Final = "/print"  # a PDF, made for paper: no page that somebody waits for between two others
T = TypeVar("T")


# ------------------------------------------------------------------------------------------ which pages


def addresses(case: str, position: int = 3) -> Iterator[tuple[str, str]]:
    """(a page's pattern, an address of it), for what there is from the start; `case`: an offender's id."""
    given = {
        "{collection}": "offenders",
        "{id}": case,
        "{name}": "breach",
        "{position}": str(position),
        "{command}": "record-absence",
    }
    for path, method, _ in PAGES:
        if method != "GET" or path.startswith(LEFT_OUT) or path.endswith(PRINTED):
            continue
        at = path.replace("/audit/rules/{id}", "/audit/rules/ENF-08")
        for name, value in given.items():
            at = at.replace(name, value)
        for tab in TABS if "{tab}" in at else ("",):
            if "{" not in (filled := at.replace("{tab}", tab)):  # else it is of something that is yet to be made
                yield path, filled


# ------------------------------------------------------------------------------------------ counting


@dataclass(slots=True)
class Questions:
    """What one page asked: the statements it waited for, in order, and how many transactions it began."""

    statements: list[str] = field(default_factory=list[str])
    transactions: int = 0

    @property
    def count(self) -> int:
        return len(self.statements) + self.transactions


class Counting:
    """While entered, what is asked of the databases on behalf of whoever `of` runs is counted, at the connections."""

    def __init__(self) -> None:
        self._asked: ContextVar[Questions | None] = ContextVar("asked", default=None)
        self._send = Wire.send
        self._patch = patch.object(Wire, "send", self._counted())

    def __enter__(self) -> Counting:
        self._patch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._patch.stop()

    async def of(self, ledger: Ledger, ask: Callable[[], Awaitable[T]]) -> tuple[T, Questions]:
        """What comes of it, and what it asked; nobody else writes meanwhile."""
        asked = Questions()
        self._asked.set(asked)
        before = _batches(ledger)
        answer = await ask()
        self._asked.set(None)
        asked.transactions = _batches(ledger) - before
        return answer, asked

    def _counted(self) -> Callable[[Wire, Sequence[tuple[bytes, Params]], Callable[[Answer], None]], None]:
        def send(wire: Wire, queries: Sequence[tuple[bytes, Params]], answered: Callable[[Answer], None]) -> None:
            asked = self._asked.get()
            names = [name.decode() for name, _ in queries]
            if asked is not None and names[0] not in APPENDING:  # a transaction is counted by its log, once
                asked.statements += names
            self._send(wire, queries, answered)

        return send


def _batches(ledger: Ledger) -> int:
    return ledger.store.sequencer.batches + ledger.store.access.sequencer.batches


# ------------------------------------------------------------------------------------------ measuring


class Browsers:
    """Somebody in each role, signed in."""

    def __init__(self, client: httpx.AsyncClient, tokens: Tokens, links: Links) -> None:
        self._client, self._tokens, self._links = client, tokens, links
        self._cookies: dict[str, str] = {}

    async def get(self, role: str, path: str) -> httpx.Response:
        if role not in self._cookies:
            bearer = self._tokens.check(self._tokens.issue(str(uuid4()), (role,), "North"))
            answer = await self._client.get(f"{HERE}/sign-in/once/{self._links.make(bearer, role)}")
            self._cookies[role] = answer.cookies["ledger_session"]
            self._client.cookies.clear()
        headers = {"Accept": "text/html", "Cookie": f"ledger_session={self._cookies[role]}"}
        return await self._client.get(HERE + path, headers=headers)

    async def role_for(self, path: str) -> str | None:
        """The first role that is shown a page; None where there is none of this case."""
        for role in ROLES:
            if (await self.get(role, path)).status_code == 200:
                return role
        return None


async def long_one(ledger: Ledger, home: Path, size: int) -> str:
    """A case of so many facts, taken over into this ledger; its id."""
    offender, lines = long_case(size, SEED)
    keys = LineKeys(home, home / f"case-{offender}")
    numbered = ((number, orjson.dumps(line)) for number, line in enumerate(lines, start=1))
    outcome = await import_lines(ledger, numbered, keys, SYSTEM, lambda done: None)
    if outcome.rejected:
        raise SystemExit(f"refused: {outcome.rejected[0]}")
    return offender


async def measure(given: argparse.Namespace, home: Path) -> dict[str, float]:
    """The figures by name, printed as two tables."""
    settings = Settings(home=home)
    ledger = await open_demonstration(settings, Console(stderr=True))
    try:
        offender = (await ledger.store.database.streams("offender"))[0].removeprefix("offender-")
        long = await long_one(ledger, home, given.size)
        await ledger.follower.catch_up()
        links, tokens = Links(), Tokens.of(ledger.store.origin, ledger.store.home)
        app = build(settings=settings, links=links)
        app.state.ledger, app.state.tokens = ledger, tokens
        found: dict[str, float] = {}
        async with (
            ledger.searched(),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), timeout=60) as client,
        ):
            browsers = Browsers(client, tokens, links)
            await asyncio.sleep(2)  # until the search is filled
            collecting.seldom()  # as the server does before it answers anybody
            for title, case in (("the demonstration", offender), (f"a case of {given.size} facts", long)):
                found |= await _pages(ledger, browsers, title, case, given.rounds)
        return found
    finally:
        await ledger.close()


async def _pages(ledger: Ledger, browsers: Browsers, title: str, case: str, rounds: int) -> dict[str, float]:
    demonstrated = title == "the demonstration"
    stored = await ledger.store.database.chain(f"offender-{case}")
    halfway = stored[len(stored) // 2].members["recorded"]
    more = [f"/case/offenders/{case}/compare?known_at={halfway}", *(await _of_families(ledger) if demonstrated else ())]
    asked = dict.fromkeys([*(at for _, at in addresses(case) if demonstrated or case in at), *more])
    roles = {at: role for at in asked if (role := await browsers.role_for(at)) is not None}
    took: dict[str, list[float]] = {at: [] for at in roles}
    worked: dict[str, list[float]] = {at: [] for at in roles}
    questions: dict[str, int] = {}
    with Counting() as counting:
        for at, role in roles.items():
            ledger.cases.forget(f"offender-{case}")
            _, first = await counting.of(ledger, lambda at=at, role=role: browsers.get(role, at))
            questions[at] = first.count
    for _ in range(rounds):
        for at, role in roles.items():
            began, busy = perf_counter(), process_time()
            answer = await browsers.get(role, at)
            took[at].append(perf_counter() - began)
            worked[at].append(process_time() - busy)
            if answer.status_code != 200:
                raise SystemExit(f"{at} answers {answer.status_code}")
    shown = table(f"Pages of {title}, ms", "page", "questions", "p50", "p99", "processor")
    for at, each in took.items():
        name = _ID.sub("…", at.partition("=")[0])
        figures = [milliseconds(each, 0.5), milliseconds(each, 0.99), milliseconds(worked[at], 0.5)]
        shown.add_row(name, str(questions[at]), *(f"{figure:.1f}" for figure in figures))
    out.print(shown)
    kind = "long" if title != "the demonstration" else "demo"
    found = {f"{kind} {at.replace(case, '…')} p99": milliseconds(each, 0.99) for at, each in took.items()}
    return found | {f"{kind} questions": float(max(questions.values()))}


_ID: Final = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}")


async def _of_families(ledger: Ledger) -> list[str]:
    """The pages of the first matter, review, child and register entry that there are."""
    found: list[str] = []
    for noun, tabs in OF_FAMILIES.items():
        for stream in (await ledger.store.database.streams(noun))[:1]:
            at = f"/case/{AGGREGATES[noun].collection}/{stream.removeprefix(noun + '-')}"
            found += [f"{at}/{tab}" if tab else at for tab in tabs]
    return found


def main() -> None:
    """Measure, print, and leave the figures in a file if one is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with a_home(given.home) as home:
        found: dict[str, Any] = uvloop.run(measure(given, home))
    leave(given.json, "pages", given.size, "in this process, without a socket", found)


if __name__ == "__main__":
    main()
