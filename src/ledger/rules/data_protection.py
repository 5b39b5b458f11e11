"""Data protection: restricted papers, the yellow dot, requests, breaches and retention (rule book H).

DP-05 and DP-06, which de-registration rests on, stand in `register`.  Messages stand here, at their rules; proven by
tests/aggregates/test_decisions_file.py, tests/aggregates/test_rights.py and privacy.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Final

from ledger.rules.dates import add_months
from ledger.rules.registry import rule, stated

WMPA: Final = "west-mercia-2007"
RESTRICTED: Final = "RESTRICTED"
REMOVE_FIRST: Final = "Remove the restricted documents first: {documents}."

VICTIM_SECTION: Final = "Put victim information in the victim section."

YELLOW_DOT: Final = "YELLOW_DOT"
FILE_NOT_MARKED: Final = "FILE_NOT_MARKED"

MARK_THE_SECTION: Final = "Mark the section open or confidential."
STATE_THE_BASIS: Final = "State the basis for sharing."
USE_MAPPA: Final = "Use the MAPPA disclosure route."

stated(
    "DP-01",
    "OASys information is marked open or confidential. Reading: the risk assessment by its marking, a section on risk "
    "to children by whether it is confidential.",
    edition=WMPA,
    cite="WMPA 1.6",
)


@rule("DP-02", edition=WMPA, cite="WMPA 4.3", anchor="day")
def still_in_the_file(restricted: Iterable[str], removed: Collection[str]) -> list[str]:
    """Child protection papers are marked restricted and leave the file before any disclosure of it.

    Of the ids of restricted documents those not removed, in their order.  Reading: every document marked restricted is
    one that is not to be disclosed; what was filed after the day of the disclosure was not in it.
    """
    return [each for each in restricted if each not in removed]


@rule("DP-03", edition=WMPA, cite="WMPA 2.6", anchor="day")
def belongs_elsewhere(kind: str, section: str) -> bool:
    """Victim information is filed separately: a paper about a victim belongs in the victim section.

    Reading: kind and section say so in words; a paper whose kind speaks of a victim goes to a section that does.
    """
    return _OF_A_VICTIM.search(kind) is not None and _OF_A_VICTIM.search(section) is None


_OF_A_VICTIM: Final = re.compile(r"\bvictim", re.IGNORECASE)


@rule("DP-04", edition=WMPA, cite="WMPA 2.5", anchor="day")
def is_yellow_dot(marker: str) -> bool:
    """Child protection files carry a yellow dot, put there by team administration.

    Readings: a file is one while any entry of the person in the register is open; it is flagged from the day it was
    registered, or the dot was taken off, until it has one; a dot that nothing asks for any more is no exception.
    """
    return marker.strip().upper().replace(" ", "_") == YELLOW_DOT


stated(
    "DP-07",
    "Sharing names its basis: the inter-agency protocol, section 115 of the Crime and Disorder Act 1998, the MAPPA "
    "protocol, data protection law, the common law duty of confidence, Article 8. Reading: the basis is told in words; "
    "without one nothing is shared.",
    edition=WMPA,
    cite="WMPA Principles, 7.1; STAFFS 8",
)


@rule("DP-08", edition=WMPA, cite="WMPA Principles", anchor="day")
def by_the_mappa_route(basis: str, *, assessed: bool) -> bool:
    """Of sex offenders something is disclosed inside the MAPPA system only, with a risk assessment.

    Readings: a sex offender has an offence, current or past, of the Home Office codes for sexual offences (KENT 2.3);
    the route is taken where the basis names MAPPA and a level of risk was assessed by then.  The file shown to the
    person's own side, and what goes to the court, is no such disclosure.
    """
    return assessed and re.search(r"\bMAPPA\b", basis, re.IGNORECASE) is not None


stated(
    "DP-11",
    "Every reading of restricted, victim or child data is logged: by whom, when, what for. Reading: every reading of "
    "any case is, before the answer leaves; without the log nothing is shown.",
    edition=WMPA,
    cite="WMPA 4.3 (reading)",
)
stated(
    "DP-12",
    "Information about people on probation, beneficiaries and staff is confidential; what is told one to one is never "
    "privileged where risk, safeguarding, criminality or work performance is concerned: it reaches the operations "
    "manager and the practitioner. Readings: each role reads what its work needs; such a word is reported as a "
    "concern about risk, or about a child, which both of them read.",
    cite="CPOM s4",
)
stated(
    "DP-14",
    "Handwriting is legible; a scan of it gets a typed summary. Reading: the summary is filed as a document of its own "
    "beside the scan, so that either is found and read.",
    edition=WMPA,
    cite="WMPA 2.5",
)

KIND_AND_MARKING: Final = "Say what kind of document it is and how it is marked: kind, marking."
_KEEP_FILES: Final = frozenset({"team-admin", "information-officer", "information-manager", "data-protection-officer"})
_PROTECT: Final = frozenset(
    {
        *("practitioner", "senior-practitioner", "unit-manager", "area-manager", "aco", "chief-officer"),
        *("risk-manager", "case-reviewer"),
    }
)
_WORK: Final = frozenset({"pso", "trainee", "court-officer", "victim-liaison"})
_ORGANISE: Final = frozenset({"placement-coordinator", "supervisor", "operations-manager", "head-of-unpaid-work"})
_OPENED_BY: Final = {
    "OPEN": _KEEP_FILES | _PROTECT | _WORK | _ORGANISE,
    "CONFIDENTIAL": _KEEP_FILES | _PROTECT | _WORK,
    RESTRICTED: _KEEP_FILES | _PROTECT,
}


@rule("DP-02", edition=WMPA, cite="WMPA 4.3", anchor="day")
def opened_by(marking: str | None) -> frozenset[str]:
    """The roles that open a document of a marking; one that is not marked is as closed as can be.

    Readings, for the sources are silent: restricted papers are for those who work on child protection and those who
    keep the files; confidential ones for who works with people too, open ones also for who organises their work.
    """
    return _OPENED_BY[marking or RESTRICTED]


# ------------------------------------------------------------------------------------------ what is owed to a person

RESTRICTED_NOW: Final = (
    "What is held of this person is restricted since {day} and is not passed on; lift the restriction first."
)
ALREADY_RESTRICTED: Final = "What is held of this person is restricted already, since {day}."
NOT_RESTRICTED: Final = "Nothing held of this person is restricted."
ALREADY_RETAINED: Final = "This record is to be retained already, since {day}."
NOT_RETAINED: Final = "This record is not to be retained beyond its time."
STAYS_AS_SAID: Final = "What keeps a record is not corrected or struck out; end it, and make another."
BEFORE_THE_REQUEST: Final = "The request came on {day}; it cannot be answered before."
BEFORE_IT_BEGAN: Final = "It began on {day}; it cannot end before."

NOBODY_SUCH: Final = (
    "The case tells of no such subject: name the person, a victim of the case, or the fact that tells of a third party."
)
GOES_ON: Final = "Supervision of this person has not ended; nothing is destroyed before the retention period is over."
NO_PERIOD: Final = "No retention period is set; set dp.retention_years first."
NOT_YET_DUE: Final = "This record is kept until its time has come, on {day}."
TO_BE_RETAINED: Final = "This record is to be retained, since {day}; end the retention first."
KEPT_RESTRICTED: Final = (
    "What is held of this person is restricted since {day} and is kept; lift the restriction first."
)
REQUEST_OPEN: Final = "A request that came on {day} is not answered; answer it first."
ENTRY_OPEN: Final = "This person has an open entry in the register; close it first."
NO_GROUND: Final = (
    "Nobody asked for it: answer a request for erasure first, or wait for the end of the retention period."
)
ANOTHER_PERSON: Final = "Whoever gave the ground does not erase; another person must."
THE_VERY_DAY: Final = "What is held is erased today, so that is the date of it: {day}."

BEFORE_IT_WAS_FOUND: Final = "The breach was found on {day}; nothing can have come of it before."

REQUEST_MONTHS: Final = "dp.request_months"
BREACH_HOURS: Final = "dp.breach_hours"
RETENTION_YEARS: Final = "dp.retention_years"


@rule("DP-09", edition="data-protection-2018", cite="DPA 2018 s.54", anchor="request")
def answer_by(received_on: date, months: int) -> date:
    """A request for access, rectification, erasure or restriction is answered within one month of its receipt.

    Reading: the corresponding day a month later (GEN-03), weekends included; the month is not extended.
    """
    return add_months(received_on, months)


@rule("DP-06", edition="data-protection-2018", cite="DPA 2018 s.67", anchor="discovery")
def report_by(discovered_at: datetime, hours: int) -> datetime:
    """A breach of personal data goes to the Commissioner within 72 hours of being known, unless no risk follows.

    Readings: elapsed hours (GEN-04), from the moment anybody here knew; that no risk follows is a judgement on record.
    """
    return discovered_at + timedelta(hours=hours)


@rule("DP-05", edition="data-protection-2018", cite="DPA 2018 s.39(2)", anchor="end of supervision")
def destroy_from(ended_on: date, years: int | None) -> date | None:
    """From when a case is due for destruction: so many years after supervision ended; None while no period is set.

    The sources name no period, so the area sets it.  Reading: counted from the end of the last order of the person.
    """
    return None if years is None else add_months(ended_on, 12 * years)
