"""No page asks the databases more than ten questions, counted at their connections: every page of the route table, at
this moment and as known before, with many people on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from bench.pages import LEFT_OUT, ROLES, Counting, Questions, addresses
from tests.api.test_documents import filed, put
from tests.api.test_forms import CP1, Matter, a_matter
from tests.api.test_letters import an_absence, issued, letter_for
from tests.api.test_session_sheet import SITE, Park
from tests.doors import Case, Door, days_ago
from tests.erasing.family import Family
from tests.web.browsing import HERE, Browser, read, signed_in

from ledger.api.web import PAGES

MOST = 10
PEOPLE = 12  # on the project day; six children on the register


@dataclass
class Made:
    """A case that was worked on, with values that are opened, six children on the register, a letter and a document;
    and a placement where many work."""

    door: Door
    case: Case
    entry: str
    child: str
    letter: str
    doc: str
    park: Park
    decisions: list[int]
    matter: Matter

    def addresses(self) -> Iterator[tuple[str, str]]:
        """(a page's pattern, an address of it): each page there is, and those that look different by what is asked."""
        yield from addresses(self.case.id, self.decisions[0])
        at, then = f"/case/offenders/{self.case.id}", f"known_at={days_ago(0)}T00:00:00Z"
        for position in self.decisions[1:]:
            yield "/case/{collection}/{id}/decisions/{position}", f"{at}/decisions/{position}"
        for tab in ("chronology", "enforcement", "register", "people", "documents"):
            yield "/case/{collection}/{id}/{tab}", f"{at}/{tab}?as_at={days_ago(1)}&known_at=2100-01-01T00:00:00Z"
        yield "/case/{collection}/{id}/compare", f"{at}/compare?{then}"
        yield "/case/{collection}/{id}/compare", f"{at}/compare?{then}&with=2100-01-01T00:00:00Z&as_at={days_ago(1)}"
        yield "/case/{collection}/{id}", f"/case/children/{self.child}"
        yield "/case/{collection}/{id}", f"/case/register-entries/{self.entry}"
        yield "/case/{collection}/{id}", f"/case/placements/{self.park.id}"
        yield "/case/offenders/{id}/letters/{letter}", f"{at}/letters/{self.letter}"
        yield "/case/{collection}/{id}/documents/{doc_id}", f"{at}/documents/{self.doc}"
        yield "/case/offenders/{id}/chronology/print", f"{at}/chronology/print"
        matter = f"/case/child-protection-matters/{self.matter.id}"
        yield "/case/{collection}/{id}/{tab}", f"{matter}/forms"
        for form in ("request-for-information", "cp1"):
            yield "/case/{collection}/{id}/forms/{form}", f"{matter}/forms/{form}"
        for position in self.decisions:
            yield "/case/{collection}/{id}/decisions/{position}/print", f"{at}/decisions/{position}/print"
        yield "/attendance", f"/attendance?placement={self.park.id}&day={days_ago(-3)}"
        for name in ("letters", "late-recording", "monthly-report", "register-reviews"):
            yield "/lists/{name}", f"/lists/{name}?unit=North&due=overdue"
        yield "/", f"/?person={self.case.id}"


@pytest.fixture(scope="module")
def made(door: Door) -> Made:
    home = Family(door)
    case = home.case
    before = door.size
    for days in range(50, 20, -2):
        door.give(case.to, "RecordAbsence", case.absence(days, note="overslept"), "supervisor", key=uuid4())
    children = [home.child() for _ in range(6)]
    entry = home.entered(children)
    home.amended(entry, children[0])
    _, absence = an_absence(door, case)
    letter = issued(door, case, letter_for(absence))
    doc = filed(door, case)
    assert put(door, f"{case.path}/documents/{doc}").status_code == 201
    park = Park(door, str(uuid4()))
    door.give(f"placement/{park.id}", "OpenPlacement", SITE, "placement-coordinator", key=uuid4())
    for number in range(PEOPLE):
        park.session(park.person(f"Person {number}"), days_ago(-3))
    park.session(case)
    matter = a_matter(door)
    matter.check()
    matter.give("SendCp1", CP1)
    door.run(door.ledger.follower.catch_up())
    items = door.get(f"{case.path}/decisions").json()["items"]
    by_type = {each["type"]: each["position"] for each in items if each["position"] > before}
    assert len(by_type) >= 4
    return Made(door, case, entry, children[0], letter, doc, park, [*by_type.values()], matter)


@pytest.fixture(scope="module")
def browsers(door: Door, made: Made) -> dict[str, Browser]:
    found = {role: signed_in(door, role) for role in ROLES}
    found["practitioner"].get(f"/case/offenders/{door.new_case().id}")  # what a process reads once, it has read
    return found


def forget(made: Made) -> None:
    """Nobody has looked at any of these cases since this process began."""
    made.door.ledger.cases.close()


def asked(
    door: Door, browser: Browser, path: str, method: str = "GET", data: dict[str, str] | None = None
) -> tuple[int, Questions]:
    """(status, what it asked)."""

    async def ask() -> int:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        headers = {"Accept": "text/html", "Cookie": cookies}
        return (await door.client.request(method, HERE + path, headers=headers, data=data)).status_code

    with Counting() as counting:
        return door.run(counting.of(door.ledger, ask))


def test_the_pages_that_are_asked_for_are_all_there_are(made: Made):
    patterns = {path for path, _ in made.addresses()}
    assert patterns == {path for path, method, _ in PAGES if method == "GET" and not path.startswith(LEFT_OUT)}


def test_no_page_asks_more_than_ten_questions(door: Door, made: Made, browsers: dict[str, Browser]):
    too_many: dict[str, list[str]] = {}
    for _, path in made.addresses():
        role = next((each for each in ROLES if browsers[each].get(path).status_code not in (403, 404)), ROLES[0])
        forget(made)
        status, questions = asked(door, browsers[role], path)
        assert status == 200, (path, status)
        if questions.count > MOST:
            too_many[path] = [*questions.statements, f"{questions.transactions} transactions"]
    assert not too_many, "\n".join(f"{at}: {each}" for at, each in too_many.items())


def token_of(answer: httpx.Response) -> str:
    """The field that makes the last form of a page ours."""
    return [str(given.get("value")) for _, given in read(answer).tags if given.get("name") == "form"][-1]


def test_nor_does_an_answer_to_a_form_that_asks(door: Door, made: Made, browsers: dict[str, Browser]):
    browser = browsers["practitioner"]
    form = {"form": token_of(browser.get("/search")), "surname": "Any*"}
    forget(made)
    status, questions = asked(door, browser, "/search", "POST", form)
    assert status == 200
    assert questions.count <= MOST, questions


def test_a_project_day_asks_no_more_for_each_of_thirteen_people_than_for_one(
    door: Door, made: Made, browsers: dict[str, Browser]
):
    alone = Park(door, str(uuid4()))
    door.give(f"placement/{alone.id}", "OpenPlacement", SITE, "placement-coordinator", key=uuid4())
    alone.session(alone.person("Alone"))
    counts: list[int] = []
    for park in (alone, made.park):
        forget(made)
        _, questions = asked(door, browsers["supervisor"], f"/attendance?placement={park.id}&day={days_ago(-3)}")
        counts.append(questions.count)
    assert counts[1] <= counts[0] + 1 <= MOST


def test_what_is_counted_is_what_is_asked(door: Door, made: Made, browsers: dict[str, Browser]):
    status, questions = asked(door, browsers["practitioner"], f"/receipts/{door.size}")
    assert (status, questions.statements, questions.transactions) == (200, ["range"], 0)
    forget(made)
    status, questions = asked(door, browsers["practitioner"], f"/case/offenders/{made.case.id}/enforcement")
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


def test_the_pages_left_out_show_nothing_of_the_ledger():
    assert {path for path, _, _ in PAGES if path.startswith(LEFT_OUT)} == {
        *("/sign-in/start", "/sign-in/back", "/sign-in/once/{secret}", "/sign-in/role"),
        *("/audit/what-if/{number}", "/assets/{name:path}"),
    }
    assert not any(re.search("case|lists", each) for each in LEFT_OUT)
