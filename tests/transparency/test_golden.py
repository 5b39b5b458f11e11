"""Bytes that never change: every formula against values that were computed with the openssl command line.

tests/golden/formulas.json holds them. None was written by the code under test; a leaf, a link of a chain and a
signature are had again like this (the key's DER header is that of RFC 8410):

    printf '\\000%s' "$ENTRY" | openssl dgst -sha256
    { printf '\\042'; printf "$BEFORE$INDEX$LEAF" | xxd -r -p; } | openssl dgst -sha256
    printf '302e020100300506032b657004220420%s' "$SEED" | xxd -r -p > key.der
    openssl pkeyutl -sign -inkey key.der -keyform DER -rawin -in body

Beside it each formula is spelled out once more with nothing but hashlib, so that a slip in one of them shows.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.transparency.chain import next_link
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.commitment import commitment, document_commitment, open_commitment, open_document
from ledger.transparency.entry import canonical, format_entry, parse_entry
from ledger.transparency.heads import Head, Heads, key_of
from ledger.transparency.note import Signer, Verifier
from ledger.transparency.tree import RightEdge, leaf_hash, node_hash

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "formulas.json").read_text("utf-8"))
FORMULAS = {"leaf", "node", "root", "commitment", "document", "chain", "checkpoint", "heads"}


def each(formula: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("golden", GOLDEN[formula], ids=range(len(GOLDEN[formula])))


def h(*parts: bytes) -> str:
    return sha256(b"".join(parts)).hexdigest()


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def test_every_formula_has_golden_values():
    assert GOLDEN.keys() == FORMULAS | {"about"}
    assert all(GOLDEN[formula] for formula in FORMULAS)


@each("leaf")
def test_leaf(golden: dict[str, str]):
    entry = golden["entry"].encode()
    assert leaf_hash(entry).hex() == golden["hash"] == h(b"\x00", entry)


@each("leaf")
def test_the_entries_are_in_their_one_form(golden: dict[str, str]):
    if entry := golden["entry"].encode():
        assert format_entry(parse_entry(entry)) == entry


@each("node")
def test_node(golden: dict[str, str]):
    left, right = raw(golden["left"]), raw(golden["right"])
    assert node_hash(left, right).hex() == golden["hash"] == h(b"\x01", left, right)


@each("root")
def test_root(golden: dict[str, Any]):
    assert RightEdge().extend([raw(leaf) for leaf in golden["leaves"]]).root().hex() == golden["root"]


@each("commitment")
def test_commitment(golden: dict[str, Any]):
    path, salt, value = golden["path"], raw(golden["salt"]), golden["value"]
    written = golden["canonical"].encode()
    assert canonical(value) == written
    by_hand = h(b"\x30", salt, bytes([0, len(path)]), path.encode(), written)
    assert commitment(path, salt, value).hex() == golden["commitment"] == by_hand
    assert open_commitment(raw(golden["commitment"]), path, salt, value)


@each("document")
def test_document_commitment(golden: dict[str, str]):
    salt, document = raw(golden["salt"]), raw(golden["document"])
    digest = sha256(document).digest()
    assert document_commitment(salt, digest).hex() == golden["commitment"] == h(b"\x31", salt, digest)
    assert open_document(raw(golden["commitment"]), salt, document)


@each("chain")
def test_chain(golden: dict[str, Any]):
    before, index, leaf = raw(golden["before"]), golden["index"], raw(golden["leaf"])
    by_hand = h(b"\x22", before, raw(f"{index:016x}"), leaf)
    assert next_link(before, index, leaf).hex() == golden["after"] == by_hand


@each("heads")
def test_heads(golden: dict[str, Any]):
    told = {each["id"]: Head(each["n"], raw(each["chain"]), each["index"]) for each in golden["heads"]}
    assert Heads.of(told).root.hex() == golden["root"]
    for row in golden["heads"]:
        key = raw(row["key"])
        assert key_of(row["id"]) == key == raw(h(b"chain\0", row["id"].encode()))
        written = key + raw(f"{row['n']:016x}") + raw(row["chain"]) + raw(f"{row['index']:016x}")
        assert row["leaf"] == h(b"\x20", written)


@each("checkpoint")
def test_checkpoint(golden: dict[str, Any]):
    signer = Signer(golden["origin"], raw(golden["seed"]))
    checkpoint = Checkpoint(golden["origin"], golden["size"], raw(golden["root"]))
    assert checkpoint.sign(signer) == golden["note"]
    assert signer.key_id.hex() == golden["key_id"]
    assert signer.key_id.hex() == h(golden["origin"].encode(), b"\n\x01", raw(golden["public_key"]))[:8]
    assert signer.verifier().vkey() == golden["vkey"]
    assert Checkpoint.open(golden["note"], golden["origin"], [Verifier.parse(golden["vkey"])]) == checkpoint
