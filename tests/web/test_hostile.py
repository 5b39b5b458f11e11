"""Bad input on pages: hostile words recorded in every text of every fact, and people and browsers that do not behave.

Whatever was recorded is text on every page that shows it, and whatever is sent that should not be is refused politely,
with a reference, and nothing is recorded.
"""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest
from bench.pages import addresses
from tests.doors import PERSON, Door
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates import AGGREGATES
from ledger.aggregates.offender.facts.access import ACCESS_RULES
from ledger.api import openapi
from ledger.api.openapi import kebab
from ledger.api.web.sessions import IDLE_SECONDS
from ledger.application import Ledger
from ledger.errors import LedgerError
from ledger.projections import WORKLISTS

HOSTILE = "</td></dl><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}{% raw %}&lt;b&gt;\u202e\u2066"
CONTROL = "\x00\x07\x1b[2J\u0085"
WAY_ON = "Back to your lists"


@pytest.fixture(scope="module")
def hostile(door: Door) -> str:
    """A person of whom everything that a text can be given for is hostile, in as many facts as will be taken."""
    case = door.new_case()
    named = {**PERSON, "surname": HOSTILE, "forenames": HOSTILE, "addresses": [HOSTILE]}
    known = {"order_id": case.order, "absence_id": str(uuid4())}
    door.give(case.to, "RecordAbsence", case.absence(20, absence_id=known["absence_id"], note=HOSTILE), "supervisor")
    taken = 0
    for fact in AGGREGATES["offender"].every_fact:
        if not fact.command or not fact.who or fact in ACCESS_RULES:  # a limit would shut the pages that are read
            continue
        data = {**openapi.example(fact), **known}
        data = {name: value for name, value in data.items() if name in fact.model_fields and name not in fact.supplied}
        texts = {
            name: HOSTILE
            for name, each in openapi.schema_of(fact)["properties"].items()
            if name in data and _is_text(each) and isinstance(data[name], str)
        }
        for role in fact.who:
            try:
                door.give(case.to, fact.command, {**data, **texts}, role, key=uuid4())
                taken += 1
            except (LedgerError, KeyError):
                continue
            break
    assert taken > 10
    fresh = str(uuid4())
    door.give(f"offender/{fresh}", "RecordOffender", named, "court-officer")
    door.run(door.ledger.follower.catch_up())
    return case.id


def _is_text(schema: dict[str, object]) -> bool:
    return schema.get("type", "string") == "string" and not {"enum", "format", "pattern"} & set(schema)


def is_clean(answer: httpx.Response) -> None:
    """No element, attribute or script of the page is somebody's words."""
    found = read(answer)
    assert "<script>alert" not in answer.text
    assert not [tag for tag, _ in found.tags if tag == "img"]
    assert not [given for _, given in found.tags if any(name.startswith("on") for name in given)]
    assert sum(tag == "script" for tag, _ in found.tags) == 1  # ours, a file
    assert "49" not in re.findall(r"\b7 \* 7\b|\b49\b(?= ?{%)", answer.text)


@pytest.mark.parametrize("role", ["practitioner", "auditor", "data-protection-officer"])
def test_hostile_words_are_text_on_every_page_of_a_case(door: Door, hostile: str, role: str):
    browser = signed_in(door, role)
    shown = 0
    for _, path in addresses(hostile):
        answer = browser.get(f"{path}?explain=true" if "/case/" in path else path)
        assert answer.status_code in (200, 303, 403, 404, 422), path
        if role == "practitioner" and path.startswith("/case/"):
            assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            is_clean(answer)
            shown += "alert(1)" in answer.text
    assert shown or role == "auditor"  # the words are there to be read, but for those who see no words


def test_hostile_words_are_text_on_every_list(door: Door, hostile: str):
    browser = signed_in(door)
    for name in WORKLISTS:
        is_clean(browser.get(f"/lists/{name}"))


@pytest.mark.parametrize("words", [HOSTILE, CONTROL, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_hostile_words_in_an_address_are_text_or_refused(door: Door, words: str):
    browser, case = signed_in(door), door.new_case()
    for path in (f"/case/offenders/{case.id}/enforcement", "/lists/breach", "/audit/rules", "/search", "/"):
        for name in ("as_at", "known_at", "unit", "words", "edition", "explain", "cursor", "part", "with", words):
            answer = browser.ask("GET", path, params={name: words})
            assert answer.status_code in (200, 404, 422), (path, name)
            is_clean(answer)


def test_a_form_with_control_characters_records_nothing(door: Door):
    case, browser = door.new_case(), signed_in(door, "supervisor")
    at = f"/record/offenders/{case.id}/{kebab('RecordAbsence')}"
    fields = {name: value for name, value in read(browser.get(at)).hidden.items() if name != "form"}
    form = [str(given["value"]) for _, given in read(browser.get(at)).tags if given.get("name") == "form"][-1]
    size = door.size
    sent = {**fields, "form": form, **case.absence(), "note": CONTROL}
    answer = browser.post(at, {name: str(value) for name, value in sent.items()})
    assert answer.status_code == 422
    is_clean(answer)
    assert door.size == size


# ------------------------------------------------------------------------------------ people and browsers


def posts(case: str) -> list[str]:
    return [
        f"/record/offenders/{case}/record-absence",
        "/sign-out",
        "/audit/facts",
        "/audit/bundles",
        "/audit/what-if",
        "/search",
    ]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "x"])
def test_what_another_site_sends_is_refused_and_nothing_is_recorded(door: Door, site: str):
    case, browser = door.new_case(), signed_in(door, "supervisor")
    size = door.size
    for path in posts(case.id):
        answer = browser.post(path, {"form": "x"}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, path
        assert WAY_ON in text_of(answer)
    assert door.size == size


def test_a_stale_form_is_refused_and_nothing_is_recorded(door: Door):
    case, browser = door.new_case(), signed_in(door, "supervisor")
    at = f"/record/offenders/{case.id}/record-absence"
    stale = read(browser.get(at)).hidden
    again = signed_in(door, "supervisor")  # the same person, another session
    size = door.size
    answer = again.post(at, {**stale, **{name: str(value) for name, value in case.absence().items()}})
    assert answer.status_code == 403
    assert "Open the page again" in text_of(answer)
    assert door.size == size


def test_after_signing_out_the_way_back_shows_nothing_and_records_nothing(door: Door):
    case, browser = door.new_case(), signed_in(door, "supervisor")
    at = f"/record/offenders/{case.id}/record-absence"
    page = browser.get(at)
    assert page.headers["cache-control"] == "no-store"  # a browser shows no copy of its own
    kept, cookies = read(page).hidden, dict(browser.cookies)
    tokens = [str(given["value"]) for _, given in read(browser.get("/")).tags if given.get("name") == "form"]
    assert browser.post("/sign-out", {"form": tokens[0]}).status_code == 303
    back, size = Browser(door, cookies), door.size  # one who kept the cookie all the same
    for path in (at, f"/case/offenders/{case.id}", "/audit", "/"):
        assert back.get(path).headers["location"].startswith("/sign-in"), path
    sent = back.post(at, {**kept, **{name: str(value) for name, value in case.absence().items()}})
    assert sent.headers["location"].startswith("/sign-in")
    assert door.size == size


def test_a_session_that_ended_while_somebody_wrote_leads_to_the_sign_in_page(door: Door):
    case, browser = door.new_case(), signed_in(door, "supervisor")
    at = f"/record/offenders/{case.id}/record-absence"
    kept = read(browser.get(at)).hidden
    sessions = door.app.state.sessions
    for each in sessions._by_digest.values():
        each.used -= IDLE_SECONDS + 1
    size = door.size
    answer = browser.post(at, {**kept, **{name: str(value) for name, value in case.absence().items()}})
    assert answer.headers["location"].startswith("/sign-in")
    assert door.size == size


@pytest.mark.parametrize(
    "id_", ["1", "%2e%2e%2fetc", "%00", "x" * 4_000, "'; DROP TABLE entries; --", "0" * 36, str(uuid4()).upper()],
    ids=range(7),
)  # fmt: skip
def test_an_id_that_is_nobodys_is_refused_politely_and_nothing_is_recorded(door: Door, id_: str):
    browser, size = signed_in(door), door.size
    for path in (
        f"/case/offenders/{id_}",
        f"/case/offenders/{id_}/enforcement",
        f"/case/children/{id_}",
        f"/audit/editions/offenders/{id_}",
        f"/case/offenders/{id_}/compare",
    ):
        answer = browser.get(path)
        assert answer.status_code in (404, 422), path
        is_clean(answer)
        assert WAY_ON in text_of(answer)
    assert door.size == size


def test_the_id_of_somebody_elses_session_signs_nobody_in(door: Door):
    for cookie in ("x", "", "a" * 5_000, "'; --", "0" * 43):
        assert Browser(door, {"ledger_session": cookie}).get("/audit").headers["location"].startswith("/sign-in")


def test_every_error_is_a_page_with_a_reference_and_a_way_on(door: Door, monkeypatch: pytest.MonkeyPatch):
    case, browser = door.new_case(), signed_in(door)

    async def fails(*args: object, **more: object) -> None:
        raise RuntimeError(f"{HOSTILE} at /secret/path")

    monkeypatch.setattr(Ledger, "view", fails)
    answer = browser.get(f"/case/offenders/{case.id}/enforcement")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "give this reference" in text_of(answer)
    is_clean(answer)
    assert WAY_ON in text_of(answer)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_no_form_sends_is_not_answered_by_a_page(door: Door, method: str):
    browser = signed_in(door)
    size = door.size
    for path in ("/audit", "/audit/facts", "/", "/lists/breach"):
        assert browser.ask(method, path).status_code == 405, path
    assert door.size == size
