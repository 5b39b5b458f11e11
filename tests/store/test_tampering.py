"""One changed bit in any column of the log, one row deleted, one pair swapped: found, and the place is named."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import new_door
from tests.store.ledgers import TABLES
from tests.store.spoiling import Copy

from ledger.errors import VaultUnavailable
from ledger.privacy.sealing import Box, DataKey, open_box, seal
from ledger.store.mapping import Stored
from ledger.store.unsealing import VALUE_CODES, Unsealing
from ledger.transparency.verify import Finding

# What a finding must name for a spoiled row of a table: a position (or size, which is one) or an id.
PLACE = {
    "head": "size",
    "entries": "position",
    "about": "position",
    "chains": "id",
    "sealed_values": "position",
    "receipts": "first",
    "checkpoints": "size",
    "released": "size",
    "closings": "position",
}
COLUMNS = {
    "head": ("origin", "simulated", "size", "edge", "recorded"),
    "entries": ("position", "stream", "version", "recorded", "leaf", "entry"),
    "about": ("id", "position"),
    "chains": ("id", "version", "leaf", "n", "chain", "last"),
    "sealed_values": ("position", "key_id", "nonce", "ciphertext"),
    "receipts": ("key", "first", "last", "size", "recorded"),
    "checkpoints": ("size", "root", "recorded"),
    "released": ("size", "note"),
    "closings": ("position", "heads", "root"),
}
# Nothing sealed repeats them (verifying.py says what follows); `one` is the head's only possible key.
SAID_NOWHERE_ELSE = {("receipts", "digest"), ("receipts", "warnings"), ("head", "one")}
# How one bit, digit or letter of a value of a type is changed.
CHANGED = {
    "bigint": "{0} # 4096",
    "boolean": "NOT {0}",
    "bytea": "set_byte({0}, length({0}) / 2, get_byte({0}, length({0}) / 2) # 1)",
    "text": "overlay({0} PLACING chr(ascii(substr({0}, 3, 1)) # 1) FROM 3 FOR 1)",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
    "uuid": "overlay({0}::text PLACING translate(substr({0}::text, 3, 1), '0123456789abcdef', '1032547698badcfe')"
    " FROM 3 FOR 1)::uuid",
}


def all_columns(copy: Copy) -> dict[tuple[str, str], str]:
    """(table, column) of the log, and its type."""
    rows = copy.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    )
    return {(str(table), str(column)): str(kind) for table, column, kind in rows if table in TABLES}


def findings(copy: Copy) -> list[Finding]:
    return list(copy.verify(values=copy.unsealing()).findings)


def a_row(copy: Copy, table: str) -> tuple[str, object]:
    """Where the middle one of a table is, and the place that a finding about it must name."""
    rows = copy.rows(f"SELECT ctid::text, {PLACE[table]} FROM {table} ORDER BY 2, 1")
    where, place = rows[len(rows) // 2]
    return f"ctid = '{where}'", place


def named(found: list[Finding], place: object) -> bool:
    return any(place in (each.position, each.stream) for each in found)


def test_every_column_of_the_log_is_spoiled_below_or_has_a_reason(copy: Copy):
    below = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    assert below | SAID_NOWHERE_ELSE == set(all_columns(copy))
    assert set(PLACE) == set(TABLES)


def test_with_every_value_opened_an_untouched_ledger_holds(copy: Copy):
    unsealing = copy.unsealing()
    assert copy.verify(values=unsealing).findings == ()
    assert unsealing.held > len(copy.sound.keys) > 0


@pytest.mark.parametrize("table, column", [(table, column) for table, columns in COLUMNS.items() for column in columns])
def test_one_changed_bit_is_found_and_its_place_is_named(copy: Copy, table: str, column: str):
    where, place = a_row(copy, table)
    change = CHANGED[all_columns(copy)[table, column]].format(column)
    before = copy.rows(f"SELECT {column} FROM {table} WHERE {where}")
    copy.spoil(f"UPDATE {table} SET {column} = {change} WHERE {where}")
    assert len(before) == 1
    assert before[0] not in copy.rows(f"SELECT {column} FROM {table} WHERE {PLACE[table]}::text = '{place}'")
    found = findings(copy)
    # Who moved the place itself finds it where it was, or where it is now.
    moved = int(str(place)) ^ 4096 if column == PLACE[table] and column != "id" else place
    assert named(found, place) or named(found, moved), found


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"released", "checkpoints"}))
def test_a_deleted_row_is_found_and_its_place_is_named(copy: Copy, table: str):
    where, place = a_row(copy, table)
    copy.spoil(f"DELETE FROM {table} WHERE {where}")
    found = findings(copy)
    # Where an entry is gone, it is the one after it that has no predecessor; of a head that is gone nothing is left.
    expected = {"entries": int(str(place)) + 1 if table == "entries" else 0, "head": 0}.get(table, place)
    assert named(found, expected), found


def test_a_deleted_checkpoint_is_found_by_the_receipt_that_was_given_with_it(copy: Copy):
    [(first, size)] = copy.rows("SELECT first, size FROM receipts ORDER BY first LIMIT 1")
    copy.spoil(f"DELETE FROM checkpoints WHERE size = {size}")
    assert named(findings(copy), first)


@pytest.mark.parametrize(
    "table, column",
    [
        ("entries", "entry"),
        ("entries", "leaf"),
        ("entries", "recorded"),
        ("chains", "chain"),
        ("sealed_values", "ciphertext"),
        ("sealed_values", "nonce"),
        ("receipts", "first"),
        ("checkpoints", "root"),
    ],
)
def test_a_swapped_pair_is_found_and_the_first_of_the_two_is_named(copy: Copy, table: str, column: str):
    key = PLACE[table]
    (one, place), (other, _) = copy.rows(f"SELECT ctid::text, {key} FROM {table} ORDER BY {key}, ctid LIMIT 2")
    copy.spoil(
        f"CREATE TEMPORARY TABLE pair AS SELECT ctid AS at, {column} AS had FROM {table} "
        f"WHERE ctid IN ('{one}', '{other}')",
        f"UPDATE {table} AS t SET {column} = p.had FROM pair AS p "
        f"WHERE t.ctid IN ('{one}', '{other}') AND t.ctid <> p.at",
    )
    found = findings(copy)
    assert named(found, place), found


# ---------------------------------------------------------------------------------------- sealed values


def a_sealed_key(copy: Copy) -> tuple[int, UUID]:
    [(position, key_id)] = copy.rows("SELECT position, key_id FROM sealed_values ORDER BY 1, 2 LIMIT 1")
    assert isinstance(position, int)
    assert isinstance(key_id, UUID)
    return position, key_id


def test_an_altered_ciphertext_is_found_only_where_values_are_opened(copy: Copy):
    position, _ = a_sealed_key(copy)
    copy.spoil(
        f"UPDATE sealed_values SET ciphertext = {CHANGED['bytea'].format('ciphertext')} WHERE position = {position}"
    )
    assert copy.verify().ok
    assert {(each.code, each.position) for each in findings(copy)} == {("value-unreadable", position)}


def test_a_value_whose_key_is_missing_is_named_with_its_key(copy: Copy):
    position, key_id = a_sealed_key(copy)
    keys = {known: key for known, key in copy.sound.keys.items() if known != key_id.bytes}
    report = copy.verify(values=Unsealing(lambda ids: {each: keys[each] for each in ids if each in keys}))
    assert {each.code for each in report.findings} == {"value-key-missing"}
    first = report.findings[0]
    assert first.position == position
    assert str(key_id) in first.message
    assert "surname" in first.message
    assert "Featherstonehaugh" not in str(report.findings)


def test_a_value_sealed_anew_under_the_right_key_is_not_the_one_committed_to(copy: Copy):
    position, key_id = a_sealed_key(copy)
    key = copy.sound.keys[key_id.bytes]
    [(entry, nonce, data)] = copy.rows(
        f"SELECT entry, nonce, ciphertext FROM entries JOIN sealed_values USING (position) "
        f"WHERE position = {position} AND key_id = '{key_id}'"
    )
    fact = str(Stored.of(position, entry).members["id"])  # type: ignore[arg-type]
    values = open_box(copy.sound.origin, fact, key, Box(key_id.bytes, nonce, data))  # type: ignore[arg-type]
    _, forged = seal(copy.sound.origin, fact, key, values | {"surname": "Somebody"})
    copy.spoil(
        f"UPDATE sealed_values SET nonce = '\\x{forged.nonce.hex()}', ciphertext = '\\x{forged.data.hex()}' "
        f"WHERE position = {position} AND key_id = '{key_id}'"
    )
    (found,) = findings(copy)
    assert (found.code, found.position) == ("value-differs", position)
    assert "surname" in found.message
    assert "forenames" not in found.message


def test_a_key_that_was_altered_in_the_vault_is_named_and_the_other_values_are_still_opened(
    clusters: Clusters, ledger_template: str, vault_template: str
):
    with new_door(clusters.ledger, clusters.vault) as door:
        first, _ = door.new_case(), door.new_case()
        [stored] = door.run(door.ledger.store.database.stream(f"offender-{first.id}"))[:1]
        [key_id] = {key_id for _, key_id in stored.sealed.values()}
        vault = door.ledger.store.vault
        with psycopg.connect(door.places[1].owner()) as connection:
            changed = CHANGED["bytea"].format("wrapped")
            connection.execute(f"UPDATE keys SET wrapped = {changed} WHERE key_id = '{key_id}'".encode())
        vault.forget()

        async def verified() -> tuple[int, list[Finding]]:
            loop = asyncio.get_running_loop()
            unsealing = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
            report = await asyncio.to_thread(door.verify, unsealing)
            return unsealing.held, list(report.findings)

        held, found = door.run(verified())
        assert held > 0
        assert {(each.code, each.stream) for each in found} == {("value-unreadable", f"offender-{first.id}")}
        assert all(key_id in each.message for each in found)


def test_a_vault_that_gives_no_key_at_all_is_said_and_is_no_finding(copy: Copy):
    def keys(ids: object) -> dict[bytes, DataKey]:
        raise VaultUnavailable("The vault does not answer.")

    with pytest.raises(VaultUnavailable, match="No sealed value can be read"):
        copy.verify(values=Unsealing(keys))


def test_a_ciphertext_more_than_there_should_be_is_found(copy: Copy):
    another = UUID(bytes=os.urandom(16), version=4)
    position, _ = a_sealed_key(copy)
    for at in (position, 5000):
        copy.spoil(f"INSERT INTO sealed_values VALUES ({at}, '{another}', '\\x{bytes(12).hex()}', '\\x00')")
    found = findings(copy)
    assert {position, 5000} <= {each.position for each in found}
    assert {each.code for each in found} <= {"row-differs", *VALUE_CODES}


def test_a_demonstration_that_says_it_is_real_is_found(copy: Copy):
    copy.spoil("UPDATE head SET simulated = NOT simulated")
    (found,) = copy.verify().findings
    assert "clock" in found.message
    renamed = replace(copy, sound=replace(copy.sound, origin=f"{copy.sound.origin}/demonstration"))
    assert any("another name" in each.message for each in renamed.verify().findings)
