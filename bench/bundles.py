"""Bundles of a case: how long one takes to make and to verify, and that no byte of it can be another.

    python -m bench.bundles [--facts 500] [--among 5000] [--rounds 5] [--flips 20000] [--home DIR] [--json FILE]

A case of so many facts, each with a sealed text that is opened, is recorded in a ledger that holds so many others
(bench.caseload).

    made        exported without the PDF, the closing reused, so what is timed is reading, proving, sealing the export
                in the access log and verifying the bundle before it leaves
    printed     the same with chronology.pdf
    verified    as `ledger verify FILE.zip` does, from bytes in memory

Then `--flips` bytes, drawn by seed, are changed one at a time: half of them in the zip as it lies there, half in a file
of it with the zip made anew. It is an error if one bundle passes.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import uvloop

from bench.filling import a_home, filled
from bench.measuring import as_the_server, leave, machine, out, table
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.disclosing.exporting import Export
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import pack, unpack

SEED = 2026
PERSON = {"client_id": "0710891", "surname": "Invented", "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}


async def a_case(ledger: Ledger, facts: int) -> str:
    """The id of a case of so many facts: the person, the order, and absences with a note."""
    person, order = str(uuid4()), str(uuid4())
    staff = str(uuid4())
    today = date.today()

    async def give(name: str, data: dict[str, object], role: str) -> None:
        await ledger.execute(Command(name, "offender", person, data, Actor(staff, role), key=uuid4()))

    await give("RecordOffender", PERSON, "court-officer")
    made = {
        "order_id": order,
        "order_type": "CO",
        "court": "Kidderminster",
        "sentence_date": (today - timedelta(days=300)).isoformat(),
        "order_end_date": (today + timedelta(days=65)).isoformat(),
        "requirements": ["UPW"],
        "upw_hours": 100,
    }
    await give("RecordOrder", made, "court-officer")
    for number in range(facts - 2):
        absence = {
            "absence_id": str(uuid4()),
            "order_id": order,
            "appointment_kind": "UPW",
            "date": (today - timedelta(days=1 + number % 250)).isoformat(),
            "kind": "FTA",
            "note": f"did not come, and said on the telephone that the bus was late; call {number}",
        }
        await give("RecordAbsence", absence, "practitioner")
    return person


async def timed(rounds: int, make: Callable[[], Awaitable[Export]]) -> tuple[list[float], Export]:
    times: list[float] = []
    while True:
        began = perf_counter()
        export = await make()
        times.append(perf_counter() - began)
        if len(times) == rounds:
            return times, export


def flips(data: bytes, key: str, count: int) -> float:
    """Change bytes one at a time; seconds each.  Exits if a bundle passes that should not."""
    drawn, whole = random.Random(SEED), unpack(data)
    names = [name for name, content in whole.items() if content]
    began = perf_counter()
    for number in range(count):
        if number % 2:
            at = drawn.randrange(len(data))
            changed, where = _flipped(data, at, drawn), f"byte {at} of the zip"
        else:
            name = drawn.choice(names)
            at = drawn.randrange(len(whole[name]))
            changed = pack(whole | {name: _flipped(whole[name], at, drawn)})
            where = f"byte {at} of {name}"
        if verify_bundle(changed, [key]).ok:
            raise SystemExit(f"{where} was changed, and the bundle passed")
    return (perf_counter() - began) / max(count, 1)


def _flipped(data: bytes, at: int, drawn: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << drawn.randrange(8)]) + data[at + 1 :]


async def run(given: argparse.Namespace, home: Path) -> None:
    async with filled(home, given.among) as ledger:
        person, by = await a_case(ledger, given.facts), Actor(str(uuid4()), "practitioner")
        key = ledger.store.signer.verifier().vkey()
        as_the_server()

        async def export(printed: bool) -> Export:
            return await ledger.export("offender", person, "court", "the court", by, printed=printed)

        await export(printed=False)  # the closing, the map of all chains, the tiles
        made, bundle = await timed(given.rounds, lambda: export(printed=False))
        printed, whole = await timed(min(given.rounds, 3), lambda: export(printed=True))
        verified: list[float] = []
        for _ in range(given.rounds):
            began = perf_counter()
            report = verify_bundle(bundle.data, [key])
            verified.append(perf_counter() - began)
            if not report.ok:
                raise SystemExit(str(report.finding))
        about = machine(ledger.store.conninfo())
        facts = ledger.store.released.size
    shown = table(f"A bundle of {given.facts:,} facts among {facts:,}", "what", "median", "slowest", "bytes")
    rows = (("made", made, bundle), ("printed", printed, whole), ("verified", verified, bundle))
    for name, times, of in rows:
        shown.add_row(name, f"{statistics.median(times):.2f} s", f"{max(times):.2f} s", f"{len(of.data):,}")
    out.print(shown)
    for line in bundle.words[1:2]:
        out.print(line)
    each = flips(bundle.data, key, given.flips)
    out.print(f"{given.flips:,} bytes changed, one at a time: none passed ({each * 1000:.1f} ms each).")
    out.print(about)
    figures = {name: statistics.median(times) for name, times, _ in rows}
    leave(given.json, "bundles", given.facts, about, figures)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--facts", type=int, default=500)
    given.add_argument("--among", type=int, default=5_000)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--flips", type=int, default=20_000)
    given.add_argument("--home", type=Path)
    given.add_argument("--json", type=Path)
    asked = given.parse_args()
    with a_home(asked.home) as home:
        uvloop.run(run(asked, home))


if __name__ == "__main__":
    main()
