"""Searching: people and children found by number, name or date of birth, for those who may read who they are.

    page = await searching.search({"surname": "JON*"}, reader)

Children are found by roles that may read values about children (ledger.disclosing.table).  Whoever's case is limited
for the reader, and a child that is registered with such a person, is a row that says so and nothing else, after all
others.  The words of a search are sealed in the access log with whom it found, before it is answered: also with whom
such a row stands for, or who may not read of somebody could guess at the name, letter by letter, and leave no trace.

Proven by tests/api/test_searching.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen
from ledger.application.entitling import Entitling
from ledger.application.patience import in_time
from ledger.disclosing.table import MAY_OPEN, FieldClass
from ledger.errors import Malformed
from ledger.following.lists import NO_CURSOR
from ledger.privacy.cursors import Cursors
from ledger.privacy.limiting import LIMITED
from ledger.searching import Found, Keeping, question
from ledger.searching.finding import ASKED_BY
from ledger.searching.people import Person, row_of
from ledger.store.cases import Cases
from ledger.store.opening import Store

PAGE: Final = 50  # rows
LONGEST_PAGE: Final = 200
TARGET: Final = "offenders/search"
SEARCHERS: Final = frozenset(role for role, opens in MAY_OPEN.items() if FieldClass.PERSON in opens)
"""The roles that may read who somebody is; an inspector or auditor finds a case by its id."""


class Searching:
    """The search of an open ledger.  `cursors`: from the vault's secret, before the first comes."""

    def __init__(self, store: Store, cases: Cases, readings: Readings, entitling: Entitling, keeping: Keeping) -> None:
        self.keeping = keeping
        self.cursors = Cursors(bytes(32))
        self._store, self._cases, self._readings, self._entitling = store, cases, readings, entitling

    async def search(
        self, asked: Mapping[str, Any], reader: Reader | None, *, cursor: str = "", most: int = PAGE
    ) -> Found:
        """A page of those found.  As Ledger.search."""
        wanted, start = question(asked), self._start(cursor)
        people, position = await in_time(self._store.deadline, self.keeping.current())
        barred = await self._entitling.barred(reader and reader.by)
        everybody = not barred and _is_for_all(reader)  # then whoever is found is shown: the rest need not be looked at
        found = [each for each in people.find(wanted, start + most + 1 if everybody else None) if _is_for(each, reader)]
        named = [each for each in found if barred.isdisjoint(each.concerns)]
        shown = named[start : start + most]
        limited = [each for each in found if not barred.isdisjoint(each.concerns)]
        limited = limited[max(start - len(named), 0) : max(start + most - len(named), 0)]
        items = [*map(row_of, shown), *(dict(LIMITED) for _ in limited)]
        await self._sealed(asked, reader, shown, limited, position)
        more = start + most < len(found)
        return Found(items, self.cursors.seal(f"search {start + most}") if more else None, position)

    async def _sealed(
        self, asked: Mapping[str, Any], reader: Reader | None, shown: list[Person], limited: list[Person], position: int
    ) -> None:
        nouns = dict.fromkeys(each.stream.partition("-")[0] for each in shown)
        screen = Screen(TARGET, "search", position, people=tuple(nouns))
        terms = " ".join(f"{name}={asked[name]}" for name in ASKED_BY if name in asked)
        version = (await in_time(self._store.deadline, self._cases.policy())).policy.version
        streams = {each.stream for each in (*shown, *limited)}
        await self._readings.begin(reader, screen, streams, version, terms=terms).sealed()

    def _start(self, cursor: str) -> int:
        try:
            word, _, start = self.cursors.open(cursor).partition(" ") if cursor else ("search", "", "0")
            if word != "search":
                raise ValueError("not a cursor of a search")
            return int(start)
        except ValueError as wrong:
            raise Malformed(NO_CURSOR, {"cursor": "not a cursor"}) from wrong


def _is_for_all(reader: Reader | None) -> bool:
    """Whether this role may read who anybody is."""
    return reader is None or {FieldClass.CHILD, FieldClass.PERSON} <= MAY_OPEN.get(reader.by.role, frozenset())


def _is_for(found: Person, reader: Reader | None) -> bool:
    """Whether this role may read who it is; children are some roles' alone."""
    of = FieldClass.CHILD if found.stream.startswith("child-") else FieldClass.PERSON
    return reader is None or of in MAY_OPEN.get(reader.by.role, frozenset())
