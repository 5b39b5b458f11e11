"""Histories of another system: so many cases with faults of ten kinds among them, imported and reconciled to the line.

    python -m bench.histories [--cases 2000] [--seed 2022] [--share 2] [--dry-run] [--keep FOLDER]

Each case is a person with an order and its history, about ten lines, told by another system with its record dates,
some of them late, corrected, against the rules of the day, or of a duplicate person that is merged and separated again.
`--share` of a hundred lines are faults; the generator writes down which, and with which rule each must be set aside.
The lines are made as they are written and read as they are imported: no list of them is held.  What is set aside must
be exactly the faulty lines, each with the rule expected; lines read = recorded + recorded before + set aside + blank,
by the import's own count, by the ledger's, and again when the file is imported once more.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uvloop

from bench.measuring import as_the_server, machine, out, table
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.importing import Outcome, import_file
from ledger.settings import Settings

SYSTEM = "old-case-system"
BEGAN = date(2019, 1, 7)
FAULTS = (
    "not-json",
    "wrong-type",
    "year-1066",
    "control-character",
    "unknown-command",
    "wrong-role",
    "unknown-order",
    "person-twice",
    "key-reused",
    "correction-of-nothing",
)
EXPECTED = {
    "not-json": "malformed",
    "wrong-type": "malformed",
    "year-1066": "malformed",
    "control-character": "malformed",
    "unknown-command": "malformed",
    "wrong-role": "forbidden",
    "unknown-order": "GEN-06",
    "person-twice": "GEN-06",
    "key-reused": "key-reused",
    "correction-of-nothing": "GEN-06",
}


@dataclass
class Made:
    """What the generator has written: by line number the kind of fault, and how many lines of each kind there are."""

    lines: int = 0
    faults: dict[int, str] = field(default_factory=dict[int, str])


class Histories:
    """Makes lines; everything it draws comes from one seed."""

    def __init__(self, cases: int, seed: int, share: int) -> None:
        self._random, self._cases, self._share = random.Random(seed), cases, share
        self._staff = [self._id() for _ in range(60)]
        self._before: tuple[str, str] = ("", "")  # the person before, and a line of theirs (its key)

    def write(self, path: Path) -> Made:
        """The file, and what is wrong with it."""
        made = Made()
        with path.open("wb") as file:
            for line in self.made():
                made.lines += 1
                file.write(orjson.dumps(line) + b"\n")
                if self._random.randrange(100) < self._share:
                    kind = FAULTS[self._random.randrange(len(FAULTS))]
                    made.lines += 1
                    made.faults[made.lines] = kind
                    file.write(self._fault(kind, line) + b"\n")
        return made

    def made(self) -> Iterator[dict[str, Any]]:
        """The good lines, one after another."""
        for number in range(self._cases):
            person = f"offender/{self._id()}"
            yield from self._case(number, person)
            if self._before[0] and self._random.randrange(50) == 0:
                yield from self._duplicate(person)
            self._before = (person, "")

    def _case(self, number: int, person: str) -> Iterator[dict[str, Any]]:
        draw, order = self._random, self._id()
        day = BEGAN + timedelta(days=draw.randrange(1500))
        data: dict[str, Any] = {
            "client_id": f"{number % 10_000_000:07d}",
            "crn": f"H{number:06d}",
            "surname": f"Old{number}",
        }
        data |= {
            "forenames": "Ann Other",
            "dob": f"{1950 + number % 55}-0{1 + number % 9}-11",
            "gender": "FM"[number % 2],
        }
        yield self._line("RecordOffender", person, data, "court-officer", day)
        data = {
            "order_id": order,
            "order_type": "CO",
            "court": "Kidderminster",
            "sentence_date": str(day),
            "upw_hours": 100,
        }
        data |= {"order_end_date": str(day + timedelta(days=364)), "requirements": ["UPW"]}
        if draw.randrange(20) == 0:
            data["upw_hours"] = 900  # against the rule: kept, with its exception flag
        yield self._line("RecordOrder", person, data, "court-officer", day)
        for each in range(2):
            absent = day + timedelta(days=20 + 14 * each + draw.randrange(7))
            yield from self._absence(person, order, absent)
        if draw.randrange(3) == 0:
            need = {"need_type": "INTERPRETER", "language": "Polish"}
            yield self._line("RecordCommunicationNeed", person, need, "practitioner", day + timedelta(days=5))

    def _absence(self, person: str, order: str, day: date) -> Iterator[dict[str, Any]]:
        absence, letter, key = self._id(), self._id(), self._id()
        data = {"absence_id": absence, "order_id": order, "appointment_kind": "UPW", "date": str(day), "kind": "FTA"}
        late = self._random.choice((0, 0, 0, 30))  # days after which the other system was told
        told = self._line("RecordAbsence", person, data, "supervisor", day + timedelta(days=late), key=key)
        yield told
        sent = day + timedelta(days=2)
        data = {"letter_id": letter, "absence_id": absence, "issued_on": str(sent), "channel": "post"}
        yield self._line("IssueEnforcementLetter", person, data, "practitioner", sent)
        judged = day + timedelta(days=15)
        data = {"absence_id": absence, "result": "UNACCEPTABLE", "reason_code": "NO_REASON", "reason": "none was given"}
        yield self._line("JudgeAbsence", person, data | {"judged_on": str(judged)}, "practitioner", judged)
        if self._random.randrange(4) == 0:
            right = {
                "event_ref": key,
                "field": "date",
                "corrected_value": str(day - timedelta(days=1)),
                "reason": "a slip",
            }
            yield self._line("CorrectRecord", person, right, "senior-practitioner", judged + timedelta(days=1))

    def _duplicate(self, person: str) -> Iterator[dict[str, Any]]:
        into = self._before[0].partition("/")[2]
        day = BEGAN + timedelta(days=2000)
        merging = {"into": into, "reason": "one person, twice on file"}
        yield self._line("MergePersons", person, merging, "information-officer", day)
        if self._random.randrange(2):
            apart = {"from_person": into, "reason": "two people after all"}
            yield self._line("SeparatePersons", person, apart, "information-officer", day + timedelta(days=9))

    def _fault(self, kind: str, line: dict[str, Any]) -> bytes:
        """A faulty line after a good one of the same person."""
        bad = {**line, "key": self._id()}
        person, data = line["to"], dict(line["data"])
        absence = {"absence_id": self._id(), "order_id": self._id(), "appointment_kind": "UPW", "kind": "FTA"}
        absence |= {"date": str(BEGAN + timedelta(days=1600))}
        told = {**bad, "command": "RecordAbsence", "by": {**bad["by"], "role": "supervisor"}}
        match kind:
            case "not-json":
                return orjson.dumps(bad)[:-7]
            case "wrong-type":
                bad = {**told, "data": absence | {"date": 7}}
            case "year-1066":
                bad = {**told, "data": absence | {"date": "1066-10-14"}}
            case "control-character":
                need = {"need_type": "SIGNING", "language": "BSL\x07"}
                bad |= {"command": "RecordCommunicationNeed", "by": {**bad["by"], "role": "practitioner"}, "data": need}
            case "unknown-command":
                bad["command"] = "RecordMood"
            case "wrong-role":
                bad = {**told, "data": absence, "by": {**bad["by"], "role": "inspector"}}
            case "unknown-order":
                bad = {**told, "data": absence}
            case "person-twice":
                data = {
                    "client_id": "0000001",
                    "surname": "Twice",
                    "forenames": "A",
                    "dob": "1990-01-01",
                    "gender": "F",
                }
                bad |= {"command": "RecordOffender", "by": {**bad["by"], "role": "court-officer"}, "data": data}
            case "key-reused":
                bad = {**told, "data": absence, "key": line["key"]}
            case _:
                right = {"event_ref": self._id(), "field": "date", "corrected_value": "2020-01-01", "reason": "a slip"}
                bad |= {"command": "CorrectRecord", "by": {**bad["by"], "role": "senior-practitioner"}, "data": right}
        return orjson.dumps({**bad, "to": person})

    def _line(
        self, command: str, to: str, data: dict[str, Any], role: str, day: date, key: str | None = None
    ) -> dict[str, Any]:
        moment = datetime(day.year, day.month, day.day, 9 + self._random.randrange(8), self._random.randrange(60))
        return {
            "command": command,
            "to": to,
            "data": data,
            "by": {"id": self._random.choice(self._staff), "role": role},
            "key": key or self._id(),
            "source": {"system": SYSTEM, "recorded": moment.isoformat()},
        }

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


# ------------------------------------------------------------------------------------------ held against the import


def wrong_with(made: Made, outcome: Outcome) -> list[str]:
    """Where what was set aside, or the sum, is not what the generator says; nothing if all is."""
    found: list[str] = []
    aside = {each.line: each for each in outcome.rejected}
    for number in sorted(made.faults.keys() | aside.keys()):
        kind, each = made.faults.get(number), aside.get(number)
        if kind is None and each is not None:
            found.append(f"line {number} is good and was set aside: {each.rule}: {each.reason}")
        elif kind is not None and each is None:
            found.append(f"line {number} is {kind} and was recorded")
        elif kind is not None and each is not None and each.rule != EXPECTED[kind]:
            found.append(f"line {number} is {kind} and was set aside by {each.rule}: {each.reason}")
    if not outcome.reconciles or outcome.read != made.lines:
        found.append(f"{made.lines} lines were written, {outcome.read} read, and the sum does not come out")
    return found


@dataclass(frozen=True)
class Figures:
    """Seconds and counts of one pass over the file."""

    name: str
    seconds: float
    outcome: Outcome
    wrong: list[str]


async def passes(home: Path, path: Path, made: Made, *, dry: bool) -> tuple[list[Figures], str]:
    """A dry run if asked for, the import, and the import once more; and on which machine."""
    ledger = await Ledger.open(Settings(home=home))
    as_the_server()
    about = machine(ledger.store.conninfo())
    importer = Actor(str(UUID(int=7, version=4)), "administrator")
    found: list[Figures] = []
    try:
        head = await ledger.store.database.head()
        before = head.size if head else 0
        for name in (*(["dry run"] if dry else []), "import", "again"):
            started = time.perf_counter()
            outcome = await import_file(ledger, path, importer, dry=name == "dry run")
            seconds = time.perf_counter() - started
            wrong = wrong_with(made, outcome)
            head = await ledger.store.database.head()
            sealed = (head.size if head else 0) - before
            expected = 0 if name == "dry run" else made.lines - len(made.faults)
            if sealed != expected:
                wrong.append(f"{name}: the ledger holds {sealed} facts of the file, and {expected} lines are good")
            found.append(Figures(name, seconds, outcome, wrong))
    finally:
        await ledger.close()
    return found, about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=2022)
    parser.add_argument("--share", type=int, default=2, help="faults, of a hundred lines")
    parser.add_argument("--dry-run", action="store_true", help="rehearse it first")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty folder for the ledger, which stays")
    given = parser.parse_args()
    home = given.keep or Path(tempfile.mkdtemp(prefix="histories-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    try:
        path = home / "history.jsonl"
        started = time.perf_counter()
        made = Histories(given.cases, given.seed, given.share).write(path)
        out.print(
            f"{given.cases:,} cases, {made.lines:,} lines ({path.stat().st_size / 1e6:.0f} MB), "
            f"{len(made.faults):,} of them faults, made in {time.perf_counter() - started:.0f} s"
        )
        out.print(", ".join(f"{count:,} {kind}" for kind, count in sorted(Counter(made.faults.values()).items())))
        figures, about = uvloop.run(passes(home, path, made, dry=given.dry_run))
        shown = table("", "", "lines", "recorded", "recorded before", "set aside", "s", "lines/s")
        for each in figures:
            o = each.outcome
            row = (
                o.read,
                o.recorded,
                o.repeated,
                len(o.rejected),
                round(each.seconds, 1),
                round(o.read / each.seconds),
            )
            shown.add_row(each.name, *(f"{value:,}" for value in row))
        out.print(shown)
        out.print(f"{about}; largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB.")
        wrong = [one for each in figures for one in each.wrong]
        for one in wrong[:20]:
            out.print(one)
        out.print("Reconciles to the line." if not wrong else f"{len(wrong)} things are wrong.")
        sys.exit(1 if wrong else 0)
    finally:
        if given.keep is None:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
