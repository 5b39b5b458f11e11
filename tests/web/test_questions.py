"""No page but that of a trail asks the databases more than ten questions, counted at their connections."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from bench.pages import LEFT_OUT, PRINTED, ROLES, Counting, Questions, addresses
from tests.doors import Case, Door
from tests.web.browsing import HERE, Browser, signed_in

from ledger.api.web import PAGES

MOST = 10
# A trail reads the case as somebody was shown it, as it was decided on and as it is now, and asks each time who may
# read it: more than ten, which is still to be mended.  It does not grow with the case.
OF_A_TRAIL = 16


@pytest.fixture(scope="module")
def case(door: Door) -> Case:
    """A case that was worked on, with values that are opened."""
    made = door.new_case()
    for days in range(50, 20, -2):
        absence = made.absence(days, note="overslept")
        door.give(made.to, "RecordAbsence", absence, "supervisor", key=uuid4())
    door.run(door.ledger.follower.catch_up())
    return made


@pytest.fixture(scope="module")
def browsers(door: Door, case: Case) -> dict[str, Browser]:
    found = {role: signed_in(door, role) for role in ROLES}
    found["practitioner"].get(f"/case/offenders/{door.new_case().id}")  # what a process reads once, it has read
    return found


def asked(door: Door, browser: Browser, path: str) -> tuple[int, Questions]:
    """(status, what it asked), of a case that nobody has looked at since this process began."""

    async def ask() -> int:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        answer = await door.client.get(HERE + path, headers={"Accept": "text/html", "Cookie": cookies})
        return answer.status_code

    with Counting() as counting:
        return door.run(counting.of(door.ledger, ask))


def test_the_pages_that_are_asked_for_are_nearly_all_there_are(case: Case):
    patterns = {path for path, _ in addresses(case.id)}
    left_out = {path for path, _, _ in PAGES if path.startswith(LEFT_OUT) or path.endswith(PRINTED)}
    there = {path for path, method, _ in PAGES if method == "GET"} - left_out
    assert patterns <= there
    assert all(len(set(re.findall("{.*?}", path))) > 1 for path in there - patterns)  # a letter, a document of a case


def test_no_page_but_that_of_a_trail_asks_more_than_ten_questions(door: Door, case: Case, browsers: dict[str, Browser]):
    too_many: dict[str, list[str]] = {}
    for _, path in addresses(case.id):
        role = next(each for each in ROLES if browsers[each].get(path).status_code != 403)
        door.ledger.cases.forget(f"offender-{case.id}")
        status, questions = asked(door, browsers[role], path)
        assert status == 200, (path, status)
        if questions.count > (OF_A_TRAIL if "/decisions/" in path else MOST):
            too_many[path] = [*questions.statements, f"{questions.transactions} transactions"]
    assert not too_many


def test_what_is_counted_is_what_is_asked(door: Door, case: Case, browsers: dict[str, Browser]):
    status, questions = asked(door, browsers["practitioner"], f"/receipts/{door.size}")
    assert (status, questions.statements, questions.transactions) == (200, ["range"], 0)
    status, questions = asked(door, browsers["practitioner"], f"/case/offenders/{case.id}/enforcement")
    assert status == 200
    assert questions.statements.count("newest") == 1  # of the page's parts together
    assert "boxes" in questions.statements
    assert questions.transactions > 0


def test_nor_does_a_fact_of_a_case_that_nobody_has_looked_at(door: Door):
    case = door.new_case()
    given = door.give(case.to, "RecordAbsence", case.absence(), "supervisor", key=uuid4()).body
    browser = signed_in(door)
    status, questions = asked(door, browser, f"/audit/facts/{given['events'][0]['position']}")
    assert status == 200
    assert questions.count <= MOST
