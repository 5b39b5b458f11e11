"""A form of the sources: which facts it is filled from, what it shows of them, and its pages.

    Form(name, title, noun, source, rules, opens, fill, there)      a form; ledger.printing.forms has them all
    form.fill(material)                                      -> Filled: its parts, blank where nothing is told
    form_pdf(filled, notice, foot, moment)                   -> the pages

Filling is pure: facts as known at a position, as they stood at the end of a day.  Values that the reader may not read
are shut before (ledger.disclosing.seeing).  Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from ledger.aggregates.shape import Recorded
from ledger.errors import NotFound
from ledger.printing.forms.parts import Part, text_of
from ledger.printing.letters import parts_of
from ledger.printing.setting import pdf

History = Sequence[Recorded[Any]]
Row = Mapping[str, Any]
NOT_THERE: Final = "There is no {title} {of} to print here; this case's view `forms` names those there are."
RESTRICTED: Final = "RESTRICTED"


@dataclass(frozen=True, slots=True)
class Material:
    """What a form is filled from.

    `history`: the chain of the case, as known; `person`: the particulars of an offender, by id (surname, forenames,
    aliases, dob, address); `of`: which record, "" for the newest; `words`: those that an area may change, by the name
    of their template and the day that chooses it; `rows`: those of a list that the form is about.
    """

    history: History
    as_at: date
    of: str
    person: Callable[[str], Row]
    words: Callable[[str, date], str]
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """A form with its values.

    `paper`: what the notice calls it; `foot`: which record it is of; `day`: the day whose words it carries, that of the
    record; `rests_on`: the records it was filled from; `persons`: of whom it is, by stream; `above`: who it comes from,
    over the title; `marking`: as child protection papers are marked (DP-02); `flipped`: across the page.
    """

    title: str
    parts: Sequence[Part]
    paper: str
    foot: str
    day: date
    rests_on: Sequence[Recorded[Any]]
    persons: Sequence[str] = ()
    above: str = "West Mercia Probation Area"
    marking: str = RESTRICTED
    flipped: bool = False

    @property
    def moment(self) -> datetime:
        """When the newest record it was filled from was recorded."""
        return max(each.recorded for each in self.rests_on)

    def text(self, notice: str) -> str:
        """All that it says, as text."""
        return "\n".join([notice, self.above, self.marking, self.title, text_of(self.parts)])

    def digest(self, notice: str) -> str:
        """SHA-256 of all that it says, in hexadecimal: of a JSON object with sorted names."""
        says = {"notice": notice, "above": self.above, "marking": self.marking, "title": self.title}
        return sha256(orjson.dumps({**says, "parts": self.parts}, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its name in addresses, its title, the noun whose cases have it, its source and rules.

    `opens`: the sealed fields it prints, by topic.  `there`: which of it a case has, newest last: `of` (the id to ask
    for), `on` (a day or None) and `says` (a code or None).  `lists`: it is about the rows of a list.
    """

    name: str
    title: str
    noun: str
    source: str
    rules: Sequence[str]
    opens: Mapping[str, tuple[str, ...]]
    fill: Callable[[Material], Filled]
    there: Callable[[History, date], list[Row]]
    lists: bool = False


def chosen(title: str, found: Sequence[Recorded[Any]], of: str, name: Callable[[Recorded[Any]], str]) -> Recorded[Any]:
    """The record that is asked for by the name it has; the newest where none is named.  Raises NotFound."""
    for each in reversed(found):
        if of in ("", name(each)):
            return each
    raise NotFound(NOT_THERE.format(title=title, of=of[:40]).replace("  ", " "))


def form_pdf(filled: Filled, notice: str, foot: Sequence[str], moment: datetime) -> bytes:
    """The pages, dated `moment` (aware).  `notice`: the words of the confidentiality notice, its heading first."""
    head, *paragraphs = parts_of(notice)
    data = {
        "title": filled.title,
        "above": filled.above,
        "marking": filled.marking,
        "notice": {"heading": head, "paragraphs": paragraphs},
        "parts": list(filled.parts),
        "foot": list(foot),
        "flipped": filled.flipped,
    }
    return pdf("form", data, moment)
