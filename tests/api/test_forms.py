"""The forms of the sources through the door: every field of each, in its order, filled from what is recorded.

The lists of fields stand here once more, as the appendices of the source have them.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings, size
from tests.api.test_limited import exclude, user
from tests.doors import PERSON, SURNAME, TODAY, Case, Door, a_problem, days_ago
from tests.printing.paper import Paper, squeezed
from tests.test_issuing import ISSUED, MONTH, OFFICER, registered
from tests.web.browsing import signed_in

from ledger.rules.dates import printed

NOTICE = (
    "contains confidential information and is meant for the recipient only. If you have received it by mistake please "
    "telephone the Team Administrator on 01562 820071 and let us know. Thank you for your help"
)
FIELDS = {
    "request-for-information": [
        *(NOTICE, "WEST MERCIA", "REQUEST FOR INFORMATION", "To", "Child Protection Enquiries", "Social Services"),
        *("Kidderminster", "Fax", "01905-768056", "From", "National Probation Service", "Fax", "01562-862425", "Date"),
        *("Surname", "First Name (s)", "Alias", "dob", "Address"),
        "Names of children with whom above named has regular contact",
        "The above named is due to appear in Court shortly and the Probation service have been asked to prepare a pre "
        "sentence report",
        "The above named is currently subject to supervision by the Probation Service and is due for review shortly",
        "Please could you answer the following questions and fax back this form as soon as possible. Thank you for "
        "your help.",
        "Is the above named now or on release likely to live with or have frequent contact with any child who is on "
        "the child protection register or is being looked after by the Local Authority?",
        *("Yes", "No", "Details", "Are there any concerns in relation to children or the children named above"),
        *("Yes", "No", "Details"),
    ],
    "cp1": [
        *(NOTICE, "WEST MERCIA PROBATION AREA", "Child Protection and/or Risk to Children Notification"),
        "Notification of involvement by West Mercia Probation area with a case involving:-",
        *("Tick", "Description", "Child(ren) on the 'At Risk Register'"),
        "Supervision of a Risk to Child(ren) Offender(s)",
        *("Notified to Children Services, Location", "Details of Child(ren)"),
        *("Surname", "Forename", "Address", "M/F", "DOB", "Details of Offender(s)"),
        *("Surname", "Forename", "Address", "M/F", "DOB", "RtoC (Y/N)"),
        "Relationship/Nature of contact between Offender and Child(ren)",
        *("Supervision commenced", "Supervision Expires", "Supervising Offender Manager", "Location", "Telephone No."),
        "PLEASE ENSURE THAT THE ABOVE SUPERVISING OFFENDER MANAGER IS NOTIFIED OF ANY FUTURE CASE CONFERENCES RELEVANT "
        "TO THE ABOVE CHILD(REN) AND PROVIDED WITH COPIES OF CONFERENCE NOTES.",
    ],
    "conference-report": [
        *(NOTICE, "Report to a Child Protection Conference", "Name of the Child", "Address", "Family Composition"),
        "Nature of the Involvement – significant adult – order etc",
        "Information concerning their knowledge of the child's health and development",
        "Information concerning the capacity of the parents to safeguard the child",
        "Information concerning the capacity of the parents to promote the child's health and development",
        *("Shared with the family on", "Closed session agreed in advance with the chair"),
        *("Fact", "Observation", "Allegation", "Opinion"),
    ],
    "conference-checklist": [
        *(NOTICE, "Tasks of a Child Protection Conference", "facilitator told", "Tasks"),
        "Share information and concerns about the alleged abuse or neglect of a child(ren)",
        "Decide whether the child(ren) is/are at continuing risk of significant harm",
        "Evaluate, on the basis of the available information, the risks of future significant harm to each individual "
        "child in the household",
        "Decide upon registration using the 'Working Together to Safeguard Children' 1999 categories and criteria",
        "To recommend to agencies with statutory powers whether statutory action needs to be taken",
        "Appoint a key worker",
        "Identify the membership of a Core Group of professionals and family members who will develop and implement "
        "the child protection plan as a detailed working tool",
        "Establish how children, parents (including those with parental responsibility) and wider family members "
        "should be involved in the planning and implementation process, and the support, advice and advocacy available "
        "to them",
        "Establishing timescales for the meetings of the core group, production of a written child protection plan, "
        "and for the child protection review meetings.",
        "Identify in outline what further core and specialist assessments of the child and family are required to make "
        "sound judgements on how to safeguard the child and promote his or her welfare",
        "Outlining the child protection plan, especially identifying what needs to change in order to safeguard the "
        "child",
        "Considering the need for a contingency plan if circumstances change quickly",
        "Clarifying the different purpose and remit of the initial conference, the core group and the child protection "
        "review conference",
        "To establish a date for the first child protection review conference within three months of the initial "
        "conference",
        "To agree who will inform the parents, and if appropriate the child, of decisions and recommendations if they "
        "were not present at the conference",
        "Agreed actions",
    ],
    "management-review": [
        *(NOTICE, "Management review", "To be forwarded by", "Case records confirmed secured on", "Officer nominated"),
        "What Was Our Involvement with This Child and Family?",
        "Construct a comprehensive chronology of involvement in contact with the child and the family over the period "
        "of time set out in the review's terms of reference. Briefly summarise decisions reached, the services offered "
        "and/or provided to the child(ren) and family, and other actions taken.",
        *("Analysis of Involvement", "not only of what happened, but why. Consider specifically:"),
        "Were practitioners sensitive to the needs of children in their work, knowledgeable about potential indicators "
        "of abuse or neglect, and about what to do if they had concerns about a child?",
        "Did the agency have in place policies and procedures for safeguarding children and acting on concerns about "
        "their welfare?",
        "What were the key relevant points/opportunities for assessment and decision making in this case in relation "
        "to the child and the family? Do assessments and decisions appear to have been reached in an informed and "
        "professional way?",
        "Did actions accord with assessments and decisions made? Were appropriate services offered/provided, or "
        "relevant enquiries made, in the light of circumstances?",
        "Where relevant, were appropriate child protection or care plans in place, and the child protection and/or "
        "looked after reviewing processes complied with?",
        "When, and in what way, were the child(ren)'s wishes and feelings ascertained and considered? Was this "
        "information recorded?",
        "Was practice sensitive to the racial, cultural, linguistic and religious identity of the child and family?",
        "Were senior managers, or other agencies and professionals, involved at points where they should have been?",
        "Was the work in this case consistent with agency and LSCB policy and procedures for safeguarding children and "
        "wider professionals?",
        *("What Do We Learn From This Case?", "Are there lessons from this case for the way in which this agency"),
        "Are there implications for ways of working; training (single and inter-agency); management and supervision; "
        "working in partnership with other agencies; resources?",
        *("Recommendations for Action", "What action should be taken by whom and by when?"),
        "What outcomes should these actions bring about, and how will the agency review whether they have been "
        "achieved?",
        *("Endorsed by the Chief Officer", "Signed", "Forwarded to the Chair of the LSCB"),
    ],
    "monthly-report": [
        *(NOTICE, "Monthly report of the child protection register", "Month", "Issued on", "Position at the end of"),
        *("Issued to", "Cases", "Part 1: cases linked to a child on the At Risk Register", "Client ID", "Name", "Unit"),
        *("Offender manager", "Ground", "Linked children", "Registered on", "Last review", "Date due for review"),
        *("Days overdue", "Missed review", "De-registration", "Part 2: entries on a concern alone"),
        "Confirmed by risk managers",
    ],
}
CP1 = {
    "on": days_ago(2),
    "tick_child_on_register": True,
    "tick_risk_to_children": False,
    "location": "Nowhere Social Services",
    "children": [
        {"surname": "Invented", "forename": "Kit", "address": "9 Lane End", "sex": "M", "dob": "2019-03-02"},
        {"surname": "Invented", "forename": "Pip", "school": "Nowhere Primary"},
    ],
    "offenders": [{"surname": SURNAME, "forename": "Ann", "sex": "F", "dob": "1990-02-01", "rtoc": True}],
    "relationship": "Mother, lives with both",
    "supervision_commenced": days_ago(60),
    "supervision_expires": days_ago(-305),
    "officer": "O. Officerlike",
    "officer_location": "Nowhere office",
    "telephone": "01632 960000",
}
SECTIONS = {"name-of-child": "Kit Invented", "family": "Mother and two sons", "4": "Community order", "other": "x"}


@dataclass
class Matter:
    """A matter of a person, with a child that is named in it."""

    door: Door
    case: Case
    id: str
    child: str

    @property
    def path(self) -> str:
        return f"/child-protection-matters/{self.id}"

    def give(self, command: str, data: Any, role: str = "practitioner") -> str:
        given = self.door.give(f"child-protection-matter/{self.id}", command, data, role, key=uuid4())
        return given.body["events"][0]["id"]

    def check(self, **more: Any) -> str:
        check = str(uuid4())
        told = {"check_id": check, "offender_id": self.case.id, "on": days_ago(3), "reason": "REVIEW"}
        self.give("RequestCheck", told | {"child_names": ["Kit Invented", "Łukasz Żółć"]} | more)
        return check

    def invited(self, day: str = days_ago(-9)) -> str:
        conference = str(uuid4())
        told = {"conference_id": conference, "kind": "INITIAL", "for_date": day}
        self.give("RecordInvitation", told, "team-admin")
        return conference

    def form(self, name: str, role: str = "practitioner", **query: str) -> Any:
        answer = self.door.get(f"{self.path}/forms/{name}", role, **query)
        assert answer.status_code == 200, answer.text
        return answer

    def paper(self, name: str, **query: str) -> Paper:
        return Paper(self.form(name, format="pdf", **query).content)


@pytest.fixture
def matter(door: Door) -> Matter:
    return a_matter(door)


def a_matter(door: Door, **person: Any) -> Matter:
    case, child = Case(str(uuid4()), str(uuid4())), str(uuid4())
    told = PERSON | {"aliases": ["Annie F"], "addresses": ["1 Nowhere Lane\nKidderminster"]} | person
    door.give(case.to, "RecordOffender", told, "court-officer", key=uuid4())
    named = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
    door.give(f"child/{child}", "RecordChild", named, "information-officer", key=uuid4())
    made = Matter(door, case, str(uuid4()), child)
    concern = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "OTHER", "noted_on": days_ago(5)}
    concern |= {"child_ref": child, "grave": False, "category": "UNDETERMINED", "note": "as told"}
    made.give("RecordConcern", concern, "supervisor")
    return made


def a_review(door: Door, case: Case, sections: Any = None) -> str:
    """A case review up to its management review, drafted if there are sections."""
    review = str(uuid4())
    to = f"case-review/{review}"

    def give(command: str, data: Any, role: str) -> None:
        door.give(to, command, data, role, key=uuid4())

    told = {"ground": "DEATH", "child_refs": [], "offender_refs": [case.id], "sent_to": "Nowhere Board"}
    give("ReferSeriousIncident", told | {"referred_at": f"{days_ago(3)}T09:00"}, "aco")
    give("RequestManagementReview", {"on": days_ago(3), "timescale_due": days_ago(-60)}, "chief-officer")
    asked = {"requested_by": "the chair", "requested_at": f"{days_ago(3)}T09:10", "secured_at": f"{days_ago(3)}T09:40"}
    give("SecureRecords", asked | {"streams": [case.id]}, "aco")
    give("ConfirmSecured", {"on": days_ago(2)}, "chief-officer")
    give("NominateReviewer", {"staff": "R. Reviewerlike", "grade": "ACO", "on": days_ago(2)}, "chief-officer")
    period = {"from_date": days_ago(100), "to_date": days_ago(3), "as_known_at": f"{days_ago(0)}T00:00:00Z"}
    give("ProduceChronology", period, "case-reviewer")
    if sections:
        give("DraftManagementReview", {"sections": sections}, "case-reviewer")
    return review


@pytest.fixture(scope="module")
def made(door: Door) -> dict[str, tuple[str, str]]:
    """Of each form, where it is asked for and what for."""
    matter = a_matter(door)
    check = matter.check()
    told = {"check_id": check, "on": days_ago(1), "q1": False, "q2": True, "q2_details": "Known since spring."}
    matter.give("RecordCheckAnswer", told, "team-admin")
    cp1 = matter.give("SendCp1", CP1)
    conference = matter.invited()
    report = {"conference_id": conference, "on": days_ago(1), "sections": SECTIONS, "statement_types": ["facts"]}
    matter.give("SubmitConferenceReport", report | {"shared_with_family_on": days_ago(1)})
    answers = {"1": "One fully told", "2": {"1": "Two dot one"}, "2-9": "Two dot nine", "3": "Three", "4": "Four"}
    review = a_review(door, matter.case, answers)
    closed, _ = registered(door)
    registered(door, "CONCERN", 20)
    month = f"/register-reports/{MONTH}"
    issued = door.post(f"{month}/issue-monthly-report", ISSUED, OFFICER, Idempotency_Key=str(uuid4()))
    assert issued.status_code == 201, issued.text
    return {
        "request-for-information": (matter.path, check),
        "cp1": (matter.path, cp1),
        "conference-report": (matter.path, conference),
        "conference-checklist": (matter.path, conference),
        "management-review": (f"/case-reviews/{review}", ""),
        "monthly-report": (month, ""),
        "monthly-report of": (closed.id, ""),
    }


def asked(door: Door, made: dict[str, tuple[str, str]], name: str, role: str = "unit-manager", **query: str) -> Any:
    path, of = made[name]
    answer = door.get(f"{path}/forms/{name}", role, **({"of": of} if of else {}), **query)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_the_source_is_on_paper_in_the_order_of_the_source(door: Door, made, name: str):
    rest = squeezed(Paper(asked(door, made, name, format="pdf").content).text)
    for field in FIELDS[name]:
        there, found, rest = rest.partition(squeezed(field))
        assert found, (field, there[-200:])


def test_an_analysis_in_one_text_prints_under_the_nine_questions_and_leaves_no_box_empty(door: Door):
    review = a_review(door, a_matter(door).case, {"1": "One", "2": "All nine in one text", "3": "Three", "4": "Four"})
    made = {"management-review": (f"/case-reviews/{review}", "")}
    sections = [each for each in asked(door, made, "management-review").json()["parts"] if each["kind"] == "section"]
    assert [each["title"] for each in sections if not each["text"] and each["room"]] == []
    questions = [each for each in sections if re.match(r"2\.\d (?!to)", each["title"])]
    assert len(questions) == 9
    assert [each["text"] for each in sections if each["text"]] == ["One", "All nine in one text", "Three", "Four"]
    paper = squeezed(Paper(asked(door, made, "management-review", format="pdf").content).text)
    assert paper.index(squeezed(questions[8]["title"])) < paper.index(squeezed("All nine in one text"))


@pytest.mark.parametrize("name", FIELDS)
def test_the_same_form_is_the_same_bytes_and_has_the_digest_of_what_it_says_on_every_page(door: Door, made, name: str):
    told, pages = asked(door, made, name).json(), asked(door, made, name, format="pdf")
    assert pages.headers["content-type"] == "application/pdf"
    assert "no-store" in pages.headers["cache-control"]
    assert asked(door, made, name, format="pdf").content == pages.content
    says = {each: told[each] for each in ("notice", "above", "marking", "title", "parts")}
    again = json.dumps(says, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told["digest"] == hashlib.sha256(again.encode()).hexdigest()
    paper = Paper(pages.content)
    assert all(told["digest"] in squeezed(page) for page in paper.pages)
    assert "<pdfaid:part>2</pdfaid:part>" in paper.metadata


@pytest.mark.parametrize("name", FIELDS)
def test_a_printing_is_a_reading_with_everybody_on_it(door: Door, made, name: str):
    before = size(door)
    asked(door, made, name, format="pdf")
    [entry] = readings(door, before)
    assert entry["values"]["view"] == f"form {name}"
    assert made[name][0].rsplit("/")[-1] in str(entry["about"])
    assert any(each.startswith("offender-") for each in entry["about"])


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("role", ["inspector", "auditor", "supervisor", "police", "administrator"])
def test_who_may_not_read_of_the_people_on_a_form_does_not_print_it(door: Door, made, name: str, role: str):
    path, _ = made[name]
    answer = door.get(f"{path}/forms/{name}", role)
    if name == "monthly-report" and role == "supervisor":  # nobody on it but people under supervision
        assert answer.status_code == 200
    else:
        a_problem(answer, 403, "forbidden")


@pytest.mark.parametrize("name", FIELDS)
def test_a_case_names_the_forms_it_has(door: Door, made, name: str):
    path, of = made[name]
    rows = door.get(f"{path}/forms", "inspector").json()["forms"]
    assert (name, of) in {(each["form"], each["of"]) for each in rows}
    assert {each["source"][:4] for each in rows} == {"WMPA"}


# ------------------------------------------------------------------------------------ each of them


def test_a_check_is_sent_with_blanks_and_printed_again_with_its_answer(matter: Matter):
    check = matter.check(reason="PSR")
    paper = matter.paper("request-for-information", of=check)
    for said in (SURNAME, "Ann", "Annie F", "1 Feb 1990", "1 Nowhere Lane", "Kit Invented", "Łukasz Żółć"):
        assert paper.says(said), said
    assert paper.says("☒The above named is due to appear")
    assert paper.says("☐The above named is currently")
    assert "☒Yes" not in squeezed(paper.text)
    told = {"check_id": check, "on": days_ago(1), "q1": True, "q1_details": "Lives with Kit", "q2": False}
    matter.give("RecordCheckAnswer", told, "team-admin")
    answered = squeezed(matter.paper("request-for-information").text)
    assert "☒Yes☐NoDetailsLiveswithKit" in answered
    assert "☐Yes☒NoDetails" in answered
    assert matter.paper("request-for-information", as_at=days_ago(2)).says("☐Yes☐NoDetails")


def test_a_check_on_change_has_a_line_of_its_own(matter: Matter):
    paper = matter.paper("request-for-information", of=matter.check(reason="CHANGE"))
    assert paper.says("☐The above named is due")
    assert paper.says("☐The above named is currently")
    assert paper.says("☒The circumstances of the above named have changed")


def test_particulars_are_those_that_were_put_right(matter: Matter):
    given = {"field": "surname", "new_value": "Feather-Stone", "reason": "married"}
    matter.door.give(matter.case.to, "CorrectOffenderDetails", given, "team-admin", key=uuid4())
    paper = matter.paper("request-for-information", of=matter.check())
    assert paper.says("Feather-Stone")
    assert not paper.says(SURNAME)


def test_form_cp1_says_all_that_was_told_of_everybody(matter: Matter):
    paper = matter.paper("cp1", of=matter.give("SendCp1", CP1))
    for said in (
        *(
            "☒Child(ren) on the",
            "☐Supervision of a Risk",
            "Nowhere Social Services",
            "InventedKit9 Lane EndM2 Mar 2019",
        ),
        *(
            "Pip InventedSchool: Nowhere Primary",
            f"{SURNAME}AnnF1 Feb 1990Y",
            "Mother, lives with both",
            "O. Officerlike",
        ),
        *("Nowhere office", "01632 960000"),
    ):
        assert paper.says(said), said


def test_a_conference_without_a_report_prints_as_the_form_to_be_written_on(matter: Matter):
    conference = matter.invited()
    told = matter.form("conference-report", of=conference).json()
    sections = [each for each in told["parts"] if each["kind"] == "section"]
    assert len(sections) == 7
    assert {each["text"] for each in sections} == {""}
    assert matter.paper("conference-report").says("no report yet")


# CP-22: the tasks; CP-60: whether the facilitator was told
def test_a_checklist_has_its_boxes_empty_and_what_was_agreed_below_them(matter: Matter):
    conference, other = matter.invited(), matter.invited()
    before = matter.form("conference-checklist", of=conference).json()
    assert [each["rows"] for each in before["parts"] if each["kind"] == "table"] == [[["", ""]] * 3]
    matter.give("AnswerInvitation", {"conference_id": conference, "on": days_ago(1), "answer": "will attend"})
    for of, text in ((conference, "Call the school"), (other, "Of another conference")):
        agreed = {"action_id": str(uuid4()), "conference_id": of, "text": text, "due": days_ago(-7)}
        matter.give("SetConferenceAction", agreed)
    told = matter.form("conference-checklist", of=conference).json()
    boxes = [box for each in told["parts"] if each["kind"] == "ticks" for box in each["items"]]
    assert len(boxes) == 16
    assert not any(ticked for ticked, _ in boxes)
    assert "facilitator told" in boxes[0][1]
    fields = dict(row for each in told["parts"] if each["kind"] == "fields" for row in each["rows"])
    assert fields["Invitation answered on"] == printed(date.fromisoformat(days_ago(1)))
    assert fields["Attended for probation on"] == ""
    (actions,) = (each["rows"] for each in told["parts"] if each["kind"] == "table")
    assert actions == [["Call the school", printed(date.fromisoformat(days_ago(-7)))]]
    assert matter.paper("conference-checklist", of=conference).says("Call the school")


def test_a_report_stands_under_the_headings_and_nothing_of_it_is_lost(door: Door, made):
    told = asked(door, made, "conference-report").json()
    sections = {each["title"]: each["text"] for each in told["parts"] if each["kind"] == "section"}
    assert sections["Name of the Child"] == "Kit Invented"
    assert sections["Family Composition"] == "Mother and two sons"
    assert sections["Nature of the Involvement – significant adult – order etc"] == "Community order"
    assert list(sections)[-1] == "Other"
    [ticked] = [each["items"] for each in told["parts"] if each["kind"] == "ticks"]
    assert [each for each, yes in ((said, yes) for yes, said in ticked) if yes] == ["Fact"]


def test_a_management_review_has_its_answers_under_their_questions(door: Door, made):
    told = asked(door, made, "management-review").json()
    sections = [(each["title"][:3], each["text"]) for each in told["parts"] if each["kind"] == "section"]
    assert sections[0] == ("1. ", "One fully told")
    assert dict(sections)["2.1"] == "Two dot one"
    assert dict(sections)["2.9"] == "Two dot nine"
    assert dict(sections)["2.5"] == ""
    [chronology] = [row[1] for row in told["parts"][0]["rows"] if row[0] == "Chronology"]
    assert re.fullmatch(r".* facts, SHA-256: [0-9a-f]{64}", chronology)
    assert [each for each, _ in sections] == ["1. ", "2. ", *(f"2.{n}" for n in range(1, 10)), "3. ", "4. "]


@pytest.mark.parametrize("mark", ["-", "_", "/"])
def test_an_answer_is_found_under_the_number_of_its_question_however_it_is_written(door: Door, mark: str):
    review = a_review(door, door.new_case(), {f"2{mark}9": "It was consistent"})
    told = door.get(f"/case-reviews/{review}/forms/management-review", "unit-manager").json()
    [answer] = [each["text"] for each in told["parts"] if each.get("title", "").startswith("2.9 ")]
    assert answer == "It was consistent"
    page = signed_in(door, "unit-manager").get(f"/case/case-reviews/{review}").text
    assert page.count("It was consistent") == 1


def test_sections_of_a_report_that_share_a_name_are_all_printed(matter: Matter):
    conference = matter.invited()
    sections = {"name-of-child": "Kit one", "name_of_child": "Kit two", "_": "Of no name", "so-so": "3c", "so_so": "4d"}
    report = {"conference_id": conference, "on": days_ago(1), "sections": sections, "statement_types": ["fact"]}
    matter.give("SubmitConferenceReport", report)
    paper = matter.paper("conference-report", of=conference)
    for said in sections.values():
        assert paper.says(said), said


def test_a_signature_is_of_the_draft_it_was_put_under(door: Door):
    matter = a_matter(door)
    sections = {"1": "a", "2": "b", "3": "c", "4": "d"}
    review = a_review(door, matter.case, sections)
    to, path = f"case-review/{review}", f"/case-reviews/{review}/forms/management-review"

    def signed() -> dict[str, str]:
        parts = door.get(path, "case-reviewer").json()["parts"]
        return dict(parts[-1]["rows"])

    assert signed()["Signed"] == ""
    door.give(to, "SignManagementReview", {"on": days_ago(0)}, "chief-officer", key=uuid4())
    assert signed()["Signed"].startswith("Recorded by the Chief Officer")
    door.give(to, "DraftManagementReview", {"sections": sections | {"3": "more"}}, "case-reviewer", key=uuid4())
    assert signed()["Signed"] == ""


def test_the_monthly_report_prints_for_ever_as_it_was_issued(door: Door, made):
    before = asked(door, made, "monthly-report", format="pdf")
    _, entry = registered(door)
    reviewed = {"on": days_ago(0), "outcome": "UNCHANGED"}
    door.give(f"register-entry/{entry}", "ReceiveFormP", {"on": days_ago(0)}, OFFICER, key=uuid4())
    door.give(f"register-entry/{entry}", "ReviewRegister", reviewed, "practitioner", key=uuid4())
    assert asked(door, made, "monthly-report", format="pdf").content == before.content
    told = asked(door, made, "monthly-report").json()
    report = door.get(f"/register-reports/{MONTH}").json()
    assert Paper(before.content).says(report["rows_hash"])
    lines = [row for each in told["parts"] if each["kind"] == "table" for row in each["rows"]]
    assert sum(SURNAME in row[1] for row in lines) == report["rows"]
    assert "Invented" not in before.text
    assert not Paper(before.content).says("9100001")


def test_a_report_that_is_not_issued_is_not_there_to_print(door: Door):
    a_problem(door.get("/register-reports/2031-02/forms/monthly-report", "unit-manager"), 404)


# ------------------------------------------------------------------------------------ in whose hands


def test_nobody_prints_a_form_about_somebody_whose_case_is_closed_to_them(matter: Matter):
    matter.check()
    barred = user(matter.door, "practitioner")
    exclude(matter.door, matter.case, barred)
    answer = barred.get(f"{matter.path}/forms/request-for-information")
    assert answer.status_code == 403
    assert SURNAME not in answer.text


def test_a_row_of_the_report_about_such_a_person_says_nothing(door: Door, made):
    closed, barred = made["monthly-report of"][0], user(door, "risk-manager")
    exclude(door, Case(closed, ""), barred)
    before = size(door)
    told = barred.get(f"/register-reports/{MONTH}/forms/monthly-report").json()
    limited = [each["text"] for each in told["parts"] if each["kind"] == "words" and "may not read" in each["text"]]
    assert limited == ["1 × A person whose case you may not read. Ask your manager."]
    [entry] = readings(door, before)
    assert f"offender-{closed}" not in entry["about"]


def test_an_erased_child_shows_as_erased_on_every_form(matter: Matter):
    check, cp1, conference = matter.check(), matter.give("SendCp1", CP1), matter.invited()
    report = {"conference_id": conference, "on": days_ago(1), "sections": SECTIONS, "statement_types": ["fact"]}
    matter.give("SubmitConferenceReport", report | {"closed_session_agreed_with": "The chair"})
    entry, day = f"register-entry/{uuid4()}", days_ago(5)
    for command, told, role in (
        ("SubmitR7", {"offender_id": matter.case.id, "ground": "REGISTER_CHILD", "on": day}, "practitioner"),
        ("EnterRegister", {"offender_id": matter.case.id, "child_ids": [matter.child], "ground": "REGISTER_CHILD",
                           "registered_on": day, "copy_of_r7_filed": True, "roh_register_linked": False}, OFFICER),
        ("NotifyDeregistration", {"ground": "CHILD_REMOVED", "occurred_on": day, "notified_on": day}, "practitioner"),
        ("CloseRegisterEntry", {"ground": "CHILD_REMOVED", "closed_on": days_ago(0)}, OFFICER),
    ):  # fmt: skip
        matter.door.give(entry, command, told, role, key=uuid4())
    erased = matter.door.post(
        f"/children/{matter.child}/erase-child", {"erased_on": days_ago(0)}, "information-officer"
    )
    assert erased.status_code == 201, erased.text
    for name, of in (("request-for-information", check), ("cp1", cp1), ("conference-report", conference)):
        paper = matter.paper(name, of=of)
        assert paper.says(f"[child erased {TODAY:%d/%m/%Y}]"), name
        for gone in ("Kit", "Pip", "Żółć", "9 Lane End", "Mother and two sons"):
            assert not paper.says(gone), (name, gone)
    assert matter.paper("cp1").says("O. Officerlike")


def test_what_stands_in_a_value_is_text_and_stays_on_the_paper(door: Door):
    hostile = "#panic() $x$ *b* </script> \\ {paper} {{ 7*7 }}"
    matter = a_matter(door, surname=hostile, forenames="Παναγιώτης", aliases=["王 a\u202eb", "Ирина"])
    matter.check(child_names=[hostile, "محمد"])
    paper = matter.paper("request-for-information")
    for said in (hostile, "Παναγιώτης", "[U+738B] a[U+202E]b", "Ирина"):
        assert paper.says(said), said


def test_a_long_text_goes_on_over_as_many_pages_as_it_needs(matter: Matter):
    words = [f"word{n}" for n in range(3_000)]
    conference = matter.invited()
    told = {"conference_id": conference, "on": days_ago(1), "statement_types": ["fact"]}
    matter.give("SubmitConferenceReport", told | {"sections": {"family": " ".join(words), "1": "W" * 3_000}})
    paper = matter.paper("conference-report")
    assert len(paper.pages) > 3
    body = squeezed(paper.text)
    assert "W" * 50 in body
    for each in (words[0], words[1_500], words[-1]):
        assert each in body
    assert all(f"Page{n}of{len(paper.pages)}" in squeezed(page) for n, page in enumerate(paper.pages, start=1))


def test_an_area_sets_whom_it_writes_to_and_the_number_to_call(matter: Matter):
    given = {"edition": "area 7", "effective_from": days_ago(4), "reason": "ours"}
    texts = {
        "confidentiality-notice": "Private\n\nCall 01632 960111 if this {paper} is not for you.",
        "request-for-information": "CHECK\n\nTo: The Hub\nEmail: hub@nowhere.example",
    }
    events: list[str] = []
    for name, text in texts.items():
        told = given | {"name": name, "text": text}
        answer = matter.door.post("/policy/policy/set-template", told, "chief-officer")
        assert answer.status_code == 201, answer.text
        events.append(answer.json()["events"][0]["id"])
    paper = matter.paper("request-for-information", of=matter.check())
    for said in ("Call 01632 960111 if this fax is not for you.", "The Hub", "hub@nowhere.example", "CHECK"):
        assert paper.says(said), said
    older = matter.paper("request-for-information", of=matter.check(on=days_ago(5)))
    assert older.says("01562 820071")
    for event in events:
        struck = {"event_ref": event, "reason": "the test is over"}
        assert matter.door.post("/policy/policy/strike-out-record", struck, "chief-officer").status_code == 201


def test_a_form_is_one_that_the_case_has(matter: Matter):
    a_problem(matter.door.get(f"{matter.path}/forms/cp1"), 404)
    a_problem(matter.door.get(f"{matter.path}/forms/monthly-report"), 404)
    a_problem(matter.door.get(f"{matter.path}/forms/none"), 404)
    a_problem(matter.door.get(f"/child-protection-matters/{uuid4()}/forms/cp1"), 404)
    a_problem(matter.door.get(f"{matter.path}/forms/cp1", of=str(uuid4())), 404)
    matter.check()
    at = f"{matter.path}/forms/request-for-information"
    a_problem(matter.door.get(at, as_at="soon"), 422, "malformed")
    a_problem(matter.door.get(at, format="docx"), 422, "malformed")
    a_problem(matter.door.get(at, since="x"), 422, "malformed")
    a_problem(matter.door.get(at, of="x" * 5_000), 404)
