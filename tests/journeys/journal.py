"""What the clients of a ledger know, kept outside it, and whether the log agrees with every word of it.

A journal holds each command from before it is sent, and every answer it ever got.  `findings` compares it with the log
as it is stored: each acknowledged fact at its position, with its leaf hash, once; one receipt a key; versions without a
gap, as many as were acknowledged; and every checkpoint that was ever shown, against the leaves that are there now: its
root, and that the newest one only appended to it (RFC 6962 consistency, proved from the stored leaves).

That each of these comparisons sees what it is there for is proven by tests/journeys/test_journal.py.
"""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import ProofError, TransparencyError
from ledger.transparency.note import Verifier
from ledger.transparency.tree import NodeId, RightEdge, consistency_proof, leaf_hash, node_hash, verify_consistency

Receipt = Mapping[str, Any]


@dataclass
class Asked:
    """One command, and what was answered: nothing yet, or the same receipt however often."""

    stream: str
    path: str
    role: str
    body: Mapping[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))
    receipt: Receipt | None = None


class Journal:
    """Everything asked and answered; in a file too, written before a command is sent and after each answer."""

    def __init__(self, file: Path | None = None) -> None:
        self.asked: dict[str, Asked] = {}
        self.complaints: list[str] = []  # answers that no client should have had
        self.shown: dict[str, None] = {}  # every checkpoint that was seen anywhere but in a receipt
        self._file = file.open("a", encoding="utf-8", buffering=1) if file else None

    def sending(self, asked: Asked) -> None:
        self.asked[asked.key] = asked
        self._keep({"key": asked.key, "path": asked.path, "body": asked.body})

    def answered(self, key: str, receipt: Receipt) -> None:
        """A receipt came: the first one, or the first one again, to the byte."""
        asked = self.asked[key]
        if asked.receipt is None:
            asked.receipt = receipt
            self._keep({"key": key, "receipt": receipt})
        elif asked.receipt != receipt:
            self.complaints.append(f"{asked.path}: key {key} was answered twice, and differently")

    def saw(self, note: str) -> None:
        """A checkpoint was shown: at its address, in the file beside the ledger, in the table of released ones."""
        if note not in self.shown:
            self.shown[note] = None
            self._keep({"checkpoint": note})

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _keep(self, line: Mapping[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line) + "\n")


@dataclass(frozen=True)
class Entry:
    """A row of the log."""

    position: int
    stream: str
    version: int
    leaf: bytes
    entry: bytes


@dataclass
class Log:
    """The log as stored: its entries in order of position, and its receipts (key, first, last)."""

    entries: list[Entry]
    receipts: list[tuple[str, int, int]]

    @classmethod
    def read(cls, conninfo: str) -> Log:
        with psycopg.connect(conninfo) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            rows = connection.execute("SELECT position, stream, version, leaf, entry FROM entries ORDER BY position")
            entries = [Entry(*row) for row in rows]
            kept = connection.execute("SELECT key::text, first, last FROM receipts").fetchall()
            return cls(entries, kept)


def findings(journal: Journal, log: Log, verifier: Verifier) -> list[str]:
    """What is not as the clients were told, once nothing is under way any more; empty when all is well."""
    checks: Sequence[Callable[[Journal, Log], Iterator[str]]] = (
        lambda _, log: _whole(log),
        _each_fact_once,
        _one_receipt_a_key,
        _as_many_as_acknowledged,
        lambda journal, log: _checkpoints(journal, log, verifier),
    )
    return [*journal.complaints, *(found for check in checks for found in check(journal, log))]


def _whole(log: Log) -> Iterator[str]:
    """Positions without a gap, and each leaf the hash of its entry."""
    for number, each in enumerate(log.entries, start=1):
        if each.position != number:
            yield f"position {number} is missing: there follows {each.position}"
            return
        if leaf_hash(each.entry) != each.leaf:
            yield f"position {number}: the leaf is not the hash of the entry"


def _each_fact_once(journal: Journal, log: Log) -> Iterator[str]:
    at = {each.position: each for each in log.entries}
    leaves = Counter(each.leaf for each in log.entries)
    ids = Counter(json.loads(each.entry)["id"] for each in log.entries)
    for asked in journal.asked.values():
        for fact in asked.receipt["events"] if asked.receipt else ():
            where = f"{fact['type']} at {fact['position']}"
            found = at.get(fact["position"])
            if found is None:
                yield f"{where}: acknowledged, and not in the log"
                continue
            members = json.loads(found.entry)
            leaf = base64.b64decode(fact["leaf"])
            if found.leaf != leaf:
                yield f"{where}: another leaf than was acknowledged"
            if (found.stream, found.version, members["id"]) != (fact["stream"], fact["version"], fact["id"]):
                yield f"{where}: another stream, version or id than was acknowledged"
            if members.get("key") != asked.key:
                yield f"{where}: under another key"
            if leaves[leaf] > 1 or ids[fact["id"]] > 1:
                yield f"{where}: more than once in the log"


def _one_receipt_a_key(journal: Journal, log: Log) -> Iterator[str]:
    kept: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, first, last in log.receipts:
        kept[key].append((first, last))
    under = defaultdict[str, list[int]](list)
    for each in log.entries:
        if key := json.loads(each.entry).get("key"):
            under[key].append(each.position)
    for key, asked in journal.asked.items():
        if asked.receipt is None:
            yield f"{asked.path}: key {key} never had a receipt"
            continue
        positions = [fact["position"] for fact in asked.receipt["events"]]
        if kept[key] != [(positions[0], positions[-1])]:
            yield f"{asked.path}: key {key} has receipts for {kept[key]}, acknowledged was {positions}"
        if under[key] != positions:
            yield f"{asked.path}: key {key} has facts at {under[key]}, acknowledged was {positions}"
    for key in {*kept, *under} - {*journal.asked}:
        yield f"key {key} was never sent"


def _as_many_as_acknowledged(journal: Journal, log: Log) -> Iterator[str]:
    """Versions 1, 2, 3 … of each stream, in order of position, as many as its acknowledged facts."""
    acknowledged = Counter(
        fact["stream"]
        for asked in journal.asked.values()
        for fact in (asked.receipt["events"] if asked.receipt else ())
    )
    versions = defaultdict[str, list[int]](list)
    for each in log.entries:
        versions[each.stream].append(each.version)
    for stream in {*versions, *acknowledged} - {"ledger"}:  # what a release began with, nobody asked for
        found = versions[stream]
        if found != list(range(1, len(found) + 1)):
            yield f"{stream}: versions {found}"
        if len(found) != acknowledged[stream]:
            yield f"{stream}: {len(found)} facts are in the log, {acknowledged[stream]} were acknowledged"


def _checkpoints(journal: Journal, log: Log, verifier: Verifier) -> Iterator[str]:
    covers = {
        asked.receipt["checkpoint"]: _last(asked.receipt)
        for asked in sorted(journal.asked.values(), key=lambda each: _last(each.receipt))
        if asked.receipt
    }
    opened: list[Checkpoint] = []
    for note in dict.fromkeys([*covers, *journal.shown]):
        try:
            checkpoint = Checkpoint.open(note, verifier.name, [verifier])
        except TransparencyError as wrong:
            yield f"a checkpoint does not hold: {wrong}"
            continue
        opened.append(checkpoint)
        if checkpoint.size < covers.get(note, 0):
            yield f"the checkpoint of {checkpoint.size} does not cover position {covers[note]} of its receipt"
    yield from _one_history(opened, [each.leaf for each in log.entries])


def _one_history(checkpoints: Sequence[Checkpoint], leaves: Sequence[bytes]) -> Iterator[str]:
    """Each checkpoint has the root of the leaves that are stored now, and the newest one continues it."""
    within = sorted((each for each in checkpoints if 0 < each.size <= len(leaves)), key=lambda each: each.size)
    for each in checkpoints:
        if each.size > len(leaves):
            yield f"a checkpoint of {each.size} facts was shown; the log has {len(leaves)}"
    roots: list[bytes] = []
    edge = RightEdge()
    for leaf in leaves:
        edge = edge.append(leaf)
        roots.append(edge.root())
    tree = Subtrees(leaves)
    for each in within:
        newest = within[-1]
        if each.root != roots[each.size - 1]:
            yield f"the checkpoint of {each.size} facts has another root than the log"
        try:
            proof = consistency_proof(each.size, newest.size, tree)
            verify_consistency(each.size, newest.size, proof, each.root, newest.root)
        except ProofError as wrong:
            yield f"the checkpoint of {each.size} facts is not continued by that of {newest.size}: {wrong}"


class Subtrees:
    """Every perfect subtree over stored leaves, by (level, index): what a prover reads."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])

    def hashes(self, nodes: list[NodeId]) -> list[bytes]:
        return [self._levels[level][index] for level, index in nodes]


def _last(receipt: Receipt | None) -> int:
    return max(fact["position"] for fact in receipt["events"]) if receipt else 0
