"""Hand-packed binary forms against psycopg's own dumpers and loaders, and against the server's reading of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from ledger.store import binary

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
NUMBER = st.integers(-(2**63), 2**63 - 1)
MOMENT = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))
UUIDS = st.lists(st.uuids(), max_size=5)


def loaded(data: bytes, oid: int) -> Any:
    """What psycopg makes of binary data of this type."""
    return Transformer().get_loader(oid, pq.Format.BINARY).load(data)


def dumped(value: object) -> bytes:
    """What psycopg would have sent."""
    dumper = Transformer().get_dumper(value, PyFormat.BINARY)
    data = dumper.dump(value)
    assert data is not None
    return bytes(data)


@given(st.lists(st.none() | st.binary(max_size=70), max_size=5))
def test_arrays_of_bytes(items: list[bytes | None]) -> None:
    assert loaded(binary.array_of_bytes(items), 1001) == items
    if items and None not in items:
        assert binary.array_of_bytes(items) == dumped(items)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_arrays_of_hashes(items: list[bytes]) -> None:
    assert loaded(binary.array_of_hashes(items), 1001) == items
    assert binary.array_of_hashes(items) == binary.array_of_bytes(items)


@given(st.lists(TEXT, max_size=5))
def test_arrays_of_text(items: list[str]) -> None:
    assert loaded(binary.array_of_text(items), 1009) == items


@given(UUIDS)
def test_arrays_of_uuids(items: list[UUID]) -> None:
    assert loaded(binary.array_of_uuid([each.bytes for each in items]), 2951) == items


@given(st.lists(NUMBER, max_size=5))
def test_arrays_of_numbers(items: list[int]) -> None:
    assert loaded(binary.array_of_int8(items), 1016) == items


@given(st.lists(MOMENT, max_size=5))
def test_arrays_of_moments(items: list[datetime]) -> None:
    packed = binary.array_of_moments([binary.microseconds(each) for each in items])
    assert loaded(packed, 1185) == items


@given(NUMBER)
def test_numbers(value: int) -> None:
    assert binary.read_int8(binary.int8(value)) == value == loaded(binary.int8(value), 20)


@given(MOMENT)
def test_moments_to_the_microsecond(value: datetime) -> None:
    count = binary.microseconds(value)
    assert binary.int8(count) == dumped(value)
    assert binary.moment(count) == value
    assert datetime.fromisoformat(binary.instant(count).decode()) == value


def test_an_instant_as_sealed_has_six_decimals_even_on_the_whole_second() -> None:
    assert (
        binary.instant(binary.microseconds(datetime(2025, 4, 7, 16, 30, tzinfo=UTC))) == b"2025-04-07T16:30:00.000000Z"
    )


def test_a_moment_of_another_zone_is_the_same_instant() -> None:
    value = datetime.fromisoformat("2025-04-07T17:30:12.345678+01:00")
    assert binary.moment(binary.microseconds(value)) == value
    assert binary.moment(binary.microseconds(value)).utcoffset() == timedelta(0)


@pytest.mark.parametrize("pack", [binary.array_of_hashes, binary.array_of_uuid])
def test_an_item_of_another_width_is_refused_not_shifted_into_its_neighbour(pack: Any) -> None:
    width = 32 if pack is binary.array_of_hashes else 16
    for items in ([bytes(width - 1)], [bytes(width - 1), bytes(width + 1)], [bytes(width), b""]):
        with pytest.raises(ValueError, match="bytes long"):
            pack(items)


@settings(max_examples=20)
@given(st.lists(st.tuples(NUMBER, TEXT, st.none() | st.binary(max_size=9)), max_size=4))
def test_the_server_reads_what_was_packed(connection: psycopg.Connection, rows: Sequence[tuple[Any, Any, Any]]) -> None:
    params = [
        binary.array_of_int8([row[0] for row in rows]),
        binary.array_of_text([row[1] for row in rows]),
        binary.array_of_bytes([row[2] for row in rows]),
    ]
    result = connection.pgconn.exec_params(
        b"SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])", params, param_formats=[1, 1, 1], result_format=1
    )
    read = [
        (
            binary.read_int8(result.get_value(row, 0)),
            binary.read_bytes(result.get_value(row, 1)).decode(),
            result.get_value(row, 2),
        )
        for row in range(result.ntuples)
    ]
    assert read == list(rows)


@pytest.fixture(scope="module")
def connection(empty_database: str) -> Any:
    with psycopg.connect(empty_database, autocommit=True) as opened:
        yield opened
