"""Every route has its roles, and they hold: all routes, commands, views and worklists are asked in every role.

What is expected is written down here once more, from the contract (*Roles*), and for commands it is the catalogue's
*Who*, which tests/aggregates/test_registry.py holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from uuid import uuid4

import pytest
from tests.doors import Door, a_problem, path_of

from ledger.aggregates import AGGREGATES, COMMANDS
from ledger.aggregates.roles import ROLES, roles_for
from ledger.api.app import BY_COMMAND, OPEN, ROUTES
from ledger.api.web import PAGES
from ledger.projections import VIEWS, WORKLISTS

AT_ONCE = 40
EVERYBODY = frozenset(ROLES)
# Police and schools are told by name what concerns them, and read nothing; neither do programs and administrators.
READ_CASES = EVERYBODY - {"police", "school", "administrator", "subject-access", "system"}
EXPECTED: dict[tuple[str, str], frozenset[str] | None] = {
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
    ("GET", "/info"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/docs"): None,
    ("GET", "/problems/{code}"): None,
    **{
        ("GET", f"{log}/{route}"): frozenset({"auditor"}) if "entries" in route else None
        for log in ("/log", "/access/log")
        for route in (
            "checkpoint",
            "vkey",
            "vkeys",
            "announcements",
            "tile/entries/{path:path}",
            "tile/{path:path}",
            "proof/{position}",
            "consistency",
        )
    },
    ("POST", "/log/closings"): frozenset({"auditor", "administrator"}),
    ("POST", "/access/log/closings"): frozenset({"auditor", "administrator"}),
    ("GET", "/rules"): EVERYBODY,
    ("GET", "/events"): EVERYBODY,
    ("GET", "/metrics"): frozenset({"administrator"}),
    ("GET", "/access/refusals"): frozenset({"auditor", "data-protection-officer"}),
    ("GET", "/worklists/{name}"): READ_CASES,
    ("GET", "/reports/{name}"): frozenset(
        {"senior-practitioner", "unit-manager", "area-manager", "aco", "chief-officer"}
    ),
    ("GET", "/{collection}/{id}/{name}"): READ_CASES,
    ("GET", "/{collection}/{id}/decisions"): READ_CASES,
    ("GET", "/{collection}/{id}/decisions/{position}"): READ_CASES,
    ("GET", "/{collection}/{id}/compare"): READ_CASES,
    ("GET", "/{collection}/{id}/readings"): frozenset({"auditor", "data-protection-officer", "information-manager"}),
    ("GET", "/{collection}/{id}"): READ_CASES,
    ("POST", "/offenders/{id}/export"): frozenset(
        {
            *("practitioner", "senior-practitioner", "unit-manager", "area-manager", "aco", "chief-officer"),
            *("court-officer", "information-manager", "data-protection-officer", "case-reviewer"),
            *("inspector", "auditor"),
        }
    ),
    ("PUT", "/{collection}/{id}/documents/{doc_id}"): frozenset(
        {"practitioner", "team-admin", "placement-coordinator"}
    ),
    ("GET", "/{collection}/{id}/documents/{doc_id}"): READ_CASES - {"inspector", "auditor"},  # and then by its marking
    # A letter is previewed by whoever may issue it, and read by those who may read of the person.
    ("POST", "/offenders/{id}/issue-enforcement-letter/preview"): frozenset({"practitioner", "pso"}),
    ("POST", "/offenders/{id}/give-breach-warning/preview"): frozenset({"practitioner", "pso"}),
    ("GET", "/offenders/{id}/letters/{letter}"): READ_CASES - {"inspector", "auditor"},
    ("GET", "/{collection}/{id}/forms/{form}"): READ_CASES - {"inspector", "auditor"},  # and then by who is on it
    ("GET", "/placements/{id}/session-sheet"): frozenset(
        {
            *("supervisor", "placement-coordinator", "operations-manager", "head-of-unpaid-work"),
            *("practitioner", "pso", "senior-practitioner", "unit-manager"),
        }
    ),
    ("GET", "/subject-access-request"): frozenset({"subject-access", "data-protection-officer", "information-manager"}),
    ("POST", "/offenders/search"): READ_CASES - {"inspector", "auditor", "training-unit"},
    ("POST", "/{collection}/{id}/{name}"): EVERYBODY,  # and then each command its own
}
GIVEN = [(noun, name, fact) for noun, of in COMMANDS.items() for name, fact in of.items() if noun != "ledger"]
Question = tuple[str, str, frozenset[str] | None]  # method, path, who may


def questions() -> Iterator[Question]:
    """Everything that can be asked, each with who may."""
    for (method, path), who in EXPECTED.items():
        if "{collection}" not in path and "{name}" not in path:
            yield method, filled(path), who
    for view in VIEWS:
        at = f"/{AGGREGATES[view.noun].collection}/{_target(view.noun)}"
        for name in (view.name, "decisions", "decisions/7"):
            yield "GET", f"{at}/{name}", READ_CASES
        yield "GET", at, READ_CASES
    for worklist in (*WORKLISTS, "no-such-list"):
        yield "GET", f"/worklists/{worklist}", READ_CASES
    for noun, name, fact in GIVEN:
        yield "POST", path_of(noun, _target(noun), name), roles_for(fact)


def filled(path: str) -> str:
    """An address of a route, with something in its braces."""
    given = {
        "{code}": "malformed",
        "/offenders/{id}": f"/offenders/{uuid4()}",
        "/placements/{id}": f"/placements/{uuid4()}",
        "{letter}": f"{uuid4()}.pdf",
        "{position}": "1",
        "entries/{path:path}": "entries/000.p/1",
        "{path:path}": "0/000.p/1",
    }
    for name, value in given.items():
        path = path.replace(name, value)
    return path


def _target(noun: str) -> str:
    return {"policy": "policy", "register-report": "2020-01"}.get(noun) or str(uuid4())


QUESTIONS = list(questions())


async def in_turn(door: Door, asked: Iterable[tuple[str, str, str | None]]) -> list[int]:
    """The status of each answer, many at a time."""
    waiting = list(enumerate(asked))
    came = [0] * len(waiting)
    waiting.reverse()

    async def work() -> None:
        while waiting:
            number, (method, path, role) = waiting.pop()
            body = {"json": {}} if method == "POST" else {}
            came[number] = (await door.asking(method, path, role, **body)).status_code

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return came


def test_every_route_has_its_entry_and_no_other_routes_are_there(door: Door):
    assert {(method, path): who for path, method, who, _ in ROUTES} == EXPECTED
    there = {(method, each.path) for each in door.app.router.routes for method in each.methods - {"HEAD"}}  # type: ignore[attr-defined]
    pages = {(method, path) for path, method, _ in PAGES}  # whose readers tests/web holds to the same table
    assert there == set(EXPECTED) | pages


def test_an_entry_is_open_or_names_roles_that_there_are():
    for path, _, who, _ in ROUTES:
        assert who is OPEN or who <= EVERYBODY, path
        assert who is OPEN or who, path
    assert BY_COMMAND == EVERYBODY


def test_no_command_is_without_somebody_who_may_give_it_and_none_is_everybodys():
    for noun, name, fact in GIVEN:
        assert roles_for(fact) < EVERYBODY, (noun, name)
        assert roles_for(fact), (noun, name)


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_the_table_says_and_nothing_else(door: Door, role: str):
    came = door.run(in_turn(door, [(method, path, role) for method, path, _ in QUESTIONS]))
    for (method, path, who), status in zip(QUESTIONS, came, strict=True):
        allowed = who is None or role in who
        assert (status != 403) is allowed, (role, method, path, status)
        assert status != 500, (role, method, path)


def test_without_a_token_there_is_401_for_all_that_is_not_open(door: Door):
    came = door.run(in_turn(door, [(method, path, None) for method, path, _ in QUESTIONS]))
    for (method, path, who), status in zip(QUESTIONS, came, strict=True):
        assert (status == 401) is (who is not None), (method, path, status)


def test_who_holds_several_roles_is_let_in_only_by_the_one_that_is_asked_in(door: Door):
    token = door.tokens.issue(str(uuid4()), ("administrator", "police"))
    ask = {"Authorization": f"Bearer {token}"}
    a_problem(door.ask("GET", "/metrics", None, headers=ask), 403)
    a_problem(door.ask("GET", "/metrics", None, headers=ask | {"Ledger-Role": "police"}), 403)
    a_problem(door.ask("GET", "/metrics", None, headers=ask | {"Ledger-Role": "auditor"}), 403)
    assert door.ask("GET", "/metrics", None, headers=ask | {"Ledger-Role": "administrator"}).status_code == 200
    assert door.ask("GET", "/rules", None, headers=ask).status_code == 200  # whichever it is, it may


def test_what_the_ledger_records_of_itself_nobody_may_give(door: Door):
    asked = [("POST", path_of("ledger", "ledger", name), role) for name in COMMANDS["ledger"] for role in ROLES]
    assert asked
    assert set(door.run(in_turn(door, asked))) == {404}


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/access/refusals",
        "/log/tile/entries/000.p/1",
        "/offenders/fa7ddb74-213f-41d0-9e95-4aad69b8bffa/enforcement",
    ],
)
def test_the_head_of_an_answer_is_not_told_to_whom_the_answer_is_not(door: Door, path: str):
    assert door.ask("HEAD", path, "police").status_code == 403
    assert door.ask("HEAD", path, None).status_code == 401
