"""Allocation: who may be placed where, who manages, and what a school's premises ask for (rule book E, PLC-06 to
PLC-09).

Messages stand at their rules.  Proven by tests/rules/test_allocation_rules.py, tests/aggregates/
test_decisions_allocation.py and the scenarios of allocation.yaml and placements.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from ledger.rules.registry import rule, stated

ASSESSMENT_FIRST: Final = "Complete the UPW assessment before allocating."
WHY_SUITABLE: Final = "State why this placement suits the person."
FULL: Final = "The placement is full ({places})."
RECORD_PREFERENCE: Final = "Record her preference."
MAY_BE_A_WOMAN: Final = "Whether this person is a woman cannot be read; if so, record her preference."
NOT_OPEN: Final = "This placement is not open for allocation."
AGAINST_PREFERENCE_TOLD: Final = "This goes against her preference."
AGAINST_PREFERENCE: Final = "This goes against her preference; record the reason."
ALL_MALE: Final = "A woman may not be allocated to an all-male group."
NO_FEMALE_SUPERVISOR: Final = "No female supervisor; record why."
ADJUST_INSTEAD: Final = "Offer an adjusted placement instead."
MAY_BE_ALL_MALE: Final = "A record cannot be read: it cannot be shown that this is not a woman in an all-male group."
NOT_BY_A_PSO: Final = "Multi-requirement orders are held by an offender manager."
PERHAPS_NOT_BY_A_PSO: Final = "The requirements of this order cannot be read; it is held by an offender manager."
PSO_ON_HIGH: Final = "This case is high risk; a PSO generally manages medium and low risk."
CONSULT_FIRST: Final = "Consult the risk manager first."
NO_TRAINEE: Final = "A trainee may not be responsible for a child protection case."
APPROVAL_FOR_PSO: Final = "Line manager's approval is needed before a PSO works on a child protection case."
EXCLUDED: Final = "Offence code {code} excludes this person from school premises."
PERHAPS_EXCLUDED: Final = "An offence code cannot be read; it cannot be shown that school premises are allowed."
VERY_HIGH: Final = "Very High risk: not allowed on school premises."
HIGH: Final = "High risk: the head teacher's prior approval is needed."
LEVEL_FIRST: Final = "Record the risk level first."
ENDED: Final = "This allocation has ended; allocate anew."
NOT_ALLOCATED_NOW: Final = "The allocation to this placement is {state}; no session can be planned under it."

ONLY_WOMAN_IN_GROUP: Final = "ONLY_WOMAN_IN_GROUP"
REALLOCATE_FROM_TRAINEE: Final = "REALLOCATE_FROM_TRAINEE"
# No source names these two flags; PLC-09 speaks of a red flag to the coordinator.
SCHOOL_ALLOCATION_SUSPENDED: Final = "SCHOOL_ALLOCATION_SUSPENDED"
SCHOOL_ALLOCATION_ENDED: Final = "SCHOOL_ALLOCATION_ENDED"

HIGH_LEVELS: Final = frozenset({"HIGH", "VERY_HIGH"})
_DIGITS: Final = 18  # of the longest code that is compared as a number

# ------------------------------------------------------------------------------------------ before allocating

stated(
    "ALL-01",
    "The unpaid work assessment must exist before a placement is allocated. Reading: that of the same order.",
    cite="CPOM s1 (its purpose is placing safely)",
)
stated(
    "ALL-02",
    "The E-OASys record holds the level of risk of serious harm, the likelihood of reoffending, the risk management "
    "plan and the signed sentence plan.",
    cite="CPOM s1; KENT 2.3; HMIP 1.2, 1.3",
)
stated(
    "ALL-03",
    "A significant change of circumstances calls for a review of risk, likelihood and plan; no time is given.",
    cite="CPOM s1; HMIP 2.1 areas (e), (f)",
)
stated(
    "ALL-04",
    "Hours may be worked in a group project, an individual placement, a placement the person found, or education.",
    cite="CPOM s1",
)


@rule("ALL-05", edition="inspection-2012", cite="HMIP 2.1(k), (l), area (d); KENT A1 s1", anchor="decision")
def is_full(present: int, max_no: int) -> bool:
    """An allocation names placement, mode, first day and the matching reasons; a placement takes no more people than
    the Max No of its form.

    Readings: people count, not allocations; a place is taken from the recording of an allocation, whatever its first
    day, until it ends; a suspended allocation keeps its place.
    """
    return present >= max_no


# ------------------------------------------------------------------------------------------ women


@rule("ALL-06", edition="manual-2022", cite="CPOM s2", anchor="decision")
def against_preference(preference: str | None, mode: str, group_of_women: bool) -> bool:
    """Women are asked whether they prefer a mixed group, a women-only group or an individual placement; where possible
    it is followed, and going against it needs a reason.

    Readings: NONE is an answer; a placement she found is individual; education is neither; who prefers a mixed group
    is content with any group. Whoever cannot be read is nobody of whom it is known that she is a woman.
    """
    match preference, mode:
        case "INDIVIDUAL", "GROUP":
            return True
        case "WOMEN_ONLY", "GROUP":
            return not group_of_women
        case (("WOMEN_ONLY" | "MIXED"), ("IP" | "PIP")):
            return True
        case _:
            return False


@rule("ALL-07", edition="manual-2022", cite="CPOM s2", anchor="decision")
def all_male(others: Collection[str | None]) -> bool:
    """A woman is not allocated to an all-male work group: one in which every other person is a man, and there is one.

    Readings: it holds for each session planned and each allocation resumed; whoever is not there for the time being
    (suspended) is no company; a gender that cannot be read (None) may be a man's, so it never shows the group mixed.
    """
    return bool(others) and all(each in ("M", None) for each in others)


@rule("ALL-08", edition="manual-2022", cite="CPOM s2", anchor="decision")
def unexplained_leader(female: bool | None, explained: bool) -> bool:
    """Groups with women are led by a female supervisor wherever possible; where one is not, the reason is recorded.

    Readings: whether a woman leads is told with each session that is planned, where somebody else can still be found;
    untold (None) is nothing to warn of; a group has women where the session is a woman's, or one is planned there that
    day.
    """
    return female is False and not explained


stated(
    "ALL-09",
    "On school premises the checks of offence and risk apply at allocation and at every later change.",
    edition="kent",
    cite="KENT 2.3",
)

# ------------------------------------------------------------------------------------------ who manages


@rule("ALL-10", edition="west-mercia-2007", cite="WMPA 6.4", anchor="decision")
def single_requirement(requirements: Iterable[str]) -> bool:
    """An order of unpaid work alone is managed by a probation service officer, one of several requirements by an
    offender manager; a service officer on a case of high risk is warned of."""
    return len({each.strip().casefold() for each in requirements}) == 1


stated(
    "ALL-11",
    "Unpaid work staff bring child protection issues to the responsible offender manager at once.",
    edition="west-mercia-2007",
    cite="WMPA 3.3, 6.4",
)
stated(
    "ALL-12",
    "Where there are significant child protection concerns and the risk is High or Very High, the risk manager is "
    "consulted before an allocation. Readings: significant are all open concerns but those of a child merely in need, "
    "and every open registration; a consultation counts from the day on which both came together.",
    edition="west-mercia-2007",
    cite="WMPA 6.1",
)
stated(
    "ALL-13",
    "A trainee may be involved in, never responsible for, a child protection case: one with an open concern or "
    "registration. A trainee's case that becomes one is flagged until somebody else is responsible. Reading: a concern "
    "is open until a registration of the person is closed after it.",
    edition="west-mercia-2007",
    cite="WMPA 6.2",
)
stated(
    "ALL-14",
    "A probation service officer works on a child protection case only with the line manager's recorded approval. "
    "Readings: it is needed for every command that service officers are named for, and to assign one to the case; what "
    "any member of staff may tell, a concern, evidence, an incident, is taken from everyone.",
    edition="west-mercia-2007",
    cite="WMPA 6.3",
)
stated(
    "ALL-15",
    "Approved premises raise concerns at once with the offender manager and follow oral ones up in writing.",
    edition="west-mercia-2007",
    cite="WMPA 6.5",
)
stated(
    "ALL-16",
    "Needs arising from protected characteristics, neurodiversity, faith, language or age are recorded with the "
    "adjustment, agreed before work begins.",
    cite="CPOM s2; HMIP 1.4",
)


@rule("ALL-17", edition="manual-2022", cite="CPOM s2; Equality Act 2010 s.4", anchor="decision")
def is_characteristic(ground: str) -> bool:
    """A protected characteristic never bars or restricts attendance: no allocation is ended or suspended, and no
    session cancelled, for one.

    Reading: a ground that says nothing else, in the words of the Act or of every day, is refused; one that says more is
    its author's to answer for, as nobody's stay at a placement may hang on a word in it.
    """
    words = {each.casefold() for each in _WORDS.findall(ground)} - _FILLING
    return bool(words) and words <= _CHARACTERISTICS


_WORDS: Final = re.compile(r"[^\W\d_]+")
_FILLING: Final = frozenset(_WORDS.findall("a an and are because due for he her his is of on or she the their they to"))
_CHARACTERISTICS: Final = frozenset(
    _WORDS.findall(
        "age disability disabled gender reassignment transgender marriage married civil partnership pregnancy pregnant "
        "maternity race nationality ethnicity religion belief faith sex sexual orientation"
    )
)

stated("ALL-18", "Supervisors report signs of risk from the site to the practitioner.", cite="CPOM s2, s4")
stated(
    "ALL-19",
    "The allocation states whether the placement develops skills; the need for education is screened at the start.",
    edition="inspection-2012",
    cite="HMIP 1.4(b), 2.1 area (d), 3",
)
stated(
    "ALL-20",
    "Tasks avoid unreasonable physical demands on older or unfit persons; a restriction holds from its day.",
    cite="CPOM s2",
)
stated(
    "ALL-21",
    "The case shows the action of probation staff clearly and is identifiable as a child protection case.",
    edition="west-mercia-2007",
    cite="WMPA Principles",
    kept="by the views: the chronology, the flags of CP-37, the yellow dot of DP-04",
)


@rule("ALL-22", edition="inspection-2012", cite="HMIP 2.1(o), area (h)", anchor="notice")
def transfer_due(notified_on: date, days: int) -> date:
    """On transfer there is an appointment within five days of notice of the new address, with assessment and plans
    handed over, and the risk plan is brought up to date or a home visit made.  Reading: calendar days.
    """
    return notified_on + timedelta(days=days)


# ------------------------------------------------------------------------------------------ school premises


@rule("PLC-06", edition="kent", cite="KENT 2.3 (OASys Manual App 4)", anchor="decision")
def excludes(code: str, listed: str) -> bool:
    """Nobody with a current or past sexual offence of the listed codes is assigned to a placement on school premises.

    The main class counts: leading zeros, and any sub-class after "/", are ignored.  Reading: what is no number, in
    the list or of an offence, is compared as it is written.
    """
    return _among(code, listed)


@lru_cache(maxsize=4096)  # the same few codes and lists again and again
def _among(code: str, listed: str) -> bool:
    main = _main_class(code)
    return any(_within(main, each) for each in listed.split(","))


@lru_cache(maxsize=4096)
def _main_class(code: str) -> int | str:
    text = code.partition("/")[0].strip()
    number = text.lstrip("0") or "0"
    return int(number) if text.isdecimal() and len(number) <= _DIGITS else text.casefold()


def _within(main: int | str, listed: str) -> bool:
    first, last = _main_class(listed.partition("-")[0]), _main_class(listed.rpartition("-")[2])
    if isinstance(main, int) and isinstance(first, int) and isinstance(last, int):
        return first <= main <= last
    return main != "" and main == _main_class(listed)


stated(
    "PLC-07",
    "Nobody assessed as Very High risk of harm to others is assigned to a placement on school premises; no approval "
    "overrides it.",
    edition="kent",
    cite="KENT 2.3",
)


@rule("PLC-08", edition="kent", cite="KENT 2.3", anchor="decision")
def needs_approval(level: str | None) -> bool:
    """A person assessed High risk is assigned to school premises only with the prior approval of the head teacher, for
    that person and placement, given by the day the allocation is recorded and not withdrawn."""
    return level == "HIGH"


stated(
    "PLC-09",
    "On a school site a rise to High without approval, or an approval withdrawn, suspends the allocation; Very High or "
    "a listed offence ends it; planned sessions stop at once. Nothing is stored: the views show it from that day. "
    "Readings: a suspension lasts until a person resumes the allocation, also when the level falls again; without any "
    "recorded level nobody is allocated; a level or code that cannot be read leaves the state unknown.",
    edition="kent",
    cite="KENT 2.3",
)
