"""View `who-knew` of a case review: what each officer and agency knew of its children and offenders, and since when.

Asked by a management review (SCR-09, *key opportunities*, *informed decisions*): who recorded a fact knew it when they
recorded it, at the latest; who was told, asked or met is known from the facts that say so (TELLINGS), from their day.
Each line holds the day a thing happened, the day somebody knew, and the moment it was recorded, so an entry that was
made after the incident had been referred shows as that (`after_incident`), whatever day it is told of.

Readings, where the texts are silent.  A line says that somebody knew, not that nobody else did: what was said and never
recorded is in no ledger.  The incident is the referral to the board (SCR-02); what happened before it and was recorded
after it is marked.  No fact says when the incident itself became known, so that it was not referred the same day is
never said; what is on record is each grave concern (CP-05) about its children and offenders of an earlier day
(`grave_before`), and whoever reviews judges whether one told of it.  The terms of reference are the period of the
chronology produced last (SCR-10); before one is produced they are everything.  Facts stand as first recorded; one put
right or struck out since stays, and says so: it is what they knew.  No text is shown; each line leads to its fact,
where the reader's role decides.  Whoever may not read of another person whom a line would concern is shown no line at
all: a list with holes would mislead.

Pure; proven by tests/projections/test_who_knew.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.aggregates.case_review.facts import ChronologyProduced, SeriousIncidentReferred
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.child_protection_matter import facts as matter
from ledger.aggregates.child_protection_matter.clocks import alerts
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.facts import CaseTransferred, PractitionerAssigned
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry import facts as register
from ledger.aggregates.shape import Fact, Recorded, Unread
from ledger.projections.chronology import events
from ledger.projections.gaps import gaps
from ledger.projections.why import Row
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]
REVIEW: Final = "case-review-"
MATTER: Final = "child-protection-matter-"
PERSON: Final = "offender-"


@dataclass(frozen=True, slots=True)
class Telling:
    """Whom a fact says it reached: a code, or the `field` that holds one.  `how`; `on`: the field with the day they
    knew, where it is not the day it took effect."""

    whom: str = ""
    how: str = "told"
    field: str = ""
    kind: str = "agency"
    on: str = ""


_SERVICES, _CONFERENCE, _KEY_WORKER = "CHILDREN_SERVICES", "CONFERENCE", "KEY_WORKER"
_OFFICER: Final = "INFORMATION_OFFICER"
# One line for each fact that tells somebody something; what is not here is known to whoever recorded it.
TELLINGS: Final[Mapping[type[Fact], Telling]] = MappingProxyType(
    {
        matter.ConcernNotified: Telling("MANAGEMENT"),
        matter.ConcernEscalated: Telling(field="to_agency"),
        matter.ChildrenServicesCheckRequested: Telling(_SERVICES, "asked"),
        matter.ChildrenServicesCheckAnswered: Telling(_SERVICES, "answered"),
        matter.ReferralMade: Telling(_SERVICES),
        matter.ReferralConfirmedInWriting: Telling(_SERVICES),
        matter.ReferralReplied: Telling(_SERVICES, "answered"),
        matter.ReferralChased: Telling(_SERVICES, "asked"),
        matter.ChildrenServicesContacted: Telling(_SERVICES),
        matter.SocialWorkerInformed: Telling(_SERVICES),
        matter.Cp1Sent: Telling(_KEY_WORKER),
        matter.LossOfContactNotified: Telling(_KEY_WORKER),
        matter.UnitInformed: Telling(field="unit", kind="unit"),
        matter.StrategyMeetingHeld: Telling("STRATEGY_MEETING", "met"),
        matter.ConferenceReportSubmitted: Telling(_CONFERENCE),
        matter.ConferenceAttended: Telling(_CONFERENCE, "met"),
        matter.ReviewConferenceHeld: Telling(_CONFERENCE, "met"),
        matter.FamilyGroupConferenceHeld: Telling(_CONFERENCE, "met"),
        matter.ConferenceMinutesChecked: Telling(_CONFERENCE, "minuted", on="received_on"),
        matter.CoreGroupMet: Telling("CORE_GROUP", "met"),
        register.R7Submitted: Telling(_OFFICER),
        register.R7Amended: Telling(_OFFICER),
        register.DeregistrationNotified: Telling(_OFFICER, on="notified_on"),
        register.MissedReviewRaised: Telling(field="to_unit", kind="unit"),
        PractitionerAssigned: Telling(field="staff_id", kind="officer", how="assigned"),
        CaseTransferred: Telling(field="to_unit", kind="unit"),
        SeriousIncidentReferred: Telling("SAFEGUARDING_BOARD"),
    }
)


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """`knowledge`: a line for each fact and whoever knew it, by the day it happened; `knowers`: who they are; `gaps`;
    `grave_before`: the grave concerns that were noted on a day before the referral's.

    A line: the fact's row without its values, and {kind, who, how, since, after_incident, within}.  Of an officer `who`
    is the staff id, of a unit or an agency a code.  `offender_id`: on whose timeline it stands, if on any; `decided`:
    it has a trail (ledger.trails), with the screen its author was shown.
    """
    del explain  # a line names its fact, a gap its rule
    stream = next((each.stream for each in history if each.stream.startswith(REVIEW)), "")
    review = Review.as_at([each for each in history if each.stream == stream], as_at)
    chains = _read(review.persons, others)
    told = _of_the_persons(review.persons, (*chains.values(), history))
    _read(_of_strangers(review.persons, told), others)
    by_position = {each.position: each for each in told}
    lines = [line for row in events(told, as_at) for line in _lines(row, by_position[row["position"]], review)]
    produced = review.last(ChronologyProduced)
    return {
        "incident_at": review.referral.fact.referred_at if review.referral else None,
        "from_date": produced.fact.from_date if produced else None,
        "to_date": produced.fact.to_date if produced else None,
        "offender_refs": [each.removeprefix(PERSON) for each in review.offenders],
        "child_refs": list(review.referral.fact.child_refs) if review.referral else [],
        "knowers": _knowers(lines),
        "knowledge": lines,
        "grave_before": _grave_before(review, told, as_at),
        "gaps": list(_gaps(review, chains, policy, as_at, known)),
    }


# ------------------------------------------------------------------------------------------ whose facts


def _read(names: Iterable[str], others: Others) -> dict[str, History]:
    """These chains.  Raises Unread once for all that are not read yet."""
    found: dict[str, History] = {}
    missing: list[str] = []
    for each in names:
        try:
            found[each] = others(each)
        except Unread as unread:
            missing += unread.names
    if missing:
        raise Unread(missing)
    return found


def _of_the_persons(persons: Sequence[str], chains: Iterable[History]) -> list[Recorded[Any]]:
    """Every fact about any of them once, in order of position; of reviews the referrals alone, and nothing of another
    person's own record, which only leads there."""
    found = {each.position: each for chain in chains for each in chain if _is_told(each, persons)}
    return [found[position] for position in sorted(found)]


def _is_told(record: Recorded[Any], persons: Sequence[str]) -> bool:
    if record.stream.startswith(REVIEW):
        return isinstance(record.fact, SeriousIncidentReferred)
    return record.stream in persons or not record.stream.startswith(PERSON)


def _of_strangers(persons: Sequence[str], told: Iterable[Recorded[Any]]) -> list[str]:
    """The cases, among those the facts are of, that concern somebody else too: they are read, which asks who may."""
    found = {
        each.stream: None
        for each in told
        if each.stream not in persons and any(name.startswith(PERSON) and name not in persons for name in each.about)
    }
    return list(found)


# ------------------------------------------------------------------------------------------ who knew


def _lines(row: Row, record: Recorded[Any], review: Review) -> Iterator[Row]:
    """Whoever recorded a fact, and whomever it says it reached."""
    kept = {name: value for name, value in row.items() if name not in ("values", "proof", "according_to", "by")}
    by = record.by
    concerns = (record.stream, *record.about)
    base: Row = {
        **kept,
        "case": record.stream,
        "offender_id": next((name.removeprefix(PERSON) for name in review.offenders if name in concerns), None),
        "decided": bool(record.under or record.rests_on),
        "after_incident": review.late(record),
        "within": _within(record, review.last(ChronologyProduced)),
    }
    yield {**base, "kind": "officer", "who": by.id, "role": by.role, "unit": by.unit, "how": "recorded"} | {
        "since": record.recorded
    }
    fact: Fact = record.fact
    telling = TELLINGS.get(type(fact))
    whom = telling and (getattr(fact, telling.field) if telling.field else telling.whom)
    if telling and whom:
        since = getattr(fact, telling.on) if telling.on else record.effective
        yield {
            **base,
            "kind": telling.kind,
            "who": whom,
            "role": None,
            "unit": None,
            "how": telling.how,
            "since": since,
        }


def _within(record: Recorded[Any], produced: Recorded[ChronologyProduced] | None) -> bool:
    """Whether it happened within the terms of reference."""
    return produced is None or produced.fact.from_date <= day_of(record.effective) <= produced.fact.to_date


def _knowers(lines: Sequence[Row]) -> list[Row]:
    """Agencies, units, then officers, each by when they first knew anything: {kind, who, roles, units, first, facts,
    after_incident}, the last two how many."""
    found: dict[tuple[str, str], Row] = {}
    for each in lines:
        row = found.setdefault(
            (each["kind"], each["who"]),
            {
                "kind": each["kind"],
                "who": each["who"],
                "roles": [],
                "units": [],
                "first": day_of(each["since"]),
                "facts": 0,
                "after_incident": 0,
            },
        )
        row["roles"] += [each["role"]] if each["role"] and each["role"] not in row["roles"] else []
        row["units"] += [each["unit"]] if each["unit"] and each["unit"] not in row["units"] else []
        row["first"] = min(row["first"], day_of(each["since"]))
        row["facts"] += 1
        row["after_incident"] += each["after_incident"]
    return sorted(found.values(), key=lambda row: (_KINDS.index(row["kind"]), row["first"], row["who"]))


_KINDS: Final = ("agency", "unit", "officer")


# ------------------------------------------------------------------------------------------ what was not done


def _grave_before(review: Review, told: Sequence[Recorded[Any]], as_at: date) -> list[Row]:
    """Each grave concern about them that was noted on a day before the incident was referred, and how many (SCR-02)."""
    if review.referral is None:
        return []
    referred_on = day_of(review.referral.effective)
    return [
        {
            "rule": "SCR-02",
            "position": each.position,
            "matter_id": each.stream.removeprefix(MATTER),
            "concern_id": each.fact.concern_id,
            "noted_on": each.fact.noted_on,
            "days": (referred_on - each.fact.noted_on).days,
            "after_incident": review.late(each),
        }
        for each in sorted(as_corrected(told), key=lambda each: each.position)
        if isinstance(each.fact, matter.ChildProtectionConcernRecorded)
        and each.fact.grave
        and each.fact.noted_on < referred_on
        and each.fact.noted_on <= as_at
    ]


def _gaps(review: Review, chains: Mapping[str, History], policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    """What should have happened and did not, of each offender and of each matter, oldest first."""
    found: list[Row] = []
    for name in review.offenders:
        found += [
            {**each, "offender_id": name.removeprefix(PERSON)} for each in gaps(chains[name], policy, as_at, known)
        ]
    told = _of_the_persons(review.persons, chains.values())
    for stream in dict.fromkeys(each.stream for each in told if each.stream.startswith(MATTER)):
        whole = Matter.as_at([each for each in told if each.stream == stream], as_at)
        found += [
            {"rule": each.rule, "what": each.flag, "since": each.since, "days": (as_at - each.since).days}
            | {"matter_id": stream.removeprefix(MATTER)}
            for each in alerts(whole, as_at)
        ]
    yield from sorted(found, key=lambda each: each["since"])
