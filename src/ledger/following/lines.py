"""The rows of folded cases as PostgreSQL takes them: the bytes of a COPY, or what became of them since.

    copied(folded, generations)      every row, where there are none yet
    changed(folded, generations)     the parameters of CHANGE: rows that are no more go, new and other ones are written

Most of the rows of a case stay as they were whatever is recorded of it, and those are only read.  Packed by hand,
because a rebuild writes hundreds of thousands and a follower every row of a case with every fact.  Proven by
tests/following/test_lines.py.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from ledger.following.places import place_of
from ledger.projections.schedule import Projected, Span

COPY: Final = (
    "COPY projections.rows (case_id, worklist, generation, n, unit, rank, since, until, row) FROM STDIN (FORMAT BINARY)"
)
CHANGE: Final = """
    WITH new AS MATERIALIZED (
        SELECT l.*, c.unit
        FROM unnest(%(case_ids)s::text[], %(worklists)s::text[], %(numbers)s::int[], %(places)s::int[],
                %(ranks)s::date[], %(since)s::date[], %(until)s::date[], %(rows)s::bytea[])
            AS l (case_id, worklist, generation, n, rank, since, until, row)
        JOIN unnest(%(names)s::text[], %(units)s::text[]) AS c (case_id, unit) USING (case_id)
    ), old AS MATERIALIZED (
        SELECT * FROM projections.rows WHERE case_id = ANY(%(names)s::text[])
            AND (worklist, generation) IN (SELECT * FROM unnest(%(lists)s::text[], %(generations)s::int[]))
    ), gone AS (
        DELETE FROM projections.rows AS r WHERE r.case_id = ANY(%(names)s::text[])
            AND (r.worklist, r.generation) IN (SELECT * FROM unnest(%(lists)s::text[], %(generations)s::int[]))
            AND (r.case_id, r.worklist, r.generation, r.n) NOT IN (SELECT case_id, worklist, generation, n FROM new)
    )
    INSERT INTO projections.rows (case_id, worklist, generation, n, unit, rank, since, until, row)
    SELECT case_id, worklist, generation, n, unit, rank, since, until, row FROM new
    WHERE NOT EXISTS (
        SELECT FROM old WHERE (old.case_id, old.worklist, old.generation, old.n)
            = (new.case_id, new.worklist, new.generation, new.n)
        AND old.unit IS NOT DISTINCT FROM new.unit
        AND (old.rank, old.since, old.until, old.row) = (new.rank, new.since, new.until, new.row)
    )
    ON CONFLICT (case_id, worklist, generation, n) DO UPDATE SET unit = excluded.unit, rank = excluded.rank,
        since = excluded.since, until = excluded.until, row = excluded.row
"""

_EPOCH: Final = date(2000, 1, 1).toordinal()
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no more of a head
_END: Final = struct.pack(">h", -1)
_COLUMNS: Final = struct.pack(">h", 9)
_NULL: Final = struct.pack(">i", -1)
_int: Final = struct.Struct(">ii").pack
_days: Final = struct.Struct(">iiiiiii").pack  # three days and the length of what follows


class Line(NamedTuple):
    """A row of a case on a worklist, in this generation, at this place among those of the case."""

    case_id: str
    generation: int
    n: int
    span: Span


def lines_of(folded: Mapping[str, Projected], generations: Mapping[str, int]) -> Iterator[Line]:
    """The rows of these cases on the worklists that have a generation; equal ones in one order whoever folded."""
    for case_id, each in folded.items():
        taken: dict[str, set[int]] = {name: set() for name in generations}
        for span in sorted(each.spans, key=_order):
            generation = generations.get(span.worklist)
            if generation is not None:
                yield Line(case_id, generation, place_of(span.row, taken[span.worklist]), span)


def _order(span: Span) -> tuple[date, bytes, date]:
    return span.rank, span.row, span.since


def copied(folded: Mapping[str, Projected], generations: Mapping[str, int]) -> bytes:
    """The bytes of a COPY of every row."""
    cases = {case_id: _COLUMNS + _text(case_id) for case_id in folded}
    units = {case_id: _NULL if each.unit is None else _text(each.unit) for case_id, each in folded.items()}
    lists = {name: _text(name) + _int(4, generation) for name, generation in generations.items()}
    parts = [_SIGNATURE]
    for case_id, _, n, span in lines_of(folded, generations):
        days = _days(4, _day(span.rank), 4, _day(span.since), 4, _day(span.until), len(span.row))
        parts += (cases[case_id], lists[span.worklist], _int(4, n), units[case_id], days, span.row)
    return b"".join((*parts, _END))


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">i", len(data)) + data


def _day(value: date) -> int:
    return value.toordinal() - _EPOCH


def changed(folded: Mapping[str, Projected], generations: Mapping[str, int]) -> dict[str, Any]:
    """The parameters of CHANGE."""
    lines = list(lines_of(folded, generations))
    return {
        "names": list(folded),
        "units": [each.unit for each in folded.values()],
        "lists": list(generations),
        "generations": list(generations.values()),
        "case_ids": _array(each.case_id for each in lines),
        "worklists": _array(each.span.worklist for each in lines),
        "numbers": _array(str(each.generation) for each in lines),
        "places": _array(str(each.n) for each in lines),
        "ranks": _array(each.span.rank.isoformat() for each in lines),
        "since": _array(each.span.since.isoformat() for each in lines),
        "until": _array(each.span.until.isoformat() for each in lines),
        "rows": _array(f'"\\\\x{each.span.row.hex()}"' for each in lines),
    }


def _array(values: Iterable[str]) -> str:
    """Values that need no quotes, or have them."""
    return f"{{{','.join(values)}}}"
