"""A case review of one person of whom very much is told: its page with the seal made again, who knew what, chronology.

    python -m bench.reviews [--facts 10000] [--rounds 5] [--home DIR] [--json FILE]

One person with so many concerns, in matters of a hundred each, imported as history; a review refers the incident,
secures the records and produces a chronology of everything.  Asked in this process, as a case reviewer, every reading
sealed in the access log: the first time (cold: nothing is in memory) and `--rounds` times after it; how long the answer
is as JSON.  It is an error if the seal does not agree or an answer has not every fact.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import orjson
import uvloop

from bench.filling import a_home
from bench.measuring import leave, milliseconds, out, table
from bench.served import machine_of
from ledger.access.purposes import Reader
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.demonstration.lines import Line, a_uuid
from ledger.importing import import_file
from ledger.settings import Settings

SEED: Final = 2022
OF_A_MATTER: Final = 100
BEGAN: Final = datetime(2020, 1, 6, 10, tzinfo=UTC)
VIEWS: Final = ("case-review", "who-knew", "chronology")


def lines(drawn: Random, offender: str, facts: int) -> Iterator[Line]:
    """The person, then a concern every few hours."""
    staff = {role: a_uuid(drawn) for role in ("court-officer", "practitioner", "supervisor")}

    def line(moment: datetime, role: str, to: str, command: str, /, **data: Any) -> Line:
        by, source = {"id": staff[role], "role": role}, {"system": "bench", "recorded": moment.isoformat()}
        return {"command": command, "to": to, "data": data, "by": by, "source": source, "key": a_uuid(drawn)}

    told = {"client_id": "0710890", "surname": "Testcase", "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}
    yield line(BEGAN, "court-officer", f"offender/{offender}", "RecordOffender", **told)
    matter = ""
    for n in range(facts):
        moment = BEGAN + timedelta(hours=4 * n)
        matter = matter if n % OF_A_MATTER else a_uuid(drawn)
        yield line(
            *(moment, "supervisor" if n % 2 else "practitioner", f"child-protection-matter/{matter}", "RecordConcern"),
            concern_id=a_uuid(drawn),
            offender_id=offender,
            source="UPW_SITE",
            noted_on=moment.date().isoformat(),
            grave=False,
            category="IN_NEED",
            note="Told on the van: there is not enough to eat until the end of the month.",
        )


async def filled(ledger: Ledger, home: Path, offender: str, facts: int) -> str:
    """The review of the person, whom the ledger then holds."""
    file = home / "person.jsonl"
    file.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines(Random(SEED), offender, facts)))
    began = perf_counter()
    outcome = await import_file(ledger, file, Actor(str(uuid4()), "administrator"))
    if outcome.rejected:
        raise SystemExit(f"the import set {len(outcome.rejected)} lines aside: {outcome.rejected[:3]}")
    out.print(f"{outcome.facts:,} facts imported in {perf_counter() - began:.0f} s.")
    review, now = str(uuid4()), datetime.now(UTC)

    async def tell(role: str, name: str, /, **data: Any) -> None:
        await ledger.execute(Command(name, "case-review", review, data, Actor(str(uuid4()), role), key=uuid4()))

    referred = {"ground": "DEATH", "child_refs": [], "offender_refs": [offender], "sent_to": "board"}
    await tell("aco", "ReferSeriousIncident", **referred, referred_at=now.isoformat())
    secured = {"requested_by": "the chair", "requested_at": now.isoformat(), "secured_at": now.isoformat()}
    began = perf_counter()
    await tell("aco", "SecureRecords", **secured, streams=[offender])
    out.print(f"Securing took {perf_counter() - began:.1f} s.")
    period = {"from_date": "2019-01-01", "to_date": now.date().isoformat(), "as_known_at": now.isoformat()}
    await tell("case-reviewer", "ProduceChronology", **period)
    return review


async def measure(home: Path, given: argparse.Namespace) -> tuple[dict[str, float], str]:
    offender, figures = str(uuid4()), dict[str, float]()
    ledger = await Ledger.open(Settings(home=home))
    try:
        review = await filled(ledger, home, offender, given.facts)
    finally:
        await ledger.close()
    ledger = await Ledger.open(Settings(home=home))  # nothing is in memory
    shown = table(f"{given.facts:,} facts, {given.rounds} rounds", "", "cold ms", "p50 ms", "MB of JSON")
    try:
        reader = Reader(Actor(str(uuid4()), "case-reviewer"), "case-review")
        for name in VIEWS:
            took, size = list[float](), 0.0
            for _ in range(given.rounds + 1):
                began = perf_counter()
                answer = await ledger.view("case-review", review, name, reader=reader)
                took.append(perf_counter() - began)
                size = len(orjson.dumps(answer)) / 1e6
                _is_whole(name, answer, given.facts)
            figures |= {f"{name} cold": took[0] * 1000, f"{name} p50": milliseconds(took[1:], 0.5), f"{name} MB": size}
            shown.add_row(name, f"{took[0] * 1000:.0f}", f"{milliseconds(took[1:], 0.5):.0f}", f"{size:.2f}")
        about = machine_of(home)
    finally:
        await ledger.close()
    out.print(shown, f"{about}.", sep="\n")
    return figures, about


def _is_whole(name: str, answer: dict[str, Any], facts: int) -> None:
    if name == "case-review" and not (answer["seals"][0]["agrees"] and answer["seals"][0]["facts"] > facts):
        raise SystemExit("the seal does not agree")
    if name == "chronology" and not (answer["produced"]["agrees"] and len(answer["events"]) > facts):
        raise SystemExit("the chronology does not agree")
    if name == "who-knew" and len(answer["knowledge"]) <= facts:
        raise SystemExit("a fact nobody knew")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="where the ledger is kept")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        figures, about = uvloop.run(measure(home, given))
    leave(given.json, "reviews", given.facts, about, figures)


if __name__ == "__main__":
    main()
