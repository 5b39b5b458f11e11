"""What may be recorded in a child protection matter (rule book G, CP-01 to CP-30).

Nearly all of it has happened and is recorded as told.  Impossible, whoever tells it: an id brought twice, a concern,
check, referral, conference or action that is not there, an offender who is not on record, and anything in a matter
that names nobody yet.  A child may be named before its own record exists: the concern comes first.  Proven by
tests/aggregates/test_decisions_child_protection.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

from ledger.aggregates.aggregate import Ruling, about_ids
from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.clocks import check_of
from ledger.aggregates.child_protection_matter.matter import Matter, r7s_of
from ledger.aggregates.shape import Fact, Now, Recorded, blank
from ledger.errors import Caution, Refusal
from ledger.rules import child_protection, general
from ledger.rules.dates import day_of

# Which fact brings an id into the matter; every other field of that name (or its plural) must name one that is there.
_BROUGHT_BY: Final[dict[str, tuple[str, type[Fact]]]] = {
    "concern_id": ("concern", facts.ChildProtectionConcernRecorded),
    "check_id": ("check", facts.ChildrenServicesCheckRequested),
    "referral_id": ("referral", facts.ReferralMade),
    "conference_id": ("conference", facts.ConferenceInvited),
    "action_id": ("action", facts.ConferenceActionSet),
}


def rule_on(matter: Matter, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft: first what is impossible, then what its own rule says."""
    impossible = tuple(_impossible(matter, draft, now))
    if impossible:
        return Ruling(refusals=impossible)
    child = getattr(draft, "child_ref", None)
    return Ruling(
        refusals=tuple(_refusals(matter, draft, now)),
        cautions=tuple(_cautions(matter, draft, now)),
        about=about_ids(draft, stream, *matter.persons, f"child-{child}" if child else None),
        rests_on=tuple(
            sorted(each.position for name, given in _named(draft) for each in _bringing(matter, name, given))
        ),
    )


# ------------------------------------------------------------------------------------------ what it names


@cache
def _fields(kind: type[Fact]) -> tuple[tuple[str, str], ...]:
    """(field, the id it holds) of a kind of fact: `concern_ids` holds ids of `concern_id`."""
    return tuple(
        (field, name)
        for name, (_, brings) in _BROUGHT_BY.items()
        for field in (name, f"{name}s")
        if field in kind.model_fields and kind is not brings
    )


def _named(draft: Fact) -> Iterator[tuple[str, str]]:
    """(kind of id, id) of everything in the matter that a draft names."""
    for field, name in _fields(type(draft)):
        value: Any = getattr(draft, field)
        several = cast("list[str]", value if isinstance(value, list) else [value])
        yield from ((name, each) for each in several)


def _bringing(matter: Matter, name: str, given: str) -> list[Recorded[Any]]:
    return matter.told(_BROUGHT_BY[name][1], **{name: given})


def _impossible(matter: Matter, draft: Fact, now: Now) -> Iterator[Refusal]:
    for name, (_, brings) in _BROUGHT_BY.items():
        if isinstance(draft, brings) and _bringing(matter, name, getattr(draft, name)):
            yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    for name, given in _named(draft):
        if not _bringing(matter, name, given):
            yield _unknown(_BROUGHT_BY[name][0], given)
    offender = getattr(draft, "offender_id", None)
    if offender is not None and not on_record(now, f"offender-{offender}"):
        yield _unknown("offender", offender)
    if offender is None and not matter.persons:
        message = general.NOT_YET.format(command=facts.ChildProtectionConcernRecorded.command)
        yield Refusal("GEN-06", message, rule_book=False)


def _unknown(what: str, given: str) -> Refusal:
    return Refusal("GEN-06", general.UNKNOWN.format(what=what, id=given), rule_book=False)


def on_record(now: Now, stream: str) -> bool:
    """Whether a case has facts of its own: what others say about an id makes no record of it."""
    return any(each.stream == stream for each in now.other(stream).history)


# ------------------------------------------------------------------------------------------ what the rules say


def _refusals(matter: Matter, draft: Fact, now: Now) -> Iterator[Refusal]:
    if isinstance(draft, facts.ChildrenServicesCheckClosed):
        yield from _not_to_be_closed(matter, draft, now)


def _not_to_be_closed(matter: Matter, draft: facts.ChildrenServicesCheckClosed, now: Now) -> Iterator[Refusal]:
    """A check that nobody answered, or that said yes and led to no R7, and no reason is given (CP-08)."""
    sent = (each for state in now.others(matter.offenders).values() for each in r7s_of(state.history))
    check = check_of(matter, draft.check_id, ((day_of(each.effective), each.position) for each in sent))
    if check.answer is None:
        message = general.NOT_YET.format(command=facts.ChildrenServicesCheckAnswered.command)
        yield Refusal("GEN-06", message, rule_book=False)
    elif check.wants_r7 and blank(draft.reason):
        yield Refusal("CP-08", child_protection.R7_OR_A_REASON)


def _cautions(matter: Matter, draft: Fact, now: Now) -> Iterator[Caution]:
    if isinstance(draft, facts.ReferralMade) and not {"R6", "R7"} <= _forms(matter, now):
        yield Caution("CP-11", child_protection.COMPLETE_R6_R7)
    if isinstance(draft, facts.ConferenceReportSubmitted):
        agreed = draft.shared_with_family_on is not None or not blank(draft.closed_session_agreed_with)
        if not agreed:
            yield Caution("CP-21", child_protection.AGREE_WITH_CHAIR)


def _forms(matter: Matter, now: Now) -> set[str]:
    """The forms on risk to children that were completed; R7 also where it went to the Information Officer."""
    forms: set[str] = {each.fact.form for each in matter.told(facts.ChildRiskSectionCompleted)}
    sent = any(r7s_of(state.history) for state in now.others(matter.offenders).values())
    return forms | ({"R7"} if sent else set())
