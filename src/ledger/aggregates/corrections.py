"""Putting records right without overwriting them (GEN-06): corrections and strikings-out, in every stream.

    as_corrected(history)      the history as it is to be read: corrected values in place, struck-out facts gone

A correction holds for all dates from its recording on: give `as_corrected` the prefix known at a moment.  It may itself
be corrected or struck out: the latest word is applied first, so nothing it unsaid is applied at all.  Computed fields
are not trusted from a corrected fact: folds compute them anew.  Proven by tests/aggregates/test_corrections.py and
gen.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, cast

from pydantic import ConfigDict, JsonValue, StrictBool, TypeAdapter, ValidationError

from ledger.aggregates.roles import SENIOR_OR_ABOVE
from ledger.aggregates.shape import (
    OWN,
    Asked,
    Closed,
    Code,
    Fact,
    Id,
    Now,
    OwnText,
    Personal,
    Recorded,
    Text,
    Whole,
    Whose,
    blank,
)
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules.letters import TEMPLATE_STAYS

CorrectedValue = StrictBool | Whole | Text | list[JsonValue] | dict[str, JsonValue]


class RecordCorrected(
    Fact, topic="record.corrected.v1", command="CorrectRecord", who=("author-or-manager",), rules=("GEN-06",)
):
    """A field of an earlier record was wrong; this is what it should say.  Sealed as the field it corrects is."""

    event_ref: Id
    field: Code
    corrected_value: Annotated[Personal[CorrectedValue], OWN]
    reason: Annotated[OwnText, Asked("GEN-06", general.REASON_FOR_CORRECTION)]


class RecordStruckOut(
    Fact, topic="record.struck-out.v1", command="StrikeOutRecord", who=("author-or-manager",), rules=("GEN-06",)
):
    """An earlier record was made for the wrong person, or is not true at all."""

    event_ref: Id
    reason: Annotated[OwnText, Asked("GEN-06", general.REASON_FOR_CORRECTION)]


CORRECTIONS: Final[tuple[type[Fact], ...]] = (RecordCorrected, RecordStruckOut)
CORRECTING: Final = (RecordCorrected, RecordStruckOut)
# Struck out by a manager only (catalogue, section 5): judgements, and what was done about a breach.
MANAGERS_STRIKE: Final = frozenset(
    {
        "offender.absence-judged.v1",
        "offender.absence-rejudged.v1",
        "offender.breach-action-started.v1",
        "offender.breach-action-not-taken.v1",
        "offender.breach-outcome-recorded.v1",
    }
)

# ------------------------------------------------------------------------------------------ reading


def as_corrected(history: Sequence[Recorded[Any]]) -> list[Recorded[Any]]:
    """A known prefix as it is to be read: the surviving facts, corrected, in order; corrections themselves left out."""
    if not any(type(each.fact) in CORRECTING for each in history):
        return list(history)
    struck, changed = _last_words(history)
    return [
        _with_corrections(each, changed.get(each.id, {}))
        for each in history
        if each.id not in struck and type(each.fact) not in CORRECTING
    ]


def struck_out(history: Sequence[Recorded[Any]]) -> dict[str, int]:
    """Records struck out within a known prefix, by id: the position of the striking-out."""
    return _last_words(history)[0]


Changes = dict[str, dict[str, tuple[Any, int]]]  # record id -> field -> (value, position of the correction)


def _last_words(history: Sequence[Recorded[Any]]) -> tuple[dict[str, int], Changes]:
    """From the last record back: each correction is applied only if nothing later unsaid it, and the latest wins."""
    struck: dict[str, int] = {}
    changed: Changes = {}
    for each in reversed([each for each in history if type(each.fact) in CORRECTING]):
        if each.id in struck:
            continue
        match _with_corrections(each, changed.get(each.id, {})).fact:
            case RecordStruckOut() as fact:
                struck.setdefault(fact.event_ref, each.position)
            case RecordCorrected() as fact:
                fields = changed.setdefault(fact.event_ref, {})
                fields.setdefault(fact.field, (fact.corrected_value, each.position))
            case _:
                pass
    return struck, changed


def _with_corrections(record: Recorded[Any], fields: Mapping[str, tuple[Any, int]]) -> Recorded[Any]:
    for name, (value, position) in sorted(fields.items(), key=lambda each: each[1][1]):
        before: Fact = record.fact
        fact = before.completed(**{name: read_value(type(before), name, value)})
        told = fact.effective()
        record = record.with_fact(fact, record.effective if told is None else told, position)
    return record


# ------------------------------------------------------------------------------------------ values of fields


@cache
def _adapter(fact_class: type[Fact], name: str) -> TypeAdapter[Any]:
    info = fact_class.model_fields[name]
    kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    return TypeAdapter(kind, config=ConfigDict(strict=True))


def read_value(fact_class: type[Fact], name: str, value: Any) -> Any:
    """A corrected value, as told in JSON, as the field holds it.  Raises ValidationError if it is none."""
    if _has_closed(value):
        return value
    adapter = _adapter(fact_class, name)
    try:
        return adapter.validate_json(json.dumps(value))
    except ValidationError:
        if not isinstance(value, str):
            raise
        return _read_as_text(adapter, value)


def _has_closed(value: Any) -> bool:
    """Of several people in one list each is sealed under a key of their own."""
    if isinstance(value, list):
        return any(isinstance(each, Closed) for each in cast("list[Any]", value))
    return isinstance(value, Closed)


def _read_as_text(adapter: TypeAdapter[Any], value: str) -> Any:
    """A number, a yes or no, told as text ("90", "false"): corrections come from forms with one box."""
    try:
        return adapter.validate_json(value)
    except ValidationError:
        return adapter.validate_json(json.dumps(value))


def computed_fields(fact_class: type[Fact]) -> frozenset[str]:
    """Fields the ledger fills in: by computing, from the actor, from the target."""
    return frozenset(fact_class.supplied)


def _is_reference(fact_class: type[Fact], name: str) -> bool:
    """Whether a field names something: a case, a thing of it, or the field that an earlier correction was about."""
    if fact_class is RecordCorrected:
        return name in ("event_ref", "field")
    return name == "ref" or name.endswith(("_id", "_ids", "_ref", "_refs"))


# ------------------------------------------------------------------------------------------ refusing

# A setting decides cases from its recording on: put right by another change, with its author, reason and endorsements.
SETTING_STAYS: Final = "A changed setting is not corrected; change the setting again, with the reason."
_SETTINGS: Final = {"policy.setting-changed.v1": SETTING_STAYS, "policy.template-set.v1": TEMPLATE_STAYS}

Protects = Callable[[Recorded[Any]], Refusal | None]
Correcting = RecordCorrected | RecordStruckOut


def rule_on_correction(
    history: Sequence[Recorded[Any]], draft: Correcting, now: Now, protects: Protects
) -> tuple[list[Refusal], dict[str, Whose | None], tuple[int, ...]]:
    """Refusals for a correction or striking-out, the key its value goes under, and the position it rests on."""
    record = next((each for each in history if each.id == draft.event_ref), None)
    if record is None:
        return [_impossible(general.UNKNOWN.format(what="record", id=draft.event_ref))], {}, ()
    whose: dict[str, Whose | None] = {}
    stays = _SETTINGS.get(record.fact.topic)
    if stays is not None and (isinstance(draft, RecordCorrected) or now.actor.role not in record.fact.who):
        return [Refusal("GEN-09", stays, rule_book=False)], {}, (record.position,)
    if isinstance(draft, RecordCorrected):
        refusals = [*_not_theirs(record, now), *_no_value(*corrected_field(history, record, draft.field), draft, now)]
        whose = {"corrected_value": key_of(history, record, draft.field)}
    else:
        refusals = list(_not_to_be_struck(history, record, now, protects))
    return refusals, whose, (record.position,)


def key_of(history: Sequence[Recorded[Any]], record: Recorded[Any], name: str) -> Whose | None:
    """Under whose key a correction of this field is sealed: as the field; a correction's correction as its first."""
    told, field = corrected_field(history, record, name)
    fact: Fact = told.fact
    return type(fact).whose.get(field)


def corrected_field(history: Sequence[Recorded[Any]], record: Recorded[Any], name: str) -> tuple[Recorded[Any], str]:
    """The record and field that a correction is about in the end: the value of a correction is that of its field."""
    fact: Fact = record.fact
    if isinstance(fact, RecordCorrected) and name == "corrected_value":
        first = next((each for each in history if each.id == fact.event_ref), None)
        if first is not None:
            return corrected_field(history, first, fact.field)
    return record, name


@dataclass(frozen=True, slots=True)
class Amended:
    """A record as first told, and what it says as it reads today and as it would read with one correction more."""

    record: Recorded[Any]
    present: Fact
    corrected: Fact


def amended_by(history: Sequence[Recorded[Any]], draft: RecordCorrected, now: Now) -> Amended | None:
    """What a correction that may be made would make of its record; None where it is one of words about corrections."""
    named = next(each for each in history if each.id == draft.event_ref)
    record, _ = corrected_field(history, named, draft.field)
    if isinstance(record.fact, CORRECTING):
        return None
    position = history[-1].position + 1
    correction = Recorded(position, named.stream, 0, "", draft, now.moment, now.moment, now.actor)
    present, corrected = (
        _with_corrections(record, _last_words(each)[1].get(record.id, {})).fact
        for each in (history, [*history, correction])
    )
    return Amended(record, present, corrected)


def _impossible(message: str) -> Refusal:
    return Refusal("GEN-06", message, rule_book=False)


def _not_theirs(record: Recorded[Any], now: Now) -> Iterator[Refusal]:
    if record.by.id != now.actor.id and now.actor.role not in SENIOR_OR_ABOVE:
        yield Refusal("GEN-06", general.NOT_YOURS)


def _no_value(record: Recorded[Any], name: str, draft: RecordCorrected, now: Now) -> Iterator[Refusal]:
    """What is wrong with a corrected value of this field: `draft` may correct it through another correction."""
    fact: Fact = record.fact
    fact_class = type(fact)
    if name not in fact_class.model_fields:
        yield _impossible(general.NO_SUCH_FIELD.format(type=fact_class.__name__, field=name))
    elif name in computed_fields(fact_class) or _is_reference(fact_class, name):
        yield _impossible(general.NOT_CORRECTABLE.format(field=name))
    else:
        yield from _no_such_value(fact_class, name, draft.corrected_value, now)


def _no_such_value(fact_class: type[Fact], name: str, told: Any, now: Now) -> Iterator[Refusal]:
    try:
        value = read_value(fact_class, name, told)
    except ValidationError as error:
        yield _impossible(general.WRONG_TYPE.format(field=name, why=error.errors()[0]["msg"]))
        return
    asked = fact_class.asked.get(name)
    if asked is not None and blank(value):
        yield Refusal(asked.rule, asked.about([name]), rule_book=False)
    dated = name == fact_class.effective_field and isinstance(value, date | datetime)
    if dated and not fact_class.is_plan and general.in_the_future(value, now.moment):
        yield Refusal("GEN-05", general.FROM_THE_FUTURE, rule_book=False)


def _not_to_be_struck(
    history: Sequence[Recorded[Any]], record: Recorded[Any], now: Now, protects: Protects
) -> Iterator[Refusal]:
    if record.id in struck_out(history):
        yield _impossible(general.ALREADY_STRUCK)
    yield from _not_theirs(record, now)
    if record.fact.topic in MANAGERS_STRIKE and now.actor.role not in SENIOR_OR_ABOVE:
        yield Refusal("GEN-06", general.MANAGER_STRIKES)
    protected = protects(record)
    if protected is not None:
        yield protected
