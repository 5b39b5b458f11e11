"""What a printed form is made of: a few kinds of parts, each a JSON object that one template draws.

    fields([("Surname", "Jones"), ("Alias", None)])     a label and a value; a blank is drawn to be filled in by hand
    ticks([(True, "Child(ren) on …"), (None, "…")])     a box each: ticked or not
    question("Are there …", True, "details")            Yes and No, and what was said about it
    table("Details of Child(ren)", heads, rows)         a line each; without one, blank lines
    section("Address", guide, "1 Nowhere Lane")         a heading, what belongs below it, and the text
    words("…"), heading("…")                            what the form itself says
    text_of(parts)                                      the same as text: what the digest at the foot is over

`said` makes what a form shows of a value: a value that may not be read prints as `[sealed]`, an erased one says so.
Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from ledger.aggregates.shape import Closed
from ledger.printing.words import label_in_words
from ledger.rules.dates import printed

Part = dict[str, Any]
Pairs = Iterable[tuple[str, Any]]
BLANK: Final = "____"
UNNAMED: Final = "(no heading)"
_BLANK_ROWS: Final = 3


def said(value: Any) -> str:
    """A value as a form shows it; nothing for what is not told.

    >>> said(True), said(date(2026, 5, 4)), said(["Ann", None, "Bea"]), said({"age": 4, "sex": "F"}), said(None)
    ('Yes', '4 May 2026', 'Ann\\nBea', 'Age: 4\\nSex: F', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case date():
            return printed(value)
        case dict():
            members = cast("Mapping[str, Any]", value)
            return "\n".join(f"{label_in_words(name)}: {said(each)}" for name, each in members.items() if said(each))
        case list() | tuple():
            return "\n".join(filled for each in cast("Sequence[Any]", value) if (filled := said(each)))
        case _:
            return str(value).strip()


def fields(pairs: Pairs, *, tall: bool = False) -> Part:
    """Labels with their values; `tall`: a blank gets room for several lines."""
    return {"kind": "fields", "rows": [[label, said(value)] for label, value in pairs], "tall": tall}


def ticks(items: Iterable[tuple[bool | None, str]], heads: tuple[str, str] | None = None) -> Part:
    """Boxes with what each stands for; under the heads of the source's own table, if it has one."""
    return {"kind": "ticks", "items": [[bool(ticked), told] for ticked, told in items], "heads": heads}


def question(asked: str, answer: bool | None, details: Any) -> Part:
    """A question of the form, its answer, and the details."""
    return {"kind": "question", "asked": asked, "yes": answer is True, "no": answer is False, "details": said(details)}


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], blanks: int = _BLANK_ROWS) -> Part:
    """Lines under heads; where there is none, `blanks` empty ones."""
    lines = [[said(cell) for cell in row] for row in rows] or [[""] * len(heads)] * blanks
    return {"kind": "table", "title": title, "heads": list(heads), "rows": lines}


def section(title: str, guide: str, text: Any, *, level: int = 2, room: bool = True) -> Part:
    """A heading of the form with what it asks for, and what was written; nothing: room to write, if any belongs there.

    `level`: of the heading, 2 or 3.
    """
    return {
        "kind": "section",
        "title": title if title.strip() else UNNAMED,
        "guide": guide,
        "text": said(text),
        "level": level,
        "room": room,
    }


def words(text: str, *, strong: bool = False) -> Part:
    """What the form itself says."""
    return {"kind": "words", "text": text, "strong": strong}


def heading(text: str) -> Part:
    """A heading within the form."""
    return {"kind": "heading", "text": text}


def described(members: Any, known: Mapping[str, Sequence[str]]) -> tuple[list[Any], str]:
    """The columns of somebody described on a form, by the names that each may be told under; and whatever else was
    told, so that nothing is lost on paper.

    `members` as in the fact; one that may not be read stands in the first column.
    """
    if isinstance(members, Closed):
        return [members, *[None] * (len(known) - 1)], ""
    rest = {name.strip().casefold(): value for name, value in cast("Mapping[str, Any]", members).items()}
    cells = [next((rest.pop(name) for name in names if name in rest), None) for names in known.values()]
    return cells, said(rest)


# ------------------------------------------------------------------------------------------ as text


def text_of(parts: Iterable[Part]) -> str:
    """All that a form says, line by line; a blank is a line of its own sort, so that it cannot be filled in unseen."""
    return "\n".join(line for part in parts for line in _lines(part))


def _lines(part: Part) -> Iterator[str]:
    match part["kind"]:
        case "fields":
            yield from (f"{label}: {value or BLANK}" for label, value in part["rows"])
        case "ticks":
            yield from (f"[{'x' if ticked else ' '}] {told}" for ticked, told in part["items"])
        case "question":
            yield f"{part['asked']} [{'x' if part['yes'] else ' '}] Yes [{'x' if part['no'] else ' '}] No"
            yield f"Details: {part['details'] or BLANK}"
        case "table":
            yield part["title"]
            yield "; ".join(part["heads"])
            yield from ("; ".join(cell or BLANK for cell in row) for row in part["rows"])
        case "section":
            written = [part["text"] or BLANK] if part["text"] or part["room"] else []
            yield from (part["title"], *([part["guide"]] if part["guide"] else []), *written)
        case _:
            yield part["text"]
