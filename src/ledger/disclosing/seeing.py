"""A case as a reader's role may see it: values of classes that are not the role's are shut before anything is folded.

    opens = classes_for(by, history)                 the classes this reader may read of this case
    seen(case, records, opens, needed)               the same facts, with every other value shut
    of_whole_files(by)                               the same of several cases together
    told(answer, case, records, opens)               the answer, without those that a fold had to read all the same

A fold needs some values to come to a state or a flag (`needed`, by topic: a level of risk, a gender): they stay in it,
and what follows from them is everybody's, but they are not printed.  What is shut prints as `[sealed]`; what is erased
still says so.  Pure; proven in every role by tests/api/test_who_sees_what.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.facts import PractitionerAssigned
from ledger.aggregates.shape import CLOSED, Actor, Closed, Erased, Fact, History, Recorded, Subject
from ledger.disclosing.classing import Classing
from ledger.disclosing.table import OF_ASSIGNED, FieldClass, may_read

Needed = Mapping[str, Collection[str]]
Classes = frozenset[FieldClass]
EVERYTHING: Final[Classes] = frozenset(FieldClass)
_WHOLE_FILE: Final[Classes] = EVERYTHING - {FieldClass.VICTIM, FieldClass.STAFF}
_ALL_BUT_VICTIMS: Final = EVERYTHING - {FieldClass.VICTIM}


def classes_for(by: Actor | None, history: Sequence[Recorded[Any]]) -> Classes:
    """What this reader may read of a case with these facts, all that are known now; the ledger's own program (None)
    everything."""
    if by is None:
        return EVERYTHING
    own = by.role in OF_ASSIGNED and by.id in assigned(history)
    opens = may_read(by.role, own=own)
    return EVERYTHING if opens == _ALL_BUT_VICTIMS and not of_victims(history) else opens


def assigned(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    """Whose case it is now, by staff id: of each order the last who was made responsible, and whoever is involved.

    Who was responsible before is not any more, looking back either; as in view `allocation`, whoever was involved and
    then responsible has left with the responsibility.  DP-03 says *offender manager*; the rest is our reading.
    """
    return history.once("assigned", lambda: _assigned(history)) if isinstance(history, History) else _assigned(history)


def of_whole_files(by: Actor | None) -> Classes:
    """What this reader may read of several cases told together: whoever may not read all that a file holds beside what
    is of victims and staff is shown no sealed value, for whose each is, one case alone would tell."""
    classes = EVERYTHING if by is None else may_read(by.role, own=False)
    return classes if classes >= _WHOLE_FILE else frozenset()


def _assigned(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    told = [each for each in as_corrected(history) if isinstance(each.fact, PractitionerAssigned)]
    found: dict[tuple[str, str], str] = {}
    for each in sorted(told, key=lambda each: (each.fact.on, each.position)):
        fact = each.fact
        involved = (fact.order_id, fact.staff_id)
        if fact.role == "RESPONSIBLE":
            found.pop(involved, None)
        found[(fact.order_id, "") if fact.role == "RESPONSIBLE" else involved] = fact.staff_id
    return frozenset(found.values())


def may_open(by: Actor | None, of: FieldClass | None = None) -> bool:
    """Whether any value, or any of a class, may be opened for this reader at all."""
    opens = EVERYTHING if by is None else may_read(by.role, own=True)
    return bool(opens) if of is None else of in opens


def of_victims(history: Iterable[Recorded[Any]]) -> bool:
    """Whether any fact holds a value about a victim; without one in a case no correction there holds one either."""
    kinds: set[type[Fact]] = {type(each.fact) for each in history}
    return any(each.subject is Subject.VICTIM for kind in kinds for each in kind.whose.values())


def seen(case: str, records: Sequence[Recorded[Any]], opens: Classes, needed: Needed) -> Sequence[Recorded[Any]]:
    """The facts of a chain as they are seen in a page about `case`; of a `History` it is made once."""
    if opens == EVERYTHING:
        return records
    if not isinstance(records, History):
        return _seen(case, records, opens, needed)
    resting_on = tuple((topic, *fields) for topic, fields in needed.items())
    return records.once(("seen", case, opens, resting_on), lambda: History(_seen(case, records, opens, needed)))


def _seen(case: str, records: Sequence[Recorded[Any]], opens: Classes, needed: Needed) -> list[Recorded[Any]]:
    classing = _classing(case, records)
    shown: list[Recorded[Any]] = []
    for each in records:
        fact = each.fact
        shut = {
            name: _shut(getattr(fact, name))
            for name in _hidden(classing, each, opens)
            if not _is_needed(classing, each, name, needed)
        }
        shown.append(replace(each, fact=fact.completed(**shut)) if shut else each)
    return shown


def told(answer: dict[str, Any], case: str, records: Sequence[Recorded[Any]], opens: Classes) -> dict[str, Any]:
    """An answer whose `events` print nothing of other classes, though a fold has read it."""
    if opens == EVERYTHING or not answer.get("events"):
        return answer
    classing, by_position = _classing(case, records), {each.position: each for each in records}
    events = [
        {**each, "values": _without(each["values"], set(_hidden(classing, by_position[each["position"]], opens)))}
        for each in answer["events"]
    ]
    return {**answer, "events": events}


def _without(values: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    return {name: str(CLOSED) if name in hidden else value for name, value in values.items()}


def _classing(case: str, records: Sequence[Recorded[Any]]) -> Classing:
    return Classing(case, {each.id: each for each in records}, {})


def _hidden(classing: Classing, record: Recorded[Any], opens: Classes) -> Iterator[str]:
    """The fields of a fact that could be read and are of none of these classes."""
    fact: Fact = record.fact
    for name in type(fact).whose:
        value = getattr(fact, name)
        if value is None or isinstance(value, Closed) or classing.is_clear(record, name):
            continue
        if classing.class_of(record, name) not in opens:
            yield name


def _is_needed(classing: Classing, record: Recorded[Any], name: str, needed: Needed) -> bool:
    """Whether folds rest on it; a corrected value is needed where the field is that it corrects."""
    fact: Any = record.fact
    if isinstance(fact, RecordCorrected) and name == "corrected_value":
        target = classing.by_id.get(fact.event_ref)
        return target is not None and str(fact.field) in needed.get(target.fact.topic, ())
    return name in needed.get(fact.topic, ())


def _shut(value: Any) -> Any:
    """What stands for a value; of a list about several people one for each."""
    if isinstance(value, list):
        return [each if isinstance(each, Erased) else CLOSED for each in cast("list[Any]", value)]
    return CLOSED
