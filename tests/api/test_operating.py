"""Whoever runs the ledger sees what it does, and nobody's name; more than it can take is sent away at once."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Generator
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, Door, a_problem, new_door

from ledger.aggregates.roles import ROLES
from ledger.api import bodies
from ledger.logs import Lines
from ledger.rules.registry import EDITIONS


@pytest.fixture(scope="module")
def narrow(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger that takes two commands at once, and knows its revision."""
    with new_door(clusters.ledger, clusters.vault, commands_at_once=2, revision="4c3808d") as made:
        yield made


def samples(door: Door) -> dict[str, float]:
    """Every sample of /metrics by its name and labels."""
    answer = door.get("/metrics", "administrator")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for each in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(each.labels.items()))
            found[f"{each.name}{{{labels}}}" if labels else each.name] = each.value
    return found


# ------------------------------------------------------------------------------------ info and health


def test_info_says_what_is_running_to_anybody(narrow: Door):
    body = narrow.ask("GET", "/info", None).json()
    assert body["build"] == {"name": "case-ledger", "version": "0.1.0"}
    assert body["git"] == {"commit": {"id": "4c3808d"}}
    assert body["origin"] == narrow.ledger.store.origin
    assert body["simulated"] is False
    assert [each["name"] for each in body["editions"]] == list(EDITIONS)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[0-9:.]+Z", body["started_at"])


def test_a_revision_that_is_not_known_is_left_out(door: Door):
    assert "git" not in door.ask("GET", "/info", None).json()


def test_health_is_told_in_the_words_the_document_promises(door: Door):
    document = door.ask("GET", "/openapi.json", None).json()["paths"]
    for path, members in (("/health/live", {"status"}), ("/health/ready", {"status", "components"})):
        answer = door.ask("GET", path, None)
        assert str(answer.status_code) in document[path]["get"]["responses"]
        assert set(answer.json()) == members
        assert answer.json()["status"] == "UP"


# ------------------------------------------------------------------------------------ metrics


def test_only_an_administrator_reads_the_metrics(door: Door):
    a_problem(door.ask("GET", "/metrics", None), 401, "unauthenticated")
    for role in ROLES:
        if role == "administrator":
            assert door.get("/metrics", role).status_code == 200
        else:
            a_problem(door.get("/metrics", role), 403, "forbidden")


def test_requests_are_counted_by_the_template_of_their_route_and_their_status(door: Door):
    before = samples(door)
    case = door.new_case()
    assert door.post(f"{case.path}/record-absence", case.absence()).status_code == 201
    assert door.post(f"{case.path}/record-absence", {"surname": SURNAME}).status_code == 422
    assert door.get(f"{case.path}/enforcement").status_code == 200
    assert door.get(f"/offenders/{SURNAME}/{SURNAME}").status_code == 404
    assert door.get(f"/{SURNAME}").status_code == 404
    assert door.ask("BREW", f"/worklists/{SURNAME}").status_code == 405
    after = samples(door)

    def more(method: str, route: str, status: int) -> float:
        name = f"ledger_requests_total{{method={method},route={route},status={status}}}"
        return after.get(name, 0) - before.get(name, 0)

    assert more("POST", "/offenders/{id}/record-absence", 201) == 1
    assert more("POST", "/offenders/{id}/record-absence", 422) == 1
    assert more("GET", "/offenders/{id}/enforcement", 200) == 1
    assert more("GET", "/{collection}/{id}/{name}", 404) == 1
    assert more("GET", "unknown", 404) == 1
    assert more("other", "/worklists/{name}", 405) == 1
    assert not [name for name in after if SURNAME in name or case.id in name]
    for outcome in ("recorded", "refused"):
        name = f"ledger_command_seconds_count{{outcome={outcome}}}"
        assert after[name] - before.get(name, 0) == 1


def test_what_is_sealed_is_measured(door: Door):
    before = samples(door)
    door.new_case()
    after = samples(door)
    assert after["ledger_facts_sealed_total"] - before["ledger_facts_sealed_total"] == 2
    assert after["ledger_batches_total"] - before["ledger_batches_total"] == 2
    assert after["ledger_position"] == door.size
    assert (after["ledger_read_only"], after["ledger_commands_under_way"]) == (0, 0)
    assert (after["ledger_up{component=database}"], after["ledger_up{component=vault}"]) == (1, 1)
    assert after["ledger_build_info{revision=,version=0.1.0}"] == 1
    assert after["process_open_fds"] > 0


def test_how_far_the_worklists_follow_is_measured(door: Door):
    door.new_case()
    door.run(door.ledger.follower.catch_up())
    found = samples(door)
    assert (found["ledger_worklists_behind"], found["ledger_worklists_lag_seconds"]) == (0, 0)
    assert found["ledger_worklists_paused_cases"] == 0


# ------------------------------------------------------------------------------------ the log


def requests_of(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [each for each in caplog.records if each.name == "ledger.api.operating"]


def test_a_request_is_one_line_with_its_template_and_role_and_without_its_ids(
    door: Door, caplog: pytest.LogCaptureFixture
):
    case = door.new_case()
    with caplog.at_level(logging.INFO):
        door.post(f"{case.path}/record-absence", case.absence(note=f"{SURNAME} rang"))
        door.get(f"{case.path}/enforcement", as_at=SURNAME)
        door.get("/worklists/breach", "police")
    posted, asked, refused = (each.fields for each in requests_of(caplog))
    assert (posted["route"], posted["status"], posted["role"]) == (
        "/offenders/{id}/record-absence",
        201,
        "practitioner",
    )
    assert posted["ms"] > 0
    assert (asked["status"], asked["problem"]) == (422, "malformed")
    assert (refused["status"], refused["role"], refused["problem"]) == (403, "police", "forbidden")
    told = " ".join(Lines().format(each) for each in caplog.records)
    for secret in (SURNAME, case.id, case.order, door.staff["practitioner"], "Bearer", "eyJ"):
        assert secret not in told


def test_every_answer_has_an_id_and_a_callers_own_is_kept_if_it_is_random(door: Door):
    own = str(uuid4())
    for path in ("/info", "/nowhere", "/worklists/breach"):
        given = door.ask("GET", path, None, headers={"X-Request-Id": own})
        assert given.headers["x-request-id"] == own
        for other in (SURNAME, "0710890", "a" * 5000, "00000000-0000-0000-0000-000000000000"):
            found = door.ask("GET", path, None, headers={"X-Request-Id": other}).headers["x-request-id"]
            assert str(UUID(found)) == found != other


# ------------------------------------------------------------------------------------ limits


def test_more_commands_than_it_takes_at_once_are_told_to_come_back_and_record_nothing(narrow: Door):
    people = [str(uuid4()) for _ in range(30)]

    async def all_at_once() -> list[Any]:
        sent = (f"/offenders/{each}/record-offender" for each in people)
        return await asyncio.gather(*(narrow.asking("POST", each, "court-officer", json=PERSON) for each in sent))

    size = narrow.size
    answers = narrow.run(all_at_once())
    taken = [each for each in answers if each.status_code == 201]
    away = [each for each in answers if each.status_code != 201]
    assert 2 <= len(taken) < 30
    for each in away:
        a_problem(each, 429, "too-many")
        assert each.headers["retry-after"] == "1"
    assert narrow.size - size == len(taken)
    late = narrow.ask("POST", f"/offenders/{uuid4()}/record-offender", "court-officer", json=PERSON)
    assert late.status_code == 201
    assert samples(narrow)["ledger_commands_under_way"] == 0


def test_a_command_that_fails_gives_its_room_back(narrow: Door):
    for _ in range(5):
        a_problem(narrow.post(f"/offenders/{uuid4()}/record-absence", {}), 422)
    assert narrow.ask("POST", f"/offenders/{uuid4()}/record-offender", "court-officer", json=PERSON).status_code == 201


def test_questions_are_not_counted_among_the_commands(narrow: Door, monkeypatch: pytest.MonkeyPatch):
    case = narrow.new_case()
    monkeypatch.setattr(narrow.app.state.operating, "_under_way", 2)
    assert narrow.get(f"{case.path}/enforcement").status_code == 200
    a_problem(narrow.ask("POST", f"/offenders/{uuid4()}/record-offender", "court-officer", json=PERSON), 429)


def test_a_process_on_its_way_out_takes_no_command_and_says_so(narrow: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(narrow.app.state.operating, "stopping", True)
    size = narrow.size
    refused = narrow.ask("POST", f"/offenders/{uuid4()}/record-offender", "court-officer", json=PERSON)
    a_problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"]
    ready = narrow.ask("GET", "/health/ready", None)
    assert (ready.status_code, ready.json()["status"]) == (503, "OUT_OF_SERVICE")
    assert narrow.ask("GET", "/health/live", None).status_code == 200
    assert narrow.size == size


def test_a_body_that_does_not_arrive_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)

    async def never() -> Any:
        yield b"{"
        await asyncio.sleep(30)

    headers = {"Content-Type": "application/json"}
    answer = door.ask("POST", f"/offenders/{uuid4()}/record-absence", content=never(), headers=headers)
    a_problem(answer, 408, "too-slow")
    assert answer.headers["connection"] == "close"
