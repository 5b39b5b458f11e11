"""Every page there is, looked at in a real browser: WCAG 2.2 AA by axe, and no sideways scroll at 320 pixels.

A new page is in PAGES and so is here of itself: it is looked at in the first of LOOKING's roles that may see it.  What
stands in braces in an address is in FILLED; what a page shows only when asked for in a certain way is in MORE.
"""

from __future__ import annotations

import httpx
import pytest
from tests.journeys.browser.browsing import People, Person
from tests.journeys.process import Process
from tests.journeys.test_first_minutes import tokens_of

from ledger.api.web import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LOOKING = (
    *("practitioner", "information-officer", "senior-practitioner", "auditor", "supervisor", "chief-officer"),
    *("data-protection-officer", "administrator", "court-officer", "placement-coordinator"),
)
# Not pages: files, and what is gone through in signing in.
NO_PAGES = ("/assets/", "/sign-in/once/", "/sign-in/start", "/sign-in/back")
FILES = ("/print", "/{letter}", "/{doc_id}", "/forms/{form}")
AFTER_A_FORM = ("/audit/what-if/{number}",)  # nobody gets there by an address alone
FILLED = {"/audit/rules/{id}": "/audit/rules/ENF-04", "{collection}": "offenders", "{tab}": "enforcement"}
FILLED |= {"{name}": "breach", "{command}": "record-absence"}
# The role that is asked in, and the address, with {case} for somebody in breach.
MORE = (
    *(
        ("practitioner", f"/case/offenders/{{case}}/{tab}")
        for tab in ("progress", "register", "allocation", "oversight")  # templates and tables of their own
    ),
    ("practitioner", "/case/offenders/{case}/enforcement?explain=true"),
    ("practitioner", "/case/offenders/{case}/chronology?as_at=2026-01-31"),
    ("auditor", "/case/offenders/{case}/chronology"),
    ("practitioner", "/record/offenders/{case}/complete-risk-assessment"),  # every kind of field
    ("practitioner", "/lists/letters"),
    ("practitioner", "/lists/deregistration"),
    ("police", "/"),
)
MISSING = ("/lists/nothing", "/case/offenders/nobody", "/nowhere/at/all/here")


@pytest.fixture(scope="module")
def case(demonstration: Process) -> tuple[str, str]:
    """Somebody in breach, and the position of the newest fact of their case."""
    ask = {"Authorization": f"Bearer {tokens_of(demonstration)['practitioner']}"}
    with httpx.Client(base_url=demonstration.address, headers=ask, timeout=30) as program:
        id_ = str(program.get("/worklists/breach").json()["items"][0]["offender_id"])
        events = program.get(f"/offenders/{id_}/chronology").json()["events"]
    return id_, str(max(each["position"] for each in events))


def filled(path: str, case: tuple[str, str]) -> str:
    for name, value in {**FILLED, "{id}": case[0], "{position}": case[1]}.items():
        path = path.replace(name, value)
    assert "{" not in path, f"say in FILLED what stands in the braces of {path}"
    return path


def looking_at(people: People, path: str) -> Person | None:
    """Somebody who may see a page, looking at it; None where nobody is shown a page there."""
    for role in LOOKING:
        person = people.in_role(role)
        answer = person.page.request.get(path, headers={"Accept": "text/html"})
        if answer.status == 200:
            if not answer.headers["content-type"].startswith("text/html"):
                return None
            person.page.goto(path)
            return person
    raise AssertionError(f"none of {LOOKING} may see {path}: {answer.status}")


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, method, _ in PAGES
        if method == "GET" and not path.startswith(NO_PAGES) and not path.endswith(FILES) and path not in AFTER_A_FORM
    ],
)
def test_every_page_is_accessible_and_fits_a_narrow_window(people: People, case: tuple[str, str], path: str):
    person = looking_at(people, filled(path, case))
    if person is not None:
        person.is_whole()


@pytest.mark.parametrize("role, path", MORE)
def test_so_is_what_a_page_shows_when_it_is_asked_for(people: People, case: tuple[str, str], role: str, path: str):
    person = people.in_role(role)
    answer = person.page.goto(path.replace("{case}", case[0]))
    assert answer is not None
    assert answer.status == 200
    person.is_whole()


def test_so_are_the_pages_of_a_child_protection_matter_and_of_a_case_review(people: People, demonstration: Process):
    ask = {"Authorization": f"Bearer {tokens_of(demonstration)['practitioner']}"}
    with httpx.Client(base_url=demonstration.address, headers=ask, timeout=30) as program:
        owed = program.get("/worklists/child-protection").json()["items"]
        matter = next(each["matter_id"] for each in owed if each["matter_id"])
        review = program.get("/worklists/holds").json()["items"][0]["review_id"]
    review = f"/case/case-reviews/{review}"
    of_matter = f"/case/child-protection-matters/{matter}"
    for path in (of_matter, f"{of_matter}/forms", review, f"{review}/chronology", f"{review}/who-knew"):
        person = people.in_role("practitioner")
        answer = person.page.goto(path)
        assert answer is not None
        assert answer.status == 200
        person.is_whole()


@pytest.mark.parametrize("path", MISSING)
def test_so_is_the_page_of_what_is_not_there(people: People, path: str):
    person = people.in_role("practitioner")
    answer = person.page.goto(path)
    assert answer is not None
    assert answer.status == 404
    person.is_whole()


def test_so_is_the_way_in(people: People):
    stranger = people.stranger()
    stranger.page.goto("/")
    stranger.is_whole()
    stranger.sees("Sign in")
