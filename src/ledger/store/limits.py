"""Whose cases are limited, and which records are of one person, as recorded by now: few facts, so they are kept in
memory, and the log is asked for more.

    limits = Limits(database)
    rules = await limits.standing()          by person ("offender-019a…") the exclusions and restrictions that stand
    facts = await limits.merging()           the merges and separations of records, in order of position

Every answer asks the log what has come since, by an index that holds nothing else, or has asked it where the newest is,
so no limit is ever overlooked, whichever process recorded it.  What limits one record of a person limits every other.
Proven by tests/api/test_limited.py and tests/importing/test_duplicates.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.aggregates.offender.merging import MERGING, of_one_person
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

    async def _read_on(self) -> None:
        for stored in await self._database.access_rules(self._at):
            if stored.position <= self._at:  # somebody else has asked meanwhile
                continue
            fact = recorded(stored)
            if isinstance(fact.fact, MERGING):
                self._merging.append(fact)
                touched = set(self._facts)
            else:
                self._facts.setdefault(fact.stream, []).append(fact)
                touched = {fact.stream}
            self._stand_anew(touched)
            self._at = stored.position

    def _stand_anew(self, touched: set[str]) -> None:
        """The rules of these persons, and of every record that is theirs, or was, from what is known of them."""
        persons = touched | {one for each in self._merging for one in (each.stream, *each.about)}
        for name in persons:
            records = of_one_person(name, self._merging)
            rules = [rule for each in sorted(records) for rule in rules_in(self._facts.get(each, ()))]
            if rules:
                self._standing[name] = sorted(rules, key=lambda rule: rule.position)
            else:
                self._standing.pop(name, None)
