"""Searching by page: as the old screen had it, on record, and nothing of it in an address."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from tests.api.test_searching import child, offender, ready, word
from tests.doors import Door
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates.roles import ROLES
from ledger.application.searching import SEARCHERS


def searched(browser: Browser, **asked: str) -> httpx.Response:
    ready(browser.door)
    return browser.post("/search", read(browser.get("/search")).hidden | asked)


def test_somebody_is_found_by_a_name_and_the_row_leads_to_the_case(door: Door):
    surname = word()
    case = offender(door, surname, "Ann Marie")
    browser = signed_in(door)
    for asked in (surname, f"{surname[:8]}*", f"{surname[:8]}@"):
        answer = searched(browser, surname=asked, forenames="")
        said = text_of(answer)
        assert answer.status_code == 200, said
        assert f"0710890 {surname} Ann Marie 1 February 1990 RA-N" in said
        assert "risk of serious harm not assessed high" in said
        assert f'href="/case/offenders/{case.id}"' in answer.text
        assert browser.get(f"/case/offenders/{case.id}").status_code == 200


def test_the_columns_carry_the_numbers_of_the_old_screen(door: Door):
    surname = word()
    offender(door, surname)
    said = text_of(searched(signed_in(door), surname=surname))
    assert "01 Client id 02 Surname 03 Forenames 05 Date of birth 12 Warnings" in said


def test_a_child_is_found_by_those_who_may_read_of_children_and_leads_to_the_childs_page(door: Door):
    surname = word()
    kit = child(door, surname)
    shown = searched(signed_in(door, "information-officer"), surname=surname)
    assert f'href="/case/children/{kit}"' in shown.text
    assert "(child)" in text_of(shown)
    assert "Nobody was found" in text_of(searched(signed_in(door, "supervisor"), surname=surname))


def test_nothing_that_is_looked_for_stands_in_an_address(door: Door):
    surname = word()
    offender(door, surname)
    browser = signed_in(door)
    answer = searched(browser, surname=surname)
    addresses = [str(given[name]) for _, given in read(answer).tags for name in ("href", "action") if name in given]
    assert addresses
    assert not [each for each in addresses if surname in each]
    assert surname not in browser.get(f"/search?surname={surname}").text


def test_a_search_is_on_record_before_it_is_shown(door: Door):
    surname = word()
    case = offender(door, surname)
    searched(signed_in(door), surname=surname)
    shown = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert [each["view"] for each in shown].count("search") == 1


def test_who_may_not_read_a_case_finds_a_row_without_a_name(door: Door):
    surname = word()
    case = offender(door, surname)
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    said = searched(signed_in(door), surname=surname)
    assert "Somebody whose case you may not read" in text_of(said)
    assert case.id not in said.text
    assert "Ann" not in text_of(said)


def test_a_list_longer_than_a_page_goes_on_by_a_form(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.api.web.search.ROWS", 2)
    surname = word()
    for name in ("Ann", "Bea", "Cat"):
        offender(door, surname, name)
    browser = signed_in(door)
    first = searched(browser, surname=surname)
    assert "2 and more found" in text_of(first)
    last = browser.post("/search", read(first).hidden)
    assert "1 found" in text_of(last)
    assert "Cat" in text_of(last)


@pytest.mark.parametrize(
    "asked, field",
    [
        ({}, "surname"),
        ({"client_id": "12"}, "client_id"),
        ({"surname": "J*"}, "surname"),
        ({"date_of_birth": "1990-02-31"}, "date_of_birth"),
    ],
)
def test_what_cannot_be_looked_for_is_said_beside_its_field_and_nothing_is_lost(
    door: Door, asked: dict[str, str], field: str
):
    answer = searched(signed_in(door), forenames="Ann", **asked)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "Nobody was looked for" in text_of(answer)
    assert 'value="Ann"' in answer.text


def test_markup_that_is_looked_for_is_text(door: Door):
    answer = searched(signed_in(door), surname="<img src=x>*", crn="<script>")
    assert "<img" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_the_form_of_another_session_finds_nobody(door: Door):
    strange = read(signed_in(door).get("/search")).hidden
    assert signed_in(door).post("/search", strange | {"surname": "Jones"}).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_offered_the_search_if_it_may_search(door: Door, role: str):
    browser = signed_in(door, role)
    assert ('href="/search"' in browser.get("/").text) == (role in SEARCHERS)
    assert browser.get("/search").status_code == (200 if role in SEARCHERS else 403)
    form = {"form": str(uuid4()), "surname": "Jones"}
    assert browser.post("/search", form).status_code == 403
