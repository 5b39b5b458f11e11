"""The erasure of a child's details as far as it can be thought out beforehand (CP-42 to CP-49, SCR-05, SCR-06).

    on_erasing(child, draft, now)                   may it be done, and whom it concerns
    asked_for(child, now), reach_now(child, now)    what the vault is told, for its journal and its holds
    lines_after(child, day, now)                    the lines it writes into the adults' notebooks (CP-44 to CP-47)

Whoever carries it out destroys first and records then, so nothing here says that it is done.  Two people are needed:
whoever gave a ground does not erase; where a release carries the erasure out, it is whoever ended the link that must be
another.  Proven by tests/aggregates/test_erasing.py and privacy.yaml.  Whose keys are destroyed: privacy/subjects.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.case_review.holds import EVERYWHERE, Hold, holds_of
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.child.reach import concerned, offenders_of, reach_of
from ledger.aggregates.offender.facts.file import NotebookEntryMade
from ledger.aggregates.shape import Decision, Now
from ledger.errors import Refusal
from ledger.privacy.holds import Reach
from ledger.rules import case_review, register
from ledger.rules.dates import london_day, printed
from ledger.rules.registry import labels

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child
    from ledger.aggregates.register_entry.entry import Entry, Ground

BY_RELEASE: Final = "system"  # the role in which a release carries out what waited for it


def on_erasing(child: Child, draft: ChildDataErased, now: Now) -> Ruling:
    """The ruling on an erasure of a child that is on record and not erased; what is computed only its doer knows."""
    entries = _entries(child, now)
    return Ruling(
        refusals=(
            *_held(child, now),
            *_still_registered(child, entries),
            *_not_two_people(child, entries, now),
            *_another_day(draft, now),
        ),
        about=tuple(sorted(concerned(child.history))),
        rests_on=tuple(sorted({at for each in entries for at in _rests_on(each, child)})),
    )


# ------------------------------------------------------------------------------------------ may it be done


def reach_now(child: Child, now: Now) -> Reach:
    """How far an erasure would reach, for the vault to hold against its holds."""
    offenders = offenders_of(child.history)
    others: Mapping[str, Any] = now.others(offenders) if offenders else {}
    return reach_of(child.history, child.child_id, {name: state.history for name, state in others.items()})


def covering(child: Child, now: Now) -> list[Hold]:
    """The holds that stand in the way (SCR-05)."""
    others: Mapping[str, Any] = now.others([*offenders_of(child.history), EVERYWHERE])
    reach = reach_now(child, now)
    found = holds_of(child.history, *(state.history for state in others.values()))
    return [each for each in found if each.covers(reach)]


def _held(child: Child, now: Now) -> Iterator[Refusal]:
    for each in covering(child, now):
        yield Refusal("SCR-05", case_review.ERASURE_IS_HELD.format(id=each.review_id))


def _entries(child: Child, now: Now) -> list[Entry]:
    """The entries that were made for the child, each from its own chain."""
    streams = [each.stream for each in child.entries.values() if child.child_id in each.child_ids]
    found: Mapping[str, Any] = now.others(streams) if streams else {}
    return [cast("Entry", found[each]) for each in streams]


def _still_registered(child: Child, entries: Iterable[Entry]) -> Iterator[Refusal]:
    """CP-42: the entry first, then the details; of the last child that means that the entry is closed."""
    for each in entries:
        ground = decisive(each, child.child_id)
        whole = ground is not None and ground.whole
        if child.child_id in each.registration.linked or (whole and each.registration.closed is None):
            yield Refusal("CP-42", register.STILL_REGISTERED)
            return


@dataclass(frozen=True, slots=True)
class Asked:
    """On which ground an erasure is asked for, and the two people: whoever gave it, and whoever sees to the end."""

    ground: str
    by: str
    approved_by: str


def asked_for(child: Child, now: Now) -> Asked | None:
    """What the journal is told: the first ground, over all entries, that somebody else gave; None where none did."""
    found = [each for entry in _entries(child, now) for each in _asked(entry, child.child_id, now)]
    told = sorted((each for each in found if each[1].by != each[1].approved_by), key=lambda each: each[0])
    return told[0][1] if told else None


def _asked(entry: Entry, child_id: str, now: Now) -> list[tuple[tuple[date, int], Asked]]:
    """Every ground that covers the child in an entry, with its day and position."""
    given = {each.position: each.by.id for each in entry.records}
    end = entry.registration.end_of(child_id)
    doer = end.by.id if end is not None and now.actor.role == BY_RELEASE else now.actor.id
    return [
        ((each.occurred_on, each.position), Asked(each.ground, given[each.position], doer))
        for each in entry.grounds()
        if child_id in each.children
    ]


def _not_two_people(child: Child, entries: Iterable[Entry], now: Now) -> Iterator[Refusal]:
    """In every entry of the child a ground was given, and by somebody else than whoever sees to the end of it."""
    told = [[asked for _, asked in _asked(each, child.child_id, now)] for each in entries]
    if not told or not all(told):
        yield Refusal("CP-41", register.NOTIFY_FIRST)
    elif any(all(each.by == each.approved_by for each in asked) for asked in told):
        yield Refusal("CP-41", register.ANOTHER_PERSON)


def _another_day(draft: ChildDataErased, now: Now) -> Iterator[Refusal]:
    """CP-44: the texts carry the actual date; a day to come is refused like any (GEN-05)."""
    today = london_day(now.moment)
    if draft.erased_on < today:
        yield Refusal("CP-44", register.THE_VERY_DAY.format(day=printed(today)))


def _rests_on(entry: Entry, child: Child) -> tuple[int, ...]:
    ground = decisive(entry, child.child_id)
    return entry.basis(ground) if ground is not None else ()


def decisive(entry: Entry, child_id: str) -> Ground | None:
    """Why a child left an entry: by the earliest ground for all that were linked then, else by the earliest of all."""
    found = [each for each in entry.grounds() if child_id in each.children]
    return next((each for each in found if each.whole), found[0] if found else None)


# ------------------------------------------------------------------------------------------ the notebooks


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the notebook of an adult, decided: `stream` is the adult's case."""

    stream: str
    decision: Decision


def lines_after(child: Child, day: date, now: Now) -> list[Line]:
    """The lines that an erasure on a day writes: one for each adult and text, about all the entries it completes.

    Of an entry whose other children still have their details there is none yet, and none where the day's is there.
    """
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in _entries(child, now):
        text = _text_after(entry, child.child_id, day)
        if text is not None:
            found.setdefault((f"offender-{entry.registration.offender_id}", text), []).append(entry)
    cases: Mapping[str, Any] = now.others([stream for stream, _ in found]) if found else {}
    numbers = {stream: _next_number(state) for stream, state in cases.items()}
    lines: list[Line] = []
    for (stream, text), entries in found.items():
        if cases[stream].erased is not None:
            continue  # nothing is written about whoever is erased as well
        fact = NotebookEntryMade(entry_no=numbers[stream], entered_on=day, text=register.written(text, day))
        numbers[stream] += 1
        decision = Decision(
            facts=(fact,),
            about=tuple(sorted(each.registration.stream for each in entries)),
            rests_on=tuple(sorted({at for each in entries for at in _rests_on(each, child)})),
            under=labels(NotebookEntryMade.rules),
        )
        lines.append(Line(stream, decision))
    return lines


def _text_after(entry: Entry, child_id: str, day: date) -> str | None:
    """The set text for the ground of all; the neutral line where others remain (CP-46)."""
    ground = decisive(entry, child_id)
    if ground is None or entry.written_on(ground) == day:
        return None
    if not ground.whole:
        return register.ONE_LEFT
    others = [each for each in ground.children if each != child_id]
    if any(entry.erased_on(each) is None and not entry.kept(each) for each in others):
        return None
    return register.TEXTS.get(ground.ground)


def _next_number(case: Any) -> int:
    told = (each.fact.entry_no for each in case.history if isinstance(each.fact, NotebookEntryMade))
    return max(told, default=0) + 1
