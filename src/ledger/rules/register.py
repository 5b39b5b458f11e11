"""The child protection register: registration, reviews, de-registration, warning flags (rule book G, H where it bears).

The general part of child protection is in `child_protection`.  Proven by tests/rules/test_register.py and the scenarios
of child-protection.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from ledger.rules.dates import ONE_DAY, Calendar, add_months
from ledger.rules.outcome_codes import REMANDED_IN_CUSTODY
from ledger.rules.registry import rule, stated

WMPA: Final = "west-mercia-2007"

R7_FIRST: Final = "R7 must be received first."
ONLY_INFORMATION_OFFICER_ENTERS: Final = "Only the Information Officer may enter the register."
ONLY_INFORMATION_OFFICER_CLOSES: Final = "Only the Information Officer may de-register."
NOTIFY_FIRST: Final = "De-registration must be notified first."
FORM_P_FIRST: Final = "Form P section 6 must be received."
OTHERS_REMAIN: Final = "Other children remain registered."
CANNOT_BE_RESTORED: Final = "This record was erased and cannot be restored."
SET_WORDING: Final = "The de-registration entry must use the set wording."
NO_PROBATION_EMPLOYEE: Final = "A key worker cannot be a probation employee."
NAME_THE_CHILD: Final = "Name the child or children; without one the ground is CONCERN."
CONCERN_ALONE_ENDS: Final = "An entry on a concern alone closes when supervision or the concern ends."
OTHER_OFFENDER: Final = "The R7 received here is about another person; check the entry."
NOT_LINKED: Final = "This child has no open link in this entry."
BEFORE_REGISTRATION: Final = "The date is before the registration."
AFTER_CLOSING: Final = "This entry was closed on {day}."
STILL_REGISTERED: Final = "This child is still registered; close the entry, or end the link, first."
NOT_RECORDED: Final = "All persons named must be recorded and cross-referenced."
ANOTHER_PERSON: Final = "Whoever gave the ground does not erase; another person must."
THE_VERY_DAY: Final = "The details are erased today, so that is the date of it: {day}."
NOT_ERASED: Final = "Nothing is erased here yet."
ALREADY_FINAL: Final = "This erasure is final already."
WRAPPED_AS_THEN: Final = "Backups of the vault may still open what was erased; run 'ledger vault rewrap' first."
BEFORE_THE_HORIZON: Final = "Backups may open what was erased until {day}; it is final then."
ALREADY_CLOSED: Final = "This entry is already closed; record a correction."

CONCERN: Final = "CONCERN"
SUPERVISION_ENDED: Final = "SUPERVISION_ENDED"
CHILD_REMOVED: Final = "CHILD_REMOVED"
CONTACT_CEASED: Final = "CONTACT_CEASED"
CONCERN_ENDED: Final = "CONCERN_ENDED"
GROUNDS_OF_CONCERN_ALONE: Final = frozenset({SUPERVISION_ENDED, CONCERN_ENDED})


@rule("CP-25", edition=WMPA, cite="WMPA 4.1", anchor="day")
def of_probation(agency: str) -> bool:
    """The key worker is never a probation employee.

    Reading: an agency is probation's if its name says so: probation, HMPPS, NPS, NOMS.
    """
    return bool(re.search(r"\b(probation|hmpps|nps|noms)\b", agency, re.IGNORECASE))


stated(
    "CP-31",
    "On a concern, or contact with a child on the register or in care, R7 goes to the Information Officer, who enters "
    "the register. No deadline is given. Readings: an entry needs an R7 dated on or before it, about the same person; "
    "children who join later are registered by an entry of their own.",
    edition=WMPA,
    cite="WMPA 5.1",
)
stated(
    "CP-32",
    "Registration is noted and dated on the offender's record; R7.5 lists organisations and contacts.",
    edition=WMPA,
    cite="WMPA 5.7, 2.5",
)


@rule("CP-33", edition=WMPA, cite="WMPA 5.2", anchor="day")
def review_due(anchor: date, months: int) -> date:
    """Each entry is reviewed at least every four months, on form P section 6.

    Readings: counted from the registration, then from each review; one Form P serves one review; missed from the day
    after.
    """
    return add_months(anchor, months)


@rule("CP-33", edition=WMPA, cite="WMPA 5.2", anchor="day")
def review_reminder(due: date, days: int) -> date:
    """The review is reminded of from 14 days before it is due, a setting of ours."""
    return due - timedelta(days=days)


stated(
    "CP-34",
    "The Information Officer brings a missed review to the unit's team admin, who follow it up. No time is given.",
    edition=WMPA,
    cite="WMPA 5.1",
)
stated(
    "CP-35",
    "A change of circumstances is recorded on Form P section 6: completion of supervision, a child removed from the "
    "register, addresses, other children, supervising officer, risk status. Readings: a child's removal, or the end of "
    "supervision, calls for a de-registration to be notified, any other change for a review of the entry; what was "
    "done on the day of the change or later serves.",
    edition=WMPA,
    cite="WMPA 5.2, 3.2",
)


@rule("CP-36", edition=WMPA, cite="WMPA 2.4", anchor="day")
def in_custody(reason_code: str) -> bool:
    """On imprisonment the prison's child protection co-ordinator is told.

    Readings: the one fact that says somebody is in prison is an absence judged acceptable under the outcome code for
    remand in custody; from then on, until a session is attended, the person is there.  What a court made of a breach
    does not say custody.
    """
    return reason_code.strip().upper() == REMANDED_IN_CUSTODY


stated(
    "CP-37",
    "RH: the offender lives with, or sees, a child on the register; CR: child at risk; RA-H: risk assessed HIGH or "
    "VERY HIGH; RA-N is for the search row only. Reading: a looked-after child raises RH and CR too.",
    edition=WMPA,
    cite="WMPA App 4",
)


@rule("CP-38", edition=WMPA, cite="WMPA App 4", anchor="day")
def flag_since(spans: Iterable[tuple[date, date | None]], day: date) -> date | None:
    """A flag of the History/Warnings screen (19 child at risk, 20 in household) is Y with its date, or N (None).

    `spans`: from the day a registration began to the day it ended, the last not included; None: not ended.  Readings:
    the date stays while registrations overlap; the flag goes on the day of closing; the assessed risk has no number.
    """
    since: date | None = None
    until: date | None = date.min
    for began, ended in sorted(spans, key=lambda each: each[0]):
        if began > day:
            break
        if until is not None and began >= until:
            since, until = began, ended
        elif until is not None:
            until = None if ended is None else max(until, ended)
    return since if until is None or day < until else None


stated(
    "CP-39",
    "Each child's and adult's notebook names the others with client id and date, cross-referenced both ways. Reading: "
    "a line about a number that nobody in the ledger has is refused; what another system tells happened as it is told.",
    edition=WMPA,
    cite="WMPA App 4",
)
stated(
    "CP-40",
    "De-registration is due when supervision ends, the child leaves the register, or contact ends. Readings: "
    "supervision has ended when every order on the person has; recorded while an entry is open, that is itself the "
    "notification. A notification that names no child is about all, unless one of several was removed: then the links "
    "that are ended say which.",
    edition=WMPA,
    cite="WMPA 5.3, App 4",
)
stated("CP-41", "The Information Officer at Head Office de-registers.", edition=WMPA, cite="WMPA 5.3, App 4")
stated(
    "CP-42",
    "Four actions: the entries deleted, the client details deleted, the warning flag removed, the notebook entry made. "
    "Readings: the flag goes with the closing; where no child is named the closing is all four.",
    edition=WMPA,
    cite="WMPA App 4",
)
stated(
    "CP-43",
    "Dates, grounds, actors, outcome codes, flag history and the notebook text stay; what identifies the child goes.",
    edition=WMPA,
    cite="WMPA 5.3, 5.7, App 4",
)

TEXTS: Final = {
    CHILD_REMOVED: "Children removed from LA CP register. Children's details removed from IOSS on {day} and the case "
    "transferred to the history file.",
    SUPERVISION_ENDED: "Case terminated whilst Children subject to LA CP register. Children's details removed from "
    "IOSS on {day} and the case transferred to the history file.",
    CONTACT_CEASED: "Contact with Children has ceased. Children's details removed from IOSS on {day} and the case "
    "transferred to the history file.",
}
ONE_LEFT: Final = "One child removed from the register on {day}; others remain."
DETAILS_KEPT: Final = (
    "Case terminated whilst Children subject to LA CP register. Link ended on {day}; details kept for another current "
    "case."
)
LOCAL_TEXTS: Final = (TEXTS[CONTACT_CEASED], ONE_LEFT, DETAILS_KEPT)
_OPENINGS: Final = (
    "children removed from la cp register",
    "case terminated whilst children subject to",
    "contact with children has ceased",
    "one child removed from the register",
)


def written(text: str, day: date) -> str:
    """A set text with its day, as notebooks write it: 13/10/25."""
    return text.format(day=f"{day:%d/%m/%y}")


def is_text(told: str, text: str) -> bool:
    """Whether a notebook line is this set text, with a day that exists."""
    before, after = text.split("{day}")
    try:
        day = datetime.strptime(told[len(before) : len(told) - len(after)], "%d/%m/%y").date()  # noqa: DTZ007
    except ValueError:
        return False
    return told == written(text, day)


@rule("CP-44", edition=WMPA, cite="WMPA App 4", anchor="day")
def set_text(told: str) -> str | None:
    """The ground whose set text a notebook line is, word for word with a date as dd/mm/yy; None if it is none.

    The child's removal has text 1, the end of supervision text 2; of two grounds the earlier decides.
    """
    return next((ground for ground, text in TEXTS.items() if is_text(told, text)), None)


@rule("CP-44", edition=WMPA, cite="WMPA App 4", anchor="day")
def edited_text(told: str) -> bool:
    """Whether a line begins as a set text does and goes on otherwise: such an entry is refused."""
    known = (*TEXTS.values(), ONE_LEFT, DETAILS_KEPT)
    begins = " ".join(told.split()).lower().startswith(_OPENINGS)
    return begins and not any(is_text(told, text) for text in known)


@rule("CP-45", edition=WMPA, cite="WMPA App 4 (ground only)", anchor="day")
def local_wording(told: str) -> bool:
    """The text for contact that ceased is ours, and marked so; as are those for one of several, and for a link."""
    return any(is_text(told, text) for text in LOCAL_TEXTS)


stated(
    "CP-46",
    "One of several children leaves: that link ends and that child's details go; the flag, and the entry, remain "
    "while another child stays.",
    edition=WMPA,
    cite="WMPA App 4",
)
stated(
    "CP-47",
    "A child removed from the register gives ground to end every link; the end of one offender's supervision ends "
    "that one only, and the details stay for the other. Readings: ending each link is the Information Officer's "
    "doing; the link's end shows as a line of the notebook, derived.",
    edition=WMPA,
    cite="WMPA App 4 (reading)",
)
stated("CP-48", "Erasure under a hold waits until its release.", edition=WMPA, cite="WMPA App 4 (reading)")
stated(
    "CP-49",
    "A child erased earlier comes back as a new record with a new id and key; nothing links the two.",
    edition=WMPA,
    cite="WMPA 5.3",
)
ISSUED_IN_ITS_MONTH: Final = "The report of {month} is issued in that month; give its own month in the address."
NOT_YET_ISSUED: Final = "The list was issued on {day}; it cannot be confirmed before."


@rule("CP-50", edition=WMPA, cite="WMPA 5.4", anchor="day")
def report_due(month: date, working_day: int, calendar: Calendar) -> date:
    """The report of a month is issued in it; on which day the source does not say: the first working day, a setting.

    Readings: on its day it is due, from the next overdue; a month that went by without its report stays so.
    """
    return calendar.add_working_days(month.replace(day=1) - ONE_DAY, working_day)


stated(
    "CP-50",
    "Each month the Information Officer reports all registered cases with their review dates to area managers, risk "
    "managers and district team managers. Readings: it shows the end of the day before it is issued; entries on a "
    "concern alone are its second part; no child is named; its digest is over ids, days and codes, so it holds after "
    "an erasure.",
    edition=WMPA,
    cite="WMPA 5.4",
)
stated(
    "CP-51",
    "Risk managers confirm that the list is accurate, reviews are done and de-registrations are told of. No time is "
    "given: a report that nobody confirmed is listed with its age.",
    edition=WMPA,
    cite="WMPA 5.5",
)
stated(
    "CP-52",
    "Child protection cases are talked over in supervision between manager and offender manager (MGT-01).",
    edition=WMPA,
    cite="WMPA 5.6",
)
stated(
    "CP-53",
    "The entry shows whether the offender is on the Risk of Harm register.",
    edition=WMPA,
    cite="WMPA 5.7",
)
stated(
    "CP-56",
    "Children are not left unattended on probation premises.",
    edition=WMPA,
    cite="WMPA 11.1",
)
stated(
    "CP-57",
    "From 1 January 2007 the Integrated Children Systems Register replaces the Child Protection Register; the record "
    "keeps which it was.",
    edition=WMPA,
    cite="WMPA 4.4",
)
stated(
    "CP-59",
    "An entry on a concern alone names no child, is reviewed like the others and raises no flag; it closes when "
    "supervision ends or a review on Form P finds the concern gone. Reading: its last review must not say unchanged.",
    edition=WMPA,
    cite="WMPA 5.1-5.3",
)
stated(
    "DP-05",
    "Each child, victim, offender and third party has a key; erasure destroys it and leaves order, time, type and hash "
    "chain as they are. Readings: it takes two people, one who gave the ground and one who erases; it is final once no "
    "backup opens the values either; those who had been given them are told.",
    edition=WMPA,
    cite="WMPA 5.3 (reading)",
)


@rule("DP-06", edition=WMPA, cite="WMPA 5.3", anchor="day")
def possible_breach_from(occurred_on: date) -> date:
    """De-registering late is a breach of data protection: possible from the day after the ground arose until done.

    No number of days is given: every one is shown, and what to report is the Information Manager's to say. Reading:
    while a hold stands in the way it is deferred under hold instead, also before the entry is closed; the steps say
    that the closing, which no hold stops, is still to be done.
    """
    return occurred_on + ONE_DAY
