"""The people of a ledger kept in memory: read once from ledger and vault, then kept up with both.

    keeping = Keeping(database, cases)
    await keeping.run()                     fills it, and follows until cancelled
    people = await keeping.current()        with all that is sealed by now, and nobody whose erasure has begun

Whoever asks waits until what was sealed before the question is taken in, and until keys whose erasure has begun are
looked at: so an answer is never out of date, whichever process recorded or erased, and following in between only keeps
that wait short.  An erased person goes with the key: before it is destroyed the ledger fences it, which is looked at.

Read are only the facts that tell who somebody is (store.database, `telling`), a few people at a time, and beside a
server with a rest after each few: whoever asks it meanwhile waits for some milliseconds, not for hundreds.  Somebody
whose values do not open is passed over and told in the log; the others are found.

Proven by tests/api/test_searching.py; measured by bench/searching.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ledger.aggregates.shape import Recorded
from ledger.errors import LedgerError, NotYetProjected, Unavailable
from ledger.privacy.sealing import Unreadable
from ledger.rules.dates import london_day
from ledger.searching.finding import People
from ledger.searching.people import OPENS, TELLING, Person, person
from ledger.store.cases import Cases
from ledger.store.database import Database
from ledger.store.mapping import Stored, recorded

log = logging.getLogger(__name__)

AT_ONCE: Final = 20  # people read together: some 5 ms of the loop
REST: Final = 0.005  # seconds in which others are served, after each few
ENTRIES: Final = 1_000  # looked through together for whom they concern
EVERY: Final = 1.0  # seconds
AFTER_TROUBLE: Final = 1.0
_NOUNS: Final = ("offender", "child")
_PEOPLE: Final = ("offender-", "child-")
_REGISTER: Final = "register-entry-"
_TOPICS: Final = frozenset(each.topic for each in TELLING)

Progress = Callable[[int, int], None]


class Keeping:
    """The people of one ledger."""

    def __init__(self, database: Database, cases: Cases) -> None:
        self._database, self._cases = database, cases
        self._people: People | None = None
        self._at = 0
        self._fences = 0
        self.unread: set[str] = set()  # who cannot be found because a value does not open
        self._turn = asyncio.Lock()
        self._filled = asyncio.Event()
        self._filling: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether everybody can be found by now."""
        return self._people is not None

    async def filled(self) -> bool:
        """True, once everybody can be found."""
        return await self._filled.wait()

    def __len__(self) -> int:
        return len(self._people) if self._people else 0

    async def run(self) -> None:
        """Fill it and follow, until cancelled; whatever is away meanwhile is waited for."""
        while True:
            try:
                await self.fill(rest=REST)
                await self.current()
                await asyncio.sleep(EVERY)
            except (LedgerError, OSError) as problem:
                log.error("the search waits: %s", type(problem).__name__)
                await asyncio.sleep(AFTER_TROUBLE)

    async def fill(self, progress: Progress = lambda done, of: None, *, rest: float = 0.0) -> None:
        """Read everybody, once; `rest`: seconds after each few.  Raises DatabaseUnavailable, VaultUnavailable."""
        async with self._turn:
            if self._people is not None:
                return
            head = await self._database.head()
            upto, fences = (head.size if head else 0), await self._database.fences()
            names = [name for noun in _NOUNS for name in await self._database.streams(noun)]
            people = People()
            for start in range(0, len(names), AT_ONCE):
                part = names[start : start + AT_ONCE]
                for each in filter(None, (await self._read(part, upto)).values()):
                    people.put(each)
                progress(start + len(part), len(names))
                await asyncio.sleep(rest)
            if fences:
                people.drop_keys(await self._database.fenced())
            self._people, self._at, self._fences = people, upto, fences
            self._filled.set()

    async def current(self) -> tuple[People, int]:
        """Everybody who can be found, and the position up to which the ledger is in it.

        Raises NotYetProjected before it is filled, DatabaseUnavailable, VaultUnavailable.
        """
        if self._people is None:
            raise NotYetProjected("The search is being filled. Ask again in a moment.")
        async with self._turn:
            await self._take_in(self._people)
            await self._look_at_fences(self._people)
            return self._people, self._at

    async def numbered(self, client_id: str) -> tuple[str, ...]:
        """The streams of all who are recorded under a client id by now; filled first where nobody did it yet.

        Whoever waits no longer leaves the filling going on, or of a large ledger nobody would ever see the end of it.
        Raises DatabaseUnavailable, VaultUnavailable.
        """
        if self._people is None:
            if self._filling is None or self._filling.done():
                self._filling = asyncio.create_task(self.fill())
                self._filling.add_done_callback(_taken_note_of)
            await asyncio.shield(self._filling)
        people, _ = await self.current()
        return people.numbered(client_id)

    async def close(self) -> None:
        """Leave a filling that nobody waits for any more."""
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)

    async def _take_in(self, people: People) -> None:
        """What was sealed since."""
        while entries := await self._database.entries(self._at + 1, self._at + ENTRIES):
            upto = entries[-1][0]
            touched = list(_touched(Stored.of(position, entry) for position, _, entry in entries))
            for start in range(0, len(touched), AT_ONCE):
                for name, found in (await self._read(touched[start : start + AT_ONCE], upto)).items():
                    if found is None:
                        people.drop(name)
                    else:
                        people.put(found)
            self._at = upto

    async def _look_at_fences(self, people: People) -> None:
        """Whoever is known by a value under a key whose erasure has begun is known no more."""
        fences = await self._database.fences()
        if fences != self._fences:
            people.drop_keys(await self._database.fenced())
            self._fences = fences

    async def _read(self, names: Sequence[str], upto: int) -> dict[str, Person | None]:
        """Each of them as recorded up to a position; None for who cannot be found."""
        told = await self._database.telling(names, upto)
        day = london_day(datetime.now(UTC))
        sealed = [each for stored in told.values() for each in stored if each.type in OPENS]
        try:
            opened = {each.position: each for each in await self._cases.records(sealed, OPENS)}
        except Unavailable:
            raise
        except (Unreadable, LedgerError):
            if len(names) > 1:  # one of them: whose it is shows when each is read alone
                alone = [await self._read([name], upto) for name in names]
                return {name: found for each in alone for name, found in each.items()}
            log.error("somebody cannot be found by name: a value does not open")
            self.unread.update(names)
            return dict.fromkeys(names)
        self.unread.difference_update(names)
        return {name: person(name, _history(stored, opened), day, _keys(stored)) for name, stored in told.items()}


def _taken_note_of(filling: asyncio.Task[None]) -> None:
    """Nobody may wait for it any more: whoever asks next begins anew."""
    if not filling.cancelled() and (problem := filling.exception()) is not None:
        log.error("the search could not be filled: %s", type(problem).__name__)


def _history(stored: Iterable[Stored], opened: Mapping[int, Recorded[Any]]) -> list[Recorded[Any]]:
    return [opened.get(each.position) or recorded(each) for each in stored]


def _keys(stored: Iterable[Stored]) -> list[bytes]:
    """Ids of the keys of the values that somebody is known by."""
    named = {
        str(key)
        for each in stored
        for path, (_, key) in each.sealed.items()
        if path.partition("/")[0] in OPENS.get(each.type, ())
    }
    return [UUID(each).bytes for each in sorted(named)]


def _touched(entries: Iterable[Stored]) -> dict[str, None]:
    """The people of whom these entries may tell something new."""
    found: dict[str, None] = {}
    for each in entries:
        stream = str(each.members["stream"])
        if stream.startswith(_PEOPLE) and each.type in _TOPICS:
            found[stream] = None
        elif stream.startswith(_REGISTER):
            found |= {name: None for name in each.members.get("about", ()) if name.startswith(_PEOPLE)}
    return found
