"""Letters as they were sent: the words of one, or what one would say, for those entitled.

    letters.open("offender-019a…", name, reader)       `name`: the fact's id, or the letter's own
    letters.preview(command, reader)                   nothing is recorded

A letter is the words that were sealed in the fact that issued it, whatever its template says today, and whatever was
corrected since; where the fact was struck out, the foot of the page says so.  It is a value of the person
(ledger.disclosing.table), and who is shown it is sealed in the access log first.  Proven by tests/api/test_letters.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, people_of, target_of
from ledger.aggregates.corrections import struck_out
from ledger.aggregates.offender.facts import BreachWarningGiven, EnforcementLetterIssued
from ledger.aggregates.shape import Closed, Recorded
from ledger.application.entitling import Entitling
from ledger.application.executing import Executing
from ledger.application.patience import in_time
from ledger.commands import Command
from ledger.disclosing.seeing import classes_for
from ledger.disclosing.table import MAY_OPEN, FieldClass
from ledger.errors import DatabaseUnavailable, Forbidden, Malformed, NotFound, Refused, Unavailable, VaultUnavailable
from ledger.printing import letter_pdf
from ledger.projections.letters import LETTERS, to_be_written
from ledger.rules.dates import day_of
from ledger.rules.letters import KINDS
from ledger.store.cases import Cases
from ledger.store.opening import Store

T = TypeVar("T")
NO_SUCH_LETTER: Final = "There is no letter {name} of this case."
WRITTEN_ELSEWHERE: Final = "The ledger did not write this letter; what it said is where it was filed."
NO_LETTER: Final = "A preview is of a letter: name the template it is to be written with."
NOT_SENT: Final = "Preview: nothing has been sent."
NOT_FOR_ROLE: Final = "Letters are read in roles that may read of the person (docs/disclosing.md); not by {role}."
_OPENS: Final = {each.topic: ("words", "words_digest") for each in LETTERS}
_READERS: Final = frozenset(role for role, opens in MAY_OPEN.items() if FieldClass.PERSON in opens)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was sent.  `words` and `digest` of one that is erased say so."""

    id: str
    position: int
    template: str
    edition: str
    words: str
    digest: str
    recorded: datetime
    struck_out: bool

    def pdf(self) -> bytes:
        """Its pages; the same letter is the same bytes."""
        foot = [
            f"Words, SHA-256: {self.digest}",
            f"Record {self.position} ({self.id}), template {self.template}, edition {self.edition}",
            *(["Struck out since: this record does not stand."] if self.struck_out else []),
        ]
        return letter_pdf(KINDS[self.template].title, self.words, foot, self.recorded)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a letter would say if it were issued now.  `day`: which day it would be of."""

    template: str
    edition: str
    template_digest: str
    words: str
    digest: str
    day: date

    def told(self) -> dict[str, str]:
        """As JSON: what a command may give again, so that it is these words that are issued or none."""
        return {
            "template": self.template,
            "template_edition": self.edition,
            "template_digest": self.template_digest,
            "words": self.words,
            "words_digest": self.digest,
        }

    def pdf(self) -> bytes:
        """Its pages, which say what they are; the same preview is the same bytes."""
        foot = [
            NOT_SENT,
            f"Words, SHA-256: {self.digest}",
            f"Template {self.template}, edition {self.edition}",
        ]
        moment = datetime.combine(self.day, time(), UTC)
        return letter_pdf(f"{KINDS[self.template].title} (preview)", self.words, foot, moment)


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of an open ledger."""

    store: Store
    cases: Cases
    executing: Executing
    entitling: Entitling
    readings: Readings

    async def open(self, stream: str, name: str, reader: Reader) -> Letter:
        """A letter by the id of its fact, or by its own.

        Raises NotFound, also for one that was written elsewhere, Forbidden, LimitedAccess, DatabaseUnavailable,
        VaultUnavailable, AccessLogUnavailable.
        """
        chain = await self._in_time(self.cases.chains.of(stream))
        await self.entitling.check(reader.by, stream, chain.stored)
        reading = await self._in_time(self.cases.chains.read(chain, _OPENS), VaultUnavailable)
        found = next((each for each in reading.records if each.stream == stream and name in _names(each)), None)
        if found is None:
            raise NotFound(NO_SUCH_LETTER.format(name=name[:40]))
        if FieldClass.PERSON not in classes_for(reader.by, reading.records):
            raise Forbidden(NOT_FOR_ROLE.format(role=reader.by.role))
        fact = found.fact
        if fact.words is None:
            raise NotFound(WRITTEN_ELSEWHERE)
        policy = (await self._in_time(self.cases.policy())).policy
        screen = Screen(target_of(stream), "letter", found.position, people=people_of(_OPENS))
        await self.readings.begin(reader, screen, {stream}, policy.version).sealed()
        return _letter(found, reading.records)

    async def preview(self, command: Command, reader: Reader) -> Preview:
        """What a letter would say.

        Raises what the command would be refused with, Malformed for one that writes no letter, AccessLogUnavailable.
        """
        if reader.by.role not in _READERS:
            raise Forbidden(NOT_FOR_ROLE.format(role=reader.by.role))
        try:
            decision = await self.executing.preview(command)
        except Refused:
            await self._looked(command, reader)  # why not is of the case, too
            raise
        fact: Any = decision.facts[0]
        if not to_be_written(fact):
            raise Malformed(NO_LETTER, {"template": "name one"})
        await self._looked(command, reader)
        return Preview(
            str(fact.template),
            str(fact.template_edition),
            str(fact.template_digest),
            str(fact.words),
            str(fact.words_digest),
            day_of(decision.effective or fact.effective() or datetime.now(UTC)),
        )

    async def _looked(self, command: Command, reader: Reader) -> None:
        """Seal that a preview is told, whatever it says."""
        policy = (await self._in_time(self.cases.policy())).policy
        screen = Screen(target_of(command.stream), "preview", people=people_of(_OPENS))
        await self.readings.begin(reader, screen, {command.stream}, policy.version).sealed()

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self.store.deadline, reading, late)


def _names(record: Recorded[Any]) -> tuple[str, ...]:
    """What a letter may be asked for by; nothing for every other fact."""
    match record.fact:
        case EnforcementLetterIssued() as fact:
            return (record.id, fact.letter_id)
        case BreachWarningGiven() as fact:
            return (record.id, fact.warning_id)
        case _:
            return ()


def _letter(record: Recorded[Any], history: Sequence[Recorded[Any]]) -> Letter:
    fact = record.fact
    return Letter(
        record.id,
        record.position,
        fact.template,
        fact.template_edition,
        str(fact.words),
        str(fact.words_digest) if not isinstance(fact.words, Closed) else str(fact.words),
        record.recorded,
        record.id in struck_out(history),
    )
