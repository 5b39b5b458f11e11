"""The session sheet on paper: its words, then a line for each person with room to write.

    sheet_pdf(words, rows, foot, moment)      the pages; the head of the table stands on every one of them
    sheet_text(words, rows)                   the same as text, of which the foot has the digest

Rows are those of ledger.projections.session_sheet.  Proven by tests/printing/test_letters.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ledger.printing.letters import parts_of
from ledger.printing.setting import pdf
from ledger.rules.outcome_codes import CODES

NOBODY: Final = "Nobody is expected on this day."
LIMITED: Final = "A person whose case you may not read. Ask your manager."
NO_NAME: Final = "[name unknown]"
# What a supervisor can say on the day; whether an absence was acceptable is judged later.
_ON_THE_DAY: Final = frozenset({"attended", "no-comply", "sent-home", "stood-off", "pending", "rescheduled"})
Row = Mapping[str, Any]


def sheet_pdf(words: str, rows: Sequence[Row], foot: Sequence[str], moment: datetime) -> bytes:
    """The pages, dated `moment` (aware)."""
    heading, *paragraphs = parts_of(words)
    data = {
        "heading": heading,
        "paragraphs": paragraphs,
        "people": [_line(number, row) for number, row in enumerate(rows, start=1)],
        "nobody": NOBODY,
        "codes": [[each.code, each.says] for each in CODES.values() if each.kind in _ON_THE_DAY],
        "foot": list(foot),
    }
    return pdf("session-sheet", data, moment)


def sheet_text(words: str, rows: Sequence[Row]) -> str:
    """Words and lines as text, a person's particulars set off by semicolons."""
    lines = (_line(number, row) for number, row in enumerate(rows, start=1))
    told = ["; ".join([f"{each['number']}. {each['name']}", *each["about"], each["owing"], *each["know"]]) for each in
            lines]  # fmt: skip
    return "\n".join([words, "", *(told or [NOBODY])])


def _line(number: int, row: Row) -> dict[str, Any]:
    """One person as a template prints it."""
    if row.get("limited"):
        return {"number": number, "name": LIMITED, "about": [], "owing": "", "know": []}
    return {
        "number": number,
        "name": row["name"] or NO_NAME,
        "about": list(_about(row)),
        "owing": hours(row["balance_minutes"]),
        "know": list(_to_know(row)),
    }


def _about(row: Row) -> Iterator[str]:
    if row["client_id"]:
        yield str(row["client_id"])
    yield f"Starts {row['start']}" + (f", picked up at {row['pick_up']}" if row["pick_up"] else "")


def _to_know(row: Row) -> Iterator[str]:
    yield f"Risk of serious harm: {str(row['risk'] or 'no level on file').replace('_', ' ').lower()}"
    yield from (f"Need: {each}" for each in row["needs"])
    yield from (f"Not to be given: {each}" for each in row["restrictions"])


def hours(minutes: int | None) -> str:
    """Minutes as hours people read: 90 -> 1 h 30 min.

    >>> hours(90), hours(6000), hours(45), hours(None)
    ('1 h 30 min', '100 h', '45 min', 'not known')
    """
    if minutes is None:
        return "not known"
    whole, rest = divmod(minutes, 60)
    return " ".join([*([f"{whole} h"] if whole or not rest else []), *([f"{rest} min"] if rest else [])])
