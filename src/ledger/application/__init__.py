"""The application: `Ledger.execute` is the one way in for a write, `Ledger.view` the one way to ask about a case.

    executing   a command, from its authorisation to its receipt
    erasing     the way of one erasure          holding     holds, and what their release brings
    finalising  that an erasure is final: no backup opens it
    going_on    what of either was cut short
    considering what is thought out beforehand, on what is recorded now
    asking      a view of a case, a worklist: as at a day, as known at a moment
    entitling   whether somebody may read a case at all
    searching   somebody found by number, name or date of birth
    writing     the words of a letter, sealed in the fact that issues it
    letters     letters as they were sent           sheets      the session sheet of a project's day
    forms       the forms of the sources, filled
    standing    what the ledger holds, and whether all it needs is there
    patience    an answer in time, or none

`Ledger` is their one door, and what opens, starts a release and closes.  Proven by tests/test_application.py and every
scenario.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psycopg

from ledger.access import EVIDENCE, Access
from ledger.access import PAGE as ACCESS_PAGE
from ledger.access.purposes import Reader
from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.documents import DocumentStored
from ledger.aggregates.ledger_stream import SYSTEM, ReleaseStarted, release_in_force
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Actor, Recorded
from ledger.aggregates.subject import ErasureFinalised, SubjectDataErased
from ledger.application.asking import CURSORS, Asked, Asking, Shown, known_edition, stream_of
from ledger.application.comparing import compare
from ledger.application.documents import BYTES_WANTED, Document, Documents
from ledger.application.entitling import Entitling
from ledger.application.erasing import Erasing
from ledger.application.executing import DIGESTS, Executing
from ledger.application.finalising import Finalising
from ledger.application.forms import Forms, Printed
from ledger.application.going_on import GoingOn
from ledger.application.holding import Holding
from ledger.application.letters import Letter, Letters, Preview
from ledger.application.patience import in_time
from ledger.application.reporting import Reporting
from ledger.application.resealing import REVIEWED, Resealing
from ledger.application.searching import PAGE as SEARCH_PAGE
from ledger.application.searching import Searching
from ledger.application.sheets import ProjectDay, Sheet, Sheets
from ledger.application.standing import READY_SECONDS, Standing
from ledger.application.subject_access import SubjectAccess, Subjects
from ledger.commands import Acknowledged, Command, authorise, fact_class_of
from ledger.disclosing.exporting import Export, Exporting
from ledger.errors import LimitedAccess, Malformed, NotFound, StaleVersion
from ledger.following import lists
from ledger.following.folding import Folder
from ledger.following.follower import Follower
from ledger.following.rebuilding import Rebuild
from ledger.following.supposing import Compared, Question, Supposing
from ledger.following.tables import Tables
from ledger.following.workers import Where
from ledger.privacy.cursors import Cursors
from ledger.privacy.sealing import Keyed
from ledger.projections import WORKLISTS, View, Worklist
from ledger.projections.why import Row
from ledger.rules.dates import london_day
from ledger.searching import Found, Keeping
from ledger.settings import Settings
from ledger.store import mapping, rotating
from ledger.store.appending import Append
from ledger.store.cases import Cases
from ledger.store.closing import Closer, Closing
from ledger.store.cosigning import Cosigning
from ledger.store.database import Only
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.opening import ROLES, Place, Store, open_store
from ledger.store.timestamping import Timestamping, roots_at
from ledger.store.verified import Verified

ERASING: Final = frozenset({ChildDataErased.act, SubjectDataErased.act})
ACTS: Final = ERASING | {ErasureFinalised.act, HoldPlaced.command, HoldReleased.command}

__all__ = ["DIGESTS", "READY_SECONDS", "SYSTEM", "Ledger"]


class Ledger:
    """An open ledger."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cases = Cases(store.bound_to, store.database, store.vault)
        self.access = Access(store.access, self.cases.policy, store.vault)
        self.follower = Follower(self._tables, store.database, self.cases, self._where)
        people = Keeping(store.database, self.cases)
        self._executing = Executing(store, self.cases, people)
        self._erasing = Erasing(store, self.cases, self._executing, self.access.erased)
        self._holding = Holding(store, self.cases, self._executing, self._erasing)
        self._finalising = Finalising(store, self.cases, self._executing, self._erasing)
        self._going_on = GoingOn(store, self._erasing, self._holding, self._finalising)
        self._entitling = Entitling(store, self.cases)
        self._asking = Asking(store, self.cases, self.access.readings, self._entitling)
        self._reporting = Reporting(store.database, self.cases, self.access.readings, self._entitling)
        self._searching = Searching(store, self.cases, self.access.readings, self._entitling, people)
        self._closers = {each.kept: Closer.of(each) for each in (store, store.access)}
        self._standing = Standing(store, self._closers)
        self._exporting = Exporting(store, self.cases, self.access, self.close_now)
        self._documents = Documents(store, self.cases, self._executing, self._entitling, self.access.readings)
        self._letters = Letters(store, self.cases, self._executing, self._entitling, self.access.readings)
        self._resealing = Resealing(store.database, store.deadline)
        self._sheets = Sheets(store, self.cases, self._entitling, self.access.readings)
        self._forms = Forms(store, self.cases, self._asking, self.access.readings)
        self._subjects = Subjects(store, self.cases, self.access.readings, self.admit, self._searching.keeping)

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        kind: str | None = None,
        places: Sequence[Place] | None = None,
        began: datetime | None = None,
    ) -> Ledger:
        """Open, and seal the start of this release if it is a new one.

        `began`: the clock of a simulated ledger at its very first fact.  Raises Setup, DatabaseUnavailable.
        """
        ledger = cls(await open_store(settings, kind=kind, places=places))
        try:
            await ledger.store.vault.erasures.replay()  # before anybody can read what a restored backup still has
            ledger._executing.keyed = Keyed(await ledger.store.vault.secret(DIGESTS))
            cursors = Cursors(await ledger.store.vault.secret(CURSORS))
            ledger._asking.cursors = ledger._searching.cursors = cursors
            await ledger._start_release(began)
            await ledger.go_on_with_erasures()
            await ledger._documents.sweep()
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        await self.follower.close()
        for each in self._closers.values():
            each.close()
        self.cases.close()
        await self._searching.keeping.close()
        await self.store.close()

    async def checkpoint(self, of: Log | None = None) -> str:
        """The newest released checkpoint of the ledger, or of its access log.  Raises NotFound before the first."""
        return await in_time(self.store.deadline, (of or self.store).checkpoint())

    async def refusals(
        self, to: str | None = None, after: int = 0, *, most: int = ACCESS_PAGE, reader: Reader | None = None
    ) -> tuple[list[dict[str, Any]], int | None]:
        """What was refused, of one case ("offender/019a…") or of all: a page, and after which position the next begins.

        Of a case that is closed to the reader nothing is told, and its rows among others say so and no more.

        `reader` as for a view.  Raises NotFound, LimitedAccess, DatabaseUnavailable, AccessLogUnavailable.
        """
        noun, _, name = to.partition("/") if to else ("", "", "")
        if to and noun not in AGGREGATES:
            raise NotFound(f"There is nothing called {noun[:40]!r} that a command could be for.")
        stream = stream_of(noun, name) if to else None
        if stream is not None:
            await self.admit(reader, stream)
        items, following = await in_time(self.store.deadline, self.access.refusals(stream, after, reader, most=most))
        return await self._nameless(reader, items), following

    async def readings(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        after: int = 0,
        *,
        most: int = ACCESS_PAGE,
        subject: bool = False,
        words: bool = False,
        reader: Reader | None = None,
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Who was shown a case, a page of them, and after which position the next begins; as Access.read.

        Raises NotFound, LimitedAccess, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        stream = stream_of(noun, id)
        await self.admit(reader, stream)
        newest = await in_time(self.store.deadline, self.store.database.newest(stream))
        if not newest.case:
            raise NotFound(f"There is no {noun} {id}.")
        read = self.access.read(stream, after, most=most, subject=subject, words=words, reader=reader)
        items, following = await in_time(self.store.deadline, read)
        return await self._nameless(reader, items), following

    async def _nameless(self, reader: Reader | None, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows without a word of those about a case that is closed to this reader."""
        return [dict(each) for each in await self._entitling.nameless(reader and reader.by, rows)]

    async def close_now(self, chain: str | None = None, of: Log | None = None) -> Closing:
        """A closing of the ledger, or of its access log, that covers all recorded when this was asked; of one chain
        ("offender-019a…"): the newest closing, where nothing was recorded about it since.  See ledger.store.closing.

        Raises DatabaseUnavailable, ClockInDoubt, ReadOnly, OutcomeUnknown, Inconsistent.
        """
        return await self._closers[(of or self.store).kept].close_now(chain)

    async def go_on_with_erasures(self) -> None:
        """Go on, once, with erasures and holds that were cut short, and with what is due; nothing is raised."""
        await self._going_on.at_once()

    def erasures_gone_on_with(self) -> AbstractAsyncContextManager[None]:
        """While inside, this process goes on with erasures and holds that were cut short, and with what is due."""
        return _beside(self._going_on.keep())

    def closed_hourly(self) -> AbstractAsyncContextManager[None]:
        """While inside, this process closes both logs hourly while facts arrive, unless another has."""
        return _beside(*(each.keep() for each in self._closers.values()))

    def keys_in_time(self) -> AbstractAsyncContextManager[None]:
        """While inside, a key of either log that has signed its 90 days beside a newer one goes, within the hour."""
        return _beside(*(rotating.keep(each) for each in (self.store, self.store.access)))

    # ------------------------------------------------------------------------------------ how it stands

    async def status(self) -> dict[str, Any]:
        """What the ledger and its access log hold, whether they may be written to, and how far the worklists follow."""
        return await self._standing.status() | {"documents": await self._documents.counted()}

    async def vouched(self) -> dict[str, Any]:
        """By which keys each log is checked, and its newest closing, timestamp and cosigned checkpoint."""
        return await self._standing.vouched()

    def verified(self) -> Verified | None:
        """What the last full verification of this home came to; None where none was kept.  Raises NotARecord."""
        return self._standing.verified()

    async def lag(self) -> dict[str, Any]:
        """How far the worklists follow: `position`, `behind` (facts), `lag_seconds`, `paused` cases."""
        return await self._standing.lag()

    async def ready(self) -> dict[str, Any]:
        """Do the database, the vault and the access log answer?  Status UP or DOWN, in all and of each."""
        return await self._standing.ready()

    # ------------------------------------------------------------------------------------ commands

    async def execute(self, command: Command) -> Acknowledged:
        """Record what a command says, or refuse it.  Every error of ledger.errors but 401 and 413 may be raised."""
        try:
            if command.name in ACTS:  # not decided by `decision_of`, which asks this of every other command
                await self._entitling.check_command(command)
            match command.name:
                case name if name in ERASING:
                    acknowledged = await self._erasing.erase(command)
                case ErasureFinalised.act:
                    acknowledged = await self._finalising.finalise(command)
                case HoldPlaced.command:
                    acknowledged = await self._holding.place(command)
                case HoldReleased.command:
                    acknowledged = await self._holding.release(command)
                case DocumentStored.act:
                    authorise(command, fact_class_of(command))
                    raise Malformed(BYTES_WANTED, {"body": "the bytes of the document"})
                case _:
                    acknowledged = await self._executing.execute(command)
        except EVIDENCE as refusal:
            await self.access.refused(command, refusal)
            if isinstance(refusal, LimitedAccess) and refusal.told is None:
                raise await self._entitling.told(refusal) from None
            raise
        await self.access.processed(command, acknowledged)
        return acknowledged

    # ------------------------------------------------------------------------------------ who may read

    async def admit(
        self,
        reader: Reader | None,
        stream: str,
        *,
        whole: bool = False,
        stored: Sequence[Stored] | None = None,
        limits: int | None = None,
    ) -> None:
        """Nothing, if this reader may read the case; `whole`: with every other one whose facts stand in it.  `stored`
        and `limits` as Entitling.check, where they are at hand.

        Raises LimitedAccess, which is evidence like every refusal.
        """
        async with self._kept(reader, stream):
            check = self._entitling.check_file if whole else self._entitling.check
            await check(reader and reader.by, stream, stored, limits)

    async def unsaid(
        self,
        reader: Reader | None,
        rows: Sequence[Mapping[str, Any]],
        stream: str,
        facts: Sequence[Recorded[Any]],
        limits: int | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        """Rows of a case's facts without those that this reader may not read (ledger.privacy.limiting)."""
        return await self._entitling.unsaid(reader and reader.by, rows, stream, facts, limits)

    @asynccontextmanager
    async def _kept(self, reader: Reader | None, stream: str) -> AsyncGenerator[None]:
        """A reading that is refused inside is sealed in the access log, as that of the command ReadCase."""
        try:
            yield
        except LimitedAccess as refusal:
            if reader is not None:
                noun = noun_of(stream)
                command = Command("ReadCase", noun, stream.removeprefix(f"{noun}-"), {}, reader.by)
                await self.access.refused(command, refusal)
            raise

    # ------------------------------------------------------------------------------------ documents

    async def store_document(self, command: Command, data: bytes) -> Acknowledged:
        """Put a document beside the record, by the command StoreDocument; a refusal is evidence like every other.

        Raises as ledger.application.documents.
        """
        try:
            return await self._documents.store(command, data)
        except EVIDENCE as refusal:
            await self.access.refused(command, refusal)
            raise

    async def document(self, noun: str, id: str, doc_id: str, *, reader: Reader) -> Document:  # noqa: A002 - as above
        """A document, opened to memory.  Raises as ledger.application.documents."""
        stream = stream_of(noun, id)
        async with self._kept(reader, stream):
            return await self._documents.open(stream, doc_id, reader)

    # ------------------------------------------------------------------------------------ letters and forms

    async def preview(self, command: Command, *, reader: Reader) -> Preview:
        """What a letter would say; nothing is recorded but who was shown it.  Raises as ledger.application.letters."""
        await self.admit(reader, command.stream)
        return await self._letters.preview(command, reader)

    async def letter(self, noun: str, id: str, name: str, *, reader: Reader) -> Letter:  # noqa: A002 - as above
        """A letter as it was sent.  Raises as ledger.application.letters."""
        stream = stream_of(noun, id)
        async with self._kept(reader, stream):
            return await self._letters.open(stream, name, reader)

    async def session_sheet(self, placement_id: str, day: date, *, reader: Reader) -> Sheet:
        """The session sheet of a placement's day.  Raises as ledger.application.sheets."""
        return await self._sheets.sheet(stream_of("placement", placement_id), day, reader)

    async def form(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        name: str,
        *,
        of: str = "",
        as_at: date | None = None,
        known_at: datetime | None = None,
        reader: Reader,
    ) -> Printed:
        """A form of the sources, filled from a case.  Raises as ledger.application.forms."""
        async with self._kept(reader, stream_of(noun, id)):
            return await self._forms.form(noun, id, name, reader, of=of, as_at=as_at, known_at=known_at)

    async def project_day(self, day: date, unit: str = "", *, reader: Reader) -> tuple[list[ProjectDay], int, bool]:
        """Where people are expected on a day, of a unit or of all, of whom nothing is recorded yet; how many more there
        are whose cases this reader may not read; and whether this is all: no more than a thousand people are looked at.

        Raises NotYetProjected, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        only = Only(unit, day, day)
        page = await self.worklist("attendance", only=only, as_at=day, most=lists.LONGEST_PAGE, reader=reader)
        found = await self._sheets.named(page.items, page.position, day, reader)
        return found, len(page.items) - sum(each.people for each in found), page.next is None

    # ------------------------------------------------------------------------------------ leaving the house

    async def subject_access(
        self, crn: str, since: date | None = None, until: date | None = None, *, reader: Reader | None = None
    ) -> SubjectAccess | None:
        """Everything held about the person of a number, others' values shut; None where that is nothing.

        Raises as ledger.application.subject_access.
        """
        return await self._subjects.answer(crn, since, until, reader)

    async def export(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        purpose: str,
        recipient: str,
        by: Actor,
        *,
        printed: bool = True,
    ) -> Export:
        """A case as a bundle (ledger-format.md), sealed in the access log before it is answered; `printed`: with the
        chronology as PDF.  What role and purpose allow stands in ledger.disclosing.table.

        Raises as ledger.disclosing.exporting; a refusal is evidence, as that of the command ExportCase.
        """
        if noun not in AGGREGATES:
            raise NotFound(f"There is nothing called {noun[:40]!r} that could be exported.")
        try:
            await self._entitling.check_file(by, stream_of(noun, id))
            return await self._exporting.export(stream_of(noun, id), purpose, recipient, by, printed=printed)
        except EVIDENCE as refusal:
            await self.access.refused(Command("ExportCase", noun, id, {}, by), refusal)
            raise

    async def outcomes_passed_on(self, id: str, *, reader: Reader) -> list[dict[str, Any]]:  # noqa: A002 - as above
        """The outcomes of a case for another system's table: what is restricted is not passed on (DP-05).

        Raises as `view`, and Refused, which is evidence as that of the command ExportCase.
        """
        stream = stream_of("offender", id)
        await self.admit(reader, stream)  # that it is restricted is told to whom may read of it
        try:
            await in_time(self.store.deadline, self._exporting.passes_on(stream))
        except EVIDENCE as refusal:
            await self.access.refused(Command("ExportCase", "offender", id, {}, reader.by), refusal)
            raise
        return (await self.view("offender", id, "outcomes", reader=reader))["outcomes"]

    # ------------------------------------------------------------------------------------ releases

    async def _start_release(self, began: datetime | None) -> None:
        """Seal what this release brings with it, if the last one brought something else."""
        fact = release_in_force(metadata.version("case-ledger"))
        while self.store.read_only is None:
            stored = await self.store.database.stream("ledger")
            releases = [each for each in stored if each.type == ReleaseStarted.topic]
            if releases and (await self.cases.records(releases[-1:], {}))[0].fact == fact:
                return
            version = stored[-1].members["version"] if stored else 0
            at = None if not self.store.simulated or stored else began
            moment = at or datetime.now(UTC)
            draft = Draft(mapping.fact_id(moment), "ledger", version + 1, fact, moment)
            pending = mapping.pending(self.store.bound_to, draft, Envelope(SYSTEM, policy=0), {})
            try:
                await self.store.sequencer.append(Append([pending], at=at))
            except StaleVersion:
                continue  # another process started at the same moment
            return

    # ------------------------------------------------------------------------------------ questions

    async def view(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        name: str,
        *,
        as_at: date | None = None,
        known_at: datetime | None = None,
        explain: bool = False,
        withhold: bool = False,
        clock: str = "ledger",
        reader: Reader | None = None,
        edition: str | None = None,
    ) -> dict[str, Any]:
        """One view of a case as at the end of a day, as known at a moment; without either: now.

        `reader`: who is shown it, sealed in the access log before this returns; None where the ledger's own program
        asks, and nobody reads.

        `clock="source"`: an imported fact counts as known from when the other system recorded it (contract, *Clock*).
        `withhold`: no sealed value leaves the house (roles that read states and dates only).
        `edition`: what this edition of the law (ledger.rules.editions) would have said, had it always ruled.
        Raises NotFound, Malformed for an edition that is none, LimitedAccess, DatabaseUnavailable, VaultUnavailable,
        AccessLogUnavailable.
        """
        async with self._kept(reader, stream_of(noun, id)):
            asked = Asked(noun, id, as_at, known_at, explain, withhold, clock, reader, edition)
            answer = await self._asking.view(asked, name)
            if (noun, name) == REVIEWED:
                return answer | {"seals": await self._resealing.again(answer["course"])}
            return answer

    async def shown(self, view: View, asked: Asked) -> tuple[Shown, Row]:
        """A view as somebody was shown it, and of when: for a page that has itself sealed who reads it.

        Raises NotFound, LimitedAccess, DatabaseUnavailable, VaultUnavailable.
        """
        return await self._asking.answered(view, asked, lambda shown: None)

    async def compare(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        *,
        known_at: datetime,
        with_: datetime | None = None,
        as_at: date | None = None,
        withhold: bool = False,
        clock: str = "ledger",
        reader: Reader | None = None,
        edition: str | None = None,
    ) -> dict[str, Any]:
        """What a case said as known at a moment and at a later one, now if left out: fact by fact, status by status.

        {as_at, known_at, position, with: {as_at, known_at, position}, facts, statuses} (ledger.projections.comparing).
        `as_at`: both as at this day; else each as at the day of its moment.  The rest, and what it raises, as `view`;
        Malformed too where the later moment is before the first.
        """
        later = with_ or datetime.now(UTC)
        async with self._kept(reader, stream_of(noun, id)):
            asked = Asked(noun, id, as_at, known_at, withhold=withhold, clock=clock, reader=reader, edition=edition)
            return await compare(self._asking, asked, later)

    async def policy(self) -> Policy:
        """Settings and calendar as known now.  Raises DatabaseUnavailable."""
        return await self._asking.policy()

    async def worklist(
        self,
        name: str,
        *,
        unit: str = "",
        only: Only | None = None,
        as_at: date | None = None,
        known_at: datetime | None = None,
        after: int = 0,
        cursor: str = "",
        most: int = lists.PAGE,
        withhold: bool = False,
        reader: Reader | None = None,
    ) -> lists.Page:
        """The rows of a worklist at the end of a day, from its table; as known at a moment, folded case by case.

        Rows about a person whose case the reader may not read say so and nothing else; `only` (ledger.store.database):
        not every row; of one person, that person's case must be the reader's to read.

        `after`: wait, at most five seconds, until this position is projected; `withhold`: no name leaves; `reader` as
        for a view.  Raises NotFound, NotYetProjected, Malformed for a cursor that is none, DatabaseUnavailable,
        AccessLogUnavailable.
        """
        only = await self._admitted(only or Only(unit), reader)
        return await self._asking.worklist(
            _worklist(name),
            only=only,
            as_at=as_at,
            known_at=known_at,
            after=after,
            cursor=cursor,
            most=most,
            reader=reader,
            withhold=withhold,
        )

    async def worklists_counted(
        self, day: date, only: Only, *, reader: Reader | None = None
    ) -> dict[str, tuple[int, date | None]]:
        """Of each worklist: how many rows stand on a day, of those wanted, and the day of the oldest; it shows nobody,
        but where one person is asked for, and then that is sealed first.

        Raises LimitedAccess, DatabaseUnavailable, AccessLogUnavailable.
        """
        return await self._asking.worklists_counted(day, await self._admitted(only, reader), reader)

    async def worklists_by_day(
        self, day: date, only: Only, *, reader: Reader | None = None
    ) -> list[tuple[str, date, int]]:
        """(worklist, the day that orders its rows, how many) of the rows wanted that stand on a day; the rest as
        `worklists_counted`."""
        return await self._asking.worklists_by_day(day, await self._admitted(only, reader), reader)

    async def _admitted(self, only: Only, reader: Reader | None) -> Only:
        """Whether a person has a row at all is told to those alone who may read the case.

        Rows hold the ids of orders, children and entries too, which no limit is asked about: an id that is nobody's
        finds nothing.
        """
        if not only.person:
            return only
        stream = stream_of("offender", only.person)
        await self.admit(reader, stream)
        there = await in_time(self.store.deadline, self.store.database.begun([stream]))
        return only if there else replace(only, since=date.max, until=date.min)

    async def report(self, name: str, as_at: date | None = None, *, reader: Reader | None = None) -> dict[str, Any]:
        """Numbers over the whole caseload as at the end of a day: {as_at, position, items, left_out}.

        `late-recording`: by team, {unit, late, median_minutes, longest_minutes, met_by_backdating}; `backlog`: by unit,
        {unit, requirements, outstanding, application_made, extended, operational_period_ended, owing_minutes,
        longest_days} (PRG-06); `judgements`: by reason, {reason_code, acceptable, unacceptable, differs, by} (ENF-15);
        `register-reports`: by month, {month, due, state, issued_on, confirmed_on, days_unconfirmed} (CP-50, CP-51).
        `left_out`: rows or cases of persons whom the reader may not read.  `reader` as for a view.  Raises NotFound,
        NotYetProjected, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        return await self._reporting.report(name, as_at, reader)

    async def search(
        self, asked: Mapping[str, Any], *, reader: Reader | None = None, cursor: str = "", most: int = SEARCH_PAGE
    ) -> Found:
        """People and children by client id, CRN, date of birth, surname and forenames (ledger.searching.finding).

        `reader` as for a view.  Raises Malformed, NotYetProjected until the search is filled (`searched`, or
        `fill_search`), DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        return await self._searching.search(asked, reader, cursor=cursor, most=most)

    async def numbered(self, client_id: str) -> tuple[str, ...]:
        """The streams of all who are recorded under a client id, for a decision that nobody is shown: who asks to
        see people asks `search`.  Raises DatabaseUnavailable, VaultUnavailable."""
        return await self._searching.keeping.numbered(client_id)

    async def fill_search(self, progress: Callable[[int, int], None]) -> None:
        """Read all who can be searched for, once: for whoever asks and does not serve."""
        await self._searching.keeping.fill(progress)

    def searched(self) -> AbstractAsyncContextManager[None]:
        """While inside, this process can be searched: filled in the background, then kept up; readiness says when."""
        self._standing.search = self._searching.keeping
        return _beside(self._searching.keeping.run())

    # ------------------------------------------------------------------------------------ worklists

    @asynccontextmanager
    async def followed(self) -> AsyncGenerator[None]:
        """While inside, the worklists follow the ledger from this very process."""
        following = asyncio.create_task(self.follower.run())
        try:
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            await self.follower.close()

    def witnessed(self, every: float) -> AbstractAsyncContextManager[None]:
        """While inside, the newest checkpoints go to the witnesses of the policy, if any, every so many seconds."""
        logs = [each for each in (self.store, self.store.access) if each.cosigned.policy is not None]
        return _beside(*(Cosigning(each, every).run() for each in logs))

    def stamped(self, url: str | None, roots: Path | None) -> AbstractAsyncContextManager[None]:
        """While inside, a timestamping authority is asked about each closing, if one is named.  Raises Setup."""
        known, logs = roots_at(roots) if roots else [], (self.store, self.store.access) if url else ()
        return _beside(*(Timestamping(each, self._closers[each.kept], url or "", known).run() for each in logs))

    async def rebuild(self, name: str | None, progress: Callable[[int, int], None]) -> dict[str, Any]:
        """Build a worklist, or all of them, anew beside the live ones, and swap it in.  Raises NotFound, Conflict."""
        names = [_worklist(name).name] if name else sorted(WORKLISTS)
        folder = Folder(self.store.database, self.cases)
        rebuild = Rebuild(self._tables, folder, self.store.database, progress, self._where())
        cases = await rebuild.run(names)
        return {"worklists": names, "cases": cases, "position": (await self.store.database.followed()).position}

    async def what_if(
        self,
        edition: str,
        against: str | None,
        as_at: date | None,
        progress: Callable[[int, int], None],
        *,
        reader: Reader | None = None,
    ) -> dict[str, Any]:
        """Which orders of the whole caseload would stand otherwise under an edition of the law than under another.

        `against`: None for what is in force, by the settings.  Ids, days, codes and minutes; of the case only the
        reading is written.  `reader` as for a worklist, whose rows these are like.
        Raises Malformed for an edition that is none, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
        """
        return await self.supposed(await self.suppose(edition, against, as_at, progress), reader=reader)

    async def suppose(
        self, edition: str, against: str | None, as_at: date | None, progress: Callable[[int, int], None]
    ) -> tuple[Question, Compared]:
        """The same, worked out and shown to nobody yet.  Raises Malformed, DatabaseUnavailable, VaultUnavailable."""
        for each in (edition, against):
            known_edition(each)
        upto = (await self.store.database.followed()).size
        question = Question(edition, against, as_at or london_day(datetime.now(UTC)), upto)
        folder = Folder(self.store.database, self.cases)
        return question, await Supposing(folder, self.store.database, progress, self._where()).run(question)

    async def supposed(self, worked_out: tuple[Question, Compared], *, reader: Reader | None) -> dict[str, Any]:
        """What was worked out, as this reader may read it, sealed before it is told.

        Raises DatabaseUnavailable, AccessLogUnavailable.
        """
        question, found = worked_out
        items, paused = await self._asking.supposed(
            reader,
            question.edition,
            question.as_at,
            question.upto,
            found.items,
            [{"offender_id": each} for each in found.paused],
        )
        return {
            "edition": question.edition,
            "against": question.against,
            "as_at": question.as_at,
            "position": question.upto,
            "cases": found.cases,
            "cases_that_differ": found.cases_that_differ,
            "orders_that_differ": found.orders_that_differ,
            "differs": found.counts(),
            "items": items,
            "paused": paused,
        }

    def _where(self) -> Where:
        store = self.store
        return Where(store.bound_to, store.conninfo(), store.vault_conninfo(), store.home / "keys" / "vault.key")

    async def _tables(self) -> Tables:
        """A connection to the tables of worklists; a server of ours that is down is started again by the reading."""
        try:
            return await Tables.connect(self.store.conninfo(), ROLES["ledger"])
        except psycopg.OperationalError:
            await self.store.database.head()
            return await Tables.connect(self.store.conninfo(), ROLES["ledger"])


def _worklist(name: str) -> Worklist:
    found = WORKLISTS.get(name)
    if found is None:
        raise NotFound(f"There is no worklist {name[:40]!r}; there are: {', '.join(sorted(WORKLISTS))}.")
    return found


@asynccontextmanager
async def _beside(*running: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """While inside, these go on; they end with it."""
    tasks = [asyncio.create_task(each) for each in running]
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
