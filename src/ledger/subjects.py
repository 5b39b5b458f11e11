"""The verb `ledger subject-access`: what is held about a person who asked, printed or as pages.

Proven by tests/api/test_subject_access.py.
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from ledger.access.purposes import reader
from ledger.application import Ledger
from ledger.application.subject_access import SubjectAccess
from ledger.askers import actor_of
from ledger.errors import Malformed
from ledger.reading import a_day
from ledger.verbs import out, say, with_ledger


def subject_access(given: argparse.Namespace) -> int:
    """Everything held under a case reference number; exit 1 where that is nothing."""
    since, until = (_day(text) for text in (given.since, given.until))
    by = reader(actor_of(given), "subject-access")

    async def use(ledger: Ledger) -> tuple[SubjectAccess | None, bytes]:
        found = await ledger.subject_access(given.crn, since, until, reader=by)
        if found is None or given.output is None:
            return found, b""
        return found, found.pdf(await ledger.checkpoint(), datetime.now(UTC))

    found, pages = with_ledger(use)
    if found is None:
        say(given, {"content": None}, lambda: out.print("Nothing is held under this number."))
        return 1
    if given.output is not None:
        _write(given.output, pages)
    content = found.content()
    body: dict[str, Any] = {"file": str(given.output)} if given.output else {"content": content}
    say(given, body, lambda: _shown(given.output, content))
    return 0


def _shown(file: Path | None, content: dict[str, Any]) -> None:
    if file is not None:
        facts = sum(len(each["facts"]) for each in content["cases"])
        out.print(f"{file}: {facts} facts of {len(content['cases'])} cases", markup=False, soft_wrap=True)
    else:
        text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()
        out.print(text, markup=False, highlight=False, soft_wrap=True)


def _write(file: Path, data: bytes) -> None:
    """For its owner's eyes."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(data)


def _day(text: str | None) -> date | None:
    try:
        return a_day(text) if text else None
    except ValueError as wrong:
        raise Malformed(f"A day, such as 2026-01-31: {wrong}.") from wrong
