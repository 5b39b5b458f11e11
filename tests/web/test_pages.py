"""Every page: its headers, that it needs no script, that nothing in it is taken for markup, and errors as pages."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON, Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import roles_for
from ledger.api import openapi
from ledger.api.web import PAGES, assets
from ledger.api.web.asking import Moments
from ledger.api.web.pages import POLICY, environment
from ledger.api.web.windows import windows
from ledger.projections import VIEWS, WORKLISTS
from ledger.reading import an_instant

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}{% raw %}\u202e"
TEMPLATES = Path(assets.__file__).parent / "templates"


@pytest.fixture
def hostile(door: Door) -> str:
    """A person with markup in every text there is room for."""
    case = str(uuid4())
    body = {**PERSON, "surname": HOSTILE, "forenames": HOSTILE, "addresses": [HOSTILE]}
    door.give(f"offender/{case}", "RecordOffender", body, "court-officer", key=uuid4())
    return case


def test_every_page_keeps_itself_apart(door: Door):
    case = door.new_case()
    browser = signed_in(door)
    for path in ("/", "/sign-in", "/lists/breach", f"/case/offenders/{case.id}", "/nothing/at/all/of/this"):
        answer = browser.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in POLICY


def test_no_template_has_a_script_or_a_style_of_its_own():
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text()
        assert " style=" not in text, file
        assert "<style" not in text, file
        assert text.count("<script") == text.count('<script type="module" src='), file
        assert " on" not in [each[:3] for each in text.split("<") if "=" in each and each.startswith(" on")], file
        assert "| safe" not in text, file


def test_markup_in_what_was_recorded_is_text(door: Door, hostile: str):
    browser = signed_in(door)
    for view in (each.name for each in VIEWS if each.noun == "offender"):
        answer = browser.get(f"/case/offenders/{hostile}/{view}?explain=true")
        assert answer.status_code == (404 if view == "person" else 200), view
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert not [each for tag, each in read(answer).tags if "onerror" in each]
    assert HOSTILE in "".join(read(browser.get(f"/case/offenders/{hostile}")).words)


@pytest.mark.parametrize("text", ["2026-99-99", "2026-02-30T10:00Z", "0001-01-01T00:00+23:59", "٢٠٢٦-02-03"])
def test_what_somebody_wrote_like_a_day_that_no_calendar_has_is_text(door: Door, text: str):
    case = str(uuid4())
    body = {**PERSON, "surname": text, "forenames": text, "addresses": [text]}
    door.give(f"offender/{case}", "RecordOffender", body, "court-officer", key=uuid4())
    answer = signed_in(door).get(f"/case/offenders/{case}/chronology")
    assert answer.status_code == 200
    assert text in text_of(answer)


@pytest.mark.parametrize(
    "name", ["%00.css", "x" * 5_000 + ".css", "..%2fpages.py", "..%2fown%2fledger.css", "images%2f.svg"]
)
def test_a_file_that_cannot_be_there_is_not_there(door: Door, name: str):
    assert Browser(door).get(f"/assets/{name}").status_code == 404


def test_the_head_of_a_case_says_who_it_is(door: Door):
    case = door.new_case()
    said = text_of(signed_in(door).get(f"/case/offenders/{case.id}"))
    assert "Ann Featherstonehaugh" in said
    assert "Client id 0710890" in said
    assert "Born 1 February 1990" in said


def test_every_tab_of_every_kind_of_case_is_a_page(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(), "practitioner")
    browser = signed_in(door)
    for view in VIEWS:
        if view.noun == "offender" and view.name != "person":
            answer = browser.get(f"/case/offenders/{case.id}/{view.name}?explain=true")
            assert answer.status_code == 200, view.name
            assert read(answer).tags.count(("h1", {"class": "govuk-heading-l govuk-!-margin-bottom-1"})) == 1


def test_every_worklist_is_a_page_and_home_counts_it(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(20), "practitioner")
    door.run(door.ledger.follower.catch_up())
    browser = signed_in(door)
    home = browser.get("/")
    for name in WORKLISTS:
        assert f'href="/lists/{name}"' in home.text
        assert browser.get(f"/lists/{name}").status_code == 200, name
    assert f"/case/offenders/{case.id}" in browser.get("/lists/letters").text
    waiting = len(door.get("/worklists/letters").json()["items"])
    assert waiting
    assert f"An absence waits for its enforcement letter {waiting} " in text_of(home)


def test_a_page_of_another_day_says_so_and_leads_back(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(5), "practitioner")
    browser = signed_in(door)
    now = text_of(browser.get(f"/case/offenders/{case.id}/enforcement"))
    then = text_of(browser.get(f"/case/offenders/{case.id}/enforcement?as_at={days_ago(30)}"))
    assert "You are not looking at now" not in now
    assert "Failed to attend" in now
    assert "You are not looking at now" in then
    assert "Failed to attend" not in then


def test_what_was_known_before_anything_was_is_nothing_yet(door: Door):
    case = door.new_case()
    answer = signed_in(door).get(f"/case/offenders/{case.id}?known_at=2001-01-01T00:00")
    assert answer.status_code == 404
    assert "Case ledger" in text_of(answer)


@pytest.mark.parametrize("query", ["as_at=yesterday", "known_at=2026-02-30T10:00", "as_at=0001-01-01", "as_at=%00"])
def test_a_moment_that_is_none_is_refused_politely(door: Door, query: str):
    case = door.new_case()
    answer = signed_in(door).get(f"/case/offenders/{case.id}?{query}")
    assert answer.status_code == 422
    assert "such as 2026-01-31" in text_of(answer)


@pytest.mark.parametrize(
    "path",
    ["/case/offenders/not-an-id", "/case/dragons/1", "/lists/nothing", "/case/offenders/{}/nothing", "/nowhere/x/y/z"],
)
def test_what_is_not_there_is_a_page_too(door: Door, path: str):
    answer = signed_in(door).get(path.format(uuid4()))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Back to your lists" in text_of(answer)


def test_a_program_is_still_told_in_json(door: Door):
    assert door.ask("GET", "/nowhere/x/y/z").headers["content-type"] == "application/problem+json"


def test_who_may_not_read_a_case_is_told_so_on_a_page_and_it_is_on_record(door: Door):
    case = door.new_case()
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    answer = signed_in(door).get(f"/case/offenders/{case.id}")
    assert answer.status_code == 403
    assert "Ask the duty manager." in text_of(answer)
    assert "Featherstonehaugh" not in answer.text
    refused = door.get("/access/refusals", "auditor").json()["items"]
    assert any(each["command_name"] == "ReadCase" for each in refused)


def test_reading_a_page_is_on_record(door: Door):
    case = door.new_case()
    signed_in(door).get(f"/case/offenders/{case.id}/enforcement")
    read = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert {"enforcement", "person"} <= {each["view"] for each in read if each["type"] == "RecordViewed"}


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_reads_states_and_dates_sees_no_name(door: Door, role: str):
    case = door.new_case()
    answer = signed_in(door, role).get(f"/case/offenders/{case.id}/chronology")
    assert answer.status_code == 200
    assert "Featherstonehaugh" not in answer.text


def test_every_page_is_for_somebody_signed_in_but_for_the_way_in(door: Door):
    opened = {path for path, method, _ in PAGES if method == "GET" and not path.startswith(("/sign-in", "/assets"))}
    for path in opened:
        where = re.sub(r"\{\w+\}", lambda each: {"{id}": str(uuid4())}.get(each[0], "1"), path)
        assert Browser(door).get(where).headers["location"].startswith("/sign-in"), path


def test_the_moments_of_a_page_are_kept_on_the_way_to_the_next():
    assert Moments().at("/x") == "/x"
    assert Moments(as_at=None, known_at=None).now


@pytest.mark.parametrize(
    "moment",
    ["2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-05-01T09:30:45", "2026-05-01T09:30:45.123456Z"],
)
def test_the_links_of_a_page_lead_to_the_very_moment_it_looks_at(moment: str):
    known = an_instant(moment)
    assert an_instant(Moments(known_at=known).asked["known_at"]) == known


def test_a_minute_that_somebody_chose_stays_in_the_address_as_they_chose_it():
    assert Moments(known_at=an_instant("2026-05-01T09:30")).at("/x") == "/x?known_at=2026-05-01T09%3A30"
    assert Moments(known_at=an_instant("2026-05-01T09:30:45")).clock == "2026-05-01T09:30:45"


def test_a_timeline_says_what_was_corrected_what_is_a_list_and_what_did_not_happen(door: Door):
    case = door.new_case()
    absence = case.absence(20)
    recorded = door.give(case.to, "RecordAbsence", absence, "supervisor", key=uuid4()).body["events"][0]
    mend = {"event_ref": recorded["id"], "field": "date", "corrected_value": days_ago(21), "reason": "Misread"}
    corrected = door.give(case.to, "CorrectRecord", mend, "supervisor", key=uuid4()).body["events"][0]
    said = text_of(signed_in(door).get(f"/case/offenders/{case.id}/chronology"))
    assert f"Corrected since, by fact {corrected['position']}" in said
    assert f"Corrects fact {recorded['position']}" in said
    assert "Requirements UPW" in said  # a list
    gaps = door.get(f"{case.path}/chronology").json()["gaps"]
    assert gaps
    assert "What should have happened and did not" in said
    for each in gaps:
        assert each["what"] in said


def test_a_long_timeline_comes_in_parts_the_newest_first_shown(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.api.web.windows.FACTS", 2)
    case = door.new_case()
    for days in (20, 19, 18):
        door.give(case.to, "RecordAbsence", case.absence(days), "supervisor", key=uuid4())
    browser, at = signed_in(door), f"/case/offenders/{case.id}/chronology"

    def positions(answer: httpx.Response) -> list[str]:
        return [str(given["id"]) for tag, given in read(answer).tags if tag == "article"]

    events = door.get(f"{case.path}/chronology").json()["events"]
    names = [each.name for each in windows([{**each, "effective": _day(each["effective"])} for each in events])]
    parts = [positions(browser.get(f"{at}?part={name}")) for name in names]
    assert [each for part in parts for each in part] == [f"position-{each['position']}" for each in events]
    assert max(map(len, parts)) == 2
    last = browser.get(at)
    assert positions(last) == parts[-1]
    assert f'href="{at}?part={names[-2]}"' in last.text
    for part in ("0", "1899", "2026-0", "x", "9" * 30, "%00"):
        assert browser.get(f"{at}?part={part}").status_code == 404, part
    assert browser.get(f"{at}?fact=999999999").status_code == 404


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def test_a_table_puts_every_value_under_its_own_heading():
    rows = [{"a": "1", "c": "3"}, {"a": "4", "b": "5", "c": "6"}]
    template = environment().from_string('{% from "told.html" import told %}{{ told(rows, 0, "rows") }}')
    page = template.render(rows=rows)
    cells = [each.partition("</td>")[0] for each in page.split('<td class="govuk-table__cell">')[1:]]
    heads = [each.partition("</th>")[0] for each in page.split('<th scope="col" class="govuk-table__header">')[1:]]
    assert heads == ["A", "C", "B"]
    assert [each.strip() for each in cells[:2] + cells[3:]] == ["1", "3", "4", "6", "5"]
    assert "None" in cells[2]


def test_a_case_of_another_kind_is_a_page_too(door: Door):
    child, placement = str(uuid4()), str(uuid4())
    for noun, id_, name in (("child", child, "ChildRecorded"), ("placement", placement, "PlacementOpened")):
        fact = next(each for each in AGGREGATES[noun].every_fact if each.__name__ == name)
        data = {each: value for each, value in openapi.example(fact).items() if each not in fact.supplied}
        data |= {"on_school_premises": False, "days_available": ["Mon"]} if noun == "placement" else {}
        door.give(f"{noun}/{id_}", fact.command, data, min(roles_for(fact)), key=uuid4())
    browser = signed_in(door)
    for collection, id_ in (("children", child), ("placements", placement)):
        answer = browser.get(f"/case/{collection}/{id_}?explain=true")
        assert answer.status_code == 200, text_of(answer)
        assert browser.get(f"/record/{collection}/{id_}").status_code == 200
