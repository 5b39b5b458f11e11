r"""The oracle: re-reads a whole ledger from its stored bytes and names the first thing that does not hold.

It believes nothing that is stored beside the entries. From the bytes alone it hashes every leaf, grows the
tree, follows every stream and every chain, and compares what it finds with the head, the chain heads, the leaf
hashes and the checkpoints that were kept, and with the heads that each closing among the entries sealed. It
reads the entries once, in order of position; its memory grows with the number of ids, and by 16 bytes an entry
for the fact ids that must be unique.

Whatever does not hold becomes a *finding*: a code that never changes its meaning, the position and stream
where there are such, and a sentence. ``CODES`` is the closed list of codes, in the order in which they are
looked for; the first finding of a report is the first place where the ledger is not what it claims to be, and
what follows may be no more than its echo. Only the first hundred (a setting) are kept, all are counted.

    >>> from ledger.transparency.chain import CHAIN_START, next_link
    >>> from ledger.transparency.entry import format_entry
    >>> from ledger.transparency.tree import RightEdge, leaf_hash
    >>> entry = format_entry({
    ...     "entry": 1, "id": "019a0000-0000-7000-8000-000000000001", "stream": "offender-7", "version": 1,
    ...     "previous": None, "type": "offender.absence-recorded.v1", "effective": "2025-04-07",
    ...     "recorded": "2025-04-07T16:30:12.345678Z", "by": {"id": "s1", "role": "supervisor"}})
    >>> leaf = leaf_hash(entry)
    >>> head = StoredHead(1, edge=RightEdge().append(leaf).to_bytes())
    >>> chains = [StoredChain("offender-7", 1, next_link(CHAIN_START, 0, leaf), 0, version=1, leaf=leaf)]
    >>> print(verify_ledger([StoredRow(1, entry, leaf)], head=head, chains=chains).summary())
    1 entry in 1 stream re-read, 1 chain and 0 checkpoints compared, 0 signatures checked: everything holds
    >>> changed = entry.replace(b"2025-04-07", b"2025-04-08")
    >>> print(verify_ledger([StoredRow(1, changed, leaf)], head=head, chains=chains).findings[0])
    leaf-differs at position 1: the stored leaf hash is not that of the stored entry

Proved by tests/transparency/test_verify.py: each kind of change is planted in a sound ledger, found and named.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from ledger.transparency.chain import CHAIN_START, next_link
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import SealedEntry, parse_entry
from ledger.transparency.errors import EntryError, FormatError, SignatureError
from ledger.transparency.heads import CLOSED, Head, Heads
from ledger.transparency.names import EndedError, Name, opened
from ledger.transparency.note import NoteVerifier, encode_base64, parse_note
from ledger.transparency.tree import RightEdge, leaf_hash

__all__ = [
    "CODES",
    "Chain",
    "Finding",
    "KeptCheckpoint",
    "LedgerVerifier",
    "Report",
    "StoredChain",
    "StoredHead",
    "StoredRow",
    "verify_ledger",
]

CODES: Mapping[str, str] = MappingProxyType(
    {
        "position-missing": "positions before this one are not there",
        "position-out-of-order": "this position does not come after the one before it",
        "leaf-differs": "the stored leaf hash is not that of the stored entry",
        "entry-malformed": "the bytes are no sealed entry; which member, the message says",
        "row-differs": "a column stored beside the entry says something else than the entry",
        "fact-id-repeated": "an earlier entry has this fact id",
        "time-goes-back": "recorded before the entry before it",
        "version-differs": "not the next version of its stream",
        "previous-differs": "`previous` is not the leaf hash of the version before",
        "reference-ahead": "rests on, has seen or is decided under something not sealed before it",
        "heads-differ": "a closing sealed another size or other heads of chains than the entries before it make",
        "checkpoint-malformed": "a kept note is no checkpoint",
        "checkpoint-unsigned": "a kept note is not rightly signed by the log's known key",
        "checkpoint-lost": "signed under an earlier name of the log, of entries that name ended before: they are gone",
        "checkpoint-differs": "a kept checkpoint has another root, or its note another size or root",
        "checkpoint-out-of-order": "kept checkpoints were not given in order of size; nothing was compared",
        "checkpoint-beyond-end": "a checkpoint is kept of more entries than there are: the tail is cut",
        "head-size-differs": "the stored head has another size",
        "head-edge-differs": "the stored head has another right edge",
        "head-root-differs": "the stored head has another root",
        "chain-differs": "a stored chain head is not what the entries make it",
        "chain-unknown": "a stored chain head of an id that no entry names",
        "chain-missing": "no chain head is stored for an id that entries name",
    }
)
"""Every code a finding can have, and what it means."""


# --- what is stored ------------------------------------------------------------------------------------------


class StoredRow(NamedTuple):
    """One entry as stored. Columns that repeat what can be had from the bytes are compared where given: the leaf
    hash by itself, stream and version together."""

    position: int
    entry: bytes
    leaf: bytes | None = None
    stream: str | None = None
    version: int | None = None


class StoredChain(NamedTuple):
    """The head of one id's chain as stored: n entries, c_n, the leaf index of the last one; and as a stream, if
    it is one, its last version and that version's leaf hash (0 and None if it is none)."""

    id: str
    n: int
    chain: bytes
    last: int
    version: int
    leaf: bytes | None


class StoredHead(NamedTuple):
    """The head of the log as stored; edge as ``RightEdge.to_bytes`` writes it."""

    size: int
    edge: bytes | None = None
    root: bytes | None = None


class KeptCheckpoint(NamedTuple):
    """A checkpoint as kept: its root, its signed note, or both."""

    size: int
    root: bytes | None = None
    note: str | None = None


# --- what is found -------------------------------------------------------------------------------------------


class Finding(NamedTuple):
    """One thing that does not hold, and its place: position (from 1) and stream or id, where it has them."""

    code: str
    message: str
    position: int | None = None
    stream: str | None = None

    def __str__(self) -> str:
        """As a line to print: code, place, message."""
        place = f" at position {self.position}" if self.position is not None else ""
        stream = f" in {self.stream}" if self.stream is not None else ""
        return f"{self.code}{place}{stream}: {self.message}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification re-read, compared and found. ``found`` counts also findings beyond those kept."""

    findings: tuple[Finding, ...]
    found: int
    size: int
    root: bytes
    entry_bytes: int
    streams: int
    chains: int
    checkpoints: int
    signatures: int
    first_recorded: str | None
    last_recorded: str | None
    since: int = 0  # entries at the beginning that were not read again

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.found

    def summary(self) -> str:
        """The result in one sentence, with the first finding if there is one."""
        verdict = "everything holds" if self.ok else f"{_some(self.found, 'finding')}, the first: {self.findings[0]}"
        after = f" after the first {self.since:,}, which were not," if self.since else ""
        return (
            f"{_some(self.size - self.since, 'entry')} in {_some(self.streams, 'stream')} re-read{after or ','} "
            f"{_some(self.chains, 'chain')} and {_some(self.checkpoints, 'checkpoint')} compared, "
            f"{_some(self.signatures, 'signature')} checked: {verdict}"
        )


def _some(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"


# --- the oracle ----------------------------------------------------------------------------------------------


def verify_ledger(
    rows: Iterable[StoredRow],
    *,
    head: StoredHead | None = None,
    chains: Iterable[StoredChain] | None = None,
    checkpoints: Iterable[KeptCheckpoint] = (),
    origin: str = "",
    verifiers: Sequence[NoteVerifier] = (),
    earlier: Sequence[Name] = (),
    limit: int = 100,
) -> Report:
    """Re-read a whole ledger: rows in order of position, checkpoints in order of size, chains in any order.

    What is not given is not compared; with ``verifiers`` every kept note must be signed by the log of ``origin``, or
    under one of its ``earlier`` names. At most ``limit`` findings are kept, always the first. Raises nothing for what
    is wrong with the ledger: that is what the report is for.
    """
    verifier = LedgerVerifier(checkpoints=checkpoints, origin=origin, verifiers=verifiers, earlier=earlier, limit=limit)
    verifier.add(rows)
    return verifier.finish(head=head, chains=chains)


class Chain:
    """What the entries so far make of one id; without any: n 0, last -1, version 0."""

    __slots__ = ("chain", "last", "leaf", "n", "version")

    def __init__(self) -> None:
        """Of no entry yet."""
        self.n, self.chain, self.last = 0, CHAIN_START, -1
        self.version, self.leaf = 0, None

    n: int
    chain: bytes
    last: int
    version: int
    leaf: bytes | None


class LedgerVerifier:
    """A verification under way: ``add`` rows as they come, in order of position, then ``finish`` once."""

    # Leaves are hashed into the tree by the thousand: that is one node hash a leaf instead of a walk for each.
    _BATCH = 4096

    def __init__(
        self,
        *,
        checkpoints: Iterable[KeptCheckpoint] = (),
        origin: str = "",
        verifiers: Sequence[NoteVerifier] = (),
        earlier: Sequence[Name] = (),
        limit: int = 100,
    ) -> None:
        """As for ``verify_ledger``."""
        self._names = [*earlier, Name(origin, verifiers)] if verifiers else []
        self._limit = max(limit, 1)
        self._findings: list[Finding] = []
        self._found = 0
        self._edge, self._pending = RightEdge(), list[bytes]()
        self._position: int = 0
        self._chains: dict[str, Chain] = {}
        self._heads, self._moved = Heads(), set[str]()
        self._fact_ids: set[bytes] = set()
        self._recorded = ""
        self._first_recorded: str | None = None
        self._bytes = self._checkpoints = self._signatures = self._compared = 0
        self._kept: Iterator[KeptCheckpoint] = iter(checkpoints)
        self._next = next(self._kept, None)
        self._compare_checkpoints()

    def add(self, rows: Iterable[StoredRow]) -> None:
        """Re-read these entries."""
        for position, data, stored_leaf, stream, version in rows:
            if position != self._position + 1:
                self._misplaced(position)
            self._position = max(position, self._position)
            self._bytes += len(data)
            leaf = leaf_hash(data)
            if stored_leaf is not None and stored_leaf != leaf:
                self._find("leaf-differs", CODES["leaf-differs"], position, stream)
            try:
                entry = parse_entry(data)
            except EntryError as error:
                self._find("entry-malformed", str(error), position, stream)
            else:
                if stream is not None and (stream, version) != (entry["stream"], entry["version"]):
                    self._find("row-differs", f"stored as {stream} version {version}", position, entry["stream"])
                self._entry(position, entry, leaf)
            self._pending.append(leaf)
            if self._next is not None and self._next.size <= self._size:
                self._compare_checkpoints()
            elif len(self._pending) >= self._BATCH:
                self._grow()

    def finish(self, *, head: StoredHead | None = None, chains: Iterable[StoredChain] | None = None) -> Report:
        """Compare what the entries made with the stored head and chain heads, and report."""
        self._grow()
        while self._next is not None:
            message = f"a checkpoint of {self._next.size} entries is kept, and there are {self._size}"
            self._find("checkpoint-beyond-end", message, self._next.size)
            self._next = next(self._kept, None)
        if head is not None:
            self._compare_head(head)
        if chains is not None:
            self._compare_chains(chains)
        return Report(
            findings=tuple(self._findings),
            found=self._found,
            size=self._size,
            root=self._edge.root(),
            entry_bytes=self._bytes,
            streams=sum(chain.version > 0 for chain in self._chains.values()),
            chains=self._compared,
            checkpoints=self._checkpoints,
            signatures=self._signatures,
            first_recorded=self._first_recorded,
            last_recorded=self._recorded or None,
        )

    @property
    def _size(self) -> int:
        return self._edge.size + len(self._pending)

    def _grow(self) -> None:
        self._edge = self._edge.extend(self._pending)
        self._pending.clear()

    def _find(self, code: str, message: str, position: int | None = None, stream: str | None = None) -> None:
        self._found += 1
        if len(self._findings) < self._limit:
            self._findings.append(Finding(code, message, position, stream))

    # --- one entry -------------------------------------------------------------------------------------------

    def _misplaced(self, position: int) -> None:
        expected = self._position + 1
        if position < expected:
            self._find("position-out-of-order", f"comes after position {self._position}", position)
        else:
            missing = range(expected, position)
            gap = f"position {expected} is" if len(missing) == 1 else f"positions {expected} to {missing[-1]} are"
            self._find("position-missing", f"{gap} not there", position)

    def _entry(self, position: int, entry: SealedEntry, leaf: bytes) -> None:
        """What one entry says of itself and its stream, against everything before it."""
        stream = entry["stream"]
        if entry["type"] == CLOSED[1] and stream == CLOSED[0]:
            self._check_closing(position, entry)
        fact_id = bytes.fromhex(entry["id"].replace("-", ""))
        if fact_id in self._fact_ids:
            self._find("fact-id-repeated", f"an earlier entry has the fact id {entry['id']}", position, stream)
        self._fact_ids.add(fact_id)

        # Both have six digits of a second and end in Z, so the order of the texts is the order of the times.
        recorded = entry["recorded"]
        if recorded < self._recorded:
            message = f"recorded {recorded}, after an entry recorded {self._recorded}"
            self._find("time-goes-back", message, position, stream)
        self._recorded = recorded
        if self._first_recorded is None:
            self._first_recorded = recorded

        own = self._link(stream, position, leaf)
        version = entry["version"]
        if version != own.version + 1:
            self._not_next(own, version, position, stream)
        elif own.leaf is not None and entry["previous"] != encode_base64(own.leaf):
            self._not_after(own, position, stream)
        own.version, own.leaf = version, leaf
        for other in entry.get("about", ()):
            self._link(other, position, leaf)
        self._check_references(position, entry)

    def _not_next(self, own: Chain, version: int, position: int, stream: str) -> None:
        message = f"version {version}, where version {own.version + 1} comes next"
        self._find("version-differs", message, position, stream)

    def _not_after(self, own: Chain, position: int, stream: str) -> None:
        message = f"`previous` is not the leaf hash of version {own.version}"
        self._find("previous-differs", message, position, stream)

    def _begun(self, name: str) -> Chain:
        """The chain of an id that is met for the first time."""
        del name
        return Chain()

    def _chain(self, name: str) -> Chain:
        chain = self._chains.get(name)
        if chain is None:
            chain = self._chains[name] = self._begun(name)
        return chain

    def _link(self, name: str, position: int, leaf: bytes) -> Chain:
        chain = self._chain(name)
        self._moved.add(name)
        index = max(position - 1, 0)  # no entry lies before the first: found already, and nothing to fall over
        chain.n, chain.chain, chain.last = chain.n + 1, next_link(chain.chain, index, leaf), index
        return chain

    def _check_closing(self, position: int, entry: SealedEntry) -> None:
        """The heads of all chains before it; the work is in proportion to how many moved since the closing before."""
        moved = ((name, self._chains[name]) for name in self._moved)
        try:
            self._heads = self._heads.updated({name: Head(chain.n, chain.chain, chain.last) for name, chain in moved})
        except FormatError as error:  # positions so wrong that no map can be made of them
            self._find("heads-differ", str(error), position, CLOSED[0])
            return
        self._moved.clear()
        values = entry.get("values", {})
        size, heads, root = values.get("size"), values.get("heads"), encode_base64(self._heads.root)
        if (size, heads) != (position - 1, root):
            message = f"it closed {size} entries with heads {heads}; there are {position - 1}, with heads {root}"
            self._find("heads-differ", message, position, CLOSED[0])

    def _check_references(self, position: int, entry: SealedEntry) -> None:
        named = [*entry.get("rests_on", ()), entry.get("release", 0)]
        if seen := entry.get("seen"):
            named.append(seen["position"])
        if max(named) >= position:
            message = f"refers to position {max(named)}, not sealed before it"
            self._find("reference-ahead", message, position, entry["stream"])

    # --- what is stored beside the entries -------------------------------------------------------------------

    def _compare_checkpoints(self) -> None:
        """Compare every kept checkpoint up to the size reached so far."""
        self._grow()
        while (kept := self._next) is not None and kept.size <= self._edge.size:
            self._next = next(self._kept, None)
            if kept.size < self._edge.size:
                message = f"the checkpoint of size {kept.size} was given after size {self._edge.size} was reached"
                self._find("checkpoint-out-of-order", message, kept.size)
                continue
            self._checkpoints += 1
            root = self._edge.root()
            if kept.root is not None and kept.root != root:
                message = f"kept with root {kept.root.hex()}, the entries make {root.hex()}"
                self._find("checkpoint-differs", message, kept.size)
            if kept.note is not None:
                self._compare_note(kept.note, kept.size, root)

    def _compare_note(self, note: str, size: int, root: bytes) -> None:
        try:
            checkpoint = self._open(note)
        except EndedError as error:
            self._find("checkpoint-lost", str(error), size)
        except SignatureError as error:
            self._find("checkpoint-unsigned", str(error), size)
        except FormatError as error:
            self._find("checkpoint-malformed", str(error), size)
        else:
            if (checkpoint.size, checkpoint.root) != (size, root):
                message = f"its note says size {checkpoint.size}, root {checkpoint.root.hex()}, not {root.hex()}"
                self._find("checkpoint-differs", message, size)

    def _open(self, note: str) -> Checkpoint:
        if not self._names:
            return Checkpoint.parse(parse_note(note).text)
        self._signatures += 1
        return opened(note, self._names)

    def _compare_head(self, head: StoredHead) -> None:
        if head.size != self._edge.size:
            message = f"the head says {head.size}, and there are {self._edge.size} entries"
            self._find("head-size-differs", message, head.size)
        if head.edge is not None and head.edge != self._edge.to_bytes():
            self._find("head-edge-differs", "the head's right edge is not the one the entries make", head.size)
        root = self._edge.root()
        if head.root is not None and head.root != root:
            message = f"the head's root is {head.root.hex()}, the entries make {root.hex()}"
            self._find("head-root-differs", message, head.size)

    def _compare_chains(self, stored: Iterable[StoredChain]) -> None:
        missing = set(self._chains)
        for row in stored:
            self._compared += 1
            missing.discard(row.id)
            chain = self._chains.get(row.id)
            if chain is None:
                self._find("chain-unknown", CODES["chain-unknown"], row.last + 1, row.id)
                continue
            made = StoredChain(row.id, chain.n, chain.chain, chain.last, chain.version, chain.leaf)
            if made != row:
                differs = [name for name in row._fields if getattr(row, name) != getattr(made, name)]
                message = f"its stored {', '.join(differs)}: not what {chain.n} entries make"
                self._find("chain-differs", message, chain.last + 1, row.id)
        for name in sorted(missing):
            self._find("chain-missing", CODES["chain-missing"], self._chains[name].last + 1, name)
