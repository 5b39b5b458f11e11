"""A child is erased through the door: once, in all streams, for every moment, and nobody else with it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, TODAY, Door, a_problem, days_ago, new_door
from tests.erasing.family import ERASED, OFFICER, PRACTITIONER, Family

from ledger.commands import Acknowledged
from ledger.errors import Forbidden, Malformed, Refused
from ledger.following.lists import Page
from ledger.store.unsealing import Unsealing

CANNOT = "This record was erased and cannot be restored."


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """At its end every sealed value of both logs is opened: nothing is missing that no erasure explains."""
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made

        async def verified() -> list[Any]:
            loop, vault = asyncio.get_running_loop(), made.ledger.store.vault
            keys = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
            return list((await asyncio.to_thread(made.verify, keys)).findings)

        assert made.run(verified()) == []


@pytest.fixture
def home(door: Door) -> Family:
    return Family(door)


def refused(door: Door, child: str, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as problem:
        door.give(f"child/{child}", "EraseChild", {"erased_on": days_ago(0)} | more, OFFICER, key=uuid4())
    return [(each.rule, each.message) for each in problem.value.refusals]


# ---------------------------------------------------------------------------------------- what it leaves


def test_an_erasure_is_one_receipt_of_the_fact_and_the_lines_it_writes(home: Family) -> None:
    kit = home.child()
    entry = home.entered([kit])
    home.leaves(entry)
    path = f"/children/{kit}/erase-child"
    answer = home.door.post(path, {"erased_on": days_ago(0)}, OFFICER, Idempotency_Key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    assert [each["type"] for each in answer.json()["events"]] == ["ChildDataErased", "NotebookEntryMade"]
    [erased] = home.erasures_of(kit)
    values = erased.members["values"]
    assert (values["erased_on"], values["key_destroyed"], values["child_id"]) == (days_ago(0), True, kit)
    assert sorted(erased.members["about"]) == sorted([f"offender-{home.case.id}", f"register-entry-{entry}"])
    stores = {"vault", "list-of-erasures", "ledger", "access-log", "memory"}
    certificate = values["certificate"]
    assert {name: day for name, day in certificate.items() if name != "horizon"} == dict.fromkeys(stores, days_ago(0))
    assert certificate["horizon"] == (TODAY + timedelta(days=35)).isoformat()
    assert answer.headers["ETag"] == f'"{erased.members["version"]}"'


def test_every_view_says_erased_for_every_day_and_moment(home: Family) -> None:
    kit = home.child()
    entry = home.entered([kit])
    home.amended(entry, kit)
    before = home.register()
    assert home.words[kit][0] in str(before)
    known = before["known_at"]
    home.leaves(entry)
    home.erase(kit)
    pages = [f"{home.case.path}/{name}" for name in ("register", "chronology", "child-protection")]
    pages += [f"/children/{kit}", f"/children/{kit}/chronology"]
    for path in pages:
        for query in ({}, {"known_at": known}, {"as_at": days_ago(25)}):
            answer = home.door.get(path, OFFICER, **query)
            assert answer.status_code in (200, 404), answer.text
            assert not [each for each in home.words[kit] if each in answer.text], path
    [shown] = home.register(known_at=known)["entries"]
    assert [each["name"] for each in shown["children"]] == [ERASED]
    assert [each["erased_on"] for each in home.register()["entries"][0]["children"]] == [days_ago(0)]


def test_nothing_of_the_child_can_be_opened_and_all_of_the_others_can(home: Family) -> None:
    kit, pip = home.child(), home.child()
    entry = home.entered([kit, pip])
    home.leaves(entry, kit)
    home.erase(kit)
    [erased] = home.erasures_of(kit)
    gone = set(erased.members["values"]["key_ids"])
    children = {each["child_id"]: each["name"] for each in home.register()["entries"][0]["children"]}
    assert children[kit] == ERASED
    assert home.words[pip][0] in children[pip]
    for stream in (f"child-{kit}", f"register-entry-{entry}"):
        stored = home.told(stream)
        boxes = home.door.run(home.door.ledger.store.database.boxes([each.position for each in stored]))
        left = {box.key_id for found in boxes.values() for box in found}
        assert not gone & {str(key) for key in left}
    assert gone >= {key for each in home.told(f"child-{kit}")[:1] for _, key in each.sealed.values()}
    assert not gone & {key for each in home.told(f"child-{pip}") for _, key in each.sealed.values()}


def test_one_child_of_three_goes_with_the_texts_that_name_nobody_and_later_ones_have_a_key_of_their_own(
    home: Family,
) -> None:
    kit, pip, sam = home.child(), home.child(), home.child()
    entry = home.entered([kit, pip, sam])
    early = home.amended(entry, kit)
    home.leaves(entry, kit)
    home.erase(kit)
    late = home.amended(entry, pip)
    facts = home.told(f"register-entry-{entry}")
    records = home.door.run(home.door.ledger.cases.records(facts, None))
    summaries = [str(each.fact.summary) for each in records if type(each.fact).__name__ == "R7Amended"]  # type: ignore[attr-defined]
    assert summaries == [ERASED, late]
    assert early not in str(records)
    home.leaves(entry, pip)
    home.erase(pip)
    records = home.door.run(home.door.ledger.cases.records(facts, None))
    assert late not in str(records)
    assert home.words[sam][0] in str(home.seen(f"/children/{sam}"))


def test_a_child_of_two_offenders_is_erased_once_and_both_cases_say_so(home: Family) -> None:
    other = Family(home.door)
    kit = home.child()
    one, two = home.entered([kit]), home.entered([kit], other.case, day=28)
    home.leaves(one)
    home.leaves(two)
    home.erase(kit)
    for each in (home, other):
        [entry] = each.register()["entries"]
        assert [child["name"] for child in entry["children"]] == [ERASED]
        assert len(each.notes()) == 1


# ---------------------------------------------------------------------------------------- once


def test_the_same_request_again_gets_the_same_receipt(home: Family) -> None:
    kit, key = home.child(), uuid4()
    home.leaves(home.entered([kit]))
    first = home.erase(kit, key)
    again = home.erase(kit, key)
    assert again.repeated
    assert (again.body, again.version) == (first.body, first.version)
    assert refused(home.door, kit) == [("CP-49", CANNOT)]
    assert len(home.erasures_of(kit)) == 1


def test_several_who_ask_at_once_erase_once(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(home.erasing(kit) for _ in range(5)), return_exceptions=True)

    answers = home.door.run(all_at_once())
    assert sum(isinstance(each, Acknowledged) for each in answers) == 1, answers
    assert all(isinstance(each, Acknowledged | Refused) for each in answers), answers
    assert len(home.erasures_of(kit)) == 1
    assert len(home.notes()) == 1


def test_an_erased_child_comes_back_as_somebody_else_only(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    home.erase(kit)
    given = {"client_id": "9100001", "surname": "A", "forenames": "B", "register_name": "ICS_REGISTER"}
    body = home.door.post(f"/children/{kit}/record-child", given, OFFICER)
    assert CANNOT in str(a_problem(body, 409))
    body = home.door.post(f"/children/{kit}/record-child-contact", {"on": days_ago(0), "purpose": "x"}, PRACTITIONER)
    assert CANNOT in str(a_problem(body, 409))
    again = home.child()
    home.entered([again], day=0)
    first, last = (home.told(f"child-{each}")[0] for each in (kit, again))
    assert not {key for _, key in first.sealed.values()} & {key for _, key in last.sealed.values()}


# ---------------------------------------------------------------------------------------- who may


def test_nobody_erases_in_the_role_of_a_release(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    with pytest.raises(Forbidden):
        home.door.give(f"child/{kit}", "EraseChild", {"erased_on": days_ago(0)}, "system", key=uuid4())
    with pytest.raises(Forbidden):
        home.door.give(f"child/{kit}", "EraseChild", {"erased_on": days_ago(0)}, PRACTITIONER, key=uuid4())
    assert home.erasures_of(kit) == []


@pytest.mark.parametrize(
    "more",
    [{"key_ids": []}, {"key_destroyed": True}, {"certificate": {"vault": "2026-01-01"}}],
    ids=lambda each: min(each),
)
def test_what_was_destroyed_only_the_ledger_says(home: Family, more: dict[str, Any]) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    with pytest.raises(Malformed):
        home.door.give(f"child/{kit}", "EraseChild", {"erased_on": days_ago(0)} | more, OFFICER, key=uuid4())
    assert home.vault("SELECT count(*) FROM erasures WHERE owners LIKE '%" + kit + "%'") == [(0,)]


def test_whoever_gave_the_ground_does_not_erase_and_the_attempt_is_evidence(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    home.door.staff["information-officer"], mine = home.door.actor(PRACTITIONER).id, home.door.actor(OFFICER).id
    try:
        assert refused(home.door, kit)[0][0] == "CP-41"
    finally:
        home.door.staff["information-officer"] = mine
    items, _ = home.door.run(home.door.ledger.refusals(f"child/{kit}"))
    assert [each["command_name"] for each in items] == ["EraseChild"]
    assert home.vault("SELECT count(*) FROM erasures WHERE owners LIKE '%" + kit + "%'") == [(0,)]


def test_a_registered_child_is_not_erased(home: Family) -> None:
    kit = home.child()
    home.entered([kit])
    assert refused(home.door, kit)[0][0] == "CP-42"
    assert home.words[kit][0] in str(home.seen(f"/children/{kit}"))


# ---------------------------------------------------------------------------------------- when it is final


def test_an_erasure_is_final_when_no_backup_opens_it_and_not_before(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    home.erase(kit)

    def finalising() -> list[tuple[str, str]]:
        with pytest.raises(Refused) as problem:
            home.door.give(f"child/{kit}", "FinaliseErasure", {"horizon": days_ago(0)}, OFFICER, key=uuid4())
        return [(each.rule, each.message) for each in problem.value.refusals]

    assert finalising() == [
        ("DP-05", "Backups of the vault may still open what was erased; run 'ledger vault rewrap' first.")
    ]
    home.door.run(home.door.ledger.store.vault.epochs.rewrap())
    [(rule, message)] = finalising()
    assert rule == "DP-05"
    assert f"{TODAY + timedelta(days=35):%-d %b %Y}" in message


# ---------------------------------------------------------------------------------------- lists


def test_a_list_shows_no_erased_child_and_a_rebuild_comes_to_the_same(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    home.erase(kit)

    def page() -> Page:
        return home.door.run(home.door.ledger.worklist("deregistration", after=home.door.size))

    live = page().items
    assert not [each for each in home.words[kit] if each in str(live)]
    home.door.run(home.door.ledger.rebuild("deregistration", lambda done, of: None))
    assert page().items == live


def test_a_child_who_is_named_in_the_notebook_of_another_case_takes_nothing_of_that_case_but_the_line(door: Door):
    home, others = Family(door), Family(door)
    kit, theirs = home.child(), others.child()
    entry = home.entered([kit])
    others.entered([theirs])
    adult, visitor, number = PERSON["client_id"], others.word(theirs), f"{int(kit[:8], 16) % 10_000_000:07}"
    line = {"entered_on": days_ago(1), "heading": "FATHER"}
    about_adult = {"entry_no": 1, "about_client_id": adult, "text": "as told", "child_text": visitor}
    others.give(others.case.to, "MakeNotebookEntry", line | about_adult, OFFICER)
    about_kit = {"entry_no": 2, "about_client_id": number, "text": "as told", "child_text": home.word(kit)}
    others.give(others.case.to, "MakeNotebookEntry", line | about_kit, OFFICER)
    home.leaves(entry)
    home.erase(kit)
    told = [each["child_text"] for each in others.register()["notebook"]]
    assert told == [visitor, ERASED]
