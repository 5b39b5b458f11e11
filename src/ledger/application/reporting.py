"""Reports over the whole caseload: numbers by team or by reason, and nobody's case.

    late-recording    by team: what came late, median and longest, deadlines met only by back-dating (ENF-14, GEN-05)
    backlog           by unit: requirements beyond twelve months with hours owing (PRG-06)
    judgements        by reason: the same one with different results, by whom (ENF-15)
    register-reports  by month: whether the report of the register was issued and confirmed (CP-50, CP-51)

Each is sealed in the access log as a reading of the cases it counted before it leaves.  A case that its reader may not
read is not counted; how many are not is said.  Proven by tests/api/test_reports.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, people_of
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.register_report import NOUN as REGISTER_REPORT
from ledger.aggregates.shape import Recorded
from ledger.application.entitling import Entitling
from ledger.errors import NotFound
from ledger.following import lists
from ledger.following.folding import parts_of
from ledger.projections import WORKLISTS, backlog, judgements, late_recording, monthly_report
from ledger.projections.why import Row
from ledger.rules.dates import london_day
from ledger.store.cases import Cases
from ledger.store.database import Database
from ledger.store.mapping import Stored, recorded

NOUN: Final = "offender"


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of a report, the cases they were counted from, and how many its reader may not read."""

    items: list[Row]
    cases: frozenset[str]
    left_out: int = 0


class Reporting:
    """The reports of an open ledger."""

    def __init__(self, database: Database, cases: Cases, readings: Readings, entitling: Entitling) -> None:
        self._database, self._cases, self._readings, self._entitling = database, cases, readings, entitling

    async def report(self, name: str, as_at: date | None, reader: Reader | None) -> dict[str, Any]:
        """As Ledger.report."""
        if name not in _REPORTS:
            raise NotFound(f"There is no report {name[:40]!r}; there are: {', '.join(_REPORTS)}.")
        moment = datetime.now(UTC)
        day = as_at or london_day(moment)
        position = (await self._database.followed()).size
        counted = await _REPORTS[name](self, day, position, reader)
        version = (await self._cases.policy()).policy.version
        people = people_of(judgements.OPENS) if name == "judgements" else ()
        screen = Screen(f"report/{name}", name, position, day, moment, people, category="combination")
        await self._readings.begin(reader, screen, counted.cases, version).sealed()
        return {"as_at": day, "position": position, "items": counted.items, "left_out": counted.left_out}

    async def _late(self, day: date, upto: int, reader: Reader | None) -> Counted:
        del upto  # a table is as it is
        return await self._listed("late-recording", late_recording.by_team, day, reader)

    async def _backlog(self, day: date, upto: int, reader: Reader | None) -> Counted:
        del upto
        return await self._listed("backlog", backlog.by_unit, day, reader)

    async def _listed(
        self, name: str, summed: Callable[[Sequence[Row]], list[Row]], day: date, reader: Reader | None
    ) -> Counted:
        """From a worklist's table, page by page."""
        worklist, rows, cursor, left_out = WORKLISTS[name], list[Row](), "", 0
        policy = (await self._cases.policy(fresh=True)).policy
        shut = await self._entitling.barred(reader and reader.by)
        while True:
            asked = lists.Question(day, cursor=cursor, most=lists.LONGEST_PAGE)
            page = await lists.page(self._database, worklist, asked, policy)
            for row in page.items:
                if f"{NOUN}-{row['offender_id']}" in shut:
                    left_out += 1
                else:
                    rows.append(row)
            if page.next is None:
                cases = frozenset(f"{NOUN}-{row['offender_id']}" for row in rows)
                return Counted(summed(rows), cases, left_out)
            cursor = page.next

    async def _judgements(self, day: date, upto: int, reader: Reader | None) -> Counted:
        """From the judgements of every case, opened as far as their codes."""
        shut, tally = await self._entitling.barred(reader and reader.by), judgements.Tally()
        streams = await self._database.streams(NOUN)
        for part in parts_of([each for each in streams if each not in shut]):
            chains = await self._database.chains(part, upto, foreign=False)
            for stream, stored in chains.items():
                if wanted := _judging(stored):
                    tally.add(stream, await self._cases.records(wanted, judgements.OPENS, leaving=True), day)
        left_out = sum(each in shut for each in streams)
        return Counted(tally.rows(), frozenset(tally.cases), left_out)

    async def _monthly(self, day: date, upto: int, reader: Reader | None) -> Counted:
        """Of the reports, in which no case is named."""
        del reader
        policy = (await self._cases.policy(fresh=True)).policy
        found: list[Sequence[Recorded[Any]]] = []
        for part in parts_of(await self._database.streams(REGISTER_REPORT)):
            chains = await self._database.chains(part, upto, foreign=False)
            found += [[recorded(each) for each in stored] for stored in chains.values()]
        return Counted(monthly_report.standing(found, policy.as_known(upto), day, upto), frozenset())


def _judging(stored: Sequence[Stored]) -> list[Stored]:
    """The judgements of a case, and what corrects them or a correction of them: nothing else is opened."""
    found: list[Stored] = []
    met: set[str] = set()
    for each in stored:
        corrects = each.type in _CORRECTING and each.members["values"].get("event_ref") in met
        if each.type in judgements.JUDGING or corrects:
            found.append(each)
            met.add(str(each.members["id"]))
    return found


_CORRECTING: Final = frozenset(each.topic for each in CORRECTING)


_REPORTS: Final[Mapping[str, Callable[[Reporting, date, int, Reader | None], Awaitable[Counted]]]] = MappingProxyType(
    {
        "late-recording": Reporting._late,
        "backlog": Reporting._backlog,
        "judgements": Reporting._judgements,
        "register-reports": Reporting._monthly,
    }
)
REPORTS: Final = tuple(_REPORTS)
