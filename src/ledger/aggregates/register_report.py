"""The monthly report of the register, one a month: issued with the digest of its rows, confirmed (CP-50, CP-51; 8).

    rows_hash(rows)      the digest that a report is issued with

The rows are the worklist's at the end of the day before it was issued, as known at a position of the log: whoever has
the log can fold them again, so they are not kept twice.  Which they are no case can tell, so the application folds them
before the decision (ledger.application.issuing).  Proven by tests/test_issuing.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

import orjson

from ledger.aggregates.aggregate import Aggregate, Computed, Ruling
from ledger.aggregates.shape import (
    ACTOR,
    COMPUTED,
    Code,
    Count,
    Day,
    Fact,
    Now,
    OwnTexts,
    Recorded,
    StaffId,
    StaffTexts,
    later,
)
from ledger.errors import Refusal
from ledger.rules import general, register
from ledger.rules.dates import ONE_DAY, printed

NOUN: Final = "register-report"
_MONTH: Final = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")


def a_month(value: str) -> str:
    """A month as a report is named by: 2026-01."""
    if not _MONTH.fullmatch(value):
        raise ValueError("use a month such as 2026-01")
    return value


class MonthlyReportIssued(
    Fact,
    topic="register-report.monthly-report-issued.v1",
    command="IssueMonthlyReport",
    who=("information-officer",),
    rules=("CP-50",),
    effective="issued_on",
):
    """The report of a month was issued: so many rows, as at the end of a day, as known up to a position of the log.

    `rows_hash`, `rows_count` and `rows_position` come before the decision; given, they must be right.
    """

    month: Annotated[Code, COMPUTED] = later()
    issued_on: Day
    recipients: StaffTexts
    rows_as_at: Annotated[Day, COMPUTED] = later()
    rows_position: Count | None = None
    rows_count: Count | None = None
    rows_hash: Code | None = None


class RegisterListConfirmed(
    Fact,
    topic="register-report.register-list-confirmed.v1",
    command="ConfirmRegisterList",
    who=("risk-manager",),
    rules=("CP-51",),
    effective="on",
):
    """A risk manager confirmed the list of a month, or put it right."""

    month: Annotated[Code, COMPUTED] = later()
    by: Annotated[StaffId, ACTOR] = later()
    on: Day
    corrections: OwnTexts | None = None


def rows_hash(rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 in hexadecimal over the rows as the list has them on their day, without who they are about (no
    name, no unit, no officer): a line of JSON with sorted names each, in order of these lines.

    >>> rows_hash([])
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    lines = sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows)
    return sha256(b"".join(each + b"\n" for each in lines)).hexdigest()


@dataclass(frozen=True, slots=True)
class RegisterReport:
    """One month's report."""

    history: Sequence[Recorded[Any]] = ()
    issued: Recorded[MonthlyReportIssued] | None = None
    confirmed: tuple[Recorded[RegisterListConfirmed], ...] = ()

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> RegisterReport:
        """From the facts of its stream, in order of position."""
        issued = [each for each in history if isinstance(each.fact, MonthlyReportIssued)]
        confirmed = (each for each in history if isinstance(each.fact, RegisterListConfirmed))
        return cls(tuple(history), issued[0] if issued else None, tuple(confirmed))


def _rule_on(report: RegisterReport, draft: Fact, now: Now, stream: str) -> Ruling:
    month = stream.removeprefix(f"{NOUN}-")
    computed = {"month": Computed(month, "CP-50")}
    if isinstance(draft, MonthlyReportIssued):
        computed["rows_as_at"] = Computed(draft.issued_on - ONE_DAY, "CP-50")
        return Ruling(refusals=tuple(_of_another_month(draft, month)), computed=computed)
    rests_on = (report.issued.position,) if report.issued else ()
    return Ruling(refusals=tuple(_before_it_was_issued(report, draft)), computed=computed, rests_on=rests_on)


def _of_another_month(draft: MonthlyReportIssued, month: str) -> Iterator[Refusal]:
    if f"{draft.issued_on:%Y-%m}" != month:
        yield Refusal("CP-50", register.ISSUED_IN_ITS_MONTH.format(month=month), rule_book=False)


def _before_it_was_issued(report: RegisterReport, draft: Fact) -> Iterator[Refusal]:
    on = draft.effective()
    if report.issued is not None and on is not None and on < report.issued.fact.issued_on:
        issued_on = printed(report.issued.fact.issued_on)
        yield Refusal("CP-51", register.NOT_YET_ISSUED.format(day=issued_on), rule_book=False)


def stays_issued(report: RegisterReport, record: Recorded[Any], now: Now) -> Refusal | None:
    """What was sent to its readers was sent."""
    del report, now
    if isinstance(record.fact, MonthlyReportIssued):
        return Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    return None


REGISTER_REPORT = Aggregate(
    noun=NOUN,
    collection="register-reports",
    facts=(MonthlyReportIssued, RegisterListConfirmed),
    fold=RegisterReport.fold,
    rule_on=_rule_on,
    first=MonthlyReportIssued,
    protects=stays_issued,
    fixes=stays_issued,
    an_id=a_month,
)
