"""Cases as they will be once what is decided is sealed: an import decides a batch before its first fact is sealed.

A fact is taken into every case that it concerns as soon as it is decided, at the position foreseen for it.  Where it is
not sealed there the sequencer refuses whatever was decided on it (appending.Series, and the chains read), and the
import forgets what it foresaw from that line on.

Proven by tests/importing/.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Fact, Recorded
from ledger.store import mapping
from ledger.store.binary import LARGEST
from ledger.store.cases import Case, Cases, PolicyAt
from ledger.store.mapping import Draft, Envelope

NOTHING: Final[Collection[str]] = ()
EVERYTHING: Final = 2**63  # of cases kept: what is never sealed cannot be read again


class Ahead(Cases):
    """The cases of a ledger and, on top of them, what is decided and not sealed yet: nobody else can read it anew."""

    kept_seconds = math.inf

    def start(self, names: Iterable[str]) -> None:
        """Keep these as cases that nothing concerns yet."""
        for name in names:
            self._keep(name, Case(0, 0, AGGREGATES[noun_of(name)].fold(())))

    async def read_all(self, names: Sequence[str]) -> None:
        """Read and keep these cases, with one question for all of them."""
        stored = await self._database.chains(names, LARGEST)
        for noun in {noun_of(name) for name in names}:
            aggregate = AGGREGATES[noun]
            mine = [name for name in names if noun_of(name) == noun]
            records = iter(await self.records([each for name in mine for each in stored[name]], aggregate.opens))
            for name in mine:
                begun = Case(0, 0, aggregate.fold(()))
                self._keep(name, self._taken(begun, name, list(islice(records, len(stored[name])))))

    def foresee(
        self, names: Iterable[str], drafts: Sequence[Draft], envelope: Envelope, first: int, moment: datetime
    ) -> None:
        """Take decided facts into these kept cases, as if sealed from position `first` on at this moment.

        A fact is known as recorded at the moment it was decided; it is sealed a second later at most, and no fold asks.
        """
        told: dict[tuple[int, Collection[str]], Recorded[Fact]] = {}
        for name in names:
            opens = AGGREGATES[noun_of(name)].opens
            records: list[Recorded[Any]] = []
            for number, draft in enumerate(drafts):
                if name == draft.stream or name in draft.about:
                    what = number, opens.get(type(draft.fact).topic, NOTHING)
                    if what not in told:
                        told[what] = mapping.as_read(draft, envelope, first + number, moment, what[1])
                    records.append(told[what])
            self._keep(name, self._taken(self._cases[name], name, records))

    def foresee_rules(self, drafts: Sequence[Draft], envelope: Envelope, first: int, moment: datetime) -> None:
        """Let settings and holidays hold from the next decision on, as if sealed from position `first` on."""
        known = self._policy
        assert known is not None
        told = [mapping.as_read(each, envelope, first + number, moment, NOTHING) for number, each in enumerate(drafts)]
        self._policy = PolicyAt(Policy.fold([*known.policy.history, *told]), known.at)
