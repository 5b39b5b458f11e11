"""Edition `sentencing-2020`: the statutory warning of the Sentencing Code (breach of an order, beside rule book B).

Schedule 10 paragraphs 6 and 7 rule community orders, Schedule 16 paragraphs 6 and 7 suspended sentence orders; the two
differ in one thing only, how the twelve months are worded.  Letters, evidence, judgements and hours stay as the manual
has them: a judgement, or the passing of a letter's deadline, is the officer's opinion that there was no reasonable
excuse.  Which failures this edition rules is a setting (ledger.rules.editions).

Proven by tests/rules/test_editions.py and tests/aggregates/test_warnings.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.rules.dates import ONE_DAY, add_months
from ledger.rules.registry import rule

EDITION: Final = "sentencing-2020"
MONTHS: Final = 12  # the Act's own number: another one is another edition, no setting

DESCRIBE_THE_BREACH: Final = "Describe the circumstances of the breach."
LACKS: Final = "A warning must {what}."
NOT_FOUND_UNACCEPTABLE: Final = "This failure is not found to be without reasonable excuse; judge it first."
ALREADY_WARNED: Final = "A warning has already been given for this failure; withdraw it, or refer the failure."
MUST_BE_REFERRED: Final = "A warning was given on {day}: a failure until {until} must be referred; refer it."
ALREADY_REFERRED: Final = "This failure has already been referred to an enforcement officer."
ALREADY_WITHDRAWN: Final = "This warning is already withdrawn."
BEFORE_THE_WARNING: Final = "A warning cannot be withdrawn before {day}, the day it was given."
REASON_FOR_WITHDRAWAL: Final = "Give the reason for withdrawing this warning."
REFER_FIRST: Final = (
    "No failure under this order must be referred or was; warn, or refer one to an enforcement officer."
)


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that counts: the days on which a further failure must be referred, both included."""

    given_on: date
    until: date


@rule(
    "ENF-08",
    edition=EDITION,
    cite="Sentencing Act 2020, Sch. 10 para. 6(4)(c); Sch. 16 para. 6(4)(c)",
    anchor="warning",
)
def warned_until(given_on: date, order_type: str) -> date:
    """The last of the twelve months of a warning.

    Of a community order they begin with the day of the warning, so they end the day before the corresponding one; of
    a suspended sentence order they are the next twelve months.  Readings: those begin the day after the warning, and
    end with the corresponding day; no such day in the month is its last day (GEN-03).
    """
    corresponding = add_months(given_on, MONTHS)
    return corresponding if order_type == "SSO" else corresponding - ONE_DAY


@rule(
    "ENF-08",
    edition=EDITION,
    cite="Sentencing Act 2020, Sch. 10 para. 6(2), (3); Sch. 16 para. 6(2), (3)",
    anchor="failure",
)
def must_be_referred(failed_on: date, warnings: Iterable[Warned]) -> bool:
    """A failure without reasonable excuse within twelve months of a warning must be referred to an enforcement
    officer; any other is warned or referred.

    Readings: the months are measured to the day of the failure, of which the warning tells the person, not to the day
    of the officer's opinion; one of before the warning was no failure again, and on the day of the warning it was.
    """
    return any(each.given_on <= failed_on <= each.until for each in warnings)


@rule(
    "ENF-03",
    edition=EDITION,
    cite="Sentencing Act 2020, Sch. 10 para. 6(4), (5); Sch. 16 para. 6(4), (5)",
    anchor="warning",
)
def left_unsaid(says_unacceptable: bool, says_liable: bool) -> list[str]:
    """A warning describes the circumstances of the breach, states that it is unacceptable, and tells the person that
    another within twelve months makes them liable to be brought before a court; it is recorded as soon as practicable.

    What it leaves unsaid.  Its circumstances are a text, without which it is no warning at all.
    """
    said = {
        "state that the breach is unacceptable": says_unacceptable,
        "tell the person that another breach within twelve months makes them liable to be brought before a court": (
            says_liable
        ),
    }
    return [what for what, told in said.items() if not told]


@rule("ENF-09", edition=EDITION, cite="Sentencing Act 2020, Sch. 10 para. 7; Sch. 16 para. 7", anchor="failure")
def goes_to_court(referred: bool, must_be: bool) -> bool:
    """A failure that is or must be referred is considered by an enforcement officer, who lays an information where
    that is appropriate: it is a breach to decide on.

    Reading: whoever starts breach action has referred the matter, whether or not that was written down.
    """
    return referred or must_be


@rule("ENF-11", edition=EDITION, cite="not in the Act (reading)", anchor="warning")
def still_counts(given_on: date, withdrawn_on: date | None, day: date) -> bool:
    """A withdrawn warning counts no more from the day of its withdrawal, which resets the clock: the next failure is
    a first one, and one that had to be referred because of it has not to any more.

    Readings: withdrawal is not in the paragraphs; a warning about a failure that is judged acceptable afterwards
    stands until it is withdrawn, and shows that it should be.
    """
    return given_on <= day and (withdrawn_on is None or day < withdrawn_on)
