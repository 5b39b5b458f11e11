"""The registers of a whole country: search, review list and monthly report as an information officer asks for them.

    python -m bench.registers [--offenders 25000] [--children 30000] [--rounds 40] [--print] [--home DIR] [--json FILE]

So many people are imported, each with an order, an officer and an entry of the register; the children are shared out
among the entries.  One entry in twelve has missed its review, one in twelve is on a concern alone and has no child.
The present day is bench.caseload.DAY.  A kept `--home` is filled once.

    search            POST /offenders/search by surname begun, name, number or date of birth, in turn
    review list       the first 100 rows of /worklists/register-reviews
    monthly report    the first 100 rows of /worklists/monthly-report
    a page of 1,000   the longest page of it, as a program fetches the whole: which page is drawn
    one person        /offenders/{id}/register
    issuing           POST …/issue-monthly-report with a digest that is not the rows': they are all read, digested and
                      compared, and nothing is recorded
    --print           then the report is issued in earnest, once, and asked for as JSON and as a PDF, once each

The server is a process of its own, its follower beside it (bench.served); each round asks each question once, about
other people than the round before.  It is an error if an answer is not the one expected, or if the report walked page
by page has not one row for each entry.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import orjson
import uvloop

from bench.caseload import DAY, SEED
from bench.filling import a_home
from bench.measuring import leave, milliseconds, out, table
from bench.searching import kinds, particulars
from bench.served import Client, body_of, connected, get, machine_of, post, server
from ledger.aggregates.shape import Actor, in_london
from ledger.application import Ledger
from ledger.demonstration.lines import Line, a_uuid
from ledger.importing import import_file
from ledger.rules.dates import add_months
from ledger.settings import Settings

OFFICER: Final = "information-officer"
UNITS: Final = 90
MISSED: Final = 12  # one entry in so many has missed its review
CONCERN: Final = 12  # one in so many is on a concern alone
REVIEWED_AFTER: Final = 115  # days
LONGEST: Final = 1_000  # rows of a page
MONTHS_BACK: Final = 8  # entries were made since
SAID: Final = "search", "review list", "monthly report", "a page of 1,000", "one person", "issuing"

# ------------------------------------------------------------------------------------------ a country's registers


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes lines as an import has them: told by another system, on the day itself."""

    drawn: random.Random
    staff: Mapping[str, str]

    def line(self, day: date, hour: int, role: str, to: str, command: str, /, **data: Any) -> Line:
        happened = in_london(datetime.combine(day, time(hour))).isoformat()
        return {
            "command": command,
            "to": to,
            "data": {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()},
            "by": {"id": self.staff[role], "role": role},
            "source": {"system": "registers", "recorded": happened},
            "key": a_uuid(self.drawn),
        }


def lines(offenders: int, children: int) -> Iterator[Line]:
    """Everybody, one person after the other, what happened to each in order."""
    drawn = random.Random(f"{SEED}:registers")
    roles = ("court-officer", "senior-practitioner", "practitioner", OFFICER)
    writer = Writer(drawn, {role: a_uuid(drawn) for role in roles})
    with_children = [number for number in range(offenders) if number % CONCERN]
    shared: dict[int, list[int]] = {}
    for child in range(children):
        shared.setdefault(with_children[child % len(with_children)], []).append(offenders + child)
    for number in range(offenders):
        yield from _person(writer, number, shared.get(number, []))


def _person(writer: Writer, number: int, children: list[int]) -> Iterator[Line]:
    drawn, line = writer.drawn, writer.line
    offender, order = a_uuid(drawn), a_uuid(drawn)
    to, unit = f"offender/{offender}", f"Unit {number % UNITS}"
    registered = DAY - timedelta(days=drawn.randrange(1, 30 * MONTHS_BACK))
    court = registered - timedelta(days=60)
    told = particulars(drawn, number)
    yield line(court, 9, "court-officer", to, "RecordOffender", **told, gender="M", crn=f"X{number:06}")
    yield line(
        *(court, 10, "court-officer", to, "RecordOrder"),
        order_id=order,
        order_type="CO",
        court="A court",
        sentence_date=court,
        order_end_date=add_months(court, 24),
        requirements=["UPW"],
        upw_hours=100,
        unit=unit,
    )
    holder = writer.staff["practitioner"]
    yield line(
        *(court, 11, "senior-practitioner", to, "AssignPractitioner"),
        order_id=order,
        staff_id=holder,
        grade="PO",
        role="RESPONSIBLE",
        line_manager=writer.staff["senior-practitioner"],
        unit=unit,
        on=court,
    )
    yield from _registered(writer, offender, registered, number, children)


def _registered(writer: Writer, offender: str, day: date, number: int, children: list[int]) -> Iterator[Line]:
    """The entry of one person, with the children, reviewed in time unless this is one that was missed."""
    line, to = writer.line, f"register-entry/{a_uuid(writer.drawn)}"
    ground = "REGISTER_CHILD" if children else "CONCERN"
    yield line(day, 9, "practitioner", to, "SubmitR7", offender_id=offender, ground=ground, on=day)
    ids = [a_uuid(writer.drawn) for _ in children]
    for child, told in zip(ids, children, strict=True):
        who = particulars(writer.drawn, told)
        yield line(day, 10, OFFICER, f"child/{child}", "RecordChild", **who, register_name="CP_REGISTER")
    yield line(
        *(day, 11, OFFICER, to, "EnterRegister"),
        offender_id=offender,
        child_ids=ids,
        ground=ground,
        registered_on=day,
        copy_of_r7_filed=True,
        roh_register_linked=True,
    )
    while number % MISSED != 1 and (day := day + timedelta(days=REVIEWED_AFTER)) < DAY:
        yield line(day, 10, OFFICER, to, "ReceiveFormP", on=day)
        yield line(day, 11, "practitioner", to, "ReviewRegister", on=day, outcome="UNCHANGED")


async def fill(home: Path, offenders: int, children: int) -> None:
    """The home holds them afterwards, projected; one that does already is left as it is."""
    done = home / f"filled-{offenders}-{children}"
    ledger = await Ledger.open(Settings(home=home))
    try:
        if not done.exists():
            file, began = home / "registers.jsonl", perf_counter()
            file.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines(offenders, children)))
            outcome = await import_file(ledger, file, Actor(str(uuid4()), "administrator"))
            if outcome.rejected:
                raise SystemExit(f"the import set {len(outcome.rejected)} lines aside: {outcome.rejected[:3]}")
            imported = perf_counter()
            await ledger.follower.catch_up()
            out.print(
                f"{outcome.facts:,} facts imported in {imported - began:.0f} s, projected in "
                f"{perf_counter() - imported:.0f} s."
            )
            done.touch()
        await ledger.follower.catch_up()
    finally:
        await ledger.close()


# ------------------------------------------------------------------------------------------ the questions


class Asking:
    """Asks as an information officer, and keeps how long each answer took."""

    def __init__(self, client: Client, token: str) -> None:
        self.took: dict[str, list[float]] = {}
        self._client, self._token = client, token

    async def get(self, name: str, path: str) -> Any:
        return await self._asked(name, get(self._token, path, OFFICER), 200)

    async def post(self, name: str, path: str, body: Mapping[str, Any], status: int = 200) -> Any:
        return await self._asked(name, post(self._token, path, body, OFFICER), status)

    async def raw(self, name: str, path: str) -> bytes:
        began = perf_counter()
        answer = await self._client.ask(get(self._token, path, OFFICER), 200)
        self.took.setdefault(name, []).append(perf_counter() - began)
        return answer

    async def _asked(self, name: str, request: bytes, status: int) -> Any:
        began = perf_counter()
        answer = await self._client.ask(request, status)
        self.took.setdefault(name, []).append(perf_counter() - began)
        return body_of(answer)


async def _filled(asking: Asking) -> float:
    """Seconds until the server has everybody in memory and answers a search."""
    began = perf_counter()
    while True:
        with contextlib.suppress(RuntimeError):  # 503 until then
            await asking.post("first", "/offenders/search", {"surname": "Bar*"})
            return perf_counter() - began
        await asyncio.sleep(0.1)


async def walked(asking: Asking) -> tuple[list[str], list[str]]:
    """The whole monthly report, page by page: whom it names, and the address of each page."""
    first = f"/worklists/monthly-report?as_at={DAY}&limit={LONGEST}"
    people, pages, at = list[str](), list[str](), first
    while True:
        page = await asking.get("the whole of it", at)
        if page["paused"] or not all(row["name"] for row in page["items"]):
            raise SystemExit(f"{at}: a case is paused, or a row has no name")
        people += [row["offender_id"] for row in page["items"]]
        pages.append(at)
        if page["next"] is None:
            return people, pages
        at = f"{first}&cursor={page['next']}"


async def measure(asking: Asking, rounds: int, people: list[str], pages: list[str], among: int) -> None:
    drawn = random.Random(SEED)
    month = f"{DAY:%Y-%m}"
    wrong = {"issued_on": f"{DAY}", "recipients": ["Area manager"], "rows_hash": "0" * 64}
    for _ in range(rounds):
        for question in kinds(drawn, among).values():
            await asking.post("search", "/offenders/search", question)
        listed = await asking.get("review list", f"/worklists/register-reviews?as_at={DAY}&limit=100")
        report = await asking.get("monthly report", f"/worklists/monthly-report?as_at={DAY}&limit=100")
        if not listed["items"] or not report["items"]:
            raise SystemExit("a list is empty")
        await asking.get("a page of 1,000", drawn.choice(pages))
        await asking.get("one person", f"/offenders/{drawn.choice(people)}/register?as_at={DAY}")
        told = await asking.post("issuing", f"/register-reports/{month}/issue-monthly-report", wrong, 409)
        if told["rule"] != "CP-50":
            raise SystemExit(f"issuing was refused for something else: {told}")


async def compare(home: Path, port: int, token: str, given: argparse.Namespace) -> dict[str, float]:
    asking = Asking(await connected(port), token)
    filled = await _filled(asking)
    people, pages = await walked(asking)
    if len(people) != given.offenders:
        raise SystemExit(f"{len(people)} rows of the report for {given.offenders} entries")
    whole = sum(asking.took["the whole of it"])
    out.print(
        f"{given.offenders:,} offenders, {given.children:,} children. Everybody is found after {filled:.1f} s;"
        f" the whole report came in {whole:.1f} s, in {len(pages)} pages."
    )
    await measure(asking, given.rounds, people, pages, given.offenders + given.children)
    shown = table(f"{given.rounds} rounds", "", "p50 ms", "p99 ms")
    figures: dict[str, float] = {}
    for name in SAID:
        for part in (0.5, 0.99):
            figures[f"{name} {part}"] = milliseconds(asking.took[name], part)
        shown.add_row(name, *(f"{figures[f'{name} {part}']:.0f}" for part in (0.5, 0.99)))
    out.print(shown, f"Asked: under 300 ms. {machine_of(home)}.", sep="\n")
    return figures | (await printing(asking) if given.print else {})


def run(given: argparse.Namespace, home: Path) -> None:
    uvloop.run(fill(home, given.offenders, given.children))
    with server(home) as (port, token):
        figures = uvloop.run(compare(home, port, token, given))
        about = machine_of(home)
    leave(given.json, "registers", given.offenders, about, figures)


async def printing(asking: Asking) -> dict[str, float]:
    """Seconds that the issued report took as JSON and as a PDF, how many rows it has, and its size in megabytes."""
    at = f"/register-reports/{DAY:%Y-%m}"
    issued = {"issued_on": f"{DAY}", "recipients": ["Area manager"]}
    with contextlib.suppress(RuntimeError):  # a kept home has issued it before
        await asking.post("issued", f"{at}/issue-monthly-report", issued, 201)
    told = await asking.get("the form as JSON", f"{at}/forms/monthly-report")
    rows = sum(len(each["rows"]) for each in told["parts"] if each["kind"] == "table" and len(each["heads"]) > 3)
    pdf = await asking.raw("the form as a PDF", f"{at}/forms/monthly-report?format=pdf")
    if b"%PDF-" not in pdf[:2000]:
        raise SystemExit("what came is no PDF")
    figures = {name: asking.took[name][0] for name in ("the form as JSON", "the form as a PDF")}
    shown = table(f"{rows:,} rows", "", "s")
    for name, seconds in figures.items():
        shown.add_row(name, f"{seconds:.1f}")
    out.print(shown, f"The PDF has {len(pdf) / 1e6:.1f} MB.", sep="\n")
    return {**figures, "rows": float(rows), "MB": len(pdf) / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offenders", type=int, default=25_000)
    parser.add_argument("--children", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--print", action="store_true", help="issue the report, and print it once")
    parser.add_argument("--home", type=Path, help="where the ledger is kept, to be used again")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        run(given, home)


if __name__ == "__main__":
    main()
