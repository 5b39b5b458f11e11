r"""A stretch of entries read at once: a quick way to know that there is nothing to find in them.

``StretchReader.read`` takes the stored bytes of some neighbouring entries and asks all that ``parse_entry`` and the
oracle (ledger.transparency.verify) ask of an entry by itself: its canonical form, its members, its leaf hash, the
columns beside it, what it refers to. It asks by the column instead of by the entry: one grammar over all lines, then
each member of all of them. What it gives is what only the order of all entries can tell: the leaves, and who is
concerned by which.

It never says what is wrong. Whatever is not plainly sound (also what is only rare: an escape in a text, a letter
beyond ASCII, an integer of sixteen digits) makes it give None, and the oracle reads these entries one by
one. So nothing can be found by this way that the oracle would not find, and what it accepts, the oracle accepts.

    >>> import struct
    >>> from ledger.transparency.entry import format_entry
    >>> from ledger.transparency.tree import leaf_hash
    >>> entry = format_entry({
    ...     "entry": 1, "id": "019a0000-0000-7000-8000-000000000001", "stream": "offender-7", "version": 1,
    ...     "previous": None, "type": "offender.absence-recorded.v1", "effective": "2025-04-07",
    ...     "recorded": "2025-04-07T16:30:12.345678Z", "by": {"id": "s1", "role": "supervisor"}})
    >>> moment = datetime(2025, 4, 7, 16, 30, 12, 345678, UTC) - datetime(2000, 1, 1, tzinfo=UTC)
    >>> stored = struct.pack(">q", moment // timedelta(microseconds=1))
    >>> columns = Columns(1, entry, leaf_hash(entry), b"offender-7", struct.pack(">q", 1), stored)
    >>> StretchReader().read(columns).names
    ['offender-7']
    >>> StretchReader().read(columns._replace(entries=entry.replace(b"04-07", b"04-08"))) is None
    True

Proved by tests/transparency/test_stretch.py: on any entries, sound or spoilt, both ways come to the same report.
"""

import re
import struct
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final, NamedTuple, cast
from uuid import UUID

import orjson

from ledger.transparency.entry import MAX_ITEMS, MAX_TEXT_BYTES, Json, SealedEntry, canonical, parse_entry
from ledger.transparency.heads import CLOSED
from ledger.transparency.tiles import HEIGHT
from ledger.transparency.tree import RightEdge, grow

__all__ = ["LINK", "PREVIOUS", "STRETCH", "Beside", "Columns", "Stretch", "StretchReader", "beside_of"]

STRETCH: Final = 1024
"""Entries of a stretch: a perfect subtree, if it begins where one does, and four tiles."""

LINK: Final = 40
"""Bytes that an entry adds to a chain: the leaf index and the leaf hash."""

PREVIOUS: Final = 33
"""Bytes of a leaf hash in ``Stretch.previous``: 32 and a zero."""


class Columns(NamedTuple):
    """What is stored of neighbouring entries, from position ``first`` on, each column as one run of bytes."""

    first: int
    entries: bytes  # one a line
    leaves: bytes  # 32 bytes each
    streams: bytes  # one a line
    versions: bytes  # 8 bytes each
    recorded: bytes  # 8 bytes each: microseconds since 2000, as PostgreSQL counts


class Beside(NamedTuple):
    """What entries say must be stored beside them."""

    concerned: bytes  # digest over position and id of all that they are about, in order
    commands: bytes  # neighbours under one command's key: key, first, last position; 32 bytes each, in order
    ciphertexts: bytes  # position and key id of each, 24 bytes, in order


@dataclass(frozen=True, slots=True)
class Stretch:
    """What sound entries say that must be held against all before them. Ids are numbers in order of `names`."""

    first: int
    names: list[str]  # the ids that this reader meets for the first time; numbers go on from those it met before
    streams: list[int]
    versions: list[int]
    previous: bytes  # of PREVIOUS bytes each; zeros where there is none
    about: list[tuple[int, ...]]
    links: bytes  # of LINK bytes each
    fact_ids: list[bytes]
    recorded: tuple[str, str]  # of the first entry and of the last
    edges: list[RightEdge]  # of the tree over this stretch alone, at each size asked for and at its end
    entry_bytes: int
    subtrees: list[bytes]  # roots over each 256 of them, if the first of them is a first of 256 in the log
    closings: list[tuple[int, SealedEntry]]  # those among them, and how many entries come before
    beside: Beside

    @property
    def size(self) -> int:
        """How many entries."""
        return len(self.streams)


# --- the grammar of a line -----------------------------------------------------------------------------------
#
# Looser than that of an entry where a column is looked at afterwards, stricter where something is rare. Without
# backslashes and control characters a text is whatever stands between two quotation marks.

_TEXT = rb'"[^"]++"'
_NUMBER = rb"[1-9][0-9]{0,14}"
_PIECES = {
    b"text": _TEXT,
    b"texts": rb"%b(?:,%b)*+" % (_TEXT, _TEXT),
    # Its day is looked at afterwards: whether there is such a day.
    b"time": rb'"([0-9]{4}-[0-9]{2}-[0-9]{2})'
    rb'(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z)?"',
    b"number": _NUMBER,
    b"numbers": rb"%b(?:,%b)*+" % (_NUMBER, _NUMBER),
    b"count": rb"(?:0|%b)" % _NUMBER,
}
_LINE = re.compile(
    rb'^\{(?:"about":\[(%(texts)b)\],)?'
    rb'"by":\{"id":%(text)b,"role":%(text)b(?:,"unit":%(text)b)?\},'
    rb'(?:"caused_by":%(text)b,)?'
    rb'"effective":%(time)b,"entry":1,"id":"(.{36})",'
    rb'(?:"key":"(.{36})",)?'
    rb'(?:"marking":%(text)b,)?'
    rb'(?:"policy":%(count)b,)?'
    rb'"previous":(?:null|"(.{43})="),"recorded":"(.{27})",'
    rb'(?:"release":(%(number)b),)?'
    rb'(?:"rests_on":\[(%(numbers)b)\],)?'
    rb'(?:"sealed":\{([^}]++)\},)?'
    rb'(?:"seen":\{(?:"as_at":%(time)b,)?(?:"known_at":%(time)b,)?"position":(%(count)b)\},)?'
    rb'(?:"source":\{(?:"recorded":%(time)b,)?"system":%(text)b\},)?'
    rb'"stream":"([^"]++)","type":"([^"]++)"'
    rb'(?:,"under":\[(%(texts)b)\])?'
    rb'(?:,"values":(\{[^\n]+\}))?'
    rb',"version":(%(number)b)\}$' % _PIECES,
    re.MULTILINE | re.DOTALL,
)
_PLAIN = bytes(range(0x20, 0x7F)).replace(b"\\", b"") + b"\n"
_DIGITS = b"0123456789"
_HEX = b"0123456789abcdef"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_OF_BASE64 = b"AEIMQUYcgkosw048"  # the last of the characters that stand for 32 bytes
_NO_HASH = b"A" * 44
_ID = re.compile(rb"[a-z0-9_-]+")
_TYPE = re.compile(rb"[a-z0-9-]+\.[a-z0-9-]+\.v[1-9][0-9]*")
_PATH = re.compile(rb"[a-z0-9_/-]+")
_RECORDED = b"0000-00-00T00:00:00.000000Z"
_MARKS = [(at, mark) for at, mark in enumerate(_RECORDED) if mark != ord("0")]
_PARTS_OF_RECORDED = struct.Struct("19sx6sx")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_SCALAR = rb'(?:"[^"]*+"|0|-?[1-9][0-9]{0,14}|true|false|null)'
_REMEMBERED = 100_000  # of what may come again
_LAYOUTS = 16  # of the values of one type
_CLOSED = (CLOSED[0].encode(), CLOSED[1].encode())


class _NotPlainError(Exception):
    """Something that the oracle has to look at."""


def _plainly(holds: object) -> None:
    if not holds:
        raise _NotPlainError


# --- reading -------------------------------------------------------------------------------------------------


class StretchReader:
    """Reads stretches one after the other, and gives each id a number when it first meets it."""

    def __init__(self) -> None:
        """Nothing is met yet."""
        self._numbers: dict[bytes, int] = {}
        self._untold: list[bytes] = []  # those of them that no stretch has told yet
        self._about: dict[bytes, tuple[int, ...]] = {b"": ()}
        self._sound: dict[str, set[bytes]] = {"day": {b""}, "type": set(), "under": {b""}, "path": set()}
        self._layouts: dict[bytes, list[Callable[[bytes], object]]] = {}

    def read(self, columns: Columns, sizes: Sequence[int] = ()) -> Stretch | None:
        """What these entries say, if there is nothing to find in them; None where the oracle has to read them.

        ``sizes`` are those of the whole log, rising and within the stretch, at which its edge is asked for.
        """
        try:
            return self._read(columns, sizes)
        except (_NotPlainError, ValueError, OverflowError, struct.error):
            return None

    def _read(self, columns: Columns, sizes: Sequence[int]) -> Stretch:
        first, data = columns.first, columns.entries
        lines = data.split(b"\n")
        _plainly(not data.translate(None, _PLAIN) and max(map(len, lines)) <= MAX_TEXT_BYTES)
        found = cast("list[tuple[bytes, ...]]", _LINE.findall(data))
        _plainly(len(found) == len(lines))
        (
            about, effective, ids, keys, previous, recorded, releases, rests, sealed,
            as_at, known_at, seen, source, streams, types, under, values, versions,
        ) = zip(*found, strict=True)  # fmt: skip

        leaves = [sha256(b"\x00" + line).digest() for line in lines]
        numbers = list(map(int, versions))
        _plainly(b"".join(leaves) == columns.leaves and b"\n".join(streams) == columns.streams)
        _plainly(_packed(numbers) == columns.versions)
        _plainly(_recorded(recorded) == columns.recorded)
        _plainly(list(map(b"1".__eq__, versions)) == list(map(b"".__eq__, previous)))
        _check_hashes([text for text in previous if text])
        self._check("day", _check_day, {*effective, *as_at, *known_at, *source})
        self._check("type", _check_type, set(types))
        self._check("under", _check_under, set(under))
        _check_references(first, releases, rests, seen)
        self._check_values(types, values)
        ciphertexts = self._ciphertexts(first, sealed)
        own, named = self._concerned(streams, about)
        fact_ids, commands = _uuids(ids, b"7"), _commands(first, keys)
        concerned = _digest_of_concerned(first, about, named)
        edges, subtrees = _edges(leaves, [size - first + 1 for size in sizes])
        kinds = enumerate(zip(streams, types, strict=True)) if _CLOSED[1] in types else ()
        closings = [(place, parse_entry(lines[place])) for place, both in kinds if both == _CLOSED]
        names, self._untold = self._untold, []  # nothing can fail from here on: what is told once is told
        return Stretch(
            first=first,
            names=[name.decode() for name in names],
            streams=own,
            versions=numbers,
            previous=a2b_base64(b"".join([text + b"A" if text else _NO_HASH for text in previous])),
            about=named,
            links=_side_by_side((8, _packed(range(first - 1, first - 1 + len(lines)))), (32, columns.leaves)),
            fact_ids=fact_ids,
            recorded=(recorded[0].decode(), recorded[-1].decode()),
            edges=edges,
            entry_bytes=len(data) - len(lines) + 1,
            subtrees=subtrees,
            closings=closings,
            beside=Beside(concerned, commands, ciphertexts),
        )

    def _check(self, kind: str, check: Callable[[bytes], None], column: set[bytes]) -> None:
        """Each of these that was not looked at before."""
        sound = self._sound[kind]
        if unknown := column - sound:
            for each in unknown:
                check(each)
            if len(sound) > _REMEMBERED:
                sound.clear()
            sound |= unknown | {b""}

    def _concerned(self, streams: Sequence[bytes], about: Sequence[bytes]) -> tuple[list[int], list[tuple[int, ...]]]:
        numbers, known = self._numbers, self._about
        own = [numbers.get(name, -1) for name in streams]
        if -1 in own:
            own = [self._number(name) for name in streams]
        if len(known) > _REMEMBERED:
            known.clear()
            known[b""] = ()
        for each in set(about) - known.keys():
            names = each[1:-1].split(b'","')
            _plainly(len(names) <= MAX_ITEMS and names == sorted(set(names)))
            known[each] = tuple(map(self._number, names))
        named = [known[each] for each in about]
        _plainly(not any(stream in others for stream, others in zip(own, named, strict=True) if others))
        return own, named

    def _number(self, name: bytes) -> int:
        number = self._numbers.get(name)
        if number is None:
            _plainly(_ID.fullmatch(name))
            number = self._numbers[name] = len(self._numbers)
            self._untold.append(name)
        return number

    def _check_values(self, types: Sequence[bytes], values: Sequence[bytes]) -> None:
        """The values of one type are nearly always laid out alike, and a layout that was sound once is so again."""
        for kind, data in zip(types, values, strict=True):
            if not data:
                continue
            layouts = self._layouts.setdefault(kind, [])
            for fits in layouts:
                if fits(data):
                    break
            else:
                value: object = orjson.loads(data)
                # As deep in the entry as it is: a level below.
                _plainly(canonical(cast("Json", {"values": value})) == b'{"values":%b}' % data)
                _plainly(isinstance(value, dict))
                if len(layouts) < _LAYOUTS:
                    layouts.append(re.compile(_layout(value)).fullmatch)

    def _ciphertexts(self, first: int, sealed: Sequence[bytes]) -> bytes:
        """The sealed values of all entries at once: ``"path":["commitment","key id"]``, and a line for each entry."""
        positions = [position for position, each in enumerate(sealed, first) if each]
        if not positions:
            return b""
        pieces = b"\n".join(filter(None, sealed)).split(b'"')
        ends = pieces[6::6]
        _plainly(len(pieces) % 6 == 1 and not pieces[0] and ends.pop() == b"]" and set(ends) <= {b"],", b"]\n"})
        _plainly(set(pieces[2::6]) == {b":["} and set(pieces[4::6]) == {b","})
        paths, commitments = pieces[1::6], pieces[3::6]
        self._check("path", _check_path, set(paths))
        _plainly(set(map(len, commitments)) == {44} and b"".join(commitments)[43::44] == b"=" * len(commitments))
        _check_hashes([each[:43] for each in commitments])
        texts = pieces[5::6]
        known = list(set(texts))
        keys = dict(zip(known, _uuids(known), strict=True))
        # Behind each value but the last of an entry comes another path, which must be a later one.
        _plainly(all(one < other for (one, other), end in zip(pairwise(paths), ends, strict=True) if end == b"],"))
        counts = [each.count(b":[") for each in sealed if each]
        places = [position for position, count in zip(positions, counts, strict=True) for _ in range(count)]
        lines = ends.count(b"]\n") + 1
        _plainly(len(places) == len(texts) and lines == len(positions))
        rows = _side_by_side((8, _packed(places)), (16, b"".join(map(keys.__getitem__, texts))))
        return b"".join(sorted({rows[at : at + 24] for at in range(0, len(rows), 24)}))


# --- columns -------------------------------------------------------------------------------------------------


def _uuids(texts: Sequence[bytes], versions: bytes = _HEX) -> list[bytes]:
    """UUIDs of these versions, in lower case, as 16 bytes each; of any version whatever variant they are."""
    _plainly(set(map(len, texts)) <= {36})
    joined, count = b"".join(texts), len(texts)
    _plainly(joined.translate(None, _HEX) == b"----" * count)
    _plainly(all(joined[at::36] == b"-" * count for at in (8, 13, 18, 23)))
    if versions is not _HEX:
        _plainly(not joined[14::36].translate(None, versions) and not joined[19::36].translate(None, b"89ab"))
    data = bytes.fromhex(joined.replace(b"-", b"").decode())
    return [data[at : at + 16] for at in range(0, len(data), 16)]


def _check_hashes(texts: Sequence[bytes]) -> None:
    """43 characters of base64 each."""
    joined = b"".join(texts)
    _plainly(not joined.translate(None, _BASE64) and not joined[42::43].translate(None, _LAST_OF_BASE64))


def _recorded(texts: Sequence[bytes]) -> bytes:
    """Times that never go back, as PostgreSQL stores them."""
    joined, count = b"".join(texts), len(texts)
    _plainly(joined.translate(None, _DIGITS) == _RECORDED.translate(None, _DIGITS) * count)
    _plainly(all(joined[at::27] == bytes((mark,)) * count for at, mark in _MARKS))
    _plainly(sorted(texts) == list(texts))
    seconds = {
        each: (datetime.fromisoformat(each.decode() + "Z") - _EPOCH) // _SECOND * 1_000_000
        for each in {text[:19] for text in texts}
    }
    pairs = cast("Iterator[tuple[bytes, bytes]]", _PARTS_OF_RECORDED.iter_unpack(joined))
    return _packed([seconds[second] + int(rest) for second, rest in pairs])


def _check_day(text: bytes) -> None:
    date.fromisoformat(text.decode())


def _check_type(text: bytes) -> None:
    _plainly(_TYPE.fullmatch(text))


def _check_under(texts: bytes) -> None:
    editions = texts[1:-1].split(b'","')
    _plainly(len(set(editions)) == len(editions) <= MAX_ITEMS)


def _check_path(text: bytes) -> None:
    _plainly(_PATH.fullmatch(text))


def _check_references(first: int, releases: Sequence[bytes], rests: Sequence[bytes], seen: Sequence[bytes]) -> None:
    """Nothing refers to itself or to what comes after it."""
    for column in (releases, seen):
        if max(map(int, {*column, b"0"} - {b""})) >= first:
            _plainly(all(int(each or 0) < position for position, each in enumerate(column, first)))
    for position, each in enumerate(rests, first):
        if b"," in each:
            named = list(map(int, each.split(b",")))
            _plainly(max(named) < position and len(set(named)) == len(named) <= MAX_ITEMS)
        elif each:
            _plainly(int(each) < position)


def _layout(value: object) -> bytes:
    """What matches the canonical form of values like this one, and nothing that is none."""
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        return rb"\{%b\}" % b",".join(b'"%b":%b' % (name.encode(), _layout(member)) for name, member in sorted(members))
    if isinstance(value, list):
        items = cast("list[object]", value)
        if any(isinstance(item, dict | list) for item in items):
            return rb"\[%b\]" % b",".join(map(_layout, items))
        return rb"\[(?:%b(?:,%b){0,%d}+)?\]" % (_SCALAR, _SCALAR, MAX_ITEMS - 1)
    return _SCALAR


def _edges(leaves: Sequence[bytes], sizes: Sequence[int]) -> tuple[list[RightEdge], list[bytes]]:
    """The edge at each size and at the end, and the roots of the tiles."""
    edge, edges, roots = RightEdge(), list[RightEdge](), list[bytes]()
    for size in (*sizes, len(leaves)):
        if size > edge.size:
            edge, rows = grow(edge, leaves[edge.size : size])
            edges.append(edge)
            roots += [each for row in rows if row.level == HEIGHT for each in row.hashes]
    return edges, roots


def beside_of(first: int, entries: Sequence[SealedEntry]) -> Beside:
    """The same of entries that the oracle has read. Raises ValueError where a key id is no UUID."""
    keys = [entry.get("key", "").encode() for entry in entries]
    about = [entry.get("about", []) for entry in entries]
    ciphertexts = {
        position.to_bytes(8) + UUID(pair[1]).bytes
        for position, entry in enumerate(entries, first)
        for pair in entry.get("sealed", {}).values()
    }
    return Beside(
        _digest_of_concerned(first, [b'"%b"' % '","'.join(each).encode() if each else b"" for each in about], about),
        _commands(first, keys),
        b"".join(sorted(ciphertexts)),
    )


def _digest_of_concerned(first: int, about: Sequence[bytes], named: Sequence[Sequence[object]]) -> bytes:
    positions = _packed([position for position, each in enumerate(named, first) for _ in each])
    names = b"\n".join(filter(None, about)).replace(b'"\n"', b"\n").replace(b'","', b"\n")
    return sha256(positions + names[1:-1]).digest()


def _commands(first: int, keys: Sequence[bytes]) -> bytes:
    starts = [0, *(at for at, (one, other) in enumerate(pairwise(keys), 1) if one != other), len(keys)]
    runs = [(keys[start], start + first, end + first - 1) for start, end in pairwise(starts) if keys[start]]
    if not runs:
        return b""
    drawn, begun, ended = zip(*runs, strict=True)
    return _side_by_side((16, b"".join(_uuids(drawn, b"47"))), (8, _packed(begun)), (8, _packed(ended)))


def _packed(numbers: Iterable[int]) -> bytes:
    """8 bytes each, big endian."""
    given = list(numbers)
    return struct.pack(f">{len(given)}q", *given)


def _side_by_side(*columns: tuple[int, bytes]) -> bytes:
    """Rows of columns that are so many bytes wide."""
    width = sum(wide for wide, _ in columns)
    made = bytearray(width * (len(columns[0][1]) // columns[0][0]))
    at = 0
    for wide, data in columns:
        for byte in range(wide):
            made[at::width] = data[byte::wide]
            at += 1
    return bytes(made)
