"""The unpaid work requirement and its order: hours, twelve months, court, completion (rule book A).

Messages stand at their rules.  Proven by tests/rules/test_small_rules.py and the scenarios of order.yaml and
progress.yaml.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.rules.dates import Calendar, add_months
from ledger.rules.registry import rule, stated

HOURS_OUT_OF_RANGE: Final = "UPW hours must be between {least} and {most}."
OPERATIONAL_PERIOD_NEEDED: Final = "Enter the end of the operational period."
BEYOND_OPERATIONAL_PERIOD: Final = (
    "A suspended sentence order cannot be extended beyond {day}, the end of the operational period."
)
NOT_LATER: Final = "The new date must be after the present one."
NEW_DATE_NEEDED: Final = "Enter the new date the court set."
OPERATIONAL_PERIOD_OVER: Final = "The operational period ended on {day}; no extension is possible."
INDUCTION_INCOMPLETE: Final = "Induction incomplete: {items}."
HOURS_REMAIN: Final = "{hours} hours remain."
IN_HISTORY_FILE: Final = "This case is in the history file."
DEREGISTER_FIRST: Final = "De-register first."
SUPERVISION_GOES_ON: Final = "Supervision has not ended; end it first."
ALREADY_ENDED: Final = "Supervision under this order has already ended; record a correction."
EXTENSION_BEYOND_OPERATIONAL_PERIOD: Final = "EXTENSION_BEYOND_OPERATIONAL_PERIOD"


@rule("UPW-01", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def hours_in_range(hours: int, least: int, most: int) -> bool:
    """A requirement is between 40 and 300 whole hours.  Reading: the same limits bind the total a court varies it
    to."""
    return least <= hours <= most


stated(
    "UPW-02",
    "Unpaid work is one requirement of a Community Order or of a Suspended Sentence Order; the latter must carry the "
    "end of its operational period.",
    cite="CPOM s1",
    anchor="sentence",
)


@rule("UPW-03", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def twelve_month_point(sentence_date: date, months: int) -> date:
    """The hours must be finished within 12 months of sentence, the corresponding day included; the order's end never
    alters it."""
    return add_months(sentence_date, months)


stated("UPW-04", "Hours owing after twelve months stay owed, and may still be worked and credited.", cite="CPOM s1")
stated(
    "UPW-05",
    "An order with hours outstanding at twelve months goes back to court, to be extended or revoked. No time is given "
    "for the application: the state simply ages.",
    cite="CPOM s1",
)


@rule("UPW-06", edition="manual-2022", cite="CPOM s1", anchor="decision")
def beyond_operational_period(end: date, operational_period_end: date | None) -> bool:
    """A suspended sentence requirement may be extended no further than the end of the operational period."""
    return operational_period_end is not None and end > operational_period_end


@rule("UPW-07", edition="manual-2022", cite="CPOM s1 (silent)", anchor="decision")
def later_than_present(end: date, due_on: date) -> bool:
    """A new end must be later than the present one; no upper limit is given for a Community Order.

    Readings: the present one is the day the hours are due; a court's extension to an earlier day is no extension, and
    refused like an application for one.
    """
    return end > due_on


stated(
    "UPW-08",
    "After an extension the due date is the court's; with hours outstanding the next day the return to court is due "
    "again; that twelve months passed stays visible. Reading: no new six- and nine-month checks.",
    cite="CPOM s1",
)


@rule("UPW-09", edition="manual-2022", cite="CPOM s1", anchor="day")
def operational_period_over(day: date, operational_period_end: date | None) -> bool:
    """Once the operational period has ended no extension may be applied for; the next step is a manager's decision."""
    return operational_period_end is not None and day > operational_period_end


@rule("UPW-10", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def first_appointment_due(sentence_date: date, working_days: int, calendar: Calendar) -> date:
    """The first appointment is within five working days after sentence.

    Reading: the day of the appointment counts, not the day of the offer.
    """
    return calendar.add_working_days(sentence_date, working_days)


@rule("UPW-11", edition="manual-2022", cite="CPOM s1, s2, s3", anchor="day")
def items_left_out(**ticked: bool) -> list[str]:
    """At induction the rules are explained, details checked, offending history gathered, clothing advised and threats
    warned against; what was not ticked is named in a warning."""
    return [item.replace("_", " ") for item, done in ticked.items() if not done]


stated(
    "UPW-12",
    "A requirement completes when credited hours reach ordered hours: the ledger proposes, the practitioner confirms.",
    cite="CPOM s1; accredited: KENT A2",
)
stated(
    "UPW-13",
    "The end of an order (completion, revocation, expiry, death, transfer) ends supervision and starts the "
    "de-registration check.",
    edition="west-mercia-2007",
    cite="WMPA 5.2, 5.3",
)
stated(
    "UPW-14",
    "The ledger keeps the name used at the time and shows the modern one: Community Service Order (1973), Community "
    "Punishment Order (2000), unpaid work requirement of a Community Order (2003); Community Payback since 2005.",
    cite="CPOM s1; KENT 1",
    kept="by the facts: an order is told as a CO or an SSO, and an older name has no place in them",
)
stated(
    "UPW-15",
    "A registration goes to the history file at de-registration; the supervision case when supervision has ended and "
    "no registration is open. New plans and decisions are then refused; corrections and facts that arrive late are "
    "not. Reading: the file is kept by order, so a new order begins a new supervision case.",
    edition="west-mercia-2007",
    cite="WMPA App 4",
)


def hours_text(minutes: int) -> str:
    """Minutes as hours in a message: 30, 1.5, 14.85."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")
