"""The search through the door: who is found, by whom, how up to date; the words of it stand nowhere in clear."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.doors import PERSON, Case, Door, a_problem, days_ago
from tests.erasing.family import Family

from ledger.access.purposes import reader
from ledger.aggregates.shape import Actor
from ledger.errors import NotYetProjected
from ledger.searching import Keeping, question
from ledger.searching.keeping import AT_ONCE, REST

SEARCH = "/offenders/search"


def word() -> str:
    """A surname that nobody else has: letters only."""
    return "Q" + "".join(chr(ord("a") + int(each, 16)) for each in uuid4().hex[:12])


def offender(door: Door, surname: str, forenames: str = "Ann", **more: Any) -> Case:
    case = Case(str(uuid4()), str(uuid4()))
    person = {"client_id": "0710890", "surname": surname, "forenames": forenames, "dob": "1990-02-01", "gender": "F"}
    door.give(case.to, "RecordOffender", person | more, "court-officer", key=uuid4())
    return case


def child(door: Door, surname: str) -> str:
    name = str(uuid4())
    told = {"client_id": "1234567", "surname": surname, "forenames": "Kit", "register_name": "CP_REGISTER"}
    door.give(f"child/{name}", "RecordChild", told, "information-officer", key=uuid4())
    return name


def ready(door: Door) -> None:
    async def wait() -> None:
        async with asyncio.timeout(30):
            while "search" not in (state := (await door.ledger.ready())["components"]) or state["search"] != "UP":
                await asyncio.sleep(0.05)

    door.run(wait())


def found(door: Door, role: str = "practitioner", **asked: str) -> list[dict[str, Any]]:
    ready(door)
    answer = door.post(SEARCH, asked, role)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_somebody_is_found_by_each_thing_that_is_known_and_shown_as_on_the_old_screen(door: Door):
    surname = word()
    case = offender(door, surname, "Ann Marie", crn="X998877", aliases=[f"Smith{surname}, Annie"])
    expected = {
        "offender_id": case.id,
        "client_id": "0710890",
        "surname": surname,
        "forenames": "Ann Marie",
        "date_of_birth": "1990-02-01",
        "warnings": "RA-N",
        "flags": [],
    }
    for asked in (
        {"surname": surname},
        {"surname": f"{surname[:8]}*", "forenames": "a*"},
        {"surname": f"smith{surname}"},
        {"client_id": "0710890", "surname": surname.upper()},
        {"crn": "x998877", "surname": surname},
        {"date_of_birth": "1990-02-01", "surname": surname},
    ):
        assert found(door, **asked) == [expected], asked
    assert found(door, surname=surname, date_of_birth="1990-02-02") == []


def test_what_was_recorded_just_now_is_found_just_now(door: Door):
    surname, other = word(), word()
    assert found(door, surname=surname) == []
    case = offender(door, surname)
    assert [each["offender_id"] for each in found(door, surname=surname)] == [case.id]
    right = {"field": "surname", "new_value": other, "reason": "married"}
    door.give(case.to, "CorrectOffenderDetails", right, "practitioner", key=uuid4())
    assert found(door, surname=surname) == []
    assert [each["surname"] for each in found(door, surname=other)] == [other]


def test_warnings_stand_at_the_name_from_the_next_search_on(door: Door):
    surname, case = word(), None
    case = offender(door, surname)
    kit = child(door, surname)
    order = {
        "order_id": case.order,
        "order_type": "CO",
        "court": "Kidderminster",
        "sentence_date": days_ago(60),
        "order_end_date": days_ago(-300),
        "requirements": ["UPW"],
        "upw_hours": 100,
    }
    door.give(case.to, "RecordOrder", order, "court-officer", key=uuid4())
    told = {"order_id": case.order, "completed_on": days_ago(3), "rosh_level": "HIGH", "marking": "OPEN"}
    door.give(case.to, "CompleteRiskAssessment", told, "practitioner", key=uuid4())
    rows = {each.get("offender_id", each.get("child_id")): each for each in found(door, surname=surname)}
    assert rows[case.id]["warnings"] == "RA-H"
    assert rows[case.id]["flags"] == [{"code": "RA-H", "field_no": None, "since": days_ago(3)}]
    assert rows[kit]["warnings"] == ""
    shown = door.get(f"{case.path}/register").json()["flags"]
    assert rows[case.id]["flags"] == shown


def test_the_warnings_of_a_search_are_the_flags_of_the_pages(door: Door):
    home = Family(door)
    kit, pip = home.child(), home.child()
    entry = home.entered([kit, pip])

    def warned(stream: str, **asked: str) -> list[dict[str, Any]]:
        [row] = [each for each in found(door, **asked) if each.get("offender_id", each.get("child_id")) == stream]
        return row["flags"]

    def agree() -> list[str]:
        pages = home.register()["flags"], *(home.seen(f"/children/{each}")["flags"] for each in (kit, pip))
        rows = (
            warned(home.case.id, surname=PERSON["surname"]),
            *(warned(each, surname=home.words[each][0]) for each in (kit, pip)),
        )
        assert list(rows) == list(pages)
        return [",".join(f"{one['code']} {one['field_no']}" for one in each) for each in pages]

    assert agree() == ["RH 20", "CR 19", "CR 19"]
    home.leaves(entry, kit)
    assert agree() == ["RH 20", "", "CR 19"]
    home.leaves(entry)
    assert agree() == ["", "", ""]


def test_an_erased_child_is_found_by_nothing_and_its_family_still_is(door: Door):
    home = Family(door)
    kit, pip = home.child(), home.child()
    entry = home.entered([kit, pip])
    assert [each["child_id"] for each in found(door, surname=home.words[kit][0])] == [kit]
    home.leaves(entry, kit)
    home.erase(kit)
    assert found(door, surname=home.words[kit][0]) == []
    assert [each["child_id"] for each in found(door, surname=home.words[pip][0])] == [pip]
    fresh = Keeping(door.ledger.store.database, door.ledger.cases)
    door.run(fresh.fill())
    people, _ = door.run(fresh.current())
    assert people.find(question({"surname": home.words[kit][0]})) == []


def test_children_are_found_by_those_who_may_read_about_children(door: Door):
    surname = word()
    kit = child(door, surname)
    assert [each["child_id"] for each in found(door, surname=surname)] == [kit]
    assert found(door, "supervisor", surname=surname) == []
    assert found(door, "victim-liaison", surname=surname) == []


@pytest.mark.parametrize("role", ["auditor", "inspector", "police", "school", "administrator", "training-unit"])
def test_who_may_not_read_names_may_not_search_for_them(door: Door, role: str):
    a_problem(door.post(SEARCH, {"surname": "Jones"}, role), 403)


def test_a_limited_person_is_a_row_without_a_name_and_stands_last(door: Door):
    surname = word()
    first, limited = offender(door, surname, "Zoe"), offender(door, surname, "Ann")
    ann = door.actor("practitioner")
    rule = {"user_id": ann.id, "message": "A cousin.", "reason": "a cousin"}
    done = door.give(limited.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    rows = found(door, surname=surname)
    assert [each.get("offender_id") for each in rows] == [first.id, None]
    assert rows[1] == {"limited": True}
    assert len(found(door, "pso", surname=surname)) == 2
    assert all("surname" in each for each in found(door, "pso", surname=surname))
    ended = {"rule_ref": done.body["events"][0]["id"], "reason": "a mistake"}
    door.give(limited.to, "EndAccessRule", ended, "risk-manager", key=uuid4())
    assert len([each for each in found(door, surname=surname) if "surname" in each]) == 2


def test_page_after_page_shows_everybody_once(door: Door):
    surname = word()
    there = {offender(door, surname, f"Ann {word()}").id for _ in range(7)}
    hidden = offender(door, surname, "Kim")
    rule = {"user_id": door.actor("practitioner").id, "message": "No.", "reason": "No."}
    door.give(hidden.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    ready(door)
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = door.ask("POST", SEARCH, json={"surname": surname}, params={"limit": "3", "cursor": cursor}).json()
        seen += page["items"]
        assert len(page["items"]) <= 3
        if page["next"] is None:
            break
        cursor = page["next"]
        assert surname.casefold() not in cursor.casefold()
    assert len(seen) == 8
    assert {each["offender_id"] for each in seen[:-1]} == there
    assert seen[-1] == {"limited": True}
    a_problem(door.ask("POST", SEARCH, json={"surname": surname}, params={"cursor": "x"}), 422)


@pytest.mark.parametrize("body", [{}, {"surname": "*"}, {"name": "Jones"}, {"client_id": "12"}, {"surname": ["Jones"]}])
def test_a_search_for_nobody_in_particular_is_malformed(door: Door, body: dict[str, Any]):
    a_problem(door.post(SEARCH, body), 422, "malformed")


def test_a_search_is_sealed_in_the_access_log_with_its_words_and_nobody_reads_them_there(door: Door):
    surname = word()
    case = offender(door, surname)
    access = door.ledger.store.access.database
    before = door.run(access.head()).size
    found(door, surname=surname)
    entries = door.run(access.entries(before + 1, before + 10))
    assert len(entries) == 1
    entry = entries[0][2].decode()
    assert case.id in entry
    assert surname not in entry


def test_no_name_stands_in_a_table_because_of_the_search(door: Door):
    surname = word()
    offender(door, surname)
    found(door, surname=surname)
    with psycopg.connect(door.places[0].application()) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'access', 'projections')"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(f'SELECT t::text FROM "{schema}"."{table}" AS t').fetchall()
            told = str(rows)
            assert surname not in told, table
            assert surname.encode().hex() not in told, table


def test_whose_key_is_fenced_is_not_found_though_nothing_else_has_happened_yet(door: Door):
    surname = word()
    kit = child(door, surname)
    assert found(door, surname=surname)
    for keys in door.run(_keys(door, f"child-{kit}")):
        door.run(door.ledger.store.database.fence(keys))
    assert found(door, surname=surname) == []


async def _keys(door: Door, stream: str) -> list[list[bytes]]:
    stored = await door.ledger.store.database.chain(stream)
    return [[UUID(key).bytes for each in stored for _, key in each.sealed.values()]]


def test_before_everybody_is_read_a_search_says_so(door: Door):
    keeping = Keeping(door.ledger.store.database, door.ledger.cases)
    assert not keeping.ready
    with pytest.raises(NotYetProjected):
        door.run(keeping.current())
    door.run(keeping.fill())
    assert keeping.ready
    assert len(keeping) > 0


def test_another_process_fills_the_same_from_ledger_and_vault(door: Door):
    surname = word()
    offender(door, surname)
    fresh = Keeping(door.ledger.store.database, door.ledger.cases)
    door.run(fresh.fill())
    people, position = door.run(fresh.current())
    assert position == door.size
    assert [each.surname for each in people.find(question({"surname": surname}))] == [surname]


def test_a_filling_that_takes_longer_than_anybody_waits_comes_to_its_end_and_is_begun_once(door: Door):
    """Of a large ledger it takes longer than a command may: tried again and again, it is answered."""
    stream = f"child-{child(door, word())}"
    begun = list[int]()

    class Slow(Keeping):
        async def _read(self, names: Any, upto: int) -> Any:
            begun.append(len(names))
            await asyncio.sleep(0.1)
            return await super()._read(names, upto)

    async def asked() -> int:
        keeping, tries = Slow(door.ledger.store.database, door.ledger.cases), 0
        while True:
            tries += 1
            try:
                assert stream in await asyncio.wait_for(keeping.numbered("1234567"), 0.05)
                return tries
            except TimeoutError:
                assert tries < 200

    assert door.run(asked()) > 1
    streams = [each for noun in ("offender", "child") for each in door.run(door.ledger.store.database.streams(noun))]
    assert sum(begun) == len(streams)


def test_a_filling_that_nobody_waits_for_ends_with_the_ledger(door: Door):
    child(door, word())

    class Endless(Keeping):
        async def _read(self, names: Any, upto: int) -> Any:
            await asyncio.Event().wait()

    async def left() -> None:
        keeping = Endless(door.ledger.store.database, door.ledger.cases)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(keeping.numbered("1234567"), 0.05)
        before = len(asyncio.all_tasks())
        await keeping.close()
        assert len(asyncio.all_tasks()) == before - 1

    door.run(left())


def test_whoever_asks_for_something_else_while_everybody_is_read_has_a_turn_after_each_few(door: Door):
    for _ in range(3 * AT_ONCE):
        offender(door, word())
    fresh = Keeping(door.ledger.store.database, door.ledger.cases)
    parts: list[int] = []
    rests: list[int] = []

    async def others() -> None:
        while True:
            rests.append(len(parts))  # how far it had come when somebody else had the loop for REST seconds
            await asyncio.sleep(REST / 4)

    async def filled() -> None:
        beside = asyncio.create_task(others())
        try:
            await fresh.fill(lambda done, of: parts.append(done), rest=REST)
        finally:
            beside.cancel()

    door.run(filled())
    assert max(after - before for before, after in pairwise([0, *parts])) <= AT_ONCE
    assert set(range(1, len(parts))) <= set(rests)


def test_the_reader_named_decides_whoever_asks_in_this_process(door: Door):
    surname = word()
    child(door, surname)
    ready(door)
    by = reader(Actor(str(uuid4()), "supervisor"))
    assert door.run(door.ledger.search({"surname": surname}, reader=by)).items == []
    assert len(door.run(door.ledger.search({"surname": surname})).items) == 1


def test_who_asks_for_somebody_limited_stands_in_that_persons_readings(door: Door):
    surname, excluded = word(), str(uuid4())
    limited = offender(door, surname)
    rule = {"user_id": excluded, "message": "Ask the duty manager.", "reason": "a cousin"}
    door.give(limited.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    ready(door)
    token = {"Authorization": f"Bearer {door.tokens.issue(excluded, ('practitioner',))}"}
    for asked in (surname, f"{surname[:5]}*", "Nobodyatall"):
        answer = door.ask("POST", SEARCH, None, headers=token, json={"surname": asked})
        assert all(each == {"limited": True} for each in answer.json()["items"])
    listed = door.get(f"{limited.path}/readings", "data-protection-officer").json()["items"]
    told = [each["terms"] for each in listed if each["by"]["id"] == excluded]
    assert told == [f"surname={surname}", f"surname={surname[:5]}*"]
