"""`ledger demo`: the embedded databases, a caseload on the first start, the server, and a token for each role.

The caseload is made once, dated relative to that day, and played through the same door as an import.  A first start
that was interrupted goes on where it stopped: the day is remembered and every line has its key.

Proven by tests/journeys/test_first_minutes.py.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import uuid4

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ledger import serving
from ledger.aggregates.shape import in_london
from ledger.api.tokens import Tokens
from ledger.api.web.sessions import Links
from ledger.application import SYSTEM, Ledger
from ledger.demonstration.caseload import demonstration
from ledger.demonstration.people import roster
from ledger.errors import Setup
from ledger.importing import LineKeys, Outcome, import_lines
from ledger.rules.dates import london_day
from ledger.settings import Settings
from ledger.store.checkpoint_files import write_synced
from ledger.store.opening import DEMONSTRATION

TOKEN_HOURS: Final = 24 * 7
SEED: Final = 2022
# Every role that somebody can have, by what they come for, in the order in which they are printed.
ROLES_BY_WORK: Final = {
    "Supervising people": ("practitioner", "pso", "senior-practitioner", "trainee", "court-officer", "victim-liaison"),
    "Unpaid work": ("supervisor", "placement-coordinator", "operations-manager", "head-of-unpaid-work"),
    "Managing": ("unit-manager", "area-manager", "aco", "chief-officer", "risk-manager"),
    "Records and rights": (
        *("information-officer", "information-manager", "team-admin", "data-protection-officer", "subject-access"),
    ),
    "Looking from outside": ("auditor", "inspector", "case-reviewer", "police", "school"),
    "Running the service": ("administrator", "training-unit"),
}
WIDEST: Final = max(len(role) for roles in ROLES_BY_WORK.values() for role in roles)


def run(settings: Settings, port: int, console: Console) -> None:
    """Serve the demonstration until a signal comes.  Raises Setup if the home holds a real ledger."""
    if not 0 < port < 65536:
        raise Setup(f"There is no port {port}: they go from 1 to 65535.")
    settings = settings.model_copy(update={"listen": f"{settings.listen_host}:{port}"})
    started = time.monotonic()

    async def open_ledger() -> Ledger:
        return await open_demonstration(settings, console)

    async def ready(ledger: Ledger, tokens: Tokens, links: Links) -> None:
        console.print(f"Ready after {time.monotonic() - started:.1f} s.")
        await ledger.follower.catch_up()
        breaches = [str(each["offender_id"]) for each in (await ledger.worklist("breach")).items]
        cases = breaches or await ledger.store.database.streams("offender")  # whoever tries it out may close them all
        _print_doors(settings, ledger, tokens, links, console, cases[0].removeprefix("offender-"))

    serving.serve(settings, open_ledger, ready)


async def open_demonstration(settings: Settings, console: Console) -> Ledger:
    """Open the demonstration ledger with its caseload in it."""
    day, whole = _remembered(settings)
    lines = [] if whole else demonstration(day, SEED)[0]
    began = in_london(datetime.fromisoformat(str(lines[0]["at"]))) - timedelta(minutes=1) if lines else None
    ledger = await Ledger.open(settings, kind=DEMONSTRATION, began=began)
    try:
        if lines:
            _remember(settings, day, whole=False)
            await _play(ledger, lines, settings, console)
            _remember(settings, day, whole=True)
    except BaseException:
        await ledger.close()
        raise
    return ledger


async def _play(ledger: Ledger, lines: list[dict[str, object]], settings: Settings, console: Console) -> None:
    numbered = ((number, orjson.dumps(line)) for number, line in enumerate(lines, start=1))
    keys = LineKeys(settings.home, settings.home / "demonstration")
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task("Recording a year of casework", total=len(lines))

        def progress(outcome: Outcome) -> None:
            bar.update(task, completed=outcome.lines)

        outcome = await import_lines(ledger, numbered, keys, SYSTEM, progress)
    if outcome.rejected:
        line, rule, reason = outcome.rejected[0]
        raise Setup(f"{len(outcome.rejected)} lines of the demonstration were refused; line {line}: {rule}: {reason}")
    console.print(f"{outcome.facts + outcome.repeated:,} facts recorded and sealed.")


def _remembered(settings: Settings) -> tuple[date, bool]:
    """The day the caseload is dated by, and whether it is whole."""
    path = settings.home / "demonstration.json"
    if not path.exists():  # it is written once the ledger is known to be a demonstration
        return london_day(datetime.now(UTC)), False
    kept = orjson.loads(path.read_bytes())
    return date.fromisoformat(kept["day"]), bool(kept["whole"])


def _remember(settings: Settings, day: date, *, whole: bool) -> None:
    text = orjson.dumps({"day": day.isoformat(), "whole": whole}).decode()
    write_synced(settings.home / "demonstration.json", text)


def _print_doors(settings: Settings, ledger: Ledger, tokens: Tokens, links: Links, console: Console, case: str) -> None:
    """For each role that a person can have a token and a link that signs in, once; the links last, to be at hand."""
    address = f"http://{settings.listen}"
    staff = {each.role: each.id for each in roster(SEED).staff}
    issued = {
        role: tokens.issue(staff.get(role, str(uuid4())), (role,), "North", TOKEN_HOURS * 3600)
        for roles in ROLES_BY_WORK.values()
        for role in roles
    }

    def say(*lines: str) -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    say("", ledger.store.origin, f"  {address}/docs", "", "For programs, a token for each role:", "")
    say(*(f"{role}: {token}" for role, token in issued.items()))
    say(
        "",
        "Try (with a practitioner's token as TOKEN):",
        f"  curl -H 'Authorization: Bearer TOKEN' {address}/offenders/{case}/enforcement",
        f"  curl -H 'Authorization: Bearer TOKEN' {address}/worklists/breach",
        "",
        "For people, a link for each role; each signs in once, in a browser of this machine:",
    )
    for work, roles in ROLES_BY_WORK.items():
        say("", f"  {work}")
        for role in roles:
            secret = links.make(tokens.check(issued[role]), role)
            say(f"    {role:<{WIDEST}}  {address}/sign-in/once/{secret}")
    say("", "Stop with Ctrl-C.")
