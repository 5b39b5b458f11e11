"""Cases as folded: the cache is what the store says and holds nothing it need not; what is known only ever grows."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, Case, Door, a_problem, days_ago, new_door

from ledger.aggregates import AGGREGATES
from ledger.errors import Refused
from ledger.privacy.sealing import Unreadable
from ledger.projections import VIEWS
from ledger.store import cases

SECRET = "Zweig-Quittung"  # in every free text


@pytest.fixture(scope="module")
def own(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """Not verified at the end: a superuser has been in it."""
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        yield door


# ---------------------------------------------------------------------------------------- random lives


def offered(case: Case, pick: random.Random, recorded: list[str]) -> tuple[str, dict[str, Any], str]:
    """One thing to try on a case, whether the rules like it or not."""
    absence, letter = (f"{pick.randint(1, 3)}b1c1f0a-54b5-4b0e-9c41-{case.id[-12:]}" for _ in "12")
    days, level = days_ago(pick.randint(0, 50)), pick.choice(["LOW", "MEDIUM", "HIGH"])
    return pick.choice(
        [
            ("RecordAbsence", case.absence() | {"absence_id": absence, "date": days, "note": SECRET}, "supervisor"),
            (
                "IssueEnforcementLetter",
                {"letter_id": letter, "absence_id": absence, "issued_on": days, "channel": "post"},
                "practitioner",
            ),
            (
                "JudgeAbsence",
                {
                    "absence_id": absence,
                    "result": pick.choice(["ACCEPTABLE", "UNACCEPTABLE"]),
                    "reason_code": SECRET,
                    "reason": SECRET,
                    "judged_on": days,
                },
                "practitioner",
            ),
            (
                "CompleteRiskAssessment",
                {
                    "order_id": case.order,
                    "completed_on": days,
                    "rosh_level": level,
                    "risk_management_plan": SECRET,
                    "marking": "OPEN",
                },
                "practitioner",
            ),
            (
                "ChangeRiskLevel",
                {"from_level": "LOW", "to_level": level, "reason": SECRET, "changed_on": days},
                "practitioner",
            ),
            (
                "MakeNotebookEntry",
                {"entry_no": pick.randint(1, 9), "entered_on": days, "heading": SECRET, "text": SECRET},
                "practitioner",
            ),
            (
                "CorrectRecord",
                {"event_ref": pick.choice(recorded), "field": "date", "corrected_value": days, "reason": SECRET},
                "senior-practitioner",
            ),
            (
                "CorrectRecord",
                {"event_ref": pick.choice(recorded), "field": "note", "corrected_value": SECRET, "reason": SECRET},
                "senior-practitioner",
            ),
            ("StrikeOutRecord", {"event_ref": pick.choice(recorded), "reason": SECRET}, "senior-practitioner"),
        ]
    )


def lived(door: Door, seed: int, tries: int) -> Case:
    """A case on which so much was tried."""
    case, pick = door.new_case(), random.Random(seed)
    recorded = [str(uuid4())]
    for _ in range(tries):
        name, data, role = offered(case, pick, recorded)
        with suppress(Refused):
            recorded += [each["id"] for each in door.give(case.to, name, data, role).body["events"]]
    return case


def stream(case: Case) -> str:
    return f"offender-{case.id}"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), tries=st.integers(1, 25))
def test_a_case_kept_in_memory_is_the_one_that_the_store_says(door: Door, seed: int, tries: int):
    case = lived(door, seed, tries)
    kept = door.ledger.cases.kept(stream(case))
    assert kept is not None
    read = door.run(door.ledger.cases.read(stream(case)))
    assert (kept.version, kept.state) == (read.version, read.state)


# ---------------------------------------------------------------------------------------- what the cache holds


def texts(value: Any, seen: set[int] | None = None) -> Iterator[str]:
    """Every text reachable from a value."""
    seen = set() if seen is None else seen
    if isinstance(value, str):
        yield value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = list(value)
    elif isinstance(value, BaseModel):
        inner = list(vars(value).values())
    elif is_dataclass(value) and not isinstance(value, type):
        inner = [getattr(value, each.name) for each in fields(value)]
    for each in inner:
        yield from texts(each, seen)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", ["remembered", "read"])
def test_the_cache_holds_no_opened_value_but_those_the_fold_declares(door: Door, seed: int, how: str):
    case = lived(door, seed, 25)
    door.give(case.to, "RecordAbsence", case.absence(2, note=SECRET), "supervisor")
    if how == "read":
        door.run(door.ledger.cases.read(stream(case)))
    kept = door.ledger.cases.kept(stream(case))
    assert kept is not None
    held = " ".join(texts(kept.state))
    assert case.order in held  # the walk does find what is there
    assert kept.version > 5
    for personal in (SECRET, SURNAME, PERSON["forenames"], PERSON["dob"], PERSON["client_id"]):
        assert personal not in held


def test_what_a_fold_may_open_is_no_name_and_no_free_text():
    # GEN-10 looks for the names of a case's children in what is typed of others: whoever decides that knows them.
    known = {"child.recorded.v1"}
    for noun, aggregate in AGGREGATES.items():
        for topic, opened in aggregate.opens.items():
            if topic in known:
                continue
            assert not {"surname", "forenames", "dob", "reason", "note", "text", "address"} & set(opened), (noun, topic)


# ---------------------------------------------------------------------------------------- what was spoiled


@contextmanager
def spoiled(door: Door, clusters: Clusters, statement: str) -> Iterator[None]:
    """As a superuser, whom no trigger stops; undone afterwards."""
    database = door.places[0].application().split("dbname=")[1].split()[0]
    with psycopg.connect(clusters.ledger.conninfo("postgres", database), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("CREATE TABLE before AS SELECT * FROM sealed_values")
        superuser.execute(statement.encode())
        try:
            yield
        finally:
            superuser.execute("DELETE FROM sealed_values")
            superuser.execute("INSERT INTO sealed_values SELECT * FROM before")
            superuser.execute("DROP TABLE before")


SPOILED = {
    "changed": "UPDATE sealed_values SET ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1)",
    "exchanged": (
        "UPDATE sealed_values AS a SET ciphertext = b.ciphertext, nonce = b.nonce "
        "FROM sealed_values AS b WHERE a.position <> b.position AND a.key_id = b.key_id"
    ),
    "removed": "DELETE FROM sealed_values",
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_value_that_was_spoiled_is_an_error_and_never_a_value(own: Door, clusters: Clusters, how: str):
    case = own.new_case()
    for days in (3, 4):
        own.give(case.to, "RecordAbsence", case.absence(days, note=SECRET), "supervisor")
    with spoiled(own, clusters, SPOILED[how]):
        with pytest.raises(Unreadable):
            own.run(own.ledger.view("offender", case.id, "chronology"))
        problem = a_problem(own.get(f"{case.path}/chronology"), 500, "damaged")
        assert SECRET not in str(problem)
    assert own.get(f"{case.path}/chronology").status_code == 200


def test_a_value_that_is_not_the_one_committed_to_is_never_shown_and_noticed_by_the_spot_check(
    own: Door, monkeypatch: pytest.MonkeyPatch
):
    """Whoever holds database and keys may seal another value beside an entry: only the commitment tells."""
    case = own.new_case()
    own.give(case.to, "RecordAbsence", case.absence(note=SECRET), "supervisor")
    opening = cases.open_box

    def another(*box: Any) -> dict[str, Any]:
        return {path: f"not {value}" if path == "note" else value for path, value in opening(*box).items()}

    monkeypatch.setattr(cases, "open_box", another)
    with pytest.raises(Unreadable, match="not the one committed to"):
        own.run(own.ledger.view("offender", case.id, "chronology"))

    async def read(times: int) -> None:
        stored = await own.ledger.store.database.stream(stream(case))
        for _ in range(times):
            await own.ledger.cases.records(stored, None)

    monkeypatch.setattr(cases, "CHECKED_SHARE", 0.0)
    own.run(read(20))
    monkeypatch.setattr(cases, "CHECKED_SHARE", 0.5)
    with pytest.raises(Unreadable, match="not the one committed to"):
        own.run(read(60))


def test_one_value_in_a_hundred_is_checked_on_its_way_into_a_decision():
    assert cases.CHECKED_SHARE == 0.01


# ---------------------------------------------------------------------------------------- what was known


@pytest.mark.parametrize("seed", range(2))
def test_what_is_known_now_is_what_was_known_at_the_last_fact(door: Door, seed: int):
    case = lived(door, seed, 20)
    head = door.run(door.ledger.store.database.head())
    assert head is not None
    for view in (each.name for each in VIEWS if each.noun == "offender"):
        live = door.run(door.ledger.view("offender", case.id, view, explain=True))
        known = door.run(
            door.ledger.view("offender", case.id, view, known_at=head.recorded, as_at=live["as_at"], explain=True)
        )
        assert live | {"known_at": None} == known | {"known_at": None}


@pytest.mark.parametrize("seed", range(2))
def test_what_was_known_later_begins_with_what_was_known_before(door: Door, seed: int):
    case = lived(door, seed, 20)
    stored = door.run(door.ledger.store.database.stream(stream(case)))
    moments = [datetime.fromisoformat(str(each.members["recorded"])) for each in stored]
    before: list[int] = []
    for moment in moments:
        for known_at in (moment, moment + timedelta(microseconds=1)):
            view = door.run(door.ledger.view("offender", case.id, "chronology", known_at=known_at))
            positions = sorted(each["position"] for each in view["events"])
            assert positions[: len(before)] == before
            assert view["position"] == max(positions)
            before = positions
    assert before == [each.position for each in stored]
