"""The chronology of a case on paper, and the same as a table for programs: `chronology.pdf`, `chronology.csv`.

The two say the same, row for row, and every page names the digest of the table, so neither can be exchanged without
the other.  The table is RFC 4180 in UTF-8 with a byte order mark, which spreadsheets need; a cell that one would take
for a formula, or that begins with an apostrophe, has an apostrophe before it: take one away and it is as it was.
Proven by tests/printing/test_chronology.py.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from ledger.printing.setting import pdf
from ledger.printing.words import day_in_words, instant_in_words, label_in_words
from ledger.rules.dates import day_of, printed

COLUMNS: Final = (
    "position",
    "happened",
    "recorded",
    "days_late",
    "title",
    "type",
    "by_role",
    "by_id",
    "by_unit",
    "corrects",
    "corrected_by",
    "struck_out",
    "values",
)
WITHHELD: Final = "[withheld whole]"
_TAKEN_FOR_FORMULAS: Final = tuple("=+-@\t\r\n＝＋－＠'")


@dataclass(frozen=True, slots=True)
class Chronology:
    """What is printed of a case.

    `case`: lines (label, value) that say whose it is; `events`: rows as view `chronology` gives them, in its order;
    `withheld`: positions of the facts that are withheld whole; `gaps`: rows of the same view, the reason why they
    cannot be told here, or None where a case of this kind has none; `as_at` and `known_at` as the view's;
    `checkpoint`: the signed note that covers the facts.
    """

    case: Sequence[tuple[str, str]]
    events: Sequence[Mapping[str, Any]]
    as_at: date
    known_at: datetime
    checkpoint: str
    withheld: Sequence[int] = ()
    gaps: Sequence[Mapping[str, Any]] | str | None = None


# ------------------------------------------------------------------------------------------ the table


def chronology_csv(chronology: Chronology) -> bytes:
    """One line for each fact, in the order of the pages; those withheld whole at the end, by position alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for event in chronology.events:
        writer.writerow([_cell(each) for each in _line(event)])
    for position in chronology.withheld:
        writer.writerow([position, "", "", "", WITHHELD, *[""] * (len(COLUMNS) - 5)])
    return text.getvalue().encode("utf-8-sig")


def _line(event: Mapping[str, Any]) -> Iterator[Any]:
    by = event["by"]
    yield event["position"]
    yield _iso(event["effective"])
    yield _iso(event["recorded"])
    yield event["late_days"]
    yield event["title"]
    yield event["type"]
    yield by["role"]
    yield by["id"]
    yield by.get("unit") or ""
    yield event["corrects"] or ""
    yield " ".join(str(each) for each in event["corrected_by"])
    yield "yes" if event["struck_out"] else ""
    yield "\n".join(f"{name}: {value}" for name, value in told(event["values"]))


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_TAKEN_FOR_FORMULAS) else value


def _iso(when: date | datetime) -> str:
    if isinstance(when, datetime):
        return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return when.isoformat()


Said = Callable[[Any], str]


def in_form(value: Any) -> str:
    """A value as tables have it: days and instants (UTC) in ISO form, yes and no as words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _iso(value) if isinstance(value, date) else str(value)


def in_words(value: Any) -> str:
    """A value as pages have it: days and London's instants in words."""
    return day_in_words(value) if isinstance(value, date) else in_form(value)


def told(values: Mapping[str, Any], said: Said = in_form, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every value with its path, lists and maps inside out."""
    for name, value in values.items():
        yield from _told(f"{prefix}{name}", value, said)


def _told(name: str, value: Any, said: Said) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            yield from told(cast("Mapping[str, Any]", value), said, f"{name}/")
        case list():
            items = cast("list[Any]", value)
            if any(isinstance(each, dict | list) for each in items):
                yield from told({str(number): each for number, each in enumerate(items)}, said, f"{name}/")
            else:
                yield name, ", ".join(said(each) for each in items)
        case _:
            yield name, said(value)


# ------------------------------------------------------------------------------------------ the pages


def chronology_pdf(chronology: Chronology, moment: datetime) -> bytes:
    """The pages, dated `moment` (aware); the same chronology at the same moment is the same bytes."""
    origin, size, root, *_ = [*chronology.checkpoint.split("\n"), "", "", ""]
    days = [day_of(each["effective"]) for each in chronology.events]
    data = {
        "case": [[label, value] for label, value in chronology.case],
        "period": f"{printed(min(days))} to {printed(chronology.as_at)}" if days else printed(chronology.as_at),
        "as_at": printed(chronology.as_at),
        "known_at": instant_in_words(chronology.known_at),
        "made": instant_in_words(moment),
        "digest": hashlib.sha256(chronology_csv(chronology)).hexdigest(),
        "checkpoint": {"origin": origin, "size": size, "root": root},
        "events": [event_in_words(each) for each in chronology.events],
        "withheld": list(chronology.withheld),
        "gaps": _gaps(chronology.gaps),
    }
    return pdf("chronology", data, moment)


def event_in_words(event: Mapping[str, Any]) -> dict[str, Any]:
    """A row of view `chronology` as templates print it: what happened, when, by both clocks, by whom, and its marks."""
    by = event["by"]
    who = ", ".join(each for each in (by["role"], by.get("unit")) if each)
    return {
        "position": event["position"],
        "title": event["title"],
        "happened": day_in_words(event["effective"]),
        "recorded": instant_in_words(event["recorded"]),
        "by": f"{who} ({by['id']})",
        "marks": list(marks(event)),
        "values": [[label_in_words(name), value] for name, value in told(event["values"], in_words)],
        "struck_out": event["struck_out"],
    }


def marks(event: Mapping[str, Any]) -> Iterator[str]:
    """What is to be minded about a record, in words: late, corrected, a correction, struck out."""
    days = event["late_days"]
    if days:
        yield f"Late: recorded {days} day{'s' if days > 1 else ''} after it happened."
    if source := event.get("according_to"):
        who = f" by {source['by']}" if source["by"] else ""
        yield f"According to {source['system']}: recorded there {instant_in_words(source['recorded'])}{who}."
    if event["corrects"]:
        yield f"This puts right record {event['corrects']}."
    if event["struck_out"]:
        yield "Struck out: this record does not stand."
    if event["corrected_by"]:
        later = ", ".join(str(each) for each in event["corrected_by"])
        yield f"Corrected later: see record{'s' if len(event['corrected_by']) > 1 else ''} {later}."


def _gaps(gaps: Sequence[Mapping[str, Any]] | str | None) -> list[dict[str, str]] | str | None:
    return gaps if gaps is None or isinstance(gaps, str) else [_gap(each) for each in gaps]


def _gap(gap: Mapping[str, Any]) -> dict[str, str]:
    return {"what": gap["what"], "since": printed(gap["since"]), "rule": gap["edition"]}
