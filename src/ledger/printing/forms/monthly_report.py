"""The monthly report of the register as it was issued, in its two parts, with who confirmed it (CP-50, CP-51).

The rows are those of the issue, made again from the log and held against the digest of the issue before they come here;
who they are about is as known then.  Names of children are not printed (CP-50).  A row about somebody whose case the
reader may not read stands and says so.

Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.register_report import MonthlyReportIssued, RegisterListConfirmed, RegisterReport
from ledger.printing.forms import parts
from ledger.printing.forms.form import Filled, Form, History, Material, Row, chosen
from ledger.printing.words import label_in_words
from ledger.rules.dates import day_of

TITLE: Final = "Monthly report of the child protection register"
PARTS: Final = {
    1: "Part 1: cases linked to a child on the At Risk Register",
    2: "Part 2: entries on a concern alone",
}
HEADS: Final = (
    *("Client ID", "Name", "Unit", "Offender manager", "Ground", "Linked children", "Registered on", "Last review"),
    *("Date due for review", "Days overdue", "Missed review", "De-registration"),
)
LIMITED: Final = "A person whose case you may not read. Ask your manager."
NOBODY: Final = "Nobody."
NO_NAME: Final = "[name unknown]"
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    MonthlyReportIssued.topic: ("recipients",),
    RegisterListConfirmed.topic: ("corrections",),
    RecordCorrected.topic: ("corrected_value",),
}


def fill(material: Material) -> Filled:
    """The report of a month."""
    report = report_of(material.history, material.as_at)
    issued = chosen(TITLE, [report.issued] if report.issued else [], "", lambda each: each.id)
    fact: MonthlyReportIssued = issued.fact
    limited = [each for each in material.rows if each.get("limited")]
    return Filled(
        TITLE,
        [
            parts.fields(
                [
                    ("Month", f"{fact.issued_on:%B %Y}"),
                    ("Issued on", fact.issued_on),
                    ("Position at the end of", fact.rows_as_at),
                    ("Issued to", fact.recipients),
                    ("Cases", str(fact.rows_count)),
                ]
            ),
            *(part for number, title in PARTS.items() for part in _part(title, number, material.rows)),
            *([parts.words(f"{len(limited)} × {LIMITED}")] if limited else []),
            parts.table(
                "Confirmed by risk managers: the list is accurate, reviews have taken place (CP-51)",
                ("Risk manager", "On", "Corrections"),
                [(str(each.fact.by)[:8], each.fact.on, each.fact.corrections) for each in report.confirmed],
                blanks=2,
            ),
        ],
        paper="report",
        foot=f"Rows as issued, SHA-256: {fact.rows_hash}; record {issued.position}",
        day=fact.issued_on,
        rests_on=[issued, *report.confirmed],
        flipped=True,
    )


def there(history: History, as_at: date) -> list[Row]:
    """One form, once the report is issued."""
    issued = report_of(history, as_at).issued
    return [{"of": "", "on": issued.fact.issued_on, "says": None}] if issued else []


def report_of(history: History, as_at: date) -> RegisterReport:
    """The report of a month as it stood at the end of a day."""
    return RegisterReport.fold([each for each in as_corrected(history) if day_of(each.effective) <= as_at])


def _part(title: str, number: int, rows: Sequence[Row]) -> list[parts.Part]:
    lines = [_line(each) for each in rows if each.get("part") == number]
    if not lines:
        return [parts.heading(title), parts.words(NOBODY)]
    return [parts.table(title, HEADS, lines)]


def _line(row: Row) -> list[Any]:
    missed = row["follow_up"]
    return [
        row.get("client_id"),
        row.get("name") or NO_NAME,
        row.get("unit"),
        str(row.get("offender_manager") or "")[:8],
        label_in_words(str(row["ground"]).lower()),
        str(row["children"]),
        _day(row["registered_on"]),
        _day(row["last_review"]) or "None yet",
        _day(row["review_due"]),
        str(row.get("days_overdue") or ""),
        _missed(missed) if missed else "",
        "Pending" if row["deregistration_pending"] else "",
    ]


def _missed(told: Mapping[str, Any]) -> str:
    done = _day(told["followed_up_on"])
    return f"Raised {_day(told['raised_on'])}, " + (f"followed up {done}" if done else "not followed up")


def _day(told: Any) -> str:
    """A day of a row, which a table holds as a text."""
    return parts.said(date.fromisoformat(told) if isinstance(told, str) else told)


FORM: Final = Form(
    name="monthly-report",
    title=TITLE,
    noun="register-report",
    source="WMPA 5.4, 5.5",
    rules=("CP-50", "CP-51", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
    lists=True,
)
