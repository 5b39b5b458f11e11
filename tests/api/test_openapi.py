"""The description of the API is whole, true and readable without scripts; the log and the registries answer."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Case, Door, a_problem, path_of

from ledger.aggregates import AGGREGATES, COMMANDS, FACTS
from ledger.aggregates.drafts import read_draft
from ledger.aggregates.roles import roles_for
from ledger.api import openapi
from ledger.projections import VIEWS, WORKLISTS
from ledger.rules.registry import rules
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Verifier

GIVEN = [
    (noun, name, fact) for noun, commands in COMMANDS.items() if noun != "ledger" for name, fact in commands.items()
]


@pytest.fixture(scope="module")
def document(door: Door) -> dict[str, Any]:
    response = door.ask("GET", "/openapi.json", None)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()


# ------------------------------------------------------------------------------------ the document


def test_the_document_is_openapi_3_1(document: dict[str, Any]):
    assert document["openapi"].startswith("3.1.")
    assert set(document["info"]) >= {"title", "version"}
    names: list[str] = []
    for path, ways in document["paths"].items():
        assert path.startswith("/")
        for method, operation in ways.items():
            assert method in {"get", "post", "put"}
            assert operation["responses"]
            assert operation["summary"]
            names.append(operation.get("operationId", f"{method} {path}"))
            for status, response in operation["responses"].items():
                assert re.fullmatch("[2345][0-9]{2}", status)
                assert response["description"]
            given = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert given == set(re.findall(r"{(\w+)}", path)), path
            for each in operation.get("parameters", ()):
                assert each["in"] in {"path", "query", "header"}
                assert each["schema"]
                assert each["in"] != "path" or each["required"] is True
    assert len(names) == len(set(names))


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]):
    def references(value: Any, root: Any) -> list[tuple[str, Any]]:
        if isinstance(value, list):
            return [each for inner in value for each in references(inner, root)]
        if not isinstance(value, dict):
            return []
        found = [(value["$ref"], root)] if isinstance(value.get("$ref"), str) else []
        return found + [each for inner in value.values() for each in references(inner, root)]

    found = references(document, document)
    assert found
    for reference, root in found:
        place: Any = root
        assert reference.startswith("#/"), reference
        for part in reference[2:].split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]


def test_every_command_of_the_registries_is_described_with_its_roles_and_fields(document: dict[str, Any]):
    for noun, name, fact in GIVEN:
        operation = document["paths"][path_of(noun, "{id}", name)]["post"]
        for role in roles_for(fact):
            assert role in operation["description"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == set(fact.model_fields)
        assert set(schema.get("required", ())) == {
            field for field, info in fact.model_fields.items() if info.is_required()
        }
        assert schema["additionalProperties"] is False


def test_every_view_and_worklist_of_the_registries_is_described(document: dict[str, Any]):
    for view in VIEWS:
        assert "get" in document["paths"][f"/{AGGREGATES[view.noun].collection}/{{id}}/{view.name}"]
    for name in WORKLISTS:
        assert "get" in document["paths"][f"/worklists/{name}"]


def address(path: str, operation: dict[str, Any], target: str | None = None) -> str:
    """An address that may be asked, with what it wants in its braces and after its question mark."""
    given = {"{id}": target or str(uuid4()), "{code}": "malformed", "{position}": "1"}
    given |= {"{doc_id}": str(uuid4()), "{letter}": f"{uuid4()}.pdf", "{path}": "0/000.p/1"}
    given = {"entries/{path}": "entries/000.p/1"} | given
    for name, value in given.items():
        path = path.replace(name, value)
    parameters = operation.get("parameters", ())
    wanted = "&".join(f"{each['name']}=1" for each in parameters if each["in"] == "query" and each["required"])
    return f"{path}?{wanted}" if wanted else path


NOT_RANDOM = {"policy": "policy", "ledger": "ledger", "register-reports": "2020-01"}


def test_nothing_is_described_that_does_not_answer(door: Door, document: dict[str, Any]):
    a_problem(door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor"), 403)  # or the access log is empty
    for path, ways in document["paths"].items():
        single = next((name for at, name in NOT_RANDOM.items() if path.startswith(f"/{at}/")), None)
        for method, operation in ways.items():
            response = door.ask(method.upper(), address(path, operation, single), "chief-officer")
            described = ways[method]["responses"][str(response.status_code)]["content"]
            assert response.headers["content-type"].split(";")[0] in described, (method, path)
            assert response.status_code in {200, 403, 404, 409, 422}, (method, path, response.text)
            if response.status_code == 404:
                assert re.match("There is no ([a-z-]+ [0-9a-f-]{7,36}|decision at)", response.json()["detail"]), (
                    method,
                    path,
                )


@pytest.mark.parametrize("noun, name, fact", GIVEN, ids=lambda each: getattr(each, "__name__", each))
def test_every_example_is_accepted_by_the_model_it_is_an_example_of(noun: str, name: str, fact: Any):
    read_draft(fact, openapi.example(fact))


def test_every_example_gets_past_the_door(door: Door, document: dict[str, Any]):
    """What then stands in its way is a rule: no example is malformed."""
    for noun, name, fact in GIVEN:
        target = {"policy": "policy", "register-report": "2020-01"}.get(noun) or str(uuid4())
        role = sorted(roles_for(fact))[0]
        response = door.post(path_of(noun, target, name), openapi.example(fact), role)
        assert response.status_code in {201, 409}, (noun, name, response.text)


def test_the_document_names_each_problem_that_can_come(document: dict[str, Any]):
    statuses = {"401", "403", "404", "405", "409", "413", "415", "422", "500", "503", "507"}
    operation = document["paths"]["/offenders/{id}/record-absence"]["post"]
    assert statuses - {"405"} <= set(operation["responses"])
    for status in statuses & set(operation["responses"]):
        assert set(operation["responses"][status]["content"]) == {"application/problem+json"}


def test_what_may_be_asked_of_a_worklist_is_in_the_document(door: Door, document: dict[str, Any]):
    for name in WORKLISTS:
        parameters = document["paths"][f"/worklists/{name}"]["get"]["parameters"]
        told = {each["name"] for each in parameters if each["in"] == "query"}
        problem = a_problem(door.get(f"/worklists/{name}", colour="red"), 422)
        assert told == set(re.findall(r"[a-z_]+", problem["detail"].split("takes")[1].split("after its")[0]))


# ------------------------------------------------------------------------------------ the page


class _Outside(HTMLParser):
    """Whatever a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base", "link", "img", "form"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (
                name in {"src", "href", "action"} and not (value or "").startswith(("/", "#"))
            ):
                self.found.append(f"{name}={value}")


def test_the_page_runs_nothing_and_fetches_nothing(door: Door):
    response = door.ask("GET", "/docs", None)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    outside = _Outside()
    outside.feed(response.text)
    assert outside.found == []
    for word in ("http://", "https://", "url(", "@import", "javascript:"):
        assert word not in response.text


def test_the_page_tells_every_command_and_view(door: Door):
    text = door.ask("GET", "/docs", None).text
    for noun, name, _ in GIVEN:
        assert path_of(noun, "{id}", name) in text
    for view in VIEWS:
        assert f"/{view.name}" in text
    assert '<html lang="en">' in text


# ------------------------------------------------------------------------------------ registries, log, health


def test_every_rule_is_listed_with_its_source(door: Door):
    items = door.get("/rules", "police").json()["items"]
    assert {each["id"] for each in items} == {each.id for each in rules()}
    for each in items:
        assert each["source"]
        assert each["text"]


def test_every_fact_is_listed_with_its_command_roles_and_fields(door: Door):
    items = door.get("/events", "school").json()["items"]
    assert {each["type"] for each in items} == {fact.topic for fact in FACTS}
    absence = next(each for each in items if each["event"] == "AbsenceRecorded")
    assert absence["command"] == "RecordAbsence"
    assert absence["who"] == ["practitioner", "supervisor"]
    note = next(each for each in absence["fields"] if each["name"] == "note")
    assert note["sealed"] is True


def test_the_ledgers_own_facts_are_listed_but_nobody_may_give_them(door: Door):
    for each in door.get("/events").json()["items"]:
        if each["noun"] == "ledger":
            assert each["command"] is None, each["event"]


def test_every_type_of_problem_says_what_it_means_at_its_own_address(door: Door):
    for each in openapi.errors_listed():
        answer = door.ask("GET", f"/problems/{each['code']}", None)
        assert answer.status_code == 200
        assert answer.json()["code"] == each["code"]


def test_the_checkpoint_of_the_log_is_signed_covers_everything_and_only_grows(door: Door):
    verifier = Verifier.parse(door.get("/log/vkey", None).text.strip())
    origin = door.ledger.store.origin
    sizes: list[int] = []
    for _ in range(3):
        response = door.ask("GET", "/log/checkpoint", None)
        assert response.headers["content-type"].startswith("text/plain")
        checkpoint = Checkpoint.open(response.text, origin, [verifier])
        assert checkpoint.size == door.size
        sizes.append(checkpoint.size)
        door.new_case()
    assert sizes == sorted(set(sizes))


def test_the_process_says_that_it_lives_and_that_it_is_ready(door: Door):
    assert door.ask("GET", "/health/live", None).json() == {"status": "UP"}
    ready = door.ask("GET", "/health/ready", None)
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "UP",
        "components": {
            "database": "UP",
            "vault": "UP",
            "access_log": "UP",
            "worklists": "UP",
            "search": "UP",
            "writing": "UP",
        },
    }


def test_no_answer_says_what_software_gave_it(door: Door):
    case: Case = door.new_case()
    for response in (
        door.ask("GET", "/docs", None),
        door.get(f"{case.path}/enforcement"),
        door.ask("GET", "/nowhere"),
        door.ask("PUT", "/rules"),
        door.post(f"{case.path}/record-absence", {}),
    ):
        assert not {"server", "x-powered-by", "via"} & set(response.headers)
        for word in ("starlette", "fastapi", "uvicorn", "psycopg", "pydantic", "traceback"):
            assert word not in response.text.lower()


def test_what_the_open_pages_say_needs_no_token_and_all_else_does(door: Door, document: dict[str, Any]):
    for path, ways in document["paths"].items():
        for method, operation in ways.items():
            response = door.ask(method.upper(), address(path, operation), None)
            if operation.get("security") == []:
                assert response.status_code == 200, path
            else:
                a_problem(response, 401, "unauthenticated")
