"""Edition `sentencing-2026`: no period for unpaid work, and credit for it (Sentencing Act 2026, sections 36 and 37).

Section 36 omits the twelve months of Schedule 9 paragraph 1, and with them the power to extend them (Schedule 10
paragraph 21, Schedule 16 paragraph 27), for orders whenever made.  Section 37 inserts Schedule 9 paragraph 3A.  From
when each rules is a setting of its own (ledger.rules.editions): S.I. 2026/402 commences section 36 and not section 37.

The words of paragraph 3A(1) to (3) were read; those of what follows (what a credit-earning hour is, what ends the
earning, for which orders) were not to be had, and the readings are confessed at each rule.  Proven by
tests/rules/test_editions.py and tests/aggregates/test_credit.py.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from typing import Final

from ledger.rules.registry import rule, stated

EDITION: Final = "sentencing-2026"
QUALIFYING_PERCENT: Final = 25
AN_HOUR: Final = 60
REDUCED_BY: Final = 30  # minutes, for every credit-earning hour

NOTHING_TO_EXTEND: Final = "Section 36 of the Sentencing Act 2026 leaves no period to extend; apply for revocation."


@rule("UPW-03", edition=EDITION, cite="Sentencing Act 2026, s. 36(1)(a), (3)", anchor="day")
def no_end_of_period(sentence_date: date, months: int) -> date | None:
    """The hours have no period in which they must be done, whenever the order was made: no day, and none after which
    they are outstanding.  The operational period of a suspended sentence order still ends it."""
    del sentence_date, months
    return None


stated(
    "UPW-07",
    "There is no period to extend, so no extension is applied for. Reading: what a court does all the same is "
    "recorded, with a warning, and moves no due day.",
    edition=EDITION,
    cite="Sentencing Act 2026, s. 36(1)(b), (c), (3)",
    anchor="decision",
)


@rule("HRS-05", edition=EDITION, cite="Sentencing Act 2026, s. 37(3): Sch. 9 para. 3A(2)", anchor="sentence")
def qualifying_minutes(ordered_minutes: int) -> int:
    """A quarter of the hours of the order, a fraction of an hour included; rounded up to the minute.

    Reading: of the hours as a court last varied them.
    """
    return -(-ordered_minutes * QUALIFYING_PERCENT // 100)


@rule("HRS-05", edition=EDITION, cite="Sentencing Act 2026, s. 37(3): Sch. 9 para. 3A(1), (3), (4)", anchor="sentence")
def reduction_minutes(credited: int, qualifying: int, until_disqualified: int | None) -> int:
    """For every credit-earning hour beyond the quarter the requirement is half an hour shorter, until disqualified.

    `until_disqualified`: the minutes that were credited before the day of the first disqualification; fewer than the
    quarter, and nothing is ever earned.  Readings: all that is credited is work performed, travel and education as
    well; minutes are added up, and whole hours count; what was earned before a disqualification stays; what was worked
    on its day earns nothing; it rules orders by the day of sentence.
    """
    earning = credited if until_disqualified is None else min(credited, until_disqualified)
    return max(0, earning - qualifying) // AN_HOUR * REDUCED_BY


@rule("HRS-05", edition=EDITION, cite="Sentencing Act 2026, s. 37(3): Sch. 9 para. 3A(3)", anchor="sentence")
def counted_with_credit(
    minutes: int, ordered: int, credited: int, qualifying: int, until_disqualified: int | None
) -> int:
    """Credit stops where nothing is owed any more: how many of the minutes count; the rest is noted."""

    def done(more: int) -> bool:
        worked = credited + more
        return ordered - worked - reduction_minutes(worked, qualifying, until_disqualified) <= 0

    return bisect_left(range(max(0, minutes)), True, key=done)


@rule("HRS-05", edition=EDITION, cite="Sentencing Act 2026, s. 37(3): Sch. 9 para. 3A(1)(d), (e)", anchor="failure")
def disqualifies(kind: str, unacceptable: bool) -> bool:
    """Failing to attend for work without reasonable excuse, or being asked to leave it, disqualifies.

    `kind`: FTA, ASKED_TO_LEAVE or FAILURE_TO_COMPLY.  Readings: a session from which the person was sent home, or at
    which their work was stopped, for whatever reason, is one they were asked to leave; a failure to comply counts only
    where it came to that.
    """
    return kind == "ASKED_TO_LEAVE" or (kind == "FTA" and unacceptable)
