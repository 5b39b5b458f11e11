"""What leaves a case's pages as a file, in whose hands, and that it says what the page says."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.api.test_documents import SCAN, filed, put
from tests.api.test_forms import a_matter
from tests.api.test_letters import an_absence, issued, letter_for
from tests.doors import SURNAME, Door, days_ago
from tests.printing.paper import Paper
from tests.web.browsing import signed_in, text_of


def test_a_document_is_opened_from_its_page_and_never_shown_in_place(door: Door):
    case = door.new_case()
    doc = filed(door, case)
    assert put(door, f"{case.path}/documents/{doc}").status_code == 201
    browser = signed_in(door)
    page = browser.get(f"/case/offenders/{case.id}/documents")
    assert "Conference minute" in text_of(page)
    assert f'href="/case/offenders/{case.id}/documents/{doc}"' in page.text
    answer = browser.get(f"/case/offenders/{case.id}/documents/{doc}")
    assert answer.content == SCAN
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    read = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert f"document {doc}" in {each.get("view") for each in read}


def test_a_document_stays_shut_for_roles_that_its_marking_keeps_out(door: Door):
    case = door.new_case()
    doc = filed(door, case, "RESTRICTED")
    assert put(door, f"{case.path}/documents/{doc}").status_code == 201
    assert signed_in(door, "pso").get(f"/case/offenders/{case.id}/documents/{doc}").status_code == 403
    assert signed_in(door, "auditor").get(f"/case/offenders/{case.id}/documents/{doc}").status_code == 403
    assert 'href="/case/offenders/' + case.id + "/documents/" + doc not in (
        signed_in(door, "auditor").get(f"/case/offenders/{case.id}/documents").text
    )


def test_a_letter_opens_as_it_was_sent(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    browser = signed_in(door)
    assert (
        f'href="/case/offenders/{case.id}/letters/{fact}"' in browser.get(f"/case/offenders/{case.id}/documents").text
    )
    answer = browser.get(f"/case/offenders/{case.id}/letters/{fact}")
    assert answer.content == door.get(f"{case.path}/letters/{fact}.pdf").content
    assert signed_in(door, "inspector").get(f"/case/offenders/{case.id}/letters/{fact}").status_code == 403
    assert browser.get(f"/case/offenders/{case.id}/letters/{uuid4()}").status_code == 404


def test_the_printed_timeline_says_what_its_page_says_on_that_day(door: Door):
    case, _ = an_absence(door)
    browser, at = signed_in(door), f"/case/offenders/{case.id}/chronology"
    assert f'href="{at}/print"' in browser.get(at).text
    now, then = browser.get(f"{at}/print"), browser.get(f"{at}/print?as_at={days_ago(30)}")
    assert now.headers["content-type"] == then.headers["content-type"] == "application/pdf"
    assert "Absence recorded" in Paper(now.content).text
    assert SURNAME in Paper(now.content).text
    assert "Absence recorded" not in Paper(then.content).text
    assert browser.get(f"{at}/print?as_at=soon").status_code == 422


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_reads_states_and_dates_prints_those(door: Door, role: str):
    case, _ = an_absence(door)
    answer = signed_in(door, role).get(f"/case/offenders/{case.id}/chronology/print")
    assert answer.status_code == 200
    assert SURNAME not in Paper(answer.content).text


def test_what_was_never_recorded_is_not_printed(door: Door):
    assert signed_in(door).get(f"/case/offenders/{uuid4()}/chronology/print").status_code == 404
    assert signed_in(door, "police").get(f"/case/offenders/{uuid4()}/chronology/print").status_code == 403


def test_the_forms_of_a_matter_are_a_tab_of_it_and_print_from_there(door: Door):
    matter = a_matter(door)
    check = matter.check()
    browser, at = signed_in(door), f"/case/child-protection-matters/{matter.id}"
    assert f'href="{at}/forms"' in browser.get(at).text
    page = browser.get(f"{at}/forms")
    assert "Request for information" in text_of(page)
    link = f"{at}/forms/request-for-information?of={check}"
    assert f'href="{link}"' in page.text
    answer = browser.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.content == matter.form("request-for-information", of=check, format="pdf").content
    assert SURNAME in Paper(answer.content).text
    for role in ("inspector", "supervisor"):
        assert signed_in(door, role).get(link).status_code == 403
    assert browser.get(f"{at}/forms/cp1").status_code == 404
    earlier = browser.get(f"{at}/forms?as_at={days_ago(4)}")
    assert "Nothing is recorded yet that a form is filled from." in text_of(earlier)
