"""Who sees what and reaches what, held against two tables that anybody can read, beside this file.

who_sees_what.csv       by role: of which classes values are opened on a page (own: in cases assigned to the reader)
who_reaches_what.csv    by way in: what a practitioner meets in a case of one's own, another team's, one excluded from,
                        a restricted one, one whose child is erased, and where there is none; the same person in another
                        role where a way is that role's

Each way in says which routes it is; a route that is on no way, or an operation of the OpenAPI document that is no route
here, is a failing test.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.routing import Match
from tests.doors import Case, Door, days_ago
from tests.erasing.family import ERASED, Family

from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor
from ledger.api import openapi
from ledger.api.app import ROUTES
from ledger.application.searching import SEARCHERS
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
    amended = {"event_ref": filed, "field": "content", "corrected_value": words["victim"], "reason": "misheard"}
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


@pytest.mark.parametrize("role", [each for each in ROLES if SEES[each]["person"] != "403"])
def test_the_head_of_a_file_and_its_screens_print_nothing_of_a_class_that_is_not_the_roles(door: Door, role: str):
    case, row, surname = door.new_case(), SEES[role], f"Zq{uuid4().hex}"
    for name, value in {"surname": surname, "gender": "F", "dob": "1991-02-03"}.items():
        right = {"field": name, "new_value": value, "reason": "misheard"}
        door.give(case.to, "CorrectOffenderDetails", right, "team-admin", key=uuid4())
    high = {"order_id": case.order, "completed_on": days_ago(9), "rosh_level": "HIGH", "marking": "OPEN"}
    door.give(case.to, "CompleteRiskAssessment", high, "practitioner", key=uuid4())
    head, screens = (door.get(f"{case.path}/{name}", role).json() for name in ("person", "client-details"))
    assert head["risk_level"] == screens["risk_assessment"] == ("HIGH" if row["risk"] == "yes" else "[sealed]")
    assert "RA-H" in [each["code"] for each in head["flags"]]
    fields = {each["name"]: each["value"] for each in screens["fields"]}
    if row["person"] == "yes":
        assert surname in head["name"]
        assert (head["date_of_birth"], fields["Surname"], fields["Gender"]) == ("1991-02-03", surname, "F")
    else:
        names = {head["name"], head["date_of_birth"], fields["Surname"], fields["Gender"], fields["Date Of Birth"]}
        assert names == {"[sealed]"}
        assert screens["current_age"] is None


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
    document: str = field(default_factory=lambda: str(uuid4()))
    crn: str = "X000000"
    letter: str = field(default_factory=lambda: str(uuid4()))
    matter: str = field(default_factory=lambda: str(uuid4()))
    review: str = field(default_factory=lambda: str(uuid4()))
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
        crn, document, matter = f"X{uuid4().int % 900_000 + 100_000}", self._document(case), str(uuid4())
        corrected = {"field": "crn", "new_value": crn, "reason": "known now"}
        home.give(case.to, "CorrectOffenderDetails", corrected, "team-admin")
        noted = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "INTERVIEW_OASYS", "grave": False}
        noted |= {"noted_on": days_ago(2), "category": "UNDETERMINED", "note": "so"}
        home.give(f"child-protection-matter/{matter}", "RecordConcern", noted, "practitioner")
        review = home.review()
        refused = home.door.post(f"{case.path}/record-absence", case.absence(), "auditor")
        assert refused.status_code == 403
        if erased:
            home.leaves(entry)
            home.erase(child)
        word, position = home.words[child][0], done.body["events"][0]["position"]
        return Met(case, child, word, position, document, crn, letter["letter_id"], matter, review, erased)

    def _document(self, case: Case) -> str:
        """One that is filed, and put beside the record."""
        document = str(uuid4())
        filed = {"doc_id": document, "kind": "letter", "marking": "OPEN", "section": "letters"}
        self.door.give(case.to, "FileDocument", filed, "team-admin", key=uuid4())
        put = {"content": b"%PDF-1.7 seen", "headers": {"Content-Type": "application/pdf"}}
        answer = self.door.ask("PUT", f"{case.path}/documents/{document}", "team-admin", **put)
        assert answer.status_code == 201, answer.text
        return document

    def _give(self, met: Met, name: str, role: str, **data: Any) -> None:
        self.door.give(met.case.to, name, data, role, key=uuid4())

    def ask(self, method: str, path: str, body: Any = None, role: str = "practitioner", **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.door.tokens.issue(self.by.id, (role,))}"}
        more = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/pdf"
        return self.door.ask(method, path, None, headers=headers, params=query, **more)


@pytest.fixture(scope="module")
def matrix(door: Door) -> Matrix:
    return Matrix(door)


def word_for(answer: httpx.Response) -> str:
    """How an answer reads in the table."""
    if answer.status_code == 403:
        assert answer.json()["type"] == "/problems/limited-access"
        return "limited"
    return {200: "shown", 201: "done", 204: "nothing held", 404: "not there", 409: "refused", 422: "malformed"}[
        answer.status_code
    ]


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


def the_document(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"{met.case.path}/documents/{met.document}"))


def a_new_document(matrix: Matrix, met: Met) -> str:
    """Of a kind and marking that are said with it, at a placement nobody has: here, one that was never filed."""
    path = f"{met.case.path}/documents/{met.document}"
    return word_for(matrix.ask("PUT", path, b"%PDF-1.7 other", role="team-admin"))


def a_letter_sent(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"{met.case.path}/letters/{met.letter}.txt"))


def a_letter_to_come(matrix: Matrix, met: Met) -> str:
    """Of an absence that nobody recorded: refused, to whoever may read of the case."""
    letter = {"letter_id": str(uuid4()), "absence_id": str(uuid4()), "channel": "post", "issued_on": days_ago(1)}
    warning = {"warning_id": str(uuid4()), "absence_id": str(uuid4()), "given_on": days_ago(1), "channel": "post"}
    issued = matrix.ask("POST", f"{met.case.path}/issue-enforcement-letter/preview", letter)
    warned = matrix.ask("POST", f"{met.case.path}/give-breach-warning/preview", warning)
    return " or ".join(dict.fromkeys(word_for(each) for each in (issued, warned)))


def a_form_of_the_matter(matrix: Matrix, met: Met) -> str:
    """A check that was never asked for: who may not read of the person is not told even that."""
    return word_for(matrix.ask("GET", f"/child-protection-matters/{met.matter}/forms/request-for-information"))


def a_session_sheet(matrix: Matrix, met: Met) -> str:
    """Of a placement that is none: who is limited on a sheet, tests/api/test_letters.py says."""
    path = f"/placements/{uuid4()}/session-sheet"
    return word_for(matrix.ask("GET", path, role="supervisor", day=days_ago(0)))


def who_read_the_person(matrix: Matrix, met: Met) -> str:
    answers = [matrix.ask("GET", f"{met.case.path}/readings", role="auditor")]
    answers += [matrix.ask("GET", f"{met.case.path}/readings", role="information-manager", **{"for": "subject"})]
    return one({word_for(each) for each in answers})


def what_was_refused_of_the_person(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", "/access/refusals", role="auditor", to=met.case.to))


def what_was_refused_of_anybody(matrix: Matrix, met: Met) -> str:
    """The rows are as many as for somebody who may read of all."""
    words, after = set[str](), 0
    while after is not None:
        mine = matrix.ask("GET", "/access/refusals", role="auditor", cursor=str(after))
        whole, after = matrix.door.run(matrix.door.ledger.refusals(None, after))
        assert len(mine.json()["items"]) == len(whole)
        if any(each["target_ref"] == met.case.to for each in whole):
            words.add("named" if met.case.id in mine.text else "nameless")
        else:
            assert met.case.id not in mine.text
    return one(words) if words else "no row"


def a_request_for_what_is_held(matrix: Matrix, met: Met) -> str:
    answer = matrix.ask("GET", "/subject-access-request", role="information-manager", crn=met.crn)
    assert met.word not in answer.text
    return word_for(answer)


def the_matter(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"/child-protection-matters/{met.matter}"))


def the_review(matrix: Matrix, met: Met) -> str:
    return word_for(matrix.ask("GET", f"/case-reviews/{met.review}"))


def a_command_to_the_child(matrix: Matrix, met: Met) -> str:
    given = {"on": days_ago(1), "purpose": "to decide on a referral"}
    return word_for(matrix.ask("POST", f"/children/{met.child}/record-child-contact", given))


def the_entries_of_the_logs(matrix: Matrix, met: Met) -> str:
    """As they are sealed: for an auditor, and the same whoever it is; nobody's value is in them."""
    for log in ("/log", "/access/log"):
        mine, whole = (matrix.door.run(each) for each in (_tile(matrix, log), _tile(matrix, log, str(uuid4()))))
        assert mine == whole
        assert met.word.encode() not in mine
    return "the same"


async def _tile(matrix: Matrix, log: str, by: str | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {matrix.door.tokens.issue(by or matrix.by.id, ('auditor',))}"}
    answer = await matrix.door.asking("GET", f"{log}/tile/entries/000.p/9", None, headers=headers)
    assert answer.status_code == 200
    return answer.content


OF_LOGS = ("checkpoint", "vkey", "vkeys", "announcements", "tile/{path:path}", "consistency")
OF_NOBODY = (
    "GET /reports/{name}",
    *("GET /health/live", "GET /health/ready", "GET /info", "GET /metrics", "GET /openapi.json", "GET /docs"),
    *("GET /problems/{code}", "GET /rules", "GET /events", "POST /log/closings", "POST /access/log/closings"),
    *(f"GET {log}/{name}" for log in ("/log", "/access/log") for name in OF_LOGS),
)
ROLE_OF = {
    "GET /reports/{name}": "unit-manager",
    "GET /metrics": "administrator",
    "POST /log/closings": "auditor",
    "POST /access/log/closings": "auditor",
}
FILLED = {"{name}": "late-recording", "{code}": "malformed", "{path:path}": "0/000.p/1"}


def what_says_nothing_of_a_case(matrix: Matrix, met: Met) -> str:
    for route in OF_NOBODY:
        method, path = route.split()
        for name, value in FILLED.items():
            path = path.replace(name, value)
        query = {"from": "1"} if path.endswith("consistency") else {}
        answer = matrix.ask(method, path, role=ROLE_OF.get(route, "practitioner"), **query)
        assert answer.status_code == 200, (route, answer.text)
        assert met.case.id.encode() not in answer.content, route
        assert met.word.encode() not in answer.content, route
    return "nothing"


@dataclass(frozen=True)
class Way:
    """What is tried, and which routes it is."""

    tried: Callable[[Matrix, Met], str]
    routes: tuple[str, ...]


_VIEW, _OF_NOUN, _COMMAND = "GET /{collection}/{id}/{name}", "GET /{collection}/{id}", "POST /{collection}/{id}/{name}"
_DOCUMENT, _DECISIONS = "/{collection}/{id}/documents/{doc_id}", "GET /{collection}/{id}/decisions"
PREVIEWS = tuple(
    f"POST /offenders/{{id}}/{command}/preview" for command in ("issue-enforcement-letter", "give-breach-warning")
)
WAYS: Mapping[str, Way] = {
    "every view of a person": Way(every_view, (_VIEW,)),
    "the comparison of two moments of a person": Way(the_comparison, ("GET /{collection}/{id}/compare",)),
    "the decisions of a person": Way(the_decisions, (_DECISIONS,)),
    "the trail of a decision": Way(the_trail, (f"{_DECISIONS}/{{position}}",)),
    "a command to a person": Way(a_command, (_COMMAND,)),
    "an export of a person": Way(an_export, ("POST /offenders/{id}/export",)),
    "the page of a child registered with the person": Way(the_child, (_OF_NOUN,)),
    "the register entry of the person": Way(the_entry, (_DECISIONS,)),
    "every worklist": Way(every_worklist, ("GET /worklists/{name}",)),
    "the search for the person": Way(search_for_the_person, ("POST /offenders/search",)),
    "the search for the child": Way(search_for_the_child, ("POST /offenders/search",)),
    "the proof of a fact": Way(the_proof, ("GET /log/proof/{position}", "GET /access/log/proof/{position}")),
    "a document of a person": Way(the_document, (f"GET {_DOCUMENT}",)),
    "a document put beside the record": Way(a_new_document, (f"PUT {_DOCUMENT}",)),
    "a letter the ledger did not write": Way(a_letter_sent, ("GET /offenders/{id}/letters/{letter}",)),
    "a letter to come": Way(a_letter_to_come, PREVIEWS),
    "a form of a check nobody asked for": Way(a_form_of_the_matter, ("GET /{collection}/{id}/forms/{form}",)),
    "a session sheet of no placement": Way(a_session_sheet, ("GET /placements/{id}/session-sheet",)),
    "who read the person's case": Way(who_read_the_person, ("GET /{collection}/{id}/readings",)),
    "what was refused of the person": Way(what_was_refused_of_the_person, ("GET /access/refusals",)),
    "what was refused of anybody": Way(what_was_refused_of_anybody, ("GET /access/refusals",)),
    "a request for what is held": Way(a_request_for_what_is_held, ("GET /subject-access-request",)),
    "a child protection matter of the person": Way(the_matter, (_OF_NOUN,)),
    "a review of the person's case": Way(the_review, (_OF_NOUN,)),
    "a command to a child of the person": Way(a_command_to_the_child, (_COMMAND,)),
    "the entries of the logs": Way(
        the_entries_of_the_logs, tuple(f"GET {log}/tile/entries/{{path:path}}" for log in ("/log", "/access/log"))
    ),
    "what says nothing of a case": Way(what_says_nothing_of_a_case, OF_NOBODY),
}


def test_every_route_is_on_a_way_in_that_is_tried():
    there = {f"{method} {path}" for path, method, _, _ in ROUTES}
    assert {each for way in WAYS.values() for each in way.routes} == there


def test_every_operation_of_the_openapi_document_is_one_of_those_routes(door: Door):
    """By the very matching of the application: a route is what answers the address."""
    known = {each for way in WAYS.values() for each in way.routes}
    for path, operations in openapi.document()["paths"].items():
        for method in operations:
            address = re.sub(r"\{[^}]*\}", "x", path)
            scope = {"type": "http", "method": method.upper(), "path": address, "headers": []}
            routes = door.app.router.routes
            [answering, *_] = [each for each in routes if each.matches(scope)[0] is Match.FULL]
            assert f"{method.upper()} {answering.path}" in known, path  # pyright: ignore[reportAttributeAccessIssue]


def test_the_table_of_ways_in_is_the_one_that_is_tried():
    assert list(WAYS) == list(REACHES)


@pytest.mark.parametrize("what", WAYS)
def test_a_way_in_leads_where_the_table_says(matrix: Matrix, what: str):
    expected = {kind: word for kind, word in REACHES[what].items() if kind != "what" and word != "-"}
    assert {kind: WAYS[what].tried(matrix, matrix.met[kind]) for kind in expected} == expected


@pytest.mark.parametrize("role", [each for each in ROLES if SEES[each]["person"] != "403"])
def test_a_limit_holds_in_every_role_of_whom_it_binds(matrix: Matrix, role: str):
    """The same person in another role: on every page, in every list, in search and in the trail."""
    for kind in ("excluded", "restricted"):
        met = matrix.met[kind]
        paths = [f"{met.case.path}/{view.name}" for view in VIEWS if view.noun == "offender"]
        paths += [f"{met.case.path}/decisions", f"{met.case.path}/decisions/{met.decision}", f"/children/{met.child}"]
        paths += [f"/child-protection-matters/{met.matter}", f"/case-reviews/{met.review}"]
        assert {word_for(matrix.ask("GET", each, role=role)) for each in paths} == {"limited"}
        for name in WORKLISTS:
            assert met.case.id not in matrix.ask("GET", f"/worklists/{name}", role=role, limit="1000").text
        if role in SEARCHERS:
            matrix.door.run(matrix.door.ledger.fill_search(lambda done, of: None))
            found = matrix.ask("POST", "/offenders/search", {"client_id": "0710890"}, role=role, limit="200")
            assert found.status_code == 200
            assert met.case.id not in found.text


def test_nothing_is_recorded_about_a_child_of_a_person_whose_case_is_limited(matrix: Matrix):
    met = matrix.met["excluded"]
    given = {"on": days_ago(1), "purpose": "to decide on a referral"}
    answer = matrix.ask("POST", f"/children/{met.child}/record-child-contact", given)
    assert word_for(answer) == "limited"
    assert word_for(matrix.ask("POST", f"/children/{matrix.met['own'].child}/record-child-contact", given)) == "done"


def test_what_another_system_tells_of_a_limited_case_is_recorded(matrix: Matrix):
    met = matrix.met["excluded"]
    source = {"system": "delius", "recorded": "2025-01-06T09:00:00.000000Z"}
    told = Command("RecordAbsence", "offender", met.case.id, met.case.absence(), matrix.by, uuid4(), source=source)
    assert matrix.door.run(matrix.door.ledger.execute(told)).body["events"]
