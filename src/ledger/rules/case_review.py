"""Serious case review and management review: referral, sealed records, panel and report (rule book I).

Messages stand at their rules.  Proven by tests/aggregates/test_decisions_case_review.py, test_holds.py and
case-review.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Final

from ledger.rules.dates import add_months
from ledger.rules.registry import rule, stated

WMPA: Final = "west-mercia-2007"

STATE_THE_CONCERN: Final = "State the concern about how services worked together."
NOBODY_NAMED: Final = "Name the child or the offender whom the review is about."
REFERRAL_STRUCK_OUT: Final = "The referral of this review was struck out; refer the incident anew."
ONLY_PUBLIC_PROTECTION: Final = "Only the senior manager responsible for public protection may secure records."
NOTHING_NAMED: Final = "Name the records to be secured."
NOTHING_SECURED: Final = "No records are secured in this review; secure them first."
LINE_MANAGES: Final = "Panel members may not line-manage the case."
CONFIRM_SECURED: Final = "Confirm that the records are secured."
SIGN_FIRST: Final = "The Chief Officer must sign first."
SECTION_EMPTY: Final = "Section {n} is empty."
ERASURE_IS_HELD: Final = "Erasure is held by case review {id}."
TOO_LATE: Final = "An erasure that this hold would cover had begun before it and goes on: {key}."
NOT_FINISHED: Final = "Review is not finished."
NOBODY_HELD: Final = "Name the offenders or the children, or the class of cases, that the hold is to cover."
NO_SUCH_CLASS: Final = "Name a class of cases by offence, office, since and until; the last two are days (2025-01-31)."
A_HOLD_IS_RELEASED: Final = "A hold is not corrected or struck out; release it."
ALREADY_RELEASED: Final = "This hold was released already."
BEFORE_THE_HOLD: Final = "The release is before the hold was placed."

PERIOD_ENDS_FIRST: Final = "The period of the chronology ends before it begins."
NOT_KNOWN_YET: Final = "What will be known then is not known yet; give a moment that has passed."
PRODUCED_ANEW: Final = "A chronology is not corrected; produce it anew."
ACTION_LACKS: Final = "Action {n} of the plan lacks {fields}; each says what, who, by when and what comes of it."
NO_SUCH_DAY: Final = "Action {n} of the plan: due is a day, such as 2026-01-31."
NO_SUCH_ID: Final = "Action {n} of the plan: action_id is a random id of its own, a UUID of version 4 or 7."
NO_ID: Final = "Action {n} has no action_id, so that its completion cannot be recorded; issue the plan with one."
TWICE_IN_THE_PLAN: Final = "Two actions of the plan have the same action_id; give each its own."
NO_ACTIONS: Final = "An action plan has at least one action."
ISSUED_ANEW: Final = "An action plan is not corrected; issue it anew."

NAME: Final = "serious case review"

NO_DUPLICATE_SET: Final = "NO_DUPLICATE_SET"
# The sections of a management review (WMPA App 5): involvement, analysis, lessons, recommendations.
SECTIONS: Final = ("1", "2", "3", "4")


@rule("SCR-01", edition=WMPA, cite="WMPA 8.1, 8.3", anchor="day")
def concern_needed(ground: str) -> bool:
    """A review follows the death of a child; a life-threatening injury or serious sexual abuse only with a concern
    about how services worked together, which must be stated; the board may ask for one on other grounds."""
    return ground in ("LIFE_THREATENING_INJURY", "SERIOUS_SEXUAL_ABUSE")


stated(
    "SCR-02",
    "The senior manager refers immediately to the board. Reading: no fact says when the incident became known, so no "
    "referral is flagged as not made the same day. It carries its moment, the file shows when it was recorded, and who "
    "knew what names each grave concern that was noted on an earlier day, with how many days.",
    edition=WMPA,
    cite="WMPA 8.3",
)


@rule("SCR-03", edition=WMPA, cite="WMPA 8.4", anchor="day")
def seal(facts: Iterable[tuple[int, str]]) -> str:
    """The senior manager for public protection secures the records as they are: their numbers and one hash of them.

    Reading: the hash is SHA-256, in hexadecimal, over a line "position id" for every fact of the secured records and
    every fact of other records about them, by position, each line ended by a line feed.  A position in the signed log
    binds all that a fact says, so whoever holds the log can make the hash again; a look at the review does.
    """
    return _digest(sorted(set(facts)))


def _digest(lines: Iterable[tuple[int, str]]) -> str:
    return sha256("".join(f"{position} {fact_id}\n" for position, fact_id in lines).encode()).hexdigest()


stated(
    "SCR-04",
    "A duplicate set of the sealed records is produced so that work goes on; the sealed set stays as it was. Reading: "
    "its hash is made anew from the secured records, and flagged is what was secured without a duplicate.",
    edition=WMPA,
    cite="WMPA 8.4",
)


stated(
    "SCR-05",
    "While any hold covers a case or a child, nothing of it is erased; a hold on an offender covers every child and "
    "victim linked to that offender at any time before its release. Readings: a hold names persons or a class of cases "
    "(offence, office, period), which covers a case that has all it names; the entry is closed and the flag goes all "
    "the same; of several holds the last release decides. Worklists show a hold on persons; one on a class of cases "
    "shows in the register view.",
    edition=WMPA,
    cite="WMPA 8.4 with 5.3 (reading)",
)


@rule("SCR-06", edition=WMPA, cite="WMPA 8.4 (reading)", anchor="day")
def may_be_released(*, requested: bool, signed: bool, presented: bool, planned: bool) -> bool:
    """A hold is released once the management review, if one was asked for, is signed, and the action plan issued, if
    the report that it answers was presented; what waited for the hold is erased.

    Readings: the plan answers the overview report (SCR-12), so none is owed before that; the Chief Officer signs a plan
    by issuing it.  Who releases is not stated: Chief Officer or ACO assumed.
    """
    return (signed or not requested) and (planned or not presented)


@rule("SCR-07", edition=WMPA, cite="WMPA 8.5", anchor="day")
def completion_due(constituted_on: date, months: int) -> date:
    """The review is completed within four months of the day its remit and panel were set, with a reminder one month
    before.

    Reading: whoever is named as line manager when an order of the case is assigned, or acted on it as a senior
    practitioner, line-manages it for good and sits on no panel; a case in which a child of the review was ever
    registered is one of them."""
    return add_months(constituted_on, months)


stated(
    "SCR-08",
    "The Chief Officer confirms that the records are secured, nominates a reviewer who does not line-manage the case "
    "(refused as SCR-07 refuses it), and signs the review before it is forwarded. "
    "Reading: a signature is of the draft before it; what is drafted anew is signed, and forwarded, anew.",
    edition=WMPA,
    cite="WMPA 8.6, 8.7",
)
stated(
    "SCR-09",
    "A management review has four sections: involvement, analysis, lessons, recommendations; none is empty when it is "
    "signed. Reading: the latest draft counts.",
    edition=WMPA,
    cite="WMPA App 5",
)


@rule("SCR-10", edition=WMPA, cite="WMPA App 5; 8.4", anchor="day")
def chronology_hash(facts: Iterable[tuple[int, str]]) -> str:
    """The chronology lists every event about child and family in the period, by when it happened, with when it was
    recorded beside it, late entries and corrections marked.

    Its hash is SHA-256, in hexadecimal, over a line "position id" for every event, in the order it is listed in.
    Readings: about child and family is what concerns any person the referral names, under every record of that person;
    an event is in the period by its day as first told, or as corrected; a correction comes with what it corrects.  All
    this is in clear, so the same inputs give the same output after an erasure too: the erased print so.
    """
    return _digest(facts)


stated("SCR-11", "The overview report is presented to the board.", edition=WMPA, cite="WMPA 8.8")


@rule("SCR-12", edition=WMPA, cite="WMPA 8.9, App 5", anchor="day")
def action_overdue(due: date, done_on: date | None, as_at: date) -> bool:
    """The Chief Officer issues an action plan in answer to the report: what, who, by when, with which outcome.

    An action is overdue from the day after it was due until it is completed.  Readings: a plan issued anew takes the
    place of the one before; what was completed stays so; an action without an id of its own is known by its number in
    the plan, with a warning that no completion can name it.
    """
    return (done_on or as_at) > due


stated("SCR-13", "All reports of reviews are held centrally at head office.", edition=WMPA, cite="WMPA 8.9")
stated(
    "SCR-14",
    "Attention is given to the impact on staff; offers of support are recorded.",
    edition=WMPA,
    cite="WMPA 8.2",
)
stated("SCR-15", "Lessons are disseminated by the representative on the board.", edition=WMPA, cite="WMPA App 6")
