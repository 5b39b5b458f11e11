"""From a decided fact to an entry ready for sealing, and from stored bytes back to a fact (ledger-format.md, Entry).

An entry is canonical JSON.  `previous` and `recorded`, which only the sequencer knows, are neighbours in canonical
order, so what is made here are the bytes before and after them.  Clear values go into `values`, every other one into a
commitment under `sealed`, with its ciphertext beside the entry.

Proven by tests/store/test_mapping.py and, byte for byte, by tests/golden/.
"""

from __future__ import annotations

import os
import time as clocks
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast

import orjson

from ledger.aggregates import FACT_BY_TOPIC
from ledger.aggregates.immutable import immutable
from ledger.aggregates.shape import CLOSED, Actor, Closed, Fact, Recorded, Subject, Whose
from ledger.errors import UnknownFact
from ledger.privacy.canonical import canonical
from ledger.privacy.owners import Owner, owner_of
from ledger.privacy.sealing import DataKey, forms_of, seal_forms
from ledger.store.appending import Ciphertext, Pending
from ledger.store.facts import read_fact

T = TypeVar("T", str, int)

_AS_IT_IS: Final = frozenset({str, int, bool})
SOURCE_BY: Final = "source/by"  # the path under which who told it there is sealed


@immutable
class Envelope:
    """What a command adds to its facts: who, under which key, from which screen, under which policy and release."""

    by: Actor
    policy: int
    release: int | None = None
    key: str | None = None
    caused_by: str | None = None
    seen: Mapping[str, Any] | None = None
    source: Mapping[str, Any] | None = None  # {"system", "recorded"}: an imported fact
    source_sealed: Mapping[str, str] | None = None  # {"by", "ref"}: sealed as `source/by`, `source/ref`


@immutable
class Draft:
    """One decided fact on its way into the log.  Version 0: the next of its stream (ledger.store.appending.Pending)."""

    id: str
    stream: str
    version: int
    fact: Fact
    effective: date | datetime
    about: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    rests_on: tuple[int, ...] = ()
    marking: str | None = None
    whose: Mapping[str, Whose | None] | None = None


def fact_id(moment: datetime | None = None) -> str:
    """A UUID of version 7: milliseconds of the ledger's clock, then 74 random bits.  Never made from a name."""
    milliseconds = int(moment.timestamp() * 1000) if moment else clocks.time_ns() // 1_000_000
    drawn = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    drawn[6] = 0x70 | drawn[6] & 0x0F
    drawn[8] = 0x80 | drawn[8] & 0x3F
    text = drawn.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def plain(value: Any) -> Any:
    """A field's value as JSON: a day, an instant in UTC with six decimals, a time of day, or as it is."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes" if not value.second else "seconds")
    if isinstance(value, Closed):
        return str(value)
    return value


# ------------------------------------------------------------------------------------ writing


@immutable
class Parts:
    """The values of a fact as an entry treats them: the clear ones, and the others by the owner of their key."""

    clear: Mapping[str, Any]
    boxes: Mapping[Owner, Mapping[str, Any]]


def parts_of(draft: Draft, envelope: Envelope) -> Parts:
    """Part what is written in clear from what is sealed."""
    fact = draft.fact
    marked = {**type(fact).whose, **draft.whose} if draft.whose else type(fact).whose
    clear: dict[str, Any] = {}
    boxes: dict[Owner, dict[str, Any]] = {}
    for name, value in vars(fact).items():  # its fields and no more: what `given` asks pydantic for, ten times slower
        if value is None:
            continue
        whose = marked.get(name)
        if whose is None or value == []:
            clear[name] = value if type(value) in _AS_IT_IS else plain(value)
        elif isinstance(value, list) and whose.subject is Subject.THIRD_PARTY:
            for path, each in _by_person(name, cast("list[Any]", value)):
                owner = owner_of(fact, draft.id, draft.stream, Whose(whose.subject, path))
                boxes.setdefault(owner, {})[path] = plain(each)
        else:
            boxes.setdefault(owner_of(fact, draft.id, draft.stream, whose, draft.about), {})[name] = plain(value)
    for name, text in (envelope.source_sealed or {}).items():
        boxes.setdefault(Owner(draft.stream, "case"), {})[f"source/{name}"] = text
    return Parts(clear, boxes)


def _by_person(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """A list of several people: one sealed value per person, under a key of its own (catalogue, *Whose text*)."""
    for index, value in enumerate(values):
        yield f"{name}/{index}", value


class Unsealed(NamedTuple):
    """A fact on its way to the sequencer, but for its keys: all that costs thought is done, and nothing here is secret
    from whoever decided.  Plain bytes and texts, so that it may be made in one process and sealed in another."""

    id: str
    stream: str
    version: int
    about: tuple[str, ...]
    prefix: bytes  # the entry up to `previous`
    early: bytes  # members between `recorded` and `sealed`, without braces
    late: bytes  # members after `sealed`, without the first brace
    boxes: tuple[tuple[Owner, dict[str, bytes]], ...]  # canonical values by path, by the owner of their key


def unsealed(draft: Draft, envelope: Envelope, parts: Parts | None = None) -> Unsealed:
    """What can be done without keys.  Raises Malformed for a value that cannot be sealed."""
    parts = parts or parts_of(draft, envelope)
    about = tuple(sorted({*draft.about} - {draft.stream})) if draft.about else ()
    early = {"release": envelope.release, "rests_on": sorted(set(draft.rests_on))}
    return Unsealed(
        draft.id,
        draft.stream,
        draft.version,
        about,
        canonical(_before(draft, envelope, about))[:-1] + b",",
        canonical({name: value for name, value in early.items() if value})[1:-1],
        canonical(_after(draft, envelope, parts.clear))[1:],
        tuple((owner, forms_of(values)) for owner, values in parts.boxes.items()),
    )


def with_keys(origin: str, fact: Unsealed, keys: Mapping[Owner, DataKey]) -> Pending:
    """The entry but for what the sequencer knows, and its ciphertexts."""
    sealed: dict[str, bytes] = {}
    boxes: list[Ciphertext] = []
    for owner, forms in fact.boxes:
        key = keys[owner]
        commitments, box = seal_forms(origin, fact.id, key, forms)
        for path, text in commitments.items():
            sealed[path] = f'"{path}":["{text}","{key.id}"]'.encode()
        boxes.append(Ciphertext(box.key_id, box.nonce, box.data))
    # In canonical order, and each of them plain ASCII: written here as JSON would be.
    members = b'"sealed":{' + b",".join(sealed[path] for path in sorted(sealed)) + b"}" if sealed else b""
    suffix = b"".join(b"," + each for each in (fact.early, members, fact.late) if each)
    return Pending(fact.stream, fact.version, fact.prefix, suffix, fact.about, tuple(boxes))


def pending(
    origin: str, draft: Draft, envelope: Envelope, keys: Mapping[Owner, DataKey], parts: Parts | None = None
) -> Pending:
    """The entry but for what the sequencer knows, and its ciphertexts.  `parts`: if the caller has them already."""
    return with_keys(origin, unsealed(draft, envelope, parts), keys)


# An absent member is left out; an empty list or object says no more than its absence.


def _before(draft: Draft, envelope: Envelope, about: Sequence[str]) -> dict[str, Any]:
    """The members that sort before `previous`."""
    by = envelope.by
    members: dict[str, Any] = {
        "entry": 1,
        "id": draft.id,
        "effective": plain(draft.effective),
        "by": {"id": by.id, "role": by.role} if by.unit is None else {"id": by.id, "role": by.role, "unit": by.unit},
        "policy": envelope.policy,
    }
    if about:
        members["about"] = about
    if envelope.key is not None:
        members["key"] = envelope.key
    if envelope.caused_by is not None:
        members["caused_by"] = envelope.caused_by
    if draft.marking is not None:
        members["marking"] = draft.marking
    return members


def _after(draft: Draft, envelope: Envelope, clear: Mapping[str, Any]) -> dict[str, Any]:
    """The members that sort after `sealed`."""
    members: dict[str, Any] = {"stream": draft.stream, "type": type(draft.fact).topic}
    if draft.version:  # else the lock knows it
        members["version"] = draft.version
    if clear:
        members["values"] = clear
    if draft.under:
        members["under"] = sorted(set(draft.under))
    if envelope.seen:
        members["seen"] = envelope.seen
    if envelope.source:
        members["source"] = envelope.source
    return members


# ------------------------------------------------------------------------------------ reading


@immutable
class Stored:
    """An entry as read from its bytes: the envelope parsed, the fact not yet made."""

    position: int
    members: Mapping[str, Any]

    @classmethod
    def of(cls, position: int, entry: bytes) -> Stored:
        return cls(position, orjson.loads(entry))

    @property
    def type(self) -> str:
        return str(self.members["type"])

    @property
    def sealed(self) -> Mapping[str, Sequence[str]]:
        """(commitment, key id) by path."""
        return self.members.get("sealed", _NONE)


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
_NO_NAMES: Final[Sequence[str]] = ()


def recorded(stored: Stored, opened: Mapping[str, Any] | None = None) -> Recorded[Fact]:
    """The fact with its envelope.  Values in `opened` (by path) are read, the other sealed ones are CLOSED.

    Raises UnknownFact for a type that this release does not have.
    """
    members = stored.members
    fact_class = FACT_BY_TOPIC.get(members["type"])
    if fact_class is None:
        raise UnknownFact(
            f"The fact at position {stored.position} is of type {stored.type}; run the release that wrote it."
        )
    sealed, source = members.get("sealed"), members.get("source")
    values = {**members.get("values", _NONE), **_unsealed_values(sealed, opened)} if sealed else members.get("values")
    by = members["by"]
    return Recorded(
        stored.position,
        members["stream"],
        members["version"],
        members["id"],
        read_fact(fact_class, values or _NONE),
        _effective(members["effective"]),
        _instant(members["recorded"]),
        _actor(by["id"], by["role"], by.get("unit")),
        tuple(members.get("about", _NO_NAMES)),
        members.get("policy", 0),
        _instant(source["recorded"]) if source and "recorded" in source else None,
        tuple(members.get("under", _NO_NAMES)),
        tuple(members.get("rests_on", _NO_NAMES)),
        source_system=source["system"] if source else None,
        source_by=(opened or _NONE).get(SOURCE_BY, CLOSED) if sealed and SOURCE_BY in sealed else None,
    )


def _unsealed_values(sealed: Mapping[str, Any], opened: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an entry holds sealed, by field: opened, or CLOSED."""
    values: dict[str, Any] = {}
    people: dict[str, dict[int, Any]] = {}
    for path in sealed:
        value = opened.get(path, CLOSED) if opened else CLOSED
        if "/" not in path:
            values[path] = value
        elif not path.startswith("source/"):
            name, _, index = path.partition("/")
            people.setdefault(name, {})[int(index)] = value
    for name, found in people.items():
        values[name] = [found[index] for index in sorted(found)]
    return values


_actor: Final = lru_cache(maxsize=16_384)(Actor)  # the same few people, whoever reads
_instant: Final = lru_cache(maxsize=16_384)(datetime.fromisoformat)  # facts of one batch share theirs


def as_read(
    draft: Draft, envelope: Envelope, position: int, moment: datetime, opens: Collection[str]
) -> Recorded[Fact]:
    """A fact just sealed, exactly as `recorded` will read its entry with `opens` opened; without parsing it again.

    tests/store/test_mapping.py holds the two against each other for every type of fact.
    """
    fact = draft.fact
    marked = {**type(fact).whose, **draft.whose} if draft.whose else type(fact).whose
    shut = {
        name: _closed(value, marked[name])
        for name in marked
        if marked[name] is not None and name not in opens and (value := vars(fact).get(name)) is not None
    }
    return Recorded(
        position=position,
        stream=draft.stream,
        version=draft.version,
        id=draft.id,
        fact=fact.completed(**shut) if shut else fact,
        effective=draft.effective,
        recorded=moment,
        by=envelope.by,
        about=_in_order(draft.about),
        policy=envelope.policy,
        source_recorded=datetime.fromisoformat(envelope.source["recorded"]) if envelope.source else None,
        under=_in_order(draft.under),
        rests_on=_in_order(draft.rests_on),
        source_system=envelope.source["system"] if envelope.source else None,
        source_by=CLOSED if envelope.source_sealed and "by" in envelope.source_sealed else None,
    )


def _in_order(values: tuple[T, ...]) -> tuple[T, ...]:
    """Each of them once, sorted, as an entry holds them."""
    return tuple(sorted(set(values))) if len(values) > 1 else values


def _closed(value: Any, whose: Whose | None) -> Any:
    several = isinstance(value, list) and whose is not None and whose.subject is Subject.THIRD_PARTY
    return [CLOSED] * len(cast("list[Any]", value)) if several else CLOSED


def _effective(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == 10 else _instant(text)
