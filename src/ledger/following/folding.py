"""What a batch of facts touches, and what each touched case puts on the worklists then.

Everything is read at one position, `upto`, so whoever folds later, or again, or beside a live follower comes to the
same rows.  A case whose fold raises is not folded: it comes back with the reason, and the others are.

Proven by tests/following/.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates import AGGREGATES, FACT_BY_TOPIC, noun_of
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.ledger_stream import ReleaseStarted
from ledger.aggregates.policy import BankHolidaySet, Policy, PolicySettingChanged
from ledger.aggregates.shape import Recorded
from ledger.errors import Unavailable
from ledger.projections import READ_BY_ROWS, WORKLISTS
from ledger.projections.schedule import CALENDAR, Projected, Watching, of_noun, project
from ledger.store.cases import POLICY_STREAMS, Cases
from ledger.store.database import Database
from ledger.store.mapping import Stored

log = logging.getLogger(__name__)

NOUNS: Final = frozenset(worklist.noun for worklist in WORKLISTS.values())
EVERYTHING: Final = "*"  # a new release may move whatever was asked of the policy


@dataclass(frozen=True, slots=True)
class Paused:
    """A case that cannot be folded, and why: the kind of error and its place, never what it says."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a fact of the policy moves: the answers that asked for `key` on `since` or later."""

    key: str
    since: date


def hears(noun: str) -> frozenset[str]:
    """The topics of foreign facts that rows of a noun rest on."""
    return frozenset(topic for each in of_noun(noun) for topic in each.hears)


def touched_by(stored: Sequence[Stored]) -> dict[str, None]:
    """The cases whose rows these facts can move, in order."""
    found: dict[str, None] = {}
    for each in stored:
        stream = str(each.members["stream"])
        if noun_of(stream) in NOUNS:
            found[stream] = None
        for name in each.members.get("about", ()):
            noun = noun_of(name)
            if noun in NOUNS and (each.type in hears(noun) or issubclass(FACT_BY_TOPIC[each.type], CORRECTING)):
                found[name] = None
    return found


def moved_by_policy(records: Sequence[Recorded[Any]], after: int) -> list[Moved]:
    """What the facts of the policy streams later than a position move; `records` holds all of both streams."""
    by_id = {each.id: each for each in records}
    found: list[Moved] = []
    for each in records:
        if each.position > after:
            fact = each.fact
            while isinstance(fact, CORRECTING):  # what was corrected or struck out moves what it had moved
                fact = by_id[fact.event_ref].fact
            found.append(_moved(fact))
    return found


def _moved(fact: Any) -> Moved:
    match fact:
        case PolicySettingChanged():
            return Moved(fact.key, fact.effective_from)
        case BankHolidaySet():
            return Moved(CALENDAR, fact.date)
        case ReleaseStarted():
            return Moved(EVERYTHING, date.min)
        case _:
            return Moved(EVERYTHING, date.min)


def can_move(asked: Mapping[str, str], moved: Collection[Moved]) -> bool:
    """Whether a policy fact can move a case that asked so (days as ISO texts)."""
    return any(
        bool(asked) if each.key == EVERYTHING else asked.get(each.key, "") >= each.since.isoformat() for each in moved
    )


class Folder:
    """Folds cases to their rows, reading through a database and a vault."""

    def __init__(self, database: Database, cases: Cases) -> None:
        self._database = database
        self._cases = cases
        self._watch: Watching | None = None
        self._policy: Policy | None = None

    async def policy_facts(self, upto: int) -> list[Recorded[Any]]:
        """All facts of the streams of the policy up to a position, in order."""
        stored = [each for name in POLICY_STREAMS for each in await self._database.stream(name, upto)]
        found = await self._cases.records(stored, AGGREGATES["policy"].opens)
        return sorted(found, key=lambda each: each.position)

    async def fold(self, streams: Sequence[str], upto: int) -> dict[str, Projected | Paused]:
        """The rows of these cases as known at a position.  Raises Unavailable where database or vault are."""
        found: dict[str, Projected | Paused] = {}
        watch = await self._watched(upto)
        for noun in dict.fromkeys(noun_of(each) for each in streams):
            names = [each for each in streams if noun_of(each) == noun]
            chains = await self._database.chains(names, upto, foreign=bool(hears(noun)))
            for name, history in (await self._opened(noun, chains)).items():
                if isinstance(history, Paused):
                    found[name] = history
                elif any(each.stream == name for each in history):
                    found[name] = _projected(noun, name, history, watch, upto)
        return found

    async def _watched(self, upto: int) -> Watching:
        policy = (await self._cases.policy(fresh=True)).policy
        if policy is not self._policy or self._watch is None:
            self._policy, self._watch = policy, Watching.of(policy)
        if policy.history and policy.history[-1].position > upto:  # it knows more than may be known here
            return Watching.of(policy.as_known(upto))
        return self._watch

    async def _opened(
        self, noun: str, chains: Mapping[str, Sequence[Stored]]
    ) -> Mapping[str, Sequence[Recorded[Any]] | Paused]:
        """The facts of several cases with what their fold reads; one by one where something in them is unreadable."""
        heard = hears(noun)
        wanted = {
            name: [each for each in stored if _is_of(name, each) or each.type in heard or _corrects(each)]
            for name, stored in chains.items()
        }
        # On facts told by another system decisions are taken again, to show what they break: those read more.
        told = {name: each for name, each in wanted.items() if any("source" in one.members for one in each)}
        others = {name: each for name, each in wanted.items() if name not in told}
        opens = AGGREGATES[noun].opens
        return {**await self._read(told, opens), **await self._read(others, READ_BY_ROWS.get(noun, opens))}

    async def _read(
        self, wanted: Mapping[str, Sequence[Stored]], opens: Mapping[str, Any]
    ) -> Mapping[str, Sequence[Recorded[Any]] | Paused]:
        try:
            together = await self._cases.records([each for stored in wanted.values() for each in stored], opens)
        except Unavailable:
            raise
        except Exception:
            return {name: await self._alone(stored, opens) for name, stored in wanted.items()}
        records = iter(together)
        return {name: [next(records) for _ in stored] for name, stored in wanted.items()}

    async def _alone(self, stored: Sequence[Stored], opens: Mapping[str, Any]) -> Sequence[Recorded[Any]] | Paused:
        try:
            return await self._cases.records(stored, opens)
        except Unavailable:
            raise
        except Exception as problem:
            return Paused(reason_of(problem))


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
