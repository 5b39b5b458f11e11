"""What another edition would have said of every case: compared on every processor, nothing written.

    found = await Supposing(folder, database, progress, where).run(question)

Each case is folded once and asked twice, under the edition and under what it is compared with.  A case that cannot be
folded is named and passed over.  Proven by tests/following/test_supposing.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from ledger.aggregates.policy import Policy
from ledger.following.folding import Folder, Paused, RestsOn
from ledger.following.rebuilding import CASES_AT_ONCE, PARTS_AHEAD, WORTH_WORKERS, processors
from ledger.following.workers import Desk, Where, Workers, answering
from ledger.projections.what_if import COMPARED, OPENS, compared, reads
from ledger.projections.why import Row
from ledger.store.database import Database

NOUN: Final = "offender"
NEEDS: Final = RestsOn(reads, OPENS)


@dataclass(frozen=True, slots=True)
class Question:
    """An edition, what it is compared with (None: what is in force), the day, and up to where the log is read."""

    edition: str
    against: str | None
    as_at: date
    upto: int


@dataclass(slots=True)
class Compared:
    """`items`: orders that would stand otherwise, each with its `offender_id`; `paused`: cases that do not fold; the
    numbers are of all of them, also where only the first are kept (`shortened`)."""

    cases: int = 0
    items: list[Row] = field(default_factory=list[Row])
    paused: list[str] = field(default_factory=list[str])
    cases_that_differ: int = 0
    orders_that_differ: int = 0
    cases_paused: int = 0
    by_name: Counter[str] = field(default_factory=Counter[str])

    def add(self, cases: int, items: Sequence[Row], paused: Sequence[str]) -> None:
        """What another part of the caseload, of other cases, came to."""
        self.cases += cases
        self.items += items
        self.paused += paused
        self.cases_that_differ += len({each["offender_id"] for each in items})
        self.orders_that_differ += len(items)
        self.cases_paused += len(paused)
        self.by_name.update(name for item in items for name in item["differs"])

    def counts(self) -> dict[str, int]:
        """How many orders differ in what."""
        return {name: self.by_name[name] for name in COMPARED}

    def shortened(self, most: int) -> Compared:
        """The same with its first rows alone, and no case that does not fold: what is kept does not grow with the
        caseload, and who is not shown is not on record as shown."""
        return replace(self, items=self.items[:most], paused=[])


class Supposing:
    """One what-if over the whole caseload.  `progress` hears of (cases done, cases in all)."""

    def __init__(
        self, folder: Folder, database: Database, progress: Callable[[int, int], None], where: Where | None = None
    ) -> None:
        self._folder, self._database, self._progress, self._where = folder, database, progress, where

    async def run(self, question: Question) -> Compared:
        """Every case of the caseload.  Raises Unavailable where database, vault or a worker are."""
        streams = await self._database.streams(NOUN)
        waiting = iter([streams[at : at + CASES_AT_ONCE] for at in range(0, len(streams), CASES_AT_ONCE)])
        found = Compared()

        async def one_after_another(compare: Callable[[Sequence[str]], Awaitable[tuple[list[Row], list[str]]]]) -> None:
            for part in waiting:
                items, paused = await compare(part)
                found.add(len(part), items, paused)
                self._progress(found.cases, len(streams))

        async def here(part: Sequence[str]) -> tuple[list[Row], list[str]]:
            return await compare_part(self._folder, part, question)

        if self._where is None or len(streams) < WORTH_WORKERS * CASES_AT_ONCE or processors() == 1:
            await one_after_another(here)
        else:
            async with Workers(self._where, processors() - 1, __name__) as workers:

                async def there(part: Sequence[str]) -> tuple[list[Row], list[str]]:
                    return await workers.ask(part, question)

                try:
                    async with asyncio.TaskGroup() as group:
                        for compare in (*[there] * (PARTS_AHEAD * workers.count), here):
                            group.create_task(one_after_another(compare))
                except ExceptionGroup as several:  # one that failed stops the others: whoever asked is told that one
                    raise several.exceptions[0] from None
        found.items.sort(key=lambda each: (each["offender_id"], each["order_id"]))
        found.paused.sort()
        return found


async def compare_part(folder: Folder, streams: Sequence[str], question: Question) -> tuple[list[Row], list[str]]:
    """(the orders of these cases that would stand otherwise, the ids of cases that do not fold)."""
    policy = await folder.policy(question.upto)
    one = policy if question.against is None else under(policy, question.against)
    other = under(policy, question.edition)
    items: list[Row] = []
    paused: list[str] = []
    for name, history in (await folder.histories(streams, question.upto, NEEDS)).items():
        case_id = name[-36:]
        if isinstance(history, Paused):
            paused.append(case_id)
            continue
        try:
            rows = compared(history, one, other, question.as_at, question.upto)
        except Exception:  # it is named, and the others are compared
            paused.append(case_id)
        else:
            items += [{"offender_id": case_id, **row} for row in rows]
    return items, paused


_kept: Final[dict[tuple[int, str], tuple[Policy, Policy]]] = {}


def under(policy: Policy, edition: str) -> Policy:
    """The policy under an edition, the same one for every part: what was worked out for one case serves the others."""
    kept = _kept.get((id(policy), edition))
    if kept is None or kept[0] is not policy:
        _kept.clear()
        kept = _kept[id(policy), edition] = (policy, policy.under(edition))
    return kept[1]


def main() -> None:
    """Compare what is given until there is no more."""

    def compare(desk: Desk, streams: Sequence[str], question: Question) -> Any:
        return desk.runner.run(compare_part(desk.folder, streams, question))

    answering(compare)
