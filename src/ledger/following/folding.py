"""What a batch of facts touches, and what each touched case puts on the worklists then.

Everything is read at one position, `upto`, so whoever folds later, or again, or beside a live follower comes to the
same rows.  A case whose fold raises is not folded: it comes back with the reason, and the others are.

Proven by tests/following/.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final

from ledger.aggregates import AGGREGATES, FACT_BY_TOPIC, noun_of
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender.merging import MERGING, as_one
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.errors import Unavailable
from ledger.projections import READ_BY_ROWS, READ_OF_CHILD_CASES, WORKLISTS, concerns_a_child
from ledger.projections.schedule import Projected, Watching, of_noun, project
from ledger.store.cases import POLICY_STREAMS, Cases
from ledger.store.database import Database
from ledger.store.limits import Limits
from ledger.store.mapping import Stored, recorded

log = logging.getLogger(__name__)

NOTHING: Final = Projected(None, (), {})  # on no list: another record of the person stands there
NOUNS: Final = frozenset(worklist.noun for worklist in WORKLISTS.values())
AT_ONCE: Final = 200  # cases that are read and folded together: a change of policy may move a hundred thousand


@dataclass(frozen=True, slots=True)
class Paused:
    """A case that cannot be folded, and why: the kind of error and its place, never what it says."""

    reason: str


def hears(noun: str) -> frozenset[str]:
    """The topics of foreign facts that rows of a noun rest on."""
    return frozenset(topic for each in of_noun(noun) for topic in each.hears)


def touched_by(stored: Sequence[Stored]) -> dict[str, int]:
    """The cases whose rows these facts can move, each with the position of the first that can."""
    found: dict[str, int] = {}
    for each in stored:
        stream = str(each.members["stream"])
        if noun_of(stream) in NOUNS:
            found.setdefault(stream, each.position)
        for name in each.members.get("about", ()):
            noun = noun_of(name)
            kind = FACT_BY_TOPIC[each.type]
            if noun in NOUNS and (each.type in hears(noun) or issubclass(kind, (*CORRECTING, *MERGING))):
                found.setdefault(name, each.position)
    return found


def parts_of(streams: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many cases as are read and folded together, and again."""
    return (streams[start : start + AT_ONCE] for start in range(0, len(streams), AT_ONCE))


def can_move(asked: Mapping[str, str], moved: Mapping[str, date]) -> bool:
    """Whether a case that asked so (by setting the latest day, ISO) rests on what moved (by setting the first day)."""
    return any(asked.get(key, "") >= since.isoformat() for key, since in moved.items())


Opens = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class RestsOn:
    """What an answer rests on that needs less of a case than its rows do, and no other stream.

    `reads`: of a case with facts of these topics, which topics; `opens`: the sealed fields of those, by topic.
    """

    reads: Callable[[Collection[str]], Collection[str]]
    opens: Opens


class Folder:
    """Folds cases to their rows, reading through a database and a vault."""

    def __init__(self, database: Database, cases: Cases) -> None:
        self._database = database
        self._cases = cases
        self._limits = Limits(database)
        self._watch: Watching | None = None
        self._policy: Policy | None = None

    async def moved(self, stored: Sequence[Stored]) -> Mapping[str, date]:
        """What these facts, one after another in the log, made of the policy: see `Policy.moved`."""
        if all(str(each.members["stream"]) not in POLICY_STREAMS for each in stored):
            return {}
        policy = (await self._cases.policy(fresh=True)).policy
        return policy.moved(stored[0].position - 1, stored[-1].position)

    async def fold(self, streams: Sequence[str], upto: int) -> dict[str, Projected | Paused]:
        """The rows of these cases as known at a position.  Raises Unavailable where database or vault are."""
        found: dict[str, Projected | Paused] = {}
        watch, persons = await self._watched(upto), await self._limits.persons(upto)
        for noun in dict.fromkeys(noun_of(each) for each in streams):
            names = [each for each in streams if noun_of(each) == noun]
            found |= {name: NOTHING for name in names if persons.leads(name) != name}
            for name, history in (await self.histories(names, upto)).items():
                found[name] = history if isinstance(history, Paused) else _projected(noun, name, history, watch, upto)
        return found

    async def histories(
        self, streams: Sequence[str], upto: int, needs: RestsOn | None = None
    ) -> Mapping[str, Sequence[Recorded[Any]] | Paused]:
        """What the rows of these cases of one noun rest on, as known at a position; those known then only.

        Of several records of one person the one merged into alone, with the facts of all.  `needs`: for who rests on
        less.
        """
        noun, persons = noun_of(streams[0]), await self._limits.persons(upto)
        records = {name: persons.records(name) for name in streams if persons.leads(name) == name}
        wanted = list(dict.fromkeys(one for each in records.values() for one in sorted(each)))
        chains = await self._database.chains(wanted, upto, foreign=bool(hears(noun)) and needs is None)
        begun = {name: stored for name, stored in chains.items() if any(_is_of(name, each) for each in stored)}
        if needs is None:
            opened = await self._opened(noun, begun, list(records.values()))
        else:
            resting_on = {name: _resting_on(needs.reads, stored) for name, stored in begun.items()}
            opened = await self._read(resting_on, needs.opens)
        return {name: _as_one(name, records[name], opened) for name in records if name in opened}

    async def touched_by(self, stored: Sequence[Stored], upto: int) -> dict[str, int]:
        """The cases whose rows these facts can move, each with the position of the first that can; of several records
        of one person, by what is known at a position, every one: lists name one, and may have named another before."""
        found = touched_by(stored)
        persons = await self._limits.persons(upto)
        for name, position in list(found.items()):
            for one in persons.records(name):
                found.setdefault(one, position)
        return found

    async def policy(self, upto: int) -> Policy:
        """Settings and calendar as known at a position.  Raises Unavailable where the database is."""
        policy = (await self._cases.policy(fresh=True)).policy
        later = policy.history and policy.history[-1].position > upto
        return policy.as_known(upto) if later else policy

    async def _watched(self, upto: int) -> Watching:
        policy = (await self._cases.policy(fresh=True)).policy
        if policy is not self._policy or self._watch is None:
            self._policy, self._watch = policy, Watching.of(policy)
        if policy.history and policy.history[-1].position > upto:  # it knows more than may be known here
            return Watching.of(policy.as_known(upto))
        return self._watch

    async def _opened(
        self, noun: str, chains: Mapping[str, Sequence[Stored]], persons: Sequence[frozenset[str]]
    ) -> Mapping[str, Sequence[Recorded[Any]] | Paused]:
        """The facts of several cases with what their fold reads; one by one where something in them is unreadable.

        `persons`: the records of each person; a fact of one of them may ask for more to be read of all.
        """
        heard = hears(noun)
        wanted = {
            name: [each for each in stored if _is_of(name, each) or each.type in heard or _corrects(each)]
            for name, stored in chains.items()
        }
        reading: dict[tuple[bool, bool], dict[str, Sequence[Stored]]] = {}
        for records in persons:
            told = {name: wanted[name] for name in sorted(records) if name in wanted}
            reading.setdefault(_reads_more(chain.from_iterable(told.values())), {}).update(told)
        found: dict[str, Sequence[Recorded[Any]] | Paused] = {}
        for more, cases in reading.items():
            found |= await self._read(cases, _opens(noun, *more))
        return found

    async def _read(
        self, wanted: Mapping[str, Sequence[Stored]], opens: Opens
    ) -> Mapping[str, Sequence[Recorded[Any]] | Paused]:
        sealed = [each for stored in wanted.values() for each in stored if each.type in opens]
        try:
            opened = {each.position: each for each in await self._cases.records(sealed, opens)}
            return {
                name: [opened.get(each.position) or recorded(each) for each in stored]
                for name, stored in wanted.items()
            }
        except Unavailable:
            raise
        except Exception:
            return {name: await self._alone(stored, opens) for name, stored in wanted.items()}

    async def _alone(self, stored: Sequence[Stored], opens: Opens) -> Sequence[Recorded[Any]] | Paused:
        try:
            return await self._cases.records(stored, opens)
        except Unavailable:
            raise
        except Exception as problem:
            return Paused(reason_of(problem))


def _reads_more(stored: Iterable[Stored]) -> tuple[bool, bool]:
    """Whether another system told of a person: on its facts decisions are taken again, to show what they break.  And
    whether something concerns a child."""
    told = child = False
    for each in stored:
        told = told or "source" in each.members
        child = child or concerns_a_child(each.type, each.sealed, each.members.get("values", {}))
    return told, child


def _opens(noun: str, told: bool, child: bool) -> Opens:
    opens = AGGREGATES[noun].opens
    opens = opens if told else READ_BY_ROWS.get(noun, opens)
    return {**opens, **READ_OF_CHILD_CASES} if child else opens


def _resting_on(reads: Callable[[Collection[str]], Collection[str]], stored: Sequence[Stored]) -> list[Stored]:
    topics = reads({each.type for each in stored})
    return [each for each in stored if each.type in topics]


def _as_one(
    name: str, records: frozenset[str], opened: Mapping[str, Sequence[Recorded[Any]] | Paused]
) -> Sequence[Recorded[Any]] | Paused:
    if len(records) == 1:
        return opened[name]
    told = {each: opened[each] for each in sorted(records) if each in opened}
    paused = next((each for each in told.values() if isinstance(each, Paused)), None)
    return paused or as_one(name, {each: found for each, found in told.items() if not isinstance(found, Paused)})


def _is_of(name: str, stored: Stored) -> bool:
    return stored.members["stream"] == name


def _corrects(stored: Stored) -> bool:
    return issubclass(FACT_BY_TOPIC[stored.type], CORRECTING)


def _projected(
    noun: str, name: str, history: Sequence[Recorded[Any]], watch: Watching, upto: int
) -> Projected | Paused:
    try:
        return project(name, of_noun(noun), history, watch, upto)
    except Exception as problem:
        log.error("a case cannot be folded: %s", reason_of(problem))
        return Paused(reason_of(problem))


def reason_of(problem: Exception) -> str:
    """The kind of an error and where it was raised."""
    trace, place = problem.__traceback__, "nowhere"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(problem).__name__} at {place}"
