"""Home and the lists: what is due this week, whose lists come first, and filters that stand in the address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from tests.doors import TODAY, Case, Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates.roles import ROLES
from ledger.api.filters import STATES, Filters, between, week_of
from ledger.api.web.home import FIRST
from ledger.api.web.week import week
from ledger.api.web.words import is_id
from ledger.projections import WORKLISTS
from ledger.reading import a_day

SUNDAY = date(2026, 11, 22)


@pytest.fixture
def late(door: Door) -> Case:
    """Somebody with an absence without a letter, whose appointment and assessments are overdue."""
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(20), "practitioner")
    door.run(door.ledger.follower.catch_up())
    return case


def cases_on(browser: Browser, path: str) -> set[str]:
    """The ids of the cases that a list's page shows."""
    answer = browser.get(path)
    assert answer.status_code == 200, text_of(answer)
    links = [str(given["href"]) for tag, given in read(answer).tags if tag == "a" and "href" in given]
    return {link.split("/")[3].partition("?")[0] for link in links if link.startswith("/case/")}


def count_on(browser: Browser, name: str, query: str = "") -> int:
    """How many of a list home counts."""
    page = browser.get(f"/?{query}")
    row = page.text.partition(f'href="/lists/{name}{f"?{query}" if query else ""}"')[2]
    return int(row.partition('numeric">')[2].partition("<")[0])


def readings(door: Door, case: Case) -> list[dict[str, Any]]:
    return door.get(f"{case.path}/readings", "auditor").json()["items"]


def test_the_week_of_any_day_is_from_monday_to_sunday():
    for days in range(14):
        monday, sunday = week_of(SUNDAY + timedelta(days=days))
        assert (monday.weekday(), sunday.weekday(), (sunday - monday).days) == (0, 6, 6)
        assert monday <= SUNDAY + timedelta(days=days) <= sunday


def test_overdue_this_week_and_later_share_out_every_day_but_the_unknown_one():
    for today in (SUNDAY, SUNDAY + timedelta(days=1), SUNDAY + timedelta(days=3)):
        spans = [between(due, today) for due in ("overdue", "this-week", "later")]
        for days in range(-20, 20):
            day = today + timedelta(days=days)
            assert sum(since <= day <= until for since, until in spans) == 1, day
        assert not any(since <= date.min <= until for since, until in spans)
        assert spans[0][1] < today <= spans[1][0]


def test_the_calendar_puts_each_day_under_its_name_and_says_what_is_overdue():
    wednesday = date(2026, 11, 18)
    counted = [
        ("progress", date.min, 9),
        ("progress", date(2026, 10, 1), 2),
        ("progress", date(2026, 11, 16), 3),
        ("assessments", wednesday, 1),
        ("assessments", SUNDAY, 4),
    ]
    found = week(counted, wednesday, Filters(unit="North", due="later"))
    assert [(each.weekday, each.says) for each in found.days][::6] == [
        ("Monday", "16 November"),
        ("Sunday", "22 November"),
    ]
    assert [each.when for each in found.days] == ["past", "past", "today", *["to-come"] * 4]
    assert [(each.name, each.count) for each in found.overdue] == [("progress", 5)]
    assert found.overdue_count == 5
    assert found.count == 8
    assert found.overdue[0].at == "/lists/progress?unit=North&due=overdue"
    assert found.days[0].items[0].at == "/lists/progress?unit=North&due=2026-11-16"


@pytest.mark.parametrize("role", sorted(FIRST))
def test_the_lists_of_a_role_come_first_and_none_is_left_out(door: Door, late: Case, role: str):
    del late
    text = signed_in(door, role).get("/").text
    shown = sorted(WORKLISTS, key=lambda name: text.find(f'<a class="govuk-link" href="/lists/{name}">'))
    assert all(f'<a class="govuk-link" href="/lists/{name}">' in text for name in WORKLISTS)
    assert tuple(shown[: len(FIRST[role])]) == FIRST[role]


def test_the_lists_that_come_first_are_lists_and_theirs_are_roles():
    assert set(FIRST) <= set(ROLES)
    assert {name for names in FIRST.values() for name in names} <= set(WORKLISTS)
    assert set(STATES) <= set(WORKLISTS)


def test_home_says_in_words_what_is_overdue_and_leads_to_it(door: Door, late: Case):
    browser = signed_in(door)
    page = browser.get(f"/?person={late.id}")
    said = text_of(page)
    assert "Overdue: " in said
    assert "First appointments: 1 overdue" in said
    at = f"/lists/first-appointments?person={late.id}&amp;due=overdue"
    assert at in page.text
    assert cases_on(browser, at.replace("&amp;", "&")) == {late.id}


def test_what_one_person_has_waiting_is_counted_and_listed_alone(door: Door, late: Case):
    other = door.new_case()
    door.post(f"{other.path}/record-absence", other.absence(20), "practitioner")
    door.run(door.ledger.follower.catch_up())
    browser = signed_in(door)
    assert {late.id, other.id} <= cases_on(browser, "/lists/letters")
    assert cases_on(browser, f"/lists/letters?person={late.id}") == {late.id}
    assert cases_on(browser, f"/lists/letters?person={late.id}&known_at={days_ago(-1)}T00:00") == {late.id}
    assert count_on(browser, "letters", f"person={late.id}") == 1
    assert count_on(browser, "letters", f"person={uuid4()}") == 0
    assert f'href="/?person={late.id}"' in browser.get(f"/case/offenders/{late.id}").text


def test_filters_of_a_list_stand_in_its_address_and_go_along(door: Door, late: Case, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.api.web.lists.ROWS", 1)
    door.post(f"{late.path}/record-absence", late.absence(15), "practitioner")
    door.run(door.ledger.follower.catch_up())
    query = f"person={late.id}&state=no-letter"
    browser = signed_in(door)
    first = browser.get(f"/lists/letters?{query}")
    more = next(str(g["href"]) for tag, g in read(first).tags if tag == "a" and "cursor=" in str(g.get("href", "")))
    assert query in more
    assert cases_on(browser, more) == {late.id}
    assert "More" not in text_of(browser.get(more))
    assert f'href="/?{query.replace("&", "&amp;")}"' in first.text  # back home
    selected = [given["value"] for tag, given in read(first).tags if tag == "option" and "selected" in given]
    assert selected == ["no-letter"]


@pytest.mark.parametrize("known", ["", f"&known_at={days_ago(-1)}T00:00"])
def test_a_state_leaves_the_rows_that_stand_so_read_from_the_table_or_folded(door: Door, late: Case, known: str):
    browser = signed_in(door)
    assert cases_on(browser, f"/lists/letters?person={late.id}&state=no-letter{known}") == {late.id}
    assert cases_on(browser, f"/lists/letters?person={late.id}&state=awaiting-evidence{known}") == set()
    assert cases_on(browser, f"/lists/assessments?person={late.id}&due=overdue{known}") == {late.id}
    assert cases_on(browser, f"/lists/assessments?person={late.id}&due=later{known}") == set()


def test_the_rows_of_each_due_state_are_those_of_the_list_and_no_row_is_in_two(door: Door, late: Case):
    del late
    for name, worklist in WORKLISTS.items():
        whole = door.run(door.ledger.worklist(name, most=1000)).items
        parts = [
            door.run(door.ledger.worklist(name, only=Filters(due=due).only(TODAY, worklist), most=1000)).items
            for due in ("overdue", "this-week", "later")
        ]
        if worklist.due:
            dated = [row for row in whole if row[worklist.rank] is not None]
            assert [row for part in parts for row in part] == dated, name
            assert all(a_day(str(row[worklist.rank])) < TODAY for row in parts[0]), name
        else:
            assert parts == [whole] * 3, name


@pytest.mark.parametrize(
    "name, query, some",
    [
        ("letters", {"state": "no-letter"}, True),
        ("letters", {"state": "awaiting-evidence"}, False),
        ("assessments", {"due": "overdue"}, True),
        ("assessments", {"due": "later"}, False),
        ("assessments", {"due": "overdue", "unit": "Nowhere"}, False),
    ],
)
def test_json_takes_the_filters_of_the_page_and_answers_its_rows(
    door: Door, late: Case, name: str, query: dict[str, str], some: bool
):
    asked = {**query, "person": late.id}
    rows = door.get(f"/worklists/{name}", **asked).json()["items"]
    assert {row["offender_id"] for row in rows} == ({late.id} if some else set())
    assert cases_on(signed_in(door), f"/lists/{name}?{urlencode(asked)}") == {row["offender_id"] for row in rows}


@pytest.mark.parametrize("query", [{"due": "soon"}, {"state": "lost"}, {"person": "Smith"}, {"unit": "\x00"}], ids=str)
def test_json_refuses_a_filter_that_is_none_as_the_page_does(door: Door, query: dict[str, str]):
    assert door.get("/worklists/letters", **query).status_code == 422
    assert signed_in(door).get(f"/lists/letters?{urlencode(query)}").status_code == 422


def test_a_filter_of_a_unit_holds_on_home_and_on_the_list(door: Door, late: Case):
    browser = signed_in(door)
    assert late.id not in cases_on(browser, "/lists/letters?unit=Nowhere")
    assert count_on(browser, "letters", "unit=Nowhere") == 0


@pytest.mark.parametrize("query", ["person=Ann", "person=1", "due=soon", "due=2026-02-30", "state=asleep", "unit=%00"])
@pytest.mark.parametrize("path", ["/", "/lists/letters"])
def test_a_filter_that_is_none_is_refused_politely(door: Door, path: str, query: str):
    answer = signed_in(door).get(f"{path}?{query}")
    assert answer.status_code == 422
    assert "Back to your lists" in text_of(answer)


def test_whether_anything_waits_for_a_person_is_told_to_nobody_who_may_not_read_the_case(door: Door, late: Case):
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(late.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    browser = signed_in(door)
    for path in ("/", "/lists/letters", "/lists/breach"):
        answer = browser.get(f"{path}?person={late.id}")
        assert answer.status_code == 403, path
        assert "Ask the duty manager." in text_of(answer)
    refused = door.get("/access/refusals", "auditor").json()["items"]
    assert sum(each["command_name"] == "ReadCase" and late.id in str(each) for each in refused) == 3


def test_an_id_that_is_no_persons_finds_nothing_that_waits_for_one(door: Door, late: Case):
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(late.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    browser = signed_in(door)
    for name in ("letters", "first-appointments", "assessments"):
        rows = door.run(door.ledger.worklist(name, most=1000)).items
        named = {str(value) for row in rows if row["offender_id"] == late.id for value in row.values()}
        for each in (each for each in named if is_id(each) and each != late.id):
            assert count_on(browser, name, f"person={each}") == 0, name
            for known in ("", f"&known_at={days_ago(-1)}T00:00"):
                said = text_of(browser.get(f"/lists/{name}?person={each}{known}"))
                assert "limited access" not in said.lower(), (name, known)


def test_who_was_shown_what_waits_for_a_person_is_on_record(door: Door, late: Case):
    signed_in(door).get(f"/?person={late.id}")
    assert [each["view"] for each in readings(door, late)].count("worklists") == 2  # the counts, and the week
    signed_in(door).get("/")  # numbers of everybody show nobody
    assert [each["view"] for each in readings(door, late)].count("worklists") == 2
