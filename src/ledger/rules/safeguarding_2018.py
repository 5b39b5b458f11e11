"""Edition `safeguarding-2018`: the child safeguarding practice review, and the rapid review before it.

The Children and Social Work Act 2017 put the safeguarding partners in the place of the local boards and the child
safeguarding practice review in that of the serious case review (Children Act 2004, sections 16C to 16F).  The statutory
guidance Working Together to Safeguard Children (2018, chapter 4) sets the clocks.  From when it rules is a setting, by
the day of the referral (ledger.rules.editions), for areas passed over on days of their own.  Proven by
tests/aggregates/test_review_editions.py.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.rules.case_review import completion_due
from ledger.rules.dates import Calendar
from ledger.rules.registry import rule

EDITION: Final = "safeguarding-2018"
NAME: Final = "child safeguarding practice review"


@rule("SCR-07", edition=EDITION, cite="Working Together 2018, ch. 4", anchor="referral")
def rapid_review_due(referred_on: date, working_days: int, calendar: Calendar) -> date:
    """A rapid review of the case goes to the national panel within fifteen working days.

    Reading: counted from the day the incident was referred, for that is when the partners became aware of it.
    """
    return calendar.add_working_days(referred_on, working_days)


@rule("SCR-07", edition=EDITION, cite="Working Together 2018, ch. 4", anchor="referral")
def published_by(decided_on: date, months: int) -> date:
    """The review is completed and published within six months of the decision to begin it, not four.

    Readings: the decision is the day its remit and panel were set; the reminder is one month before.
    """
    return completion_due(decided_on, months)
