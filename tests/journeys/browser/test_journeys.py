"""What people come for, from the sign-in link to the receipt, in a real browser against the demonstration.

The journeys of WAYS are made twice: with a mouse, and with the keyboard alone and JavaScript off.  A page that somebody
meets for the first time is held against WCAG 2.2 AA and a window 320 pixels wide (browsing.py).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.journeys.browser.browsing import KEYBOARD, MOUSE, WAYS, People, Way, a_new_id
from tests.journeys.process import Process
from tests.journeys.test_first_minutes import tokens_of

from ledger.aggregates.roles import ROLES
from ledger.api.web.words import day as in_words
from ledger.api.web.words import words
from ledger.rules.dates import LONDON, add_months, london_day
from ledger.transparency.bundle.archive import pack, unpack

# The longest are made with a mouse only where the longest tests are asked for: both ways meet the same pages.
SELDOM = (pytest.param(MOUSE, marks=pytest.mark.soak), KEYBOARD)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def ago(days: int) -> str:
    return (london_day(datetime.now(UTC)) - timedelta(days=days)).isoformat()


class Clerk:
    """Whoever brings in what a journey begins with, as programs do."""

    def __init__(self, demonstration: Process) -> None:
        self._tokens = tokens_of(demonstration)
        self._http = httpx.Client(base_url=demonstration.address, timeout=30)

    def give(self, role: str, path: str, body: dict[str, Any]) -> None:
        answer = self._http.post(path, json=body, headers={"Authorization": f"Bearer {self._tokens[role]}"})
        assert answer.status_code == 201, answer.text

    def export(self, role: str, case: str, purpose: str) -> bytes:
        """The case as a bundle for somebody."""
        asked = {"purpose": purpose, "recipient": "Crown Court"}
        bearer = {"Authorization": f"Bearer {self._tokens[role]}"}
        answer = self._http.post(f"/offenders/{case}/export", json=asked, headers=bearer)
        assert answer.status_code == 200, answer.text
        return answer.content

    def a_case(self, sentenced: int = 90) -> tuple[str, str]:
        """A person and an order of 100 hours, made so many days ago: their ids."""
        case, order = a_new_id(), a_new_id()
        person = {"client_id": "0710890", "surname": "Featherstonehaugh", "forenames": "Ann", "dob": "1990-02-01"}
        self.give("court-officer", f"/offenders/{case}/record-offender", person | {"gender": "F"})
        made = {"order_id": order, "order_type": "CO", "court": "Kidderminster", "requirements": ["UPW"]}
        dated = {"sentence_date": ago(sentenced), "order_end_date": ago(sentenced - 365), "upw_hours": 100}
        self.give("court-officer", f"/offenders/{case}/record-order", made | dated)
        return case, order


@pytest.fixture(scope="module")
def clerk(demonstration: Process) -> Clerk:
    return Clerk(demonstration)


# Their links are used up, and their sessions ended, by those who sign out below.
LEAVING = ("trainee", "pso")


@pytest.mark.parametrize("role", [each for each in ROLES if each not in ("system", *LEAVING)])
def test_everybody_gets_in_by_the_link_of_their_role_and_sees_what_it_is_for(people: People, role: str):
    person = people.in_role(role)
    person.go("/")
    person.sees("My lists", words(role), "Sign out")


@pytest.mark.parametrize("way", SELDOM, ids=str)
def test_two_absences_with_letter_evidence_and_judgement_become_a_breach(people: People, clerk: Clerk, way: Way):
    case, order = clerk.a_case()
    at = f"offenders/{case}"
    practitioner = people.in_role("practitioner", way)
    absence = {"order_id": order, "appointment_kind": "UPW", "kind": "FTA"}
    for days in (60, 30):
        practitioner.record(at, "record-absence", {**absence, "date": ago(days)})
        practitioner.go(f"/record/{at}/issue-enforcement-letter")
        newest = practitioner.page.locator('[name="absence_id"]').first.get_attribute("value")
        assert newest
        practitioner.record(
            at, "issue-enforcement-letter", {"absence_id": newest, "issued_on": ago(days - 1), "channel": "POST"}
        )
        told = {"kind": "Telephone call", "description": "Says the bus did not come."}
        practitioner.record(
            at, "receive-evidence", {"absence_id": newest, "received_at": f"{ago(days - 3)}T10:30", **told}
        )
        why = {"reason_code": "transport", "reason": "The bus ran; the driver says nobody waited."}
        practitioner.record(
            at, "judge-absence", {"absence_id": newest, "result": "UNACCEPTABLE", **why, "judged_on": ago(days - 4)}
        )
    practitioner.follow("Back to the case")
    practitioner.follow("Enforcement")
    practitioner.sees("Ann Featherstonehaugh", "Triggered")
    practitioner.go(f"/case/{at}/enforcement?as_at={ago(27)}")
    practitioner.sees("You are not looking at now")
    practitioner.sees_no("Triggered")


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_case_is_replayed_to_the_day_before_its_order_and_the_banner_says_so(people: People, clerk: Clerk, way: Way):
    case, order = clerk.a_case()
    absence = {"absence_id": a_new_id(), "order_id": order, "appointment_kind": "UPW", "date": ago(9), "kind": "FTA"}
    clerk.give("practitioner", f"/offenders/{case}/record-absence", absence)
    practitioner = people.in_role("practitioner", way)
    practitioner.go(f"/case/offenders/{case}/enforcement")
    practitioner.sees("Failed to attend")
    practitioner.sees_no("You are not looking at now")
    practitioner.press(practitioner.page.locator("summary", has_text="Look at another day"), leads=False)
    practitioner.fill({"as_at": ago(10)})
    practitioner.send("Show")
    practitioner.sees("You are not looking at now", f"As at the end of {in_words(date.fromisoformat(ago(10)))}.")
    practitioner.sees_no("Failed to attend", "Record something")
    practitioner.follow("Timeline")
    practitioner.sees("You are not looking at now")  # whichever tab
    practitioner.follow("Back to now")
    practitioner.sees_no("You are not looking at now")
    practitioner.sees("Absence recorded")


def test_two_moments_of_a_case_stand_side_by_side(people: People, clerk: Clerk):
    case, order = clerk.a_case()
    time.sleep(1.1)  # the field knows seconds
    between = datetime.now(LONDON).strftime("%Y-%m-%dT%H:%M:%S")
    time.sleep(1.1)
    absence = {"absence_id": a_new_id(), "order_id": order, "appointment_kind": "UPW", "date": ago(9), "kind": "FTA"}
    clerk.give("practitioner", f"/offenders/{case}/record-absence", absence)
    practitioner = people.in_role("practitioner")
    practitioner.go(f"/case/offenders/{case}/compare")
    practitioner.fill({"known_at": between})
    practitioner.send("Compare")
    practitioner.sees("Absence recorded", "What stands otherwise", "No letter")
    practitioner.sees_no("Order made")  # known then and now
    practitioner.go(f"/case/offenders/{case}/compare")
    practitioner.fill({"known_at": datetime.now(LONDON).strftime("%Y-%m-%dT%H:%M:%S")})
    practitioner.send("Compare")
    practitioner.sees("No fact was added, put right, struck out or erased between.", "No status differs.")


def test_a_bundle_is_checked_on_a_page_and_a_spoiled_one_is_found_out(people: People, clerk: Clerk):
    case, _ = clerk.a_case()
    bundle = clerk.export("practitioner", case, "court")
    auditor = people.in_role("auditor")
    files = unpack(bundle)
    chain = next(name for name in files if name.startswith("entries/"))
    spoiled = pack({**files, chain: files[chain].replace(b"offender.", b"offendre.", 1)})
    for data, said, other in (
        (bundle, "The bundle holds", "The bundle does not hold"),
        (spoiled, "The bundle does not hold", "The bundle holds"),
    ):
        auditor.go("/audit/bundles")
        sent: Any = {"name": "case.zip", "mimeType": "application/zip", "buffer": data}
        auditor.page.locator("main input[type=file]").set_input_files(sent)
        auditor.send("Check it")
        auditor.sees(said, "Step by step")
        auditor.sees_no(other)


@pytest.mark.parametrize("way", SELDOM, ids=str)
def test_a_child_is_registered_reviewed_late_taken_off_and_erased(people: People, clerk: Clerk, way: Way):
    case, _ = clerk.a_case(sentenced=200)
    child, entry = a_new_id(), a_new_id()
    of_entry, registered = f"register-entries/{entry}", ago(150)
    practitioner, officer = people.in_role("practitioner", way), people.in_role("information-officer", way)
    named = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
    officer.record(f"children/{child}", "record-child", named)
    asked = {"offender_id": case, "ground": "REGISTER_CHILD", "on": registered}
    practitioner.record(of_entry, "submit-r7", asked)
    made = {"child_ids": child, "registered_on": registered, "copy_of_r7_filed": "yes", "roh_register_linked": "yes"}
    officer.record(of_entry, "enter-register", {"offender_id": case, "ground": "REGISTER_CHILD", **made})
    register = f"/case/offenders/{case}/register"
    due = add_months(date.fromisoformat(registered), 4)
    practitioner.go(register)
    practitioner.sees("Kit Invented", f"{in_words(due)}: missed")
    officer.record(of_entry, "receive-form-p", {"on": ago(2)})
    practitioner.record(of_entry, "review-register", {"on": ago(2), "outcome": "UNCHANGED"})
    removed = {"ground": "CHILD_REMOVED", "occurred_on": ago(1), "notified_on": ago(1)}
    practitioner.record(of_entry, "notify-deregistration", removed)
    officer.record(of_entry, "close-register-entry", {"ground": "CHILD_REMOVED", "closed_on": ago(0)})
    officer.record(f"children/{child}", "erase-child", {"erased_on": ago(0)})
    officer.go(register)
    erased = f"[child erased {date.fromisoformat(ago(0)):%d/%m/%Y}]"
    officer.sees("De-registration: 4 of 4", erased)
    officer.sees_no("Invented")
    officer.go(f"{register}?as_at={ago(20)}")
    officer.sees("You are not looking at now", erased)
    officer.sees_no("Invented")


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_a_rule_refuses_says_why_beside_what_was_filled_in_and_is_mended_there(
    people: People, clerk: Clerk, way: Way
):
    case, order = clerk.a_case()
    practitioner = people.in_role("practitioner", way)
    practitioner.go(f"/case/offenders/{case}")
    practitioner.follow("Record something")
    practitioner.follow("Record absence")
    later = ago(-30)
    practitioner.fill({"order_id": order, "appointment_kind": "UPW", "date": later, "kind": "FTA"})
    practitioner.send("Record")
    practitioner.sees("This was not recorded", "GEN-")
    assert practitioner.page.title().startswith("Error: ")
    assert practitioner.page.locator('[name="date"]').input_value() == later
    practitioner.fill({"date": ago(1)})
    practitioner.send("Record")
    practitioner.sees("Recorded and sealed")


@pytest.mark.parametrize("way, role", list(zip(WAYS, LEAVING, strict=True)), ids=str)
def test_after_signing_out_the_back_button_shows_nothing_of_a_case(people: People, clerk: Clerk, way: Way, role: str):
    case, _ = clerk.a_case()
    person = people.in_role(role, way)
    person.go(f"/case/offenders/{case}")
    person.sees("Featherstonehaugh")
    person.send("Sign out")
    person.sees("Sign in")
    person.page.go_back()
    person.sees_no("Featherstonehaugh")
    person.go(f"/case/offenders/{case}")
    assert person.page.url.endswith(f"/sign-in?to=/case/offenders/{case}")
