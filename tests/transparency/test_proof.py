"""A proof in a file says what its specification has it say, convinces of one leaf only, and is read strictly."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError, ProofError, SignatureError, TransparencyError
from ledger.transparency.note import Signer
from ledger.transparency.proof import FIRST_LINE, LONGEST, MAX_HASHES, Proof
from ledger.transparency.tiles import TileReader
from ledger.transparency.tree import MAX_SIZE, RightEdge, inclusion_proof, leaf_hash

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, bytes(range(32)))
WITNESS = Signer("witness.example", bytes(range(1, 33)))
KEYS = [LOG.verifier()]
ENTRIES = [f"entry {number}".encode() for number in range(200)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def a_proof(index: int = 2, size: int = 5, extra: bytes | None = None, *signers: Signer) -> Proof:
    edge = RightEdge().extend(LEAVES[:size])
    reader = TileReader(size, lambda tile: b"".join(LEAVES[:size])[: tile.width * 32])
    note = Checkpoint(ORIGIN, size, edge.root()).sign(LOG, *signers)
    return Proof(index, tuple(inclusion_proof(index, size, reader)), note, extra)


def a_text(index: int = 2, size: int = 5) -> str:
    return a_proof(index, size).write()


def test_a_proof_is_the_lines_of_the_specification():
    proof = a_proof(extra=b"\x00\x01")
    lines = proof.write().split("\n")
    assert lines[:3] == [FIRST_LINE, "extra AAE=", "index 2"]
    assert [base64.b64decode(line) for line in lines[3:6]] == list(proof.hashes)
    assert lines[6:9] == ["", ORIGIN, "5"]
    assert "\n".join(lines[7:]) == proof.note
    assert proof.write().isascii() is False  # the dash of a signed note


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))), st.binary())
def test_a_proof_comes_back_from_its_file_and_holds(place: tuple[int, int], extra: bytes):
    index, size = place
    proof = a_proof(index, size, extra)
    read = Proof.parse(proof.write().encode())
    assert read == proof
    assert read.write() == proof.write()
    assert read.verify(LEAVES[index], ORIGIN, KEYS).size == size


def test_the_only_entry_of_a_log_needs_no_hash():
    assert a_text(0, 1).startswith(f"{FIRST_LINE}\nindex 0\n\n{ORIGIN}\n1\n")
    Proof.parse(a_text(0, 1)).verify(LEAVES[0], ORIGIN, KEYS)


def test_extra_that_is_empty_is_not_extra_that_is_not_there():
    assert Proof.parse(a_proof(extra=b"").write()).extra == b""
    assert Proof.parse(a_proof().write()).extra is None


def test_what_witnesses_signed_beside_the_log_stays_in_it():
    proof = Proof.parse(a_proof(2, 5, None, WITNESS).write())
    assert proof.verify(LEAVES[2], ORIGIN, KEYS).size == 5
    assert proof.verify(LEAVES[2], ORIGIN, [*KEYS, WITNESS.verifier()]).size == 5
    with pytest.raises(SignatureError, match=r"no known key of ledger.example/kent itself"):
        proof.verify(LEAVES[2], ORIGIN, [WITNESS.verifier()])


def test_extra_is_carried_and_never_believed():
    """Whatever stands in it, the proof proves the same."""
    for extra in (None, b"", LEAVES[3], b"index 3"):
        proof = Proof.parse(a_proof(extra=extra).write())
        proof.verify(LEAVES[2], ORIGIN, KEYS)
        with pytest.raises(ProofError):
            proof.verify(LEAVES[3], ORIGIN, KEYS)


# --- what is refused ---------------------------------------------------------------------------------------


def test_a_proof_convinces_of_no_other_leaf_origin_or_key():
    proof = a_proof()
    with pytest.raises(ProofError, match="does not lead from leaf 2"):
        proof.verify(LEAVES[1], ORIGIN, KEYS)
    with pytest.raises(SignatureError, match=r"is of ledger.example/kent, not of ledger.example/essex"):
        proof.verify(LEAVES[2], "ledger.example/essex", KEYS)
    with pytest.raises(SignatureError, match="no known key signed this note"):
        proof.verify(LEAVES[2], ORIGIN, [Signer(ORIGIN, bytes(32)).verifier()])
    with pytest.raises(SignatureError, match="no known key signed this note"):
        proof.verify(LEAVES[2], ORIGIN, [])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_leaf_or_a_hash_that_is_not_32_bytes_is_refused(length: int):
    with pytest.raises(ProofError, match="32 bytes"):
        a_proof().verify(bytes(length), ORIGIN, KEYS)
    with pytest.raises(FormatError, match="32 bytes"):
        Proof(0, (bytes(length),), "")
    lines = a_text().split("\n")
    lines[2] = base64.b64encode(bytes(length)).decode() or "="
    with pytest.raises(FormatError):
        Proof.parse("\n".join(lines))


@pytest.mark.parametrize("index", ["5", "4611686018427387904", "9223372036854775806"])
def test_an_index_beyond_the_checkpoint_is_refused(index: str):
    text = a_text().replace("index 2", f"index {index}")
    with pytest.raises(ProofError, match=f"leaf {index} is not in a tree of 5 leaves"):
        Proof.parse(text).verify(LEAVES[2], ORIGIN, KEYS)


@pytest.mark.parametrize("size", [0, 1, 2, 4, 8, 2**62, MAX_SIZE])
def test_a_checkpoint_of_another_size_is_refused_however_it_is_signed(size: int):
    """Also by the log's own key: what the proof leads to is not its root."""
    proof = a_proof()
    empty = RightEdge().root()
    note = Checkpoint(ORIGIN, size, empty).sign(LOG)
    with pytest.raises(ProofError):
        Proof(proof.index, proof.hashes, note).verify(LEAVES[2], ORIGIN, KEYS)


@pytest.mark.parametrize(
    "index",
    ["9223372036854775807", "9223372036854775808", "99999999999999999999", "-1", "02", "+2", "0x2", "2 ", "٢", ""],
)
def test_an_index_that_no_leaf_has_is_refused(index: str):
    with pytest.raises(FormatError, match="index"):
        Proof.parse(a_text().replace("index 2", f"index {index}"))


def test_a_proof_with_a_hash_too_many_or_too_few_is_refused():
    proof = a_proof()
    for hashes in (proof.hashes[:-1], proof.hashes[1:], (*proof.hashes, bytes(32)), (bytes(32), *proof.hashes), ()):
        with pytest.raises(ProofError):
            Proof(proof.index, hashes, proof.note).verify(LEAVES[2], ORIGIN, KEYS)
    with pytest.raises(FormatError, match="at most 63 hashes, not 64"):
        Proof(0, (bytes(32),) * (MAX_HASHES + 1), proof.note)


def test_two_blank_lines_are_refused():
    text = a_text()
    before, _, after = text.partition("\n\n")
    with pytest.raises(FormatError, match="not one blank line"):
        Proof.parse(f"{before}\n\n\n{after}")
    with pytest.raises(SignatureError, match="not over this text"):
        Proof.parse(text.replace("\n\n—", "\n\n\n—")).verify(LEAVES[2], ORIGIN, KEYS)


@pytest.mark.parametrize(
    "changed",
    [
        ("", ""),
        (f"{FIRST_LINE}\n", ""),
        (FIRST_LINE, "c2sp.org/tlog-proof@v2"),
        (FIRST_LINE, f" {FIRST_LINE}"),
        (FIRST_LINE, f"\n{FIRST_LINE}"),
        (FIRST_LINE, f"{FIRST_LINE}\r"),
        ("index 2\n", ""),
        ("index 2\n", "index 2\nindex 2\n"),
        ("index 2\n", "index 2\nextra AAE=\n"),
        ("index 2\n", "extra AAE\nindex 2\n"),
        ("index 2\n", "extra AAF=\nindex 2\n"),
        ("index 2\n", "extra\nindex 2\n"),
        ("index 2\n", "extra  AAE=\nindex 2\n"),
        ("index 2\n", "extra AAE=\nextra AAE=\nindex 2\n"),
        ("index 2\n", "Index 2\n"),
        ("index 2\n", "index  2\n"),
        ("index 2\n", "index 2\nnot base64\n"),
        ("\n\n", "\n"),
    ],
)
def test_a_line_too_many_too_few_or_out_of_place_is_refused(changed: tuple[str, str]):
    text = a_text().replace(*changed, 1) if changed[0] else ""
    with pytest.raises(FormatError):
        Proof.parse(text)


def test_a_file_cut_or_padded_anywhere_is_refused():
    whole = a_text().encode()
    for end in range(len(whole)):
        refused(whole[:end])
    for more in (b"\n", b" ", b"\x00", b"A", "— ledger.example/kent AAAAAAA=".encode()):
        refused(whole + more)
        refused(more + whole)


def test_one_changed_bit_anywhere_is_refused():
    whole = a_text().encode()
    for at in range(len(whole)):
        for bit in (1, 0x20, 0x80):
            refused(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])


def refused(data: bytes) -> None:
    with pytest.raises(TransparencyError):
        Proof.parse(data).verify(LEAVES[2], ORIGIN, KEYS)


def test_what_is_no_text_or_too_long_is_refused():
    with pytest.raises(FormatError, match="not UTF-8"):
        Proof.parse(a_text().encode("utf-16"))
    with pytest.raises(FormatError, match="not UTF-8"):
        Proof.parse("\udcff")
    with pytest.raises(FormatError, match="more than 2000000"):
        Proof.parse(bytes(LONGEST + 1))
