r"""The sealed entry: the bytes of one fact that are hashed as a leaf, and what may be in them.

An entry is the RFC 8785 form (JSON Canonicalization Scheme) of one JSON object. No floats are allowed and
member names are ASCII, so that form is: UTF-8, members sorted, no white space, only the escapes JSON needs,
integers in decimal. ``parse_entry`` reads bytes only if writing them again gives the same bytes, so one fact
has one form. Limits: 65,535 bytes; objects and lists nested at most 16 deep, the entry itself the first;
500 items in a list; 32 KiB of UTF-8 in a text; integers within ±(2^53 - 1); member names ``[a-z0-9_/-]+``.

    entry        1, the version of this format                                                     required
    id           UUIDv7 of the fact, lower case                                                    required
    stream       the id whose history this is; ``[a-z0-9_-]+``                                     required
    version      1, 2, 3 … in its stream                                                           required
    previous     b64 leaf hash of the version before; null for version 1, never otherwise          required
    type         noun.fact.version: ``offender.absence-recorded.v1``                               required
    effective    when it happened: a day or an instant                                             required
    recorded     when it was sealed: an instant with six digits of a second                        required
    by           {"id", "role", "unit"}; the unit may be absent                                    required
    about        other ids whose state it moves: sorted, each once, never its own stream
    key          the command's key, a UUID of version 4 or 7
    caused_by    what caused it, a text
    marking      its protective marking, a text
    seen         {"position", "as_at", "known_at"}: the screen its author decided from; the times may be absent
    source       {"system", "recorded"}: where an imported fact comes from; the time may be absent
    under        rule editions, texts, each once
    policy       version of the stream ``policy`` it was decided under, 0 or more
    release      position of the release it was decided under, 1 or more
    rests_on     positions of the facts a decision rests on, each once
    values       an object of any JSON within the limits
    sealed       {path: [b64 commitment, key id]}

A day is ``2025-04-07``. An instant is UTC, ``2025-04-07T16:30:12Z``, with one to six digits of a second after
a point or none; in ``recorded`` always six, so that order of texts is order of times. b64 is the canonical
base64 of 32 bytes. Absent members are left out: nothing but ``previous`` is ever null, and no text, list or
object is empty, except inside ``values``.

    >>> entry = format_entry({
    ...     "entry": 1, "id": "019a0000-0000-7000-8000-000000000001", "stream": "offender-7", "version": 1,
    ...     "previous": None, "type": "offender.absence-recorded.v1", "effective": "2025-04-07",
    ...     "recorded": "2025-04-07T16:30:12.345678Z", "by": {"id": "s1", "role": "supervisor"},
    ...     "values": {"kind": "FTA", "date": "2025-04-07"}})
    >>> entry[:79]
    b'{"by":{"id":"s1","role":"supervisor"},"effective":"2025-04-07","entry":1,"id":"'
    >>> entry[115:]  # doctest: +NORMALIZE_WHITESPACE
    b'","previous":null,"recorded":"2025-04-07T16:30:12.345678Z","stream":"offender-7","type":"offender.absence-recorded.v1","values":{"date":"2025-04-07","kind":"FTA"},"version":1}'
    >>> parse_entry(entry)["values"]["kind"]
    'FTA'
    >>> parse_entry(entry.replace(b'"version":1', b'"version":1.0'))
    Traceback (most recent call last):
    ledger.transparency.errors.EntryError: version: expected an integer from 1
    >>> parse_entry(entry.replace(b',"version":', b', "version":'))
    Traceback (most recent call last):
    ledger.transparency.errors.EntryError: not in canonical form (RFC 8785)

Proved by tests/transparency/test_entry.py; that the canonical form is the one of the ``rfc8785`` package, and
of the standard library's ``json``, by the property tests in tests/transparency/test_canonical.py.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple, NotRequired, TypeAlias, TypedDict, cast

import orjson

from ledger.transparency.errors import EntryError, FormatError

__all__ = [
    "MAX_DEPTH",
    "MAX_ENTRY_BYTES",
    "MAX_INTEGER",
    "MAX_ITEMS",
    "MAX_TEXT_BYTES",
    "Json",
    "JsonValue",
    "SealedBy",
    "SealedEntry",
    "SealedSeen",
    "SealedSource",
    "canonical",
    "format_entry",
    "is_path",
    "parse_entry",
]

MAX_ENTRY_BYTES = 65_535
MAX_TEXT_BYTES = 32 * 1024
MAX_DEPTH = 16
MAX_ITEMS = 500
MAX_INTEGER = 2**53 - 1

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What may be written: lists or tuples, and dictionaries with names for keys."""

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What is read."""


class SealedBy(TypedDict):
    """Who recorded it: a random staff id, never a name."""

    id: str
    role: str
    unit: NotRequired[str]


class SealedSeen(TypedDict):
    """The screen the author decided from."""

    position: int
    as_at: NotRequired[str]
    known_at: NotRequired[str]


class SealedSource(TypedDict):
    """Where an imported fact comes from."""

    system: str
    recorded: NotRequired[str]


class SealedEntry(TypedDict):
    """The members of an entry as read; the module's docstring says what each is."""

    entry: Literal[1]
    id: str
    stream: str
    version: int
    previous: str | None
    type: str
    effective: str
    recorded: str
    by: SealedBy
    about: NotRequired[list[str]]
    key: NotRequired[str]
    caused_by: NotRequired[str]
    marking: NotRequired[str]
    seen: NotRequired[SealedSeen]
    source: NotRequired[SealedSource]
    under: NotRequired[list[str]]
    policy: NotRequired[int]
    release: NotRequired[int]
    rests_on: NotRequired[list[int]]
    values: NotRequired[dict[str, JsonValue]]
    sealed: NotRequired[dict[str, list[str]]]


# --- canonical JSON ------------------------------------------------------------------------------------------


def canonical(value: Json) -> bytes:
    """The RFC 8785 form of a value without floats. Raises FormatError for what the limits above do not allow.

    Limits on depth, items, texts, integers and names hold here too; the limit on bytes is the entry's own.
    """
    problem = _problem(value, MAX_DEPTH)
    if problem:
        raise FormatError(problem)
    return _dumps(value)


@lru_cache(maxsize=4096)  # the same few names stand in every entry
def is_path(path: str) -> bool:
    """Whether this may name a member or the path of a sealed value: ``[a-z0-9_/-]+``."""
    return _NAME.fullmatch(path) is not None


# A date or a data class is no JSON value: whoever writes one has to say how.
_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)


def _dumps(value: object) -> bytes:
    """Canonical if the value has no floats and only ASCII names: then sorting by bytes is RFC 8785's order."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError as error:  # half a surrogate pair, which UTF-8 cannot write
        raise FormatError(f"cannot be written as JSON: {error}") from error


def _problem(value: object, depth: int) -> str | None:
    """What is wrong with a JSON value in which ``depth`` more levels of objects and lists may be nested."""
    if isinstance(value, str):
        # No character takes more than four bytes, so only a long text needs counting.
        too_long = len(value) > MAX_TEXT_BYTES // 4 and _utf8_length(value) > MAX_TEXT_BYTES
        return f"a text of more than {MAX_TEXT_BYTES} bytes" if too_long else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        within = -MAX_INTEGER <= value <= MAX_INTEGER
        return None if within else "an integer not within ±(2^53 - 1)"
    if isinstance(value, dict):
        return _problem_in_object(cast("dict[object, object]", value), depth)
    if isinstance(value, list | tuple):
        return _problem_in_list(cast("Sequence[object]", value), depth)
    return f"a {type(value).__name__} where JSON without floats is expected"


def _problem_in_object(value: dict[object, object], depth: int) -> str | None:
    if not depth:
        return _TOO_DEEP
    for name, member in value.items():
        if not isinstance(name, str) or not is_path(name):
            return f"the member name {str(name)[:80]!r} is not of [a-z0-9_/-]+"
        if problem := _problem(member, depth - 1):
            return problem
    return None


def _problem_in_list(value: Sequence[object], depth: int) -> str | None:
    if not depth:
        return _TOO_DEEP
    if len(value) > MAX_ITEMS:
        return f"a list of {len(value)} items, more than {MAX_ITEMS}"
    for item in value:
        if problem := _problem(item, depth - 1):
            return problem
    return None


_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"


def _utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# --- members -------------------------------------------------------------------------------------------------
#
# The members as one grammar over canonical bytes. Each piece matches exactly one JSON value, so a match of the
# whole reads the entry from left to right in one way only; possessive quantifiers ("++") never try another, which
# would let a hostile text take for ever. The one open piece is `values`, checked as parsed instead.

_NAME = re.compile(r"[a-z0-9_/-]+")
_ID = rb'"[a-z0-9_-]++"'
_TEXT = rb'"(?:[^"\\]++|\\.)++"'
_COUNT = rb"(?:0|[1-9][0-9]{0,15})"  # that it is within 2^53 - 1 shows when it is written again
_POSITION = rb"[1-9][0-9]{0,15}"
# 32 bytes are 43 characters, the last of which carries four bits and two zero ones: one spelling only.
_HASH = rb'"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="'
_DAY = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SECOND = _DAY + rb"T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_MOMENT = rb'"(?:%b(?:\.[0-9]{1,6})?Z|%b)"' % (_SECOND, _DAY)


def _uuid(versions: bytes) -> bytes:
    return rb'"[0-9a-f]{8}-[0-9a-f]{4}-[%b][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"' % versions


def _list(item: bytes) -> bytes:
    return rb"\[%b(?:,%b){0,%d}+\]" % (item, item, MAX_ITEMS - 1)


def _object(required: Mapping[str, bytes], optional: Mapping[str, bytes]) -> bytes:
    """An object of these members in order of their names; at least one is required.

    The last required member is always there: those before it bring the comma behind them, those after it the
    comma before them.
    """
    last = max(required)
    pieces: list[bytes] = []
    for name, value in sorted({**required, **optional}.items()):
        member = b'"%b":%b' % (name.encode(), value)
        group = member if name == last else b"(?:%b,)" % member if name < last else b"(?:,%b)" % member
        pieces.append(group + b"?" if name in optional else group)
    return rb"\{%b\}" % b"".join(pieces)


class _Member(NamedTuple):
    """The canonical bytes of a member's value, and what they are in words."""

    pattern: bytes
    words: str


_REQUIRED = {
    "entry": _Member(rb"1", "1, the format that is read here"),
    "id": _Member(_uuid(b"7"), "a UUID of version 7 in lower case"),
    "stream": _Member(_ID, "an id of [a-z0-9_-]+"),
    "version": _Member(_POSITION, "an integer from 1"),
    "previous": _Member(rb"(?:null|%b)" % _HASH, "null or the base64 of 32 bytes"),
    "type": _Member(rb'"[a-z0-9-]++\.[a-z0-9-]++\.v[1-9][0-9]*+"', "a type like noun.fact.v1"),
    "effective": _Member(_MOMENT, "a day or an instant in UTC"),
    "recorded": _Member(rb'"%b\.[0-9]{6}Z"' % _SECOND, "an instant in UTC with six digits of a second"),
    "by": _Member(
        _object({"id": _TEXT, "role": _TEXT}, {"unit": _TEXT}), "an object of texts: id, role and perhaps unit"
    ),
}
_OPTIONAL = {
    "about": _Member(_list(_ID), f"a list of 1 to {MAX_ITEMS} ids of [a-z0-9_-]+"),
    "key": _Member(_uuid(b"47"), "a UUID of version 4 or 7 in lower case"),
    "caused_by": _Member(_TEXT, "a text that is not empty"),
    "marking": _Member(_TEXT, "a text that is not empty"),
    "seen": _Member(
        _object({"position": _COUNT}, {"as_at": _MOMENT, "known_at": _MOMENT}),
        "an object of a position and perhaps as_at and known_at, days or instants",
    ),
    "source": _Member(
        _object({"system": _TEXT}, {"recorded": _MOMENT}),
        "an object of a system and perhaps recorded, a day or instant",
    ),
    "under": _Member(_list(_TEXT), f"a list of 1 to {MAX_ITEMS} texts"),
    "policy": _Member(_COUNT, "an integer from 0"),
    "release": _Member(_POSITION, "an integer from 1"),
    "rests_on": _Member(_list(_POSITION), f"a list of 1 to {MAX_ITEMS} integers from 1"),
    "values": _Member(rb"\{.+\}", "an object with members"),
    "sealed": _Member(
        rb'\{(?:"[a-z0-9_/-]++":\[%b,%b\](?:,(?!\})|(?=\})))++\}' % (_HASH, _TEXT),
        "an object with paths of [a-z0-9_/-]+, each with a commitment (the base64 of 32 bytes) and a key id",
    ),
}
_MEMBERS = {**_REQUIRED, **_OPTIONAL}
_NAMES = frozenset(_MEMBERS)
_GRAMMAR = re.compile(
    _object(
        {name: member.pattern for name, member in _REQUIRED.items()},
        {name: member.pattern for name, member in _OPTIONAL.items()},
    )
)


# --- entries -------------------------------------------------------------------------------------------------


def format_entry(entry: SealedEntry) -> bytes:
    """The bytes of this entry. Raises FormatError for members that ``parse_entry`` would not read again.

    A sequencer that knows its members to be right may concatenate the same bytes faster: in canonical order
    ``previous`` and ``recorded``, which only the lock knows, are neighbours.
    """
    data = _dumps(entry)
    parse_entry(data)
    return data


def parse_entry(data: bytes) -> SealedEntry:
    """The members of these entry bytes. Raises EntryError, saying which member, for bytes no entry has."""
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"{len(data)} bytes, more than {MAX_ENTRY_BYTES}")
    try:
        parsed: object = orjson.loads(data)
        written = _dumps(parsed)
    except FormatError as error:
        raise EntryError(str(error)) from error
    except orjson.JSONDecodeError as error:
        raise EntryError(f"not JSON: {error}") from error
    # The names are looked at beside the grammar because its open piece, `values`, could swallow a member behind it.
    if written != data or not _GRAMMAR.fullmatch(data) or not _NAMES.issuperset(cast("SealedEntry", parsed)):
        raise EntryError(_explain(parsed))
    entry = cast("SealedEntry", parsed)
    if problem := _contradiction(entry, len(data)):
        raise EntryError(problem)
    return entry


def _explain(parsed: object) -> str:
    """Why bytes that are JSON are not an entry: slow, and only called for bytes that are not.

    No value is shown: what was sealed by mistake should not travel on in a message.
    """
    if not isinstance(parsed, dict):
        return "not a JSON object"
    members = cast("dict[str, object]", parsed)
    for name, value in members.items():
        if name not in _MEMBERS:
            return f"{name[:80]!r} is no member of an entry"
        if not re.fullmatch(_MEMBERS[name].pattern, _dumps(value)):
            return f"{name}: expected {_MEMBERS[name].words}"
    missing = _REQUIRED.keys() - members.keys()
    return f"without {', '.join(sorted(missing))}" if missing else "not in canonical form (RFC 8785)"


def _contradiction(entry: SealedEntry, size: int) -> str | None:
    """What the grammar cannot see."""
    if (entry["version"] == 1) != (entry["previous"] is None):
        return "previous: null in version 1 and never otherwise"
    about = entry.get("about", ())
    if len(about) > 1 and any(left >= right for left, right in pairwise(about)):
        return "about: not sorted, each id once"
    if entry["stream"] in about:
        return "about: names its own stream"
    for name in ("under", "rests_on"):
        items = entry.get(name, ())
        if len(items) > 1 and len(set(items)) < len(items):
            return f"{name}: one of them twice"
    # Only an entry longer than the longest text can hold such a text outside `values`.
    limited = entry if size > MAX_TEXT_BYTES else entry.get("values")
    return _problem(limited, MAX_DEPTH if limited is entry else MAX_DEPTH - 1) or _no_moment(entry)


def _no_moment(entry: SealedEntry) -> str | None:
    """The first time in this entry that is in no calendar, such as 30 February."""
    moments: list[str | None] = [entry["effective"], entry["recorded"]]
    if seen := entry.get("seen"):
        moments += [seen.get("as_at"), seen.get("known_at")]
    if source := entry.get("source"):
        moments.append(source.get("recorded"))
    for moment in filter(None, moments):
        try:
            datetime.fromisoformat(moment)
        except ValueError:
            return f"{moment} is in no calendar"
    return None
