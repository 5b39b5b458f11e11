"""The oracle with a quick way for entries in which there is nothing to find: the same report in a fraction of the time.

    reader = StretchReader()                                       anywhere: another process, and several of them
    stretch = reader.read(columns, verifier.sizes(first, last))
    if stretch is None or not verifier.take(stretch, reader_number):
        verifier.add(rows)                                         the same entries, one by one

Here is done what needs the order of all entries: chains, versions, the tree, what was kept of it. All that is done to
one entry by itself was done by the reader.

    >>> verifier = SwiftVerifier()
    >>> verifier.sizes(1, 1024)  # no checkpoint is kept that must be met on the way
    []
    >>> verifier.finish().summary()
    '0 entries in 0 streams re-read, 0 chains and 0 checkpoints compared, 0 signatures checked: everything holds'

Proved by tests/transparency/test_stretch.py: on any entries, sound or spoilt, both ways come to the same report.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.transparency.names import Name
from ledger.transparency.note import NoteVerifier
from ledger.transparency.stretch import LINK, PREVIOUS, STRETCH, Stretch
from ledger.transparency.tree import HASH_SIZE, RightEdge, node_hash
from ledger.transparency.verify import Chain, KeptCheckpoint, LedgerVerifier

__all__ = ["SwiftVerifier"]


@dataclass(slots=True)
class _Met:
    """The ids that a reader has met, by their numbers, and their chains as far as they have one."""

    names: list[str] = field(default_factory=list[str])
    chains: list[Chain | None] = field(default_factory=list[Chain | None])


class SwiftVerifier(LedgerVerifier):
    """A verification under way to which stretches may be given, in order of position, as well as rows."""

    def __init__(
        self,
        *,
        checkpoints: Sequence[KeptCheckpoint] = (),
        origin: str = "",
        verifiers: Sequence[NoteVerifier] = (),
        earlier: Sequence[Name] = (),
        limit: int = 100,
    ) -> None:
        """As for ``verify_ledger``; the checkpoints in order of size."""
        super().__init__(checkpoints=checkpoints, origin=origin, verifiers=verifiers, earlier=earlier, limit=limit)
        self._sizes = [each.size for each in checkpoints]
        self._met: dict[int, _Met] = {}

    def sizes(self, first: int, last: int) -> list[int]:
        """The sizes from ``first`` to ``last`` at which a reader must give the edge: those of checkpoints."""
        return sorted(set(self._sizes[bisect_left(self._sizes, first) : bisect_right(self._sizes, last)]))

    def take(self, stretch: Stretch, reader: int) -> bool:
        """Take these entries as read; False if the oracle must read them, for something among them may not hold.

        ``stretch`` is the next that the reader of this number made, and was asked for ``sizes``.
        """
        met = self._met.setdefault(reader, _Met())
        met.names += stretch.names
        met.chains += [None] * len(stretch.names)
        self._grow()
        whole = self._edge
        if not (whole.size == self._position == stretch.first - 1 and whole.size % STRETCH == 0):
            return False  # something before it is missing, or too much
        asked = [each.size + whole.size for each in stretch.edges]
        if not set(self.sizes(stretch.first, asked[-1])).issubset(asked):
            return False
        ids = set(stretch.fact_ids)
        if stretch.recorded[0] < self._recorded or len(ids) != stretch.size or not ids.isdisjoint(self._fact_ids):
            return False

        self._fact_ids |= ids
        self._first_recorded = self._first_recorded or stretch.recorded[0]
        self._recorded = stretch.recorded[1]
        self._bytes += stretch.entry_bytes
        edges = {each.size: each for each in stretch.edges}
        closings = dict(stretch.closings)
        before = 0
        for until in sorted({*edges, *closings}):
            self._follow(stretch, met, range(before, until))
            before, self._position = until, whole.size + until
            if until in edges:
                self._edge = _beside(whole, edges[until])
                self._compare_checkpoints()
            if until in closings:
                self._check_closing(self._position + 1, closings[until])
        return True

    def _follow(self, stretch: Stretch, met: _Met, places: range) -> None:
        """The streams and chains of some entries of a stretch."""
        chains, links, previous = met.chains, stretch.links, stretch.previous
        part = slice(places.start, places.stop)
        streams, abouts = stretch.streams[part], stretch.about[part]
        self._moved.update(map(met.names.__getitem__, set(streams).union(*set(abouts))))
        rows = zip(places, streams, stretch.versions[part], abouts, strict=True)
        for place, number, version, about in rows:
            link = links[LINK * place : LINK * place + LINK]
            index = stretch.first + place - 1
            own = chains[number] or self._first_met(met, number)
            own.n += 1
            own.chain = sha256(b"\x22" + own.chain + link).digest()  # next_link, written out: the path is hot
            own.last = index
            if version != own.version + 1:
                self._not_next(own, version, index + 1, met.names[number])
            elif own.leaf is not None and own.leaf != previous[PREVIOUS * place : PREVIOUS * place + HASH_SIZE]:
                self._not_after(own, index + 1, met.names[number])
            own.version, own.leaf = version, link[8:]
            for each in about:
                other = chains[each] or self._first_met(met, each)
                other.n += 1
                other.chain = sha256(b"\x22" + other.chain + link).digest()
                other.last = index

    def _first_met(self, met: _Met, number: int) -> Chain:
        chain = met.chains[number] = self._chain(met.names[number])
        return chain


def _beside(left: RightEdge, right: RightEdge) -> RightEdge:
    """The edge of a tree with another behind it, no larger than a stretch; its size is a multiple of one."""
    if right.size < STRETCH:
        return RightEdge(left.size + right.size, left.hashes + right.hashes)
    hashes, made, size = list(left.hashes), right.hashes[0], left.size // STRETCH
    while size & 1:
        made, size = node_hash(hashes.pop(), made), size >> 1
    return RightEdge(left.size + right.size, (*hashes, made))
