"""See what they saw: the very screen that a decision was taken from, shown again.

    await seen_by_author(ledger, stored, before, record, withhold=False, reader=reader)

A decision may name its screen by a position alone.  Which view that was, of which case, day and moment, the access log
knows: it holds that the author was shown it.  Where the log holds several, it is the one that such decisions are taken
from, by the area of their first rule, else the last one before the decision.  Where it holds none, or the author's
program told of none, the view goes by that area too, and says that it is unconfirmed.

Shown again it is by the same code that showed it (ledger.application.asking), from what was known then: nothing that
was recorded or put right since is in it.  Readings, where the texts are silent:

    whose eyes     What the author's role may not read is shut, and what the reader's may not; so is what was erased.
    that instant   Two facts of one instant may be told apart by their position and by no address: then none is given.
    another law    A screen under a supposed edition or by another system's clock is shown under that edition, by that
                   clock; what was known by another system's clock has no address that tells it exactly.

Proven by tests/trails/test_screens.py and tests/access/test_seen.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from ledger.access.purposes import Reader
from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.access import RecordViewed
from ledger.aggregates.shape import Fact, Recorded
from ledger.application import Ledger
from ledger.application.asking import SOURCE_CLOCK, Asked
from ledger.application.patience import in_time
from ledger.errors import NotFound
from ledger.projections import VIEWS, View
from ledger.projections.why import Row
from ledger.rules.dates import london_day
from ledger.store.chains import Chain
from ledger.store.database import Newest
from ledger.store.mapping import Stored

# Which view of a person shows what a decision is taken from, by the area of its first rule; else the last of them.
_SHOWN: Final = {"ENF": "enforcement", "ALL": "allocation", "PLC": "allocation", "CP": "register", "DP": "register"}
_ELSE: Final = "progress"


@dataclass(frozen=True, slots=True)
class _Screen:
    """A view of a case (a stream), as at a day, as known at an instant and up to a position of the ledger.

    `newest`: how new the case is, and what was known at that instant, where that is by the ledger's clock; `last`: the
    newest fact of the case that was on it, if the access log says.
    """

    view: View
    of: str
    as_at: date
    known_at: datetime
    upto: int
    newest: Newest | None
    clock: str = "ledger"
    edition: str | None = None
    last: int | None = None

    @property
    def address(self) -> str:
        """Where it is shown again."""
        noun, name = noun_of(self.of), self.of[-36:]
        path = [AGGREGATES[noun].collection, name, *([] if self.view.name == noun else [self.view.name])]
        at = self.known_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        query = {"as_at": self.as_at.isoformat(), "known_at": at} | ({"edition": self.edition} if self.edition else {})
        return f"/{'/'.join(path)}?{urlencode(query, safe=':')}"


async def seen_by_author(
    ledger: Ledger,
    stored: Stored,
    before: Stored | None,
    record: Recorded[Any],
    *,
    read: Mapping[str, Chain],
    withhold: bool,
    reader: Reader | None,
) -> tuple[Row, frozenset[str]]:
    """The screen the decision was taken from; where its author's program did not say, what the ledger showed then.
    With the cases that it shows, by name: a view of one may show others, and they are on record as shown.
    `before`: the entry before the decision's own; `read`: chains that were read just now.

    {told, confirmed, reading, position, as_at, known_at, view, of, shows, address}: `view` as at the end of a day, as
    known at a moment, else up to a `position`.  `confirmed`: whether the access log holds that its author was shown
    that screen before, in the entry at `reading`; None where none is told of.  `address`: where exactly that is shown
    again; None where there is none.

    Raises LimitedAccess, DatabaseUnavailable, VaultUnavailable.
    """
    told: dict[str, Any] = stored.members.get("seen") or {}
    readings = ledger.access.readings
    entries = await in_time(ledger.store.deadline, readings.confirming(record, told)) if told else []
    usual = _usual(record)
    entry = _chosen(entries, usual)
    known_at = datetime.fromisoformat(told["known_at"]) if "known_at" in told else None
    position = min(int(told.get("position", record.position - 1)), record.position - 1)
    day = date.fromisoformat(told["as_at"]) if "as_at" in told else london_day(known_at or record.recorded)
    if entry is not None:
        screen = await _as_read(ledger, entry, record)
        day, known_at = screen.as_at, screen.known_at
    else:
        screen = await _as_told(ledger, usual, day, known_at, position, before)
        position = screen.upto if screen else position
    shows, address, cases = (
        await _again(ledger, screen, record, read, withhold, reader) if screen else (None, None, frozenset[str]())
    )
    found: Row = {
        "told": bool(told),
        "confirmed": bool(entries) if told else None,
        "reading": (entry or entries[0]).position if entries else None,
        "position": position,
        "as_at": day,
        "known_at": known_at,
        "view": screen and screen.view.name,
        "of": screen and screen.of,
        "shows": shows,
        "address": address,
    }
    return found, cases


# ------------------------------------------------------------------------------------------ which screen


def _usual(record: Recorded[Any]) -> tuple[View, str] | None:
    """The view that such a decision is taken from, and of which case; None where there is none."""
    fact: Fact = record.fact
    noun = noun_of(record.stream)
    area = type(fact).rules[0].partition("-")[0] if type(fact).rules else ""
    person = next((each for each in record.about if each.startswith("offender-")), None)
    name, wanted = (record.stream, noun)
    if noun == "offender":
        wanted = _SHOWN.get(area, _ELSE)
    elif noun == "register-entry" and person is not None:
        name, wanted = person, "register"
    view = _view(name, wanted)
    return (view, name) if view else None


def _view(stream: str, name: str) -> View | None:
    return next((each for each in VIEWS if each.noun == noun_of(stream) and each.name == name), None)


def _chosen(entries: Sequence[Recorded[RecordViewed]], usual: tuple[View, str] | None) -> Recorded[RecordViewed] | None:
    """Of readings, newest first, the one of a case's view: the usual one's, else the newest."""
    views = [each for each in entries if _view(*_screen_of(each.fact))]
    wanted = (usual[1], usual[0].name) if usual else None
    return next((each for each in views if _screen_of(each.fact) == wanted), views[0] if views else None)


def _screen_of(viewed: RecordViewed) -> tuple[str, str]:
    """The stream and the name of the view."""
    return viewed.target_ref.replace("/", "-", 1), viewed.view.partition("/")[0]


async def _as_read(ledger: Ledger, entry: Recorded[RecordViewed], record: Recorded[Any]) -> _Screen:
    """The screen as the access log has it."""
    viewed, (stream, name) = entry.fact, _screen_of(entry.fact)
    view, parts = _view(stream, name), viewed.view.split("/")[1:]
    assert view is not None
    assert viewed.as_at is not None
    assert viewed.known_at is not None
    by_source = SOURCE_CLOCK in parts
    database, deadline = ledger.store.database, ledger.store.deadline
    newest = None if by_source else await in_time(deadline, database.newest(stream, viewed.known_at))
    then = newest.known if newest else await in_time(deadline, database.known_at(entry.recorded))
    return _Screen(
        view,
        stream,
        viewed.as_at,
        viewed.known_at,
        min(then or 0, record.position - 1),
        newest,
        "source" if by_source else "ledger",
        next((each for each in parts if each != SOURCE_CLOCK), None),
        viewed.position,
    )


async def _as_told(
    ledger: Ledger,
    usual: tuple[View, str] | None,
    day: date,
    known_at: datetime | None,
    upto: int,
    before: Stored | None,
) -> _Screen | None:
    """The screen as its author tells of it: which view, nobody knows.  `before`: the entry before the decision."""
    database, deadline = ledger.store.database, ledger.store.deadline
    if known_at is None:
        if before is None or before.position != upto:
            entries = await in_time(deadline, database.entries(upto, upto))
            before = Stored.of(upto, entries[0][2]) if entries else None
        known_at = datetime.fromisoformat(before.members["recorded"]) if before else None
    if usual is None or known_at is None:
        return None
    view, of = usual
    newest = await in_time(deadline, database.newest(of, known_at))
    return _Screen(view, of, day, known_at, min(upto, newest.known or 0), newest)


# ------------------------------------------------------------------------------------------ shown again


async def _again(
    ledger: Ledger,
    screen: _Screen,
    record: Recorded[Any],
    read: Mapping[str, Chain],
    withhold: bool,
    reader: Reader | None,
) -> tuple[Row | None, str | None, frozenset[str]]:
    """What the screen shows, the address where it does, and of which cases; None where there was no such case yet."""
    noun, upto = noun_of(screen.of), screen.upto
    while True:
        asked = Asked(
            noun,
            screen.of[-36:],
            screen.as_at,
            screen.known_at,
            withhold=withhold,
            clock=screen.clock,
            reader=reader,
            edition=screen.edition,
            upto=upto,
            author=record.by,
            newest=screen.newest,
            read=read,
        )
        try:
            shown, told = await ledger.shown(screen.view, asked)
        except NotFound:
            return None, None, frozenset()
        if screen.last is None or shown.position <= screen.last:
            break
        upto = shown.position - 1  # it was recorded in the instant between reading the case and answering
    shows = {**asked.supposed(), **told}
    address = screen.address if screen.newest and upto == screen.newest.known else None
    return shows, address, shown.cases
