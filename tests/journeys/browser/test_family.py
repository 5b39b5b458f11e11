"""The demonstration's family, walked from its officers' pages to the auditor's, as docs/FAMILY.md tells it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.journeys.browser.browsing import KEYBOARD, People
from tests.journeys.process import Process
from tests.journeys.test_first_minutes import tokens_of

from ledger.demonstration import demonstration as the_demonstration
from ledger.demonstration.family import SURNAME, Family
from ledger.demonstration.reviewing import HOSPITAL, RELEASED
from ledger.demonstration.running import SEED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def started(demonstration: Process) -> date:
    """The day the demonstration is dated by."""
    return date.fromisoformat(json.loads((demonstration.home / "demonstration.json").read_text())["day"])


@pytest.fixture(scope="module")
def family(started: date) -> Family:
    return the_demonstration(started, SEED)[1]


def test_an_officer_finds_both_adults_and_reads_the_register_as_it_stands(people: People, family: Family):
    officer = people.in_role("practitioner", KEYBOARD)
    officer.go("/search")
    officer.fill({"surname": SURNAME})
    officer.send("Search")
    officer.sees(SURNAME, "Leanne", "Darren")
    officer.go(f"/case/offenders/{family.mother}/register")
    officer.sees("Leanne Tiddlecombe", "Yellow dot", "De-registration: 4 of 4", "[child erased ")
    officer.sees("One child removed from the register on", "others remain.", "Other children stay on the entry.")
    officer.sees_no("The register entry is closed")  # for the other two it is not
    names = [row.inner_text() for row in officer.page.locator("main table a", has_text=SURNAME).all()]
    assert len(names) == len(family.children) - 1


def test_while_the_hold_stood_the_checklist_waited_for_it_and_the_name_is_gone_then_too(
    people: People, family: Family, started: date
):
    officer = people.in_role("information-officer")
    officer.go(f"/case/offenders/{family.mother}/register?as_at={started - timedelta(days=RELEASED + 5)}")
    officer.sees("You are not looking at now", "De-registration: 2 of 4", "[child erased ")
    officer.sees("waits for 1 hold of a case review, and is no breach of data protection while it does")
    officer.sees_no("is a possible breach")
    officer.go(f"/case/children/{family.children[0]}")
    officer.sees("The child’s details were destroyed on")
    officer.sees_no(SURNAME)
    officer.go(f"/case/offenders/{family.partner}/register?as_at={started - timedelta(days=108)}")
    officer.sees("missed")


def test_the_conference_without_a_report_stands_in_the_matter(people: People, family: Family):
    officer = people.in_role("practitioner")
    officer.go(f"/case/offenders/{family.partner}")
    officer.follow("Child protection")
    officer.sees("Conference no report")
    officer.go(f"/case/child-protection-matters/{family.matter}")
    officer.sees("A conference without anybody from probation and without a report", "Neither attended nor reported to")


def test_the_chief_officer_reads_the_review_its_hold_and_what_of_its_plan_is_overdue(people: People, family: Family):
    chief = people.in_role("chief-officer")
    chief.go(f"/case/offenders/{family.mother}")
    chief.follow("Reviews and holds")
    chief.sees("Life threatening injury", "Forwarded", "Completed", "Overdue")
    chief.go(f"/case/case-reviews/{family.review}")
    chief.sees(
        "Done; its seal agrees", "Forwarded to the chair of the board", "Overdue by", "Hold on erasure", "Released"
    )
    chief.sees("Made again from the log on", "Agrees", "Reports kept at head office: not yet")
    chief.sees_no("Differs")
    chief.go("/")
    chief.follow("Case reviews")
    chief.sees("Carry out action", "Archive report", "Overdue")


def test_either_form_cp1_is_ready_to_print_and_the_report_of_the_month_is_confirmed(
    people: People, family: Family, started: date
):
    officer = people.in_role("practitioner")
    officer.go(f"/case/child-protection-matters/{family.matter}")
    officer.sees("Key worker told on form CP1")
    officer.follow("Forms")
    assert officer.page.locator("main a[href*='forms/cp1']").count() == 2
    manager = people.in_role("risk-manager")
    told = next(line for line in the_demonstration(started, SEED)[0] if line["command"] == "IssueMonthlyReport")
    manager.go(f"/lists/monthly-report?as_at={told['data']['issued_on']}")
    manager.sees("The report of", "was issued on", "and confirmed by 1 risk manager", "Leanne")


def test_on_site_and_from_outside_no_child_is_named(people: People, family: Family):
    for role in ("supervisor", "auditor", "inspector"):
        person = people.in_role(role)
        person.go(f"/case/offenders/{family.mother}/register")
        assert person.page.locator("main table a", has_text=SURNAME).count() == 0
    people.in_role("auditor").sees_no(SURNAME)


def test_the_bundle_of_the_case_is_taken_out_and_holds(people: People, demonstration: Process, family: Family):
    asked = {"purpose": "supervision", "recipient": "The South"}
    bearer = {"Authorization": f"Bearer {tokens_of(demonstration)['practitioner']}"}
    at = f"{demonstration.address}/offenders/{family.mother}/export"
    answer = httpx.post(at, json=asked, headers=bearer, timeout=60)
    assert answer.status_code == 200, answer.text
    auditor = people.in_role("auditor")
    auditor.go("/audit/bundles")
    sent: Any = {"name": "case.zip", "mimeType": "application/zip", "buffer": answer.content}
    auditor.page.locator("main input[type=file]").set_input_files(sent)
    auditor.send("Check it")
    auditor.sees("The bundle holds")
    auditor.sees_no("The bundle does not hold")


def test_the_day_it_happened_shows_what_was_known_by_then(people: People, family: Family, started: date):
    officer = people.in_role("practitioner")
    before = started - timedelta(days=HOSPITAL + 10)
    officer.go(f"/case/offenders/{family.mother}/oversight?as_at={before}")
    officer.sees("You are not looking at now")
    officer.sees_no("Life threatening injury")
