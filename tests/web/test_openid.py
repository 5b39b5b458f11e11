"""Signing in by an issuer: the code flow with PKCE as it should go, and every answer that does not fit."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Generator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import jwt
import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.journeys.process import free_port
from tests.web.browsing import HERE, Browser, read, text_of
from tests.web.issuing import Claims, Issuer, issuing

from ledger.api.web import issuers, openid
from ledger.api.web.openid import BACK, DOWN_SECONDS, UNDER_WAY_SECONDS
from ledger.api.web.openid import Issuer as Known
from ledger.errors import Forbidden, Setup
from ledger.settings import Settings, SettingsError

NAME_BASED = "a6edc906-2f9f-5fb2-a373-efac406f0ef2"  # a UUID of version 5: made of a name, and found by it
NO_ROLES: list[Any] = [None, [], ["sheriff"], ["system"], "sheriff", [["practitioner"]], {"practitioner": 1}]
ELSEWHERE = ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]


@pytest.fixture(scope="module")
def issuer() -> Generator[Issuer]:
    with issuing(HERE + BACK) as made:
        yield made


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str, issuer: Issuer) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault, oidc_issuer=issuer.name) as made:
        yield made


@pytest.fixture(autouse=True)
def as_it_was(issuer: Issuer, door: Door) -> None:
    issuer.says(roles=["practitioner"])
    issuer.described.clear()
    issuer.seen.clear()
    door.app.state.issuer = Known(door.settings)


def begun(browser: Browser, to: str = "") -> str:
    """Where somebody is sent to."""
    answer = browser.get("/sign-in/start" + (f"?to={to}" if to else ""))
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"]


def arrived(door: Door, issuer: Issuer, to: str = "") -> tuple[Browser, httpx.Response]:
    """Somebody back from the issuer, and the answer they got."""
    browser = Browser(door)
    return browser, browser.get(issuer.in_a_browser(begun(browser, to)))


def is_nobody(browser: Browser) -> bool:
    return browser.get("/").headers.get("location", "").startswith("/sign-in")


# ------------------------------------------------------------------------------------ as it should go


def test_somebody_signs_in_with_their_work_account_and_gets_where_they_were_going(door: Door, issuer: Issuer):
    browser = Browser(door)
    led = browser.get("/lists/breach").headers["location"]
    assert 'href="/sign-in/start?to=/lists/breach"' in browser.get(led).text
    answer = browser.get(issuer.in_a_browser(begun(browser, "/lists/breach")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/lists/breach")
    assert "Practitioner" in text_of(browser.get("/lists/breach"))
    assert browser.get("/metrics", headers={"Accept": "*/*"}).status_code == 401  # pages only: programs have tokens


def test_the_issuer_is_asked_with_a_challenge_and_the_code_is_changed_with_what_it_was_made_from(
    door: Door, issuer: Issuer
):
    arrived(door, issuer)
    (_, asked), (_, changed) = issuer.seen
    assert (asked["code_challenge_method"], asked["response_type"], asked["scope"]) == ("S256", "code", "openid")
    made = base64.urlsafe_b64encode(sha256(changed["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert asked["code_challenge"] == made
    assert len({asked["state"], asked["nonce"], changed["code_verifier"]}) == 3
    assert all(len(each) >= 43 for each in (asked["state"], asked["nonce"], changed["code_verifier"]))


def test_who_reads_is_who_the_issuer_says_in_the_unit_it_says(door: Door, issuer: Issuer):
    case, staff = door.new_case(), str(uuid4())
    issuer.says(sub=staff, roles=["practitioner"], unit="North")
    browser, _ = arrived(door, issuer)
    assert browser.get(f"/case/offenders/{case.id}").status_code == 200
    seen = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert {(each["by"]["id"], each["by"]["role"], each["by"].get("unit")) for each in seen} == {
        (staff, "practitioner", "North")
    }


def test_who_holds_several_roles_chooses_one_and_changes_it_by_a_new_name(door: Door, issuer: Issuer):
    issuer.says(roles=["senior-practitioner", "practitioner", "sheriff"])
    browser, answer = arrived(door, issuer, "/lists/breach")
    assert answer.headers["location"] == "/sign-in/role?to=/lists/breach"
    page = browser.get(answer.headers["location"])
    offered = [given["value"] for _, given in read(page).tags if given.get("type") == "radio"]
    assert offered == ["practitioner", "senior-practitioner"]
    before = browser.cookies["ledger_session"]
    answer = browser.post("/sign-in/role", read(page).hidden | {"role": "senior-practitioner", "purpose": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/lists/breach")
    assert "Senior practitioner" in text_of(browser.get("/"))
    assert browser.cookies["ledger_session"] != before
    assert is_nobody(Browser(door, {"ledger_session": before}))


def test_nobody_chooses_a_role_that_they_do_not_hold(door: Door, issuer: Issuer):
    browser, _ = arrived(door, issuer)
    fields = read(browser.get("/sign-in/role")).hidden
    assert browser.post("/sign-in/role", fields | {"role": "chief-officer"}).status_code == 403
    assert browser.post("/sign-in/role", fields | {"purpose": "curiosity"}).status_code == 422
    assert "Practitioner" in text_of(browser.get("/"))


def test_what_somebody_says_they_read_for_stands_with_each_reading(door: Door, issuer: Issuer):
    case = door.new_case()
    browser, _ = arrived(door, issuer)
    page = browser.get("/sign-in/role?to=//evil.example/")
    assert read(page).hidden["to"] == "/"
    assert browser.post("/sign-in/role", read(page).hidden | {"purpose": "complaint"}).headers["location"] == "/"
    browser.get(f"/case/offenders/{case.id}")
    seen = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert {each["purpose"] for each in seen} == {"complaint"}


def test_who_signs_out_is_signed_out_at_the_issuer_too(door: Door, issuer: Issuer):
    browser, _ = arrived(door, issuer)
    kept = dict(browser.cookies)
    answer = browser.post("/sign-out", read(browser.get("/")).hidden)
    (refresh,) = [g["content"] for tag, g in read(answer).tags if tag == "meta" and g.get("http-equiv") == "refresh"]
    address = str(refresh).partition("url=")[2]
    asked = parse_qs(urlsplit(address).query)
    assert asked["post_logout_redirect_uri"] == [f"{HERE}/sign-in"]
    assert jwt.decode(asked["id_token_hint"][0], options={"verify_signature": False})["sub"] == issuer.claims["sub"]
    assert issuer.in_a_browser(address) == "/sign-in?"
    assert is_nobody(Browser(door, kept))


def test_where_the_issuer_has_no_place_to_sign_out_it_ends_here(door: Door, issuer: Issuer):
    issuer.described["end_session_endpoint"] = None
    browser, _ = arrived(door, issuer)
    assert browser.post("/sign-out", read(browser.get("/")).hidden).headers["location"] == "/sign-in"
    assert is_nobody(browser)


def test_a_new_key_of_the_issuer_is_fetched_when_it_is_first_seen(door: Door, issuer: Issuer):
    assert arrived(door, issuer)[1].status_code == 303
    issuer.new_key("second")
    assert arrived(door, issuer)[1].status_code == 303


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post"]])
def test_a_client_with_a_secret_proves_that_it_has_it(door: Door, methods: list[str] | None):
    with issuing(HERE + BACK, client_id="ledger", secret="s:e/c r&t+") as issuer:
        issuer.says(roles=["practitioner"])
        issuer.described |= {"token_endpoint_auth_methods_supported": methods} if methods else {}
        for secret, ends in (("s:e/c r&t+", None), ("another", Forbidden), (None, Forbidden)):
            known = Known(Settings(oidc_issuer=issuer.name, oidc_client_id="ledger", oidc_client_secret=secret))
            address, cookie = door.run(known.begin("/"))
            query = {name: value[0] for name, value in parse_qs(urlsplit(issuer.in_a_browser(address)).query).items()}
            if ends is None:
                assert door.run(known.finish(cookie, query)).bearer.roles == ("practitioner",)
            else:
                with pytest.raises(ends):
                    door.run(known.finish(cookie, query))


def test_an_issuer_has_its_own_names_for_roles_and_its_own_place_for_them(door: Door, issuer: Issuer):
    issuer.says(sub="auth|4711", realm_access={"roles": ["PROB_PO", "pso"]}, ids={"staff": str(uuid4())}, site="N1")
    known = Known(
        Settings(
            oidc_issuer=issuer.name,
            oidc_roles_claim="realm_access.roles",
            oidc_roles="PROB_PO=practitioner, PROB_SPO=senior-practitioner",
            oidc_id_claim="ids.staff",
            oidc_unit_claim="site",
        )
    )
    address, cookie = door.run(known.begin("/"))
    query = {name: value[0] for name, value in parse_qs(urlsplit(issuer.in_a_browser(address)).query).items()}
    bearer = door.run(known.finish(cookie, query)).bearer
    assert (bearer.id, bearer.roles, bearer.unit) == (issuer.claims["ids"]["staff"], ("practitioner",), "N1")


# ------------------------------------------------------------------------------------ what does not fit


def unsigned(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(claims, None, "none")  # type: ignore[arg-type]


def by_a_shared_secret(issuer: Issuer) -> Callable[[Claims], str]:
    """HS256 with the public key as the secret, as an old library would take it."""
    public = json.dumps(jwt.algorithms.RSAAlgorithm.to_jwk(issuer.key.public_key(), as_dict=True)).encode()

    def signed(claims: Claims) -> str:
        head = {"alg": "HS256", "typ": "JWT", "kid": issuer.kid}
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (head, claims)]
        mark = hmac.new(public, b".".join(parts), sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(mark).rstrip(b"=")]).decode()

    return signed


def with_another_key(issuer: Issuer) -> Callable[[Claims], str]:
    with_it = Issuer(0, issuer.client, kid=issuer.kid)
    return with_it.signed


def without(name: str) -> Callable[[Issuer], Callable[[Claims], Claims]]:
    return lambda issuer: lambda claims: {each: value for each, value in claims.items() if each != name}


def changed(**to: Any) -> Callable[[Issuer], Callable[[Claims], Claims]]:
    return lambda issuer: lambda claims: {**claims, **to}


@pytest.mark.parametrize(
    "spoiling",
    [
        pytest.param(unsigned, id="no signature"),
        pytest.param(by_a_shared_secret, id="a secret made of the public key"),
        pytest.param(with_another_key, id="another key"),
        pytest.param(lambda issuer: lambda claims: "not.a.token", id="no token"),
        pytest.param(lambda issuer: lambda claims: issuer.signed(claims, kid="nobody's"), id="a key that is not there"),
        pytest.param(changed(nonce="of another sign-in"), id="another nonce"),
        pytest.param(without("nonce"), id="no nonce"),
        pytest.param(changed(aud="another-client"), id="another audience"),
        pytest.param(changed(aud=["case-ledger", "another"]), id="two audiences, and nobody it was made for"),
        pytest.param(changed(aud=["case-ledger", "another"], azp="another"), id="two audiences, made for the other"),
        pytest.param(changed(azp="another"), id="made for another"),
        pytest.param(changed(iss="https://login.example"), id="another issuer"),
        pytest.param(changed(exp=1_000_000_000), id="expired"),
        pytest.param(without("exp"), id="no end"),
        pytest.param(changed(iat=4_000_000_000, nbf=4_000_000_000), id="of a time to come"),
        pytest.param(without("sub"), id="nobody"),
    ],
)
def test_a_token_that_does_not_fit_signs_nobody_in(door: Door, issuer: Issuer, spoiling: Any):
    issuer.spoils = spoiling(issuer)
    browser, answer = arrived(door, issuer)
    assert answer.status_code == 403, text_of(answer)
    assert "Sign in again" in text_of(answer)
    assert is_nobody(browser)


@pytest.mark.parametrize("id_", ["amy.smith", "", "a6edc906", NAME_BASED, 4711])
def test_an_account_without_a_random_id_is_not_let_in(door: Door, issuer: Issuer, id_: Any):
    issuer.says(sub=id_, roles=["practitioner"])
    browser, answer = arrived(door, issuer)
    assert (answer.status_code, is_nobody(browser)) == (403, True)
    assert "amy" not in answer.text


@pytest.mark.parametrize("roles", NO_ROLES, ids=str)
def test_an_account_without_a_role_of_the_ledger_is_not_let_in(door: Door, issuer: Issuer, roles: Any):
    issuer.says(roles=roles)
    browser, answer = arrived(door, issuer)
    assert (answer.status_code, is_nobody(browser)) == (403, True)
    assert "no role in the ledger" in text_of(answer)


def test_a_state_that_is_not_this_browsers_signs_nobody_in(door: Door, issuer: Issuer):
    browser, other = Browser(door), Browser(door)
    back = issuer.in_a_browser(begun(browser))
    begun(other)
    for somebody in (other, Browser(door)):  # another who is on the way, and one who never set out
        assert somebody.get(back).status_code == 403
        assert is_nobody(somebody)
    assert browser.get(back.replace("state=", "state=x")).status_code == 403
    assert browser.get(back).status_code == 403  # and an answer that did not fit has used it up


def test_an_answer_is_good_once(door: Door, issuer: Issuer):
    browser = Browser(door)
    back = issuer.in_a_browser(begun(browser))
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    again = Browser(door, kept)
    assert again.get(back).status_code == 403
    assert is_nobody(again)


def test_a_code_of_another_sign_in_is_not_taken_by_the_issuer_for_it_was_made_from_another_verifier(
    door: Door, issuer: Issuer
):
    mine, theirs = Browser(door), Browser(door)
    here = parse_qs(urlsplit(issuer.in_a_browser(begun(mine))).query)
    there = parse_qs(urlsplit(issuer.in_a_browser(begun(theirs))).query)
    answer = mine.get(f"{BACK}?code={there['code'][0]}&state={here['state'][0]}")
    assert (answer.status_code, is_nobody(mine)) == (403, True)


def test_an_answer_that_names_another_issuer_is_not_sent_on(door: Door, issuer: Issuer):
    browser = Browser(door)
    back = issuer.in_a_browser(begun(browser))
    issuer.seen.clear()
    assert browser.get(f"{back}&iss=https://login.example").status_code == 403
    assert issuer.seen == []  # the code went nowhere


def test_an_issuer_that_says_it_names_itself_must(door: Door, issuer: Issuer):
    issuer.described["authorization_response_iss_parameter_supported"] = True
    assert arrived(door, issuer)[1].status_code == 403
    browser = Browser(door)
    assert browser.get(f"{issuer.in_a_browser(begun(browser))}&iss={issuer.name}").status_code == 303


def test_who_was_refused_at_the_issuer_is_told_so_and_not_in_the_issuers_words(door: Door, issuer: Issuer):
    browser = Browser(door)
    state = parse_qs(urlsplit(begun(browser)).query)["state"][0]
    answer = browser.get(f"{BACK}?error=access_denied&error_description=<b>Call+0900</b>&state={state}")
    assert answer.status_code == 403
    assert "0900" not in answer.text


def test_a_sign_in_takes_ten_minutes_at_most(door: Door, issuer: Issuer):
    now = [0.0]
    known = Known(Settings(oidc_issuer=issuer.name), lambda: now[0])
    address, cookie = door.run(known.begin("/"))
    query = {name: value[0] for name, value in parse_qs(urlsplit(issuer.in_a_browser(address)).query).items()}
    now[0] = UNDER_WAY_SECONDS + 1
    with pytest.raises(Forbidden):
        door.run(known.finish(cookie, query))


@pytest.mark.parametrize("to", ELSEWHERE)
def test_nobody_is_led_elsewhere_after_signing_in(door: Door, issuer: Issuer, to: str):
    _, answer = arrived(door, issuer, to)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


# ------------------------------------------------------------------------------------ an issuer in trouble


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://login.example"},
        {"token_endpoint": None},
        {"token_endpoint": "ftp://127.0.0.1/"},
        {"jwks_uri": "keys"},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "https://["},
        {"authorization_endpoint": "https://login.example/\r\nSet-Cookie: a=b"},
        {"jwks_uri": "http://somebody:secret@127.0.0.1/keys"},
        {"jwks_uri": "http://127.0.0.1:99999/keys"},
        {"token_endpoint": "http://127.0.0.1/#part"},
        {"token_endpoint_auth_methods_supported": 7},
    ],
    ids=str,
)
def test_an_issuer_that_describes_itself_as_another_or_not_whole_is_not_followed(
    door: Door, issuer: Issuer, described: Claims
):
    issuer.described |= described
    answer = Browser(door).get("/sign-in/start")
    assert answer.status_code == 503
    assert "cannot be followed" in text_of(answer)


def test_an_issuer_that_is_down_is_a_page_that_says_when_to_come_back(door: Door):
    known = Known(Settings(oidc_issuer=f"http://127.0.0.1:{free_port()}"))
    door.app.state.issuer = known
    began = time.monotonic()
    answer = Browser(door).get("/sign-in/start")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "Try again in a minute" in text_of(answer)
    assert 'href="/"' in answer.text
    assert time.monotonic() - began < 10


def test_an_issuer_that_is_down_is_not_asked_anew_by_everybody_who_comes_and_is_once_it_may_be_back(
    door: Door, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    now, asked = [1000.0], list[str]()
    known = Known(door.settings, lambda: now[0])
    door.app.state.issuer = known
    peers = issuers.Peer

    def counted(url: str, **more: Any) -> Any:
        asked.append(url)
        return peers(url if now[0] > 1010 else f"http://127.0.0.1:{free_port()}", **more)

    monkeypatch.setattr(issuers, "Peer", counted)
    for _ in range(5):
        answer = Browser(door).get("/sign-in/start")
        assert answer.status_code == 503
        assert "Try again in a minute" in text_of(answer)
    assert len(asked) == 1
    now[0] += DOWN_SECONDS + 1
    assert Browser(door).get("/sign-in/start").status_code == 303
    assert len(asked) == 2


@pytest.mark.parametrize("keys", [{}, {"keys": 7}, {"keys": []}, {"keys": ["a"]}, {"keys": [{"kty": "RSA"}]}], ids=str)
def test_keys_that_cannot_be_read_are_a_page_that_says_so(
    door: Door, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, keys: Any
):
    browser = Browser(door)
    there = issuer.in_a_browser(begun(browser))
    asked = openid.asked

    async def spoiled(method: str, url: str, *more: Any) -> Any:
        return keys if method == "GET" else await asked(method, url, *more)

    monkeypatch.setattr(openid, "asked", spoiled)
    answer = browser.get(there)
    assert answer.status_code == 503
    assert "cannot be followed" in text_of(answer)
    assert is_nobody(browser)


def test_without_an_issuer_there_is_nowhere_to_go(door: Door):
    door.app.state.issuer = None
    browser = Browser(door)
    assert browser.get("/sign-in/start").status_code == 404
    assert browser.get(f"{BACK}?code=x&state=y").status_code == 404
    assert "/sign-in/start" not in browser.get("/sign-in").text


@pytest.mark.parametrize("public, secure", [("https://ledger.example", True), (None, False)])
def test_cookies_go_over_tls_only_where_the_pages_are_reached_by_it(
    door: Door, issuer: Issuer, public: str | None, secure: bool
):
    door.app.state.issuer = Known(Settings(oidc_issuer=issuer.name, public_url=public))
    cookie = Browser(door).get("/sign-in/start").headers["set-cookie"].lower()
    assert ("secure" in cookie) is secure
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "variable, value",
    [
        ("LEDGER_OIDC_ISSUER", "http://login.example"),
        ("LEDGER_OIDC_ISSUER", "login.example"),
        ("LEDGER_OIDC_ISSUER", "https://login.example/?tenant=1"),
        ("LEDGER_OIDC_ROLES", "PROB_PO"),
        ("LEDGER_OIDC_ROLES", "=practitioner"),
        ("LEDGER_PUBLIC_URL", "https://ledger.example/ledger"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_at_the_start(variable: str, value: str):
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: value})


def test_a_role_that_the_ledger_does_not_have_is_refused_at_the_start():
    with pytest.raises(Setup, match="practitionr"):
        Known(Settings(oidc_issuer="https://login.example", oidc_roles="PO=practitionr"))
