"""The verbs of safekeeping: `ledger backup` and `ledger restore`.

Proven by tests/store/test_backup.py, test_restore.py and tests/journeys/test_safekeeping.py.
"""

from __future__ import annotations

import argparse
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ledger.application import Ledger
from ledger.settings import Settings
from ledger.store.safekeeping import Made, Wanted, back_up, restore
from ledger.verbs import err, out, say, with_ledger

_NOT_IN_IT = "The folder of keys ({keys}) is in neither: keep a copy of it apart from both."


def backup(given: argparse.Namespace) -> int:
    """Ledger and vault, into two folders, while everybody goes on working."""
    settings = Settings.from_environment()
    days = settings.vault_backup_days

    async def use(ledger: Ledger) -> Made:
        with _bar() as bar:
            task = bar.add_task("back up", total=None)
            return await back_up(
                ledger.store, given.folder, days, lambda done, of: bar.update(task, completed=done, total=of)
            )

    made = with_ledger(use)
    sizes = made.ledger.manifest.sizes
    body: dict[str, Any] = {
        "ledger": str(made.ledger.path),
        "vault": str(made.vault.path),
        "facts": sizes["public"],
        "access_log_facts": sizes["access"],
        "ended": [str(each) for each in made.ended],
    }
    lines = [
        f"{made.ledger.path}: {sizes['public']:,} facts, {sizes['access']:,} of the access log.",
        f"{made.vault.path}: the vault; it is kept for {days} days, and so must be every copy of it.",
        *(f"{each} was kept for longer than that and is gone." for each in made.ended),
        _NOT_IN_IT.format(keys=settings.home / "keys"),
    ]
    say(given, body, lambda: _lines(lines))
    return 0


def restoring(given: argparse.Namespace) -> int:
    """From backups, into what is empty; exit 1 if something is missing from what was restored."""
    settings = Settings.from_environment()
    wanted = Wanted(
        given.folder,
        given.ledger,
        given.vault,
        given.erasures,
        given.checkpoint,
        given.key,
        accept_loss=given.accept_loss,
    )
    tasks: dict[str, TaskID] = {}
    with _bar() as bar:

        def told(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        done = restore(settings, wanted, told)
    body: dict[str, Any] = {
        "ledger": str(done.ledger.path),
        "vault": str(done.vault.path),
        "facts": done.facts,
        "lost": dict(done.lost),
        "erasures_replayed": done.replayed,
        "keys_lacking": done.lacking,
        "witnesses_silent": list(done.silent),
    }
    lines = [
        f"{done.facts:,} facts restored, as at {done.ledger.manifest.taken_at:%-d %B %Y %H:%M} UTC, and verified.",
        f"{done.replayed:,} erasures that the vault's backup did not know were carried out again.",
        *(f"{count:,} facts of the {name} were acknowledged and are lost." for name, count in done.lost.items()),
        *(["It is open for reading only."] if done.lost else []),
        *([f"{done.lacking:,} keys are in no vault: what they seal cannot be read."] if done.lacking else []),
        *(f"Not asked for its newest checkpoint: {each}." for each in done.silent),
        "The worklists are built when it is served.",
    ]
    say(given, body, lambda: _lines(lines))
    return 1 if done.lost or done.lacking else 0


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=err
    )


def _lines(lines: list[str]) -> None:
    for each in lines:
        out.print(each, markup=False, highlight=False, soft_wrap=True)
