"""Worklist `monthly-report`: every case on the register with its next review (CP-50); and what was issued of it.

    rows(history, policy, as_at, known)      the row of one entry that is open at the end of a day
    view(history, policy, as_at, known)      view `register-report`: one month's report as it was issued and confirmed
    standing(histories, policy, as_at, known)    month by month: what is due, was issued, and nobody confirmed yet

Who a row is about is added when a page is read (`persons`): a table holds no name, and the digest of an issued report
is over what stays readable after an erasure.  Proven by tests/projections/test_monthly_report.py and
child-protection.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.entry import Entry
from ledger.aggregates.register_report import MonthlyReportIssued, RegisterListConfirmed, RegisterReport
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.register import review_of
from ledger.projections.register_worklists import HEARS, deregistration_moments, review_moments
from ledger.projections.why import Row, explained
from ledger.rules import register
from ledger.rules.dates import CalendarMissing, add_months, day_of

History = Sequence[Recorded[Any]]
__all__ = ["HEARS", "OPENS", "ages", "moments", "rows", "standing", "view"]
DAY_OF_ISSUE: Final = "cp.monthly_report_day"
_MONTHS_SHOWN: Final = 24

CHILDREN, CONCERN_ALONE = 1, 2  # the two parts of the report
OPENS: Final = {
    MonthlyReportIssued.topic: ("recipients",),
    RegisterListConfirmed.topic: ("corrections",),
}


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """One row for each entry that is made and not closed: part 1 with children, part 2 on a concern alone (Q30)."""
    entry = Entry.as_at(history, as_at)
    registration, review = entry.registration, review_of(entry, policy, as_at, known)
    if registration.made is None or not registration.is_open or review is None:
        return []
    last, missed, followed = entry.review, entry.missed, entry.followed_up
    pending = entry.deregistration()
    return [
        {
            "offender_id": registration.made.fact.offender_id,
            "part": CONCERN_ALONE if registration.made.fact.ground == register.CONCERN else CHILDREN,
            "ground": registration.made.fact.ground,
            "children": len(registration.linked),
            "registered_on": registration.made.fact.registered_on,
            "last_review": last.fact.on if last else None,
            "review_due": review.due,
            "follow_up": {
                "raised_on": missed.fact.raised_on,
                "followed_up_on": followed.fact.on if followed else None,
            }
            if missed
            else None,
            "deregistration_pending": pending is not None and pending.done_on is None,
        }
    ]


def moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of all facts it rests on: nothing else moves a row, for days overdue are counted when it is read."""
    yield from review_moments(history, policy, known)
    yield from deregistration_moments(history, policy, known)


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How many days the review is overdue."""
    del policy
    return {**row, "days_overdue": max(0, (as_at - date.fromisoformat(row["review_due"])).days)}


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """A month's report: what was issued, and who confirmed it.

    Its rows are the worklist's as at `rows_as_at`, known up to position `rows_position`: the same for ever, and
    `rows_hash` is their digest.
    """
    del policy, known
    report = RegisterReport.fold([each for each in as_corrected(history) if day_of(each.effective) <= as_at])
    issued = report.issued
    row: Row = {
        "month": history[0].stream.removeprefix("register-report-") if history else None,
        "state": "not-issued" if issued is None else "confirmed" if report.confirmed else "issued",
        "issued_on": issued.fact.issued_on if issued else None,
        "rows": issued.fact.rows_count if issued else None,
        "rows_as_at": issued.fact.rows_as_at if issued else None,
        "rows_position": issued.fact.rows_position if issued else None,
        "rows_hash": issued.fact.rows_hash if issued else None,
        "recipients": _plain(issued.fact.recipients) if issued else None,
        "confirmed": [
            {"by": each.fact.by, "on": each.fact.on, "corrections": _plain(each.fact.corrections)}
            for each in report.confirmed
        ],
    }
    facts = [each.position for each in (issued, *report.confirmed) if each is not None]
    return explained(row, explain, rules=["CP-50", "CP-51"], facts=facts)


def standing(histories: Iterable[History], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Report `register-reports`: the months of the last two years, from the first that was issued, oldest first.

    `histories`: of the reports that anything is recorded of.  `state`: `not-due`, `due` on its day, `overdue` until
    the month is over, `missed` from then on; `issued`, until a risk manager confirms it, with its age
    (`days_unconfirmed`); `confirmed`; `calendar-missing`.
    """
    told = [RegisterReport.fold([one for one in as_corrected(each) if _by(one, as_at)]) for each in histories]
    issued = {each.issued.fact.issued_on.replace(day=1): each for each in told if each.issued}
    this = as_at.replace(day=1)
    first, ages = min((this, *issued)), _number(this) - _number(date.min)
    months = (add_months(this, -back) for back in reversed(range(min(_MONTHS_SHOWN, ages + 1))))
    return [_month(each, issued.get(each), policy, as_at, known) for each in months if each >= first]


def _by(record: Recorded[Any], as_at: date) -> bool:
    return day_of(record.effective) <= as_at


def _number(month: date) -> int:
    return month.year * 12 + month.month


def _month(month: date, report: RegisterReport | None, policy: Policy, as_at: date, known: int) -> Row:
    due = _due(month, policy, known)
    issued = report.issued.fact.issued_on if report and report.issued else None
    confirmed = min((each.fact.on for each in report.confirmed), default=None) if report else None
    over = month != as_at.replace(day=1)
    if issued is not None:
        state = "confirmed" if confirmed else "issued"
    elif over or due is None:
        state = "missed" if over else "calendar-missing"
    else:
        state = "overdue" if as_at > due else "due" if as_at == due else "not-due"
    return {
        "month": month.isoformat()[:7],
        "due": due,
        "state": state,
        "issued_on": issued,
        "confirmed_on": confirmed,
        "days_unconfirmed": (as_at - issued).days if issued and not confirmed else None,
    }


def _due(month: date, policy: Policy, known: int) -> date | None:
    """The day of a month on which its report is due; None where no calendar is loaded."""
    try:
        return register.report_due(month, policy.number(DAY_OF_ISSUE, month, known), policy.calendar(known))
    except (CalendarMissing, OverflowError):  # before the first day there is, too
        return None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
