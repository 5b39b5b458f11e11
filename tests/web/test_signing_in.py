"""Signing in and out, and whose form it is."""

from __future__ import annotations

import pytest
from tests.doors import Door
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.api.tokens import Bearer
from ledger.api.web.sessions import IDLE_SECONDS, LASTING_SECONDS, LINK_SECONDS, Links, Sessions
from ledger.errors import Forbidden

BEARER = Bearer("0196151c-7d5a-7000-8000-5b1f9c3a2d10", ("practitioner", "pso"), None, 10.0**12)


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_told_where_they_were_going(door: Door):
    answer = Browser(door).get("/lists/breach?unit=North")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?to=/lists/breach%3Funit%3DNorth"


def test_a_link_signs_in_once(door: Door):
    browser = Browser(door)
    link = browser.link("practitioner")
    assert browser.get(link).headers["location"] == "/"
    assert "My lists" in text_of(browser.get("/"))
    again = Browser(door).get(link)
    assert again.status_code == 403
    assert "has been used" in text_of(again)


@pytest.mark.parametrize("host", ["ledger.example", "127.0.0.1.evil.example", "10.0.0.7"])
def test_a_link_does_not_work_at_another_name_and_is_not_used_up(door: Door, host: str):
    browser = Browser(door)
    link = browser.link("practitioner")
    assert browser.get(link, headers={"Host": host}).status_code == 403
    assert browser.get(link).status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(door: Door):
    browser = Browser(door)
    cookie = browser.get(browser.link("practitioner")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


def test_after_signing_out_the_cookie_is_worth_nothing_and_no_page_was_kept(door: Door):
    browser = signed_in(door)
    home = browser.get("/")
    assert home.headers["cache-control"] == "no-store"
    kept = dict(browser.cookies)
    assert browser.post("/sign-out", read(home).hidden).status_code == 303
    browser.cookies = kept
    assert browser.get("/").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("fields", [{"other": "1"}, {"form": ""}, {"form": "0" * 64}, {"form": "é"}])
def test_a_form_without_its_token_does_nothing(door: Door, fields: dict[str, str]):
    browser = signed_in(door)
    answer = browser.post("/sign-out", fields)
    assert answer.status_code == 403
    assert browser.get("/").status_code == 200


def test_a_form_of_another_session_does_nothing(door: Door):
    browser, other = signed_in(door), signed_in(door)
    assert browser.post("/sign-out", read(other.get("/")).hidden).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_what_another_site_sends_is_not_looked_at(door: Door, site: str):
    browser = signed_in(door)
    fields = read(browser.get("/")).hidden
    assert browser.post("/sign-out", fields, headers={"Sec-Fetch-Site": site}).status_code == 403


def test_a_form_that_is_no_form_is_refused_politely(door: Door):
    browser = signed_in(door)
    assert browser.ask("POST", "/sign-out", json={"form": "x"}).status_code == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.ask("POST", "/sign-out", content=b"form=a&form=b", headers=form).status_code == 422
    assert browser.ask("POST", "/sign-out", content=b"form=%ff", headers=form).status_code == 422
    assert browser.ask("POST", "/sign-out", content=b"a&" * 2_000, headers=form).status_code == 422


def test_a_session_ends_when_nothing_is_asked_for_half_an_hour():
    now = [0.0]
    sessions = Sessions(lambda: now[0], lambda: 0.0)
    _, cookie = sessions.begin(BEARER, "pso")
    for _ in range(3):
        now[0] += IDLE_SECONDS
        assert sessions.of(cookie) is not None
    now[0] += IDLE_SECONDS + 1
    assert sessions.of(cookie) is None
    now[0] -= IDLE_SECONDS
    assert sessions.of(cookie) is None


def test_a_session_ends_however_busy_it_is():
    now = [0.0]
    sessions = Sessions(lambda: now[0], lambda: 0.0)
    _, cookie = sessions.begin(BEARER, "pso")
    while now[0] <= LASTING_SECONDS:
        assert sessions.of(cookie) is not None
        now[0] += IDLE_SECONDS / 2
    assert sessions.of(cookie) is None


def test_a_session_ends_with_its_token():
    today = [0.0]
    sessions = Sessions(lambda: 0.0, lambda: today[0])
    _, cookie = sessions.begin(Bearer(BEARER.id, ("pso",), None, 100.0), "pso")
    assert sessions.of(cookie) is not None
    today[0] = 100.0
    assert sessions.of(cookie) is None


def test_nobody_signs_in_as_what_they_are_not():
    with pytest.raises(Forbidden):
        Sessions().begin(BEARER, "chief-officer")


def test_a_link_expires():
    now = [0.0]
    links = Links(lambda: now[0])
    secret, other = links.make(BEARER, "pso"), links.make(BEARER, "pso")
    now[0] = LINK_SECONDS
    assert links.use(secret) == (BEARER, "pso")
    now[0] += 1
    assert links.use(other) is None
    assert links.use("no such link") is None
