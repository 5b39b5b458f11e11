"""What may be recorded in an entry of the register (CP-31 to CP-47, CP-59), and whom it concerns.

Every fact is about the offender and the children still linked; what moves a link is also about the other entries of
those children, because whether their details may stay depends on it (CP-47).  Proven by
tests/aggregates/test_decisions_register.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.aggregates.aggregate import Ruling, about_ids
from ledger.aggregates.register_entry import facts
from ledger.aggregates.register_entry.entry import Entry
from ledger.aggregates.register_entry.registrations import Registration
from ledger.aggregates.shape import Fact, Now
from ledger.errors import Refusal
from ledger.rules import general, register
from ledger.rules.dates import day_of, printed

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child

OFFICER: Final = "information-officer"
_CLOSES: Final = (facts.RegisterEntryClosed, facts.OffenderChildLinkEnded, facts.DeregistrationNotified)
_ASKED_FOR: Final = (facts.R7Submitted, facts.R7Amended)  # what may come before the entry is made


def rule_on(entry: Entry, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft: who may, what is impossible, then what its own rule says."""
    wrong = (*_not_theirs(draft, now), *_impossible(entry, draft, now, stream))
    own = _RULES.get(type(draft))
    refusals = (*wrong, *(own(entry, draft) if own and not any(not each.rule_book for each in wrong) else ()))
    if any(not each.rule_book for each in refusals):
        return Ruling(refusals=refusals)
    return Ruling(
        refusals=refusals,
        about=about_ids(draft, stream, *_concerned(entry, draft, now, stream)),
        rests_on=_rests_on(entry, draft),
    )


# ------------------------------------------------------------------------------------------ whom it concerns


def _concerned(entry: Entry, draft: Fact, now: Now, stream: str) -> Iterator[str]:
    registration = entry.registration
    children = registration.linked or registration.child_ids
    if registration.offender_id is not None:
        yield f"offender-{registration.offender_id}"
    yield from (f"child-{each}" for each in children)
    if isinstance(draft, facts.RegisterEntryMade):
        for _, child in _children(now, draft.child_ids):
            yield from (each.stream for each in child.live)
    elif isinstance(draft, _CLOSES):
        child_id = getattr(draft, "child_id", None)
        for _, child in _children(now, [child_id] if child_id else children):
            yield from (other.stream for other in child.beside(registration.entry_id))


def _children(now: Now, ids: Iterable[str]) -> list[tuple[str, Child]]:
    """The children of these ids, read together."""
    wanted = list(dict.fromkeys(ids))
    found: Mapping[str, Any] = now.others([f"child-{each}" for each in wanted]) if wanted else {}
    return [(each, cast("Child", found[f"child-{each}"])) for each in wanted]


def _rests_on(entry: Entry, draft: Fact) -> tuple[int, ...]:
    """A review rests on its Form P, an entry on its R7, a closing on the grounds for it."""
    match draft:
        case facts.RegisterReviewed():
            found = [entry.form_p]
        case facts.RegisterEntryMade():
            found = list(entry.registration.r7s)
        case facts.RegisterEntryClosed():
            return tuple(sorted(each.position for each in entry.grounds()))
        case _:
            found = []
    return tuple(each.position for each in found if each is not None)


# ------------------------------------------------------------------------------------------ who, and what is impossible


def _not_theirs(draft: Fact, now: Now) -> Iterator[Refusal]:
    if now.actor.role != OFFICER and isinstance(draft, facts.RegisterEntryMade):
        yield Refusal("CP-31", register.ONLY_INFORMATION_OFFICER_ENTERS)
    if now.actor.role != OFFICER and isinstance(draft, facts.RegisterEntryClosed):
        yield Refusal("CP-41", register.ONLY_INFORMATION_OFFICER_CLOSES)


def _impossible(entry: Entry, draft: Fact, now: Now, stream: str) -> Iterator[Refusal]:
    registration = entry.registration
    if isinstance(draft, facts.RegisterEntryMade | facts.R7Submitted):
        yield from _not_on_record(draft, now)
    elif registration.made is None and not (isinstance(draft, _ASKED_FOR) and registration.r7s):
        first = facts.R7Submitted if isinstance(draft, facts.R7Amended) else facts.RegisterEntryMade
        yield _no(general.NOT_YET.format(command=first.command))
    offender_id = getattr(draft, "offender_id", None)
    if None not in (offender_id, registration.offender_id) and offender_id != registration.offender_id:
        yield _no(register.OTHER_OFFENDER)
    if registration.made is not None:
        yield from _against_the_entry(registration, registration.made.fact, draft)


_DATED: Final = (facts.RegisterReviewed, facts.OffenderChildLinkEnded, facts.RegisterEntryClosed)


def _against_the_entry(registration: Registration, made: facts.RegisterEntryMade, draft: Fact) -> Iterator[Refusal]:
    """What cannot be because of what the entry is."""
    match draft:
        case facts.RegisterEntryMade():
            yield _no(general.NO_OVERWRITING)
        case facts.RegisterEntryClosed() if registration.closed is not None:
            yield _no(register.ALREADY_CLOSED)
        case facts.OffenderChildLinkEnded() if draft.child_id not in registration.linked:
            yield _no(register.NOT_LINKED)
        case facts.DeregistrationNotified() if draft.child_id not in (None, *registration.child_ids):
            yield _no(register.NOT_LINKED)
        case _:
            pass
    told = draft.effective() if isinstance(draft, _DATED) else None
    if told is not None and day_of(told) < made.registered_on:
        yield _no(register.BEFORE_REGISTRATION)


def _not_on_record(draft: facts.RegisterEntryMade | facts.R7Submitted, now: Now) -> Iterator[Refusal]:
    if not _on_record(now, f"offender-{draft.offender_id}"):
        yield _no(general.UNKNOWN.format(what="offender", id=draft.offender_id))
    if isinstance(draft, facts.RegisterEntryMade):
        for child_id, child in _children(now, draft.child_ids):
            if child.erased is not None:
                yield Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False)
            elif child.record is None:
                yield _no(general.UNKNOWN.format(what="child", id=child_id))


def _on_record(now: Now, stream: str) -> bool:
    """Whether a case has facts of its own: what others say about an id makes no record of it."""
    return any(each.stream == stream for each in now.other(stream).history)


def _no(message: str) -> Refusal:
    return Refusal("GEN-06", message, rule_book=False)


# ------------------------------------------------------------------------------------------ what the rules say


def _entering(entry: Entry, draft: facts.RegisterEntryMade) -> Iterator[Refusal]:
    if not any(each.fact.on <= draft.registered_on for each in entry.registration.r7s):
        yield Refusal("CP-31", register.R7_FIRST)
    if not draft.child_ids and draft.ground != register.CONCERN:
        yield Refusal("CP-31", register.NAME_THE_CHILD)


def _reviewing(entry: Entry, draft: facts.RegisterReviewed) -> Iterator[Refusal]:
    closed = entry.registration.closed
    if closed is not None and draft.on > closed.fact.closed_on:
        yield Refusal("CP-33", register.AFTER_CLOSING.format(day=printed(closed.fact.closed_on)))
    if entry.form_p is None:
        yield Refusal("CP-33", register.FORM_P_FIRST)


def _notifying(entry: Entry, draft: facts.DeregistrationNotified) -> Iterator[Refusal]:
    closed = entry.registration.closed
    if closed is not None and draft.occurred_on > closed.fact.closed_on:
        yield Refusal("CP-40", register.AFTER_CLOSING.format(day=printed(closed.fact.closed_on)))


def _closing(entry: Entry, draft: facts.RegisterEntryClosed) -> Iterator[Refusal]:
    registration, grounds = entry.registration, entry.grounds()
    concern_alone = not registration.child_ids
    if concern_alone and draft.ground not in register.GROUNDS_OF_CONCERN_ALONE:
        yield Refusal("CP-59", register.CONCERN_ALONE_ENDS)
    if all(each.ground != draft.ground for each in grounds):
        yield Refusal("CP-41", register.NOTIFY_FIRST)
    elif set(registration.linked) - {child for each in grounds for child in each.children}:
        yield Refusal("CP-46", register.OTHERS_REMAIN)
    if draft.ground == register.CONCERN_ENDED and not _concern_reviewed(entry):
        yield Refusal("CP-59", register.FORM_P_FIRST)


def _concern_reviewed(entry: Entry) -> bool:
    """Whether a Form P stands that does not say the concern goes on."""
    last = entry.review
    return entry.form_p is not None or (last is not None and last.fact.outcome != "UNCHANGED")


_RULES: Final[Mapping[type[Fact], Callable[[Entry, Any], Iterator[Refusal]]]] = {
    facts.RegisterEntryMade: _entering,
    facts.RegisterReviewed: _reviewing,
    facts.DeregistrationNotified: _notifying,
    facts.RegisterEntryClosed: _closing,
}
