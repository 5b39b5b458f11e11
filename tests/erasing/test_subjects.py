"""The person of a case, a victim and a third party are erased through the door, and nobody before the time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any
from uuid import uuid4

import pytest
from tests.api.test_searching import ready
from tests.conftest import Clusters
from tests.doors import SURNAME, TODAY, Case, Door, a_problem, days_ago
from tests.erasing.family import OFFICER, PRACTITIONER, Family
from tests.erasing.subjects import MANAGER, old_case, shared, victim, with_retention
from tests.erasing.test_cut_short import dies, killed, opened_again, step_of
from tests.printing.paper import Paper

from ledger.aggregates import AGGREGATES
from ledger.errors import Forbidden, Malformed, Refused
from ledger.projections import VIEWS
from ledger.store.unsealing import Unsealing
from ledger.store.vault.listed import ErasureList, Listed

GONE = f"[offender erased {TODAY:%d/%m/%Y}]"
CANNOT = ("CP-49", "This record was erased and cannot be restored.")


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """At its end every sealed value of the ledger is opened: nothing is missing that no erasure explains."""
    with with_retention(clusters) as made:
        yield made

        async def verified() -> list[Any]:
            loop, vault = asyncio.get_running_loop(), made.ledger.store.vault
            keys = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
            return list((await asyncio.to_thread(made.verify, keys)).findings)

        assert made.run(verified()) == []


@pytest.fixture
def home(door: Door) -> Family:
    """A person whose last order ended three years ago."""
    made = Family(door)
    made.case = old_case(door)
    return made


def erase(home: Family, subject: str | None = None, **more: Any) -> Any:
    data = {"subject_id": subject or home.case.id, "erased_on": days_ago(0)} | more
    return home.give(home.case.to, "EraseSubject", data, OFFICER)


def refused(home: Family, subject: str | None = None, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as problem:
        erase(home, subject, **more)
    assert erasures(home, subject) == []
    return [(each.rule, each.message) for each in problem.value.refusals]


def erasures(home: Family, subject: str | None = None) -> list[Any]:
    told = [each.members["values"] for each in home.told(f"offender-{home.case.id}") if "data-erased" in each.type]
    return [each for each in told if each["subject_id"] == (subject or home.case.id)]


def requested(home: Family, answered: bool = True, kind: str = "ERASURE") -> None:
    request = str(uuid4())
    data = {"request_id": request, "kind": kind, "received_on": days_ago(9)}
    home.give(home.case.to, "ReceiveRightsRequest", data, MANAGER)
    if answered:
        data = {"request_id": request, "on": days_ago(2), "outcome": "granted"}
        home.give(home.case.to, "AnswerRightsRequest", data, MANAGER)


def shown(home: Family) -> str:
    records = home.door.run(home.door.ledger.cases.records(home.told(f"offender-{home.case.id}"), None))
    return str(records)


# ---------------------------------------------------------------------------------------- what it leaves


def test_a_person_whose_time_has_come_is_erased_with_a_certificate_and_every_view_says_so(home: Family) -> None:
    _, word = shared(home)
    assert SURNAME in shown(home)
    path = f"{home.case.path}/erase-subject"
    body = {"subject_id": home.case.id, "erased_on": days_ago(0)}
    answer = home.door.post(path, body, OFFICER, Idempotency_Key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    [said] = erasures(home)
    assert said["kind"] == "OFFENDER"
    assert said["key_ids"]
    assert said["certificate"]["vault"] == days_ago(0)
    assert "horizon" in said["certificate"]
    for gone in (SURNAME, "Zqsupervision", word):
        assert gone not in shown(home)
    assert GONE in shown(home)
    for view in [each.name for each in VIEWS if each.noun == "offender"]:
        for query in ({}, {"as_at": days_ago(1250)}):
            found = home.door.get(f"{home.case.path}/{view}", OFFICER, **query)
            assert found.status_code in (200, 403, 404), (view, found.text)
            assert SURNAME not in found.text
            assert word not in found.text


def test_a_letter_to_an_erased_person_says_that_it_is_erased_and_when(home: Family) -> None:
    case, absence, letter = home.case, str(uuid4()), str(uuid4())
    missed = {"absence_id": absence, "order_id": case.order, "appointment_kind": "UPW", "date": days_ago(1400)}
    home.give(case.to, "RecordAbsence", missed | {"kind": "FTA"}, "supervisor")
    sent = {"letter_id": letter, "absence_id": absence, "issued_on": days_ago(1399), "channel": "post"}
    home.give(case.to, "IssueEnforcementLetter", sent | {"template": "enforcement-letter"}, PRACTITIONER)
    path = f"{case.path}/letters/{letter}"
    assert SURNAME in home.door.get(f"{path}.txt").text
    erase(home)
    gone = home.door.get(f"{path}.txt").text
    assert gone.endswith(f"erased {TODAY:%d/%m/%Y}]")
    pages = home.door.get(f"{path}.pdf")
    assert pages.status_code == 200
    assert Paper(pages.content).says(gone)
    assert not Paper(pages.content).says(SURNAME)


def test_an_erased_person_is_found_by_no_search_at_once(home: Family) -> None:
    name = f"Zq{uuid4().hex[:20]}"
    person = {"client_id": "0710891", "surname": name, "forenames": "Bea", "dob": "1991-02-01", "gender": "F"}
    home.case = Case(str(uuid4()), str(uuid4()))
    home.give(home.case.to, "RecordOffender", person, "court-officer")
    order = {"order_id": home.case.order, "order_type": "CO", "court": "Kidderminster", "requirements": ["UPW"]}
    order |= {"sentence_date": days_ago(1500), "order_end_date": days_ago(1200), "upw_hours": 100}
    home.give(home.case.to, "RecordOrder", order, "court-officer")
    ended = {"order_id": home.case.order, "ended_on": days_ago(1100), "ground": "done"}
    home.give(home.case.to, "EndSupervision", ended, PRACTITIONER)

    def found() -> bool:
        ready(home.door)
        answer = home.door.post("/offenders/search", {"surname": name}, PRACTITIONER)
        assert answer.status_code == 200, answer.text
        return home.case.id in answer.text

    assert found()
    erase(home)
    assert not found()


def test_a_victim_goes_alone_and_stays_gone(home: Family) -> None:
    one, word = victim(home)
    _, other = victim(home)
    erase(home, one)
    assert [each["kind"] for each in erasures(home, one)] == ["VICTIM"]
    assert word not in shown(home)
    assert f"[victim erased {TODAY:%d/%m/%Y}]" in shown(home)
    assert other in shown(home)
    assert SURNAME in shown(home)
    with pytest.raises(Refused) as problem:
        victim(home, one)
    assert [(each.rule, each.message) for each in problem.value.refusals] == [CANNOT]


def test_a_third_party_goes_alone_by_the_fact_that_tells_of_them(home: Family) -> None:
    fact, word = shared(home)
    _, other = shared(home)
    erase(home, fact)
    assert [each["kind"] for each in erasures(home, fact)] == ["THIRD_PARTY"]
    assert word not in shown(home)
    assert f"[third party erased {TODAY:%d/%m/%Y}]" in shown(home)
    assert other in shown(home)
    right = {"event_ref": fact, "field": "shared_with", "corrected_value": "Somebody", "reason": "to bring them back"}
    with pytest.raises(Refused) as problem:
        home.give(home.case.to, "CorrectRecord", right, PRACTITIONER)
    assert CANNOT in [(each.rule, each.message) for each in problem.value.refusals]


def test_third_parties_told_of_in_one_list_go_together_with_what_corrects_it(home: Family) -> None:
    words = [f"Zq{uuid4().hex}" for _ in range(4)]
    home.give(home.case.to, "ListCaseContacts", {"list": words[:2], "form": "R7.5"}, PRACTITIONER)
    fact = home.told(f"offender-{home.case.id}")[-1].members["id"]
    right = {"event_ref": fact, "field": "list", "corrected_value": words[2:], "reason": "two others"}
    home.give(home.case.to, "CorrectRecord", right, PRACTITIONER)
    assert all(each in shown(home) for each in words)
    erase(home, fact)
    assert not [each for each in words if each in shown(home)]
    assert len(erasures(home, fact)[0]["key_ids"]) == 4


def test_the_named_victims_of_an_erased_person_go_by_themselves_afterwards(home: Family) -> None:
    one, word = victim(home)
    erase(home)
    assert word in shown(home)
    erase(home, one)
    assert word not in shown(home)


# ---------------------------------------------------------------------------------------- once


def test_an_erased_person_is_not_erased_again_and_comes_back_in_no_way(home: Family) -> None:
    erase(home)
    with pytest.raises(Refused) as problem:
        erase(home)
    assert [(each.rule, each.message) for each in problem.value.refusals] == [CANNOT]
    assert len(erasures(home)) == 1
    body = home.door.post(f"{home.case.path}/record-absence", home.case.absence(), "practitioner")
    assert CANNOT[1] in str(a_problem(body, 409))
    body = home.door.post(f"{home.case.path}/record-data-advice", {"on": days_ago(0), "advice": "x"}, PRACTITIONER)
    assert CANNOT[1] in str(a_problem(body, 409))


def test_the_same_request_again_gets_the_same_receipt(home: Family) -> None:
    key, data = uuid4(), {"subject_id": home.case.id, "erased_on": days_ago(0)}
    first, again = (home.door.give(home.case.to, "EraseSubject", data, OFFICER, key=key) for _ in range(2))
    assert again.repeated
    assert (again.body, again.version) == (first.body, first.version)


@pytest.mark.parametrize("kind", ["OFFENDER", "VICTIM", "THIRD_PARTY"])
def test_of_what_only_the_list_of_erasures_knows_the_case_is_told_too(
    home: Family, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = {"OFFENDER": (home.case.id, SURNAME), "VICTIM": victim(home), "THIRD_PARTY": shared(home)}[kind]
    with monkeypatch.context() as patched:
        killed(home.door.ledger, "append", "before", patched)
        dies(home, lambda: erase(home, subject[0]))
    home.vault("UPDATE erasures SET told = '' WHERE step = 'destroyed' RETURNING id")
    opened_again(home.door)
    assert [each["kind"] for each in erasures(home, subject[0])] == [kind]
    assert subject[1] not in shown(home)


# ---------------------------------------------------------------------------------------- not before its time


def test_a_person_stays_until_the_retention_period_is_over(home: Family) -> None:
    home.case = old_case(home.door, ended=100)
    [(rule, message)] = refused(home)
    assert rule == "DP-05"
    assert message.startswith("This record is kept until its time has come, on ")


def test_a_person_under_an_order_stays(home: Family) -> None:
    home.case = home.door.new_case()
    assert refused(home) == [
        ("DP-05", "Supervision of this person has not ended; nothing is destroyed before the retention period is over.")
    ]


def test_a_record_to_be_retained_stays_until_that_has_ended(home: Family) -> None:
    data = {"ground": "INQUIRY", "on": days_ago(5), "reason": "asked"}
    home.give(home.case.to, "RetainRecord", data, MANAGER)
    [(_, message)] = refused(home)
    assert message.startswith("This record is to be retained, since ")
    home.give(home.case.to, "EndRetention", {"on": days_ago(0), "reason": "over"}, MANAGER)
    erase(home)


def test_what_is_restricted_as_evidence_stays_until_the_restriction_is_lifted(home: Family) -> None:
    one, _ = victim(home)
    home.give(home.case.to, "RestrictProcessing", {"ground": "NEEDED_AS_EVIDENCE", "on": days_ago(5)}, MANAGER)
    for subject in (None, one):
        [(_, message)] = refused(home, subject)
        assert "restricted since" in message
    home.give(home.case.to, "LiftRestriction", {"on": days_ago(0), "reason": "over"}, MANAGER)
    erase(home)


def test_what_somebody_asked_to_see_stays_until_they_are_answered(home: Family) -> None:
    requested(home, answered=False, kind="ACCESS")
    [(_, message)] = refused(home)
    assert message.endswith("is not answered; answer it first.")


def test_a_victim_of_a_case_that_goes_on_goes_when_a_request_was_answered(home: Family) -> None:
    home.case = home.door.new_case()
    one, word = victim(home)
    [(rule, message)] = refused(home, one)
    assert (rule, message[:24]) == ("DP-05", "Nobody asked for it: ans")
    requested(home)
    erase(home, one)
    assert word not in shown(home)
    assert "ended" in str(refused(home))


# ---------------------------------------------------------------------------------------- told meanwhile


# From its beginning on the vault refuses what is told of the person; what is told of a third party goes on.
MEANWHILE = [("OFFENDER", "begin"), *(("THIRD_PARTY", step) for step in ("begin", "fence", "destroy", "append"))]


@pytest.mark.parametrize("cut_short", [False, True], ids=["whole", "cut-short"])
@pytest.mark.parametrize("kind,step", MEANWHILE)
def test_what_is_told_of_others_while_somebody_is_being_erased_goes_too(
    home: Family, kind: str, step: str, cut_short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    word, ledger = f"Zq{uuid4().hex}", home.door.ledger
    subject = home.case.id if kind == "OFFENDER" else shared(home)[0]
    if kind == "OFFENDER":
        told = {"shared_with": word, "what_class": "risk", "basis": "protocol", "on": days_ago(1300)}
        telling = [("ShareInformation", told, PRACTITIONER)]
    else:
        right = {"event_ref": subject, "field": "shared_with", "corrected_value": word, "reason": "a slip"}
        telling = [("CorrectRecord", right, "chief-officer")]
    of, name = step_of(ledger, step)
    done = getattr(of, name)

    async def meanwhile(*given: Any, **more: Any) -> Any:
        if telling:
            await home.door.giving(home.case.to, *telling.pop(), key=uuid4())
        return await done(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(of, name, meanwhile)
        if cut_short:
            killed(ledger, "widen", "after", patched)
            dies(home, lambda: erase(home, subject))
        else:
            erase(home, subject)
    if cut_short:
        opened_again(home.door)
    *_, told_in, _ = home.told(f"offender-{home.case.id}")
    assert word not in shown(home)
    [said] = erasures(home, subject)
    theirs = home.vault(f"SELECT key_id::text, state FROM keys WHERE owner LIKE '%{told_in.members['id']}%'")
    assert [state for _, state in theirs] == ["destroyed"]
    gone = {key for key, _ in theirs}
    assert gone < set(said["key_ids"])
    assert [gone < set(each.keys) for each in listed(home) if gone & set(each.keys)] == [True]
    assert home.vault(f"SELECT step FROM erasures WHERE told LIKE '%{subject}%'") == [("closed",)]


def listed(home: Family) -> list[Listed]:
    return ErasureList(home.door.settings.home / "erasures.jsonl").all()


# ---------------------------------------------------------------------------------------- who may


def test_whoever_gave_the_ground_does_not_erase(home: Family) -> None:
    staff, mine = home.door.staff, home.door.actor(OFFICER).id
    staff[OFFICER] = home.door.actor(PRACTITIONER).id
    try:
        assert refused(home) == [("DP-05", "Whoever gave the ground does not erase; another person must.")]
    finally:
        staff[OFFICER] = mine
    items, _ = home.door.run(home.door.ledger.refusals(f"offender/{home.case.id}"))
    assert [each["command_name"] for each in items] == ["EraseSubject"]
    assert home.vault("SELECT count(*) FROM erasures WHERE owners LIKE '%" + home.case.id + "%'") == [(0,)]


def test_nobody_else_erases_and_nobody_unknown_is(home: Family) -> None:
    data = {"subject_id": home.case.id, "erased_on": days_ago(0)}
    for role in ("system", PRACTITIONER):
        with pytest.raises(Forbidden):
            home.give(home.case.to, "EraseSubject", data, role)
    assert refused(home, str(uuid4()))[0][0] == "GEN-06"
    assert refused(home, erased_on=days_ago(1))[0][0] == "DP-05"
    known: list[dict[str, Any]] = [{"kind": "VICTIM"}, {"key_ids": []}, {"certificate": {}}]
    for more in known:
        with pytest.raises(Malformed):
            home.give(home.case.to, "EraseSubject", data | more, OFFICER)
    assert "EraseSubject" not in str([each.command for each in AGGREGATES["offender"].facts])


def test_a_person_on_the_register_stays_until_the_entry_is_closed_and_the_children_can_still_be_erased(
    home: Family,
) -> None:
    kit = home.child()
    entry = home.entered([kit])
    assert refused(home) == [("DP-05", "This person has an open entry in the register; close it first.")]
    home.leaves(entry)
    erase(home)
    home.erase(kit)
    assert len(home.erasures_of(kit)) == 1
    assert home.notes() == []


# ---------------------------------------------------------------------------------------- holds


def test_an_erasure_under_a_hold_waits_and_is_done_the_day_the_hold_is_released(home: Family) -> None:
    one, word = victim(home)
    review = home.review()
    hold = home.held(review)
    held = ("SCR-05", f"Erasure is held by case review {review}.")
    assert refused(home) == [held]
    assert refused(home, one) == [held]
    assert SURNAME in shown(home)
    home.released(review, hold)
    assert [each["erased_on"] for each in erasures(home)] == [days_ago(0)]
    assert [each["kind"] for each in erasures(home, one)] == ["VICTIM"]
    for gone in (SURNAME, word):
        assert gone not in shown(home)


def test_a_hold_on_a_child_of_the_person_keeps_the_person_too(home: Family) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    review = home.review()
    placing = {"hold_id": str(uuid4()), "child_refs": [kit], "placed_at": f"{days_ago(1)}T10:00"}
    home.give(f"case-review/{review}", "PlaceHold", placing, "aco")
    assert refused(home) == [("SCR-05", f"Erasure is held by case review {review}.")]
