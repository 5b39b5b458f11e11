"""One way in for a write, one way to ask: decided on what is recorded, whoever else records, and acknowledged once."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, Case, Door, a_problem, days_ago, new_door

from ledger.aggregates.shape import Actor
from ledger.application import SYSTEM, Ledger
from ledger.commands import Command
from ledger.errors import ClockInDoubt, Forbidden, KeyReused, Malformed, NotFound, Refused, StaleVersion
from ledger.store import cases
from ledger.store.opening import SCENARIO


@pytest.fixture(scope="module")
def other(door: Door) -> Generator[Ledger]:
    """The same ledger, opened by another process."""
    ledger = door.run(Ledger.open(door.settings, places=door.places))
    yield ledger
    door.run(ledger.close())


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def absence(door: Door, case: Case, role: str = "supervisor", **more: Any) -> Command:
    return Command("RecordAbsence", "offender", case.id, case.absence(**more), door.actor(role), key=uuid4())


def letter(door: Door, case: Case, of: Command, days: int) -> Command:
    data = {
        "letter_id": str(uuid4()),
        "absence_id": of.data["absence_id"],
        "issued_on": days_ago(days),
        "channel": "post",
    }
    return Command("IssueEnforcementLetter", "offender", case.id, data, door.actor("practitioner"), key=uuid4())


def setting(door: Door, value: int) -> Command:
    data = {"key": "enf.evidence", "new": str(value), "effective_from": days_ago(300), "reason": "for this test"}
    return Command("ChangeSetting", "policy", "policy", data, door.actor("chief-officer"), key=uuid4())


def deadline(door: Door, case: Case) -> str:
    [order] = door.get(f"{case.path}/enforcement").json()["orders"]
    return order["absences"][0]["letter"]["evidence_deadline"]


# ------------------------------------------------------------------------------------ several processes


def test_what_another_process_recorded_is_what_this_one_decides_on(door: Door, other: Ledger, case: Case):
    door.run(door.ledger.execute(absence(door, case)))
    door.run(other.execute(absence(door, case)))
    assert door.run(door.ledger.execute(absence(door, case))).version == 5
    assert door.run(other.execute(absence(door, case))).version == 6


def test_a_refusal_never_rests_on_a_case_that_another_process_has_moved(door: Door, other: Ledger, case: Case):
    first = absence(door, case, days=20)
    with pytest.raises(Refused):
        door.run(door.ledger.execute(letter(door, case, first, 19)))
    door.run(other.execute(first))
    assert door.run(door.ledger.execute(letter(door, case, first, 19))).version == 4


def test_a_refusal_never_rests_on_a_setting_that_another_process_has_changed(door: Door, other: Ledger):
    key = uuid4()
    data = {"key": "enf.evidence", "old": "8", "new": "9", "effective_from": days_ago(300), "reason": "x"}
    by = door.actor("chief-officer")
    change = Command("ChangeSetting", "policy", "policy", data, by, key=key)
    with pytest.raises(Refused):  # it is not 8 here
        door.run(door.ledger.execute(change))
    door.run(other.execute(setting(door, 8)))
    assert door.run(door.ledger.execute(change)).version >= 2


def test_a_decision_never_rests_on_a_setting_that_another_process_has_changed(door: Door, other: Ledger):
    """The entry says under which version of the policy it was decided: that is the newest one sealed before it."""
    found: list[str] = []
    for days in (5, 9):
        case = door.new_case()
        first = absence(door, case, days=20)
        door.run(door.ledger.execute(first))  # the policy is in memory here
        changed = door.run(other.execute(setting(door, days)))
        receipt = door.run(door.ledger.execute(letter(door, case, first, 19)))
        position = receipt.body["events"][0]["position"]
        [(_, _, entry)] = door.run(door.ledger.store.database.entries(position, position))
        assert f'"policy":{changed.version}'.encode() in entry
        found.append(deadline(door, case))
    assert found[0] < found[1]


def test_a_change_of_a_setting_never_rests_on_one_that_was_changed_while_it_was_decided(
    door: Door, other: Ledger, monkeypatch: pytest.MonkeyPatch
):
    """The policy is read, then its stream as the case: what is sealed in between moves both."""
    door.run(other.execute(setting(door, 5)))
    data = {"key": "enf.evidence", "old": "5", "new": "9", "effective_from": days_ago(300), "reason": "x"}
    change = Command("ChangeSetting", "policy", "policy", data, door.actor("chief-officer"), key=uuid4())
    read, waiting = door.ledger.cases.read, [setting(door, 7)]

    async def somebody_was_faster(stream: str) -> Any:
        if waiting:
            await other.execute(waiting.pop())
        return await read(stream)

    door.run(door.ledger.cases.policy(fresh=True))
    door.ledger.cases.forget("policy")
    monkeypatch.setattr(door.ledger.cases, "read", somebody_was_faster)
    with pytest.raises(Refused, match=r"present value of enf\.evidence is 7"):
        door.run(door.ledger.execute(change))
    assert waiting == []


def test_one_key_used_in_two_processes_at_once_is_recorded_once(door: Door, other: Ledger, case: Case):
    command = absence(door, case)
    size = door.size

    async def at_once() -> list[Any]:
        both = (door.ledger, other)
        return await asyncio.gather(*(both[n % 2].execute(command) for n in range(10)))

    answers = door.run(at_once())
    assert all(each.body == answers[0].body for each in answers)
    assert sum(not each.repeated for each in answers) == 1
    assert door.size == size + 1


def test_both_processes_acknowledge_with_one_growing_log(door: Door, other: Ledger):
    async def at_once() -> list[Any]:
        both = (door.ledger, other)
        by = door.actor("court-officer")
        asking = (
            both[n % 2].execute(Command("RecordOffender", "offender", str(uuid4()), PERSON, by, key=uuid4()))
            for n in range(40)
        )
        return await asyncio.gather(*asking)

    answers = door.run(at_once())
    positions = [each.body["events"][0]["position"] for each in answers]
    assert len(set(positions)) == 40
    notes: dict[str, str] = {}
    for each in answers:
        note = each.body["checkpoint"]
        assert notes.setdefault(note.split("\n")[1], note) == note  # never two roots for one size


# ------------------------------------------------------------------------------------ one command


def test_a_command_that_must_not_find_the_case_moved_is_refused_if_it_has(door: Door, case: Case):
    command = absence(door, case)
    with pytest.raises(StaleVersion):
        door.run(door.ledger.execute(Command(**{**fields(command), "if_match": 1})))
    assert door.run(door.ledger.execute(Command(**{**fields(command), "if_match": 2}))).version == 3
    again = door.run(door.ledger.execute(Command(**{**fields(command), "if_match": 2})))
    assert again.repeated


def fields(command: Command) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__dataclass_fields__}


def test_a_key_is_never_answered_with_another_requests_receipt(door: Door, case: Case):
    command = absence(door, case)
    door.run(door.ledger.execute(command))
    for change in (
        {"data": command.data | {"kind": "FAILURE_TO_COMPLY"}},
        {"effective": days_ago(1)},
        {"actor": Actor(str(uuid4()), "supervisor")},
        {"id": door.new_case().id},
    ):
        with pytest.raises(KeyReused):
            door.run(door.ledger.execute(Command(**{**fields(command), **change})))


def test_only_what_is_in_the_catalogue_can_be_commanded(door: Door, case: Case):
    command = absence(door, case)
    for change, error in (
        ({"noun": "nothing"}, NotFound),
        ({"noun": "ledger", "id": "ledger", "name": "CorrectRecord"}, NotFound),
        ({"name": "RecordNothing"}, NotFound),
        ({"noun": "policy", "id": case.id, "name": "ChangeSetting"}, NotFound),
        ({"id": "0710890"}, Malformed),
        ({"actor": Actor(str(uuid4()), "police")}, Forbidden),
        ({"actor": Actor(str(uuid4()), "nobody")}, Forbidden),
        ({"actor": SYSTEM}, Forbidden),
        ({"data": {}}, Malformed),
        ({"data": {str(n): n for n in range(501)}}, Malformed),
        ({"seen": {"position": door.size + 1000}}, Malformed),
    ):
        size = door.size
        with pytest.raises(error):
            door.run(door.ledger.execute(Command(**{**fields(command), **change})))
        assert door.size == size


def test_a_caller_who_goes_away_leaves_a_ledger_that_works_and_finds_the_receipt_later(door: Door, case: Case):
    command = absence(door, case)

    async def cancelled() -> None:
        task = asyncio.ensure_future(door.ledger.execute(command))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    door.run(cancelled())
    receipt = door.run(door.ledger.execute(command))
    stored = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))
    assert [each.members["version"] for each in stored] == [1, 2, 3]
    assert receipt.version == 3
    assert door.run(door.ledger.execute(absence(door, case))).version == 4


def test_what_is_sealed_is_acknowledged_whatever_is_wrong_with_our_memory_of_it(
    door: Door, case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(door.ledger.cases, "remember", broken)
        assert door.run(door.ledger.execute(absence(door, case))).version == 3
    assert "could not be kept" in caplog.text
    assert door.run(door.ledger.execute(absence(door, case))).version == 4


def test_a_memory_too_small_for_its_cases_forgets_and_reads_again(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cases, "CASES_KEPT", 2)
    several = [door.new_case() for _ in range(5)]
    for version in (3, 4):
        for each in several:
            assert door.run(door.ledger.execute(absence(door, each))).version == version


def test_a_key_leads_to_the_fact_that_was_recorded_under_it(door: Door, case: Case):
    command = absence(door, case)
    receipt = door.run(door.ledger.execute(command))
    assert isinstance(command.key, UUID)
    assert door.run(door.ledger.store.database.fact_under(command.key)) == receipt.body["events"][0]["id"]
    assert door.run(door.ledger.store.database.fact_under(uuid4())) is None


# ------------------------------------------------------------------------------------ the clock


@pytest.fixture(scope="module")
def simulated(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault, SCENARIO) as made:
        yield made


def test_a_simulated_clock_goes_where_the_commands_say_and_never_back(simulated: Door):
    began = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    case = Case(str(uuid4()), str(uuid4()))
    simulated.give(case.to, "RecordOffender", PERSON, "court-officer", at=began)
    later = began + timedelta(hours=1)
    simulated.give(f"offender/{uuid4()}", "RecordOffender", PERSON, "court-officer", at=later)
    size = simulated.size
    with pytest.raises(ClockInDoubt, match="backwards"):
        simulated.give(f"offender/{uuid4()}", "RecordOffender", PERSON, "court-officer", at=began)
    assert simulated.size == size
    view = simulated.run(simulated.ledger.view("offender", case.id, "chronology", known_at=began))
    assert view["events"][0]["recorded"] == began
    with pytest.raises(NotFound):
        simulated.run(
            simulated.ledger.view("offender", case.id, "chronology", known_at=began - timedelta(microseconds=1))
        )


# ------------------------------------------------------------------------------------ values that do not open


def test_a_value_that_is_not_the_one_committed_to_leaves_the_house_for_nobody(
    clusters: Clusters, ledger_template: str, vault_template: str, caplog: pytest.LogCaptureFixture
):
    with new_door(clusters.ledger, clusters.vault) as door:
        first, second = door.new_case(), door.new_case()
        with psycopg.connect(admin_of(clusters, door)) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for position in (2, 3):
                connection.execute(
                    "UPDATE sealed_values SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1) "
                    "WHERE position = %s",
                    (position,),
                )
        answer = door.get(f"{first.path}/chronology")
        a_problem(answer, 500, "damaged")
        assert "Featherstonehaugh" not in answer.text + caplog.text
        assert door.get(f"{first.path}/enforcement").status_code == 200  # it needs none of them
        assert door.get(f"{second.path}/chronology").status_code == 200


def admin_of(clusters: Clusters, door: Door) -> str:
    name = door.places[0].application().split("dbname=")[1].split()[0]
    return clusters.ledger.conninfo("postgres", name)
