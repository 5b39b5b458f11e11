"""Two records of one person: merged they are read as one, separated as before; what protects one protects both."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import TODAY, Case, Door, days_ago
from tests.erasing.family import Family
from tests.erasing.subjects import old_case, with_retention
from tests.importing.lines import SOURCE, a_case, imported, line, write

from ledger.errors import LimitedAccess, Refused
from ledger.projections import VIEWS, WORKLISTS

OFFICER = "information-officer"
OF_A_PERSON = [each.name for each in VIEWS if each.noun == "offender"]


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with with_retention(clusters) as made:
        yield made


def recorded(door: Door) -> Case:
    """A record with an order and an absence without a letter."""
    case = door.new_case()
    door.give(case.to, "RecordAbsence", case.absence(9), "supervisor", key=uuid4())
    return case


def merge(door: Door, one: Case, into: Case) -> None:
    door.give(one.to, "MergePersons", {"into": into.id, "reason": "the same person"}, OFFICER, key=uuid4())


def separate(door: Door, one: Case, other: Case) -> None:
    door.give(one.to, "SeparatePersons", {"from_person": other.id, "reason": "two people"}, OFFICER, key=uuid4())


def refused(door: Door, to: str, name: str, data: Mapping[str, Any], role: str = OFFICER) -> tuple[str, str]:
    size = door.size
    with pytest.raises(Refused) as problem:
        door.give(to, name, data, role, key=uuid4())
    assert door.size == size
    return problem.value.refusals[0].rule, problem.value.refusals[0].message


def view(door: Door, case: Case, name: str, **more: str) -> dict[str, Any]:
    answer = door.get(f"{case.path}/{name}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def said(door: Door, case: Case, name: str, **more: str) -> dict[str, Any]:
    """What a view says of the case, but for when it was asked and what was said of merges."""
    answer = view(door, case, name, **more)
    for each in ("known_at", "position"):
        answer.pop(each)
    if "events" in answer:
        answer["events"] = [each for each in answer["events"] if not each["type"].startswith("Persons")]
    return answer


def rows(door: Door, name: str, *cases: Case, **more: str) -> list[dict[str, Any]]:
    """The rows of a list that name any of these cases."""
    door.run(door.ledger.follower.catch_up())
    listed = door.get(f"/worklists/{name}", limit="1000", **more)
    assert listed.status_code == 200, listed.text
    return [each for each in listed.json()["items"] if any(case.id in json.dumps(each) for case in cases)]


# ---------------------------------------------------------------------------------------- one person


def test_either_record_leads_to_both_and_separated_each_is_as_before(door: Door):
    one, other = recorded(door), recorded(door)
    before = [{name: said(door, case, name) for name in OF_A_PERSON} for case in (one, other)]
    own = [view(door, case, "chronology")["events"] for case in (one, other)]
    merge(door, one, other)
    for case in (one, other):
        assert {each["order_id"] for each in view(door, case, "enforcement")["orders"]} == {one.order, other.order}
        assert {each["order_id"] for each in view(door, case, "progress")["orders"]} == {one.order, other.order}
        told = {each["position"]: each for each in view(door, case, "chronology")["events"]}
        for each in (*own[0], *own[1]):
            assert told[each["position"]]["id"] == each["id"]
            assert told[each["position"]]["values"] == each["values"]
        assert len(told) == len(own[0]) + len(own[1]) + 1
    for case, earlier in zip((one, other), own, strict=True):  # sealed where it was told
        stored = door.run(door.ledger.store.database.stream(case.to.replace("/", "-")))
        assert {each["position"] for each in earlier} <= {each.position for each in stored}
    separate(door, one, other)
    assert [{name: said(door, case, name) for name in OF_A_PERSON} for case in (one, other)] == before


def test_what_was_known_while_they_were_merged_is_known_at_that_moment_for_ever(door: Door):
    one, other = recorded(door), recorded(door)
    moments = [view(door, one, "chronology")["known_at"]]
    merge(door, one, other)
    moments.append(view(door, one, "chronology")["known_at"])
    separate(door, other, one)  # either may be named
    moments.append(view(door, one, "chronology")["known_at"])
    counted = [len(view(door, one, "enforcement", known_at=each)["orders"]) for each in moments]
    assert counted == [1, 2, 1]
    assert len(view(door, one, "enforcement")["orders"]) == 1


def test_a_decision_rests_on_both_records_while_they_are_one(door: Door):
    one, other = recorded(door), recorded(door)
    absence = one.absence(8)
    assert refused(door, other.to, "RecordAbsence", absence, "supervisor")[0] == "GEN-06"
    merge(door, one, other)
    door.give(other.to, "RecordAbsence", absence, "supervisor", key=uuid4())
    assert refused(door, one.to, "RecordAbsence", absence, "supervisor")[0] == "GEN-06"  # told already
    shown = view(door, one, "enforcement")["orders"]
    assert [len(each["absences"]) for each in shown if each["order_id"] == one.order] == [2]
    separate(door, one, other)
    assert refused(door, other.to, "RecordAbsence", one.absence(7), "supervisor")[0] == "GEN-06"


def test_three_records_are_one_person_and_part_where_they_were_joined(door: Door):
    first, second, third = (recorded(door) for _ in "123")
    merge(door, first, second)
    merge(door, second, third)
    orders = {each.order for each in (first, second, third)}
    for case in (first, second, third):
        assert {each["order_id"] for each in view(door, case, "progress")["orders"]} == orders
    separate(door, second, third)
    assert [len(view(door, each, "progress")["orders"]) for each in (first, second, third)] == [2, 2, 1]


def test_a_record_merged_into_two_others_stays_one_with_both(door: Door):
    first, second, third = (recorded(door) for _ in "123")
    merge(door, first, second)
    assert {each["offender_id"] for each in rows(door, "letters", first, second, third)} == {second.id, third.id}
    merge(door, first, third)
    orders = {each.order for each in (first, second, third)}
    for case in (first, second, third):
        assert {each["order_id"] for each in view(door, case, "progress")["orders"]} == orders
    live = rows(door, "letters", first, second, third)
    assert [each["offender_id"] for each in live] == [third.id] * 3
    now = view(door, first, "chronology")["known_at"]
    assert rows(door, "letters", first, second, third, known_at=now) == live
    separate(door, third, first)
    assert [len(view(door, each, "progress")["orders"]) for each in (first, second, third)] == [2, 2, 1]
    parted = rows(door, "letters", first, second, third)
    assert {each["offender_id"] for each in parted} == {second.id, third.id}


def test_a_record_is_not_merged_with_itself_nor_twice_nor_in_a_circle_nor_with_nobody(door: Door):
    one, other, third = (recorded(door) for _ in "123")
    reason = {"reason": "the same person"}
    itself = refused(door, one.to, "MergePersons", {"into": one.id} | reason)
    assert itself == ("GEN-06", "A record cannot be merged with itself; give the id of the other one.")
    unknown = refused(door, one.to, "MergePersons", {"into": str(uuid4())} | reason)
    assert unknown[1].startswith("No person ")
    apart = refused(door, one.to, "SeparatePersons", {"from_person": other.id} | reason)
    assert apart == ("GEN-06", "These two records were not merged; give the id of one that this was merged with.")
    merge(door, one, other)
    merge(door, other, third)
    again = ("GEN-06", "These two records are of one person already; separate them first.")
    for record, into in ((one, other), (other, one), (third, one), (one, third)):
        assert refused(door, record.to, "MergePersons", {"into": into.id} | reason) == again
    apart = refused(door, one.to, "SeparatePersons", {"from_person": third.id} | reason)
    assert apart[1].startswith("These two records were not merged")


def test_a_merge_is_not_corrected_or_struck_out_but_separated(door: Door):
    one, other = recorded(door), recorded(door)
    merge(door, one, other)
    (told,) = (each for each in view(door, one, "chronology")["events"] if each["type"] == "PersonsMerged")
    for name, more in (("StrikeOutRecord", {}), ("CorrectRecord", {"field": "reason", "corrected_value": "x"})):
        found = refused(door, one.to, name, {"event_ref": told["id"], "reason": "a slip"} | more)
        assert found == ("GEN-06", "A merge is not corrected or struck out; separate the two records.")


def test_a_correction_goes_to_the_record_it_was_sealed_on(door: Door):
    one, other = recorded(door), recorded(door)
    merge(door, one, other)
    (told,) = (
        each
        for each in view(door, other, "chronology")["events"]
        if each["type"] == "AbsenceRecorded" and each["values"]["order_id"] == one.order
    )
    right = {"event_ref": told["id"], "field": "date", "corrected_value": days_ago(8), "reason": "a slip"}
    assert refused(door, other.to, "CorrectRecord", right, "supervisor")[0] == "GEN-06"
    door.give(one.to, "CorrectRecord", right, "supervisor", key=uuid4())
    shown = view(door, other, "enforcement")["orders"]
    assert [each["absences"][0]["date"] for each in shown if each["order_id"] == one.order] == [days_ago(8)]


# ---------------------------------------------------------------------------------------- lists


@pytest.mark.parametrize("name", ["letters", "first-appointments", "assessments"])
def test_lists_count_a_person_once_and_name_the_record_merged_into(door: Door, name: str):
    one, other = recorded(door), recorded(door)
    before = rows(door, name, one, other)
    assert {each["offender_id"] for each in before} == {one.id, other.id}
    then = view(door, one, "chronology")["known_at"]
    merge(door, one, other)
    merged = rows(door, name, one, other)
    assert {each["offender_id"] for each in merged} == {other.id}
    assert len(merged) == len(before)
    now = view(door, one, "chronology")["known_at"]
    assert rows(door, name, one, other, known_at=now) == merged
    assert rows(door, name, one, other, known_at=then) == before
    door.give(
        one.to, "RecordAbsence", one.absence(6), "supervisor", key=uuid4()
    )  # of the record that lists do not name
    if name == "letters":
        assert len(rows(door, name, one, other)) == len(merged) + 1
    live = rows(door, name, one, other)
    door.run(door.ledger.rebuild(None, lambda done, total: None))
    assert rows(door, name, one, other) == live
    separate(door, one, other)
    assert {each["offender_id"] for each in rows(door, name, one, other)} == {one.id, other.id}


def test_every_list_as_tables_is_what_the_fold_says_after_merges_and_separations(door: Door):
    cases = [recorded(door) for _ in range(4)]
    merge(door, cases[0], cases[1])
    merge(door, cases[2], cases[1])
    separate(door, cases[0], cases[1])
    merge(door, cases[1], cases[3])
    for name in WORKLISTS:
        if WORKLISTS[name].noun == "offender":
            live = rows(door, name, *cases)
            assert live == rows(door, name, *cases, known_at=view(door, cases[0], "chronology")["known_at"]), name


# ---------------------------------------------------------------------------------------- what protects


def test_whoever_may_not_read_one_record_may_not_read_the_other_until_they_are_separated(door: Door):
    one, other = recorded(door), recorded(door)
    reader = door.actor("practitioner")
    limit = {"user_id": reader.id, "message": "Ask your manager.", "reason": "a relative"}
    assert door.get(f"{other.path}/enforcement").status_code == 200
    merge(door, one, other)
    door.give(one.to, "ExcludeAccess", limit, "risk-manager", key=uuid4())
    for case in (one, other):
        for name in ("enforcement", "chronology", "compare"):
            more = {"known_at": "2025-01-01T00:00:00Z"} if name == "compare" else {}
            assert door.get(f"{case.path}/{name}", **more).status_code == 403
        with pytest.raises(LimitedAccess):
            door.give(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner", key=uuid4())
    assert not rows(door, "letters", one, other)
    separate(door, one, other)
    assert door.get(f"{other.path}/enforcement").status_code == 200
    assert door.get(f"{one.path}/enforcement").status_code == 403


def test_what_was_shown_of_both_while_they_were_one_is_shut_to_whom_either_is_shut(door: Door):
    one, other = recorded(door), recorded(door)
    merge(door, one, other)
    then = door.get(f"{one.path}/chronology", "pso").json()["known_at"]
    separate(door, one, other)
    limit = {"user_id": door.actor("trainee").id, "message": "Ask your manager.", "reason": "a relative"}
    door.give(one.to, "ExcludeAccess", limit, "risk-manager", key=uuid4())
    assert door.get(f"{other.path}/enforcement", "trainee").status_code == 200
    assert door.get(f"{other.path}/enforcement", "trainee", known_at=then).status_code == 403


@pytest.mark.parametrize("erased", [0, 1])
def test_an_erasure_of_either_record_takes_what_both_tell(door: Door, erased: int):
    cases = [old_case(door), old_case(door)]
    merge(door, *cases)
    subject = cases[erased]
    data = {"subject_id": subject.id, "erased_on": days_ago(0)}
    door.give(subject.to, "EraseSubject", data, OFFICER, key=uuid4())
    for case in cases:
        told = [each for each in view(door, case, "chronology")["events"] if each["type"] == "OffenderRecorded"]
        assert len(told) == 2
        assert all(f" erased {TODAY:%d/%m/%Y}]" in each["values"]["surname"] for each in told)
        more = refused(door, case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner")
        assert more[0] == "CP-49"
    apart = refused(door, cases[0].to, "SeparatePersons", {"from_person": cases[1].id, "reason": "two people"})
    assert apart[0] == "CP-49"


def test_a_hold_on_one_record_keeps_the_other_from_being_erased(door: Door):
    home = Family(door)
    home.case = old_case(door)
    other = old_case(door)
    merge(door, other, home.case)
    review = home.review()
    placing = {"hold_id": str(uuid4()), "offender_refs": [other.id], "placed_at": f"{days_ago(1)}T10:00"}
    home.give(f"case-review/{review}", "PlaceHold", placing, "aco")
    data = {"subject_id": home.case.id, "erased_on": days_ago(0)}
    held = refused(door, home.case.to, "EraseSubject", data)
    assert held == ("SCR-05", f"Erasure is held by case review {review}.")
    separate(door, other, home.case)
    door.give(home.case.to, "EraseSubject", data, OFFICER, key=uuid4())
    assert " erased " not in json.dumps(view(door, other, "chronology"))


def test_a_record_is_not_merged_into_one_that_was_erased(door: Door):
    gone, one = old_case(door), recorded(door)
    door.give(gone.to, "EraseSubject", {"subject_id": gone.id, "erased_on": days_ago(0)}, OFFICER, key=uuid4())
    found = refused(door, one.to, "MergePersons", {"into": gone.id, "reason": "the same person"})
    assert found == ("CP-49", "The other record was erased and cannot be merged.")


def test_a_request_for_what_is_held_is_answered_from_both_records(door: Door):
    one, other = recorded(door), recorded(door)
    put_right = {"field": "crn", "new_value": f"X{uuid4().hex[:6].upper()}", "reason": "not told before"}
    door.give(other.to, "CorrectOffenderDetails", put_right, "team-admin", key=uuid4())
    asked = {"crn": str(put_right["new_value"])}
    merge(door, one, other)
    body = door.get("/subject-access-request", "data-protection-officer", **asked)
    assert body.status_code == 200, body.text
    assert one.id in body.text
    assert other.id in body.text


# ---------------------------------------------------------------------------------------- a history with duplicates


def test_a_history_brings_its_duplicates_merged_and_separated_again(door: Door, tmp_path: Path):
    first, second = a_case(1, source=SOURCE), a_case(1, source=SOURCE)
    ids = [each[0]["to"].partition("/")[2] for each in (first, second)]
    reason = {"reason": "a duplicate"}
    merging = line("MergePersons", first[0]["to"], {"into": ids[1]} | reason, OFFICER, source=SOURCE)
    lines = [*first, *second, merging, merging]
    separated = line("SeparatePersons", first[0]["to"], {"from_person": ids[1]} | reason, OFFICER, source=SOURCE)
    path = write(tmp_path, lines)
    dry = imported(door, path, dry=True)
    outcome = imported(door, path)
    assert [(each.line, each.rule) for each in outcome.rejected] == [(8, "GEN-06")]
    assert dry.rejected == outcome.rejected
    shown = [Case(each, "") for each in ids]
    assert [len(view(door, each, "progress")["orders"]) for each in shown] == [2, 2]
    assert imported(door, write(tmp_path, [separated], "more.jsonl")).rejected == []
    assert [len(view(door, each, "progress")["orders"]) for each in shown] == [1, 1]


# ---------------------------------------------------------------------------------------- what others tell of them


@pytest.mark.parametrize("turned", [False, True])
def test_a_matter_and_a_review_told_of_one_record_are_shown_under_either(door: Door, turned: bool):
    home = Family(door)
    review, matter, concern = home.review(), str(uuid4()), str(uuid4())
    told = {"concern_id": concern, "offender_id": home.case.id, "source": "UPW_SITE", "noted_on": days_ago(9)}
    told |= {"grave": True, "category": "IN_NEED", "note": "as told"}
    home.give(f"child-protection-matter/{matter}", "RecordConcern", told, "practitioner")
    other = recorded(door)
    one, into = (other, home.case) if turned else (home.case, other)
    merge(door, one, into)
    for case in (one, into):
        shown = view(door, case, "child-protection")
        assert [each["matter_id"] for each in shown["matters"]] == [matter]
        assert [each["flag"] for each in shown["alerts"]] == ["GRAVE_NOT_ESCALATED"]
        assert [each["review_id"] for each in view(door, case, "oversight")["reviews"]] == [review]
    separate(door, one, into)
    assert view(door, other, "child-protection")["matters"] == []
    assert len(view(door, home.case, "child-protection")["matters"]) == 1


def test_a_chronology_made_while_two_records_were_one_comes_to_the_same_once_they_are_separated(door: Door):
    home = Family(door)
    review, other = home.review(), recorded(door)
    merge(door, home.case, other)
    period = {"from_date": days_ago(4000), "to_date": days_ago(0), "as_known_at": datetime.now(UTC).isoformat()}
    home.give(f"case-review/{review}", "ProduceChronology", period, "case-reviewer")
    separate(door, home.case, other)
    home.give(f"case-review/{review}", "ProduceChronology", period, "case-reviewer")
    shown = home.seen(f"/case-reviews/{review}/chronology", "case-reviewer")
    assert shown["produced"]["agrees"] is True
    assert {f"offender-{home.case.id}", f"offender-{other.id}"} <= {each["case"] for each in shown["events"]}
    first, second = home.seen(f"/case-reviews/{review}", "case-reviewer")["chronologies"]
    assert (first["event_count"], first["hash"]) == (second["event_count"], second["hash"])
