"""Two records of one person: merged they are read as one, separated again as before (events.md 9, GEN-06).

    of_one_person("offender-1", facts)       every record that is the same person's, itself among them
    Persons(facts)                           the same for whoever asks about many: `records`, and the one that `leads`
    as_one("offender-1", histories)          their facts in order of position, as if told of one record
    whole("offender-1", look)                the case a decision is taken on

`facts`: those that merge and separate (MERGING), in order of position; those of one chain do, for each stands in both.
Every fact stays on the stream it was sealed on, and who asks about either record is shown the facts of both.  Which
records are one person's is no matter of days: what is known of it counts for every day that is asked about.

The texts say no more than that views of either id lead to both; the rest is our reading.  Facts told while two records
are merged stay where they were told when they are separated.
Proven by tests/importing/test_duplicates.py and tests/aggregates/test_merging.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.facts import PersonsMerged, PersonsSeparated
from ledger.aggregates.shape import Recorded

MERGING: Final = (PersonsMerged, PersonsSeparated)
PERSON: Final = "offender-"


class Persons:
    """Which records are of one person, by the facts that merge and separate them, in order of position.

    A question costs what the person's few records cost, however many were ever merged.
    """

    def __init__(self, facts: Iterable[Recorded[Any]] = ()) -> None:
        self._links = _links(facts)
        self._whose: dict[str, list[str]] = {}  # by record, those of its person: first the one that leads
        for one, other in self._links.values():
            joining, into = (self._whose.setdefault(each, [each]) for each in (one, other))
            if joining is not into:
                into += joining
                self._whose |= dict.fromkeys(joining, into)

    def leads(self, name: str) -> str:
        """The record that this one's person was merged into at last; itself if it was not."""
        return self._whose.get(name, (name,))[0]

    def records(self, name: str) -> frozenset[str]:
        """The records of the person this one is of."""
        return frozenset(self._whose.get(name, (name,)))

    def directly(self, name: str, other: str) -> bool:
        """Whether one of the two was merged into the other."""
        return frozenset((name, other)) in self._links


def _links(facts: Iterable[Recorded[Any]]) -> dict[frozenset[str], tuple[str, str]]:
    """Which record was merged into which, in order, but for those that were separated again.

    One that is merged into a second stays merged into the first: whoever said so took nothing back.
    """
    found: dict[frozenset[str], tuple[str, str]] = {}
    for each in facts:
        if isinstance(each.fact, PersonsMerged):
            other = f"{PERSON}{each.fact.into}"
            found.setdefault(frozenset((each.stream, other)), (each.stream, other))
        elif isinstance(each.fact, PersonsSeparated):
            found.pop(frozenset((each.stream, f"{PERSON}{each.fact.from_person}")), None)
    return found


def of_one_person(name: str, facts: Iterable[Recorded[Any]]) -> frozenset[str]:
    """The records of the person this one is of; who asks about many keeps `Persons`."""
    return Persons(facts).records(name)


def merging_in(*histories: Iterable[Recorded[Any]]) -> list[Recorded[Any]]:
    """The facts that merge and separate, of several chains, each once, in order."""
    found = {each.position: each for history in histories for each in history if isinstance(each.fact, MERGING)}
    return [found[position] for position in sorted(found)]


def as_one(name: str, histories: Mapping[str, Sequence[Recorded[Any]]]) -> list[Recorded[Any]]:
    """The facts of several records' chains, each once, in order of position, those of each told as of `name`.

    Those that merge and separate say whose they are: they stay.
    """
    found = {each.position: each for history in histories.values() for each in history}
    return [_told_of(name, found[position], histories) for position in sorted(found)]


def _told_of(name: str, record: Recorded[Any], records: Mapping[str, Any]) -> Recorded[Any]:
    if isinstance(record.fact, MERGING):
        return record
    if record.stream not in records and not any(each in records for each in record.about):
        return record
    stream = name if record.stream in records else record.stream
    about = {name if each in records else each for each in record.about} - {stream}
    return replace(record, stream=stream, about=tuple(sorted(about)))


Look = Callable[[Sequence[str]], Mapping[str, Any]]


def whole(name: str, look: Look) -> Any:
    """The state of a case with that of every record of the same person; facts keep the stream they were sealed on.

    `look` gives the states of the chains themselves, or raises Unread.
    """
    state = look((name,))[name]
    if not name.startswith(PERSON) or not state.merges:
        return state
    cases: dict[str, Case] = {name: state}
    while missing := of_one_person(name, merging_in(*(each.merges for each in cases.values()))) - cases.keys():
        cases |= look(sorted(missing))
    if len(cases) == 1:
        return state
    found = {each.position: each for case in cases.values() for each in case.history}
    return Case.fold([found[position] for position in sorted(found)])
