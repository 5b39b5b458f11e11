"""View `staff` and worklist `oversight`: who is to be supervised, observed and trained by when (rule book J, DP-13).

Beside them what a case is told of its supervision, for the view `oversight` of an offender (MGT-01).  No guidance, no
feedback and no text of an appraisal is shown.  Proven by tests/aggregates/test_staff.py and oversight.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.aggregates.staff import facts
from ledger.aggregates.staff.member import OBSERVATIONS, Clock, Member, clocks_of, required
from ledger.projections.why import Row, explained
from ledger.rules import oversight
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]
NOTHING_DUE: Final[Row] = {"due": None, "done_on": None, "state": None}


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """One member of staff at the end of a day; each clock with its last day and how it stands."""
    member = Member.fold(history, as_at)
    clocks = {each.name: each for each in clocks_of(member, policy, known)}
    started, left = member.started, member.left

    def clock(name: str) -> Row:
        return _clock(clocks[name], as_at, explain) if name in clocks else dict(NOTHING_DUE)

    return {
        "role": started.fact.role if started else None,
        "unit": started.fact.unit if started else None,
        "started_on": started.fact.on if started else None,
        "left_on": left.fact.on if left else None,
        "supervision": _supervision(member, clocks.get("supervision"), as_at, explain),
        "observations": _observations(member, policy, as_at, known, explain),
        "probation_observation": clock("probation-observation"),
        "hs_reading": clock("hs-reading"),
        "hs_training": clock("hs-training"),
        "information_security": clock("information-security"),
        "training_report": _report(member, as_at, explain),
        "appraisals": [
            explained(
                {"on": each.fact.on, "child_protection_considered": each.fact.child_protection_considered},
                explain,
                rules=["MGT-07"],
                facts=[each.position],
            )
            for each in member.told(facts.AppraisalHeld)
        ],
        "boards_attended": [each.fact.on for each in member.told(facts.BoardAttended)],
        "driver_verified_on": next((each.fact.on for each in member.told(facts.DriverVerified)), None),
        "identity_cards_lost": [
            {"on": each.fact.on, "reported_on": each.fact.reported_on} for each in member.told(facts.IdentityCardLost)
        ],
    }


def _clock(clock: Clock, as_at: date, explain: bool) -> Row:
    row: Row = {"due": clock.due, "done_on": clock.done_on, "state": clock.state(as_at)}
    return explained(row, explain, rules=[clock.rule], facts=clock.facts, settings=dict(clock.settings))


def _supervision(member: Member, clock: Clock | None, as_at: date, explain: bool) -> Row:
    held = member.told(facts.SupervisionHeld)
    row: Row = {
        "last_on": held[-1].fact.on if held else None,
        "next_due": clock.due if clock else None,
        "state": clock.state(as_at) if clock else None,
    }
    rests, settings = (clock.facts, dict(clock.settings)) if clock else ((), {})
    return explained(row, explain, rules=["MGT-02"], facts=rests, settings=settings)


def _observations(member: Member, policy: Policy, as_at: date, known: int, explain: bool) -> list[Row]:
    """Each calendar year from the first that is known to the one of the day, but for those of which they were away."""
    held, started = member.told(facts.SupervisorObserved), member.started
    known_years = [each.fact.on.year for each in (*held, *([started] if started else []))]
    if not known_years or not member.works_as(oversight.OBSERVED):
        return []
    last = min(as_at, member.left.fact.on) if member.left else as_at
    return [
        _year(year, [each for each in held if each.fact.on.year == year], required(policy, year, known), as_at, explain)
        for year in range(min(known_years), last.year + 1)
        if not member.away_in(year)
    ]


def _year(year: int, held: History, required: int, as_at: date, explain: bool) -> Row:
    state = "done" if len(held) >= required else "overdue" if as_at.year > year else "due"
    row: Row = {"year": year, "done": len(held), "required": required, "state": state}
    settings = {OBSERVATIONS: required}
    return explained(row, explain, rules=["MGT-03"], facts=[each.position for each in held], settings=settings)


def _report(member: Member, as_at: date, explain: bool) -> Row:
    """The yearly report of the training unit, for whoever made one; nobody else owes it."""
    made = member.told(facts.TrainingReportMade)
    if not made:
        return {"last_on": None, **NOTHING_DUE}
    clock = Clock("report", "MGT-07", oversight.report_due(made[-1].fact.on), None, (made[-1].position,))
    return {"last_on": made[-1].fact.on, **_clock(clock, as_at, explain)}


# ------------------------------------------------------------------------------------------ what falls due


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `oversight`: one row for everything that is still to be done with somebody, oldest day first."""
    member = Member.fold(history, as_at)
    unit = member.started.fact.unit if member.started else None
    return [
        {"kind": each.name, "due": each.due, "rule": each.rule, "unit": unit}
        for each in clocks_of(member, policy, known)
        if each.done_on is None
    ]


def moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of the facts; a row says its day and nothing that grows older."""
    del policy, known
    for each in as_corrected(history):
        yield day_of(each.effective)


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How the row stands on the day it is read."""
    del policy
    due = date.fromisoformat(row["due"])
    return {**row, "state": Clock("", "", due).state(as_at), "days_overdue": max(0, (as_at - due).days)}


# ------------------------------------------------------------------------------------------ of a case


def supervised(history: History, offenders: Set[str], as_at: date, explain: bool) -> list[Row]:
    """The supervisions that discussed a case or read its file, as the case is told of them (MGT-01, CP-52)."""
    held = (each for each in as_corrected(history) if isinstance(each.fact, facts.SupervisionHeld))
    return [
        explained(
            {
                "on": each.fact.on,
                "staff_id": each.fact.staff_id,
                "by": each.fact.manager_id,
                "discussed": not offenders.isdisjoint(each.fact.cases_discussed),
                "file_reviewed": not offenders.isdisjoint(each.fact.file_reviewed),
                "child_protection_discussed": each.fact.child_protection_discussed,
            },
            explain,
            rules=["MGT-01", "CP-52"],
            facts=[each.position],
        )
        for each in held
        if day_of(each.effective) <= as_at
    ]
