"""Who sees what and reaches what, held against two tables that anybody can read, beside this file.

who_sees_what.csv       by role: of which classes values are opened on a page (own: in cases assigned to the reader)
who_reaches_what.csv    by way in: what a practitioner meets in a case of one's own, another team's, one excluded from,
                        a restricted one, one whose child is erased, and where there is none
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import Case, Door, days_ago
from tests.erasing.family import ERASED, Family

from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor
from ledger.commands import Command
from ledger.disclosing.table import MAY_OPEN, OF_ASSIGNED, FieldClass
from ledger.projections import VIEWS, WORKLISTS

HERE = Path(__file__).parent
CLASSES = [str(each) for each in FieldClass]


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


SEES = {row["role"]: row for row in table("who_sees_what.csv")}
REACHES = {row["what"]: row for row in table("who_reaches_what.csv")}


# ------------------------------------------------------------------------------------------ what a role sees


@dataclass(frozen=True)
class Told:
    """A case with a word of its own in a value of each class."""

    case: Case
    words: Mapping[str, str]


@pytest.fixture(scope="module")
def told(door: Door) -> Told:
    words = {each: f"Zq{uuid4().hex}" for each in CLASSES}
    case = Case(str(uuid4()), str(uuid4()))

    def give(name: str, role: str, /, **data: Any) -> str:
        done = door.give(case.to, name, data, role, key=uuid4())
        return done.body["events"][0]["id"]

    person = {"client_id": "0710890", "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}
    give("RecordOffender", "court-officer", surname=words["person"], solicitor_name=words["third-party"], **person)
    order = {"order_id": case.order, "order_type": "CO", "court": "Kidderminster", "requirements": ["UPW"]}
    give(
        "RecordOrder",
        "court-officer",
        sentence_date=days_ago(60),
        order_end_date=days_ago(-300),
        upw_hours=100,
        **order,
    )
    assigned = {"order_id": case.order, "staff_id": door.actor("practitioner").id, "grade": "PO", "on": days_ago(50)}
    give("AssignPractitioner", "senior-practitioner", role="RESPONSIBLE", **assigned)
    risk = {"order_id": case.order, "completed_on": days_ago(9), "rosh_level": "LOW", "marking": "OPEN"}
    give("CompleteRiskAssessment", "practitioner", lor="to be corrected", **risk)
    give("RecordDataAdvice", "practitioner", on=days_ago(3), advice=words["narrative"])
    give(
        "MakeNotebookEntry",
        "practitioner",
        entry_no=1,
        entered_on=days_ago(3),
        text="seen",
        child_text=words["child"],
    )
    filed = give("FileVictimInformation", "practitioner", victim_id=str(uuid4()), content="wrong", on=days_ago(3))
    give("RecordHomeVisit", "practitioner", on=days_ago(3), purpose="home", initial=True, contact_person=words["staff"])
    # A corrected value is of the class of what it corrects.
    for ref, field, word in ((filed, "content", "victim"),):
        amended = {"event_ref": ref, "field": field, "corrected_value": words[word], "reason": "misheard"}
        give("CorrectRecord", "practitioner", **amended)
    assessed = door.get(f"{case.path}/chronology").json()["events"]
    [ref] = [each["id"] for each in assessed if each["type"] == "RiskAssessmentCompleted"]
    amended = {"event_ref": ref, "field": "lor", "corrected_value": words["risk"], "reason": "misheard"}
    give("CorrectRecord", "practitioner", **amended)
    return Told(case, words)


def opened(answer: httpx.Response, told: Told) -> set[str]:
    return {name for name, word in told.words.items() if word in answer.text}


def test_the_table_has_every_role_and_every_class_and_says_what_the_code_does():
    assert set(SEES) == set(ROLES)
    assert [*next(iter(SEES.values()))] == ["role", *CLASSES]
    for role, row in SEES.items():
        allowed = MAY_OPEN.get(role)
        expected = {name: "403" if allowed is None else "yes" if name in allowed else "no" for name in CLASSES}
        assert {name: row[name].replace("own", "yes") for name in CLASSES} == expected, role
        assert (row["victim"] == "own") is (role in OF_ASSIGNED), role


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_a_role_what_the_table_says_in_a_case_of_ones_own_and_in_others(
    door: Door, told: Told, role: str
):
    row = SEES[role]
    for own in (True, False):
        by = door.actor(role).id if own else str(uuid4())
        token = {"Authorization": f"Bearer {door.tokens.issue(by, (role,))}"}
        for page in ("chronology", "compare?known_at=2020-01-01T00:00:00Z"):
            answer = door.ask("GET", f"{told.case.path}/{page}", None, headers=token)
            if row["person"] == "403":
                assert answer.status_code == 403
                assert not opened(answer, told)
                continue
            assert answer.status_code == 200
            expected = {name for name in CLASSES if row[name] == "yes" or (row[name] == "own" and own)}
            assert opened(answer, told) == expected, (role, own, page)


@pytest.mark.parametrize("role", [each for each in ROLES if SEES[each]["person"] != "403"])
def test_no_other_view_and_no_trail_opens_more_than_the_table_says(door: Door, told: Told, role: str):
    row, events = SEES[role], door.get(f"{told.case.path}/chronology").json()["events"]
    paths = [f"{told.case.path}/{view.name}?explain=true" for view in VIEWS if view.noun == "offender"]
    paths += [f"{told.case.path}/decisions", *(f"{told.case.path}/decisions/{each['position']}" for each in events)]
    stranger = {"Authorization": f"Bearer {door.tokens.issue(str(uuid4()), (role,))}"}
    for path in paths:
        shown = opened(door.ask("GET", path, None, headers=stranger), told)
        assert shown <= {name for name in CLASSES if row[name] == "yes"}, (role, path)


def test_a_state_that_follows_from_what_a_role_may_not_read_is_the_same_for_everybody(door: Door):
    case = door.new_case()
    high = {"order_id": case.order, "completed_on": days_ago(9), "rosh_level": "HIGH", "marking": "OPEN"}
    door.give(case.to, "CompleteRiskAssessment", high, "practitioner", key=uuid4())
    shown = {
        role: door.get(f"{case.path}/register", role).json()["flags"]
        for role in ("practitioner", "team-admin", "auditor")
    }
    assert shown["practitioner"] == shown["team-admin"] == shown["auditor"]
    assert [each["code"] for each in shown["auditor"]] == ["RA-H"]
    told = door.get(f"{case.path}/chronology", "team-admin").json()["events"]
    [assessed] = [each["values"] for each in told if each["type"] == "RiskAssessmentCompleted"]
    assert assessed["rosh_level"] == "[sealed]"


# ------------------------------------------------------------------------------------------ what is reached


@dataclass(frozen=True)
class Met:
    """A case as one reader meets it: the person, a child, the entry that links them, and a word in the child's name."""

    case: Case
    child: str
    word: str
    decision: int
    erased: bool = False
    there: bool = True


class Matrix:
    """One practitioner, and a case of each kind."""

    def __init__(self, door: Door) -> None:
        self.door, self.by = door, Actor(str(uuid4()), "practitioner")
        self.met = {
            "own": self._family(own=True),
            "other team": self._family(),
            "excluded": self._family(),
            "restricted": self._family(),
            "erased": self._family(own=True, erased=True),
            "unknown": Met(Case(str(uuid4()), str(uuid4())), str(uuid4()), f"Zq{uuid4().hex}", 1, there=False),
        }
        limits = {"message": "No.", "reason": "No."}
        self._give(self.met["excluded"], "ExcludeAccess", "risk-manager", user_id=self.by.id, **limits)
        self._give(self.met["restricted"], "RestrictAccess", "risk-manager", user_ids=[str(uuid4())], **limits)
        door.run(door.ledger.follower.catch_up())

    def _family(self, *, own: bool = False, erased: bool = False) -> Met:
        home = Family(self.door)
        child = home.child()
        entry = home.entered([child])
        case = home.case
        if own:
            assigned = {"order_id": case.order, "staff_id": self.by.id, "grade": "PO", "on": days_ago(50)}
            home.give(case.to, "AssignPractitioner", assigned | {"role": "RESPONSIBLE"}, "senior-practitioner")
        absence = case.absence()
        home.give(case.to, "RecordAbsence", absence, "supervisor")
        letter = {"letter_id": str(uuid4()), "absence_id": absence["absence_id"], "channel": "post"}
        done = home.give(case.to, "IssueEnforcementLetter", letter | {"issued_on": days_ago(4)}, "practitioner")
        if erased:
            home.leaves(entry)
            home.erase(child)
        return Met(case, child, home.words[child][0], done.body["events"][0]["position"], erased)

    def _give(self, met: Met, name: str, role: str, **data: Any) -> None:
        self.door.give(met.case.to, name, data, role, key=uuid4())

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.door.tokens.issue(self.by.id, (self.by.role,))}"}
        more = {} if body is None else {"json": body}
        return self.door.ask(method, path, None, headers=headers, params=query, **more)


@pytest.fixture(scope="module")
def matrix(door: Door) -> Matrix:
    return Matrix(door)


def word_for(answer: httpx.Response) -> str:
    """How an answer reads in the table."""
    if answer.status_code == 403:
        assert answer.json()["type"] == "/problems/limited-access"
        return "limited"
    return {200: "shown", 201: "done", 404: "not there", 409: "refused"}[answer.status_code]


def one(words: set[str]) -> str:
    [word] = words
    return word


def every_view(matrix: Matrix, met: Met) -> str:
    names = [view.name for view in VIEWS if view.noun == "offender"]
    return one({word_for(matrix.ask("GET", f"{met.case.path}/{name}")) for name in names})


def the_comparison(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"{met.case.path}/compare", known_at="2020-01-01T00:00:00Z"))


def the_decisions(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"{met.case.path}/decisions"))


def the_trail(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"{met.case.path}/decisions/{met.decision}"))


def a_command(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("POST", f"{met.case.path}/record-absence", met.case.absence()))


def an_export(matrix: Matrix, met: Met) -> str:
    answer = matrix.ask("POST", f"{met.case.path}/export", {"purpose": "supervision", "recipient": "Kent"})
    return "proof of absence" if not met.there and answer.status_code == 200 else word_for(answer)


def the_child(matrix: Matrix, met: Met) -> str:
    answer = matrix.ask("GET", f"/children/{met.child}")
    if answer.status_code == 200:
        assert (met.word in answer.text) is not met.erased
        return "erased" if ERASED in answer.text else "shown"
    assert met.word not in answer.text
    return word_for(answer)


def the_entry(matrix: Matrix, met: Met) -> str:
    entries = matrix.door.run(matrix.door.ledger.store.database.chain(f"child-{met.child}"))
    streams = {str(each.members["stream"]) for each in entries if "register-entry-" in str(each.members["stream"])}
    entry = one(streams).removeprefix("register-entry-") if streams else str(uuid4())
    return word_for(matrix.ask("GET", f"/register-entries/{entry}/decisions"))


def every_worklist(matrix: Matrix, met: Met) -> str:
    """Nameless: nothing of the case in any list, and no list is shorter than for somebody who may read it."""
    words: set[str] = set()
    for name in WORKLISTS:
        mine = matrix.ask("GET", f"/worklists/{name}", limit="1000")
        whole = matrix.door.run(matrix.door.ledger.worklist(name, most=1000)).items
        assert len(mine.json()["items"]) == len(whole), name
        if any(met.case.id in str(row) for row in whole):
            words.add("named" if met.case.id in mine.text else "nameless")
        else:
            assert met.case.id not in mine.text
    return one(words) if words else "no row"


def the_search(matrix: Matrix, row_of: str, number: Mapping[str, Any], wanted: str) -> str:
    matrix.door.run(matrix.door.ledger.fill_search(lambda done, of: None))
    whole = matrix.door.run(matrix.door.ledger.search(number, most=200)).items
    mine = matrix.ask("POST", "/offenders/search", number, limit="200")
    assert len(mine.json()["items"]) == len(whole)
    if not any(row.get(row_of) == wanted for row in whole):
        assert wanted not in mine.text
        return "no row"
    if wanted in mine.text:
        return "named"
    assert {"limited": True} in mine.json()["items"]
    return "nameless"


def search_for_the_person(matrix: Matrix, met: Met) -> str:
    return the_search(matrix, "offender_id", {"client_id": "0710890"}, met.case.id)


def search_for_the_child(matrix: Matrix, met: Met) -> str:
    return the_search(matrix, "child_id", {"surname": met.word}, met.child)


def the_proof(matrix: Matrix, met: Met) -> str:
    position = met.decision if met.there else 10**9
    mine, anybody = (
        matrix.ask("GET", f"/log/proof/{position}"),
        matrix.door.ask("GET", f"/log/proof/{position}", None),
    )
    if mine.status_code == 404:
        return "not there"
    assert met.word not in mine.text
    return "the same" if mine.text == anybody.text else "other"


WAYS: Mapping[str, Callable[[Matrix, Met], str]] = {
    "every view of a person": every_view,
    "the comparison of two moments of a person": the_comparison,
    "the decisions of a person": the_decisions,
    "the trail of a decision": the_trail,
    "a command to a person": a_command,
    "an export of a person": an_export,
    "the page of a child registered with the person": the_child,
    "the register entry of the person": the_entry,
    "every worklist": every_worklist,
    "the search for the person": search_for_the_person,
    "the search for the child": search_for_the_child,
    "the proof of a fact": the_proof,
}


def test_the_table_of_ways_in_is_the_one_that_is_tried():
    assert list(WAYS) == list(REACHES)


@pytest.mark.parametrize("what", WAYS)
def test_a_way_in_leads_where_the_table_says(matrix: Matrix, what: str):
    expected = {kind: word for kind, word in REACHES[what].items() if kind != "what" and word != "-"}
    assert {kind: WAYS[what](matrix, matrix.met[kind]) for kind in expected} == expected


def test_nothing_is_recorded_about_a_child_of_a_person_whose_case_is_limited(matrix: Matrix):
    met = matrix.met["excluded"]
    given = {"on": days_ago(1), "purpose": "a talk"}
    answer = matrix.ask("POST", f"/children/{met.child}/record-child-contact", given)
    assert word_for(answer) == "limited"
    assert word_for(matrix.ask("POST", f"/children/{matrix.met['own'].child}/record-child-contact", given)) == "done"


def test_what_another_system_tells_of_a_limited_case_is_recorded(matrix: Matrix):
    met = matrix.met["excluded"]
    source = {"system": "delius", "recorded": "2025-01-06T09:00:00.000000Z"}
    told = Command("RecordAbsence", "offender", met.case.id, met.case.absence(), matrix.by, uuid4(), source=source)
    assert matrix.door.run(matrix.door.ledger.execute(told)).body["events"]
