"""The one door of every reading: what somebody is shown is sealed in the access log before the answer leaves (DP-11).

    entry = readings.begin(reader, Screen(...), cases, policy)     at once: the append is under way
    answer = …                                                     meanwhile
    await entry.sealed()                                           raises AccessLogUnavailable: then nothing leaves

An answer is one entry (a list of more than 500 cases several, in one transaction).  Readings that begin while another
is being sealed share the next transaction.  Where the entry stands and the answer is never given, somebody is said to
have read what he did not see: there are never fewer entries than answers.

What the ledger's own programs ask for themselves (a scenario's expectations, the first page of the demonstration) has
no reader and no entry; api/ and the command line always name one (tests/access/test_doors.py holds them to it).

Proven by tests/access/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from ledger.access.purposes import Reader
from ledger.access.writing import append, begin, or_no_answer
from ledger.aggregates import FACT_BY_TOPIC, noun_of
from ledger.aggregates.access import Category, RecordViewed
from ledger.aggregates.immutable import immutable
from ledger.aggregates.shape import LIST_ITEMS, Recorded, Subject, Whose
from ledger.errors import Refused
from ledger.privacy.limiting import named_in
from ledger.projections.why import Row
from ledger.rules.registry import labels
from ledger.store import mapping
from ledger.store.chains import Opens
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope
from ledger.store.vault import Vault

_WORDS: Final = {
    Subject.STREAM: "narrative",
    Subject.OFFENDER: "offender",
    Subject.CHILD: "child",
    Subject.VICTIM: "victim",
    Subject.THIRD_PARTY: "third-party",
    Subject.STAFF: "staff",
}
_PERSON: Final = {"offender": Subject.OFFENDER, "child": Subject.CHILD, "victim": Subject.VICTIM}


@immutable
class Screen:
    """What somebody is shown: `target` ("offender/019a…", "worklist/breach"), which `view` of it, and as at, known at
    and counted up to when; `people`: the kinds of people whose sealed values may be in it."""

    target: str
    view: str
    position: int | None = None
    as_at: date | None = None
    known_at: datetime | None = None
    people: tuple[str, ...] = ()
    category: Category = "consultation"


@dataclass(slots=True)
class Entry:
    """A reading on its way into the access log."""

    _done: asyncio.Future[Any] | None = None

    async def sealed(self) -> None:
        """Wait until it stands.  Raises AccessLogUnavailable."""
        if self._done is not None:
            with or_no_answer():
                await self._done


NO_READER: Final = Entry()


@dataclass(frozen=True, slots=True)
class Readings:
    """What is read of an open ledger."""

    log: Log
    vault: Vault

    def begin(
        self, reader: Reader | None, screen: Screen, cases: Collection[str], policy: int, *, terms: str | None = None
    ) -> Entry:
        """Begin to seal that this reader is shown this; `cases`: names of streams; `policy`: its version.

        `terms`: the words of a search, kept where it found somebody.  Raises AccessLogUnavailable.
        """
        if reader is None:
            return NO_READER
        moment = datetime.now(UTC)
        drafts = list(_drafts(reader, screen, sorted(set(cases)), moment, terms))
        envelope = Envelope(reader.by, policy=policy)
        with or_no_answer():
            if reader.reason is None and terms is None:
                done = begin(self.log, drafts, envelope)
            else:
                done = asyncio.ensure_future(self._with_words(drafts, envelope))
        done.add_done_callback(_heard)
        return Entry(done)

    async def confirming(self, record: Recorded[Any], seen: Mapping[str, Any]) -> list[Recorded[Any]]:
        """The entries of this log that say that the author of a fact was shown the screen its `seen` names, before it
        was recorded, the newest first: this position of the ledger, of this case or of one the fact is about, on this
        day and as known then if it says so.  None: unconfirmed.  Raises DatabaseUnavailable.
        """
        about = [record.stream, *record.about]
        stream, position = stream_of_reader(record.by.id), int(seen["position"])
        stored = await self.log.database.naming(stream, about, record.recorded, position)
        return [
            mapping.recorded(each)
            for each in reversed(stored)
            if each.type == RecordViewed.topic and all(each.members["values"].get(name) == seen[name] for name in seen)
        ]

    async def _with_words(self, drafts: list[Draft], envelope: Envelope) -> None:
        try:
            await append(self.log, self.vault, drafts, envelope, None)
        except Refused:  # the person was erased, and never has a key again
            await append(self.log, self.vault, [_under_own_key(each) for each in drafts], envelope, None)


def _heard(done: asyncio.Future[Any]) -> None:
    """Whoever began it may have failed meanwhile and not ask."""
    if not done.cancelled():
        done.exception()


def _drafts(reader: Reader, screen: Screen, cases: list[str], moment: datetime, terms: str | None) -> Iterable[Draft]:
    words, whose = _words(reader, terms, cases), _keys_of(screen.target, cases)
    for start in range(0, max(1, len(cases)), LIST_ITEMS):
        fact = RecordViewed(
            target_ref=screen.target,
            view=screen.view,
            category=screen.category,
            purpose=reader.purpose,
            position=screen.position,
            as_at=screen.as_at,
            known_at=screen.known_at,
            people=list(screen.people),
            **words,
        )
        about = tuple(cases[start : start + LIST_ITEMS])
        yield Draft(
            mapping.fact_id(moment), stream_of_reader(reader.by.id), 0, fact, moment, about, _UNDER, whose=whose
        )
        words = {}


_UNDER: Final = labels(RecordViewed.rules)


def _words(reader: Reader, terms: str | None, cases: list[str]) -> dict[str, str | None]:
    """What is kept in words: of a search that found nobody, or several children, nothing."""
    return {"reason": reader.reason, "terms": terms if cases and len(_children(cases)) < 2 else None}


def _keys_of(target: str, cases: list[str]) -> Mapping[str, Whose | None] | None:
    """Whose key words are sealed under: of the person that was asked for; of the one, or the one child, that a search
    found.  So they go with whom they name; a search that found several others has a key of its own."""
    ones = _children(cases) or cases
    found = {"reason": _whose(target.replace("/", "-", 1)), "terms": _whose(ones[0]) if len(ones) == 1 else None}
    return {name: each for name, each in found.items() if each} or None


def _children(cases: list[str]) -> list[str]:
    return [each for each in cases if each.startswith("child-") and noun_of(each) == "child"]


def _whose(stream: str) -> Whose | None:
    noun, _, name = stream.partition("-")
    return Whose(_PERSON[noun], name) if noun in _PERSON else None


def _under_own_key(draft: Draft) -> Draft:
    return Draft(
        draft.id, draft.stream, draft.version, draft.fact, draft.effective, draft.about, draft.under, whose=None
    )


def stream_of_reader(id: str) -> str:  # noqa: A002 - the contract's own word
    """The stream of the access log that holds what somebody read."""
    return f"staff-{id}"


# ------------------------------------------------------------------------------------ what an answer shows


def people_of(opens: Opens) -> tuple[str, ...]:
    """The kinds of people whose sealed values these fields are; None: everybody's."""
    if opens is None:
        return tuple(_WORDS.values())
    found = {
        marked.subject
        for topic, names in opens.items()
        for name in names
        if (marked := FACT_BY_TOPIC[topic].whose.get(name)) is not None
    }
    return tuple(word for subject, word in _WORDS.items() if subject in found)


def cases_in(rows: Iterable[Row]) -> set[str]:
    """The names of the cases that rows name (ledger.privacy.limiting)."""
    return {each for row in rows for each in named_in(row)}


def target_of(stream: str) -> str:
    """As a command names it: "offender-019a…" -> "offender/019a…", "policy" -> "policy/policy"."""
    noun = noun_of(stream)
    return f"{noun}/{stream.removeprefix(f'{noun}-')}"


def is_case(name: str) -> bool:
    """Whether a stream is a case, and not the policy or the ledger's own."""
    return name != noun_of(name)
