"""Subject access: everything held about one person, others' values shut, in one answer (DPA 2018 s.45).

    found = await access.answer(crn, since, until, reader)      None where nothing is held
    found.content()                                             as HMPPS services answer /subject-access-request
    found.pdf(checkpoint, moment)                               the same as pages

It shows what an export for purpose `subject-access` shows (ledger.disclosing.table): values of the person opened,
facts about victims, other people, child protection and restricted papers withheld whole and counted, nobody else's
text.  Limits of access bind staff and not the person: the service that collects for the person is not asked for them;
who is excluded from a case leaves the request to another (DP-03, our reading).  A restriction of processing does not
bar the person either.  The disclosure is sealed in the access log before it is answered.

The number is sealed in each case, so it is looked for case by case.  Proven by tests/api/test_subject_access.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen
from ledger.aggregates.corrections import CORRECTING, RecordCorrected
from ledger.aggregates.offender.facts import OffenderDetailsCorrected, OffenderRecorded
from ledger.aggregates.offender.merging import of_one_person
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import History, Recorded
from ledger.application.patience import in_time
from ledger.disclosing.gathering import gathered
from ledger.disclosing.table import allowed
from ledger.errors import DatabaseUnavailable, Forbidden, Unavailable, VaultUnavailable
from ledger.following.folding import parts_of
from ledger.printing import Chronology, chronology_pdf
from ledger.projections import chronology
from ledger.projections.why import Row
from ledger.rules.dates import day_of, london_day
from ledger.searching import Keeping
from ledger.searching.people import crns_of
from ledger.store.cases import Cases
from ledger.store.limits import Limits
from ledger.store.mapping import Stored
from ledger.store.opening import Store

T = TypeVar("T")
VIEW: Final = "subject-access-request"
SERVICE: Final = "subject-access"
MAY_ASK: Final = frozenset({SERVICE, "data-protection-officer", "information-manager"})
_ALLOWS: Final = allowed("data-protection-officer", "subject-access")
_NUMBER: Final = {
    OffenderRecorded.topic: ("crn",),
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    RecordCorrected.topic: ("corrected_value",),
}
_TELLING: Final = (OffenderRecorded, OffenderDetailsCorrected, *CORRECTING)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held in one case: rows of view `chronology`, and the positions of the facts withheld whole."""

    offender_id: str
    events: Sequence[Row]
    withheld: Sequence[int]


@dataclass(frozen=True, slots=True)
class SubjectAccess:
    """The answer to one request, of every case with that number."""

    crn: str
    since: date | None
    until: date
    known_at: datetime
    position: int
    cases: tuple[Held, ...]

    def content(self) -> Row:
        """As JSON values (days and instants as they are)."""
        return {
            "crn": self.crn,
            "from": self.since,
            "to": self.until,
            "known_at": self.known_at,
            "position": self.position,
            "cases": [
                {"offender_id": each.offender_id, "facts": list(each.events), "withheld_whole": len(each.withheld)}
                for each in self.cases
            ],
        }

    def pdf(self, checkpoint: str, moment: datetime) -> bytes:
        """The same as pages, dated `moment`; `checkpoint` covers the facts."""
        printing = Chronology(
            case=[
                ("Case reference number", self.crn),
                ("For", "the person the case is about, or who acts for them (subject access)"),
            ],
            events=[event for each in self.cases for event in each.events],
            as_at=self.until,
            known_at=self.known_at,
            checkpoint=checkpoint,
            withheld=[position for each in self.cases for position in each.withheld],
        )
        return chronology_pdf(printing, moment)


class Subjects:
    """The people an open ledger holds something about."""

    def __init__(
        self,
        store: Store,
        cases: Cases,
        readings: Readings,
        admit: Callable[[Reader | None, str], Awaitable[None]],
        keeping: Keeping,
    ) -> None:
        """`admit` raises LimitedAccess where a reader may not read the case of a name; `keeping`: who is known by
        which number."""
        self._store, self._cases, self._readings, self._admit = store, cases, readings, admit
        self._keeping = keeping

    async def answer(
        self, crn: str, since: date | None, until: date | None, reader: Reader | None
    ) -> SubjectAccess | None:
        """Everything held under a number that happened from a day to a day; None where that is nothing.

        Raises Forbidden, LimitedAccess, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable; Unreadable for a
        damaged value.
        """
        if reader is not None and reader.by.role not in MAY_ASK:
            raise Forbidden(f"This is asked by {', '.join(sorted(MAY_ASK))}; not by {reader.by.role}.")
        head = await self._in_time(self._store.database.head())
        upto, moment = head.size if head else 0, datetime.now(UTC)
        day = until or london_day(moment)
        policy = (await self._in_time(self._cases.policy(fresh=True))).policy
        merging = await self._in_time(Limits(self._store.database).merging())
        found = await self._streams_of(crn, upto)
        streams = sorted({one for each in found for one in of_one_person(each, merging)})
        for each in streams if reader is not None and reader.by.role != SERVICE else ():
            await self._admit(reader, each)
        cases = [await self._held(stream, since, day, upto, policy) for stream in streams]
        cases = [each for each in cases if each.events or each.withheld]
        named = {f"offender-{each.offender_id}" for each in cases}
        target = f"offender/{cases[0].offender_id}" if cases else VIEW
        screen = Screen(target, VIEW, upto, day, moment, ("offender",) if cases else (), category="disclosure")
        await self._readings.begin(reader, screen, named, policy.version).sealed()
        return SubjectAccess(crn, since, day, moment, upto, tuple(cases)) if cases else None

    async def _streams_of(self, crn: str, upto: int) -> list[str]:
        """The cases whose number this is, as corrected: of those that the search knows by it, where it is filled."""
        wanted, found = _plain(crn), list[str]()
        for part in parts_of(await self._candidates(wanted)):
            chains = await self._in_time(self._store.database.chains(part, upto, foreign=False))
            told = {name: [each for each in of if each.type in _TOPICS] for name, of in chains.items()}
            records = await self._records([each for of in told.values() for each in of])
            for name, of in told.items():
                if wanted in crns_of([records[each.position] for each in of]):
                    found.append(name)
        return found

    async def _candidates(self, crn: str) -> list[str]:
        """Those who may have the number: whoever the search knows by it or could not read, else everybody."""
        if not self._keeping.ready:
            return await self._in_time(self._store.database.streams("offender"))
        people, _ = await self._in_time(self._keeping.current())
        unread = {each for each in self._keeping.unread if each.startswith("offender-")}
        return sorted(unread | {each.stream for each in people.having_crn(crn)})

    async def _records(self, stored: Sequence[Stored]) -> dict[int, Recorded[Any]]:
        reading = self._cases.records(stored, _NUMBER)
        return {each.position: each for each in await self._in_time(reading, VaultUnavailable)}

    async def _held(self, stream: str, since: date | None, until: date, upto: int, policy: Policy) -> Held:
        stored = await self._in_time(self._store.database.chain(stream, upto=upto))
        found = gathered(stream, stored, _ALLOWS)
        wanted = {each.position: each for each in found.shown if found.opens.get(each.position)}
        values = await self._in_time(self._cases.opened(wanted, leaving=True), VaultUnavailable) if wanted else {}
        opened = {
            position: {path: value for path, value in of.items() if path in found.opens[position]}
            for position, of in values.items()
        }
        told = chronology.view(History(found.records(opened)), policy, until, upto)
        events = [each for each in told["events"] if since is None or day_of(each["effective"]) >= since]
        return Held(
            stream[-36:], events, [each for each in sorted(found.withheld) if _within(stored, each, since, until)]
        )

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self._store.deadline, reading, late)


_TOPICS: Final = frozenset(each.topic for each in _TELLING)


def _plain(crn: str) -> str:
    return crn.strip().upper()


def _within(stored: Sequence[Stored], position: int, since: date | None, until: date) -> bool:
    told = str(next(each.members["effective"] for each in stored if each.position == position))
    day = date.fromisoformat(told) if len(told) == 10 else day_of(datetime.fromisoformat(told))
    return (since is None or day >= since) and day <= until
