"""The access log: what was refused is sealed before its answer leaves, whoever asked, and without a word of what was
asked; where it cannot be sealed nothing has happened."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Clusters
from tests.doors import PERSON, Case, Door, a_problem, days_ago, new_door

from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import AccessLogUnavailable, Forbidden, Refused
from ledger.importing import import_file
from ledger.store.opening import DEMONSTRATION
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Verifier

PLANTED = "Quillfeather of Nether Wallop"
Entry = dict[str, Any]


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def entries(door: Door, after: int = 0) -> list[Entry]:
    """Every entry of the access log."""
    found = door.run(door.ledger.store.access.database.entries(after + 1, 2**40))
    return [orjson.loads(entry) for _, _, entry in found]


def size(door: Door) -> int:
    return len(entries(door))


def letter(**more: Any) -> dict[str, Any]:
    """The body of IssueEnforcementLetter for an absence that nobody recorded: refused by GEN-06."""
    ids = {"letter_id": str(uuid4()), "absence_id": str(uuid4())}
    return {**ids, "issued_on": days_ago(1), "channel": "post", **more}


def as_admin(clusters: Clusters, door: Door, *statements: str) -> None:
    """As PostgreSQL's superuser, whom no trigger stops."""
    name = door.places[0].application().partition("dbname=")[2].split()[0].strip("'")
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for each in statements:
            connection.execute(each.encode())


# ------------------------------------------------------------------------------------ what is evidence


def test_a_refusal_by_a_rule_says_who_gave_which_command_for_whom_and_which_rules_refused_it(door: Door, case: Case):
    before, key = size(door), str(uuid4())
    answer = door.post(f"{case.path}/issue-enforcement-letter", letter(), Idempotency_Key=key)
    problem = a_problem(answer, 409, "refused")
    (entry,) = entries(door, before)
    by = door.actor("practitioner")
    assert (entry["type"], entry["by"]) == ("access.command-refused.v1", {"id": by.id, "role": by.role})
    assert entry["about"] == [f"offender-{case.id}"]
    assert entry["values"] == {
        "command_name": "IssueEnforcementLetter",
        "target_ref": case.to,
        "rule_ids": [each["rule"] for each in problem["refusals"]],
        "problem": "refused",
        "release_ref": 1,
        "request_key": key,
    }
    assert abs(datetime.fromisoformat(entry["recorded"]) - datetime.now(UTC)) < timedelta(seconds=20)
    assert entry["policy"] == 0


def test_the_rules_stand_there_in_order_of_precedence_each_once_and_with_their_editions(door: Door, case: Case):
    absence = case.absence()
    door.post(f"{case.path}/record-absence", absence, "supervisor")
    before = size(door)
    early = letter(absence_id=absence["absence_id"], issued_on=days_ago(30))
    problem = a_problem(door.post(f"{case.path}/issue-enforcement-letter", early), 409, "refused")
    (entry,) = entries(door, before)
    assert entry["values"]["rule_ids"] == list(dict.fromkeys(each["rule"] for each in problem["refusals"]))
    assert problem["rule"] == entry["values"]["rule_ids"][0]
    assert any(each.startswith(f"{problem['rule']}@") for each in entry["under"])


def test_a_wrong_role_is_evidence_without_a_rule(door: Door, case: Case):
    before = size(door)
    a_problem(door.post(f"{case.path}/record-absence", case.absence(note=PLANTED), "auditor"), 403, "forbidden")
    (entry,) = entries(door, before)
    assert entry["by"]["role"] == "auditor"
    assert (entry["values"]["rule_ids"], entry["values"]["problem"]) == ([], "forbidden")
    assert "request_key" not in entry["values"]


def test_a_refusal_answered_again_is_evidence_again_and_names_the_same_key(door: Door, case: Case):
    before, key, body = size(door), str(uuid4()), letter()
    for _ in range(3):
        a_problem(door.post(f"{case.path}/issue-enforcement-letter", body, Idempotency_Key=key), 409, "refused")
    again = entries(door, before)
    assert [each["values"]["request_key"] for each in again] == [key] * 3
    assert len({each["stream"] for each in again}) == 3


def test_what_was_refused_may_be_accepted_later_under_the_same_key(door: Door, case: Case):
    absence, key = case.absence(), str(uuid4())
    body = letter(absence_id=absence["absence_id"])
    a_problem(door.post(f"{case.path}/issue-enforcement-letter", body, Idempotency_Key=key), 409, "refused")
    door.post(f"{case.path}/record-absence", absence, "supervisor")
    assert door.post(f"{case.path}/issue-enforcement-letter", body, Idempotency_Key=key).status_code == 201


NO_EVIDENCE: Mapping[str, tuple[int, str, Any]] = {
    "malformed": (422, "record-absence", {"kind": PLANTED}),
    "no such command": (404, "record-everything", {}),
    "too large": (413, "record-absence", {"note": "x" * 1_100_000}),
}


@pytest.mark.parametrize("what", NO_EVIDENCE)
def test_what_is_no_command_yet_is_no_evidence(door: Door, case: Case, what: str):
    status, command, body = NO_EVIDENCE[what]
    before = size(door)
    assert door.post(f"{case.path}/{command}", body, "supervisor").status_code == status
    assert size(door) == before


def test_a_name_where_an_id_should_be_never_gets_as_far_as_the_log(door: Door):
    before = size(door)
    for role in ("court-officer", "auditor"):
        assert door.post("/offenders/Quillfeather/record-offender", PERSON, role).status_code == 422
    assert size(door) == before


def test_a_stale_version_a_used_key_and_a_missing_token_are_no_evidence(door: Door, case: Case):
    key = str(uuid4())
    assert (
        door.post(f"{case.path}/record-absence", case.absence(), "supervisor", Idempotency_Key=key).status_code == 201
    )
    before = size(door)
    used = door.post(f"{case.path}/record-absence", case.absence(9), "supervisor", Idempotency_Key=key)
    a_problem(used, 409, "key-reused")
    stale = door.post(f"{case.path}/record-absence", case.absence(9), "supervisor", If_Match='"1"')
    a_problem(stale, 409, "stale-version")
    a_problem(door.post(f"{case.path}/record-absence", case.absence(9), None), 401)
    another = door.post(f"{case.path}/record-absence", case.absence(9), "supervisor", Ledger_Role="chief-officer")
    a_problem(another, 403)
    assert size(door) == before


def test_what_nobody_signed_is_refused_and_names_nobody(door: Door, case: Case):
    before = size(door)
    unsigned = Command("RecordAbsence", "offender", case.id, case.absence(), Actor("", "supervisor"))
    with pytest.raises(Refused):
        door.run(door.ledger.execute(unsigned))
    assert size(door) == before


def test_an_accepted_command_costs_the_access_log_nothing(door: Door, case: Case):
    log = door.ledger.store.access
    before = (log.sequencer.batches, log.sequencer.sealed, size(door))
    asked: list[bytes] = []
    ask = log.database._ask

    async def heard(name: bytes, *params: bytes) -> Any:
        asked.append(name)
        return await ask(name, *params)

    log.database._ask = heard  # pyright: ignore[reportAttributeAccessIssue]
    try:
        assert door.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201
        assert asked == []
    finally:
        del log.database._ask
    assert (log.sequencer.batches, log.sequencer.sealed, size(door)) == before


def test_the_refused_lines_of_a_file_are_evidence_each_time_and_name_the_importer(
    door: Door, case: Case, tmp_path: Path
):
    source = {"system": "old-system", "recorded": "2025-01-06T10:00:00Z"}
    by = {"id": str(uuid4()), "role": "practitioner"}
    line = {"command": "IssueEnforcementLetter", "to": case.to, "data": letter(), "by": by}
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in (line, line | {"source": source}, {"to": PLANTED})))
    importer = Actor(str(uuid4()), "administrator")
    before = size(door)
    for _ in range(2):
        outcome = door.run(import_file(door.ledger, path, importer))
        assert len(outcome.rejected) == 3
    told = entries(door, before)
    assert sorted(each["by"]["id"] for each in told) == [importer.id] * 4
    sources = [each["source"] for each in told if "source" in each]
    assert sources == [source | {"recorded": "2025-01-06T10:00:00.000000Z"}] * 2
    assert by["id"] not in json.dumps(told)


# ------------------------------------------------------------------------------------ what is not kept


def planted(door: Door, case: Case) -> list[Command]:
    """Commands with the planted words wherever they take a text, for a rule and for a role to refuse."""
    person = PERSON | {"surname": PLANTED, "forenames": PLANTED}
    absence = case.absence(note=PLANTED)
    given = [
        ("RecordOffender", person, "court-officer"),
        ("RecordOffender", person, "auditor"),
        ("RecordAbsence", absence | {"order_id": str(uuid4())}, "supervisor"),
        ("RecordAbsence", absence, "auditor"),
        ("IssueEnforcementLetter", letter(), "auditor"),
        ("StrikeOutRecord", {"event_ref": str(uuid4()), "reason": PLANTED}, "unit-manager"),
        (
            "CorrectRecord",
            {"event_ref": str(uuid4()), "field": "note", "corrected_value": PLANTED, "reason": PLANTED},
            "pso",
        ),
    ]
    return [Command(name, "offender", case.id, data, door.actor(role), key=uuid4()) for name, data, role in given]


def test_no_word_of_a_refused_command_is_anywhere_in_the_access_log(door: Door, case: Case, clusters: Clusters):
    before, refused = size(door), 0
    for command in planted(door, case):
        with pytest.raises((Refused, Forbidden)):
            door.run(door.ledger.execute(command))
        refused += 1
    assert size(door) == before + refused
    with psycopg.connect(door.places[0].application()) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'access'").fetchall()
        assert {"entries", "sealed_values", "receipts", "tiles", "closings"} <= {name for (name,) in tables}
        for (table,) in tables:
            rows = connection.execute(f"SELECT * FROM access.{table}".encode()).fetchall()
            text = repr([[bytes(each) if isinstance(each, memoryview) else each for each in row] for row in rows])
            for word in ("Quillfeather", "Wallop", PERSON["surname"], PERSON["dob"], PERSON["client_id"]):
                assert word not in text, table


# ------------------------------------------------------------------------------------ together


def test_refusals_at_once_from_two_processes_all_stand_and_the_chain_of_the_case_counts_them(door: Door, case: Case):
    other = door.run(Ledger.open(door.settings, places=door.places))
    before = size(door)

    async def refused(ledger: Ledger) -> None:
        command = Command(
            "IssueEnforcementLetter", "offender", case.id, letter(), door.actor("practitioner"), key=uuid4()
        )
        with pytest.raises(Refused):
            await ledger.execute(command)

    async def all_at_once() -> None:
        await asyncio.gather(*(refused(ledger) for ledger in (door.ledger, other) * 40))

    try:
        door.run(all_at_once())
    finally:
        door.run(other.close())
    assert size(door) == before + 80
    assert len(door.run(door.ledger.store.access.database.chain(f"offender-{case.id}"))) == 80
    report = door.verify(log=door.ledger.store.access)
    assert report.ok, report.summary()


@dataclass
class Asked:
    """What a property test asks for: one command, good or bad."""

    name: str
    role: str
    same_key: bool


COMMANDS = st.builds(
    Asked,
    st.sampled_from(["letter", "absence", "nonsense", "again", "other case"]),
    st.sampled_from(["practitioner", "supervisor", "auditor", "police"]),
    st.booleans(),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(COMMANDS, max_size=12))
def test_as_many_refusals_as_were_answered_are_in_the_log_in_order_and_no_more(
    door: Door, case: Case, asked: Sequence[Asked]
):
    before, key, answered = size(door), str(uuid4()), list[tuple[str, list[str]]]()
    absence = case.absence()
    bodies: dict[str, tuple[str, Any]] = {
        "letter": (f"{case.path}/issue-enforcement-letter", letter()),
        "absence": (f"{case.path}/record-absence", case.absence(3)),
        "nonsense": (f"{case.path}/record-absence", {"kind": 7}),
        "again": (f"{case.path}/record-absence", absence),
        "other case": (f"/offenders/{uuid4()}/record-absence", absence),
    }
    for each in asked:
        path, body = bodies[each.name]
        headers = {"Idempotency_Key": key} if each.same_key else {}
        answer = door.post(path, body, each.role, **headers)
        if answer.status_code in (403, 409) and answer.json()["type"] in ("/problems/refused", "/problems/forbidden"):
            rules = [refusal["rule"] for refusal in answer.json().get("refusals", ())]
            answered.append((each.role, list(dict.fromkeys(rules))))
    told = entries(door, before)
    assert [(each["by"]["role"], each["values"]["rule_ids"]) for each in told] == answered


# ------------------------------------------------------------------------------------ when it cannot be written


@pytest.fixture
def own(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger of this test's own, with a short deadline; verified, both logs, at the end."""
    with new_door(clusters.ledger, clusters.vault, command_deadline=2) as made:
        yield made


def test_without_the_rights_to_its_tables_nothing_is_refused_and_nothing_happens_but_what_is_right_goes_on(
    own: Door, clusters: Clusters
):
    case = own.new_case()
    a_problem(own.post(f"{case.path}/record-absence", case.absence(), "auditor"), 403)
    facts, told = own.size, size(own)
    as_admin(clusters, own, "REVOKE INSERT ON access.entries FROM ledger_app")
    for body, role in ((letter(), "practitioner"), (letter(), "auditor")):
        answer = own.post(f"{case.path}/issue-enforcement-letter", body, role)
        problem = a_problem(answer, 503, "access-log-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "rule" not in problem
    assert (own.size, size(own)) == (facts, told)
    assert own.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201
    as_admin(clusters, own, "GRANT INSERT ON access.entries TO ledger_app")
    a_problem(own.post(f"{case.path}/issue-enforcement-letter", letter()), 409, "refused")
    assert size(own) == told + 1


def test_while_its_tables_are_locked_by_somebody_the_answer_comes_in_time_and_says_so(own: Door, clusters: Clusters):
    case = own.new_case()
    a_problem(own.post(f"{case.path}/record-absence", case.absence(), "auditor"), 403)
    name = own.places[0].application().partition("dbname=")[2].split()[0].strip("'")
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("LOCK TABLE access.head IN ACCESS EXCLUSIVE MODE")
        answer = own.post(f"{case.path}/issue-enforcement-letter", letter())
        a_problem(answer, 503, "access-log-unavailable")
        assert own.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201


def test_when_its_connections_are_cut_they_are_made_anew(own: Door, clusters: Clusters):
    case = own.new_case()
    for expected in (1, 2, 3):
        a_problem(own.post(f"{case.path}/issue-enforcement-letter", letter()), 409, "refused")
        assert size(own) == expected
        as_admin(
            clusters,
            own,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )


# ------------------------------------------------------------------------------------ kept, shown, verified


def test_it_has_a_name_a_key_and_a_checkpoint_of_its_own(door: Door, case: Case):
    a_problem(door.post(f"{case.path}/issue-enforcement-letter", letter()), 409, "refused")
    store = door.ledger.store
    key = Verifier.parse(door.get("/access/log/vkey", None).text.strip())
    note = door.get("/access/log/checkpoint", None).text
    checkpoint = Checkpoint.open(note, f"{store.origin}/access", [key])
    assert checkpoint.size == size(door)
    assert door.get("/log/vkey", None).text.split("+")[2] != door.get("/access/log/vkey", None).text.split("+")[2]
    status = door.run(door.ledger.status())
    assert status["access_log"]["facts"] == checkpoint.size
    assert status["access_log"]["origin"] == f"{store.origin}/access"


def test_those_who_audit_read_what_was_refused_of_one_case_page_by_page_and_nobody_else_does(door: Door, case: Case):
    for _ in range(5):
        a_problem(door.post(f"{case.path}/issue-enforcement-letter", letter()), 409, "refused")
    for role in ("auditor", "data-protection-officer"):
        items: list[Any] = []
        page = door.get("/access/refusals", role, to=case.to, limit="2").json()
        while items.extend(page["items"]) or page["next"]:
            page = door.get("/access/refusals", role, to=case.to, limit="2", cursor=page["next"]).json()
        assert len(items) == 5
        assert {each["target_ref"] for each in items} == {case.to}
        assert items[0]["by"]["role"] == "practitioner"
        assert [each["position"] for each in items] == sorted(each["position"] for each in items)
        assert len(door.get("/access/refusals", role, limit="2").json()["items"]) == 2
    for role in ("practitioner", "chief-officer", "administrator", "inspector"):
        a_problem(door.get("/access/refusals", role), 403)
    a_problem(door.get("/access/refusals", None), 401)
    for query, status in (({"to": "nobody/x"}, 404), ({"to": "offender/x"}, 404), ({"cursor": "x"}, 422)):
        a_problem(door.get("/access/refusals", "auditor", **query), status)


def test_a_simulated_clock_never_stands_in_the_way_of_a_refusal(
    clusters: Clusters, ledger_template: str, vault_template: str
):
    with new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as door:
        target = Actor(str(uuid4()), "auditor")
        moments = [datetime.now(UTC) + timedelta(days=each) for each in (10, 3, 20)]
        for at in moments:
            with pytest.raises(Forbidden):
                door.run(door.ledger.execute(Command("RecordOffender", "offender", str(uuid4()), {}, target, at=at)))
        told = entries(door)
        recorded = [datetime.fromisoformat(each["recorded"]) for each in told]
        assert recorded == [moments[0], moments[0], moments[2]]
        assert [datetime.fromisoformat(each["effective"]) for each in told] == moments


TAMPERED: Mapping[str, tuple[str, ...]] = {
    "another rule": (
        "UPDATE access.entries SET entry = replace(encode(entry, 'escape'), 'GEN-06', 'GEN-05')::bytea "
        "WHERE position = 2",
    ),
    "another rule, hashed anew": (
        "UPDATE access.entries SET entry = replace(encode(entry, 'escape'), 'GEN-06', 'GEN-05')::bytea "
        "WHERE position = 2",
        "UPDATE access.entries SET leaf = sha256('\\x00'::bytea || entry) WHERE position = 2",
    ),
    "a refusal gone": ("DELETE FROM access.entries WHERE position = 2",),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_refusal_that_was_tampered_with_is_found_and_named(own: Door, clusters: Clusters, what: str):
    case = own.new_case()
    for _ in range(3):
        a_problem(own.post(f"{case.path}/issue-enforcement-letter", letter()), 409, "refused")
    as_admin(clusters, own, "CREATE TABLE kept AS TABLE access.entries", *TAMPERED[what])
    report = own.verify(log=own.ledger.store.access)
    assert not report.ok
    assert 2 in {each.position for each in report.findings}
    assert own.verify().ok
    as_admin(clusters, own, "DELETE FROM access.entries", "INSERT INTO access.entries TABLE kept", "DROP TABLE kept")


def test_an_import_does_not_wait_for_an_access_log_that_will_not_come_back(own: Door, tmp_path: Path):
    case = own.new_case()
    own.ledger.store.access.sequencer.read_only = "It is not the one that was released."
    by = {"id": str(uuid4()), "role": "practitioner"}
    line = {"command": "IssueEnforcementLetter", "to": case.to, "data": letter(), "by": by}
    path = tmp_path / "some.jsonl"
    path.write_text(json.dumps(line))
    outcome = own.run(asyncio.wait_for(import_file(own.ledger, path, Actor(str(uuid4()), "administrator")), 20))
    assert [rule for _, rule, _ in outcome.rejected] == [AccessLogUnavailable.code]
