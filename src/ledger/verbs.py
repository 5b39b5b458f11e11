"""What each verb of the command line does: one function each, from the parsed arguments to an exit code.

Printed for people by default, as JSON with --json.  Proven by tests/test_cli.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from uuid import uuid4

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ledger import beside, logs, playing, serving
from ledger.aggregates.ledger_stream import SYSTEM
from ledger.api import openapi
from ledger.api.tokens import Tokens
from ledger.application import Ledger
from ledger.application.searching import LONGEST_PAGE, SEARCHERS
from ledger.askers import reader_of
from ledger.errors import Forbidden, Malformed, Setup
from ledger.reading import a_day, an_instant
from ledger.searching import question
from ledger.searching.finding import ASKED_BY
from ledger.settings import Settings
from ledger.store import losing, rotating, verified
from ledger.store.log import Log
from ledger.store.opening import migrate_all
from ledger.store.tile_files import write_tiles
from ledger.store.timestamping import Roots, roots_at
from ledger.store.unsealing import Unsealing
from ledger.store.verifying import verify_database
from ledger.store.verifying_since import NOT_READ, verify_since
from ledger.trails import trail as trail_of
from ledger.trails import trail_pdf
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import FormatError
from ledger.transparency.note import parse_note
from ledger.transparency.verify import Report
from ledger.witnessing import running as witnessing

Verb = Callable[[argparse.Namespace], int]
T = TypeVar("T")

out: Final = Console()
err: Final = Console(stderr=True)


def say(given: argparse.Namespace, body: Any, show: Callable[[], None]) -> None:
    """The answer: JSON if asked for, else as `show` prints it for people."""
    if given.json:
        sys.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")
    else:
        show()


def with_ledger(use: Callable[[Ledger], Awaitable[T]]) -> T:
    """Open the ledger the environment names, whatever its kind, use it, close it."""

    async def run() -> T:
        ledger = await Ledger.open(Settings.from_environment(), kind=None)
        try:
            return await use(ledger)
        finally:
            await ledger.close()

    return asyncio.run(run())


# ------------------------------------------------------------------------------------ serving


def demo(given: argparse.Namespace) -> int:
    """The demonstration: its caseload is made on the first start."""
    from ledger.demonstration.running import run

    run(Settings.from_environment(), given.port, err)
    return 0


def serve(given: argparse.Namespace) -> int:
    """Serve until a signal."""
    del given
    settings = Settings.from_environment()
    serving.serve(settings, lambda: Ledger.open(settings, kind=None))
    return 0


def follow(given: argparse.Namespace) -> int:
    """Follow until a signal."""
    settings = Settings.from_environment()

    def ready(origin: str) -> None:
        if not given.beside:
            err.print(f"{origin}: following (stop with Ctrl-C)")

    beside.follow(settings, beside=given.beside, ready=ready)
    return 0


def rebuild(given: argparse.Namespace) -> int:
    """Build worklists anew with a progress bar; the live ones are read meanwhile."""

    async def use(ledger: Ledger) -> dict[str, Any]:
        with progress_bar() as bar:
            task = bar.add_task("rebuild", total=None)
            return await ledger.rebuild(given.name, lambda done, total: bar.update(task, completed=done, total=total))

    done = with_ledger(use)
    say(
        given,
        done,
        lambda: _outline(
            [f"{done['cases']:,} cases folded up to position {done['position']:,}: {', '.join(done['worklists'])}."]
        ),
    )
    return 0


def migrate(given: argparse.Namespace) -> int:
    """Bring both schemas up to date."""
    ran = migrate_all(Settings.from_environment())
    say(given, ran, lambda: _pairs({which: ", ".join(names) or "up to date" for which, names in ran.items()}))
    return 0


def status(given: argparse.Namespace) -> int:
    """What the ledger holds; exit 1 if it may not be written to."""

    async def use(ledger: Ledger) -> dict[str, Any]:
        return await ledger.status()

    found = with_ledger(use)
    say(given, found, lambda: tree(found))
    return 1 if found["read_only"] or found["access_log"]["read_only"] else 0


# ------------------------------------------------------------------------------------ recording


def scenario(given: argparse.Namespace) -> int:
    """Run scenarios; exit 1 if one fails."""
    results = playing.play_files(given.files)
    items = [each.listed() for each in results]
    say(given, {"items": items}, lambda: _outline([each.shown() for each in results]))
    return 0 if all(each.passed for each in results) else 1


# ------------------------------------------------------------------------------------ asking


def case(given: argparse.Namespace) -> int:
    """A view of a case."""
    noun, _, name = str(given.id).rpartition("/")
    as_at = day_of(given.as_at) if given.as_at else None
    known_at = instant_of(given.known_at) if given.known_at else None

    async def use(ledger: Ledger) -> dict[str, Any]:
        return await ledger.view(
            noun or "offender",
            name,
            given.view,
            as_at=as_at,
            known_at=known_at,
            clock=given.clock,
            explain=given.explain,
            reader=reader_of(given),
            edition=given.edition,
        )

    found = with_ledger(use)
    say(given, found, lambda: tree(found))
    return 0


def search(given: argparse.Namespace) -> int:
    """Whoever is found, a row each; exit 1 if nobody is."""
    asked = {name: value for name in ASKED_BY if (value := getattr(given, name)) is not None}
    by = reader_of(given)
    if given.role not in SEARCHERS:
        raise Forbidden(f"People are searched for by {', '.join(sorted(SEARCHERS))}; not by {given.role}.")

    async def use(ledger: Ledger) -> list[dict[str, Any]]:
        question(asked)  # before everybody is read
        with progress_bar() as bar:
            task = bar.add_task("read who there is", total=None)
            await ledger.fill_search(lambda done, of: bar.update(task, completed=done, total=of))
        found = await ledger.search(asked, reader=by, most=LONGEST_PAGE)
        items = list(found.items)
        while found.next is not None:
            found = await ledger.search(asked, reader=by, cursor=found.next, most=LONGEST_PAGE)
            items += found.items
        return items

    items = with_ledger(use)
    rows = [{name: str(each.get(name) or "") for name in _SEARCH_ROW} | _id_or_limited(each) for each in items]
    say(given, {"items": items}, lambda: _table(rows, (*_SEARCH_ROW, "id")))
    return 0 if items else 1


_SEARCH_ROW: Final = ("client_id", "surname", "forenames", "date_of_birth", "warnings")


def _id_or_limited(item: Mapping[str, Any]) -> dict[str, str]:
    named = next((f"{noun}/{item[f'{noun}_id']}" for noun in ("offender", "child") if f"{noun}_id" in item), "limited")
    return {"id": named}


def trail(given: argparse.Namespace) -> int:
    """What a decision rested on, and whether it comes out the same; exit 1 if it differs."""
    page: Path | None = given.output

    async def use(ledger: Ledger) -> dict[str, Any]:
        found = await trail_of(ledger, given.position, reader=reader_of(given))
        if page is not None:
            page.write_bytes(trail_pdf(found, await ledger.checkpoint(), datetime.now(UTC)))
        return found

    found = with_ledger(use)
    say(given, found, lambda: _outline([f"{page}: {found['rerun']['says']}"]) if page else tree(found))
    return 1 if found["rerun"]["outcome"] == "differs" else 0


OF_A_LOG: Final = ("checkpoint", "vkey", "vkeys", "announcements", "tiles", "rotate-key", "announce-key", "accept-loss")


def log(given: argparse.Namespace) -> int:
    """The newest checkpoint, the keys that check it, another key, or the whole log as files."""
    if (given.what == "tiles") != (given.folder is not None):
        raise Setup("Name a folder for the tiles, and only for them: ledger log tiles DIR.")
    if given.folder is not None:
        return _tiles(given, given.folder)
    if given.what == "accept-loss":
        return _accept_loss(given)

    async def use(ledger: Ledger) -> str:
        log = ledger.store.access if given.access else ledger.store
        if given.what == "checkpoint":
            return await ledger.checkpoint(log)
        if given.what == "rotate-key":
            return await rotating.rotate(log, log.second.keys if given.ml_dsa else None)
        if given.what == "announce-key":
            return await rotating.announce_second(log)
        if given.what == "announcements":
            told = {"announcements": await rotating.announcements(log), "losses": await rotating.losses(log)}
            return orjson.dumps(told).decode()
        return "\n".join(log.vkeys) if given.what == "vkeys" else log.vkeys[0]

    text = with_ledger(use)
    say(given, {given.what: text}, lambda: out.print(text.rstrip("\n"), markup=False, highlight=False, soft_wrap=True))
    return 0


def _accept_loss(given: argparse.Namespace) -> int:
    """Both logs under another name; what there is to do now is said."""
    if not given.origin or not given.cause:
        raise Setup("Say why, and what the ledger is called from now on: --cause CAUSE --origin NAME.")
    try:
        keys = [parse_vkey(each) for each in given.key]
    except FormatError as problem:
        raise Setup(f"This is no verifier key: {problem}.") from problem
    held = [each.read_text("utf-8", errors="replace") for each in given.held]
    accepted = asyncio.run(
        losing.accept_loss(Settings.from_environment(), losing.Wanted(given.origin, given.cause, held, keys))
    )
    say(
        given,
        {"accepted": [each.listed() for each in accepted]},
        lambda: _outline(losing.told(accepted, given.cause)),
    )
    return 0


def _tiles(given: argparse.Namespace, folder: Path) -> int:
    """With a progress bar; that entries are taken is sealed in the access log first."""

    async def use(ledger: Ledger) -> tuple[int, int]:
        log = ledger.store.access if given.access else ledger.store

        async def taken(first: int, last: int) -> None:
            await ledger.access.taken(SYSTEM, log, first, last)

        with progress_bar() as bar:
            task = bar.add_task("tiles", total=None)
            return await write_tiles(log, folder, taken, lambda n, of: bar.update(task, completed=n, total=of))

    size, written = with_ledger(use)
    told = f"{written:,} files written: {folder} holds the log of {size:,} facts."
    say(given, {"size": size, "written": written}, lambda: _outline([told]))
    return 0


def witness(given: argparse.Namespace) -> int:
    """Witness until a signal; what is said goes to standard output, a line or the proof of a fork at a time."""
    logs.configure("info")

    def tell(text: str) -> None:
        sys.stdout.write(orjson.dumps({"said": text}).decode() + "\n" if given.json else text.rstrip("\n") + "\n")
        sys.stdout.flush()

    witnessing.run(
        witnessing.Wanted.of(
            given.home,
            given.listen,
            given.name,
            given.urls,
            given.key,
            given.replay,
            every=given.every,
            announced=given.announced,
        ),
        tell,
    )
    return 0


def verify(given: argparse.Namespace) -> int:
    """The whole ledger, every byte, and with --values every sealed value; exit 1 if something does not hold."""
    if given.since is not None:
        return _verify_since(given)
    opened: list[Unsealing] = []
    settings = Settings.from_environment()
    roots = roots_at(settings.timestamps_roots) if settings.timestamps_roots else []

    renamed: list[str] = []

    async def use(ledger: Ledger) -> list[Report]:
        renamed.extend([*_earlier(ledger.store), *_earlier(ledger.store.access)])
        if given.values:
            opened.append(_unsealing(ledger))
        logs, conninfo = (ledger.store, ledger.store.access), ledger.store.conninfo()
        with progress_bar() as bar:
            return [await asyncio.to_thread(_verified, log, conninfo, bar, roots, *opened) for log in logs]

    own, access = with_ledger(use)
    counted = sum(each.held for each in opened) if opened else None
    outcome = verified.Verified(datetime.now(UTC), verified.Outcome.of(own), verified.Outcome.of(access), counted)
    told = [
        f"{each.held:,} sealed values opened, each the one committed to, and {each.files:,} documents"
        for each in opened
    ]
    body = _reported(own) | {"ok": own.ok and access.ok, "access_log": _reported(access), "earlier_names": renamed}
    lines = [
        own.summary(),
        *told,
        *map(str, own.findings),
        f"access log: {access.summary()}",
        *map(str, access.findings),
        *renamed,
    ]
    counts = [{"values": each.held, "documents": each.files} for each in opened]
    try:
        say(given, body | (counts[0] if counts else {}), lambda: _outline(lines))
    finally:  # told though it cannot be kept, kept though nobody reads to the end
        verified.keep(settings.home, outcome)
    return 0 if body["ok"] else 1


def _verified(log: Log, conninfo: str, bar: Progress, roots: Roots, values: Unsealing | None = None) -> Report:
    task = bar.add_task(f"verify the {log.kept.name}", total=None)
    return verify_database(
        conninfo,
        log.origin,
        log.keys.known,
        log.released.path,
        lambda done, of: bar.update(task, completed=done, total=of),
        values,
        schema=log.kept.schema,
        roots=roots,
        earlier=log.earlier,
    )


def _earlier(log: Log) -> list[str]:
    """What was accepted in place of what is not there any more: said with every verification."""
    return [
        f"{log.kept.name}: called {each.origin} up to position {each.size:,}, where a loss was accepted; what was "
        "signed under that name is believed up to there, and its keys for nothing after it"
        for each in log.earlier
    ]


def _verify_since(given: argparse.Namespace) -> int:
    """Of the log whose checkpoint is in the file; its first line is the log's name."""
    if given.values:
        raise Setup("Sealed values are opened with the whole ledger: leave out --from or --values.")
    kept = given.since.read_text("utf-8", errors="replace")
    try:
        origin = Checkpoint.parse(parse_note(kept).text).origin
    except FormatError as problem:
        raise Setup(f"{given.since}: {problem}.") from problem

    renamed: list[str] = []

    async def use(ledger: Ledger) -> Report:
        logs = {name.origin: log for log in (ledger.store, ledger.store.access) for name in log.names}
        log = logs.get(origin)
        if log is None:
            raise Setup(f"{given.since} is no checkpoint of this ledger: its first line is none of {', '.join(logs)}.")
        renamed.extend(_earlier(log))
        with progress_bar() as bar:
            task = bar.add_task(f"verify the {log.kept.name}", total=None)
            return await asyncio.to_thread(
                verify_since,
                kept,
                ledger.store.conninfo(),
                log.origin,
                log.keys.known,
                log.released.path,
                lambda done, of: bar.update(task, completed=done, total=of),
                schema=log.kept.schema,
                earlier=log.earlier,
            )

    report = with_ledger(use)
    body = _reported(report) | {"since": report.since, "not_read": NOT_READ, "earlier_names": renamed}
    say(given, body, lambda: _outline([report.summary(), *map(str, report.findings), NOT_READ, *renamed]))
    return 0 if report.ok else 1


def _reported(report: Report) -> dict[str, Any]:
    findings = [str(each) for each in report.findings]
    return {"ok": report.ok, "summary": report.summary(), "size": report.size, "findings": findings}


def _unsealing(ledger: Ledger) -> Unsealing:
    """Opens values with the vault's keys, asked for from another thread than the vault's."""
    loop, vault = asyncio.get_running_loop(), ledger.store.vault
    return Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())


def rules(given: argparse.Namespace) -> int:
    """The registry of rules; with --as-at, which of them are in force that day, by the settings of this ledger."""
    if given.as_at is None:
        items = openapi.rules_listed()
        say(given, {"items": items}, lambda: _table(items, ("id", "name", "edition", "source", "text")))
        return 0
    day = day_of(given.as_at)
    items = openapi.rules_as_at(with_ledger(lambda ledger: ledger.policy()), day)
    standing = [item for item in items if item["in_force"]]
    say(given, {"items": items}, lambda: _table(standing, ("id", "name", "edition", "starts", "source", "text")))
    return 0


def events(given: argparse.Namespace) -> int:
    """The registry of facts."""
    items = openapi.events_listed()
    shown = [item | {"who": ", ".join(item["who"]) if len(item["who"]) < 8 else "any staff"} for item in items]
    say(given, {"items": items}, lambda: _table(shown, ("event", "command", "noun", "who", "meaning")))
    return 0


def token(given: argparse.Namespace) -> int:
    """A token on standard output, and for whom on standard error."""

    async def use(ledger: Ledger) -> Tokens:
        return Tokens.of(ledger.store.origin, ledger.store.home)

    staff_id = given.id or str(uuid4())
    text = with_ledger(use).issue(staff_id, tuple(given.role), given.unit, given.hours * 3600)
    if not given.id:
        err.print(f"for the new staff id {staff_id}")
    say(given, {"id": staff_id, "token": text}, lambda: print(text))
    return 0


# ------------------------------------------------------------------------------------ reading and printing


def day_of(text: str) -> date:
    """The day of --as-at.  Raises Malformed."""
    try:
        return a_day(text)
    except ValueError as wrong:
        raise Malformed(f"--as-at: {wrong}.") from wrong


def instant_of(text: str, name: str = "--known-at") -> datetime:
    """The instant of an option.  Raises Malformed."""
    try:
        return an_instant(text)
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.") from wrong


def progress_bar() -> Progress:
    """How far something is, on standard error."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
    )


def _pairs(found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        out.print(f"{name.replace('_', ' ')}: {value}", markup=False, highlight=False, soft_wrap=True)


def _outline(lines: Sequence[str]) -> None:
    for each in lines:
        out.print(each, markup=False, highlight=False, soft_wrap=True)


def _table(items: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    table = Table(*columns, show_lines=False)
    for item in items:
        table.add_row(*(str(item[column] or "") for column in columns))
    out.print(table)


def tree(value: Any, depth: int = 0) -> None:
    """A view as an outline: names with their values, lists as dashes."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            _branch(f"{'  ' * depth}{name.replace('_', ' ')}:", each, depth)
    else:
        for each in cast("list[Any]", value):
            _branch(f"{'  ' * depth}-", each, depth)


def _branch(label: str, value: Any, depth: int) -> None:
    if isinstance(value, dict | list) and value:
        out.print(label, markup=False, highlight=False, soft_wrap=True)
        tree(value, depth + 1)
    elif value is not None and value != []:
        out.print(f"{label} {value}", markup=False, highlight=False, soft_wrap=True)
