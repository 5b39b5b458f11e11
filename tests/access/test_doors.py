"""Every door that shows something of a case records who came through it: all routes, all views, all verbs.

Which routes those are is written down here once more; a new one is in neither list until somebody has thought about it.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterator
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import entries, readings, size
from tests.conftest import Clusters
from tests.doors import PERSON, Door, days_ago, new_door
from tests.following.world import Home, World

import ledger
from ledger.aggregates import AGGREGATES
from ledger.api.app import ROUTES
from ledger.projections import VIEWS, WORKLISTS
from ledger.store.opening import DEMONSTRATION

RECORDED = {
    *("GET /access/refusals", "GET /worklists/{name}", "POST /offenders/{id}/export"),
    *("POST /offenders/search", "GET /subject-access-request"),
    *("GET /log/tile/entries/{path:path}", "GET /access/log/tile/entries/{path:path}"),
    *("GET /{collection}/{id}/decisions", "GET /{collection}/{id}/decisions/{position}"),
    "GET /{collection}/{id}/documents/{doc_id}",
    *("GET /offenders/{id}/letters/{letter}", "GET /placements/{id}/session-sheet"),
    "GET /{collection}/{id}/forms/{form}",
    *(f"POST /offenders/{{id}}/{name}/preview" for name in ("issue-enforcement-letter", "give-breach-warning")),
    *("GET /{collection}/{id}/readings", "GET /{collection}/{id}/{name}", "GET /{collection}/{id}"),
    *("GET /{collection}/{id}/compare", "GET /reports/{name}"),
}
# The receipt of a command shows nothing of a case but ids; what it refuses or discloses is recorded as that.
SHOWS_NOBODY = {
    *("GET /health/live", "GET /health/ready", "GET /info", "GET /metrics", "GET /openapi.json", "GET /docs"),
    *("GET /problems/{code}", "GET /rules", "GET /events", "POST /{collection}/{id}/{name}"),
    *("PUT /{collection}/{id}/documents/{doc_id}", "POST /log/closings", "POST /access/log/closings"),
    *(
        f"GET {log}/{name}"
        for log in ("/log", "/access/log")
        for name in (
            "checkpoint",
            "vkey",
            "vkeys",
            "announcements",
            "tile/{path:path}",
            "proof/{position}",
            "consistency",
        )
    ),
}


def test_of_every_route_it_is_said_whether_it_shows_something_of_a_case():
    there = {f"{method} {path}" for path, method, _, _ in ROUTES}
    assert there == RECORDED | SHOWS_NOBODY
    assert not RECORDED & SHOWS_NOBODY


class NothingImported(Random):
    """A world that tells everything itself: one command in five is history of another system elsewhere."""

    def random(self) -> float:
        return 0.2 + 0.8 * super().random()


@pytest.fixture(scope="module")
def told(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[tuple[Door, dict[str, str]]]:
    """A ledger with a case of every noun that has a view: by noun the id of one."""
    with new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as door:
        world, rng = World(Home(door.ledger, door.runner, door.places[0].application())), NothingImported(7)
        for area in ("offender", "placement", "register") * 12:
            door.run(world.tell(rng, area))
            world.passes(1)
        offender = f"/offenders/{uuid4()}"
        door.post(f"{offender}/record-offender", PERSON, "court-officer")
        concern = {"concern_id": str(uuid4()), "offender_id": offender[-36:], "source": "UPW_SITE", "grave": True}
        more = {"noted_on": days_ago(3), "category": "SIGNIFICANT_HARM", "note": "so"}
        door.post(f"/child-protection-matters/{uuid4()}/record-concern", concern | more, "supervisor")
        incident = {"ground": "DEATH", "child_refs": [], "offender_refs": [offender[-36:]], "sent_to": "Board"}
        at = {"referred_at": f"{days_ago(1)}T09:00"}
        door.post(f"/case-reviews/{uuid4()}/refer-serious-incident", incident | at, "aco")
        child = {"surname": "Quill", "forenames": "Zoe", "dob": "2019-02-03", "gender": "F"}
        door.post(f"/children/{uuid4()}/record-child", child, "information-officer")
        door.run(door.ledger.follower.catch_up())
        streams = {noun: door.run(door.ledger.store.database.streams(noun)) for noun in {view.noun for view in VIEWS}}
        found = {noun: names[-1].removeprefix(f"{noun}-") for noun, names in streams.items() if names}
        assert {"offender", "placement", "child", "child-protection-matter", "case-review"} <= found.keys()
        yield door, found


def questions(found: dict[str, str]) -> Iterator[tuple[str, str, str, str | None]]:
    """(path, role, the view that the entry names, the case it is about)."""
    for view in (each for each in VIEWS if each.noun in found):
        at, case = f"/{AGGREGATES[view.noun].collection}/{found[view.noun]}", f"{view.noun}-{found[view.noun]}"
        yield f"{at}/{view.name}", "practitioner", view.name, case
        yield f"{at}/{view.name}?explain=true&as_at={days_ago(-400)}", "inspector", view.name, case
        if view.name == view.noun:
            yield at, "practitioner", view.name, case
        yield f"{at}/decisions", "practitioner", "decisions", case
        yield f"{at}/readings", "auditor", "readings", case
        yield f"{at}/readings?for=subject", "information-manager", "readings", case
    for name in WORKLISTS:
        yield f"/worklists/{name}", "practitioner", name, None
        yield f"/worklists/{name}?as_at={days_ago(1)}&known_at={days_ago(0)}T00:00:00Z", "practitioner", name, None
    yield "/access/refusals", "auditor", "refusals", None
    yield f"/access/refusals?to=offender/{found['offender']}", "auditor", "refusals", f"offender-{found['offender']}"


def test_every_answer_that_shows_something_of_a_case_is_one_entry_by_whoever_asked(
    told: tuple[Door, dict[str, str]],
):
    door, found = told
    for path, role, view, case in questions(found):
        before = size(door)
        answer = door.get(path, role) if "?" not in path else door.ask("GET", path, role)
        assert answer.status_code == 200, (path, answer.text)
        (entry,) = readings(door, before)
        assert (entry["by"]["id"], entry["by"]["role"]) == (door.actor(role).id, role), path
        assert entry["values"]["view"] == view, path
        assert case is None or case in entry["about"], path


def test_a_decision_s_trail_is_one_entry_as_json_and_as_a_page(told: tuple[Door, dict[str, str]]):
    door, _ = told
    for stream in door.run(door.ledger.store.database.streams("offender")):
        listed = door.get(f"/offenders/{stream[-36:]}/decisions").json()["items"]
        if listed:
            break
    else:
        raise AssertionError("nobody decided anything")
    for query in ({}, {"format": "pdf"}):
        before = size(door)
        path = f"/offenders/{stream[-36:]}/decisions/{listed[0]['position']}"
        assert door.get(path, **query).status_code == 200
        (entry,) = readings(door, before)
        assert entry["values"]["view"] == "decision"
        assert stream in entry["about"]


def test_the_head_of_an_answer_is_recorded_like_the_answer(told: tuple[Door, dict[str, str]]):
    door, found = told
    before = size(door)
    assert door.ask("HEAD", f"/offenders/{found['offender']}/progress").status_code == 200
    assert len(readings(door, before)) == 1


def test_entries_that_are_taken_and_cases_that_leave_are_entries_of_their_own(told: tuple[Door, dict[str, str]]):
    door, found = told
    before = size(door)
    for log in ("/log", "/access/log"):
        assert door.get(f"{log}/tile/entries/000.p/1", "auditor").status_code == 200
    given = {"purpose": "court", "recipient": "Worcester Crown Court"}
    assert door.post(f"/offenders/{found['offender']}/export", given).status_code == 200
    assert [each["type"] for each in entries(door, before)] == [
        "access.entries-taken.v1",
        "access.entries-taken.v1",
        "access.export-released.v1",
    ]


# ------------------------------------------------------------------------------------ in the code itself

ASKING = {
    *("view", "compare", "worklist", "refusals", "readings", "search", "document", "subject_access", "what_if"),
    *("outcomes_passed_on", "letter", "preview", "session_sheet", "form", "report"),
}
BY_FUNCTION = {"trail", "trail_of", "decisions"}
DOORS = (
    *("api", "verbs.py", "looking.py", "bundles.py", "papers.py", "subjects.py", "outcomes.py", "supposing.py"),
    *("keeping.py", "vaults.py", "correspondence.py"),
)


def calls(path: Path) -> Iterator[ast.Call]:
    """Calls of a module that ask the ledger for something to show."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            owner: Any = node.func.value if isinstance(node.func, ast.Attribute) else None
            asked = BY_FUNCTION if owner is None else ASKING
            if name in asked and (owner is None or (isinstance(owner, ast.Name) and owner.id == "ledger")):
                yield node


def test_no_door_asks_the_ledger_without_saying_who_reads():
    home, found = Path(ledger.__file__).parent, 0
    for door in DOORS:
        for path in sorted((home / door).rglob("*.py")) if (home / door).is_dir() else [home / door]:
            for call in calls(path):
                assert any(each.arg == "reader" for each in call.keywords), f"{path.name}:{call.lineno}"
                found += 1
    assert found >= 14
