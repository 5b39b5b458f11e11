"""Concern, referral and conference: the matter before and beside a registration (rule book G, CP-01 to CP-30).

"Days" are calendar days where the policy does not say working days (CP-12, CP-27); months are GEN-03's.  Messages and
flags stand at their rules.  Proven by tests/aggregates/test_child_protection_clocks.py and
child-protection.yaml.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from ledger.rules.dates import Calendar, add_months
from ledger.rules.registry import rule, stated

WMPA: Final = "west-mercia-2007"

R7_OR_A_REASON: Final = "A positive check needs R7 or a reason."
COMPLETE_R6_R7: Final = "Complete R6 and R7."
CP1_NEEDS: Final = "CP1 needs {fields}."
AGREE_WITH_CHAIR: Final = "Agree with the chair in advance if not sharing."
ONLY_TO_DECIDE: Final = "Contact with a child may be started only to decide on a referral."
WRITTEN_REASON: Final = "Give the written reason."

WRITTEN_FOLLOW_UP_MISSING: Final = "WRITTEN_FOLLOW_UP_MISSING"
GRAVE_NOT_ESCALATED: Final = "GRAVE_NOT_ESCALATED"
REFERRAL_NOT_IN_WRITING: Final = "REFERRAL_NOT_IN_WRITING"
CONFERENCE_NO_REPORT: Final = "CONFERENCE_NO_REPORT"

stated(
    "CP-01",
    "A concern about a child, wherever it is noticed, is recorded and passed on; from then on the case is a child "
    "protection case. A matter's offenders and children are those its concerns name. Readings: a check asked for, "
    "or new information, before any concern names its offender too; a concern is passed on once a manager was notified "
    "of it, or it was escalated or referred: until then it is listed with its age.",
    edition=WMPA,
    cite="WMPA 1.2-1.5, 2.1",
)
stated(
    "CP-02",
    "Concerns at court go on form CNF1, urgent ones orally and then in writing. Reading: whatever the stage, what was "
    "told orally stays flagged until it is written, by its own date or by a notification in writing.",
    edition=WMPA,
    cite="WMPA 1.3",
)
stated("CP-03", "Reception staff notify the line or duty manager in writing.", edition=WMPA, cite="WMPA 1.4")
stated(
    "CP-04",
    "Interview and OASys follow section R2 and look for domestic violence, drugs and alcohol as linked behaviours.",
    edition=WMPA,
    cite="WMPA 1.5",
)


@rule("CP-05", edition=WMPA, cite="WMPA 3.1", anchor="day")
def escalation_overdue_from(noted_on: date) -> date:
    """A grave concern goes to children's services or the police at once: flagged from the day after it was noted.

    Readings: "at once" is the same calendar day, so the flag starts with the next one; it is cleared by the escalation.
    """
    return noted_on + timedelta(days=1)


@rule("CP-06", edition=WMPA, cite="WMPA 1.7, 1.8", anchor="day")
def serves_assessment(asked_on: date, assessed_on: date, assessed_before: date | None) -> bool:
    """Children's services are asked for every OASys, and again when circumstances change.

    Readings: no time is given, for asking or for the answer, so ages are shown; a check serves the assessment it is
    nearer to, the one before or this one, for reports are asked about before a sentence and reviews after it; the
    newest assessment of the orders that go on is the one that wants a check.
    """
    return assessed_before is None or asked_on - assessed_before > assessed_on - asked_on


stated(
    "CP-07",
    "The form of the check asks whether the person will live with, or often see, a child on the register or looked "
    "after, and whether there are concerns about children.",
    edition=WMPA,
    cite="WMPA App 7",
)
stated(
    "CP-08",
    "Yes to either question of the check makes registration (R7) and a child protection review necessary. Readings: an "
    "R7 from the day of the answer on serves it, on the register or in the matter; without one the check stays open "
    "until it is closed with a reason.",
    edition=WMPA,
    cite="WMPA 1.7, 5.1",
)
stated(
    "CP-09",
    "New information is recorded, R7 and the register amended if needed, and the risk manager countersigns. Reading: "
    "one countersignature serves all that was recorded on or before its day.",
    edition=WMPA,
    cite="WMPA 2.3",
)


@rule("CP-10", edition=WMPA, cite="WMPA 2.1, 2.2", anchor="day")
def about_protection(kind: str) -> bool:
    """A concern in R2 calls for an objective of the sentence plan about it: one of the kind child_protection.

    Readings: whatever an assessment tells under R2 is a concern; it wants an objective of its order from its day on,
    for each assessment brings a plan; a section R2 of a matter is of no one order, so one of any order of the person
    serves it; with no order going on there is no plan.
    """
    return re.sub(r"[\s-]+", "_", kind.strip().casefold()) == "child_protection"


stated(
    "CP-11",
    "A referral may be made at any time, with R6 and R7 completed; one by telephone is followed up in writing, with no "
    "time limit: it is flagged until it is.",
    edition=WMPA,
    cite="WMPA 3.1",
)


@rule("CP-12", edition=WMPA, cite="WMPA 3.1", anchor="day")
def reply_due(first_contact: date, days: int) -> date:
    """Children's services reply within 10 days of the referral; reminded of on the last, overdue from the next.

    Readings: calendar days; from the first contact, by telephone or in writing, whichever is earlier.
    """
    return first_contact + timedelta(days=days)


@rule("CP-13", edition=WMPA, cite="WMPA 3.2", anchor="day")
def contact_lost_from(last_attended: date, days: int) -> date:
    """The key worker is told when contact with the offender is lost: warned of after 28 days without attendance.

    Readings: counted from the last attendance, else from the sentence; there is an absence among those days; a warning
    only, until the key worker is told.
    """
    return last_attended + timedelta(days=days)


stated(
    "CP-14",
    "Taking responsibility for a case with a child on the register, the officer tells the key worker by form CP1. "
    "Reading: it needs every text of the form, a child and an offender; no deadline is given.",
    edition=WMPA,
    cite="WMPA 3.2, App 1",
)
stated("CP-15", "Telephone contact with children's services is followed up in writing.", edition=WMPA, cite="WMPA 3.2")
stated("CP-16", "Other units in contact are told of concerns and changes.", edition=WMPA, cite="WMPA 3.3")


@rule("CP-17", edition=WMPA, cite="WMPA 3.4", anchor="day")
def to_decide_on_a_referral(purpose: str) -> bool:
    """Staff contribute to the investigation and do not run it; they start contact with a child only to get what is
    needed to decide on a referral.

    Reading: the purpose says so in words: it speaks of referring; any other is refused, as the rule book has it."""
    return re.search(r"\brefer", purpose, re.IGNORECASE) is not None


stated("CP-18", "Strategy meetings have high priority.", edition=WMPA, cite="WMPA 4.2")
stated(
    "CP-19",
    "Officers make themselves known to the social worker, keep secure accounts and mark material restricted.",
    edition=WMPA,
    cite="WMPA 4.3",
)


@rule("CP-20", edition=WMPA, cite="WMPA 4.4", anchor="day")
def absent_from(for_date: date) -> date:
    """Every invitation is answered, and the conference attended or, as the line manager agrees, reported to in writing.

    Readings: neither is flagged from the day after the conference, until a report is in; that a conference was held
    does not say that probation was there.
    """
    return for_date + timedelta(days=1)


stated(
    "CP-21",
    "The report follows the headings of the form, is shared with the family or agreed with the chair in advance, and "
    "tells fact, observation, allegation and opinion apart.",
    edition=WMPA,
    cite="WMPA 4.4, App 2",
)
stated(
    "CP-22",
    "A conference works through the checklist of its tasks. Reading: the ledger prints it, the chair and those who "
    "attend tick it; what came of it is recorded: actions, minutes, the next review.",
    edition=WMPA,
    cite="WMPA App 3",
)
stated("CP-23", "Minutes are checked and errors raised at once.", edition=WMPA, cite="WMPA 4.4")
stated(
    "CP-24",
    "Agreed actions are carried out, or the reason is given in writing.",
    edition=WMPA,
    cite="WMPA 4.4",
)


@rule("CP-26", edition=WMPA, cite="WMPA 4.5", anchor="day")
def core_group_due(conference_on: date, working_days: int, calendar: Calendar) -> date:
    """The first core group meets within ten working days of the initial conference.

    Readings: from the day it was attended or held, else from the day it was called for; the first meeting from that
    day on counts.
    """
    return calendar.add_working_days(conference_on, working_days)


@rule("CP-27", edition=WMPA, cite="WMPA 4.5", anchor="day")
def core_assessment_due(started_on: date, days: int) -> date:
    """The core assessment is ready 35 days after the strategy discussion or the start of enquiries, the earlier one.

    Readings: calendar days; a discussion after an assessment is ready starts the next one.
    """
    return started_on + timedelta(days=days)


@rule("CP-28", edition=WMPA, cite="WMPA 4.6", anchor="day")
def next_review_due(conference_on: date, months: int) -> date:
    """The first review conference within three months of the initial one, each further within six of the last.

    Reading: until de-registration means until every registration of the matter's offenders is closed.
    """
    return add_months(conference_on, months)


stated(
    "CP-29",
    "Disagreements go to the line manager, significant ones to the area manager or above.",
    edition=WMPA,
    cite="WMPA 4.7",
)
stated(
    "CP-30", "Family group conferences for a child in need are recorded the same way.", edition=WMPA, cite="WMPA 4.8"
)
stated(
    "CP-54",
    "Volunteers and partners report concerns to the supervising officer, or the line manager when absent; contracts "
    "contain this duty. Reading: that a contract does is confirmed agency by agency; no fact names the agencies that "
    "work jointly, so the ledger lists none without the clause and warns of none.",
    edition=WMPA,
    cite="WMPA 6.6",
)
stated(
    "CP-55",
    "Child protection and High or Very High cases get a timely initial home visit and repeats. No number is given: a "
    "child protection case without a visit since it became one is listed with its age.",
    edition=WMPA,
    cite="HMIP summary, 2.2",
)
stated(
    "CP-58",
    "The record tells a child in need from a child at risk of significant harm.",
    edition=WMPA,
    cite="WMPA 1.1, 4.3",
)
stated(
    "CP-60",
    "Programme facilitators are encouraged to attend conferences to which they can contribute. Reading: the checklist "
    "of a conference asks whether the facilitator was told.",
    edition=WMPA,
    cite="WMPA 4.1",
)
