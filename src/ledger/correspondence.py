"""The verbs `ledger letter`, `ledger session-sheet` and `ledger form`: a letter as it was sent, who is expected on a
day, and the forms of the sources.

Proven by tests/test_cli_readings.py.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Final, cast

from ledger.application import Ledger
from ledger.application.forms import Printed
from ledger.application.letters import Letter, Preview
from ledger.application.sheets import ROLES, Sheet
from ledger.askers import actor_of, reader_of
from ledger.commands import Command
from ledger.errors import Forbidden, Malformed
from ledger.printing.forms import FORMS
from ledger.projections.letters import LETTERS
from ledger.reading import a_day, a_json
from ledger.verbs import day_of, instant_of, out, say, with_ledger


def letter(given: argparse.Namespace) -> int:
    """The words of a letter, or of what one would say, on standard output, or as FILE.pdf or FILE.txt."""
    file: Path | None = given.out
    if file is not None and file.suffix not in (".pdf", ".txt"):
        raise Malformed("--out: a letter is written as FILE.pdf or FILE.txt.")

    found = _previewed(given) if given.preview else _sent(given)
    body: dict[str, Any] = {"words_digest": found.digest, "template": found.template, "edition": found.edition}
    if file is None:
        body["words"] = found.words
        say(given, body, lambda: out.print(found.words, markup=False, highlight=False, soft_wrap=True))
        return 0
    _write(file, found.pdf() if file.suffix == ".pdf" else f"{found.words}\n".encode())
    say(given, body | {"file": str(file)}, lambda: out.print(str(file), markup=False, highlight=False, soft_wrap=True))
    return 0


def _sent(given: argparse.Namespace) -> Letter:
    async def use(ledger: Ledger) -> Letter:
        return await ledger.letter("offender", given.id, given.letter, reader=reader_of(given))

    return with_ledger(use)


def _previewed(given: argparse.Namespace) -> Preview:
    """What the command in a file, {"command", "data"}, would write; nothing is issued."""
    try:
        told: Any = a_json(Path(given.letter).read_bytes())
    except (OSError, ValueError) as wrong:
        raise Malformed(WHICH_COMMAND) from wrong
    line = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    name, data = line.get("command"), line.get("data")
    if line.keys() != {"command", "data"} or name not in _WRITING or not isinstance(data, dict):
        raise Malformed(WHICH_COMMAND)
    command = Command(str(name), "offender", given.id, cast("dict[str, Any]", data), actor_of(given))

    async def use(ledger: Ledger) -> Preview:
        return await ledger.preview(command, reader=reader_of(given))

    return with_ledger(use)


_WRITING: Final = frozenset(each.command for each in LETTERS)
WHICH_COMMAND: Final = (
    f"--preview: give a file with one JSON object, its command ({' or '.join(sorted(_WRITING))}) and its data."
)


def session_sheet(given: argparse.Namespace) -> int:
    """The session sheet of a placement's day on standard output, or as FILE.pdf."""
    file: Path | None = given.out
    if file is not None and file.suffix != ".pdf":
        raise Malformed("--out: a session sheet is written as FILE.pdf.")
    try:
        day = a_day(given.day)
    except ValueError as wrong:
        raise Malformed(f"--day: {wrong}.") from wrong
    if given.role not in ROLES:
        raise Forbidden(f"A session sheet is read by {', '.join(sorted(ROLES))}; not by {given.role}.")

    async def use(ledger: Ledger) -> Sheet:
        return await ledger.session_sheet(given.id, day, reader=reader_of(given))

    found = with_ledger(use)
    if file is None:
        say(given, found.listed(), lambda: out.print(found.text, markup=False, highlight=False, soft_wrap=True))
        return 0
    _write(file, found.pdf())
    told = f"{file}: {len(found.items)} people on {day}"
    body = {"file": str(file), "people": len(found.items), "digest": found.digest}
    say(given, body, lambda: out.print(told, markup=False, highlight=False, soft_wrap=True))
    return 0


def form(given: argparse.Namespace) -> int:
    """A form of the sources on standard output as text, or as FILE.pdf."""
    file: Path | None = given.out
    if file is not None and file.suffix != ".pdf":
        raise Malformed("--out: a form is written as FILE.pdf.")
    as_at = day_of(given.as_at) if given.as_at else None
    known_at = instant_of(given.known_at) if given.known_at else None
    noun = FORMS[given.form].noun

    async def use(ledger: Ledger) -> Printed:
        return await ledger.form(
            noun, given.id, given.form, of=given.of, as_at=as_at, known_at=known_at, reader=reader_of(given)
        )

    found = with_ledger(use)
    if file is None:
        say(given, found.told(), lambda: out.print(found.text, markup=False, highlight=False, soft_wrap=True))
        return 0
    _write(file, found.pdf())
    body = {"file": str(file), "digest": found.digest}
    say(given, body, lambda: out.print(str(file), markup=False, highlight=False, soft_wrap=True))
    return 0


def _write(file: Path, data: bytes) -> None:
    """For its owner's eyes."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(data)
