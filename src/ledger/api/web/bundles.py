"""A bundle, a case that somebody was given as a file, verified step by step; nothing of it is kept.

It is read in memory, never unpacked to a disk, and believed under keys alone: those that are given, or this ledger's
own.  Proven by tests/web/test_bundles.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.web.asking import Pages, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.steps import Step, until_one_fails
from ledger.api.web.uploads import sent_with_file
from ledger.application import Ledger
from ledger.errors import Malformed, TooLarge, TooMany
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import unpack
from ledger.transparency.bundle.contents import POLICY
from ledger.transparency.bundle.report import CODES, STEPS, BundleReport
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import FormatError

AT: Final = "/audit/bundles"
LARGEST: Final = 10_000_000  # bytes of a form with its bundle
AT_ONCE: Final = 2  # bundles in memory
MOST_KEYS: Final = 20
TOO_LARGE: Final = (
    f"A bundle that is checked here is at most {LARGEST // 1_000_000} MB. Check a larger one with "
    "'ledger verify FILE.zip', which needs no ledger."
)
NO_FILE: Final = "Choose the file of a bundle."
NO_KEY: Final = "A key is a line such as name+0123abcd+base64: {why}."
CROWDED: Final = "Other bundles are being checked here. Nothing was looked at; try again in a moment."


async def ask(request: Request) -> Response:
    """GET /audit/bundles"""
    return _form(request)


async def check(request: Request) -> Response:
    """POST the same: each step with its result."""
    room: asyncio.Semaphore = request.app.state.bundles
    if room.locked():
        raise TooMany(CROWDED)
    async with room:
        keys = ""
        try:
            fields, files = await sent_with_file(request, AT, LARGEST, TOO_LARGE)
            keys = fields.get("keys", "")
            data = files.get("bundle", b"")
            if not data:
                raise Malformed(NO_FILE, {"bundle": NO_FILE})
            given = _keys(keys)
            ledger: Ledger = request.app.state.ledger
            report = await asyncio.to_thread(_verified, data, given, ledger)
        except (Malformed, TooLarge) as wrong:
            return _form(request, keys, wrong)
    shows = {"report": report, "words": report.words(), "steps": steps_of(report), "given": bool(given)}
    return page(request, "bundle-checked.html", shows)


def steps_of(report: BundleReport) -> list[Step]:
    """The steps of a verification, with what the one that ended it found."""
    finding, reached = report.finding, report.counted.step
    if finding is None:
        return [Step(each, holds=True) for each in STEPS]
    says = (f"{CODES[finding.code].capitalize()}.", str(finding))
    return until_one_fails(
        Step(each, holds=number != reached, says=says if number == reached else ())
        for number, each in enumerate(STEPS, start=1)
    )


def _verified(data: bytes, given: Sequence[str], ledger: Ledger) -> BundleReport:
    return verify_bundle(data, given or _own_keys(data, ledger))


def _own_keys(data: bytes, ledger: Ledger) -> list[str]:
    """This ledger's own keys: of all it ever had those that the bundle names, for a bundle is signed by those of its
    day; where it names none, those that sign now."""
    logs = (ledger.store, ledger.store.access)
    known = [parse_vkey(each.vkey()) for log in logs for each in (*log.keys.known, *log.second.keys.known)]
    try:
        named = unpack(data).get(POLICY, b"").decode("utf-8", "replace")
    except FormatError:
        named = ""
    return [each.vkey() for each in known if each.vkey() in named] or list(ledger.store.vkeys)


def _keys(text: str) -> list[str]:
    """The keys that somebody gave, a line each.  Raises Malformed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_KEYS:
        raise Malformed(NO_KEY.format(why=f"at most {MOST_KEYS} of them"), {"keys": "too many"})
    for each in lines:
        try:
            parse_vkey(each)
        except FormatError as wrong:
            raise Malformed(NO_KEY.format(why=wrong), {"keys": NO_KEY.format(why=wrong)}) from wrong
    return lines


def _form(request: Request, keys: str = "", wrong: Malformed | TooLarge | None = None) -> Response:
    shows = {
        "keys": keys,
        "wrong": wrong.message if wrong else "",
        "field": "keys" if isinstance(wrong, Malformed) and "keys" in wrong.errors else "bundle",
        "form": session_here(request).form_token(AT),
        "largest": LARGEST // 1_000_000,
    }
    return page(request, "bundles.html", shows, status=wrong.status if wrong else 200)


PAGES: Final[Pages] = (
    (AT, "GET", signed_in(ask)),
    (AT, "POST", signed_in(check)),
)
