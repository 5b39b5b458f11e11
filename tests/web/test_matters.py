"""A child protection matter's page: each step with its days, where it stands, why, and the forms that go on from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Door, days_ago
from tests.erasing.family import Family
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.api.web.words import day

SECRET = "Quillfeather"


@dataclass
class Matter:
    """A matter of a family, told step by step."""

    home: Family
    id: str = field(default_factory=lambda: str(uuid4()))
    concern: str = field(default_factory=lambda: str(uuid4()))
    conference: str = field(default_factory=lambda: str(uuid4()))
    action: str = field(default_factory=lambda: str(uuid4()))

    @property
    def at(self) -> str:
        return f"/case/child-protection-matters/{self.id}"

    def tell(self, name: str, role: str = "practitioner", /, **data: Any) -> None:
        self.home.give(f"child-protection-matter/{self.id}", name, data, role)

    def noted(self, days: int, child: str | None = None, **more: Any) -> Matter:
        told: dict[str, Any] = {"concern_id": self.concern, "offender_id": self.home.case.id, "source": "UPW_SITE"}
        told |= {"noted_on": days_ago(days), "grave": False, "category": "SIGNIFICANT_HARM", "note": SECRET}
        self.tell("RecordConcern", "supervisor", **told | ({"child_ref": child} if child else {}) | more)
        return self

    def called(self, days: int, kind: str = "INITIAL", conference: str | None = None) -> Matter:
        told = {"conference_id": conference or self.conference, "kind": kind, "for_date": days_ago(days)}
        self.tell("RecordInvitation", "team-admin", **told)
        return self


@pytest.fixture
def matter(door: Door) -> Matter:
    return Matter(Family(door))


def printed(days: int) -> str:
    """So many days ago, as a page prints it."""
    return day(date.fromisoformat(days_ago(days)))


def steps(browser: Browser, at: str) -> dict[str, str]:
    """What stands beside each step's title, by the title."""
    rows = browser.get(at).text.split('<th scope="row"')[1:]
    texts = [text_of_part(each) for each in rows]
    return dict(texts)


def text_of_part(markup: str) -> tuple[str, str]:
    title, _, rest = markup.partition("</th>")
    return _words(title.partition(">")[2]), _words(rest.partition("</tr>")[0])


def _words(markup: str) -> str:
    class Answer:
        text = markup

    return " ".join(" ".join(read(Answer()).words).split())  # pyright: ignore[reportArgumentType]


def test_a_grave_concern_that_went_nowhere_is_overdue_in_words_and_leads_to_its_form(matter: Matter, door: Door):
    matter.noted(3, grave=True)
    browser = signed_in(door)
    page = browser.get(matter.at)
    found = steps(browser, matter.at)
    said = found["Passed to children’s services or the police, the same day"]
    assert "Overdue by 3 days" in said
    assert "CP-05" in said or "CP-58" in said
    assert f'href="/record/child-protection-matters/{matter.id}/escalate-concern"' in page.text
    assert "A grave concern was not passed to children’s services or the police" in text_of(page)
    matter.tell("EscalateConcern", concern_id=matter.concern, to_agency="POLICE", escalated_at=f"{days_ago(3)}T12:00")
    page, found = browser.get(matter.at), steps(browser, matter.at)
    assert "Done in time" in found["Passed to children’s services or the police, the same day"]
    assert "escalate-concern" not in page.text
    assert "was not passed" not in text_of(page)


def test_what_was_told_by_word_of_mouth_waits_until_it_is_written(matter: Matter, door: Door):
    matter.noted(3)
    browser = signed_in(door)
    assert "Nobody is recorded" in steps(browser, matter.at)["Told to whom it concerns"]
    told = {"concern_id": matter.concern, "to_role": "duty manager", "on": days_ago(3)}
    matter.tell("NotifyConcern", **told, form="VERBAL")
    assert "not in writing yet" in steps(browser, matter.at)["Told by word of mouth To duty manager"]
    matter.tell("NotifyConcern", **told, form="EMAIL")
    found = steps(browser, matter.at)
    assert "By word of mouth, then in writing" in found["Told by word of mouth To duty manager"]
    assert "Told in writing To duty manager" in found


def test_a_conference_without_anybody_or_a_report_is_missing_and_its_clocks_run(matter: Matter, door: Door):
    matter.noted(200).called(150)
    browser = signed_in(door)
    found = steps(browser, matter.at)
    (title,) = [each for each in found if each.startswith("Initial conference of")]
    assert "Neither attended nor reported to" in found[title]
    assert "Missing" in found["Report for the conference"]
    assert "Overdue by" in found["First core group, within 10 working days"]
    assert "CP-26" in found["First core group, within 10 working days"]
    assert "Overdue by" in found["Review conference, within 3 months"]
    assert "Not yet" in found["Minutes checked"]
    assert "A conference without anybody from probation and without a report" in text_of(browser.get(matter.at))


def test_a_course_that_was_kept_says_so_step_by_step(matter: Matter, door: Door):
    matter.noted(60).called(20)
    of = {"conference_id": matter.conference}
    matter.tell("RecordStrategyMeeting", on=days_ago(50), attended_by=["social worker"])
    matter.tell("RecordCoreAssessment", on=days_ago(10))
    matter.tell("AnswerInvitation", **of, on=days_ago(30), answer="we come")
    told = {"sections": {"1": SECRET}, "shared_with_family_on": days_ago(22), "statement_types": ["fact"]}
    matter.tell("SubmitConferenceReport", **of, on=days_ago(21), **told)
    matter.tell("RecordConferenceAttendance", **of, on=days_ago(20))
    matter.tell("CheckMinutes", **of, received_on=days_ago(12), checked_on=days_ago(11), accurate=False)
    matter.tell("RecordCoreGroup", first=True, on=days_ago(18), attended=["health visitor"])
    matter.tell("SetConferenceAction", action_id=matter.action, **of, text="visit weekly", due=days_ago(5))
    matter.tell("RaiseDisagreement", with_agency="the school", on=days_ago(4), level="line manager", text="the plan")
    found = steps(signed_in(door), matter.at)
    assert "Done 5 days late" in found["Core assessment, within 35 days"]
    assert "CP-27" in found["Core assessment, within 35 days"]
    (conference,) = [each for each in found if each.startswith("Initial conference of")]
    assert "Attended" in found[conference]
    assert "Done" in found["Invitation answered we come"]
    assert "Errors found" in found["Minutes checked"]
    assert "Done in time" in found["First core group, within 10 working days With health visitor"]
    assert "Due" in found["Review conference, within 3 months"]
    assert "Overdue by 5 days" in found["visit weekly"]
    assert "Recorded" in found["Disagreement raised With the school Raised with line manager the plan"]
    matter.tell("CompleteConferenceAction", action_id=matter.action, on=days_ago(3))
    assert "Done 2 days late" in steps(signed_in(door), matter.at)["visit weekly"]


def test_a_referral_has_its_ten_days_and_its_letter(matter: Matter, door: Door):
    matter.noted(20)
    referral, check = str(uuid4()), str(uuid4())
    told = {"referral_id": referral, "concern_ids": [matter.concern], "made_at": f"{days_ago(15)}T10:00"}
    matter.tell("MakeReferral", **told, channel="PHONE", sent_to="the duty desk")
    matter.tell("RequestCheck", check_id=check, offender_id=matter.home.case.id, on=days_ago(15), reason="CHANGE")
    browser = signed_in(door)
    found = steps(browser, matter.at)
    assert "Not in writing yet" in found["Confirmed in writing"]
    assert "Overdue by 5 days" in found["Reply, within 10 days"]
    assert "Waiting for 15 days" in found["Children’s services asked"]
    page = browser.get(matter.at).text
    assert all(f"/{matter.id}/{form}" in page for form in ("confirm-referral", "chase-referral", "record-check-answer"))
    matter.tell("ConfirmReferral", referral_id=referral, on=days_ago(2))
    matter.tell("RecordReply", referral_id=referral, on=days_ago(6), outline=SECRET)
    matter.tell("RecordCheckAnswer", check_id=check, on=days_ago(1), q1=True, q2=False)
    found = steps(browser, matter.at)
    assert "Done in time" in found["Reply, within 10 days"]
    assert "Missing" in found["Form R7, as the answer was yes"]
    assert f"/{matter.id}/close-check" in browser.get(matter.at).text
    matter.tell("CloseCheck", check_id=check, on=days_ago(0), reason="nobody lives there")
    found = steps(browser, matter.at)
    assert "Form R7, as the answer was yes" not in found
    assert "nobody lives there" in next(each for each in found if each.startswith("Check closed"))


def test_only_forms_of_ones_own_role_are_offered_and_none_of_another_day(matter: Matter, door: Door):
    matter.noted(3, grave=True)
    assert "Record next" not in text_of(signed_in(door).get(f"{matter.at}?as_at={days_ago(0)}"))
    assert "Record next" not in text_of(signed_in(door, "inspector").get(matter.at))
    offered = signed_in(door, "risk-manager").get(matter.at).text
    assert "/countersign" not in offered  # nothing waits for it
    matter.tell("RecordNewInformation", offender_id=matter.home.case.id, on=days_ago(1), note=SECRET)
    assert "/countersign" in signed_in(door, "risk-manager").get(matter.at).text
    assert "/countersign" not in signed_in(door).get(matter.at).text


def test_the_page_is_reached_from_the_person_and_the_child_and_tells_nothing_in_confidence(matter: Matter, door: Door):
    kit = matter.home.child()
    matter.noted(3, child=kit)
    browser = signed_in(door)
    for page in (f"/case/offenders/{matter.home.case.id}/child-protection", f"/case/children/{kit}"):
        assert f'href="{matter.at}"' in browser.get(page).text, page
    matter.called(1)
    door.run(door.ledger.follower.catch_up())
    assert f'href="{matter.at}"' in browser.get(f"/lists/child-protection?person={matter.home.case.id}").text
    answer = browser.get(matter.at)
    assert f'href="/case/offenders/{matter.home.case.id}/child-protection"' in answer.text
    assert f'href="/case/children/{kit}"' in answer.text
    assert SECRET not in answer.text


def test_what_was_agreed_about_an_erased_child_is_read_by_nobody(matter: Matter, door: Door):
    home = matter.home
    kit = home.child()
    entry = home.entered([kit])
    matter.noted(60, child=kit).called(20)
    word = home.word(kit)
    of = {"conference_id": matter.conference}
    matter.tell("SetConferenceAction", action_id=matter.action, **of, text=word)
    browser = signed_in(door)
    assert word in browser.get(matter.at).text
    assert word not in signed_in(door, "supervisor").get(matter.at).text  # the class is not that role's
    assert word not in signed_in(door, "auditor").get(matter.at).text
    home.leaves(entry)
    home.erase(kit)
    page = browser.get(matter.at)
    assert page.status_code == 200
    assert word not in page.text


def test_each_step_has_the_days_of_its_own_clock_whatever_came_before(matter: Matter, door: Door):
    """A conference held before its day, one that was called and never held, and a second round of enquiries."""
    unheld, held = str(uuid4()), str(uuid4())
    matter.noted(300).called(200).called(120, "REVIEW", unheld).called(90, "REVIEW", held)
    matter.tell("RecordConferenceAttendance", conference_id=matter.conference, on=days_ago(205))
    matter.tell("RecordCoreGroup", first=True, on=days_ago(203), attended=["health visitor"])
    matter.tell("RecordReviewConference", conference_id=held, on=days_ago(88), outcome="goes on")
    for began, ready in ((280, 260), (100, 60)):
        matter.tell("RecordStrategyMeeting", on=days_ago(began), attended_by=["social worker"])
        matter.tell("RecordCoreAssessment", on=days_ago(ready))
    matter.tell("RecordCoreAssessment", on=days_ago(10))
    found = steps(signed_in(door), matter.at)
    group = found["First core group, within 10 working days With health visitor"]
    assert "Done in time" in group
    assert [printed(each) in group for each in (205, 203)] == [True, True]
    review = found["Review conference, within 3 months"]
    assert [printed(each) in review for each in (205, 88, 120)] == [True, True, False]
    assert re.search(r"Done 2[0-9] days late", review)
    assessment = found["Core assessment, within 35 days"]
    assert "Done 5 days late" in assessment
    assert [printed(each) in assessment for each in (100, 60, 280, 10)] == [True, True, False, False]


def test_new_information_is_countersigned_each_for_itself_in_whatever_order_it_was_recorded(matter: Matter, door: Door):
    matter.noted(50)
    told = {"offender_id": matter.home.case.id, "note": SECRET}
    matter.tell("RecordNewInformation", on=days_ago(5), **told)
    matter.tell("RecordNewInformation", on=days_ago(30), **told)
    matter.tell("Countersign", "risk-manager", on=days_ago(20))
    page = signed_in(door).get(matter.at).text
    told = [text_of_part(each)[1] for each in page.split('<th scope="row"')[1:] if "New information" in each]
    assert [printed(30) in each for each in told] == [True, False]
    assert ["Countersigned" in each for each in told] == [True, False]
    assert ["Waits for the risk manager" in each for each in told] == [False, True]


def test_a_clock_is_named_by_the_setting_that_counts_for_it(matter: Matter, door: Door):
    matter.noted(30).called(20)
    home = matter.home
    for key, value in (("cp.core_group", "1"), ("cp.review_conference", "2, 5")):
        told = {"key": key, "new": value, "effective_from": days_ago(40), "reason": "an area's own"}
        home.give("policy/policy", "ChangeSetting", told, "chief-officer")
    found = steps(signed_in(door), matter.at)
    assert "First core group, within 1 working day" in found
    assert "Review conference, within 2 months" in found


def test_what_a_matter_knows_is_chosen_by_the_fact_that_brought_it(matter: Matter, door: Door):
    matter.noted(6).called(-5)
    browser = signed_in(door, "practitioner")
    for command, given, says in (
        ("notify-concern", matter.concern, f"Child protection concern recorded, {printed(6)}"),
        ("answer-invitation", matter.conference, "Conference invited, "),
    ):
        page = browser.get(f"{matter.at.replace('/case/', '/record/')}/{command}")
        assert f'value="{given}"' in page.text
        assert says in text_of(page)
        assert "A new one" not in text_of(page)
