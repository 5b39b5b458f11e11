"""What somebody can do who is PostgreSQL's superuser, has the code, and may have stolen the log's key.

``forged`` writes a history anew as the code itself would have: entries changed, each with the right `previous`, leaf,
chains, heads of closings, tree, checkpoints and signatures.  Whatever a ledger holds then agrees with itself, and only
what somebody else kept can show that there was another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.store.spoiling import Copy

from ledger.transparency.chain import CHAIN_START, next_link
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import SealedEntry, format_entry, parse_entry
from ledger.transparency.heads import CLOSED, Head, Heads
from ledger.transparency.note import Signer, encode_base64
from ledger.transparency.tree import RightEdge, leaf_hash

Change = Callable[[list[SealedEntry]], None]


def nothing(entries: list[SealedEntry]) -> None:
    """Change nothing: what is then written is what was there."""
    del entries


def other_kind(position: int) -> Change:
    """Another kind of absence in the fact at this position."""

    def change(entries: list[SealedEntry]) -> None:
        values = entries[position - 1].get("values", {})
        assert values["kind"] == "FTA"
        values["kind"] = "AA"

    return change


def forged(
    copy: Copy,
    folder: Path,
    change: Change,
    *,
    size: int | None = None,
    signer: Signer | None = None,
    stale: bool = False,
) -> Path:
    """Another history, of `size` entries if the tail is cut; where its kept checkpoint is, signed as all are.

    `stale`: closings seal a map that lacks the newest entry.
    """
    rows = copy.rows("SELECT entry FROM entries ORDER BY position")[:size]
    entries = [parse_entry(entry) for (entry,) in rows if isinstance(entry, bytes)]
    change(entries)
    size, signer = len(entries), signer or copy.sound.signer
    edge, edges = RightEdge(), list[RightEdge]()
    chains: dict[str, Any] = {}
    statements: list[str] = []
    for position, entry in enumerate(entries, 1):
        if (entry["stream"], entry["type"]) == CLOSED:
            newest = position - 2 if stale else -1
            known = {name: Head(*each[:3]) for name, each in chains.items() if each[2] != newest}
            heads = Heads.of(known)
            entry["values"] = {**entry.get("values", {}), "size": position - 1, "heads": encode_base64(heads.root)}
        version, before = chains.get(entry["stream"], (0, b"", 0, 0, None))[3:]
        entry["version"], entry["previous"] = version + 1, encode_base64(before) if before else None
        data = format_entry(entry)
        leaf = leaf_hash(data)
        for name in (entry["stream"], *entry.get("about", ())):
            n, chain, _, own, own_leaf = chains.get(name, (0, CHAIN_START, 0, 0, None))
            newest = (version + 1, leaf) if name == entry["stream"] else (own, own_leaf)
            chains[name] = (n + 1, next_link(chain, position - 1, leaf), position - 1, *newest)
        edge = edge.append(leaf)
        edges.append(edge)
        statements += [
            f"UPDATE entries SET entry = '\\x{data.hex()}', leaf = '\\x{leaf.hex()}', version = {version + 1},"
            f" recorded = '{entry['recorded']}' WHERE position = {position}",
            f"UPDATE checkpoints SET root = '\\x{edge.root().hex()}' WHERE size = {position}",
            f"UPDATE closings SET root = '\\x{edge.root().hex()}', heads = decode("
            f"'{entry.get('values', {}).get('heads', '')}', 'base64') WHERE position = {position}",
        ]
    note = Checkpoint(copy.sound.origin, size, edge.root()).sign(signer)
    copy.spoil(
        *(
            f"DELETE FROM {table} WHERE position > {size}"
            for table in ("entries", "about", "sealed_values", "closings")
        ),
        *(f"DELETE FROM {table} WHERE size > {size}" for table in ("checkpoints", "receipts")),
        *statements,
        "DELETE FROM released",
        f"INSERT INTO released VALUES ({size}, '{note}')",
        f"UPDATE head SET size = {size}, edge = '\\x{edge.to_bytes().hex()}',"
        " recorded = (SELECT max(recorded) FROM entries)",
        "DELETE FROM chains",
        *(
            "INSERT INTO chains (id, n, chain, last, version, leaf) VALUES"
            f" ('{name}', {n}, '\\x{chain.hex()}', {last}, {version}, {_bytea(leaf)})"
            for name, (n, chain, last, version, leaf) in chains.items()
        ),
    )
    kept = folder / "checkpoint"
    kept.write_text(note)
    return kept


def _bytea(data: bytes | None) -> str:
    return "NULL" if data is None else f"'\\x{data.hex()}'"
