"""View `register`: what the child protection register holds of a person, and how far each entry is; its worklists.

    flags[]       code, field_no (None where the screen gives none), since
    entries[]     as recorded, with their reviews, children and de-registration (contract and scenarios' README)
    notebook[]    by day: the lines that were made, each with the children it names (CP-39), and the ends of links,
                  which are derived (CP-47)
    yellow_dot    True, False; None where the mark cannot be read
    dp_breach     of all entries the worst: possible-breach, deferred-under-hold, done; then the longest

Proven by tests/projections/test_register.py against a naive reading, and child-protection.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review.holds import Hold
from ledger.aggregates.child.child import Child
from ledger.aggregates.child.facts import ChildRecorded
from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.offender import OPENS as OFFENDER_OPENS
from ledger.aggregates.offender.case import TELLING_LEVEL, Case
from ledger.aggregates.offender.facts import NotebookEntryMade, OffenceRecorded
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.entry import Deregistration, Entry
from ledger.aggregates.register_entry.registrations import Registration, registrations_of
from ledger.aggregates.shape import Closed, Fact, Recorded
from ledger.projections.held import held_by
from ledger.projections.why import Row, explained
from ledger.projections.yellow_dot import yellow_dot
from ledger.rules import register
from ledger.rules.dates import day_of

OPENS: Final = {
    **OFFENDER_OPENS,
    NotebookEntryMade.topic: ("heading", "text", "child_text"),
    ChildRecorded.topic: ("client_id", "surname", "forenames"),
    OffenceRecorded.topic: ("offence_code",),  # a hold may be on an offence
}
ENTRY_OPENS: Final = {  # of an entry's children; a hold may be on an offence
    ChildRecorded.topic: OPENS[ChildRecorded.topic],
    OffenceRecorded.topic: OPENS[OffenceRecorded.topic],
}
MONTHS: Final = "cp.register_review"
REMINDER: Final = "cp.register_review_reminder"
HIGH: Final = frozenset({"HIGH", "VERY_HIGH"})
FLAG_FIELDS: Final = {"CR": 19, "RH": 20, "RA-H": None}

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """The register as it stands for one person at the end of a day."""
    entries = entries_of(history, as_at, others)
    dot, marks = yellow_dot(history, as_at)
    row: Row = {
        "flags": flags(entries, Case.as_at(_only(history, TELLING_LEVEL), as_at), as_at, explain),
        "entries": [_entry(each, policy, as_at, known, explain, others) for each in entries],
        "notebook": list(_notebook(history, entries, as_at)),
        "yellow_dot": dot,
        "dp_breach": _dp_breach(entries, as_at, explain, others),
    }
    return explained(row, explain, rules=["DP-04"], facts=marks)


def entry_view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """View `register-entry`: one entry as the register of its person has it, and whose it is; before it is made nothing
    but whose it is to be."""
    entry = Entry.as_at(history, as_at)
    made = entry.registration.made is not None
    shown = _entry(entry, policy, as_at, known, explain, others) if made else {}
    return {"offender_id": entry.registration.offender_id, **shown}


def entries_of(history: History, as_at: date, others: Others) -> list[Entry]:
    """The entries of a person that are made by the end of the day, as recorded, each from its own chain."""
    made = [each for each in registrations_of(history).values() if each.made is not None]
    found = [
        Entry.as_at(others(each.stream), as_at)
        for each in sorted(made, key=lambda each: (each.made and each.made.position) or 0)
    ]
    return [each for each in found if each.registration.made is not None]


def _only(history: History, kinds: Collection[type[Fact]]) -> list[Recorded[Any]]:
    """The facts of these kinds, and every correction: it may be of one of them."""
    return [each for each in history if type(each.fact) in kinds or type(each.fact) in CORRECTING]


# ------------------------------------------------------------------------------------------ flags


def flags(entries: Sequence[Entry], case: Case, as_at: date, explain: bool) -> list[Row]:
    """RH from the entries, RA-H from the assessed risk (CP-37); the other codes are the child's, or no flags."""
    raising = [each for each in entries if span_of(each.registration) is not None]
    since = register.flag_since((span for each in raising if (span := span_of(each.registration)) is not None), as_at)
    rows = [flag("RH", since, [position for each in raising for position in _marks(each)], explain)] if since else []
    high = high_since(case)
    return [*rows, flag("RA-H", high[0], [high[1]], explain)] if high else rows


def raised(history: History, as_at: date) -> dict[str, date]:
    """The flags of a person from their own chain alone, which tells which entries there are: since when, by code."""
    told = [each for each in as_corrected(history) if day_of(each.effective) <= as_at]
    spans = (span_of(each) for each in registrations_of(told).values())
    since = register.flag_since((span for span in spans if span is not None), as_at)
    high = high_since(Case.as_at(_only(history, TELLING_LEVEL), as_at))
    return {**({"RH": since} if since else {}), **({"RA-H": high[0]} if high else {})}


def flag(code: str, since: date, facts: Sequence[int], explain: bool) -> Row:
    """A flag of the History/Warnings screen."""
    row: Row = {"code": code, "field_no": FLAG_FIELDS[code], "since": since}
    return explained(row, explain, rules=["CP-37", "CP-38"], facts=facts)


def span_of(entry: Registration) -> tuple[date, date | None] | None:
    """From when to when an entry raises RH: not for a concern alone, and until its last child has left."""
    made = entry.made
    if made is None or made.fact.ground == register.CONCERN or not entry.child_ids:
        return None
    ends = [entry.end_of(each) for each in entry.child_ids]
    days = [day_of(each.effective) for each in ends if each is not None]
    return made.fact.registered_on, max(days) if len(days) == len(ends) else None


def _marks(entry: Entry) -> Iterator[int]:
    registration = entry.registration
    yield from (
        each.position for each in (registration.made, registration.closed, *registration.ended.values()) if each
    )


def high_since(case: Case) -> tuple[date, int] | None:
    """Since when the assessed risk is high or very high, without a break, and the fact that says so first."""
    since: tuple[date, int] | None = None
    for day, position, level in sorted(case.levels, key=lambda each: each[:2]):
        if isinstance(level, Closed) or level not in HIGH:
            since = None
        elif since is None:
            since = day, position
    return since


# ------------------------------------------------------------------------------------------ entries


@dataclass(frozen=True, slots=True)
class Review:
    """When an entry is next to be reviewed, and how that stands: not-due, due-soon, missed, closed."""

    due: date
    remind: date
    state: str
    settings: dict[str, int]


def review_of(entry: Entry, policy: Policy, as_at: date, known: int) -> Review | None:
    """The next review of a made entry (CP-33); settings are those in force on the day it is counted from."""
    anchor = entry.review_anchor
    if anchor is None:
        return None
    months, days = policy.number(MONTHS, anchor, known), policy.number(REMINDER, anchor, known)
    due = register.review_due(anchor, months)
    remind = register.review_reminder(due, days)
    state = "missed" if as_at > due else "due-soon" if as_at >= remind else "not-due"
    closed = entry.registration.closed is not None
    return Review(due, remind, "closed" if closed else state, {MONTHS: months, REMINDER: days})


def _entry(entry: Entry, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    registration, review = entry.registration, review_of(entry, policy, as_at, known)
    made, closed, last, missed, followed = (
        registration.made,
        registration.closed,
        entry.review,
        entry.missed,
        entry.followed_up,
    )
    assert made is not None
    assert review is not None
    row: Row = {
        "entry_id": registration.entry_id,
        "ground": made.fact.ground,
        "registered_on": made.fact.registered_on,
        "closed_on": closed.fact.closed_on if closed else None,
        "roh_register_linked": made.fact.roh_register_linked,
        "last_review": last.fact.on if last else None,
        "review_due": review.due,
        "review_state": review.state,
        "missed_review": {"raised_on": missed.fact.raised_on, "followed_up_on": followed.fact.on if followed else None}
        if missed
        else None,
        "children": [_child(each, entry, as_at, others) for each in registration.child_ids],
        "deregistration": _deregistration(entry, as_at, explain, others),
    }
    found = (made, closed, last, missed, followed, *registration.r7s, *registration.ended.values())
    rules = ["CP-31", "CP-33", *(["CP-34"] if missed else []), *(["CP-41"] if closed else [])]
    return explained(
        row, explain, rules=rules, facts=[each.position for each in found if each], settings=review.settings
    )


def _child(child_id: str, entry: Entry, as_at: date, others: Others) -> Row:
    child = Child.as_at(others(f"child-{child_id}"), as_at)
    end = entry.registration.end_of(child_id)
    return {"child_id": child_id, **identity(child), "link_ended_on": day_of(end.effective) if end else None}


def identity(child: Child) -> Row:
    """Name and client id as they may be read, and the day they were erased as at the day asked for."""
    fact = child.record.fact if child.record else None
    return {
        "name": _name(fact) if fact else None,
        # The number is opened for folds: it is told to those alone who may read the name.
        "client_id": _plain(fact.surname if isinstance(fact.surname, Closed) else fact.client_id) if fact else None,
        "erased_on": child.erased.fact.erased_on if child.erased else None,
    }


def _name(fact: ChildRecorded) -> str:
    parts = [fact.forenames, fact.surname]
    shut = next((each for each in parts if isinstance(each, Closed)), None)
    return " ".join(str(each) for each in parts) if shut is None else str(shut)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value


def _deregistration(entry: Entry, as_at: date, explain: bool, others: Others) -> Row | None:
    found = entry.deregistration()
    if found is None:
        return None
    holds = held_by(entry, found, as_at, others)
    row: Row = {
        "ground": found.ground.ground,
        "occurred_on": found.ground.occurred_on,
        "child_ids": list(found.ground.children),
        "steps": steps_of(found),
        "done_of_4": found.done_of_4,
        "days": found.days(as_at),
        "held_by": [each.hold_id for each in holds] or None,
    }
    rules = ["CP-40", "CP-42", "CP-44", "DP-06", *(["CP-48", "SCR-05"] if holds else [])]
    return explained(row, explain, rules=rules, facts=(*found.facts, *_placed(holds)))


def _placed(holds: Sequence[Hold]) -> list[int]:
    return [each.placed.position for each in holds]


def steps_of(found: Deregistration) -> dict[str, bool]:
    """The four actions: true when done."""
    return {step: day is not None for step, day in found.steps.items()}


_WORSE: Final = ("done", "deferred-under-hold", "possible-breach")


def _dp_breach(entries: Sequence[Entry], as_at: date, explain: bool, others: Others) -> Row | None:
    """The worst of all entries: one that is open, then one that waits for a hold, then one that is done; the longer."""
    told: list[tuple[int, int, Row]] = []
    for entry in entries:
        found = entry.deregistration()
        holds = held_by(entry, found, as_at, others) if found else []
        state = found.state(as_at, bool(holds)) if found else None
        if found is not None and state is not None:
            row: Row = {"state": state, "days": found.days(as_at)}
            rules = ["DP-06", *(["SCR-05"] if holds else [])]
            row = explained(row, explain, rules=rules, facts=(*found.facts, *_placed(holds)))
            told.append((_WORSE.index(state), found.days(as_at), row))
    return max(told, key=lambda each: each[:2])[2] if told else None


# ------------------------------------------------------------------------------------------ the file


def _notebook(history: History, entries: Sequence[Entry], as_at: date) -> Iterator[Row]:
    lines: list[tuple[date, int, Row]] = []
    for each in as_corrected(_only(history, (NotebookEntryMade,))):
        if day_of(each.effective) <= as_at:
            text, child_text = each.fact.text, each.fact.child_text
            local = not isinstance(text, Closed) and register.local_wording(text)
            row = _line(each.fact.entered_on, _plain(each.fact.heading), _plain(text), local, _plain(child_text))
            row["child_ids"] = [name.removeprefix("child-") for name in each.about if name.startswith("child-")]
            lines.append((each.fact.entered_on, each.position, row))
    lines += [line for each in entries for line in _links_ended(each)]
    yield from (row for _, _, row in sorted(lines, key=lambda line: line[:2]))


def _line(day: date, heading: str | None, text: str, local: bool, child_text: str | None = None) -> Row:
    return {
        "entered_on": day,
        "heading": heading,
        "text": text,
        "child_text": child_text,
        "local_wording": local,
        "child_ids": [],
    }


def _links_ended(entry: Entry) -> Iterator[tuple[date, int, Row]]:
    """The ends of supervision that left a child's details to another current case (CP-47)."""
    ends = [(entry.registration.end_of(each), each) for each in entry.registration.child_ids]
    told = {
        day_of(end.effective): end.position
        for end, child_id in ends
        if end is not None and end.fact.ground == register.SUPERVISION_ENDED and entry.kept_when_ended(child_id)
    }
    for day, position in told.items():
        yield day, position, _line(day, None, register.written(register.DETAILS_KEPT, day), True)
