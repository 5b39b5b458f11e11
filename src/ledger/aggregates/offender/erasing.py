"""The erasure of the person of a case, of a victim or of a third party of it, thought out beforehand (DP-05, SCR-05).

    on_erasing(case, draft, now, stream)        may it be done, and whom it concerns
    asked_for(case, stream, subject_id, now)    on which ground, and the two people, for the vault's journal
    reach_now(case, stream, subject_id)         how far it reaches, for the vault to hold against its holds

The person goes as a whole, and only when the retention period is over.  A victim or a third party goes then too, or
when a request for erasure was answered: that the answer was yes, whoever erases has read.  Readings, for the sources
are silent: nobody goes while the record is to be retained, while it is restricted (DPA 2018 s.47: it is kept as
evidence, or until it is known whether it is right), or while a request waits for its answer.  A named victim is not
erased with the person: the same victim may stand in another case.

Proven by tests/erasing/test_subjects.py.  Whose keys are destroyed: privacy/subjects.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.after import FOLLOWING
from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.case_review.holds import EVERYWHERE, holds_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.merging import of_one_person
from ledger.aggregates.offender.reached import case_reached
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.rights import rights_of, supervision_ended
from ledger.aggregates.shape import Fact, Now, Recorded, Subject
from ledger.aggregates.subject import ErasureFinalised, SubjectDataErased, SubjectKind
from ledger.errors import Refusal
from ledger.privacy.holds import Reach
from ledger.rules import case_review, data_protection, register
from ledger.rules.dates import london_day, printed

OFFENDER: Final = "OFFENDER"
VICTIM: Final = "VICTIM"
THIRD_PARTY: Final = "THIRD_PARTY"


def kind_of(history: Sequence[Recorded[Any]], stream: str, subject_id: str) -> SubjectKind | None:
    """What a subject of a case is; None where the case tells of nobody such."""
    own = [each for each in history if each.stream == stream]
    if stream == f"offender-{subject_id}":
        return OFFENDER if own else None
    if any(getattr(each.fact, "victim_id", None) == subject_id for each in own):
        return VICTIM
    return THIRD_PARTY if any(each.id == subject_id and _tells_of_others(each.fact) for each in own) else None


def _tells_of_others(fact: Fact) -> bool:
    third = (name for name, whose in type(fact).whose.items() if whose.subject is Subject.THIRD_PARTY)
    return any(getattr(fact, name) is not None for name in third)


def erasure_of(case: Case, subject_id: str | None) -> Recorded[SubjectDataErased] | None:
    """The erasure of a subject, once it is recorded; None: of the person of the case."""
    if subject_id is None:
        return case.erased
    return next((each for each in case.erasures if each.fact.subject_id == subject_id), None)


def on_erasing(case: Case, draft: SubjectDataErased, now: Now, stream: str) -> Ruling:
    """The ruling on an erasure; what is destroyed only its doer knows."""
    kind = kind_of(case.history, stream, draft.subject_id)
    if kind is None:
        return Ruling(refusals=(Refusal("GEN-06", data_protection.NOBODY_SUCH, rule_book=False),))
    if erasure_of(case, draft.subject_id) is not None:
        return Ruling(refusals=(Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False),))
    entries = registrations_of(case.history).values()
    about = {each.stream for each in entries}
    about |= _records(case, stream) - {stream} if kind == OFFENDER else set[str]()
    about |= {f"victim-{draft.subject_id}"} if kind == VICTIM else set[str]()
    return Ruling(
        refusals=(
            *_held(case, stream, draft.subject_id, now),
            *_kept(case, now),
            *_without_ground(case, kind, now),
            *_another_day(draft, now),
        ),
        computed={"kind": Computed(kind, "DP-05")},
        about=tuple(sorted(about)),
        rests_on=tuple(sorted({each.position for each in grounds_of(case, kind, now)})),
    )


# ------------------------------------------------------------------------------------------ holds


def reach_now(case: Case, stream: str, subject_id: str) -> Reach:
    """The case, the victim, and every child and entry ever linked with the person (SCR-05), whichever of several
    records of the person tells of them."""
    kind = kind_of(case.history, stream, subject_id)
    reached = case_reached(case.history)
    named = {*_records(case, stream), *_linked(case)} | ({f"victim-{subject_id}"} if kind == VICTIM else set[str]())
    return Reach(frozenset(named), (reached,) if reached else ())


def _records(case: Case, stream: str) -> frozenset[str]:
    """Every record of the person: they go together, and what holds one holds all."""
    return of_one_person(stream, case.merges)


def _linked(case: Case) -> Iterator[str]:
    for each in registrations_of(case.history).values():
        yield each.stream
        yield from (f"child-{child}" for child in each.child_ids)


def _held(case: Case, stream: str, subject_id: str, now: Now) -> Iterator[Refusal]:
    children = [each for each in _linked(case) if each.startswith("child-")]
    others: Mapping[str, Any] = now.others([*children, EVERYWHERE])
    reach = reach_now(case, stream, subject_id)
    for each in holds_of(case.history, *(state.history for state in others.values())):
        if each.covers(reach):
            yield Refusal("SCR-05", case_review.ERASURE_IS_HELD.format(id=each.review_id))


# ------------------------------------------------------------------------------------------ what keeps it


def _kept(case: Case, now: Now) -> Iterator[Refusal]:
    rights, today = rights_of(case.history), london_day(now.moment)
    retained, restricted = rights.retained, rights.restricted
    if retained is not None and (retained.fact.until is None or today <= retained.fact.until):
        yield _no(data_protection.TO_BE_RETAINED, retained.fact.on)
    if restricted is not None:
        yield _no(data_protection.KEPT_RESTRICTED, restricted.fact.on)
    for each in rights.requests.values():
        if each.answered is None:
            yield _no(data_protection.REQUEST_OPEN, each.received.fact.received_on)


# ------------------------------------------------------------------------------------------ the ground


@dataclass(frozen=True, slots=True)
class Ground:
    """Why an erasure may be: a code, who gave it, and the position of the fact."""

    code: str
    by: str
    position: int


@dataclass(frozen=True, slots=True)
class Asked:
    """On which ground an erasure is asked for, and the two people: whoever gave it, and whoever erases."""

    ground: str
    by: str
    approved_by: str


def grounds_of(case: Case, kind: SubjectKind, now: Now) -> list[Ground]:
    """Those there are today: the end of supervision, long enough ago, and for others than the person a request."""
    due, today = _due(case, now), london_day(now.moment)
    ended, ends = supervision_ended(case.history)
    found = [
        Ground("RETENTION_OVER", each.by.id, each.position)
        for each in ends
        if due is not None and due <= today and each.fact.ended_on == ended
    ]
    if kind == OFFENDER:
        return found
    requests = rights_of(case.history).requests.values()
    answers = [each.answered for each in requests if each.received.fact.kind == "ERASURE" and each.answered]
    return [*(Ground("REQUESTED", each.by.id, each.position) for each in answers), *found]


def asked_for(case: Case, stream: str, subject_id: str, now: Now) -> Asked | None:
    """The first ground that somebody else gave; None where there is none."""
    kind = kind_of(case.history, stream, subject_id)
    given = [each for each in grounds_of(case, kind, now) if each.by != now.actor.id] if kind else []
    return Asked(given[0].code, given[0].by, now.actor.id) if given else None


def _due(case: Case, now: Now) -> date | None:
    ended, _ = supervision_ended(case.history)
    years = now.policy.setting(data_protection.RETENTION_YEARS, ended) if ended is not None else None
    return data_protection.destroy_from(ended, years) if ended is not None and isinstance(years, int) else None


def _without_ground(case: Case, kind: SubjectKind, now: Now) -> Iterator[Refusal]:
    grounds = grounds_of(case, kind, now)
    if kind == OFFENDER and any(each.is_open for each in registrations_of(case.history).values()):
        yield _no(data_protection.ENTRY_OPEN)
    if grounds and all(each.by == now.actor.id for each in grounds):
        yield _no(data_protection.ANOTHER_PERSON)
    if grounds:
        return
    ended, _ = supervision_ended(case.history)
    due = _due(case, now)
    if kind != OFFENDER:
        yield _no(data_protection.NO_GROUND)
    elif ended is None:
        yield _no(data_protection.GOES_ON)
    elif due is None:
        yield _no(data_protection.NO_PERIOD)
    else:
        yield _no(data_protection.NOT_YET_DUE, due)


def _another_day(draft: SubjectDataErased, now: Now) -> Iterator[Refusal]:
    """The true date stands where a value stood; a day to come is refused like any (GEN-05)."""
    today = london_day(now.moment)
    if draft.erased_on < today:
        yield _no(data_protection.THE_VERY_DAY, today)


def _no(message: str, day: date | None = None) -> Refusal:
    return Refusal("DP-05", message.format(day=printed(day)) if day else message, rule_book=False)


# ------------------------------------------------------------------------------------------ what stays erased


_ERASURES: Final = (SubjectDataErased, ErasureFinalised)


def nothing_more(case: Case, draft: Any) -> Iterator[Refusal]:
    """Of an erased person only what follows that is recorded, and the erasure of the others of the case (CP-49)."""
    if case.erased is not None and not isinstance(draft, (SubjectDataErased, *FOLLOWING)):
        yield Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False)


def stays_erased(case: Case, record: Recorded[Any]) -> Refusal | None:
    """An erasure is not struck out, nor anything of an erased person: the reason would be told of somebody gone."""
    gone = case.erased is not None or isinstance(record.fact, _ERASURES)
    return Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False) if gone else None


def not_corrected(case: Case, record: Recorded[Any]) -> Refusal | None:
    """Of whoever is erased there is nothing to put right: a new value would be a revival under another key."""
    gone = case.erased is not None or erasure_of(case, record.id) is not None
    gone = gone or isinstance(record.fact, _ERASURES)
    return Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False) if gone else None
