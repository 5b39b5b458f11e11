"""Whose cases are limited, and which records are of one person, as recorded by now: few facts, so they are kept in
memory, and the log is asked for more.

    limits = Limits(database)
    rules = await limits.standing()          by person ("offender-019a…") the exclusions and restrictions that stand
    facts = await limits.merging()           the merges and separations of records, in order of position
    persons = await limits.persons(upto)     which records are of one person, as known at a position

Every answer asks the log what has come since, by an index that holds nothing else, or has asked it where the newest is,
so no limit is ever overlooked, whichever process recorded it.  What limits one record of a person limits every other.
Proven by tests/api/test_limited.py, tests/importing/test_duplicates.py and tests/store/test_limits.py.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.aggregates.offender.merging import MERGING, Persons
from ledger.aggregates.shape import Recorded
from ledger.privacy.limiting import Rule, rules_in
from ledger.store.database import Database
from ledger.store.mapping import recorded


class Limits:
    """The limits of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._facts: dict[str, list[Recorded[Any]]] = {}  # by person, those that limit who may read of them
        self._merging: list[Recorded[Any]] = []
        self._persons = Persons()
        self._earlier = (0, self._persons)  # those of the first so many facts, as asked for last
        self._standing: dict[str, Sequence[Rule]] = {}
        self._at = 0

    async def standing(self, newest: int | None = None) -> Mapping[str, Sequence[Rule]]:
        """The rules in force, by person; no person without any.  Raises DatabaseUnavailable.

        `newest`: the position of the newest such entry, where whoever asks has just learnt it (Database.newest).
        """
        if newest is None or newest > self._at:
            await self._read_on()
        return self._standing

    async def merging(self) -> Sequence[Recorded[Any]]:
        """What was ever said of which records are of one person.  Raises DatabaseUnavailable."""
        await self._read_on()
        return self._merging

    async def persons(self, upto: int) -> Persons:
        """Which records are of one person, as known at a position.  Raises DatabaseUnavailable."""
        await self._read_on()
        count = bisect_right(self._merging, upto, key=lambda each: each.position)
        if count == len(self._merging):
            return self._persons
        if self._earlier[0] != count:
            self._earlier = (count, Persons(self._merging[:count]))
        return self._earlier[1]

    async def _read_on(self) -> None:
        read = await self._database.access_rules(self._at)
        facts = [recorded(each) for each in read if each.position > self._at]  # else somebody asked meanwhile
        if not facts:
            return
        for each in facts:
            if not isinstance(each.fact, MERGING):
                self._facts.setdefault(each.stream, []).append(each)
        before, merging = self._persons, [each for each in facts if isinstance(each.fact, MERGING)]
        if merging:
            self._merging += merging
            self._persons = Persons(self._merging)
        named = {name for each in facts for name in (each.stream, *each.about)}
        self._stand_anew({one for name in named for of in (before, self._persons) for one in of.records(name)})
        self._at = facts[-1].position

    def _stand_anew(self, names: Iterable[str]) -> None:
        """The rules of these, every record of the persons they are of, from what is known of them."""
        for name in names:
            records = self._persons.records(name)
            rules = [rule for each in sorted(records) for rule in rules_in(self._facts.get(each, ()))]
            if rules:
                self._standing[name] = sorted(rules, key=lambda rule: rule.position)
            else:
                self._standing.pop(name, None)
