"""Who is shown what of a matter and of a review, by role: a word in each text, looked for at every door they have, as
JSON, as a page and on paper; and each showing is on record with the person it is about.

A class stands beside each text as docs/disclosing.md has them; what a fact of a review or a matter tells of a person on
probation is a third party's there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings, size
from tests.api.test_who_sees_what import SEES
from tests.doors import Door, days_ago
from tests.erasing.family import Family
from tests.printing.paper import Paper, squeezed
from tests.web.browsing import signed_in

CHILD, PERSON, NARRATIVE, THIRD, STAFF = "child", "third-party", "narrative", "third-party", "staff"


@dataclass
class Told:
    """A family with a matter and a review, in every text of which a word of its own stands; `words`: (class, word)."""

    door: Door
    home: Family = field(init=False)
    matter: str = field(default_factory=lambda: str(uuid4()))
    review: str = field(default_factory=lambda: str(uuid4()))
    words: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        self.home = Family(self.door)
        self.child = self.home.child()
        self.entry = self.home.entered([self.child])
        self._tell_matter()
        self._tell_review()

    def word(self, of: str) -> str:
        made = f"Zq{uuid4().hex[:16]}"
        self.words.append((of, made))
        return made

    def give(self, to: str, command: str, role: str, /, **data: Any) -> None:
        self.door.give(to, command, data, role, key=uuid4())

    def _tell_matter(self) -> None:
        to, concern, check, conference = (f"child-protection-matter/{self.matter}", *(str(uuid4()) for _ in range(3)))
        noted = {"concern_id": concern, "offender_id": self.home.case.id, "child_ref": self.child, "grave": False}
        noted |= {"source": "OTHER", "noted_on": days_ago(5), "category": "UNDETERMINED"}
        self.give(to, "RecordConcern", "supervisor", **noted, note=self.word(PERSON), child_text=self.word(CHILD))
        asked = {"check_id": check, "offender_id": self.home.case.id, "on": days_ago(3), "reason": "REVIEW"}
        self.give(to, "RequestCheck", "practitioner", **asked, child_names=[self.word(CHILD)])
        answer = {"check_id": check, "on": days_ago(2), "q1": True, "q2": False}
        self.give(to, "RecordCheckAnswer", "team-admin", **answer, q1_details=self.word(CHILD))
        sent = {"on": days_ago(2), "tick_child_on_register": True, "tick_risk_to_children": False}
        sent |= {"supervision_commenced": days_ago(60), "supervision_expires": days_ago(-300)}
        sent |= {"children": [{"surname": self.word(CHILD)}], "offenders": [{"surname": self.word(PERSON)}]}
        sent |= {"officer": self.word(STAFF), "telephone": self.word(STAFF), "location": self.word(NARRATIVE)}
        sent |= {"officer_location": self.word(NARRATIVE), "relationship": self.word(CHILD)}
        self.give(to, "SendCp1", "practitioner", **sent)
        invited = {"conference_id": conference, "kind": "INITIAL", "for_date": days_ago(-9)}
        self.give(to, "RecordInvitation", "team-admin", **invited)
        report = {"conference_id": conference, "on": days_ago(1), "shared_with_family_on": days_ago(1)}
        report |= {"sections": {"1": self.word(CHILD)}, "statement_types": [self.word(NARRATIVE)]}
        self.give(to, "SubmitConferenceReport", "practitioner", **report, closed_session_agreed_with=self.word(THIRD))
        met = {"on": days_ago(1), "attended_by": [self.word(NARRATIVE)], "decision": self.word(CHILD)}
        self.give(to, "RecordStrategyMeeting", "practitioner", **met)
        raised = {"with_agency": self.word(NARRATIVE), "level": self.word(NARRATIVE), "on": days_ago(1)}
        self.give(to, "RaiseDisagreement", "practitioner", **raised, text=self.word(PERSON))

    def _tell_review(self) -> None:
        to = f"case-review/{self.review}"
        told = {"ground": "DEATH", "child_refs": [self.child], "offender_refs": [self.home.case.id]}
        told |= {"referred_at": f"{days_ago(1)}T09:00", "sent_to": self.word(NARRATIVE), "concern": self.word(PERSON)}
        self.give(to, "ReferSeriousIncident", "aco", **told)
        panel = {"constituted_on": days_ago(1), "diversity_considered": True}
        self.give(to, "ConstituteReview", "aco", **panel, remit=self.word(NARRATIVE), members=[self.word(STAFF)])
        secured = {"requested_by": self.word(THIRD), "requested_at": f"{days_ago(1)}T09:10"}
        secured |= {"secured_at": f"{days_ago(1)}T09:40", "streams": [self.home.case.id]}
        self.give(to, "SecureRecords", "aco", **secured)
        self.give(to, "RequestManagementReview", "chief-officer", on=days_ago(1), timescale_due=days_ago(-60))
        self.give(to, "ConfirmSecured", "chief-officer", on=days_ago(1))
        nominated = {"staff": self.word(STAFF), "grade": self.word(NARRATIVE), "on": days_ago(1)}
        self.give(to, "NominateReviewer", "chief-officer", **nominated)
        sections = {"1": self.word(PERSON), "2": {"1": self.word(PERSON)}, "other": self.word(PERSON)}
        self.give(to, "DraftManagementReview", "case-reviewer", sections=sections, child_text=self.word(CHILD))
        action = {"action_id": str(uuid4()), "due": days_ago(-30), "outcome_measure": self.word(NARRATIVE)}
        action |= {"text": self.word(NARRATIVE), "owner": self.word(NARRATIVE)}
        self.give(to, "IssueActionPlan", "chief-officer", actions=[action])
        self.give(to, "DisseminateLearning", "aco", on=days_ago(0), audience=self.word(NARRATIVE))
        period = {"from_date": days_ago(4000), "to_date": days_ago(0), "as_known_at": datetime.now(UTC).isoformat()}
        self.give(to, "ProduceChronology", "case-reviewer", **period)

    def doors(self) -> Iterator[tuple[str, str]]:
        """(address, what it is called in the access log)."""
        matter, review = f"/child-protection-matters/{self.matter}", f"/case-reviews/{self.review}"
        yield f"{matter}/child-protection-matter", "child-protection-matter"
        yield f"{review}/case-review", "case-review"
        yield f"{review}/who-knew", "who-knew"
        yield f"{review}/chronology", "chronology"
        for form in ("request-for-information", "cp1", "conference-report"):
            yield f"{matter}/forms/{form}", f"form {form}"
        yield f"{review}/forms/management-review", "form management-review"


@pytest.fixture(scope="module")
def told(door: Door) -> Told:
    return Told(door)


def stands_in(text: str, told: Told) -> set[str]:
    return {of for of, word in told.words if word in text}


READING = [role for role, row in SEES.items() if row["person"] != "403"]


@pytest.mark.parametrize("role", READING)
def test_no_door_of_a_matter_or_a_review_tells_a_role_a_text_of_a_class_it_may_not_read(told: Told, role: str):
    may = {name for name, says in SEES[role].items() if says in ("yes", "own")}
    for path, view in told.doors():
        before = size(told.door)
        answers = [told.door.get(path, role), signed_in(told.door, role).get(f"/case{path}")]
        if view.startswith("form"):
            pages = told.door.get(path, role, format="pdf")
            answers.append(pages)
        for answer in answers:
            assert answer.status_code in (200, 403), (path, answer.text)
            text = answer.text
            if answer.headers["content-type"] == "application/pdf":
                paper = Paper(answer.content)
                text = squeezed(paper.text) + paper.metadata
            assert stands_in(text, told) <= may, (role, path)
        shown = [each for each in answers if each.status_code == 200]
        sealed = [each for each in readings(told.door, before) if each["values"]["view"] == view]
        assert len(sealed) == len(shown), (role, path)
        for entry in sealed:
            assert f"offender-{told.home.case.id}" in entry["about"], (role, path)


def test_every_text_is_told_by_some_door_to_a_manager(told: Told):
    """Or the words above would be looked for in vain."""
    texts = " ".join(told.door.get(path, "chief-officer").text for path, _ in told.doors())
    assert {word for _, word in told.words if word not in texts} == set()
