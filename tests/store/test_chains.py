"""What is kept for whoever asks about a case: never out of date, never longer than its keys, gone once forgotten."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors import SURNAME, TODAY, Case, Door, days_ago
from tests.store.test_cases import SECRET, lived, offered, stream, texts

from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import NotFound, Refused, VaultUnavailable
from ledger.projections import VIEWS
from ledger.store import chains as module
from ledger.store.chains import Chains

NAMES = [view.name for view in VIEWS if view.noun == "offender"]


@pytest.fixture(scope="module")
def other(door: Door) -> Generator[Ledger]:
    """The same ledger, opened by another process."""
    ledger = door.run(Ledger.open(door.settings, places=door.places))
    yield ledger
    door.run(ledger.close())


def kept_of(ledger: Ledger) -> Chains:
    return ledger.cases.chains


def asked(door: Door, ledger: Ledger, case: Case, **how: Any) -> dict[str, Any]:
    """Every view of a person, but for the moment it was asked at."""
    answers = {name: door.run(ledger.view("offender", case.id, name, explain=True, **how)) for name in NAMES}
    return {name: answer | {"known_at": None} for name, answer in answers.items()}


def asked_anew(door: Door, ledger: Ledger, case: Case, **how: Any) -> dict[str, Any]:
    """The same from nothing but the store."""
    kept_of(ledger).close()
    return asked(door, ledger, case, **how)


def held(ledger: Ledger) -> str:
    """Every text that is reachable from what is kept."""
    found = [vars(chain) for chain in kept_of(ledger)._kept.values()]
    return " ".join(texts([each | {"readings": [vars(one) for one in each["readings"]]} for each in found]))


# ---------------------------------------------------------------------------------------- never out of date


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whoever_records_every_view_is_what_the_store_says_now_and_as_known_at_every_moment(
    door: Door, other: Ledger, seed: int
):
    """Two processes record by turns, corrections among it; one of them keeps what it told before."""
    pick, case, recorded = random.Random(seed), door.new_case(), [str(uuid4())]
    moments = [datetime.now(UTC)]
    for _ in range(6):
        name, data, role = offered(case, pick, recorded)
        command = Command(name, "offender", case.id, data, door.actor(role))
        with suppress(Refused):
            recorded += [
                each["id"] for each in door.run(pick.choice((door.ledger, other)).execute(command)).body["events"]
            ]
        moments.append(datetime.now(UTC))
        day: date = TODAY - timedelta(days=pick.randint(0, 60))
        for how in ({}, {"as_at": day}, {"as_at": day, "known_at": pick.choice(moments)}):
            assert asked(door, door.ledger, case, **how) == asked_anew(door, other, case, **how)


def test_a_correction_by_another_process_is_read_at_once_and_not_before_its_time(door: Door, other: Ledger):
    case = door.new_case()
    told = door.give(case.to, "RecordAbsence", case.absence(9), "supervisor")
    before = datetime.now(UTC)
    first = asked(door, door.ledger, case)
    data = {
        "event_ref": told.body["events"][0]["id"],
        "field": "date",
        "corrected_value": days_ago(8),
        "reason": "another day",
    }
    door.run(other.execute(Command("CorrectRecord", "offender", case.id, data, door.actor("senior-practitioner"))))
    [now] = door.run(door.ledger.view("offender", case.id, "enforcement"))["orders"][0]["absences"]
    assert now["date"].isoformat() == days_ago(8)
    assert asked(door, door.ledger, case, known_at=before) == first


def test_a_fact_of_another_case_that_is_about_this_one_shows_at_once(door: Door, other: Ledger):
    case = door.new_case()
    assert asked(door, door.ledger, case)["child-protection"]["matters"] == []
    told = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "UPW_SITE", "noted_on": days_ago(3)}
    told |= {"grave": True, "category": "SIGNIFICANT_HARM", "note": "x"}
    matter = Command("RecordConcern", "child-protection-matter", str(uuid4()), told, door.actor("supervisor"))
    door.run(other.execute(matter))
    [shown] = asked(door, door.ledger, case)["child-protection"]["matters"]
    assert shown["matter_id"] == matter.id


def test_a_case_that_is_not_there_is_there_once_another_process_has_begun_it(door: Door, other: Ledger):
    case = Case(str(uuid4()), str(uuid4()))
    with pytest.raises(NotFound):
        asked(door, door.ledger, case)
    person = {"client_id": "0710891", "surname": SURNAME, "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}
    door.run(other.execute(Command("RecordOffender", "offender", case.id, person, door.actor("court-officer"))))
    assert asked(door, door.ledger, case) == asked_anew(door, other, case)


def test_views_asked_for_all_at_once_are_those_asked_for_one_by_one(door: Door):
    case = lived(door, 7, 20)

    async def together() -> list[dict[str, Any]]:
        return await asyncio.gather(*(door.ledger.view("offender", case.id, name, explain=True) for name in NAMES))

    kept_of(door.ledger).close()
    answers = dict(zip(NAMES, door.run(together()), strict=True))
    assert {name: each | {"known_at": None} for name, each in answers.items()} == asked(door, door.ledger, case)


# ---------------------------------------------------------------------------------------- what is kept, how long


def test_what_one_view_opened_is_not_shown_by_another_nor_to_whom_it_is_withheld(door: Door):
    case = lived(door, 3, 25)
    door.give(case.to, "RecordAbsence", case.absence(2, note=SECRET), "supervisor")
    assert SECRET in " ".join(texts(door.run(door.ledger.view("offender", case.id, "chronology"))))
    for name in NAMES:
        shown = " ".join(texts(door.run(door.ledger.view("offender", case.id, name, withhold=True))))
        assert not {SECRET, SURNAME} & set(shown.split()), name


def test_a_case_that_is_forgotten_leaves_no_value_behind(door: Door):
    mine, another = lived(door, 1, 25), door.new_case()
    for case in (mine, another):
        door.give(case.to, "RecordAbsence", case.absence(2, note=f"{SECRET} {case.id}"), "supervisor")
        asked(door, door.ledger, case)
    assert f"{SECRET} {mine.id}" in held(door.ledger)
    door.ledger.cases.forget(stream(mine))
    assert mine.id not in held(door.ledger)
    assert f"{SECRET} {another.id}" in held(door.ledger)
    assert door.ledger.cases.kept(stream(mine)) is None


def test_a_case_forgotten_while_it_is_read_is_not_kept_either(door: Door, monkeypatch: pytest.MonkeyPatch):
    case = lived(door, 2, 10)
    kept = kept_of(door.ledger)
    kept.close()
    reading = kept._records

    async def forgotten_meanwhile(*what: Any) -> Any:
        found = await reading(*what)
        door.ledger.cases.forget(stream(case))
        return found

    monkeypatch.setattr(kept, "_records", forgotten_meanwhile)
    assert door.run(door.ledger.view("offender", case.id, "chronology"))["events"]
    assert SURNAME not in held(door.ledger)


def test_an_opened_value_is_not_told_once_its_key_is_out_of_memory(door: Door, monkeypatch: pytest.MonkeyPatch):
    """The vault forgets keys within a minute, so that a destroyed one opens nothing any more."""
    case = door.new_case()
    vault = door.ledger.store.vault
    for name in NAMES:
        door.run(door.ledger.view("offender", case.id, name))

    async def away(*_: Any) -> Any:
        raise VaultUnavailable("away")

    monkeypatch.setattr(vault, "_ask", away)
    assert door.run(door.ledger.view("offender", case.id, "chronology"))["events"]
    vault.forget()
    with pytest.raises(VaultUnavailable):
        door.run(door.ledger.view("offender", case.id, "chronology"))
    assert door.run(door.ledger.view("offender", case.id, "oversight"))["position"]  # it opens nothing
    assert SURNAME not in held(door.ledger)


def test_what_nobody_asks_for_again_is_gone_by_itself(door: Door, monkeypatch: pytest.MonkeyPatch):
    case = door.new_case()
    kept_of(door.ledger).close()
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.2)
    asked(door, door.ledger, case)
    assert SURNAME in held(door.ledger)
    door.run(asyncio.sleep(0.3))
    assert not kept_of(door.ledger)._kept
    assert kept_of(door.ledger)._sweeping is None


def test_opened_values_go_by_themselves_with_their_keys(door: Door):
    async def swept() -> None:
        kept_of(door.ledger)._sweep()

    case = door.new_case()
    kept_of(door.ledger).close()
    asked(door, door.ledger, case)
    assert SURNAME in held(door.ledger)
    door.ledger.store.vault.forget()
    door.run(swept())
    assert case.id in held(door.ledger)
    assert SURNAME not in held(door.ledger)


def test_a_memory_too_small_for_its_cases_forgets_the_oldest_and_reads_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    several = [door.new_case() for _ in range(4)]
    kept_of(door.ledger).close()
    monkeypatch.setattr(module, "FACTS_KEPT", 5)
    answers = [asked(door, door.ledger, each) for each in several]
    assert list(kept_of(door.ledger)._kept) == [stream(each) for each in several[-2:]]
    monkeypatch.setattr(module, "FACTS_KEPT", 1)
    assert answers == [asked(door, door.ledger, each) for each in several]
    assert not kept_of(door.ledger)._kept
