"""From an auditor's last checkpoint: what came since is read, every byte; what was before must be the same tree."""

from __future__ import annotations

import pytest
from tests.store.spoiling import FACTS, Copy

from ledger.store.verifying_since import verify_since
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError
from ledger.transparency.note import Signer
from ledger.transparency.tree import RightEdge, leaf_hash
from ledger.transparency.verify import Report

SINCE = 5


def note_at(copy: Copy, size: int, signer: Signer | None = None) -> str:
    """The checkpoint that an auditor was given at this size, and kept."""
    rows = copy.rows(f"SELECT entry FROM kept.entries WHERE position <= {size} ORDER BY position")
    edge = RightEdge().extend([leaf_hash(entry) for (entry,) in rows if isinstance(entry, bytes)])
    return Checkpoint(copy.sound.origin, size, edge.root()).sign(signer or copy.sound.signer)


def since(copy: Copy, note: str) -> Report:
    conninfo = copy.cluster.conninfo(copy.cluster.app_role, copy.database)
    return verify_since(note, conninfo, copy.sound.origin, [copy.sound.verifier], copy.kept)


def found(copy: Copy, size: int = SINCE) -> list[tuple[str, int | None]]:
    return [(each.code, each.position) for each in since(copy, note_at(copy, size)).findings]


@pytest.mark.parametrize("size", range(1, FACTS + 1))
def test_from_every_checkpoint_on_an_untouched_ledger_holds(copy: Copy, size: int):
    report = since(copy, note_at(copy, size))
    assert report.ok, report.summary()
    assert (report.size, report.since, report.root) == (FACTS, size, copy.verify().root)
    assert f"after the first {size}, which were not" in report.summary()


@pytest.mark.parametrize("position", range(SINCE + 1, FACTS + 1))
def test_a_changed_byte_since_is_found_where_it_is(copy: Copy, position: int):
    copy.spoil(f"UPDATE entries SET entry = set_byte(entry, 40, get_byte(entry, 40) # 1) WHERE position = {position}")
    assert ("leaf-differs", position) in found(copy)


def test_a_changed_byte_before_is_what_only_the_whole_verification_finds(copy: Copy):
    copy.spoil(f"UPDATE entries SET entry = set_byte(entry, 40, get_byte(entry, 40) # 1) WHERE position = {SINCE - 1}")
    assert found(copy) == []
    assert not copy.verify().ok


def test_another_leaf_before_does_not_lead_to_his_root(copy: Copy):
    copy.spoil(f"UPDATE entries SET leaf = sha256(leaf) WHERE position = {SINCE - 1}")
    assert ("checkpoint-differs", SINCE) in found(copy)


@pytest.mark.parametrize(
    "statement, code",
    [
        ("DELETE FROM entries WHERE position = 7", "position-missing"),
        ("DELETE FROM entries WHERE position = 3", "checkpoint-differs"),
        ("UPDATE entries SET recorded = recorded + interval '1 day' WHERE position = 7", "row-differs"),
        ("UPDATE entries SET version = version + 50 WHERE position = 7", "row-differs"),
        ("UPDATE chains SET chain = sha256(chain) WHERE last >= 6", "chain-differs"),
        ("UPDATE chains SET n = n - 1, last = 1 WHERE last >= 6", "chain-missing"),
        ("UPDATE checkpoints SET root = sha256(root) WHERE size = 7", "checkpoint-differs"),
        ("UPDATE closings SET root = sha256(root)", "checkpoint-differs"),
        ("UPDATE head SET edge = sha256(edge)", "head-edge-differs"),
        ("UPDATE head SET origin = 'another'", "row-differs"),
        ("INSERT INTO about VALUES ('staff-somebody', 7)", "row-differs"),
        ("INSERT INTO sealed_values SELECT 7, gen_random_uuid(), nonce, '' FROM sealed_values LIMIT 1", "row-differs"),
        ("UPDATE chains SET n = n + 100 WHERE id LIKE 'staff-%'", "heads-differ"),
        # The heads that the closing sealed are those of chains that have not moved since too.
        ("UPDATE chains SET chain = sha256(chain) WHERE id LIKE 'staff-%'", "heads-differ"),
    ],
)
def test_what_is_spoilt_since_is_found(copy: Copy, statement: str, code: str):
    copy.spoil(statement)
    assert code in [each for each, _ in found(copy)]


def test_a_tail_cut_before_his_checkpoint_is_found_with_nothing_else_at_hand(copy: Copy):
    note = note_at(copy, FACTS)
    copy.kept.rename(copy.kept.with_name("hidden"))
    try:
        copy.spoil(f"DELETE FROM entries WHERE position > {SINCE}", f"UPDATE head SET size = {SINCE}")
        assert ("checkpoint-beyond-end", FACTS) in [(each.code, each.position) for each in since(copy, note).findings]
    finally:
        copy.kept.with_name("hidden").rename(copy.kept)


def test_a_checkpoint_that_somebody_else_signed_is_none_of_ours(copy: Copy):
    note = note_at(copy, SINCE, Signer(copy.sound.origin, bytes(32)))
    assert [each.code for each in since(copy, note).findings] == ["checkpoint-unsigned"]


def test_a_checkpoint_of_another_history_is_named(copy: Copy):
    note = Checkpoint(copy.sound.origin, SINCE, bytes(32)).sign(copy.sound.signer)
    assert [(each.code, each.position) for each in since(copy, note).findings] == [("checkpoint-differs", SINCE)]


@pytest.mark.parametrize("note", ["", "no checkpoint\n", "a\n5\nb\n"])
def test_a_file_that_is_no_checkpoint_is_refused(copy: Copy, note: str):
    with pytest.raises(FormatError):
        since(copy, note)


def test_a_checkpoint_of_nothing_is_refused(copy: Copy):
    with pytest.raises(FormatError, match="every log goes on from"):
        since(copy, Checkpoint(copy.sound.origin, 0, RightEdge().root()).sign(copy.sound.signer))
