"""View `placement`: its status, what keeps it from starting, its review, quality, contact, incidents and exceptions
(contract, *Views*); and worklist `placement-reviews`.

Dates are `date`, instants aware `datetime` in UTC.  Unknown, because erased or closed, is None for a total and for
`accredited`.  Proven by tests/projections/test_placement.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement.agreement import ContactLogged
from ledger.aggregates.placement.decisions import rule_on
from ledger.aggregates.placement.decisions.opening import missing_at_start
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.incidents import Flag, Incident, flags_of, incidents_of
from ledger.aggregates.placement.quality import (
    AgreementAuditDone,
    BeneficiarySurveyed,
    HsAuditDone,
    IncidentReported,
    PqsAudited,
    SignificantPlacementChange,
    SiteVisited,
    SpotCheckDone,
)
from ledger.aggregates.placement.quality_of import HOURS, MONTHS, contact_of, quality_of
from ledger.aggregates.placement.site import PlacementHoursChanged, PlacementOpened
from ledger.aggregates.placement.standing import REVIEW_DAYS, review_clock
from ledger.aggregates.placement.way import (
    Deviation,
    closed_by,
    deviations,
    last_by,
    on_school_premises,
    started_by,
    status,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Now, Recorded
from ledger.projections.exceptions import BROKEN_WHEN_IMPORTED
from ledger.projections.why import Row, explained
from ledger.rules.dates import ONE_DAY
from ledger.rules.placements import review_reminded
from ledger.rules.quality import survey_due

REMINDER: Final = "plc.school_review_reminder"
SURVEY: Final = "plc.survey_months"
INCIDENT_HOURS: Final = "plc.incident_hours"
History = Sequence[Recorded[Any]]


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The placement at the end of a day; deviations and incidents as recorded, exceptions by date."""
    placement = Placement.as_at(history, as_at)
    return _Asked(placement, policy, as_at, known, explain).all(history)


class _Asked:
    """One question about one placement: as at, as known at."""

    def __init__(self, placement: Placement, policy: Policy, as_at: date, known: int, explain: bool) -> None:
        self.placement, self.policy, self.as_at, self.known, self.explain = placement, policy, as_at, known, explain

    def all(self, history: History) -> Row:
        """Every member of the answer."""
        name, rule, facts = status(self.placement, self.as_at)
        missing = [] if self._begun(name) else missing_at_start(self.placement, self.as_at)
        contact = contact_of(self.placement, self.as_at, self.policy, self.known)
        row: Row = {
            "status": name,
            "cannot_start": [each.what for each in missing],
            "review": self.review(),
            "quality": self.quality(),
            "contact_minutes_since": contact.minutes,
            "contact_overdue": contact.overdue,
            "deviations": [self.deviation(each) for each in deviations(self.placement, self.as_at)],
            "incidents": [self.incident(each) for each in self._incidents()],
            "assurance": self.assurance(),
            "exceptions": [self.exception(each) for each in self.flags(history)],
        }
        rules = [rule, "PLC-35", *(each.rule for each in missing)]
        return explained(
            row,
            self.explain,
            rules=dict.fromkeys(rules),
            facts=(*facts, *contact.facts),
            settings={HOURS: contact.hours},
        )

    def _begun(self, name: str) -> bool:
        return name == "closed" or started_by(self.placement, self.as_at) is not None

    def review(self) -> Row:
        """The twelve-weekly review of a school project; without one due, `due` is null and the state `not-due`."""
        clock = review_clock(self.placement, self.as_at, self.policy, self.known)
        if clock is None:
            return explained({"due": None, "state": "not-due"}, self.explain, rules=["PLC-26"])
        reminder = self.policy.number(REMINDER, happened(clock.since), self.known)
        soon = self.as_at >= review_reminded(clock.due, reminder)
        state = "overdue" if self.as_at > clock.due else "due-soon" if soon else "not-due"
        return explained(
            {"due": clock.due, "state": state},
            self.explain,
            rules=["PLC-26", *(["PLC-27"] if state == "overdue" else [])],
            facts=[clock.since.position],
            settings={REVIEW_DAYS: clock.days, REMINDER: reminder},
        )

    def quality(self) -> Row:
        """The last checklist, and when the next is due."""
        found = quality_of(self.placement, self.as_at, self.policy, self.known)
        row: Row = {
            "initial_total": found.initial,
            "revised_total": found.revised,
            "accredited": found.accredited,
            "next_due": found.next_due,
        }
        interval = REVIEW_DAYS if on_school_premises(self.placement) else MONTHS
        counted = {interval: self.policy.number(interval, self.as_at, self.known)}
        rules = ["PLC-34", "PLC-36", "PLC-37", "PLC-38"]
        return explained(row, self.explain, rules=rules, facts=found.facts, settings={**found.settings, **counted})

    def deviation(self, found: Deviation) -> Row:
        """Where work differed from what was agreed: open, or resolved on a day."""
        resolved = found.resolved
        row: Row = {
            "deviation_id": found.noted.fact.deviation_id,
            "noted_on": found.noted.fact.noted_on,
            "state": "resolved" if resolved else "open",
            "resolved_on": resolved.fact.on if resolved else None,
        }
        facts = (found.noted.position, *((resolved.position,) if resolved else ()))
        return explained(row, self.explain, rules=["PLC-24"], facts=facts)

    def _incidents(self) -> list[Incident]:
        return incidents_of(self.placement, self.as_at, self.policy, self.known)

    def incident(self, found: Incident) -> Row:
        """An incident with its write-up."""
        row: Row = {
            "incident_id": found.reported.fact.incident_id,
            "occurred_at": found.reported.fact.occurred_at,
            "write_up_due": found.due,
            "written_up_at": found.written_up.fact.submitted_at if found.written_up else None,
            "state": found.state,
        }
        facts = (found.reported.position, *((found.written_up.position,) if found.written_up else ()))
        settings = {INCIDENT_HOURS: found.hours}
        return explained(row, self.explain, rules=["PLC-42", "GEN-04"], facts=facts, settings=settings)

    def assurance(self) -> Row:
        """What was last looked into and when, and when the next is due where a rule says so."""
        return {
            "survey": self.survey(),
            "spot_check": self._last(SpotCheckDone, "PLC-45"),
            "site_visit": self._last(SiteVisited, "PLC-48"),
            "hs_audit": self.hs_audit(),
            "agreement_audit": self._last(AgreementAuditDone, "PLC-47"),
        }

    def _last(self, kind: Any, rule: str, **more: Any) -> Row:
        found = last_by(self.placement, kind, self.as_at)
        row: Row = {"last_done": happened(found) if found else None, **more}
        return explained(row, self.explain, rules=[rule], facts=[found.position] if found else [])

    def survey(self) -> Row:
        """Due a year after the last, or after work began; at the latest when the placement closes (PLC-43)."""
        done = last_by(self.placement, BeneficiarySurveyed, self.as_at)
        closing, start = closed_by(self.placement, self.as_at), started_by(self.placement, self.as_at)
        since, ended = done or start, happened(closing) if closing else None
        over = closing is not None and done is not None and happened(done) >= happened(closing)
        if since is None or over:
            return self._last(BeneficiarySurveyed, "PLC-43", due=None if since is None or over else ended)
        months = self.policy.number(SURVEY, happened(since), self.known)
        return self._last(BeneficiarySurveyed, "PLC-43", due=survey_due(happened(since), months, ended))

    def hs_audit(self) -> Row:
        """Due from the first incident or significant change that no audit has come after (PLC-46)."""
        done = last_by(self.placement, HsAuditDone, self.as_at)
        causes = [
            *self.placement.by(IncidentReported, self.as_at),
            *self.placement.by(SignificantPlacementChange, self.as_at),
        ]
        since = [happened(each) for each in causes if done is None or happened(each) > happened(done)]
        return self._last(HsAuditDone, "PLC-46", due=min(since, default=None))

    def flags(self, history: History) -> list[Flag]:
        """Its exception flags, and the rules that imported facts broke; by date."""
        own = flags_of(self.placement, self.as_at, self.policy, self.known)
        return sorted([*own, *_broken_when_imported(history, self.policy, self.as_at)], key=lambda each: each.date)

    def exception(self, found: Flag) -> Row:
        """One flag."""
        row: Row = {"flag": found.flag, "rule": found.rule, "date": found.date}
        return explained(row, self.explain, rules=[found.rule], facts=found.facts)


def _broken_when_imported(history: History, policy: Policy, as_at: date) -> Iterator[Flag]:
    """Rules that facts told by another system break: the decision on each is taken again, as known then."""
    if all(each.source_recorded is None for each in history):
        return
    placement = Placement()
    for each in history:
        own = each.source_recorded is not None and each.stream.startswith("placement-")
        if own and happened(each) <= as_at and not isinstance(each.fact, CORRECTING):
            now = Now(each.recorded, each.by, policy.as_known(each.position), imported=True)
            broken = [it.rule for it in rule_on(placement, each.fact, now, each.stream).refusals if it.rule_book]
            for rule in dict.fromkeys(broken):
                yield Flag(BROKEN_WHEN_IMPORTED, rule, happened(each), (each.position,))
        placement = placement.take(each)


# ------------------------------------------------------------------------------------------ worklist placement-reviews


def review_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `placement-reviews`: a review that is due soon or overdue."""
    placement = Placement.as_at(history, as_at)
    review = _Asked(placement, policy, as_at, known, explain=False).review()
    if review["state"] == "not-due":
        return []
    return [{"status": status(placement, as_at)[0], "due": review["due"], "review": review}]


_MOVE_NO_REVIEW: Final = frozenset({ContactLogged, PqsAudited, SpotCheckDone, SiteVisited, BeneficiarySurveyed})


def review_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of its own facts, and for each start and review those of the reminder, and after the due day.

    Only a school project is reviewed; visits there and what was found in them move no review.
    """
    placement = Placement.fold(history)
    if not any(each.fact.on_school_premises for each in placement.of(PlacementOpened)):
        return
    kinds = placement.by_type.keys() - _MOVE_NO_REVIEW
    days = {happened(each) for kind in kinds for each in placement.by_type[kind]}
    days |= {each.fact.from_date for each in placement.of(PlacementHoursChanged)}
    for day in sorted(days):
        yield day
        clock = review_clock(placement, day, policy, known)
        if clock is not None:
            yield review_reminded(clock.due, policy.number(REMINDER, happened(clock.since), known))
            yield clock.due + ONE_DAY
