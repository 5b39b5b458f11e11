"""The register: entries with what is still owed, notebooks that lead both ways, the screens with their numbers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.doors import TODAY, Door, days_ago
from tests.erasing.family import ERASED, Family
from tests.web.browsing import signed_in, text_of

OFFICER = "information-officer"


def noted(home: Family, child: str) -> None:
    number = home.seen(f"/children/{child}/child")["client_id"]
    told = {"entry_no": 1, "heading": "CHILDREN ON CP REGISTER", "about_client_id": number}
    told |= {"entered_on": days_ago(20), "child_text": home.word(child), "text": "see the child"}
    home.give(home.case.to, "MakeNotebookEntry", told, OFFICER)


def test_a_de_registration_says_how_many_of_four_are_done_what_is_owed_and_since_when(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    browser = signed_in(door, OFFICER)
    at = f"/case/offenders/{home.case.id}/register"
    assert "De-registration" not in text_of(browser.get(at))
    home.leaves(entry)
    for page in (at, f"/case/register-entries/{entry}"):
        said = text_of(browser.get(page))
        assert "De-registration: 2 of 4" in said
        assert "The children’s client details are destroyed: Still owed" in said
        assert "The notebook has its line, in the set words: Still owed" in said
        assert "The register entry is closed: Done" in said
        assert "from tomorrow on it is a possible breach of data protection" in said
    home.erase(kit)
    said = text_of(browser.get(at))
    assert "De-registration: 4 of 4" in said
    assert "Still owed" not in said


def test_every_day_after_its_ground_a_de_registration_is_said_to_be_late(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    told = {"ground": "CHILD_REMOVED", "occurred_on": days_ago(2), "notified_on": days_ago(0)}
    home.give(f"register-entry/{entry}", "NotifyDeregistration", told, "practitioner")
    said = text_of(signed_in(door, OFFICER).get(f"/case/register-entries/{entry}"))
    assert "De-registration: 0 of 4" in said
    assert "2 days late" in said


def test_a_line_of_the_notebook_leads_to_the_child_and_the_childs_page_back(door: Door):
    home = Family(door)
    kit = home.child()
    home.entered([kit])
    noted(home, kit)
    browser = signed_in(door, OFFICER)
    register = browser.get(f"/case/offenders/{home.case.id}/register")
    assert f'href="/case/children/{kit}#notebook"' in register.text
    child = browser.get(f"/case/children/{kit}")
    assert f'href="/case/offenders/{home.case.id}/register#notebook"' in child.text
    assert 'id="notebook"' in register.text
    assert 'id="notebook"' in child.text
    then = browser.get(f"/case/children/{kit}?as_at={days_ago(10)}")
    assert f'href="/case/offenders/{home.case.id}/register?as_at={days_ago(10)}#notebook"' in then.text


def test_the_screens_show_their_field_numbers_and_the_flag_with_its_day(door: Door):
    home = Family(door)
    kit = home.child()
    home.entered([kit], day=30)
    browser = signed_in(door, OFFICER)
    said = text_of(browser.get(f"/case/offenders/{home.case.id}/client-details"))
    for words in ("01 Client ID 0710890", "12 History/Warnings etc.", "20 C.A.R. in Hsehd Y", "12 Violent Not held"):
        assert words in said
    assert "Warnings: lit" in said
    assert "19 Child At Risk Y" in text_of(browser.get(f"/case/children/{kit}/client-details"))
    assert "Field 20 of History/Warnings" in text_of(browser.get(f"/case/offenders/{home.case.id}/register"))


def test_pages_of_an_erased_child_name_nobody(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    noted(home, kit)
    home.leaves(entry)
    home.erase(kit)
    browser = signed_in(door, OFFICER)
    for page in (
        f"/case/offenders/{home.case.id}/register",
        f"/case/register-entries/{entry}",
        f"/case/children/{kit}",
        f"/case/children/{kit}/client-details",
    ):
        answer = browser.get(page)
        assert answer.status_code == 200, page
        assert all(word not in answer.text for word in home.words[kit]), page
        assert ERASED in text_of(answer) or "were destroyed" in text_of(answer), page


def test_who_may_not_read_of_a_person_reads_no_entry_and_no_child_of_theirs(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    rule = {"user_id": door.actor(OFFICER).id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(home.case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    browser = signed_in(door, OFFICER)
    for page in (f"/case/register-entries/{entry}", f"/case/children/{kit}", f"/case/children/{kit}/client-details"):
        answer = browser.get(page)
        assert answer.status_code == 403, page
        assert all(word not in answer.text for word in home.words[kit]), page


def test_lists_about_entries_lead_to_the_entrys_page(door: Door):
    home = Family(door)
    entry = home.entered([home.child()], day=200)
    door.run(door.ledger.follower.catch_up())
    browser = signed_in(door, OFFICER)
    assert (
        f'href="/case/register-entries/{entry}"' in browser.get(f"/lists/register-reviews?person={home.case.id}").text
    )
    assert "Next review" in text_of(browser.get(f"/case/register-entries/{entry}"))
    assert ": missed" in text_of(browser.get(f"/case/register-entries/{entry}"))


def test_an_entry_that_is_only_asked_for_has_a_page(door: Door):
    home, entry = Family(door), str(uuid4())
    told = {"offender_id": home.case.id, "ground": "CONCERN", "on": days_ago(3)}
    home.give(f"register-entry/{entry}", "SubmitR7", told, "practitioner")
    assert "not made yet" in text_of(signed_in(door, OFFICER).get(f"/case/register-entries/{entry}"))


def test_the_monthly_list_has_two_parts_with_names_and_says_how_its_report_stands(door: Door):
    home, alone = Family(door), Family(door)
    entry = home.entered([home.child()], day=200)
    concern, offender = str(uuid4()), alone.case.id
    told = {"offender_id": offender, "ground": "CONCERN", "on": days_ago(3)}
    alone.give(f"register-entry/{concern}", "SubmitR7", told, "practitioner")
    made: dict[str, Any] = {"offender_id": offender, "child_ids": [], "ground": "CONCERN", "registered_on": days_ago(3)}
    made |= {"copy_of_r7_filed": True, "roh_register_linked": False}
    alone.give(f"register-entry/{concern}", "EnterRegister", made, OFFICER)
    door.run(door.ledger.follower.catch_up())
    browser = signed_in(door, OFFICER)
    page = browser.get(f"/lists/monthly-report?person={home.case.id}")
    first, _, second = text_of(page).partition("Part 2: on a concern alone")
    assert "Ann Featherstonehaugh 0710890" in first
    assert "days overdue" in first
    assert "Nobody." in second
    assert f'href="/case/register-entries/{entry}"' in page.text
    other = text_of(browser.get(f"/lists/monthly-report?person={offender}"))
    assert "Featherstonehaugh" in other.partition("Part 2: on a concern alone")[2]
    month = f"{TODAY:%Y-%m}"
    assert f"/record/register-reports/{month}/issue-monthly-report" in page.text
    assert "is not issued yet; it " in text_of(page)
    assert browser.get(f"/record/register-reports/{month}/issue-monthly-report").status_code == 200
    issued = {"issued_on": days_ago(0), "recipients": ["A. Manager"]}
    door.give(f"register-report/{month}", "IssueMonthlyReport", issued, OFFICER, key=uuid4())
    page = browser.get("/lists/monthly-report")
    assert "no risk manager has confirmed it yet" in text_of(page)
    assert browser.get(f"/case/register-reports/{month}").status_code == 200
    printing = f"/case/register-reports/{month}/forms/monthly-report"
    assert f'href="{printing}"' in page.text
    assert f'href="{printing}"' in browser.get(f"/case/register-reports/{month}/forms").text
    assert browser.get(printing).headers["content-type"] == "application/pdf"
    assert printing not in signed_in(door, "auditor").get("/lists/monthly-report").text
    assert "confirm-register-list" in signed_in(door, "risk-manager").get("/lists/monthly-report").text
    assert "Featherstonehaugh" not in signed_in(door, "auditor").get("/lists/monthly-report").text
