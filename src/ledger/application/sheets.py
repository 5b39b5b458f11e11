"""The session sheet of a project's day, for its supervisor: read, sealed as read, and put on paper.

    sheet = await sheets.sheet(placement_id, day, reader)
    sheet.listed(), sheet.pdf()

    days = await sheets.named(rows, day, reader)           the placements that rows of worklist `attendance` name

Nothing is issued and nothing recorded but who was shown it.  Whoever's case the reader may not read keeps a line that
says nothing (ledger.privacy.limiting), for they are expected all the same.  A sheet is dated by the newest fact it was
made of, so the same facts are the same bytes.  Proven by tests/api/test_session_sheet.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, people_of
from ledger.aggregates import AGGREGATES
from ledger.aggregates.corrections import CORRECTING, RecordCorrected
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.site import PlacementOpened
from ledger.aggregates.shape import Recorded
from ledger.application.entitling import Entitling
from ledger.application.patience import in_time
from ledger.application.writing import Writing
from ledger.disclosing.seeing import classes_for, seen
from ledger.disclosing.table import FieldClass
from ledger.errors import DatabaseUnavailable, NotFound, Unavailable, VaultUnavailable
from ledger.printing.session_sheet import sheet_pdf, sheet_text
from ledger.privacy.limiting import LIMITED
from ledger.projections.session_sheet import OPENS, Asked, expected, places, row_of
from ledger.projections.why import Row
from ledger.rules import letters
from ledger.store.binary import LARGEST
from ledger.store.cases import Cases
from ledger.store.chains import Chain, Opens
from ledger.store.opening import Store

T = TypeVar("T")
VIEW: Final = "session-sheet"
ROLES: Final = frozenset(
    {
        *("supervisor", "placement-coordinator", "operations-manager", "head-of-unpaid-work"),
        *("practitioner", "pso", "senior-practitioner", "unit-manager"),
    }
)
"""Who works with the people on a sheet, or answers for it; a reading, the sources name nobody but the supervisor."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: `items` are rows of ledger.projections.session_sheet, by name; `known_at`: its newest fact's time."""

    placement_id: str
    day: date
    words: str
    template_edition: str
    template_digest: str
    items: Sequence[Row]
    position: int
    known_at: datetime

    @property
    def text(self) -> str:
        """All that it says, as text."""
        return sheet_text(self.words, self.items)

    @property
    def digest(self) -> str:
        """SHA-256 of its text, in hexadecimal."""
        return letters.digest(self.text)

    def listed(self) -> Row:
        """As JSON."""
        return {
            "placement_id": self.placement_id,
            "day": self.day,
            "known_at": self.known_at,
            "position": self.position,
            "template": letters.SESSION_SHEET,
            "template_edition": self.template_edition,
            "template_digest": self.template_digest,
            "words": self.words,
            "digest": self.digest,
            "items": self.items,
        }

    def pdf(self) -> bytes:
        """Its pages; the same sheet is the same bytes."""
        foot = [
            f"What this sheet says, SHA-256: {self.digest}",
            f"Template {letters.SESSION_SHEET}, edition {self.template_edition}; facts up to record {self.position}",
        ]
        return sheet_pdf(self.words, self.items, foot, self.known_at)


@dataclass(frozen=True, slots=True)
class ProjectDay:
    """A placement on a day: how many are expected there of whom nothing is recorded yet.  `name` and `address` are None
    where none are known."""

    placement_id: str
    name: str | None
    address: str | None
    people: int


@dataclass(frozen=True, slots=True)
class Sheets:
    """The session sheets of an open ledger."""

    store: Store
    cases: Cases
    entitling: Entitling
    readings: Readings

    async def sheet(self, stream: str, day: date, reader: Reader) -> Sheet:
        """The people expected at a placement on a day.

        Raises NotFound, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        site = await self._read(stream, await self._in_time(self.cases.chains.of(stream)), reader)
        if not any(each.stream == stream for each in site):
            raise NotFound(f"There is no {stream.replace('-', ' ', 1)}.")
        policy = (await self._in_time(self.cases.policy(fresh=True))).policy
        placement = Placement.fold(site)
        sessions = expected(placement, day)
        barred = await self.entitling.barred(reader.by)
        rows: list[Row] = []
        limited = 0
        newest = site[-1]
        shown = {stream}
        streams = sorted({each.stream for each in sessions} - barred)
        chains = await self._in_time(self.cases.chains.together(streams))
        read = await asyncio.gather(*(self._read(each, chains[each], reader) for each in streams))
        people = dict(zip(streams, read, strict=True))
        for each in sessions:
            if each.stream in barred:
                limited += 1
                continue
            theirs = people[each.stream]
            risk = FieldClass.RISK in classes_for(reader.by, theirs)
            row = row_of(each, theirs, Asked(placement, policy, day, LARGEST, risk))
            if row is not None:
                rows.append(row)
                shown.add(each.stream)
                newest = max(newest, theirs[-1], key=_position)
        rows.sort(key=lambda row: (str(row["name"]).casefold(), row["session_id"]))
        rows += [dict(LIMITED)] * limited
        template = await self._in_time(
            Writing(self.store.database, self.cases).template(policy, letters.SESSION_SHEET, day), VaultUnavailable
        )
        words = letters.filled(template.text, places(placement, day, len(rows)))
        screen = Screen(stream.replace("-", "/", 1), VIEW, newest.position, as_at=day, people=people_of(OPENS))
        await self.readings.begin(reader, screen, shown, policy.version).sealed()
        placement_id = stream.removeprefix("placement-")
        text_digest = letters.digest(template.text)
        return Sheet(placement_id, day, words, template.edition, text_digest, rows, newest.position, newest.recorded)

    async def named(self, rows: Sequence[Row], position: int, day: date, reader: Reader) -> list[ProjectDay]:
        """The placements that rows name, up to a position, by name, with how many rows name each.

        Raises DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        people = Counter(str(row["placement_id"]) for row in rows if "placement_id" in row)
        streams = [f"placement-{each}" for each in people]
        policy = (await self._in_time(self.cases.policy())).policy
        screen = Screen("project-days", "project-days", position, as_at=day, people=people_of(_PLACES))
        sealing = self.readings.begin(reader, screen, streams, policy.version)
        told = await self._in_time(self.cases.told(streams, position, _TOLD, _PLACES), VaultUnavailable)
        opened = {each: Placement.fold(told[f"placement-{each}"]).opened for each in people}
        found = [
            ProjectDay(each, _text(fact and fact.name), _text(fact and fact.address), people[each])
            for each, fact in opened.items()
        ]
        await sealing.sealed()
        return sorted(found, key=lambda each: ((each.name or "").casefold(), each.placement_id))

    async def _read(self, stream: str, chain: Chain, reader: Reader) -> Sequence[Recorded[Any]]:
        """The facts of a chain as this reader sees them."""
        reading = await self._in_time(self.cases.chains.read(chain, OPENS), VaultUnavailable)
        records = reading.known(LARGEST)
        noun = stream.partition("-")[0]
        return seen(stream, records, classes_for(reader.by, records), AGGREGATES[noun].opens)

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self.store.deadline, reading, late)


_PLACES: Final[Opens] = {PlacementOpened.topic: ("name", "address"), RecordCorrected.topic: ("corrected_value",)}
_TOLD: Final = (PlacementOpened.topic, *(each.topic for each in CORRECTING))


def _text(value: object) -> str | None:
    """A text of its own; None for one that is erased or closed."""
    return value if isinstance(value, str) else None


def _position(record: Recorded[Any]) -> int:
    return record.position
