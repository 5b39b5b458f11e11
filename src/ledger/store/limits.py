"""Whose cases are limited, as recorded by now: few of them, so they are kept in memory, and the log is asked for more.

    limits = Limits(database)
    rules = await limits.standing()          by person ("offender-019a…") the exclusions and restrictions that stand

Every answer asks the log what has come since, by an index that holds nothing else, or has asked it where the newest is,
so no limit is ever overlooked, whichever process recorded it.  Proven by tests/api/test_limited.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.aggregates.shape import Recorded
from ledger.privacy.limiting import Rule, rules_in
from ledger.store.database import Database
from ledger.store.mapping import recorded


class Limits:
    """The limits of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._facts: dict[str, list[Recorded[Any]]] = {}
        self._standing: dict[str, Sequence[Rule]] = {}
        self._at = 0

    async def standing(self, newest: int | None = None) -> Mapping[str, Sequence[Rule]]:
        """The rules in force, by person; no person without any.  Raises DatabaseUnavailable.

        `newest`: the position of the newest such entry, where whoever asks has just learnt it (Database.newest).
        """
        if newest is not None and newest <= self._at:
            return self._standing
        for stored in await self._database.access_rules(self._at):
            if stored.position <= self._at:  # somebody else has asked meanwhile
                continue
            fact = recorded(stored)
            told = self._facts.setdefault(fact.stream, [])
            told.append(fact)
            self._standing.pop(fact.stream, None)
            if rules := rules_in(told):
                self._standing[fact.stream] = rules
            self._at = stored.position
        return self._standing
