"""A ledger with a caseload in it, for the benchmarks that need one: imported as `ledger import` does, kept if wished.

    async with filled(home, facts) as ledger: …     an open ledger that holds at least so many facts
    with a_home(kept) as home: …                    the directory that was named, or one that is gone afterwards

With `--home DIR` a large caseload is imported once and serves bench.rebuild, bench.replay and bench.worklists; a home
that holds fewer facts than asked for gets the rest.  The caseload is bench.caseload's, whose present day is
bench.caseload.DAY.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import psycopg

from bench.caseload import SEED, first_lines, write
from bench.measuring import out
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.importing import import_file
from ledger.settings import Settings


@contextlib.contextmanager
def a_home(kept: Path | None) -> Generator[Path]:
    if kept is not None:
        kept.mkdir(exist_ok=True, parents=True)
        kept.chmod(0o711)
        yield kept
        return
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home)


@contextlib.asynccontextmanager
async def filled(home: Path, facts: int) -> AsyncGenerator[Ledger]:
    ledger = await Ledger.open(Settings(home=home))
    try:
        if ledger.store.released.size < facts:
            file = home / "caseload.jsonl"
            if not file.exists() or sum(1 for _ in file.open("rb")) < facts:
                write(file, first_lines(facts, SEED), facts)
            began = perf_counter()
            outcome = await import_file(ledger, file, Actor(str(uuid4()), "administrator"))
            seconds = perf_counter() - began
            if outcome.rejected:
                raise SystemExit(f"the import set {len(outcome.rejected)} lines aside: {outcome.rejected[:3]}")
            out.print(f"{outcome.facts:,} facts imported in {seconds:.0f} s ({outcome.facts / seconds:,.0f} a second).")
        yield ledger
    finally:
        await ledger.close()


def asked(conninfo: str, query: str, *params: object) -> list[tuple[object, ...]]:
    """What a database answers to a statement of a benchmark's own."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        done = connection.execute(query.encode(), params)
        return done.fetchall() if done.description else []
