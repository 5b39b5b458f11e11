"""Decisions on a person at a placement: allocating, resuming, planning sessions (ALL-05 to ALL-07, PLC-06 to PLC-09,
and what bars the placement).

The placement and the others there are other cases: what was read of them is guarded until the decision is sealed.
Where a value that decides cannot be read (it is erased), the rule cannot be shown to hold: the plan is refused, in
words that say so.  Proven by tests/aggregates/test_decisions_placing.py, allocation.yaml and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ledger.aggregates.aggregate import Ruling, id_of
from ledger.aggregates.offender.allocations import (
    ACTIVE,
    ENDED,
    Member,
    Premises,
    allocation_on,
    barred,
    company,
    gender_of,
    members_of,
    states_of,
)
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides_across, today
from ledger.aggregates.offender.entities import Allocation, Order, happened, last
from ledger.aggregates.offender.facts import AllocationResumed, PlacementAllocated, SessionScheduled
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.standing import (
    bars,
    bars_of_session,
    is_agreed,
    max_no,
    mode_of,
    on_school_premises,
    planned_on,
    warnings_of_session,
)
from ledger.aggregates.shape import Now, blank, opened
from ledger.errors import Caution, Refusal
from ledger.rules import allocation as rules
from ledger.rules import general
from ledger.rules import placements as site


@decides_across(PlacementAllocated)
def _(case: Case, draft: PlacementAllocated, now: Now, stream: str) -> Ruling:
    place = _Place(case, now, stream, draft.placement_id)
    impossible = tuple(place.unknown())
    if impossible:
        return Ruling(refusals=impossible)
    return Ruling(
        refusals=(
            *place.closed(),
            *place.not_agreed(),
            *place.off_premises(place.day),
            *place.full(),
            *place.all_male(draft.mode),
        ),
        cautions=tuple(place.against_preference(draft)),
    )


@decides_across(AllocationResumed)
def _(case: Case, draft: AllocationResumed, now: Now, stream: str) -> Ruling:
    allocation = case.allocations[draft.allocation_id]
    fact = allocation.record.fact
    place = _Place(case, now, stream, fact.placement_id)
    days = sorted({min(draft.on, place.day), place.day})
    off_premises = dict.fromkeys(each for day in days for each in place.off_premises(day))
    return Ruling(
        refusals=(*place.closed(), *off_premises, *place.over(allocation), *place.all_male(fact.mode)),
    )


@decides_across(SessionScheduled)
def _(case: Case, draft: SessionScheduled, now: Now, stream: str) -> Ruling:
    place = _Place(case, now, stream, draft.placement_id)
    impossible = tuple(place.unknown())
    if impossible:
        return Ruling(refusals=impossible)
    return Ruling(
        refusals=(
            *place.closed(),
            *bars_of_session(place.placement, draft.date),
            *place.off_premises(place.day),
            *place.not_allocated(draft),
            *place.no_room_on(draft.date),
            *place.all_male(place.mode_of_work(draft)),
        ),
        cautions=(*warnings_of_session(place.placement, draft.date), *place.led_by_no_woman(draft)),
    )


class _Place:
    """A decision about one person at one placement: the case, and what other cases say now."""

    def __init__(self, case: Case, now: Now, stream: str, placement_id: str) -> None:
        self.case, self.now, self.day = case, now, today(now)
        self.offender_id, self.placement_id = id_of(stream, "offender"), placement_id
        self.placement: Placement = now.other(f"placement-{placement_id}")
        self._own: list[tuple[Allocation, str]] | None = None

    def premises(self, offender_id: str) -> Premises:
        return Premises(offender_id, lambda each: self.now.other(f"placement-{each}"), self.now.policy)

    def own(self, order_id: str | None = None) -> list[tuple[Allocation, str]]:
        """The person's allocations to this placement, of one order if named, with their states."""
        if self._own is None:
            premises = self.premises(self.offender_id)
            self._own = [
                (each, allocation_on(self.case, each, premises, self.day).state)
                for each in self.case.allocations.values()
                if each.record.fact.placement_id == self.placement_id
            ]
        return [each for each in self._own if order_id in (None, each[0].record.fact.order_id)]

    # -------------------------------------------------------------------- the placement

    def unknown(self) -> Iterator[Refusal]:
        """A placement that was never opened is impossible, whoever tells of it."""
        if self.placement.opened is None:
            message = general.UNKNOWN.format(what="placement", id=self.placement_id)
            yield Refusal("GEN-06", message, rule_book=False)

    def closed(self) -> list[Refusal]:
        """What bars it for everyone: not viable, suspended, not reviewed, closed (PLC-16, PLC-25 to PLC-27, PLC-30)."""
        return bars(self.placement, self.day, self.now.policy)

    def not_agreed(self) -> Iterator[Refusal]:
        """ALL-05: it is not approved and signed yet."""
        if not is_agreed(self.placement, self.day):
            yield Refusal("ALL-05", rules.NOT_OPEN)

    def full(self) -> Iterator[Refusal]:
        """ALL-05: no place is left, for somebody who has none yet."""
        places = max_no(self.placement) or 0
        if any(state != ENDED for _, state in self.own()):
            return
        others = members_of(self.placement, self.offender_id, self.day)
        if rules.is_full(len(others), places) and rules.is_full(self._places_kept(others), places):
            yield Refusal("ALL-05", rules.FULL.format(places=places))

    def _places_kept(self, others: Sequence[Member]) -> int:
        """How many of them keep their place: at a school PLC-09 may have ended an allocation of theirs."""
        if not on_school_premises(self.placement):
            return len(others)
        return sum(any(state != ENDED for state in states) for _, states in self._seen(others))

    def no_room_on(self, day: date) -> Iterator[Refusal]:
        """PLC-54: the sessions of that day are planned for as many others as it takes."""
        places = max_no(self.placement) or 0
        if rules.is_full(len(planned_on(self.placement, day) - {self.offender_id}), places):
            yield Refusal("PLC-54", site.FULL.format(n=places))

    # -------------------------------------------------------------------- the person

    def off_premises(self, day: date) -> Iterator[Refusal]:
        """What keeps this person off a school's premises (PLC-06 to PLC-09)."""
        if not on_school_premises(self.placement):
            return
        if self.case.level() is None:
            yield Refusal("PLC-09", rules.LEVEL_FIRST)
        bar = barred(self.case, self.premises(self.offender_id), self.placement, day)
        if bar is not None:
            yield Refusal(bar.rule, bar.message, kept=bar.kept)

    def over(self, allocation: Allocation) -> Iterator[Refusal]:
        """An allocation that has ended, by a person or by PLC-09, is not resumed."""
        if allocation_on(self.case, allocation, self.premises(self.offender_id), self.day).state == ENDED:
            yield Refusal("PLC-09", rules.ENDED)

    def not_allocated(self, draft: SessionScheduled) -> Iterator[Refusal]:
        """A session under an allocation that rests or is over.  Reading: the rule book asks no session for one."""
        states = [state for _, state in self.own(draft.order_id)]
        if states and ACTIVE not in states:
            rule = "ALL-05" if states[-1] == ENDED else "PLC-09"
            yield Refusal(rule, rules.NOT_ALLOCATED_NOW.format(state=states[-1]))

    def mode_of_work(self, draft: SessionScheduled) -> str | None:
        """How the person works there: by the allocation that runs, else as the placement was opened."""
        modes = [each.record.fact.mode for each, state in self.own(draft.order_id) if state == ACTIVE]
        return modes[-1] if modes else mode_of(self.placement)

    # -------------------------------------------------------------------- the others

    def _seen(self, others: Sequence[Member]) -> list[tuple[str | None, list[str]]]:
        """The gender of each of the others, and the states of their allocations here."""
        cases = self.now.others([each.stream for each in others])
        return [
            (
                gender_of(cases[each.stream]),
                states_of(cases[each.stream], each, self.premises(each.offender_id), self.day),
            )
            for each in others
        ]

    def company(self) -> list[str | None]:
        """The genders of those who work in the group; None for whoever cannot be read, or may not be there."""
        return company(self._seen(members_of(self.placement, self.offender_id, self.day, "GROUP")))

    def all_male(self, mode: str | None) -> Iterator[Refusal]:
        """ALL-07, for a woman and for whoever may be one."""
        own = gender_of(self.case)
        if mode != "GROUP" or own not in ("F", None):
            return
        others = self.company()
        if rules.all_male(others):
            known = own is not None and None not in others
            yield Refusal("ALL-07", rules.ALL_MALE if known else rules.MAY_BE_ALL_MALE)

    def led_by_no_woman(self, draft: SessionScheduled) -> Iterator[Caution]:
        """ALL-08: a group with a woman in it that day, and no female supervisor or reason."""
        if self.mode_of_work(draft) != "GROUP":
            return
        explained = not blank(draft.no_female_supervisor_reason)
        if rules.unexplained_leader(draft.female_supervisor, explained) and self._women(draft):
            yield Caution("ALL-08", rules.NO_FEMALE_SUPERVISOR)

    def _women(self, draft: SessionScheduled) -> bool:
        if gender_of(self.case) == "F":
            return True
        others = sorted(planned_on(self.placement, draft.date) - {self.offender_id})
        cases = self.now.others([f"offender-{each}" for each in others])
        return any(gender_of(each) == "F" for each in cases.values())

    def against_preference(self, draft: PlacementAllocated) -> Iterator[Caution]:
        """ALL-06: where possible she works as she prefers."""
        if gender_of(self.case) != "F":
            return
        preference = preference_of(self.case.orders[draft.order_id])
        alone = preference == "WOMEN_ONLY" and draft.mode == "GROUP"
        if rules.against_preference(preference, draft.mode, alone and all(each == "F" for each in self.company())):
            told = not blank(draft.against_preference_reason)
            yield Caution("ALL-06", rules.AGAINST_PREFERENCE_TOLD if told else rules.AGAINST_PREFERENCE)


def preference_of(order: Order) -> str | None:
    """What she said when last asked; None where she was not, or it cannot be read."""
    asked = [each for each in order.upw_assessments if each.fact.group_preference is not None]
    answer = last(asked, happened)
    return opened(answer.fact.group_preference) if answer else None
