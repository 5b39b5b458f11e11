"""`ledger verify` over a database that a superuser has been in: every change is found, and its place is named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.conftest import Clusters
from tests.doors import new_door
from tests.store.spoiling import FACTS, Copy

from ledger.store.verifying import verify_database
from ledger.transparency.chain import CHAIN_START, next_link
from ledger.transparency.tree import RightEdge, leaf_hash
from ledger.transparency.verify import Report


def test_an_untouched_ledger_holds_whole(copy: Copy):
    report = copy.verify()
    assert report.ok, report.summary()
    assert (report.size, report.streams, report.signatures > 0) == (FACTS, 2, True)


def test_progress_is_told_entry_by_entry(copy: Copy):
    heard: list[tuple[int, int]] = []
    conninfo = copy.cluster.conninfo(copy.cluster.app_role, copy.database)
    verify_database(conninfo, copy.sound.origin, [copy.sound.verifier], None, lambda *both: heard.append(both))
    assert heard[-1] == (FACTS, FACTS)


# ---------------------------------------------------------------------------------------- entries


@pytest.mark.parametrize("position", [1, 5, FACTS])
def test_one_changed_byte_of_an_entry_is_found_where_it_is(copy: Copy, position: int):
    copy.spoil(f"UPDATE entries SET entry = set_byte(entry, 40, get_byte(entry, 40) # 1) WHERE position = {position}")
    assert ("leaf-differs", position) in copy.found()
    assert copy.found()[0][1] == position


def test_a_changed_byte_with_the_leaf_made_to_fit_is_found_by_what_was_kept_of_it(copy: Copy):
    [(entry,)] = copy.rows("SELECT entry FROM entries WHERE position = 5")
    assert isinstance(entry, bytes)
    changed = entry.replace(b'"kind":"FTA"', b'"kind":"FTC"')
    assert changed != entry
    copy.spoil(
        f"UPDATE entries SET entry = '\\x{changed.hex()}', leaf = '\\x{leaf_hash(changed).hex()}' WHERE position = 5"
    )
    found = copy.found()
    assert found[0] == ("checkpoint-differs", 5)
    assert ("previous-differs", 6) in found


def test_a_deleted_row_is_found_where_it_was(copy: Copy):
    copy.spoil("DELETE FROM entries WHERE position = 4")
    assert copy.found()[0] == ("position-missing", 5)


def test_two_swapped_entries_are_found(copy: Copy):
    copy.spoil(
        "CREATE TEMPORARY TABLE two AS SELECT * FROM entries WHERE position IN (5, 6)",
        "UPDATE entries AS e SET entry = t.entry, leaf = t.leaf FROM two AS t WHERE e.position = 11 - t.position",
    )
    assert {("row-differs", 5), ("row-differs", 6)} <= set(copy.found())
    assert copy.found()[0][1] == 5


def test_two_rows_that_changed_places_whole_are_found(copy: Copy):
    copy.spoil(
        "UPDATE entries SET position = 100 WHERE position = 5",
        "UPDATE entries SET position = 5 WHERE position = 6",
        "UPDATE entries SET position = 6 WHERE position = 100",
    )
    assert copy.found()[0] == ("version-differs", 5)


@pytest.mark.parametrize(
    "value",
    [
        "recorded - interval '1 microsecond'",
        "recorded + interval '1 day'",
        "'infinity'",
        "'-infinity'",
        "'2025-01-01 BC'",
        "'294000-01-01'",
    ],
)
def test_a_recorded_time_beside_the_entry_that_says_something_else_is_found(copy: Copy, value: str):
    copy.spoil(f"UPDATE entries SET recorded = {value} WHERE position = 6")
    assert copy.found() == [("row-differs", 6)]


@pytest.mark.parametrize("column", ["stream = 'offender-another'", "version = 77"])
def test_a_stream_or_version_beside_the_entry_that_says_something_else_is_found(copy: Copy, column: str):
    copy.spoil(f"UPDATE entries SET {column} WHERE position = 6")
    assert copy.found() == [("row-differs", 6)]


def test_an_entry_that_is_no_entry_any_more_is_found_and_ends_nothing(copy: Copy):
    copy.spoil("UPDATE entries SET entry = '\\xff00' WHERE position = 6")
    assert {("leaf-differs", 6), ("entry-malformed", 6)} <= set(copy.found())


# ---------------------------------------------------------------------------------------- what is kept beside them


def test_a_changed_root_of_a_checkpoint_is_found(copy: Copy):
    copy.spoil("UPDATE checkpoints SET root = sha256(root) WHERE size = 7")
    assert copy.found() == [("checkpoint-differs", 7)]


def test_a_note_that_was_changed_or_forged_is_found(copy: Copy):
    copy.spoil(f"UPDATE released SET note = replace(note, E'\\n{FACTS}\\n', E'\\n8\\n')")
    assert [code for code, _ in copy.found()] == ["checkpoint-unsigned"]


@pytest.mark.parametrize("kept", [b"", b"\xff\xfe", b"x\n" + b"9" * 5000 + b"\ny\n", "a\n٣\nb\n".encode()])
def test_a_kept_file_that_is_no_checkpoint_is_a_finding_and_no_crash(copy: Copy, tmp_path: Path, kept: bytes):
    (tmp_path / "checkpoint").write_bytes(kept)
    report = copy.verify(tmp_path / "checkpoint")
    assert [each.code for each in report.findings] == ["checkpoint-malformed"]


@pytest.mark.parametrize(
    "column", ["chain = sha256(chain)", "n = n + 1", "last = last - 1", "version = version + 1", "leaf = sha256(leaf)"]
)
def test_a_changed_chain_is_found_with_its_id(copy: Copy, column: str):
    copy.spoil(f"UPDATE chains SET {column} WHERE id = 'offender-{copy.sound.case.id}'")
    (finding,) = copy.verify().findings
    assert (finding.code, finding.stream) == ("chain-differs", f"offender-{copy.sound.case.id}")


def test_a_chain_too_few_or_too_many_is_found(copy: Copy):
    copy.spoil(f"UPDATE chains SET id = 'staff-nobody' WHERE id = 'staff-{copy.sound.officer}'")
    assert {(each.code, each.stream) for each in copy.verify().findings} == {
        ("chain-unknown", "staff-nobody"),
        ("chain-missing", f"staff-{copy.sound.officer}"),
    }


@pytest.mark.parametrize(
    "column, code",
    [
        ("size = size - 1", "head-size-differs"),
        ("edge = sha256(edge)", "head-edge-differs"),
        ("recorded = recorded - interval '1 day'", "row-differs"),
        ("recorded = 'infinity'", "row-differs"),
    ],
)
def test_a_changed_head_is_found(copy: Copy, column: str, code: str):
    copy.spoil(f"UPDATE head SET {column}")
    assert code in [code for code, _ in copy.found()]


def test_a_missing_head_is_found(copy: Copy):
    copy.spoil("DELETE FROM head")
    assert "head-size-differs" in [code for code, _ in copy.found()]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM closings",
        "UPDATE closings SET heads = sha256(heads)",
        f"INSERT INTO closings SELECT {FACTS} - 1, heads, root FROM closings",
        f"UPDATE entries SET stream = 'nobody' WHERE position = {FACTS}",
    ],
)
def test_what_is_kept_of_a_closing_is_what_it_says(copy: Copy, statement: str):
    copy.spoil(statement)
    assert {("row-differs", FACTS), ("row-differs", FACTS - 1)} & set(copy.found())


def test_another_root_beside_a_closing_is_another_checkpoint(copy: Copy):
    copy.spoil("UPDATE closings SET root = sha256(root)")
    assert copy.found() == [("checkpoint-differs", FACTS)]


# ---------------------------------------------------------------------------------------- about


@pytest.mark.parametrize(
    "change", ["first = first + 1, last = last + 1", "first = first + 1", "last = last + 1", "size = 0", "last = 99"]
)
def test_a_receipt_that_leads_to_other_facts_is_found(copy: Copy, change: str):
    copy.spoil(f"UPDATE receipts SET {change} WHERE first = 2")
    [(code, position)] = copy.found()
    assert code == "row-differs"
    assert position in (2, 3)


def test_a_row_of_about_too_few_is_found_where_it_was(copy: Copy):
    [(position,)] = copy.rows(f"SELECT position FROM about WHERE id = 'staff-{copy.sound.officer}'")
    copy.spoil("DELETE FROM about")
    (finding,) = copy.verify().findings
    assert (finding.code, finding.position) == ("row-differs", position)
    assert finding.stream == f"staff-{copy.sound.officer}"


@pytest.mark.parametrize("position", [3, 99])
def test_a_row_of_about_too_many_is_found_where_it_is(copy: Copy, position: int):
    copy.spoil(f"INSERT INTO about (id, position) VALUES ('offender-{copy.sound.case.id}', {position})")
    assert copy.found() == [("row-differs", position)]


# ---------------------------------------------------------------------------------------- the tail


def cut(copy: Copy, size: int) -> None:
    """As if nothing after `size` had ever been: whoever does this with care leaves a ledger in which all holds."""
    rows = copy.rows("SELECT position, stream, version, leaf, recorded FROM entries ORDER BY position")[:size]
    about: dict[int, list[str]] = {}
    for name, position in copy.rows("SELECT id, position FROM about"):
        about.setdefault(int(str(position)), []).append(str(name))
    edge = RightEdge().extend([row[3] for row in rows])  # type: ignore[misc]
    chains: dict[str, tuple[int, bytes, int, int, bytes | None]] = {}
    for position, stream, version, leaf, _ in rows:
        assert isinstance(leaf, bytes)
        assert isinstance(position, int)
        for name in (str(stream), *about.get(position, ())):
            n, chain, _, own, own_leaf = chains.get(name, (0, CHAIN_START, 0, 0, None))
            newest = (int(str(version)), leaf) if name == stream else (own, own_leaf)
            chains[name] = (n + 1, next_link(chain, position - 1, leaf), position - 1, *newest)
    copy.spoil(
        *(
            f"DELETE FROM {table} WHERE position > {size}"
            for table in ("entries", "about", "sealed_values", "closings")
        ),
        *(f"DELETE FROM {table} WHERE size > {size}" for table in ("checkpoints", "released", "receipts")),
        f"UPDATE head SET size = {size}, edge = '\\x{edge.to_bytes().hex()}', "
        f"recorded = (SELECT max(recorded) FROM entries)",
        "DELETE FROM chains",
        *(
            f"INSERT INTO chains (id, n, chain, last, version, leaf) VALUES "
            f"('{name}', {n}, '\\x{chain.hex()}', {last}, {version}, decode('{leaf.hex() if leaf else ''}', 'hex'))"
            for name, (n, chain, last, version, leaf) in chains.items()
        ),
        "UPDATE chains SET leaf = NULL WHERE version = 0",
    )


def test_a_tail_cut_with_care_is_found_by_the_kept_checkpoint_alone(copy: Copy, tmp_path: Path):
    cut(copy, 6)
    assert copy.verify(tmp_path / "no such file").ok
    assert copy.found() == [("checkpoint-beyond-end", FACTS)]


def test_another_ledger_altogether_is_found_by_the_kept_checkpoint_alone(
    clusters: Clusters, ledger_template: str, vault_template: str, copy: Copy
):
    with new_door(clusters.ledger, clusters.vault) as another:
        for _ in range(FACTS):
            another.new_case()
        another.ledger.store.released.path.write_bytes(copy.kept.read_bytes())
        assert [each.code for each in another.verify().findings] == ["checkpoint-unsigned"]
        another.ledger.store.released.path.unlink()


def test_two_findings_of_different_kinds_are_both_named(copy: Copy):
    copy.spoil(
        "UPDATE entries SET recorded = recorded + interval '1 second' WHERE position = 3",
        "UPDATE checkpoints SET root = sha256(root) WHERE size = 8",
    )
    assert set(copy.found()) == {("row-differs", 3), ("checkpoint-differs", 8)}


def test_verification_reads_one_moment_though_facts_go_on_being_recorded(
    clusters: Clusters, ledger_template: str, vault_template: str
):
    with new_door(clusters.ledger, clusters.vault) as door:
        case = door.new_case()

        async def both() -> list[Report]:
            reports: list[Report] = []

            async def record() -> None:
                for number in range(40):
                    await door.giving(case.to, "RecordAbsence", case.absence(number % 50 + 1), "supervisor")

            recording = asyncio.create_task(record())
            while not recording.done():
                reports.append(await asyncio.to_thread(door.verify))
            await recording
            return reports

        reports = door.run(both())
        assert all(report.ok for report in reports), [report.summary() for report in reports]
        assert len({report.size for report in reports}) > 1
