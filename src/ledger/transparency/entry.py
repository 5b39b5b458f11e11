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
    values       any JSON within the limits
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
    ledger.transparency.errors.EntryError: version: not an integer from 1
    >>> parse_entry(entry.replace(b',"version":', b', "version":'))
    Traceback (most recent call last):
    ledger.transparency.errors.EntryError: not in canonical form (RFC 8785)

Proved by tests/transparency/test_entry.py; that the canonical form is the one of the ``rfc8785`` package, and
of the standard library's ``json``, by the property tests in tests/transparency/test_canonical.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NotRequired, TypeAlias, TypedDict, cast

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

_NAME = re.compile(r"[a-z0-9_/-]+")
_ID = re.compile(r"[a-z0-9_-]+")
_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+\.v[1-9][0-9]*")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID4_OR_7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# 32 bytes are 43 characters, the last of which carries four bits and two zero ones: one spelling only.
_HASH = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_RECORDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")

Check = Callable[[object], str | None]
"""Says what is wrong with a member's value, as the end of a sentence that begins with its name."""


def _matching(pattern: re.Pattern[str], words: str) -> Check:
    matches = pattern.fullmatch
    return lambda value: None if isinstance(value, str) and matches(value) else f"not {words}"


def _moment(pattern: re.Pattern[str], words: str) -> Check:
    matches, read = pattern.fullmatch, datetime.fromisoformat

    def check(value: object) -> str | None:
        try:
            return None if isinstance(value, str) and matches(value) and read(value) else f"not {words}"
        except ValueError:
            return f"{value} is in no calendar"

    return check


def _integer(least: int) -> Check:
    def check(value: object) -> str | None:
        return None if type(value) is int and least <= value <= MAX_INTEGER else f"not an integer from {least}"

    return check


def _text(value: object) -> str | None:
    return _problem(value, 0) if isinstance(value, str) and value else "not a text, or an empty one"


def _list_of(item: Check) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return "not a list, or an empty one"
        items = cast("list[object]", value)
        if len(items) > MAX_ITEMS:
            return f"a list of {len(items)} items, more than {MAX_ITEMS}"
        for found in items:
            if problem := item(found):
                return problem
        return None

    return check


def _object_of(members: Mapping[str, Check], required: Set[str]) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, dict):
            return _NO_OBJECT
        found = cast("dict[str, object]", value)
        for name, member in found.items():
            test = members.get(name)
            if test is None:
                return f"{name[:80]!r} is not one of its members"
            if problem := test(member):
                return f"{name}: {problem}"
        if required <= found.keys():
            return None
        return f"without {', '.join(sorted(required - found.keys()))}"

    return check


def _values(value: object) -> str | None:
    if not isinstance(value, dict) or not value:
        return _NO_OBJECT
    return _problem_in_object(cast("dict[object, object]", value), MAX_DEPTH - 1)


def _sealed(value: object) -> str | None:
    if not isinstance(value, dict) or not value:
        return _NO_OBJECT
    for path, pair in cast("dict[str, object]", value).items():
        if not is_path(path):
            return f"the path {path[:80]!r} is not of [a-z0-9_/-]+"
        if problem := _sealed_pair(pair):
            return f"{path}: {problem}"
    return None


def _sealed_pair(pair: object) -> str | None:
    items = cast("list[object]", pair) if isinstance(pair, list) else []
    if len(items) != 2:
        return "not a list of a commitment and a key id"
    return _hash(items[0]) or _text(items[1])


_NO_OBJECT = "not an object, or an empty one"
_hash = _matching(_HASH, "the base64 of 32 bytes")
_moment_of_event = _moment(re.compile(f"{_DAY.pattern}|{_INSTANT.pattern}"), "a day, nor an instant in UTC")
_MEMBERS: dict[str, Check] = {
    "entry": lambda value: None if type(value) is int and value == 1 else "not 1, the format this reads",
    "id": _matching(_UUID7, "a UUID of version 7 in lower case"),
    "stream": _matching(_ID, "an id of [a-z0-9_-]+"),
    "version": _integer(1),
    "previous": lambda value: None if value is None else _hash(value),
    "type": _matching(_TYPE, "a type like noun.fact.v1"),
    "effective": _moment_of_event,
    "recorded": _moment(_RECORDED, "an instant in UTC with six digits of a second"),
    "by": _object_of({"id": _text, "role": _text, "unit": _text}, {"id", "role"}),
    "about": _list_of(_matching(_ID, "an id of [a-z0-9_-]+")),
    "key": _matching(_UUID4_OR_7, "a UUID of version 4 or 7 in lower case"),
    "caused_by": _text,
    "marking": _text,
    "seen": _object_of(
        {"position": _integer(0), "as_at": _moment_of_event, "known_at": _moment_of_event}, {"position"}
    ),
    "source": _object_of({"system": _text, "recorded": _moment_of_event}, {"system"}),
    "under": _list_of(_text),
    "policy": _integer(0),
    "release": _integer(1),
    "rests_on": _list_of(_integer(1)),
    "values": _values,
    "sealed": _sealed,
}
_entry = _object_of(_MEMBERS, SealedEntry.__required_keys__)


# --- entries -------------------------------------------------------------------------------------------------


def format_entry(entry: SealedEntry) -> bytes:
    """The bytes of this entry. Raises EntryError for members that ``parse_entry`` would not read again.

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
    except orjson.JSONDecodeError as error:
        raise EntryError(f"not JSON: {error}") from error
    entry = cast("SealedEntry", parsed)
    if problem := _entry(parsed) or _contradiction(entry):
        raise EntryError(problem)
    # Finds white space, order, escapes, spellings of numbers and members given twice, all at once.
    if _dumps(parsed) != data:
        raise EntryError("not in canonical form (RFC 8785)")
    return entry


def _contradiction(entry: SealedEntry) -> str | None:
    """What no member shows by itself."""
    if (entry["version"] == 1) != (entry["previous"] is None):
        return "previous: null in version 1 and never otherwise"
    about = entry.get("about", ())
    if len(about) > 1 and any(left >= right for left, right in pairwise(about)):
        return "about: not sorted, each id once"
    if entry["stream"] in about:
        return "about: names its own stream"
    for name, items in (("under", entry.get("under", ())), ("rests_on", entry.get("rests_on", ()))):
        if len(set(items)) < len(items):
            return f"{name}: one of them twice"
    return None
