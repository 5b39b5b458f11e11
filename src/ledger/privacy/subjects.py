"""Whose keys an erasure destroys (CP-43): a person's own, and those of streams for texts on somebody they do not name.

    owners_of_child(child)      -> its own, and those of the entries, matters, cases and reviews it was ever in; a case
                                   that only names it in a line of its notebook (CP-39) keeps what it tells of others
    owners_of_subject(history, stream, subject_id, kind)       -> those of a subject of an offender's case

Proven by tests/aggregates/test_erasing.py and tests/erasing/test_subjects.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.aggregates.child.reach import told_of_in
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.offender.merging import merging_in, of_one_person
from ledger.aggregates.shape import Fact, Recorded, Subject, Whose
from ledger.privacy.owners import Owner, owner_of

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child

_CHILD: Final = "child"  # the retention class of all that is told of a child


def owners_of_child(child: Child) -> tuple[Owner, ...]:
    """The child first.  Of several children of a stream, the first to be erased takes the texts that name none with it.

    So the catalogue has it (*Whose text*): what names nobody may be about any of them.  Readings: what the child's own
    record tells of places, agencies and third parties (its key worker) goes too, for it is all about the child; so do
    the texts about children in a review that names the child, which a hold keeps while they are needed (SCR-05).
    """
    own = f"child-{child.child_id}"
    streams = sorted(told_of_in(child.history))
    others = sorted({Owner(own, "case"), *_third_parties(child.history, {own})})
    return (Owner(own, _CHILD), *(Owner(each, _CHILD) for each in streams), *others)


_ABOUT_THE_PERSON: Final = ("register-entry-", "child-protection-matter-")


def owners_of_subject(history: Sequence[Recorded[Any]], stream: str, subject_id: str, kind: str) -> tuple[Owner, ...]:
    """Of the case `stream` with this chain, which is whole: with every other record of the person.

    Texts about victims who are not named go with the first victim.  The person goes, in every record, with the texts of
    the case, of the entries and matters that are about nobody else, and with the third parties told of in them;
    children and named victims go by themselves, and what is sealed as of staff stays.
    An owner that never had a key does no harm: it never has one then.
    """
    if kind == "VICTIM":
        return (Owner(f"victim-{subject_id}", "victim"), Owner(stream, "victim"))
    if kind == "THIRD_PARTY":
        # With the case's own name: so it can be told which case it is, from the list of erasures alone.
        return (Owner(stream, "third-party"), *sorted(set(_third_parties(history, {stream}, subject_id))))
    records = of_one_person(stream, merging_in(history))
    streams = {*records, *_of_nobody_else(history, records)}
    texts = {Owner(each, "case") for each in streams}
    texts |= {Owner(each, of) for each in records for of in ("child", "victim")}
    return tuple(sorted(texts | set(_third_parties(history, streams))))


def _of_nobody_else(history: Sequence[Recorded[Any]], records: frozenset[str]) -> set[str]:
    found: dict[str, set[str]] = {}
    for each in history:
        if each.stream.startswith(_ABOUT_THE_PERSON):
            found.setdefault(each.stream, set()).update(one for one in each.about if one.startswith("offender-"))
    return {name for name, about in found.items() if about and about <= records}


def _third_parties(history: Sequence[Recorded[Any]], streams: set[str], told_in: str = "") -> Iterator[Owner]:
    """Those of facts of these streams, or of one fact of that id alone, and of what corrects it."""
    facts = {each.id: each for each in history if each.stream in streams}
    for each in facts.values():
        corrects = isinstance(each.fact, RecordCorrected)
        told = facts.get(each.fact.event_ref) if corrects else each
        if told is None or (told_in and told_in not in (each.id, told.id)):
            continue
        of: Fact = told.fact
        for name, whose in type(of).whose.items():
            if whose.subject is Subject.THIRD_PARTY:
                for one in _persons("corrected_value" if corrects else name, each.fact, whose):
                    yield owner_of(each.fact, each.id, each.stream, one, each.about)


def _persons(name: str, fact: Fact, whose: Whose) -> Iterator[Whose]:
    """Of several people in one list each has a key of their own (catalogue, *Whose text*)."""
    value: Any = getattr(fact, name)
    if isinstance(value, list):
        yield from (Whose(whose.subject, f"{name}/{index}") for index in range(len(cast("list[Any]", value))))
    else:
        yield whose
