"""Asking: one view of a case, or the rows of a worklist, as at a day and as known at a moment.

No answer leaves before it is sealed in the access log who reads it (ledger.access.readings): that begins as soon as it
is known what is shown, and the answer is made meanwhile.

What was known at a moment is a prefix of what is known now, so a question about any moment is answered from the same
facts, read and opened once (ledger.store.chains); it is asked of the database every time how new they must be.  Proven
by tests/api/test_views.py, tests/store/test_chains.py and every scenario.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import starmap
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import NO_READER, Entry, Readings, Screen, cases_in, is_case, people_of
from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.offender.merging import as_one, merging_in, of_one_person
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import CLOSED, Actor, History, Recorded, Unread
from ledger.application.entitling import Entitling
from ledger.application.patience import in_time
from ledger.commands import SINGLE_STREAMS
from ledger.disclosing.seeing import classes_for, may_open, of_whole_files, seen, told
from ledger.disclosing.table import FieldClass
from ledger.errors import DatabaseUnavailable, Malformed, NotFound, Unavailable, VaultUnavailable
from ledger.following import lists
from ledger.privacy.cursors import Cursors
from ledger.privacy.limiting import CONCERNING, concerned
from ledger.projections import VIEWS, OtherHistories, View, Worklist, persons
from ledger.projections.why import Row
from ledger.rules.dates import london_day
from ledger.rules.editions import EVERY_NAME
from ledger.store.binary import LARGEST
from ledger.store.cases import Cases
from ledger.store.chains import Chain, Opens, Reading
from ledger.store.database import EVERY, Newest, Only
from ledger.store.opening import Store

T = TypeVar("T")
NOT_PROVABLE: Final = "Not provable: when another system knew of a fact is that system's word; no entry here proves it."
SOURCE_CLOCK: Final = "source-clock"  # what an entry of the access log adds to the name of a view so asked
REGISTERED: Final = frozenset({"child", "register-entry"})  # whoever asks for the one asks for the other
CURSORS: Final = "places-in-lists"  # the vault's name for the secret that seals them


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a case, whichever view of it; the members are those of Ledger.view.

    `upto`: nothing that was recorded after this position of the ledger.  `author`: as somebody else saw it: what their
    role may not read is shut, beside what the reader's may not.  `newest`: what the database has just said of this case
    and this moment; `read`: cases that were read just now.
    """

    noun: str
    id: str
    as_at: date | None = None
    known_at: datetime | None = None
    explain: bool = False
    withhold: bool = False
    clock: str = "ledger"
    reader: Reader | None = None
    edition: str | None = None
    upto: int = LARGEST
    author: Actor | None = None
    newest: Newest | None = None
    read: Mapping[str, Chain] = field(default_factory=dict[str, Chain])

    def supposed(self) -> dict[str, Any]:
        """What an answer says of what it supposes: another edition of the law, another system's clock."""
        told: dict[str, Any] = {"edition": self.edition} if self.edition else {}
        if self.clock == "ledger":
            return told
        return {**told, "clock": self.clock, "provable": False, "says": NOT_PROVABLE}

    @property
    def target(self) -> str:
        """As a command names it."""
        return f"{self.noun}/{self.id}"

    def called(self, view: str) -> str:
        """How a reading names this screen of a view: "enforcement", "enforcement/sentencing-2026/source-clock"."""
        return "/".join((view, *filter(None, (self.edition, SOURCE_CLOCK if self.clock == "source" else None))))


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer shows: counted up to which fact, as at and as known when, of whom (`people_of`), of which cases
    (streams), under which version of the policy."""

    position: int
    as_at: date
    known_at: datetime
    people: tuple[str, ...]
    cases: frozenset[str]
    policy: int

    def moment(self) -> dict[str, Any]:
        """As every answer says it."""
        return {"as_at": self.as_at, "known_at": self.known_at, "position": self.position}


class Asking:
    """The questions to an open ledger.  `cursors`: from the vault's secret, before the first comes."""

    def __init__(self, store: Store, cases: Cases, readings: Readings, entitling: Entitling) -> None:
        self._store = store
        self._cases = cases
        self._readings = readings
        self._entitling = entitling
        self.cursors = Cursors(bytes(32))

    async def view(self, asked: Asked, name: str) -> dict[str, Any]:
        """One view of a case.  As Ledger.view."""
        view, entry = view_of(asked.noun, name), NO_READER

        def begin(shown: Shown) -> None:
            nonlocal entry
            entry = self.begin(asked, name, shown)

        shown, answer = await self.answered(view, asked, begin)
        await entry.sealed()
        return {**shown.moment(), **asked.supposed(), **answer}

    def begin(self, asked: Asked, name: str, shown: Shown) -> Entry:
        """Begin to seal that whoever asks is shown this, called `name`.  Raises AccessLogUnavailable."""
        screen = Screen(asked.target, asked.called(name), shown.position, shown.as_at, shown.known_at, shown.people)
        return self._readings.begin(asked.reader, screen, shown.cases, shown.policy)

    async def answered(self, view: View, asked: Asked, begin: Callable[[Shown], None]) -> tuple[Shown, Row]:
        """What is shown and the members of the answer, through every limit.

        `begin` is told as soon as it is known what is shown, and has it sealed; until then nothing may leave.
        """
        noun, known_at = asked.noun, asked.known_at
        by = asked.reader and asked.reader.by
        stream = stream_of(noun, asked.id)
        withhold = asked.withhold or not may_open(by) or not may_open(asked.author)
        opens = AGGREGATES[noun].opens if withhold else view.opens
        by_ledger = known_at if asked.clock == "ledger" else None
        newest = asked.newest or await self._in_time(self._store.database.newest(stream, by_ledger))
        upto = min(asked.upto, LARGEST if newest.known is None else newest.known)
        policy = under((await self._in_time(self._cases.policy_at(newest.rules))).policy, asked.edition)
        chain = await self._in_time(self._cases.chains.of(stream, newest.case))
        await self._entitling.check(by, stream, chain.stored, newest.limits)

        async def read_of(chain: Chain) -> Reading:
            return await self._in_time(self._cases.chains.read(chain, opens), VaultUnavailable)

        def known(reading: Reading) -> Sequence[Recorded[Any]]:
            if known_at and asked.clock == "source":
                return [each for each in reading.known(upto) if (each.source_recorded or each.recorded) <= known_at]
            return reading.known(upto)

        async def alone(name: str, chain: Chain) -> tuple[dict[str, Chain], dict[str, Reading]]:
            return {name: chain}, {name: await read_of(chain)}

        async def person_of(name: str, chain: Chain) -> tuple[dict[str, Chain], dict[str, Reading]]:
            """Every record of the same person, as known then: most have one."""
            chains, readings = await alone(name, chain)
            while missing := of_one_person(name, merging_in(*map(known, readings.values()))) - chains.keys():
                more = await self._in_time(self._cases.chains.together(sorted(missing)))
                for each, one in more.items():
                    await self._entitling.check(by, each, one.stored, newest.limits)
                readings |= dict(zip(more, await asyncio.gather(*map(read_of, more.values())), strict=True))
                chains |= more
            return chains, readings

        def told_of(name: str, readings: Mapping[str, Reading]) -> Sequence[Recorded[Any]]:
            if len(readings) == 1:
                return known(readings[name])
            return History(as_one(name, {each: known(reading) for each, reading in readings.items()}))

        chains, readings = await person_of(stream, chain)
        read_whole = told_of(stream, readings)
        now_known = [fact for each in readings.values() for fact in each.known(LARGEST)]
        # Withheld: what folds rest on is opened and nothing else, so of corrections what such fields were put right to.
        classes = frozenset[FieldClass]() if withhold else classes_for(by, now_known)
        if asked.author is not None and not withhold:
            classes &= classes_for(asked.author, read_whole)
        if view.whole:
            classes &= of_whole_files(by) if asked.author is None else of_whole_files(by) & of_whole_files(asked.author)
        rests_on = AGGREGATES[noun].opens if view.rests_on is None else view.rests_on
        history = seen(stream, read_whole, classes, rests_on)
        if not any(each.stream == stream for each in history):
            raise NotFound(f"There is no {noun} {asked.id}{' as known then' if known_at else ''}.")
        moment = known_at or datetime.now(UTC)
        day = asked.as_at or london_day(moment)
        others, near = OtherHistories(), dict[str, tuple[dict[str, Chain], dict[str, Reading]]]()
        beside: list[Chain] = []  # whose facts the answer lists too
        listed = {each.position: each for each in read_whole}
        people = () if withhold else people_of(opens)
        persons_of = concerned(stream, read_whole)  # whose limits bind the reader: it is on their record too

        def showing(cases: Iterable[str]) -> Shown:
            there = {*chains, *persons_of, *filter(is_case, cases)}
            return Shown(history[-1].position, day, moment, people, frozenset(there), policy.version)

        if not view.across:
            begin(showing(()))
            if asked.reader is not None:
                await asyncio.sleep(0)  # it goes out, and is sealed while the view is folded
        while True:
            try:
                answer: Row = view.answer(history, policy, day, upto, asked.explain, others)
                break
            except Unread as wanted:
                lacking = {*wanted.names, *nearby(read_whole, wanted.names)} - near.keys()
                more = {each: asked.read[each] for each in lacking & asked.read.keys()}
                more |= await self._in_time(self._cases.chains.together(sorted(lacking - more.keys())))
                read = asyncio.gather(*starmap(alone if view.whole else person_of, more.items()))
                near |= dict(zip(more, await read, strict=True))
                for each in wanted.names:
                    other, opened = near[each][0][each], near[each][1]
                    if view.whole or each.startswith(CONCERNING):  # it is told whole
                        await self._entitling.check(by, each, other.stored, newest.limits)
                    theirs = told_of(each, opened)
                    if view.whole:
                        beside.append(other)
                        listed |= {fact.position: fact for fact in theirs}
                    others.read[each] = seen(stream, theirs, classes, AGGREGATES[noun_of(each)].opens)
        if view.across:
            begin(showing(others.read))
        facts = list(listed.values()) if beside else read_whole
        answer = _withheld(answer, [*chains.values(), *beside]) if withhold else told(answer, stream, facts, classes)
        if view.level and answer[view.level] is not None and FieldClass.RISK not in classes:
            answer = {**answer, view.level: str(CLOSED)}
        if "events" in answer:
            said = await self._entitling.unsaid(by, answer["events"], stream, facts, newest.limits)
            answer = {**answer, "events": said}
        if "gaps" in answer:
            owed = await self._entitling.ungapped(by, answer["gaps"], stream, facts, newest.limits)
            answer = {**answer, "gaps": owed}
        return showing(others.read), answer

    async def policy(self) -> Policy:
        """Settings and calendar as known now."""
        return (await self._in_time(self._cases.policy(fresh=True))).policy

    async def worklist(
        self,
        worklist: Worklist,
        *,
        only: Only = EVERY,
        as_at: date | None = None,
        known_at: datetime | None = None,
        after: int = 0,
        cursor: str = "",
        most: int = lists.PAGE,
        withhold: bool = False,
        reader: Reader | None = None,
    ) -> lists.Page:
        """The rows of a worklist at the end of a day.  As Ledger.worklist."""
        if after:
            await lists.reached(self._store.database, after)
        policy = (await self._in_time(self._cases.policy(fresh=True))).policy
        moment = known_at or datetime.now(UTC)
        asked = lists.Question(as_at or london_day(moment), only, self._place(cursor), most)
        if known_at is None:
            page = await self._in_time(lists.page(self._store.database, worklist, asked, policy))
        else:
            upto = await self._in_time(self._store.database.known_at(known_at))
            page = await lists.folded(self._store.database, self._cases, worklist, asked, policy, upto)
        withhold = withhold or not may_open(reader and reader.by, FieldClass.PERSON)
        opens: Opens = persons.OPENS if worklist.names_person and not withhold else {}
        screen = Screen(
            f"worklist/{worklist.name}",
            worklist.name,
            page.position,
            asked.day,
            moment,
            people_of(opens),
            category="combination",
        )
        items, paused = await self._limited(reader, page.items, page.paused)
        page = replace(page, items=items, paused=paused)
        sealing = self._readings.begin(reader, screen, cases_in((*items, *paused)), policy.version)
        if worklist.names_person:
            page = replace(page, items=await self._named(worklist.names_person, page, opens, asked.day))
        await sealing.sealed()
        return replace(page, next=page.next and self.cursors.seal(page.next))

    async def supposed(
        self, reader: Reader | None, edition: str, day: date, position: int, items: Sequence[Row], paused: Sequence[Row]
    ) -> tuple[list[Row], list[Row]]:
        """The rows of a what-if as this reader may read them, sealed as a worklist's are.

        Raises DatabaseUnavailable, AccessLogUnavailable.
        """
        version = (await self._in_time(self._cases.policy())).policy.version
        screen = Screen("what-if", edition, position, day, datetime.now(UTC), category="combination")
        shown, unfolded = await self._limited(reader, items, paused)
        await self._readings.begin(reader, screen, cases_in((*shown, *unfolded)), version).sealed()
        return shown, unfolded

    async def _limited(
        self, reader: Reader | None, items: Sequence[Row], paused: Sequence[Row]
    ) -> tuple[list[Row], list[Row]]:
        rows = await self._entitling.nameless(reader and reader.by, [*items, *paused])
        return [dict(each) for each in rows[: len(items)]], [dict(each) for each in rows[len(items) :]]

    async def worklists_counted(
        self, day: date, only: Only, reader: Reader | None
    ) -> dict[str, tuple[int, date | None]]:
        """As Ledger.worklists_counted."""
        sealing = await self._counting(day, only, reader)
        counted = await self._in_time(self._store.database.worklists_counted(day, only))
        await sealing.sealed()
        return counted

    async def worklists_by_day(self, day: date, only: Only, reader: Reader | None) -> list[tuple[str, date, int]]:
        """As Ledger.worklists_by_day."""
        sealing = await self._counting(day, only, reader)
        counted = await self._in_time(self._store.database.worklists_by_day(day, only))
        await sealing.sealed()
        return counted

    async def _counting(self, day: date, only: Only, reader: Reader | None) -> Entry:
        """Numbers show nobody, but those of one person do: then who is shown them is sealed as for a list."""
        if not only.person:
            return NO_READER
        position = (await self._in_time(self._store.database.followed())).position
        version = (await self._in_time(self._cases.policy())).policy.version
        screen = Screen("worklists", "worklists", position, day, datetime.now(UTC), category="combination")
        return self._readings.begin(reader, screen, {f"offender-{only.person}"}, version)

    def _place(self, cursor: str) -> str:
        try:
            return self.cursors.open(cursor) if cursor else ""
        except ValueError as wrong:
            raise Malformed(lists.NO_CURSOR, {"cursor": str(wrong)}) from wrong

    async def named_rows(self, reader: Reader | None, worklist: Worklist, page: lists.Page, day: date) -> list[Row]:
        """All rows of a page as this reader may read them, with whom each is about."""
        items, _ = await self._limited(reader, page.items, ())
        return await self._named(worklist.names_person, replace(page, items=items), persons.OPENS, day)

    async def _named(self, names_person: str, page: lists.Page, opens: Opens, day: date) -> list[Row]:
        """The rows with whom each is about, as known when the page's position was the newest.

        One that says nothing (ledger.privacy.limiting) stays as it is.
        """
        people = dict.fromkeys(f"offender-{row[names_person]}" for row in page.items if row.get(names_person))
        reading = self._cases.told([*people], page.position, persons.RESTS_ON, opens)
        told = await self._in_time(reading, VaultUnavailable)
        whom = {each[-36:]: persons.person(each, told[each], day) for each in people}
        return [row | whom.get(row.get(names_person, ""), {}) for row in page.items]

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self._store.deadline, reading, late)


def nearby(history: Sequence[Recorded[Any]], names: Iterable[str]) -> set[str]:
    """What concerns persons, of the kinds of these, that facts of a case are of or about: a view that asks for one
    child of a case asks for the next one too, and for what the register says of it, and they are read together."""
    kinds = {noun_of(each) for each in names if each.startswith(CONCERNING)}
    kinds |= REGISTERED if kinds & REGISTERED else set()
    named = {each for record in history for each in (record.stream, *record.about)} if kinds else ()
    return {each for each in named if is_case(each) and noun_of(each) in kinds}


def under(policy: Policy, edition: str | None) -> Policy:
    """The policy had an edition always ruled; itself where none is named.  Raises Malformed for one that is none."""
    known_edition(edition)
    return policy if edition is None else policy.under(edition)


def known_edition(edition: str | None) -> None:
    """Raises Malformed for the name of an edition that is none."""
    if edition is not None and edition not in EVERY_NAME:
        raise Malformed(f"There is no such edition; there are: {', '.join(EVERY_NAME)}.", {"edition": "not an edition"})


def stream_of(noun: str, id: str) -> str:  # noqa: A002 - the contract's own word
    """The stream of a case.  Raises NotFound for a noun, or an id, that is none."""
    if noun in SINGLE_STREAMS:
        return noun
    if noun not in AGGREGATES:
        raise NotFound(f"There is nothing called {noun[:40]!r}; there are: {', '.join(sorted(AGGREGATES))}.")
    try:
        return f"{noun}-{AGGREGATES[noun].an_id(id)}"
    except ValueError as wrong:
        raise NotFound(f"There is no {noun} {id[:40]!r}: an id is {str(wrong).removeprefix('use ')}.") from wrong


def view_of(noun: str, name: str) -> View:
    """Raises NotFound, naming the views there are."""
    for view in VIEWS:
        if view.noun == noun and view.name == name:
            return view
    known = ", ".join(view.name for view in VIEWS if view.noun == noun) or "none yet"
    raise NotFound(f"There is no view {name[:40]!r} of a {noun[:40]}; there are: {known}.")


def _withheld(answer: Row, chains: Iterable[Chain]) -> Row:
    """An answer without sealed values, also without those that a fold had to open."""
    sealed = {position: names for each in chains for position, names in each.sealed().items()}
    events = [
        {**each, "values": {k: str(CLOSED) if k in sealed[each["position"]] else v for k, v in each["values"].items()}}
        for each in answer.get("events", ())
    ]
    return {**answer, "events": events} if events else answer
