"""Signing in by an issuer in a real browser: code flow, PKCE and real signatures, between two servers and Chromium.

Somebody with two roles signs in, chooses one and what for, works, changes it, and signs out: here, at the issuer, and
for the back button.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser
from tests.journeys.browser.browsing import WAYS, People, Person, Way, a_new_id
from tests.journeys.process import Process, ended, free_port
from tests.web.issuing import Issuer, issuing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NAME = "Zebulonson"


@pytest.fixture(scope="module")
def issuer_and_ledger(browser: Browser) -> Generator[tuple[Issuer, Process]]:
    """An issuer, and `ledger serve` that knows it, from an empty home."""
    del browser  # nobody waits for them where there is none
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    with issuing(f"{here}/sign-in/back") as issuer:
        settings = {"public_url": here, "oidc_issuer": issuer.name}
        with ended(Process(folder / "home", port, "serve", **settings)) as process:
            process.start()
            process.wait_until_ready(60)
            yield issuer, process
    shutil.rmtree(folder)


@pytest.fixture
def issuer(issuer_and_ledger: tuple[Issuer, Process]) -> Issuer:
    found = issuer_and_ledger[0]
    found.seen.clear()
    found.says(roles=["court-officer", "auditor"], unit="North")
    return found


@pytest.fixture(scope="module")
def people(browser: Browser, issuer_and_ledger: tuple[Issuer, Process]) -> People:
    return People(browser, issuer_and_ledger[1].address, {})


def signed_in(people: People, way: Way, *, role: str, purpose: str = "") -> Person:
    """Somebody who came by the issuer to their lists, in one of their roles."""
    person = people.stranger(way)
    person.go("/")
    person.sees("Sign in")
    person.send("Sign in with your work account")
    person.sees("In which role")
    person.fill({"role": role, **({"purpose": purpose} if purpose else {})})
    person.send("Continue")
    return person


def asked(issuer: Issuer) -> list[str]:
    return [name for name, _ in issuer.seen]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_somebody_signs_in_chooses_a_role_and_what_for_works_and_signs_out_everywhere(
    people: People, issuer: Issuer, way: Way
):
    person = signed_in(people, way, role="court-officer")
    assert asked(issuer) == ["authorize", "token"]
    person.sees("My lists", "Court officer")
    case = a_new_id()
    told: dict[str, Any] = {"client_id": "0710890", "surname": NAME, "forenames": "Ann", "dob": "1990-02-01"}
    person.record(f"offenders/{case}", "record-offender", told | {"gender": "F"})
    person.go(f"/case/offenders/{case}")
    person.sees(NAME)
    person.send("Sign out")
    person.page.wait_for_url("**/sign-in*")
    assert asked(issuer) == ["authorize", "token", "leave"]
    person.sees("Sign in")
    for _ in range(3):
        person.page.go_back()
        person.sees_no(NAME)
    person.page.goto(f"/case/offenders/{case}")
    person.sees_no(NAME)
    assert "/sign-in" in person.page.url


def test_what_somebody_reads_for_is_what_they_chose_and_another_role_is_another_session(people: People, issuer: Issuer):
    person = signed_in(people, WAYS[0], role="auditor", purpose="complaint")
    before = person.page.context.cookies()
    person.sees("Auditor")
    person.go("/sign-in/role?to=/audit")
    person.fill({"role": "court-officer"})
    person.send("Continue")
    person.sees("Court officer")
    after = person.page.context.cookies()
    assert {each["value"] for each in before if each["name"] == "ledger_session"}.isdisjoint(
        each["value"] for each in after
    )
    assert all(each["httpOnly"] for each in after)
    assert asked(issuer) == ["authorize", "token"]  # a change of role asks nobody anew


def test_whom_the_issuer_knows_and_the_ledger_does_not_is_told_so_in_words(people: People, issuer: Issuer):
    issuer.says(roles=["sheriff"], sub=str(uuid4()))
    person = people.stranger()
    person.go("/sign-in")
    person.send("Sign in with your work account")
    person.sees("no role in the ledger")
    person.is_whole()
