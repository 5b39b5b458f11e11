"""What is written of a case is what its fold says, whatever stood there before; what stays is not written again."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from tests.conftest import Clusters
from tests.following.world import Home, opened

from ledger.following.lines import lines_of
from ledger.projections.schedule import FOR_EVER, Projected, Span

pytestmark = pytest.mark.usefixtures("ledger_template", "vault_template")
CASES = [f"offender-{n:08}-0000-4000-8000-000000000000" for n in range(4)]
LIVE = {"letters": 901, "breach": 902}
TEXTS = ['{"a":"é, {\\"} \\\\x00 \'"}', "{}", '{"note":"NULL"}', '{"n":1}', '{"n":2}', "Ω"]
ROWS = """
    SELECT case_id, worklist, generation, n, unit, rank, since, until, row, ctid::text
    FROM projections.rows WHERE generation > 900 ORDER BY 1, 2, 3, 4
"""


@pytest.fixture(scope="module")
def home(clusters: Clusters) -> Generator[Home]:
    with opened(clusters) as home:
        yield home


def some(rng: Random) -> Projected:
    """A case with some rows, equal ones and unknown lists among them."""
    day = date(2025, 1, 1)
    spans = [
        Span(
            rng.choice(["letters", "breach", "not-read-here"]),
            rng.choice(TEXTS).encode(),
            rng.choice([date.min, day]),
            day + timedelta(days=rng.randrange(9)),
            rng.choice([FOR_EVER, day + timedelta(days=20)]),
        )
        for _ in range(rng.randrange(8))
    ]
    return Projected(rng.choice([None, "north", 'O"Neil, {x}']), tuple(spans), {})


def write(home: Home, found: Mapping[str, Projected], *, fresh: bool = False) -> None:
    async def written() -> None:
        tables = await home.ledger._tables()
        try:
            async with tables.connection.transaction():
                await tables.replace(found, LIVE, 1, fresh=fresh)
        finally:
            await tables.close()

    home.run(written())


def there(home: Home) -> dict[tuple[Any, ...], Any]:
    with psycopg.connect(home.conninfo, autocommit=True) as connection:
        found = connection.execute(ROWS.encode()).fetchall()
    return {tuple(each[:-1]): each[-1] for each in found}


def said(found: Mapping[str, Projected]) -> set[tuple[Any, ...]]:
    return {
        (case, span.worklist, generation, n, found[case].unit, span.rank, span.since, span.until, span.row)
        for case, generation, n, span in lines_of(found, LIVE)
    }


@pytest.mark.parametrize("seed", range(12))
def test_the_rows_are_those_of_the_fold_whatever_stood_there(home: Home, seed: int) -> None:
    rng = Random(seed)
    write(home, {case: Projected(None, (), {}) for case in CASES})
    stands = {case: some(rng) for case in CASES}
    write(home, stands, fresh=True)
    assert there(home).keys() == said(stands)
    for _ in range(6):
        now = {case: some(rng) for case in CASES if rng.random() < 0.6}
        stands |= now
        write(home, now)
        assert there(home).keys() == said(stands)


def test_a_row_that_stays_is_not_written_again(home: Home) -> None:
    rng = Random(5)
    write(home, {case: Projected(None, (), {}) for case in CASES})
    one = replace(some(rng), spans=tuple(Span("letters", b"%d" % n, date.min, date.min, FOR_EVER) for n in range(9)))
    write(home, {CASES[0]: one})
    before = there(home)
    write(home, {CASES[0]: replace(one, spans=one.spans[1:])})
    after = there(home)
    assert len(after) == 8
    assert after.items() <= before.items()  # where they lay


def test_a_case_with_nothing_to_show_leaves_nothing(home: Home) -> None:
    write(home, {CASES[0]: some(Random(1)), CASES[1]: some(Random(2))})
    write(home, {case: Projected(None, (), {}) for case in CASES})
    assert there(home) == {}
