"""A superuser who has the code and perhaps the log's key: what finds out what he did (docs/ADVERSARY.md).

Each line of that page's table is an attack here, made on a copy of a sound ledger.  Where the page says that something
has to be held outside, the ledger itself shows nothing: that is tested too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.house.test_docs import ROOT
from tests.store.forging import forged, nothing, other_kind
from tests.store.spoiling import FACTS, Copy

from ledger.store.unsealing import VALUE_CODES, Unsealing
from ledger.store.verifying_since import verify_since
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.entry import SealedEntry
from ledger.transparency.fork import Fork
from ledger.transparency.note import Signer, parse_note
from ledger.transparency.tree import leaf_hash
from ledger.transparency.verify import CODES
from ledger.transparency.witness import Held, Witness, request_of

PAGE: Final = ROOT / "docs" / "ADVERSARY.md"
ALONE, VALUES, OLDER, WITNESSED = "nothing", "the vault's keys", "an older checkpoint", "a witness"
FORK: Final = "fork"  # the witness's word, not the oracle's


@dataclass(frozen=True)
class Attack:
    """What is done, and the codes that verification must find among others."""

    done: Callable[[Copy, Path], Path | None]  # gives the checkpoint file that lies beside it then, if another
    found: frozenset[str]
    needs: str = ALONE


def by_statements(*statements: str) -> Callable[[Copy, Path], None]:
    return lambda copy, _: copy.spoil(*statements)


def a_changed_value_with_its_leaf(copy: Copy, _: Path) -> None:
    [(entry,)] = copy.rows("SELECT entry FROM entries WHERE position = 6")
    assert isinstance(entry, bytes)
    changed = entry.replace(b'"kind":"FTA"', b'"kind":"AA"')
    assert changed != entry
    copy.spoil(
        f"UPDATE entries SET entry = '\\x{changed.hex()}', leaf = '\\x{leaf_hash(changed).hex()}' WHERE position = 6"
    )


def a_marking_on_the_first(entries: list[SealedEntry]) -> None:
    entries[0]["marking"] = "SECRET"


def with_the_file(copy: Copy, folder: Path) -> Path:
    return forged(copy, folder, nothing, size=6)


def without_the_file(copy: Copy, folder: Path) -> None:
    forged(copy, folder, nothing, size=6)


def attack(done: Callable[[Copy, Path], Path | None], *found: str, needs: str = ALONE) -> Attack:
    return Attack(done, frozenset(found), needs)


_EARLIER = "SELECT min(position) FROM sealed_values"
_LATER = "SELECT max(position) FROM sealed_values"
ATTACKS: Mapping[str, Attack] = {
    # --- edit
    "a byte of an entry is changed": attack(
        by_statements("UPDATE entries SET entry = set_byte(entry, 40, get_byte(entry, 40) # 1) WHERE position = 6"),
        "leaf-differs",
    ),
    "a value of an entry is changed, and its leaf hash made to fit": attack(
        a_changed_value_with_its_leaf, "previous-differs", "checkpoint-differs"
    ),
    "a value is changed and everything after it recomputed and signed, without the log's key": attack(
        lambda copy, folder: forged(copy, folder, other_kind(6), signer=Signer(copy.sound.origin, bytes(32))),
        "checkpoint-unsigned",
    ),
    "a column beside an entry says another time": attack(
        by_statements("UPDATE entries SET recorded = recorded - interval '1 day' WHERE position = 6"), "row-differs"
    ),
    # --- delete
    "an entry is deleted": attack(by_statements("DELETE FROM entries WHERE position = 6"), "position-missing"),
    "an entry is deleted and those after it are renumbered": attack(
        by_statements(
            "DELETE FROM entries WHERE position = 6",
            *(f"UPDATE entries SET position = {at - 1} WHERE position = {at}" for at in range(7, FACTS + 1)),
        ),
        "version-differs",
        "checkpoint-differs",
        "checkpoint-beyond-end",
        "head-size-differs",
    ),
    "a fact is hidden from a person's case": attack(by_statements("DELETE FROM about"), "row-differs"),
    "a person is taken out of the chains": attack(
        by_statements("DELETE FROM chains WHERE id LIKE 'staff-%'"), "chain-missing"
    ),
    "a ciphertext is deleted": attack(
        by_statements(f"DELETE FROM sealed_values WHERE position = ({_EARLIER})"), "row-differs"
    ),
    # --- reorder, renumber, insert
    "two entries change places": attack(
        by_statements(
            "UPDATE entries SET position = 100 WHERE position = 6",
            "UPDATE entries SET position = 6 WHERE position = 7",
            "UPDATE entries SET position = 7 WHERE position = 100",
        ),
        "version-differs",
        "time-goes-back",
        "checkpoint-differs",
    ),
    "an entry is given another number": attack(
        by_statements("UPDATE entries SET position = 100 WHERE position = 6"), "position-missing", "version-differs"
    ),
    "an entry is inserted and those after it are renumbered": attack(
        by_statements(
            *(f"UPDATE entries SET position = {at + 1} WHERE position = {at}" for at in range(FACTS, 5, -1)),
            "INSERT INTO entries SELECT 6, stream, 99, recorded, leaf, entry FROM entries WHERE position = 5",
        ),
        "fact-id-repeated",
        "version-differs",
        "checkpoint-differs",
    ),
    "an entry is appended past the sequencer": attack(
        by_statements(
            f"INSERT INTO entries SELECT {FACTS + 1}, stream, 99, recorded, leaf, entry FROM entries"
            f" WHERE position = {FACTS}"
        ),
        "head-size-differs",
        "fact-id-repeated",
    ),
    # --- cut the tail, restore
    "the tail is cut": attack(
        by_statements("DELETE FROM entries WHERE position > 6"), "head-size-differs", "checkpoint-beyond-end"
    ),
    "the tail is cut and everything made to fit": attack(without_the_file, "checkpoint-beyond-end"),
    "an old dump is restored": attack(without_the_file, "checkpoint-beyond-end"),
    # --- lies beside the entries
    "a chain is rewritten": attack(
        by_statements("UPDATE chains SET chain = sha256(chain) WHERE id LIKE 'staff-%'"), "chain-differs"
    ),
    "a retry is led to other facts": attack(
        by_statements("UPDATE receipts SET first = first + 1, last = last + 1 WHERE first = 2"), "row-differs"
    ),
    "a stored tile is changed": attack(
        by_statements("INSERT INTO tiles SELECT 0, 0, sha256(''), decode(repeat('00', 8192), 'hex')"), "row-differs"
    ),
    "a root that was kept is changed": attack(
        by_statements("UPDATE checkpoints SET root = sha256(root) WHERE size = 7"), "checkpoint-differs"
    ),
    "a note is kept that the log never signed": attack(
        by_statements(f"UPDATE released SET note = replace(note, E'\\n{FACTS}\\n', E'\\n8\\n')"), "checkpoint-unsigned"
    ),
    "a closing seals a stale map, with the stolen log key": attack(
        lambda copy, folder: forged(copy, folder, nothing, stale=True), "heads-differ"
    ),
    # --- sealed values
    "two ciphertexts change places": attack(
        by_statements(
            "CREATE TEMPORARY TABLE two AS SELECT position, key_id, nonce, ciphertext FROM sealed_values"
            f" WHERE position IN (({_EARLIER}), ({_LATER}))",
            "UPDATE sealed_values AS s SET nonce = t.nonce, ciphertext = t.ciphertext FROM two AS t"
            f" WHERE s.position IN (({_EARLIER}), ({_LATER})) AND t.position <> s.position",
        ),
        "value-unreadable",
        needs=VALUES,
    ),
    "a ciphertext is changed": attack(
        by_statements(
            "UPDATE sealed_values SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)"
            f" WHERE position = ({_EARLIER})"
        ),
        "value-unreadable",
        needs=VALUES,
    ),
    # --- nothing in the house shows it any more
    "the tail is cut, everything made to fit, and an old checkpoint put back into the file": attack(
        with_the_file, "checkpoint-beyond-end", needs=OLDER
    ),
    "an old dump is restored with the checkpoint file of its day": attack(
        with_the_file, "checkpoint-beyond-end", needs=OLDER
    ),
    "a value is changed and everything after it recomputed and signed with the stolen log key": attack(
        lambda copy, folder: forged(copy, folder, other_kind(6)), "checkpoint-differs", needs=OLDER
    ),
    "the whole tree is recomputed with the stolen log key": attack(
        lambda copy, folder: forged(copy, folder, a_marking_on_the_first), "checkpoint-differs", needs=OLDER
    ),
    "two histories are shown to two auditors, who never meet": attack(
        lambda copy, folder: forged(copy, folder, other_kind(9)), FORK, needs=WITNESSED
    ),
    "an old checkpoint is replayed": attack(with_the_file, "refused", needs=WITNESSED),
}


# ------------------------------------------------------------------------------------ the page


def lines() -> list[tuple[str, frozenset[str], str]]:
    """What is done, what finds it, and what that needs, of each line of the table."""
    found: list[tuple[str, frozenset[str], str]] = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and "`" in cells[1]:
            found.append((cells[0].lower(), frozenset(re.findall(r"`([a-z-]+)`", cells[1])), cells[2]))
    return found


def test_each_line_of_the_page_is_a_test_and_each_test_is_a_line():
    assert lines() == [(name, each.found, each.needs) for name, each in ATTACKS.items()]


def test_the_page_names_only_what_verification_or_a_witness_can_say():
    assert {code for _, codes, _ in lines() for code in codes} <= {*CODES, *VALUE_CODES, FORK, "refused"}


# ------------------------------------------------------------------------------------ the attacks


def those_that_need(what: str) -> list[str]:
    return [name for name, each in ATTACKS.items() if each.needs == what]


def codes(copy: Copy, kept: Path | None = None, values: Unsealing | None = None) -> set[str]:
    try:
        return {each.code for each in copy.verify(kept, values).findings}
    finally:
        copy.spoil("DELETE FROM tiles")


@pytest.mark.parametrize("name", those_that_need(ALONE))
def test_what_the_ledger_itself_shows(copy: Copy, tmp_path: Path, name: str):
    kept = ATTACKS[name].done(copy, tmp_path)
    assert ATTACKS[name].found <= codes(copy, kept)


@pytest.mark.parametrize("name", those_that_need(VALUES))
def test_what_shows_where_sealed_values_are_opened_and_only_there(copy: Copy, tmp_path: Path, name: str):
    ATTACKS[name].done(copy, tmp_path)
    assert codes(copy) == set()
    assert ATTACKS[name].found <= codes(copy, values=copy.unsealing())


@pytest.mark.parametrize("name", those_that_need(OLDER))
def test_what_an_older_checkpoint_shows_and_nothing_in_the_house(copy: Copy, tmp_path: Path, name: str):
    auditors = copy.kept.read_text()
    kept = ATTACKS[name].done(copy, tmp_path)
    assert kept is not None
    assert codes(copy, kept, copy.unsealing()) == set()
    conninfo = copy.cluster.conninfo(copy.cluster.app_role, copy.database)
    report = verify_since(auditors, conninfo, copy.sound.origin, [copy.sound.verifier], kept)
    assert ATTACKS[name].found <= {each.code for each in report.findings}
    # The whole verification finds it too where it is given his checkpoint for the file.
    assert ATTACKS[name].found <= codes(copy)


@pytest.mark.parametrize("name", those_that_need(WITNESSED))
def test_what_a_witness_refuses_though_every_auditor_finds_that_everything_holds(copy: Copy, tmp_path: Path, name: str):
    witness = Witness({copy.sound.origin: [copy.sound.verifier]}, [Cosigner("witness.example", b"\x05" * 32)])
    one = copy.kept.read_text()
    held = witness.answer(request_of(0, (), one), lambda _: None, 1_700_000_000).held
    assert held is not None
    kept = ATTACKS[name].done(copy, tmp_path)
    assert kept is not None
    other = kept.read_text()
    assert codes(copy, kept, copy.unsealing()) == set()  # to the auditor who was never shown the first
    found = asked(witness, held, other)
    assert found == ATTACKS[name].found


def asked(witness: Witness, held: Held, note: str) -> set[str]:
    """What the witness says of this checkpoint, having cosigned another."""
    size = Checkpoint.parse(parse_note(note).text).size
    answer = witness.answer(request_of(min(size, held.size), (), note), lambda _: held, 1_700_000_001)
    assert answer.status != 200
    assert answer.held is None
    if answer.fork is None:
        return {"refused"}
    # Whoever has the log's key can check it: it needs nothing but itself.
    origin = held.checkpoint.origin
    Fork.parse(answer.fork.text()).verify(origin, witness.logs[origin])
    return {FORK}


def test_what_is_written_anew_without_a_change_is_what_was_there(copy: Copy, tmp_path: Path):
    """So what the attacks find is their own doing, and not the forger's."""
    kept = forged(copy, tmp_path, nothing)
    assert copy.kept.read_text().startswith(kept.read_text())  # which has the second key's signature too
    assert codes(copy, values=copy.unsealing()) == set()
