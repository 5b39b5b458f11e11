"""Attendance, absence, enforcement and breach (rule book B).

Proven by tests/rules/test_small_rules.py and the scenarios of enforcement.yaml.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.rules.dates import ONE_DAY, Calendar
from ledger.rules.registry import rule, stated

TWO_OUTCOMES: Final = "This session already has an outcome; record a correction."
SECOND_LETTER: Final = "A letter has already been issued for this absence."
LETTER_BEFORE_ABSENCE: Final = "A letter cannot precede the absence."
REASON_FOR_JUDGEMENT: Final = "Give the reason for this judgement."
ALREADY_JUDGED: Final = "This absence is already judged; only further evidence inside the deadline allows another."
LATE_EVIDENCE: Final = "Evidence arrived after {day}; only a senior probation officer may re-judge, with a reason."
NO_EVIDENCE: Final = "No evidence arrived by {day}; only a senior probation officer may re-judge, with a reason."
REASON_FOR_LATE_EVIDENCE: Final = "Give the reason for accepting late evidence."
NOTHING_TO_REJUDGE: Final = "This absence has no result yet that could be judged anew."
TOO_FEW: Final = "Only {n} unacceptable absence stands; breach cannot be started."
ALREADY_STARTED: Final = "Breach action has already been started for this order; record its outcome."
NO_BREACH: Final = "There is no breach of this order to decide on."
REASON_FOR_DECLINING: Final = "Give the reason for not taking breach action."
NO_ACTION_STARTED: Final = "No breach action was recorded for this outcome; record the action too."
PRAYER_ALONE: Final = "Prayer alone is not an acceptable reason; record the adjustment offered."
NO_KEY_WORKER: Final = "This child protection case has no key worker consultation on this decision."
PRAYER_CODE: Final = "religious observance"
REASON_CODES: Final = (
    "medical",
    "work",
    "family/caring",
    "travel",
    PRAYER_CODE,
    "bereavement",
    "court/other appointment",
    "other",
)
BREACH_BASIS_CHANGED: Final = "BREACH_BASIS_CHANGED"
PROVEN_RESULTS: Final = frozenset({"CONTINUED", "AMENDED", "REVOKED_RESENTENCED"})

stated(
    "ENF-01",
    "For each scheduled session the supervisor records attended, late, failed to attend, sent home or did not comply, "
    "the same day; a late entry is flagged. Reading: a failure to comply during a session stands beside its "
    "attendance, for work until then is credited (HRS-03); failing to attend, or being sent home before the start, "
    "does not.",
    cite="CPOM s1, Acronyms",
)
stated(
    "ENF-02",
    "Failing to attend or to comply with any appointment under the order opens an enforcement item; both count alike.",
    cite="CPOM s1, s2, s3",
    anchor="failure",
)
stated(
    "ENF-03",
    "The practitioner sends one letter for each item, asking for evidence. No time is given for sending it: absences "
    "without a letter are listed by age.",
    cite="CPOM s1",
    anchor="failure",
)


@rule("ENF-04", edition="manual-2022", cite="CPOM s1, Enforcement", anchor="letter")
def evidence_deadline(issued_on: date, working_days: int, calendar: Calendar) -> date:
    """Evidence counts until the end of the fifth working day after the letter was issued; the day of issue is day 0."""
    return calendar.add_working_days(issued_on, working_days)


@rule("ENF-05", edition="manual-2022", cite="CPOM s1; HMIP 2.1(j)", anchor="letter")
def finding_takes_effect(unacceptable: bool, judged_on: date, evidence_until: date | None) -> date | None:
    """When a judgement takes effect: on its day, but a finding of unacceptable not before the deadline has passed.

    More evidence may still arrive until then.  Readings: timely evidence that is not judged stops the deeming; further
    evidence inside the deadline sets an early finding of unacceptable aside until a fresh judgement; without a letter
    no deadline runs, so such a finding waits.
    """
    if not unacceptable:
        return judged_on
    if evidence_until is None:
        return None
    return judged_on if judged_on > evidence_until else evidence_until + ONE_DAY


@rule("ENF-06", edition="manual-2022", cite="CPOM s1", anchor="letter")
def deemed_from(evidence_until: date) -> date:
    """With no evidence by the deadline the absence is unacceptable from the next day; derived, so it needs no sweep."""
    return evidence_until + ONE_DAY


@rule("ENF-07", edition="manual-2022", cite="CPOM s1 (silent)", anchor="letter")
def is_late(received_on: date, evidence_until: date | None) -> bool:
    """Evidence after the deadline does not undo the deeming; a senior probation officer may judge anew, with a reason.

    Readings: without a letter nothing is late; a new judgement takes effect on its day, in both directions.
    """
    return evidence_until is not None and received_on > evidence_until


@rule("ENF-08", edition="manual-2022", cite="CPOM s1", anchor="failure")
def in_breach(tally: int, threshold: int) -> bool:
    """Two unacceptable absences of one order put the person in breach, from the later of the days they became so.

    Readings: over the life of one order, not necessarily consecutive; the date does not move while the tally stays at
    two or more; after a decision not to act, or a breach not proven, only a further unacceptable absence triggers anew.
    """
    return tally >= threshold


stated(
    "ENF-09",
    "A triggered breach is taken to court, or a decision not to is recorded with the manager's reason. Fast track for "
    "high and very high risk; no timescale is in the sources, so age is shown.",
    cite="CPOM s1; HMIP 2.1(k), Courts (fast track)",
)
stated(
    "ENF-10",
    "A proven breach is a conviction; the court may revoke and resentence or use other powers.",
    cite="CPOM s1",
)


@rule("ENF-11", edition="manual-2022", cite="reading of CPOM s1", anchor="decision")
def basis_fell(tally: int, threshold: int) -> bool:
    """The tally fell below two: before court action the breach is withdrawn, after it the court must be told.

    Reading: an absence the court relied on and that is judged acceptable afterwards raises the flag too.
    """
    return tally < threshold


@rule("ENF-12", edition="manual-2022", cite="source silent", anchor="decision")
def spends(proven: bool, result: str) -> bool:
    """Absences relied on in a breach the court has dealt with no longer count; only a proven breach spends them.

    Reading: relied on are those unacceptable, and recorded, when breach action was started.
    """
    return proven and result in PROVEN_RESULTS


stated("ENF-13", "Each letter runs its own clock; nothing merges or suspends another.", cite="CPOM s1 (reading)")
stated(
    "ENF-14",
    "An absence recorded late takes its place by its date; its letter's clock runs from the letter.",
    cite="CPOM s1",
)
stated(
    "ENF-15",
    "Every judgement carries reason code, reason, author and date; the report of judgements counts one reason with "
    "different results, by whoever judged. The list of codes is ours: " + ", ".join(REASON_CODES) + ".",
    edition="inspection-2012",
    cite="HMIP 2.1(j)",
)
stated(
    "ENF-16",
    "Prayer is no legitimate reason to miss or leave a session; reasonable breaks are arranged, about ten minutes, up "
    "to two in a full day.",
    cite="CPOM s2",
)
stated("ENF-17", "Anyone holding information that bears on an absence passes it to the practitioner.", cite="CPOM s4")
stated(
    "ENF-18",
    "The practitioner sees attendance at every requirement of the order, not only unpaid work.",
    edition="inspection-2012",
    cite="HMIP 2.1(i); CPOM s1",
)
stated(
    "ENF-19",
    "Actions to secure compliance short of breach are recorded.",
    edition="inspection-2012",
    cite="HMIP 2.1(i)",
)
stated(
    "ENF-20",
    "Each late arrival is recorded with its minutes; persistent lateness may mean being sent home.",
    cite="CPOM s1, s2",
)
stated("ENF-21", "Threats or abuse are recorded as an incident and normally enforced.", cite="CPOM s2")
stated(
    "ENF-22",
    "Where breach is for reasons of risk the record says so, that it was prompt, explained, and re-engagement tried.",
    edition="inspection-2012",
    cite="HMIP 2.2(j), (k)",
)
stated(
    "ENF-23",
    "For any absence the ledger prints session, recorder, letter with its working days, evidence, judgements and "
    "tally.",
    edition="inspection-2012",
    cite="HMIP 2.1(j)",
    kept="by the view of enforcement, explained, and the trail of each decision, which is printed",
)
stated(
    "ENF-24",
    "In a case with a child protection plan enforcement is decided in consultation with the key worker. Reading: a "
    "warning, not a bar, so that protection is not delayed.",
    edition="west-mercia-2007",
    cite="WMPA 4.4",
)
