"""A management review by its framework: four parts, the second with its nine questions (SCR-09).

    parts(answer)     -> [Part], of the answer of the view `case-review`: as its latest draft has them

Readings of how one is drafted: its sections are numbered 1 to 4; the analysis is one text, or answers by the number of
their question, in section 2 or beside it as 2-1 to 2-9, as the printed review reads them (ledger.printing.forms).
What a draft says under any other heading follows the four.
Where a text says *fact 123*, it leads to that fact.

Proven by tests/web/test_reviews.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from ledger.aggregates.case_review import facts
from ledger.api.web.stages import Course
from ledger.api.web.words import words
from ledger.printing.forms.management_review import PARTS, QUESTIONS, answered

Members = Mapping[str, Any]
_FACT: Final = re.compile(r"\bfact ([1-9][0-9]{0,14})\b", re.IGNORECASE)
_ANALYSIS: Final = "2"


@dataclass(frozen=True, slots=True)
class Answer:
    """A question of the framework, if it is one, and what was answered: texts, and between them facts."""

    question: str
    text: Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the framework; without `n`, what a draft says beside them.  `empty`: the draft has nothing of it."""

    n: str
    title: str
    answers: Sequence[Answer]
    empty: bool


def parts(answer: Mapping[str, Any]) -> list[Part]:
    """The parts as the latest draft has them; none before the first.  What may not be read prints as that."""
    drafted = Course(answer).newest(facts.ManagementReviewDrafted)
    if drafted is None:
        return []
    told: Any = drafted["says"].get("sections")
    if not isinstance(told, Mapping):  # shut, or erased
        return [Part(n, title, [Answer("", [str(told)])], empty=False) for n, (title, _) in PARTS.items()]
    sections = dict(cast("Mapping[str, Any]", told))
    found = [_part(n, title, sections) for n, (title, _) in PARTS.items()]
    # What is left is under none of the four: it follows them, as on paper.
    return [
        *found,
        *(Part("", words(name), [Answer("", linked(_text(each)))], False) for name, each in sections.items()),
    ]


def _part(n: str, title: str, sections: dict[str, Any]) -> Part:
    """A part of the framework, taken out of the sections with the answers that stand beside it."""
    given, by_question = sections.pop(n, None), dict[int, Any]()
    if n == _ANALYSIS:
        by_question, given = answered(given, sections)
    by_name: Members = cast("Members", given) if isinstance(given, Mapping) else {}
    answers = [Answer("", linked(_text(given)))] if given and not by_name else []
    answers += [Answer(words(name), linked(_text(text))) for name, text in by_name.items()]
    if n == _ANALYSIS and (any(by_question.values()) or not answers):
        answers += [Answer(each, linked(_text(by_question[k]))) for k, each in enumerate(QUESTIONS, start=1)]
    return Part(n, title, answers, empty=not any(each.text for each in answers))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_text(each) for each in cast("list[Any]", value))
    if isinstance(value, Mapping):
        return "; ".join(f"{words(name)}: {_text(each)}" for name, each in cast("Members", value).items())
    return "" if value is None else str(value).strip()


def linked(text: str) -> list[str | int]:
    """A text in pieces: words, and the positions of the facts it names.

    >>> linked("She was seen (fact 12).")
    ['She was seen (', 12, ').']
    """
    pieces = _FACT.split(text)
    return [int(each) if n % 2 else each for n, each in enumerate(pieces) if each]
