"""What is shown is sealed in the access log before it leaves: who, what for, of which cases, and when (DP-11)."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from tests.access.entries import entries, readings, size, unwritable
from tests.api.test_matters_and_reviews import matter_of
from tests.conftest import Clusters
from tests.doors import SURNAME, Case, Door, a_problem, days_ago, new_door

from ledger.access.purposes import PURPOSES, Reader
from ledger.access.readings import Screen
from ledger.aggregates.shape import LIST_ITEMS
from ledger.application import Ledger
from ledger.errors import AccessLogUnavailable
from ledger.privacy.owners import Owner
from ledger.store.unsealing import Unsealing

PLANTED = "Quillfeather of Nether Wallop"


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


# ------------------------------------------------------------------------------------ what an entry says


def test_a_view_is_an_entry_of_who_read_which_case_as_at_and_as_known_when_and_what_for(door: Door, case: Case):
    before = size(door)
    answer = door.get(f"{case.path}/enforcement", as_at=days_ago(3)).json()
    (entry,) = entries(door, before)
    by = door.actor("practitioner")
    assert (entry["type"], entry["by"]) == ("access.record-viewed.v1", {"id": by.id, "role": by.role})
    assert (entry["stream"], entry["about"]) == (f"staff-{by.id}", [f"offender-{case.id}"])
    assert entry["values"] == {
        "target_ref": case.to,
        "view": "enforcement",
        "category": "consultation",
        "purpose": "supervision",
        "position": answer["position"],
        "as_at": days_ago(3),
        "known_at": answer["known_at"],
        "people": ["narrative", "offender"],
    }


def test_the_purpose_that_is_named_stands_there_and_one_that_is_none_is_refused_before_anything_is_read(
    door: Door, case: Case
):
    before = size(door)
    for code in PURPOSES:
        assert door.ask("GET", f"{case.path}/progress", headers={"Ledger-Purpose": code}).status_code == 200
    assert [each["values"]["purpose"] for each in entries(door, before)] == list(PURPOSES)
    problem = a_problem(door.ask("GET", f"{case.path}/progress", headers={"Ledger-Purpose": "curiosity"}), 422)
    assert problem["errors"] == {"Ledger-Purpose": "not a purpose of a reading"}
    assert size(door) == before + len(PURPOSES)


@pytest.mark.parametrize("role", sorted({"supervisor", "court-officer", "victim-liaison", "inspector", "auditor"}))
def test_who_names_no_purpose_reads_for_what_the_role_is_there_for(door: Door, case: Case, role: str):
    before = size(door)
    assert door.get(f"{case.path}/progress", role).status_code == 200
    (entry,) = entries(door, before)
    assert role in PURPOSES[entry["values"]["purpose"]].of


def test_of_those_who_are_shown_no_sealed_value_the_entry_says_so(door: Door, case: Case):
    before = size(door)
    for role in ("practitioner", "auditor"):
        assert door.get(f"{case.path}/chronology", role).status_code == 200
    shown, withheld = entries(door, before)
    assert {"offender", "child", "victim", "staff"} <= set(shown["values"]["people"])
    assert withheld["values"]["people"] == []


def test_a_view_that_shows_other_cases_is_about_them_too(door: Door, case: Case):
    matter = matter_of(door, case)
    before = size(door)
    answer = door.get(f"{case.path}/child-protection").json()
    (entry,) = entries(door, before)
    assert [each["matter_id"] for each in answer["matters"]] == [matter[-36:]]
    assert entry["about"] == [f"child-protection-matter-{matter[-36:]}", f"offender-{case.id}"]


def test_what_one_person_read_is_one_stream_whose_versions_have_no_gap(door: Door, case: Case):
    for _ in range(3):
        assert door.get(f"{case.path}/progress", "court-officer").status_code == 200
    stream = f"staff-{door.actor('court-officer').id}"
    own = [each for each in readings(door) if each["stream"] == stream]
    assert [each["version"] for each in own] == list(range(1, len(own) + 1))
    assert len(own) >= 3


def test_a_page_of_a_worklist_is_an_entry_about_every_case_it_shows(door: Door):
    cases = [door.new_case(sentence_date=days_ago(200)) for _ in range(3)]
    door.run(door.ledger.follower.catch_up())
    before = size(door)
    page = door.get("/worklists/assessments", limit="1000").json()
    (entry,) = entries(door, before)
    shown = {f"offender-{each['offender_id']}" for each in page["items"]}
    assert {f"offender-{each.id}" for each in cases} <= shown == set(entry["about"])
    values = entry["values"]
    assert (values["target_ref"], values["category"]) == ("worklist/assessments", "combination")
    assert values["position"] == page["position"]


def test_a_list_of_more_cases_than_one_entry_holds_is_several_of_one_transaction(door: Door):
    cases = [f"offender-{uuid4()}" for _ in range(LIST_ITEMS + 1)]
    before, batches = size(door), door.ledger.store.access.sequencer.batches
    reader = Reader(door.actor("practitioner"), "supervision")
    screen = Screen("worklist/breach", "breach")

    async def read() -> None:
        await door.ledger.access.readings.begin(reader, screen, cases, 0).sealed()

    door.run(read())
    first, second = entries(door, before)
    assert (len(first["about"]), len(second["about"])) == (LIST_ITEMS, 1)
    assert {*first["about"], *second["about"]} == set(cases)
    assert door.ledger.store.access.sequencer.batches == batches + 1


# ------------------------------------------------------------------------------------ what is nobody's reading


OPEN = (
    *("/health/live", "/health/ready", "/info", "/openapi.json", "/docs", "/problems/refused", "/log/checkpoint"),
    *("/log/vkey", "/access/log/checkpoint", "/log/proof/1", "/access/log/vkeys"),
)


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_to_everybody_shows_nobody_s_case_and_leaves_no_entry(door: Door, case: Case, path: str):
    assert door.get(f"{case.path}/progress").status_code == 200
    before = size(door)
    assert door.get(path, None).status_code == 200
    assert size(door) == before


def test_registries_metrics_and_status_leave_no_entry(door: Door):
    before = size(door)
    for path, role in (("/rules", "practitioner"), ("/events", "practitioner"), ("/metrics", "administrator")):
        assert door.get(path, role).status_code == 200
    door.run(door.ledger.status())
    assert size(door) == before


def test_what_is_not_shown_was_not_read(door: Door, case: Case):
    before = size(door)
    a_problem(door.get(f"/offenders/{uuid4()}/progress"), 404)
    a_problem(door.get(f"{case.path}/nonsense"), 404)
    a_problem(door.get(f"{case.path}/progress", as_at="yesterday"), 422)
    a_problem(door.get(f"{case.path}/progress", "police"), 403)
    a_problem(door.get(f"{case.path}/progress", None), 401)
    assert size(door) == before


# ------------------------------------------------------------------------------------ in the reader's own words


def planted_anywhere(door: Door, word: str) -> list[str]:
    """The tables of ledger and access log in which a word stands in clear."""
    found: list[str] = []
    with psycopg.connect(door.places[0].application()) as connection:
        tables = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables "
            "WHERE schemaname IN ('public', 'access', 'projections')"
        ).fetchall()
        assert ("access.sealed_values",) in tables
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table}".encode()):
                cells = [each if isinstance(each, bytes) else str(each).encode() for each in row]
                if any(word.encode() in each for each in cells):
                    found.append(table)
    return found


def test_a_reason_is_sealed_under_the_key_of_the_person_and_stands_nowhere_in_clear(door: Door, case: Case):
    before = size(door)
    told = {"Ledger-Reason": quote(f"{PLANTED} rang — twice")}
    assert door.ask("GET", f"{case.path}/progress", headers=told).status_code == 200
    (entry,) = entries(door, before)
    assert "reason" not in entry["values"]
    assert list(entry["sealed"]) == ["reason"]
    recorded = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))[0]
    assert entry["sealed"]["reason"][1] == recorded.members["sealed"]["surname"][1]
    assert planted_anywhere(door, PLANTED) == []


def test_the_words_of_a_search_are_the_one_person_s_it_found_else_under_a_key_of_their_own_and_of_nobody_found_not_kept(
    door: Door, case: Case
):
    reader = Reader(door.actor("practitioner"), "supervision")
    others = [f"offender-{door.new_case().id}" for _ in range(2)]
    before = size(door)

    async def search(*cases: str) -> None:
        screen = Screen("search/offenders", "search", category="combination")
        await door.ledger.access.readings.begin(reader, screen, cases, 0, terms=PLANTED).sealed()

    for found in ((f"offender-{case.id}",), tuple(others), ()):
        door.run(search(*found))
    child, another = (f"child-{uuid4()}" for _ in range(2))
    for found in ((*others, child), (child, another)):
        door.run(search(*found))
    one, several, nobody, with_child, with_children = entries(door, before)
    own = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))[0].members["sealed"]["surname"][1]
    assert one["sealed"]["terms"][1] == own
    assert several["sealed"]["terms"][1] != own
    assert "sealed" not in nobody
    assert "sealed" not in with_children
    keys = door.run(door.ledger.store.vault.keys_of([Owner(child, "child")]))
    assert with_child["sealed"]["terms"][1] == keys[Owner(child, "child")].id
    assert planted_anywhere(door, PLANTED) == []


@pytest.mark.parametrize("reason", ["%FF", quote("x" * 1_001), "%00"])
def test_a_reason_that_is_none_is_refused_and_not_repeated(door: Door, case: Case, reason: str):
    before = size(door)
    answer = door.ask("GET", f"{case.path}/progress", headers={"Ledger-Reason": reason})
    assert list(a_problem(answer, 422)["errors"]) == ["Ledger-Reason"]
    assert size(door) == before


def test_every_sealed_word_of_the_access_log_opens_to_what_was_committed_to(door: Door, case: Case):
    door.ask("GET", f"{case.path}/progress", headers={"Ledger-Reason": quote(PLANTED)})
    vault = door.ledger.store.vault
    unsealing = Unsealing(lambda ids: door.run(vault.keys_by_id(ids)))
    report = door.verify(unsealing, log=door.ledger.store.access)
    assert report.ok, report.summary()
    assert unsealing.held > 0


# ------------------------------------------------------------------------------------ when it cannot be written


@pytest.fixture
def own(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger of this test's own, with a short deadline; verified, both logs, at the end."""
    with new_door(clusters.ledger, clusters.vault, command_deadline=2) as made:
        yield made


def shown_of(case: Case, decision: int) -> dict[str, str]:
    """What is asked of a case, and by whom."""
    views = ("enforcement", "progress", "register", "allocation", "oversight", "chronology")
    return {
        **{f"{case.path}/{view}": "practitioner" for view in views},
        f"{case.path}/decisions": "practitioner",
        f"{case.path}/decisions/{decision}": "practitioner",
        f"{case.path}/readings": "auditor",
        "/worklists/assessments": "practitioner",
        "/access/refusals": "auditor",
    }


def test_where_it_cannot_be_written_no_answer_leaves_and_once_it_can_all_do(own: Door, clusters: Clusters):
    case = own.new_case()
    own.run(own.ledger.follower.catch_up())
    for path, role in shown_of(case, 3).items():  # everything is read once, and in memory
        assert own.get(path, role).status_code == 200, path
    before = size(own)
    with unwritable(clusters, own):
        for path, role in shown_of(case, 3).items():
            answer = own.get(path, role)
            problem = a_problem(answer, 503, "access-log-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert set(problem) == {"type", "title", "status", "detail"}
            assert SURNAME not in answer.text
            assert case.id not in answer.text
        assert own.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201
        assert own.get("/health/live", None).status_code == 200
        assert own.get("/log/checkpoint", None).status_code == 200
    assert size(own) == before
    for path, role in shown_of(case, 3).items():
        assert own.get(path, role).status_code == 200, path


def test_of_an_access_log_that_is_not_the_one_released_nothing_is_shown_and_waiting_does_not_help(own: Door):
    case = own.new_case()
    own.ledger.store.access.sequencer.read_only = "It is not the one that was released."
    answer = own.get(f"{case.path}/progress")
    assert "not the one that was released" in a_problem(answer, 503, "access-log-unavailable")["detail"]
    own.ledger.store.access.sequencer.read_only = None
    assert own.get(f"{case.path}/progress").status_code == 200


def test_a_ledger_that_is_open_for_reading_only_is_read_and_says_so_in_its_access_log(own: Door):
    case = own.new_case()
    own.ledger.store.sequencer.read_only = "It is smaller than what was released."
    before = size(own)
    assert own.get(f"{case.path}/progress").status_code == 200
    assert len(entries(own, before)) == 1
    own.ledger.store.sequencer.read_only = None


def test_when_its_connections_are_cut_the_next_reading_is_sealed_on_another(own: Door, clusters: Clusters):
    case = own.new_case()
    for expected in (1, 2, 3):
        assert own.get(f"{case.path}/progress").status_code == 200
        assert len(readings(own)) == expected
        with psycopg.connect(clusters.ledger.conninfo("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                (own.places[0].application().partition("dbname=")[2].split()[0].strip("'"),),
            )


def test_a_view_that_fails_after_its_entry_was_begun_leaves_the_entry_and_no_answer(
    own: Door, monkeypatch: pytest.MonkeyPatch
):
    case = own.new_case()
    before = size(own)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(PLANTED)

    monkeypatch.setattr("ledger.projections.View.answer", broken)
    answer = own.get(f"{case.path}/progress")
    assert answer.status_code == 500
    assert PLANTED not in answer.text
    own.run(asyncio.sleep(0.2))
    assert len(entries(own, before)) == 1


# ------------------------------------------------------------------------------------ many at once


def test_readings_at_once_share_transactions_and_each_is_there_once(door: Door, case: Case):
    before, batches = size(door), door.ledger.store.access.sequencer.batches

    async def all_at_once() -> list[int]:
        names = ("enforcement", "progress", "oversight") * 30
        asked = [door.asking("GET", f"{case.path}/{name}") for name in names]
        return [each.status_code for each in await asyncio.gather(*asked)]

    assert set(door.run(all_at_once())) == {200}
    told = entries(door, before)
    assert len(told) == 90
    assert door.ledger.store.access.sequencer.batches - batches < 60
    assert len({each["id"] for each in told}) == 90


def test_one_person_s_readings_from_two_processes_at_once_all_stand(door: Door, case: Case):
    other = door.run(Ledger.open(door.settings, places=door.places))
    before, reader = size(door), Reader(door.actor("unit-manager"), "oversight")

    async def read(ledger: Ledger) -> None:
        await ledger.view("offender", case.id, "progress", reader=reader)

    async def all_at_once() -> None:
        await asyncio.gather(*(read(ledger) for ledger in (door.ledger, other) * 25))

    try:
        door.run(all_at_once())
    finally:
        door.run(other.close())
    own = [each for each in entries(door, before) if each["by"]["id"] == reader.by.id]
    assert len(own) == 50
    assert len({each["version"] for each in own}) == 50


def test_nothing_is_waited_for_longer_than_the_deadline_where_the_log_is_locked(own: Door, clusters: Clusters):
    case = own.new_case()
    assert own.get(f"{case.path}/progress").status_code == 200
    name = own.places[0].application().partition("dbname=")[2].split()[0].strip("'")
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("LOCK TABLE access.head IN ACCESS EXCLUSIVE MODE")
        a_problem(own.get(f"{case.path}/progress"), 503, "access-log-unavailable")


def test_what_the_ledger_asks_for_itself_has_no_reader_and_no_entry(door: Door, case: Case):
    before = size(door)
    assert door.run(door.ledger.view("offender", case.id, "progress"))["position"]
    assert size(door) == before


def test_a_reading_that_cannot_be_begun_says_so_to_whoever_asked_in_process(own: Door):
    case = own.new_case()
    own.ledger.store.access.sequencer.read_only = "closed"
    reader = Reader(own.actor("practitioner"), "supervision")
    with pytest.raises(AccessLogUnavailable):
        own.run(own.ledger.view("offender", case.id, "progress", reader=reader))
    own.ledger.store.access.sequencer.read_only = None
