"""The ledger's database as it is read: cases, moments, receipts; and its two doors, reading and sealing.

Reading uses a few connections of its own, so that a long answer never waits behind the sequencer or before it.
Proven by tests/store/test_database.py.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import orjson

from ledger.aggregates.shape import Erased
from ledger.errors import DatabaseUnavailable
from ledger.privacy.sealing import Box
from ledger.store import binary
from ledger.store.appending import Repeated
from ledger.store.erased import erased_by
from ledger.store.joining import Joining, heard
from ledger.store.mapping import Stored
from ledger.store.wire import DatabaseTrouble, Params, Rows, Wire

READERS: Final = 2
_AN_ID: Final = re.compile(r"[0-9a-f]{8}-|[0-9]{4}-")  # a UUID, or the month of a report


def _page(of: LiteralString) -> LiteralString:
    """Rows of a worklist on a day, after a place in the list; no line at all where no table of this version is built.

    One statement, so that position, table and rows are of one moment.  `of` finds the rows in an index alone
    (rows_in_order, rows_of_unit).
    """
    return f"""
        SELECT coalesce((SELECT position FROM projections.followed), 0), k.rank::text, k.case_id, k.n, r.row
        FROM projections.worklists AS w LEFT JOIN LATERAL ({of}) AS k ON true
        LEFT JOIN projections.rows AS r
            ON r.case_id = k.case_id AND r.worklist = w.name AND r.generation = w.generation AND r.n = k.n
        WHERE w.name = convert_from($1::bytea, 'UTF8') AND w.version = $2::bigint
        ORDER BY k.rank, k.case_id, k.n
    """  # noqa: S608 - every way of it is written below


def _in_order(of: LiteralString) -> LiteralString:
    """The first rows of some of a worklist, in the order of the index; those of other days are passed over in it."""
    return f"""
        SELECT rank, case_id, n FROM projections.rows
        WHERE worklist = w.name AND generation = w.generation AND {of}
            AND since <= convert_from($3::bytea, 'UTF8')::date AND until > convert_from($3::bytea, 'UTF8')::date
            AND (rank, case_id, n)
                > (convert_from($4::bytea, 'UTF8')::date, convert_from($5::bytea, 'UTF8'), $6::bigint)
        ORDER BY rank, case_id, n LIMIT $7::bigint
    """  # noqa: S608 - every way of it is written below


_OF_ALL: Final[LiteralString] = f"""
    SELECT k.* FROM unnest($8::bigint[]) AS f (fork), LATERAL ({_in_order("fork = f.fork")}) AS k
    ORDER BY rank, case_id, n LIMIT $7::bigint
"""  # noqa: S608
_OF_UNIT: Final = _in_order("unit = convert_from($8::bytea, 'UTF8')")

# Of a list that is cut down (Only): by what stands in the rows themselves, looked through until the page is full.
_ONLY: Final[LiteralString] = """
    r.worklist = w.name AND r.generation = w.generation AND r.fork = ANY ($2::bigint[])
    AND r.since <= convert_from($1::bytea, 'UTF8')::date AND r.until > convert_from($1::bytea, 'UTF8')::date
    AND ($3::bytea = ''::bytea OR r.unit = convert_from($3::bytea, 'UTF8'))
    AND r.rank BETWEEN convert_from($4::bytea, 'UTF8')::date AND convert_from($5::bytea, 'UTF8')::date
    AND position($6::bytea IN r.row) > 0 AND position($7::bytea IN r.row) > 0
"""

# The newest entry recorded at or before a moment: `recorded` never decreases along the log.
# Ordered so: max(position) would walk back through every entry since.
_KNOWN_AT: Final = """
    coalesce((SELECT position FROM entries WHERE recorded <= $1::timestamptz
              ORDER BY recorded DESC, position DESC LIMIT 1), 0)
"""
# By the small index entries_of_access, whose condition stands here word for word.
_OF_ACCESS: Final = """(position('"type":"offender.access-'::bytea IN entry) > 0
       OR position('"type":"offender.persons-'::bytea IN entry) > 0)"""
_LIMITS: Final = f"""
    coalesce((SELECT position FROM entries WHERE {_OF_ACCESS} ORDER BY position DESC LIMIT 1), 0)
"""  # noqa: S608
_NEWEST: Final = """
    coalesce((SELECT last FROM chains WHERE id = convert_from($1::bytea, 'UTF8')), -1),
    coalesce((SELECT last FROM chains WHERE id = 'ledger'), -1),
    coalesce((SELECT last FROM chains WHERE id = 'policy'), -1)
"""

STATEMENTS: Final[dict[str, LiteralString]] = {
    "head": "SELECT origin, simulated, size, edge, recorded FROM head",
    "begin": """
        INSERT INTO head (origin, simulated, size, edge, recorded)
        VALUES (convert_from($1::bytea, 'UTF8'), $2::boolean, 0, '', $3::timestamptz) ON CONFLICT DO NOTHING
    """,
    # `position + 0`: a case is found by its stream.  By the index on positions PostgreSQL would go through the whole
    # log for each, if nobody has told it yet (ANALYZE) how few facts a stream has: after an import, or a restore.
    "stream": """
        SELECT position, entry FROM entries
        WHERE stream = convert_from($1::bytea, 'UTF8') AND position + 0 <= $2::bigint AND position + 0 > $3::bigint
        ORDER BY version
    """,
    "of_type": """
        SELECT position, entry FROM entries WHERE stream = 'ledger' AND position($1::bytea IN entry) > 0
        ORDER BY version
    """,
    "concerning": """
        SELECT e.position, e.entry FROM about AS a JOIN entries AS e USING (position)
        WHERE a.id = convert_from($1::bytea, 'UTF8') AND a.position <= $2::bigint ORDER BY a.position
    """,
    # A page of what other streams have about an id.
    "about": """
        SELECT e.position, e.entry FROM about AS a JOIN entries AS e USING (position)
        WHERE a.id = convert_from($1::bytea, 'UTF8') AND a.position > $2::bigint ORDER BY a.position LIMIT $3::bigint
    """,
    # Entries of one stream about any of these ids, recorded by a moment, whose values name a position.
    "naming": """
        SELECT DISTINCT e.position, e.entry FROM about AS a JOIN entries AS e USING (position)
        WHERE a.id = ANY($1::text[]) AND e.stream = convert_from($2::bytea, 'UTF8') AND e.recorded <= $3::timestamptz
            AND position(convert_to('"position":' || $4::bigint, 'UTF8') IN e.entry) > 0
        ORDER BY e.position
    """,
    "chain": """
        SELECT position, entry FROM entries
        WHERE stream = convert_from($1::bytea, 'UTF8') AND position + 0 <= $2::bigint AND position + 0 > $3::bigint
        UNION ALL
        SELECT e.position, e.entry FROM about AS a JOIN entries AS e USING (position)
        WHERE a.id = convert_from($1::bytea, 'UTF8') AND a.position <= $2::bigint AND a.position > $3::bigint
        ORDER BY position
    """,
    "several_chains": """
        SELECT n.id, e.position, e.entry FROM unnest($1::text[]) AS n (id), LATERAL (
            SELECT position, entry FROM entries WHERE stream = n.id AND position + 0 <= $2::bigint
            UNION ALL
            SELECT e.position, e.entry FROM about AS a JOIN entries AS e USING (position)
            WHERE $3::boolean AND a.id = n.id AND a.position <= $2::bigint
        ) AS e ORDER BY n.id, e.position
    """,
    # Each fact once, in whichever of these chains it stands; so many at most.
    "held": """
        SELECT e.position, e.leaf, e.entry FROM (
            SELECT position FROM entries WHERE stream = ANY($1::text[]) AND position + 0 < $2::bigint
            UNION
            SELECT position FROM about WHERE id = ANY($1::text[]) AND position < $2::bigint
        ) AS p JOIN entries AS e USING (position) ORDER BY e.position LIMIT $3::bigint
    """,
    "range": """
        SELECT position, leaf, entry FROM entries WHERE position BETWEEN $1::bigint AND $2::bigint ORDER BY position
    """,
    "leaves": "SELECT leaf FROM entries WHERE position BETWEEN $1::bigint AND $2::bigint ORDER BY position",
    "streams": """
        SELECT id FROM chains
        WHERE version > 0 AND id > convert_from($1::bytea, 'UTF8') AND id < convert_from($2::bytea, 'UTF8')
        ORDER BY id LIMIT 5000
    """,
    "as_stored": "SELECT position, entry FROM entries WHERE position = ANY($1::bigint[])",
    "boxes": """
        SELECT position, key_id, nonce, ciphertext FROM sealed_values WHERE position = ANY($1::bigint[])
    """,
    "erased": """
        SELECT k.key_id, e.entry FROM public.erased_keys AS k JOIN public.entries AS e USING (position)
        WHERE k.key_id = ANY($1::uuid[])
    """,
    "known_at": f"SELECT {_KNOWN_AT}",
    "newest": f"SELECT {_NEWEST}, {_LIMITS}, NULL",
    "newest_then": f"SELECT {_NEWEST}, {_LIMITS}, {_KNOWN_AT.replace('$1', '$2')}",
    "newest_rules": """
        SELECT coalesce(max(last) FILTER (WHERE id = 'ledger'), -1),
            coalesce(max(last) FILTER (WHERE id = 'policy'), -1)
        FROM chains WHERE id IN ('ledger', 'policy')
    """,
    "receipt": """
        SELECT key, digest, first, last, size, warnings FROM receipts WHERE key = convert_from($1::bytea, 'UTF8')::uuid
    """,
    "receipts": "SELECT key, digest FROM receipts WHERE key = ANY($1::uuid[])",
    "begun": "SELECT id FROM chains WHERE id = ANY($1::text[])",
    "checkpoint": "SELECT root FROM checkpoints WHERE size = $1::bigint",
    # How far the tables of worklists follow the log: their position, the log's size, and when the oldest fact that is
    # not in them was recorded.
    "followed": """
        SELECT p.position, (SELECT size FROM head), (SELECT recorded FROM entries WHERE position = p.position + 1)
        FROM (SELECT coalesce((SELECT position FROM projections.followed), 0) AS position) AS p
    """,
    "paused": "SELECT case_id, position, reason FROM projections.paused ORDER BY position, case_id",
    "worklist": _page(_OF_ALL),
    "worklist_of_unit": _page(_OF_UNIT),
    "worklist_only": f"""
        SELECT coalesce((SELECT position FROM projections.followed), 0), k.rank::text, k.case_id, k.n, k.row
        FROM projections.worklists AS w LEFT JOIN LATERAL (
            SELECT r.rank, r.case_id, r.n, r.row FROM projections.rows AS r
            WHERE {_ONLY} AND (r.rank, r.case_id, r.n)
                > (convert_from($10::bytea, 'UTF8')::date, convert_from($11::bytea, 'UTF8'), $12::bigint)
            ORDER BY r.rank, r.case_id, r.n LIMIT $13::bigint
        ) AS k ON true
        WHERE w.name = convert_from($8::bytea, 'UTF8') AND w.version = $9::bigint
        ORDER BY k.rank, k.case_id, k.n
    """,  # noqa: S608
    "worklists_counted": f"""
        SELECT w.name, count(r.rank), min(r.rank)::text
        FROM projections.worklists AS w LEFT JOIN projections.rows AS r ON {_ONLY} GROUP BY w.name
    """,  # noqa: S608
    "worklists_by_day": f"""
        SELECT w.name, r.rank::text, count(*)
        FROM projections.worklists AS w JOIN projections.rows AS r ON {_ONLY}
        GROUP BY w.name, r.rank ORDER BY w.name, r.rank
    """,  # noqa: S608
    "newest_timestamp": """
        SELECT entry FROM entries
        WHERE stream = 'ledger' AND position(convert_to('"type":"ledger.timestamp-obtained.v1"', 'UTF8') IN entry) > 0
        ORDER BY version DESC LIMIT 1
    """,
    "newest_note": "SELECT note FROM released ORDER BY size DESC LIMIT 1",
    "note_from": "SELECT size, note FROM released WHERE size >= $1::bigint ORDER BY size LIMIT 1",
    # The facts of these types, in the cases' own streams.  The first `"type":"` of an entry is that of its member.
    "of_types": """
        SELECT n.id, e.position, e.entry FROM unnest($1::text[]) AS n (id), LATERAL (
            SELECT position, entry FROM entries,
                LATERAL (SELECT substr(entry, position('"type":"'::bytea IN entry) + 8, 80) AS told) AS t
            WHERE stream = n.id AND position + 0 <= $2::bigint
                AND convert_from(substr(told, 1, greatest(position('"'::bytea IN told) - 1, 0)), 'UTF8')
                    = ANY($3::text[])
        ) AS e ORDER BY n.id, e.position
    """,
    # What tells who somebody is, and which warnings stand at the name: few of the facts of each of many people.  The
    # first `"type":"` of an entry is that of its member: inside a text a quotation mark has a backslash before it.
    # OFFSET 0: from what is about a person to those entries, and not for each through every entry of the register.
    "telling": """
        SELECT n.id, e.position, e.entry FROM unnest($1::text[]) AS n (id), LATERAL (
            SELECT position, entry FROM entries,
                LATERAL (SELECT substr(entry, position('"type":"'::bytea IN entry) + 8, 48) AS told) AS t
            WHERE stream = n.id AND position + 0 <= $2::bigint AND (
                substr(told, 1, 7) = 'record.'::bytea
                OR substr(told, 1, greatest(position('"'::bytea IN told) - 1, 0)) IN (
                    'offender.recorded.v1'::bytea, 'child.recorded.v1'::bytea, 'offender.details-corrected.v1'::bytea,
                    'offender.risk-assessment-completed.v1'::bytea, 'offender.risk-level-changed.v1'::bytea))
            UNION ALL
            SELECT a.position, e.entry FROM about AS a,
                LATERAL (SELECT stream, entry FROM entries WHERE position = a.position OFFSET 0) AS e
            WHERE a.id = n.id AND a.position <= $2::bigint AND e.stream LIKE 'register-entry-%'
        ) AS e ORDER BY n.id, e.position
    """,
    "fenced": "SELECT key_id FROM fenced_keys",
    "fences": "SELECT count(*) FROM fenced_keys",
    "access_rules": f"""
        SELECT position, entry FROM entries WHERE position > $1::bigint AND {_OF_ACCESS} ORDER BY position
    """,  # noqa: S608
    # Behind the head's lock: whatever is sealed later looks at this, and all that was sealed before can be read.
    "fence": """
        WITH h AS (SELECT size FROM head FOR UPDATE)
        INSERT INTO fenced_keys (key_id) SELECT k.key_id FROM h, unnest($1::uuid[]) AS k (key_id) ON CONFLICT DO NOTHING
    """,
    "keep_note": """
        INSERT INTO released (size, note) VALUES ($1::bigint, convert_from($2::bytea, 'UTF8')) ON CONFLICT DO NOTHING
    """,
}


def _forks(day: date) -> list[int]:
    """The points under which a row that stands on this day can be kept (migrations/0009_pages_of_any_day.sql).

    Days are numbered from 1 January of year 1.  One point for each power of two from the greatest that divides the
    day's number up: the middle of the stretch that the day lies in.
    """
    number = day.toordinal()
    least = (number & -number).bit_length() - 1
    return [(number >> k + 1) << k + 1 | 1 << k for k in range(least, date.max.toordinal().bit_length())]


def _wanted(day: date, only: Only) -> tuple[bytes, ...]:
    """The first seven parameters of a statement with _ONLY."""
    since, until = (each.isoformat().encode() for each in (only.since, only.until))
    return (day.isoformat().encode(), binary.array_of_int8(_forks(day)), only.unit.encode(), since, until, *only.marks)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the log as last committed."""

    origin: str
    simulated: bool
    size: int
    edge: bytes
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Newest:
    """Newest positions, 0 for none: in the chain of a case, and in those of the streams `ledger` and `policy`.

    `limits`: that of the newest fact which limits who may read a case, or ends a limit; `known`: the newest of the log
    that was recorded at or before the moment asked about.
    """

    case: int
    rules: tuple[int, int]
    limits: int = 0
    known: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """How far the tables of worklists follow the log; `waiting` since when the oldest fact not in them is recorded."""

    position: int
    size: int
    waiting: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a worklist: after this row."""

    rank: str = "0001-01-01"
    case_id: str = ""
    n: int = -1


@dataclass(frozen=True, slots=True)
class Only:
    """Which rows of a worklist are wanted: of a unit ("" for all); whose day in the list lies from `since` to `until`;
    that name this person (the id); that say this of a field."""

    unit: str = ""
    since: date = date.min
    until: date = date.max
    person: str = ""
    says: tuple[str, str] | None = None

    @property
    def of_unit(self) -> bool:
        """Whether nothing but a unit is asked for."""
        return self == Only(self.unit)

    @property
    def marks(self) -> tuple[bytes, bytes]:
        """What stands in a wanted row, which is JSON without a space; nothing stands in every row."""
        field, value = self.says or ("", "")
        return f'"{self.person}"'.encode() if self.person else b"", f'"{field}":"{value}"'.encode() if field else b""

    def takes(self, rank: date, row: bytes) -> bool:
        """Whether a row is one of them; the unit is its case's."""
        return self.since <= rank <= self.until and all(each in row for each in self.marks)


EVERY: Final = Only()


class Database:
    """Reading.  Every method raises DatabaseUnavailable when PostgreSQL does not answer."""

    def __init__(
        self,
        connect: Callable[[Mapping[str, LiteralString]], Awaitable[Wire]],
        statements: Mapping[str, LiteralString] = STATEMENTS,
    ) -> None:
        self.connect = connect
        self._statements = statements
        self._wires: list[Wire | None] = [None] * READERS
        self._locks = [asyncio.Lock() for _ in range(READERS)]
        self._turn = itertools.cycle(range(READERS))
        self._newest_asked: dict[tuple[str, datetime | None], asyncio.Task[Newest]] = {}
        self._boxes = Joining(self._boxes_of)

    async def head(self) -> Head | None:
        """None where the ledger was never opened."""
        rows = await self._ask(b"head")
        if not rows:
            return None
        origin, simulated, size, edge, recorded = (binary.read_bytes(value) for value in rows[0])
        moment = binary.moment(binary.read_int8(recorded))
        return Head(origin.decode(), simulated == b"\x01", binary.read_int8(size), edge, moment)

    async def begin(self, origin: str, simulated: bool) -> None:
        """Give a log that was never opened its name, unless another process has just done so."""
        await self._ask(b"begin", origin.encode(), bytes([simulated]), binary.int8(0))

    async def stream(self, name: str, upto: int = binary.LARGEST, after: int = 0) -> list[Stored]:
        """The entries of one stream at positions after < p <= upto, in order."""
        return _stored(await self._ask(b"stream", name.encode(), binary.int8(upto), binary.int8(after)))

    async def of_the_log(self, topic: str) -> list[Stored]:
        """What a log says of itself in facts of one type, in order; closings make its stream `ledger` long."""
        found = _stored(await self._ask(b"of_type", f'"type":"{topic}"'.encode()))
        return [each for each in found if each.type == topic]

    async def chain(self, name: str, upto: int = binary.LARGEST, after: int = 0) -> list[Stored]:
        """A case: the entries of its stream and those of others about it at positions after < p <= upto, in order."""
        return _stored(await self._ask(b"chain", name.encode(), binary.int8(upto), binary.int8(after)))

    async def chains(self, names: Sequence[str], upto: int, *, foreign: bool = True) -> dict[str, list[Stored]]:
        """Several cases at once, each as `chain` gives it; without `foreign` the facts of their own streams only."""
        found: dict[str, list[Stored]] = {name: [] for name in names}
        asked = (binary.array_of_text(names), binary.int8(upto), b"\x01" if foreign else b"\x00")
        for row in await self._ask(b"several_chains", *asked) if names else ():
            stored = Stored.of(binary.read_int8(row[1]), binary.read_bytes(row[2]))
            found[binary.read_bytes(row[0]).decode()].append(stored)
        return found

    async def of_types(self, names: Sequence[str], upto: int, types: Collection[str]) -> dict[str, list[Stored]]:
        """Several cases at once, of each the facts of these types in its own stream, up to a position, in order."""
        found: dict[str, list[Stored]] = {name: [] for name in names}
        asked = (binary.array_of_text(names), binary.int8(upto), binary.array_of_text(sorted(types)))
        for row in await self._ask(b"of_types", *asked) if names else ():
            stored = Stored.of(binary.read_int8(row[1]), binary.read_bytes(row[2]))
            found[binary.read_bytes(row[0]).decode()].append(stored)
        return found

    async def concerning(self, name: str, upto: int = binary.LARGEST) -> list[Stored]:
        """Entries of other streams that are about this id, in order."""
        return _stored(await self._ask(b"concerning", name.encode(), binary.int8(upto)))

    async def about(self, name: str, after: int, most: int) -> list[Stored]:
        """The first so many entries of other streams that are about this id, after a position, in order."""
        return _stored(await self._ask(b"about", name.encode(), binary.int8(after), binary.int8(most)))

    async def naming(self, stream: str, about: Sequence[str], until: datetime, position: int) -> list[Stored]:
        """Entries of a stream about any of these ids, recorded by a moment, one of whose numbers `position` begins as
        this one does; in order."""
        params = binary.array_of_text(about), stream.encode(), binary.int8(binary.microseconds(until))
        return _stored(await self._ask(b"naming", *params, binary.int8(position)))

    async def entries(self, first: int, last: int) -> list[tuple[int, bytes, bytes]]:
        """(position, leaf hash, entry) as stored, at these positions, both included."""
        rows = await self._ask(b"range", binary.int8(first), binary.int8(last))
        return [(binary.read_int8(row[0]), binary.read_bytes(row[1]), binary.read_bytes(row[2])) for row in rows]

    async def held(self, names: Sequence[str], before: int, most: int) -> list[tuple[int, bytes, bytes]]:
        """(position, leaf hash, entry) as stored of all that these chains held before a position, each once, in order;
        the first so many."""
        asked = binary.array_of_text(names), binary.int8(before), binary.int8(most)
        rows = await self._ask(b"held", *asked)
        return [(binary.read_int8(row[0]), binary.read_bytes(row[1]), binary.read_bytes(row[2])) for row in rows]

    async def leaves(self, first: int, last: int) -> list[bytes]:
        """The stored leaf hashes at these positions, both included."""
        return [binary.read_bytes(row[0]) for row in await self._ask(b"leaves", binary.int8(first), binary.int8(last))]

    async def streams(self, noun: str) -> list[str]:
        """The names of all streams of one noun; those of a longer one that begins with it are not among them."""
        names: list[str] = []
        after = f"{noun}-"
        while rows := await self._ask(b"streams", after.encode(), f"{noun}.".encode()):
            found = [binary.read_bytes(row[0]).decode() for row in rows]
            names += [each for each in found if _AN_ID.match(each, len(noun) + 1)]
            after = found[-1]
        return names

    async def as_stored(self, positions: Sequence[int]) -> dict[int, bytes]:
        """The bytes of these entries, as they were hashed."""
        rows = await self._ask(b"as_stored", binary.array_of_int8(positions)) if positions else ()
        return {binary.read_int8(position): binary.read_bytes(entry) for position, entry in rows}

    async def boxes(self, positions: Sequence[int]) -> dict[int, list[Box]]:
        """The ciphertexts beside these entries."""
        return await self._boxes.of(positions)

    async def _boxes_of(self, positions: Sequence[int]) -> dict[int, list[Box]]:
        found: dict[int, list[Box]] = {}
        for row in await self._ask(b"boxes", binary.array_of_int8(positions)):
            key_id, nonce, data = (binary.read_bytes(value) for value in row[1:])
            found.setdefault(binary.read_int8(row[0]), []).append(Box(key_id, nonce, data))
        return found

    async def erased(self, keys: Sequence[bytes]) -> dict[bytes, Erased]:
        """How the values under those of these keys (16-byte ids) read of which a fact says that they were destroyed."""
        rows = await self._ask(b"erased", binary.array_of_uuid(keys)) if keys else []
        told = ((binary.read_bytes(row[0]), binary.read_bytes(row[1])) for row in rows)
        return {key: erased for key, entry in told if (erased := erased_by(entry, key)) is not None}

    async def known_at(self, moment: datetime) -> int:
        """The newest position recorded at or before this instant; 0 for none."""
        return binary.read_int8((await self._ask(b"known_at", binary.int8(binary.microseconds(moment))))[0][0])

    async def newest_rules(self) -> tuple[int, int]:
        """Newest positions in the chains of the streams `ledger` and `policy`; 0 for none."""
        ledger, policy = (await self._ask(b"newest_rules"))[0]
        return binary.read_int8(ledger) + 1, binary.read_int8(policy) + 1

    async def newest(self, name: str, moment: datetime | None = None) -> Newest:
        """How new a case is, and the rules it is judged by; and what was known at a moment, if one is given.

        Whoever asks this of the same case in the same turn of the loop, as the parts of one page do, shares the answer:
        it goes out when that turn ends, so nobody's is older than their question.
        """
        asked = self._newest_asked.get((name, moment))
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = self._newest_asked[name, moment] = loop.create_task(self._newest(name, moment))
            asked.add_done_callback(heard)
            loop.call_soon(self._newest_asked.pop, (name, moment), None)
        return await asyncio.shield(asked)

    async def _newest(self, name: str, moment: datetime | None) -> Newest:
        if moment is None:
            [row] = await self._ask(b"newest", name.encode())
        else:
            [row] = await self._ask(b"newest_then", name.encode(), binary.int8(binary.microseconds(moment)))
        case, ledger, policy = (binary.read_int8(value) + 1 for value in row[:3])
        known = None if row[4] is None else binary.read_int8(row[4])
        return Newest(case, (ledger, policy), binary.read_int8(row[3]), known)

    async def followed(self) -> Followed:
        """How far the tables of worklists follow the log."""
        position, size, waiting = (await self._ask(b"followed"))[0]
        moment = binary.moment(binary.read_int8(waiting)) if waiting is not None else None
        return Followed(binary.read_int8(position), binary.read_int8(size), moment)

    async def paused(self) -> list[tuple[str, int, str]]:
        """(case, position, reason) of each case that cannot be folded: its rows stand as before that position."""
        return [
            (binary.read_bytes(row[0]).decode(), binary.read_int8(row[1]), binary.read_bytes(row[2]).decode())
            for row in await self._ask(b"paused")
        ]

    async def worklists_counted(self, day: date, only: Only) -> dict[str, tuple[int, date | None]]:
        """Of each worklist that is built: how many rows stand on a day, of those wanted, and since when the oldest."""
        return {
            binary.read_bytes(name).decode(): (
                binary.read_int8(count),
                None if oldest is None else date.fromisoformat(binary.read_bytes(oldest).decode()),
            )
            for name, count, oldest in await self._ask(b"worklists_counted", *_wanted(day, only))
        }

    async def worklists_by_day(self, day: date, only: Only) -> list[tuple[str, date, int]]:
        """(worklist, day in the list, how many rows) of those wanted that stand on a day."""
        return [
            (
                binary.read_bytes(name).decode(),
                date.fromisoformat(binary.read_bytes(rank).decode()),
                binary.read_int8(count),
            )
            for name, rank, count in await self._ask(b"worklists_by_day", *_wanted(day, only))
        ]

    async def worklist(
        self, name: str, version: int, day: date, only: Only, after: Place, most: int
    ) -> tuple[int, list[tuple[Place, bytes]]] | None:
        """(position, rows of a worklist on a day, in order); None where no table of this version of it is built."""
        of = (name.encode(), binary.int8(version))
        page = (after.rank.encode(), after.case_id.encode(), binary.int8(after.n), binary.int8(most))
        asked = (*of, day.isoformat().encode(), *page)
        if not only.of_unit:
            rows = await self._ask(b"worklist_only", *_wanted(day, only), *of, *page)
        elif only.unit:
            rows = await self._ask(b"worklist_of_unit", *asked, only.unit.encode())
        else:
            rows = await self._ask(b"worklist", *asked, binary.array_of_int8(_forks(day)))
        found: list[tuple[Place, bytes]] = []
        for row in rows:
            if row[1] is not None:  # else no row stands on that day
                rank, case_id, n, data = (binary.read_bytes(value) for value in row[1:])
                found.append((Place(rank.decode(), case_id.decode(), int.from_bytes(n)), data))
        return (binary.read_int8(rows[0][0]), found) if rows else None

    async def receipt(self, key: UUID) -> tuple[bytes, Repeated] | None:
        """(digest of the command, where its receipt lies) under an idempotency key."""
        rows = await self._ask(b"receipt", str(key).encode())
        if not rows:
            return None
        _, digest, first, last, size, warnings = rows[0]
        where = Repeated(binary.read_int8(first), binary.read_int8(last), binary.read_int8(size), warnings)
        return binary.read_bytes(digest), where

    async def digests(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The digests of the commands that were recorded under these idempotency keys (16 bytes each), by key."""
        rows = await self._ask(b"receipts", binary.array_of_uuid(keys)) if keys else []
        return {binary.read_bytes(key): binary.read_bytes(digest) for key, digest in rows}

    async def fact_under(self, key: UUID) -> str | None:
        """The id of the first fact that was recorded under an idempotency key; None if there is none."""
        found = await self.receipt(key)
        entries = await self.entries(found[1].first, found[1].first) if found else []
        return str(orjson.loads(entries[0][2])["id"]) if entries else None

    async def telling(self, names: Sequence[str], upto: int) -> dict[str, list[Stored]]:
        """Of these persons and children the entries that tell who they are and which warnings stand at their names."""
        found: dict[str, list[Stored]] = {name: [] for name in names}
        for row in await self._ask(b"telling", binary.array_of_text(names), binary.int8(upto)) if names else ():
            stored = Stored.of(binary.read_int8(row[1]), binary.read_bytes(row[2]))
            found[binary.read_bytes(row[0]).decode()].append(stored)
        return found

    async def fences(self) -> int:
        """Under how many keys nothing more is sealed, because their erasure has begun."""
        return binary.read_int8((await self._ask(b"fences"))[0][0])

    async def fenced(self) -> list[bytes]:
        """Those keys: ids of 16 bytes."""
        return [binary.read_bytes(row[0]) for row in await self._ask(b"fenced")]

    async def access_rules(self, after: int) -> list[Stored]:
        """The entries after a position that limit who may read a case, or end such a limit, or that say which records
        are of one person, in order."""
        return _stored(await self._ask(b"access_rules", binary.int8(after)))

    async def begun(self, names: Sequence[str]) -> set[str]:
        """Those of these ids that any entry concerns."""
        rows = await self._ask(b"begun", binary.array_of_text(names)) if names else []
        return {binary.read_bytes(row[0]).decode() for row in rows}

    async def root_at(self, size: int) -> bytes | None:
        """The root kept for a checkpoint of this size, if there was one."""
        rows = await self._ask(b"checkpoint", binary.int8(size))
        return rows[0][0] if rows else None

    async def note_from(self, size: int) -> tuple[int, str] | None:
        """The smallest checkpoint of at least this size whose released note is kept, and that note."""
        rows = await self._ask(b"note_from", binary.int8(size))
        return (binary.read_int8(rows[0][0]), binary.read_bytes(rows[0][1]).decode()) if rows else None

    async def newest_timestamp(self) -> dict[str, Any] | None:
        """Of which checkpoint (`size`) somebody else confirmed last that he saw it, and when (`stamped_at`)."""
        rows = await self._ask(b"newest_timestamp")
        if not rows:
            return None
        values = orjson.loads(binary.read_bytes(rows[0][0]))["values"]
        return {name: values[name] for name in ("size", "stamped_at")}

    async def newest_note(self) -> str | None:
        """The released note of the largest size that is kept in the database."""
        rows = await self._ask(b"newest_note")
        return binary.read_bytes(rows[0][0]).decode() if rows else None

    async def fence(self, keys: Sequence[bytes]) -> None:
        """From now on nothing is sealed under these keys (16-byte ids), by any process."""
        await self._ask(b"fence", binary.array_of_uuid(keys))

    async def keep_note(self, size: int, note: str) -> None:
        """Keep a released signed note for ever."""
        await self._ask(b"keep_note", binary.int8(size), note.encode())

    def close(self) -> None:
        for wire in self._wires:
            if wire:
                wire.close()

    async def _ask(self, name: bytes, *params: bytes) -> Rows:
        return await self._on_some_wire(name, params)

    async def _on_some_wire(self, name: bytes, params: Params) -> Rows:
        for attempt in (1, 2):
            try:
                return await (await self._wire()).ask(name, params)
            except (DatabaseTrouble, OSError) as problem:
                state = getattr(problem, "state", "08006")
                if attempt == 2 or not state.startswith("08"):
                    raise DatabaseUnavailable(
                        "The ledger's database does not answer. Try again in a moment."
                    ) from problem
        raise AssertionError("unreachable")

    async def _wire(self) -> Wire:
        turn = next(self._turn)
        async with self._locks[turn]:
            wire = self._wires[turn]
            if wire is None or wire.closed:
                wire = self._wires[turn] = await self.connect(self._statements)
            return wire


def _stored(rows: Rows) -> list[Stored]:
    return [Stored.of(binary.read_int8(row[0]), binary.read_bytes(row[1])) for row in rows]
