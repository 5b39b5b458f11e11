"""A case review's pages: from referral to learning, the management review by its framework, what is missing, and the
chronology by the terms of reference."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Door, days_ago
from tests.erasing.family import Family
from tests.web.browsing import Browser, signed_in, text_of
from tests.web.test_matters import steps

from ledger.api.web.framework import linked, parts
from ledger.api.web.words import day
from ledger.printing.forms.management_review import PARTS, QUESTIONS
from ledger.rules.dates import LONDON


@dataclass
class Reviewing:
    """A review of a family, told step by step."""

    home: Family
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.home.review()  # referred three days ago

    @property
    def at(self) -> str:
        return f"/case/case-reviews/{self.id}"

    def tell(self, name: str, role: str, /, **data: Any) -> None:
        self.home.give(f"case-review/{self.id}", name, data, role)

    def secured(self) -> None:
        told = {"requested_by": "C. Chairlike", "requested_at": f"{days_ago(2)}T09:00"}
        told |= {"secured_at": f"{days_ago(2)}T10:00", "streams": [self.home.case.id]}
        self.tell("SecureRecords", "aco", **told)

    def drafted(self, sections: dict[str, Any]) -> None:
        self.tell("RequestManagementReview", "chief-officer", on=days_ago(2), timescale_due=days_ago(-30))
        self.tell("ConfirmSecured", "chief-officer", on=days_ago(2))
        self.tell("NominateReviewer", "chief-officer", staff=str(uuid4()), grade="ACO", on=days_ago(2))
        self.tell("DraftManagementReview", "case-reviewer", sections=sections)


@pytest.fixture
def review(door: Door) -> Reviewing:
    return Reviewing(Family(door))


def missing(browser: Browser, at: str) -> str:
    return text_of(browser.get(at)).partition("Still missing")[2].partition("Referral")[0]


def test_a_review_that_has_just_begun_names_all_that_is_missing(review: Reviewing, door: Door):
    browser = signed_in(door, "aco")
    assert "Referred to the safeguarding board" in " ".join(steps(browser, review.at))
    said = missing(browser, review.at)
    for what in ("Records secured as they were: not yet", "Remit and panel set: not yet", "Lessons passed on: not yet"):
        assert what in said
    page = browser.get(review.at).text
    assert f'href="/record/case-reviews/{review.id}/secure-records"' in page
    assert f'href="/record/case-reviews/{review.id}/constitute-review"' in page
    assert "sign-management-review" not in page


def test_a_sealed_set_without_its_duplicate_is_missing_and_with_it_agrees(review: Reviewing, door: Door):
    review.secured()
    browser = signed_in(door, "team-admin")
    assert "Working duplicate: missing" in missing(browser, review.at)
    assert "SCR-04" in steps(browser, review.at)["Working duplicate"]
    review.tell("ProduceDuplicate", "team-admin", produced_at=f"{days_ago(1)}T14:00")
    assert "Done; its seal agrees" in steps(browser, review.at)["Working duplicate"]
    seal = review.home.seen(f"/case-reviews/{review.id}", "aco")["seal_hash"]
    assert seal in browser.get(review.at).text


def test_the_months_run_from_the_panel_and_are_reminded_of_a_month_before(review: Reviewing, door: Door):
    told = {"remit": "the work of probation", "members": ["A. Member"], "diversity_considered": True}
    review.tell("ConstituteReview", "aco", constituted_on=days_ago(1), **told)
    browser = signed_in(door, "aco")
    found = steps(browser, review.at)
    (whole,) = [each for each in found if each.startswith("Review completed")]
    assert "Due" in found[whole]
    assert "months of the panel" in whole
    (panel,) = [each for each in found if each.startswith("Remit and panel set")]
    assert "Panel: A. Member" in panel
    assert any("Remind a month before" in each for each in steps(browser, f"{review.at}?as_at={days_ago(-170)}"))
    review.tell("ConstituteReview", "aco", constituted_on=days_ago(0), **told | {"members": ["B. Member"]})
    printed = [day(date.fromisoformat(days_ago(each))) for each in (1, 0)]
    again = next(said for title, said in steps(browser, review.at).items() if title.startswith("Review completed"))
    assert [each in again for each in printed] == [True, False]
    much_later = steps(browser, f"{review.at}?as_at={days_ago(-200)}")
    assert all("Overdue by" in said for title, said in much_later.items() if title.startswith("Review completed"))


def test_the_management_review_stands_by_its_parts_and_questions_with_facts_as_links(review: Reviewing, door: Door):
    review.secured()
    review.drafted({"1": "Seen twice (fact 3).", "2": {"1": "Yes", "6": "No, see fact 4"}, "4": "Train"})
    browser = signed_in(door, "chief-officer")
    page = browser.get(review.at)
    said = text_of(page)
    for title in (*(title for title, _ in PARTS.values()), *QUESTIONS):
        assert title in said
    assert 'href="/audit/facts/3"' in page.text
    assert 'href="/audit/facts/4"' in page.text
    assert said.count("No answer yet") == 7
    assert "Section 3 of the management review is empty" in said
    found = list(steps(browser, review.at))
    order = ["Asked for", "Chief Officer confirms", "Reviewer nominated", "Drafted", "Chief Officer signs", "Forwarded"]
    places = [next(n for n, each in enumerate(found) if each.startswith(title)) for title in order]
    assert places == sorted(places)
    assert "Not yet" in steps(browser, review.at)["Chief Officer signs"]


def test_who_may_not_read_of_the_person_reads_no_answer_of_it_and_an_auditor_none_at_all(review: Reviewing, door: Door):
    review.secured()
    review.drafted({"1": "Zqsecretone", "2": "Zqsecrettwo", "3": "Zqsecretthree", "4": "Zqsecretfour"})
    assert "Zqsecretone" in signed_in(door, "case-reviewer").get(review.at).text
    for role in ("auditor", "inspector", "training-unit"):
        page = signed_in(door, role).get(review.at)
        assert page.status_code == 200, role
        assert "Zqsecret" not in page.text, role
    rule = {"user_id": door.actor("case-reviewer").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(review.home.case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    for tab in ("", "/who-knew", "/chronology"):
        assert signed_in(door, "case-reviewer").get(f"{review.at}{tab}").status_code == 403


def test_an_action_plan_shows_owner_day_and_what_became_of_it(review: Reviewing, door: Door):
    one, two = str(uuid4()), str(uuid4())
    member = {"owner": "Unit manager", "outcome_measure": "audit of ten files"}
    plan = [
        {"action_id": one, "text": "Train all staff", "due": days_ago(1), **member},
        {"action_id": two, "text": "Check every file", "due": days_ago(-40), **member},
    ]
    review.tell("IssueActionPlan", "chief-officer", actions=plan)
    browser = signed_in(door, "chief-officer")
    found = steps(browser, review.at)
    (first,) = [each for each in found if each.startswith("Train all staff")]
    assert "Owner: Unit manager" in first
    assert "Overdue by 1 day" in found[first]
    (second,) = [each for each in found if each.startswith("Check every file")]
    assert "Due" in found[second]
    assert "Train all staff: overdue by 1 day" in missing(browser, review.at)
    offered = browser.get(f"{review.at.replace('/case/', '/record/')}/complete-review-action")
    for action, due in ((one, 1), (two, -40)):
        assert f'value="{action}"' in offered.text
        assert f"The action due {day(date.fromisoformat(days_ago(due)))}" in text_of(offered)
    review.tell("CompleteReviewAction", "practitioner", action_id=one, on=days_ago(0), evidence="list of names")
    assert "Done 1 day late" in steps(browser, review.at)[first]


def test_a_hold_stands_until_it_is_released(review: Reviewing, door: Door):
    hold = review.home.held(review.id)
    browser = signed_in(door, "chief-officer")
    found = steps(browser, review.at)
    (held,) = [each for each in found if each.startswith("Hold on erasure")]
    assert "Stands: nothing of it is erased" in found[held]
    assert "release-hold" in browser.get(review.at).text
    review.home.released(review.id, hold)
    assert "Released" in steps(browser, review.at)[held]


def test_the_chronology_lists_each_fact_marks_late_entries_in_words_and_says_its_hash_agrees(
    review: Reviewing, door: Door
):
    home = review.home
    told = {"concern_id": str(uuid4()), "offender_id": home.case.id, "source": "UPW_SITE", "noted_on": days_ago(10)}
    told |= {"grave": True, "category": "SIGNIFICANT_HARM", "note": "Zqnote"}
    home.give(f"child-protection-matter/{uuid4()}", "RecordConcern", told, "supervisor")
    reviewer = signed_in(door, "case-reviewer")
    before = text_of(reviewer.get(f"{review.at}/chronology"))
    assert "No chronology is produced yet" in before
    assert "produce-chronology" in reviewer.get(f"{review.at}/chronology").text
    known = datetime.now(LONDON).isoformat()
    asked = {"from_date": days_ago(90), "to_date": days_ago(0), "as_known_at": known}
    review.tell("ProduceChronology", "case-reviewer", **asked)
    page = reviewer.get(f"{review.at}/chronology")
    said = text_of(page)
    assert "the same facts and the same hash" in said
    assert "Child protection concern recorded" in said
    assert "Recorded after the incident was referred" in said
    assert "chronology/print" not in page.text
    assert "produce-chronology" not in signed_in(door, "practitioner").get(f"{review.at}/chronology").text
    assert "Zqnote" not in signed_in(door, "auditor").get(f"{review.at}/chronology").text
    assert "Chronology of" in text_of(reviewer.get(review.at))


def test_a_text_says_which_facts_it_rests_on():
    assert linked("Seen (fact 12) and Fact 7.") == ["Seen (", 12, ") and ", 7, "."]
    assert linked("artefact 9, fact 0, facts 3") == ["artefact 9, fact 0, facts 3"]
    assert linked("") == []


def test_an_analysis_may_be_one_text_or_answers_by_their_numbers():
    def analysis(sections: Any) -> list[tuple[str, Any]]:
        row = {"type": "ManagementReviewDrafted", "says": {"sections": sections}}
        return [(each.question, each.text) for each in parts({"course": [row]})[1].answers]

    assert analysis({"2": "all well"}) == [("", ["all well"])]
    for given in ({"2": {"9": "yes"}}, {"2.9": "yes"}, {"2-9": "yes"}, {"2": [*[""] * 8, "yes"]}):
        told = analysis(given)
        assert [question for question, _ in told] == list(QUESTIONS)
        assert told[8][1] == ["yes"]
        assert not any(text for _, text in told[:8])
    both = dict(analysis({"2": {"summary": "why", "9": "yes"}, "2-9": "also"}))
    assert (both["Summary"], both[QUESTIONS[8]]) == (["why"], ["yes; also"])  # nothing that was answered is left out
    told = {"1": "a", "2": "b", "3": "c", "4": "d", "good_practice": "The desk rang at once (fact 3).", "2-9": "yes"}
    found = parts({"course": [{"type": "ManagementReviewDrafted", "says": {"sections": told}}]})
    assert [each.n for each in found] == ["1", "2", "3", "4", ""], "what is under none of the four follows them"
    assert (found[4].title, found[4].answers[0].text) == ("Good practice", ["The desk rang at once (", 3, ")."])
    assert parts({"course": []}) == []
    erased = parts(
        {"course": [{"type": "ManagementReviewDrafted", "says": {"sections": "[record erased 01/01/2026]"}}]}
    )
    assert [each.empty for each in erased] == [False] * 4


def test_a_chronology_produced_while_the_family_is_told_of_comes_to_the_same_afterwards(review: Reviewing, door: Door):
    def concern() -> Any:
        told = {"concern_id": str(uuid4()), "offender_id": review.home.case.id, "source": "UPW_SITE"}
        told |= {"noted_on": days_ago(1), "grave": False, "category": "IN_NEED", "note": "as told"}
        return door.giving(f"child-protection-matter/{uuid4()}", "RecordConcern", told, "practitioner", key=uuid4())

    def produced() -> Any:
        now = datetime.now(LONDON).isoformat()
        told = {"from_date": days_ago(4000), "to_date": days_ago(0), "as_known_at": now}
        return door.giving(f"case-review/{review.id}", "ProduceChronology", told, "case-reviewer", key=uuid4())

    async def together() -> None:
        for _ in range(4):
            await asyncio.gather(*(concern() for _ in range(4)), produced(), *(concern() for _ in range(3)))

    def made() -> list[dict[str, Any]]:
        return review.home.seen(f"/case-reviews/{review.id}", "case-reviewer")["chronologies"]

    door.run(together())
    first = made()
    for each in first:
        told = {name: each[name] for name in ("from_date", "to_date", "as_known_at")}
        review.tell("ProduceChronology", "case-reviewer", **told)
    again = made()[len(first) :]
    assert len(first) == 4
    assert [(each["event_count"], each["hash"]) for each in again] == [
        (each["event_count"], each["hash"]) for each in first
    ]
