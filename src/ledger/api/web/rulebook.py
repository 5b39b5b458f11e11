"""The rules in plain words, each with its source; the editions of the law, and what another one would have said.

    /audit/rules                        every rule, and which are in force on a day
    /audit/rules/{id}                   one rule, in each of its editions
    /audit/editions/offenders/{id}      a case under an edition, beside what is in force
    /audit/what-if                      the whole caseload: worked out beside the pages, one question at a time

What a caseload came to is kept in this process, its numbers and its first ROWS rows, as ids and days; each reader is
shown of it what they may read, and that is sealed like a list.  Proven by tests/web/test_rulebook.py.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.aggregates import FACTS
from ledger.api import openapi
from ledger.api.asking import READERS, WITHHELD_FROM
from ledger.api.web.asking import Moments, Pages, form_of, moments_of, reader_here, session_here, signed_in, together
from ledger.api.web.compare import place
from ledger.api.web.frame import title_of
from ledger.api.web.pages import HEADERS, page
from ledger.application import Ledger
from ledger.application.asking import known_edition
from ledger.errors import Forbidden, LedgerError, Malformed, NotFound, TooMany
from ledger.following.supposing import Compared, Question
from ledger.projections.comparing import statuses_between
from ledger.reading import a_day
from ledger.rules.dates import london_day
from ledger.rules.editions import NAMES, PARTS
from ledger.rules.registry import EDITIONS, rules

AREAS: Final = {  # by the letters that its rules' ids begin with
    **{"ALL": "Allocation", "CP": "Child protection", "DP": "Data protection", "ENF": "Enforcement"},
    **{
        "GEN": "General conventions",
        "HRS": "Hours",
        "MGT": "Management",
        "PLC": "Placements",
        "PRG": "Progress checks",
    },
    **{"SCR": "Serious case reviews", "UPW": "Unpaid work requirements"},
}
COMPARED: Final = ("enforcement", "progress")
_OF_WHEN: Final = ("as_at", "known_at", "position", "edition")  # what an answer says of itself
KEPT: Final = 5  # what-ifs that are remembered
ROWS: Final = 200  # of a what-if on one page
AT: Final = "/audit/what-if"
NO_RULE: Final = "There is no rule {id}."
BUSY: Final = "Another comparison of the whole caseload is under way. Nothing was begun; look again in a moment."
FORGOTTEN: Final = "This comparison is not known here, or no longer. Begin it again."


async def register(request: Request) -> Response:
    """GET /audit/rules?as_at=&edition=&words="""
    ledger: Ledger = request.app.state.ledger
    asked = {name: request.query_params.get(name, "").strip()[:100] for name in ("edition", "words")}
    day, listed = await _as_at(ledger, moments_of(request))
    kept = [each for each in listed if _fits(each, asked)]
    policy = await ledger.policy()
    editions = [
        {
            "name": each.name,
            "title": each.title,
            "source": each.source,
            "starts": [(part, policy.starts(part, each.name)) for part in PARTS if each.name in part.amendments],
            "rules": sum(one["edition"] == each.name for one in listed),
        }
        for each in EDITIONS.values()
    ]
    by_area: dict[str, list[dict[str, Any]]] = {}
    for each in kept:
        by_area.setdefault(each["id"].partition("-")[0], []).append(each)
    areas = [{"name": name, "title": AREAS.get(name, name), "rules": found} for name, found in by_area.items()]
    shows = {"areas": areas, "count": len(kept), "editions": editions, "asked": asked, "day": day}
    return page(request, "rules.html", shows)


async def one_rule(request: Request) -> Response:
    """GET /audit/rules/{id}?as_at="""
    ledger: Ledger = request.app.state.ledger
    id_: str = request.path_params["id"]
    if not any(each.id == id_ for each in rules()):
        raise NotFound(NO_RULE.format(id=repr(id_[:20])))
    day, listed = await _as_at(ledger, moments_of(request))
    editions: dict[str, list[Mapping[str, Any]]] = {}
    for each in listed:
        if each["id"] == id_:
            editions.setdefault(each["edition"], []).append(each)
    shows = {
        "id": id_,
        "day": day,
        "editions": editions,
        "kept": [each.kept for each in rules() if each.id == id_ and each.kept],
        "facts": sorted(each.__name__ for each in FACTS if id_ in each.rules),
    }
    return page(request, "rule.html", shows)


async def of_case(request: Request) -> Response:
    """GET /audit/editions/offenders/{id}?edition=&as_at=: what an edition would have said, and what is said."""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    if session.role not in READERS:
        raise Forbidden(f"Cases are not read by {session.role}.")
    moments, id_ = moments_of(request), request.path_params["id"]
    edition = request.query_params.get("edition") or NAMES[-1]
    known_edition(edition)

    async def asked(name: str, under: str | None) -> dict[str, Any]:
        return await ledger.view(
            "offender",
            id_,
            name,
            as_at=moments.as_at,
            known_at=moments.known_at,
            explain=True,
            withhold=session.role in WITHHELD_FROM,
            reader=reader_here(request),
            edition=under,
        )

    answers = await together(*(asked(name, under) for name in COMPARED for under in (None, edition)))
    said = [{name: each for name, each in answer.items() if name not in _OF_WHEN} for answer in answers]
    differs = [
        each | {"says": place(each["at"]), "title": title_of(name), "name": each["at"].rpartition(".")[2]}
        for number, name in enumerate(COMPARED)
        for each in statuses_between(name, said[2 * number], said[2 * number + 1])
    ]
    shows = {
        "id": id_,
        "at": f"/audit/editions/offenders/{id_}",
        "case": f"/case/offenders/{id_}",
        "edition": EDITIONS[edition],
        "editions": [EDITIONS[each] for each in NAMES],
        "moments": moments,
        "shown": answers[0],
        "differs": differs,
    }
    return page(request, "edition.html", shows)


# ------------------------------------------------------------------------------------ the whole caseload


@dataclass(slots=True)
class Job:
    """A what-if under way, or what it came to.  It ends with this process."""

    edition: str
    against: str | None
    as_at: date
    began: datetime
    done: int = 0
    total: int = 0
    task: asyncio.Task[tuple[Question, Compared]] | None = None

    def heard(self, done: int, total: int) -> None:
        """How far it is."""
        self.done, self.total = done, total

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()


class Jobs:
    """The what-ifs of this process: one runs at a time, the newest few are remembered."""

    def __init__(self) -> None:
        self._by_number: OrderedDict[int, Job] = OrderedDict()
        self._last = 0

    def begin(self, ledger: Ledger, edition: str, against: str | None, as_at: date) -> int:
        """Begin one; its number.  Raises TooMany while another runs."""
        if any(each.running for each in self._by_number.values()):
            raise TooMany(BUSY)
        self._last += 1
        job = self._by_number[self._last] = Job(edition, against, as_at, datetime.now(UTC))
        job.task = asyncio.get_running_loop().create_task(_first_of(ledger.suppose(edition, against, as_at, job.heard)))
        while len(self._by_number) > KEPT:
            self._by_number.popitem(last=False)
        return self._last

    def of(self, number: str) -> Job:
        """Raises NotFound for one that is not remembered."""
        found = self._by_number.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else None
        if found is None:
            raise NotFound(FORGOTTEN)
        return found

    def newest(self) -> list[tuple[int, Job]]:
        """The newest first."""
        return list(self._by_number.items())[::-1]


async def _first_of(supposing: Awaitable[tuple[Question, Compared]]) -> tuple[Question, Compared]:
    question, found = await supposing
    return question, found.shortened(ROWS)


async def what_if(request: Request) -> Response:
    """GET /audit/what-if: the question, and what was asked before."""
    _reads(request)
    return _question(request)


async def begin(request: Request) -> Response:
    """POST the same: begun, and its page."""
    _reads(request)
    jobs: Jobs = request.app.state.what_ifs
    sent = await form_of(request, AT)
    edition, against, day = (sent.get(name, "") for name in ("edition", "against", "as_at"))
    try:
        known_edition(edition)
        known_edition(against or None)
        as_at = a_day(day) if day else london_day(datetime.now(UTC))
    except (Malformed, ValueError) as wrong:
        return _question(request, wrong.message if isinstance(wrong, Malformed) else f"The day: {wrong}.")
    number = jobs.begin(request.app.state.ledger, edition, against or None, as_at)
    return RedirectResponse(f"{AT}/{number}", 303, HEADERS)


async def result(request: Request) -> Response:
    """GET /audit/what-if/{number}: how far it is, or what it came to."""
    ledger: Ledger = request.app.state.ledger
    _reads(request)
    jobs: Jobs = request.app.state.what_ifs
    job = jobs.of(request.path_params["number"])
    found: dict[str, Any] | None = None
    failed, paused = "", 0
    if job.task is not None and not job.running:
        try:
            came = await job.task
            found, paused = await ledger.supposed(came, reader=reader_here(request)), came[1].cases_paused
        except LedgerError as wrong:
            failed = wrong.message
    rows: list[dict[str, Any]] = found["items"] if found else []
    shows = {
        "job": job,
        "found": found,
        "failed": failed,
        "paused": paused,
        "rows": rows,
        "editions": EDITIONS,
        "path": request.url.path,
    }
    return page(request, "what-if-result.html", shows)


def _question(request: Request, wrong: str = "") -> Response:
    jobs: Jobs = request.app.state.what_ifs
    shows = {
        "editions": [EDITIONS[each] for each in NAMES],
        "named": EDITIONS,
        "earlier": jobs.newest(),
        "wrong": wrong,
        "form": session_here(request).form_token(AT),
    }
    return page(request, "what-if.html", shows, status=422 if wrong else 200)


# ------------------------------------------------------------------------------------ parts


def _reads(request: Request) -> None:
    """Raises Forbidden for whom lists of cases are not for."""
    if (role := session_here(request).role) not in READERS:
        raise Forbidden(f"Worklists are not read by {role}.")


async def _as_at(ledger: Ledger, moments: Moments) -> tuple[date, list[dict[str, Any]]]:
    day = moments.as_at or london_day(datetime.now(UTC))
    return day, openapi.rules_as_at(await ledger.policy(), day)


def _fits(rule: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    words = asked["words"].casefold()
    told = f"{rule['id']} {rule['text']} {rule['source']}".casefold()
    return asked["edition"] in ("", rule["edition"]) and words in told


PAGES: Final[Pages] = (
    ("/audit/rules", "GET", signed_in(register)),
    ("/audit/rules/{id}", "GET", signed_in(one_rule)),
    ("/audit/editions/offenders/{id}", "GET", signed_in(of_case)),
    (AT, "GET", signed_in(what_if)),
    (AT, "POST", signed_in(begin)),
    (f"{AT}/{{number}}", "GET", signed_in(result)),
)
