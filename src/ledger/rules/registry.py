"""The registry of rules: each one small, dated, with its source; `ledger rules` prints it.

    @rule("ENF-04", edition="manual-2022", cite="CPOM s1, Enforcement", anchor="letter")
    def evidence_deadline(issued_on: date, working_days: int, calendar: Calendar) -> date:
        \"\"\"Evidence counts until the end of the fifth working day after the letter was issued.\"\"\"

A rule that computes nothing of its own is `stated`.  An edition names the text a rule was taken from and the date by
which it is chosen (`anchor`); an amendment is a second function in a second edition.  Facts keep the edition's name
("ENF-04@manual-2022"), never a date that may move.

After PolicyEngine and OpenFisca: one rule, one unit, its source as data.  Proven by tests/rules/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any, Final, TypeVar

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Edition:
    """A text rules were taken from.  `starts`: the first anchor date it rules; None where no start is confirmed."""

    name: str
    title: str
    starts: date | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: rule book id, what it yields, in which edition, and who says so."""

    id: str
    name: str
    edition: str
    cite: str
    anchor: str
    starts: date | None
    text: str
    function: Callable[..., Any] | None = None

    @property
    def label(self) -> str:
        """How facts and answers name it: "ENF-04@manual-2022"."""
        return f"{self.id}@{self.edition}"


EDITIONS: Final = {
    each.name: each
    for each in (
        Edition("manual-2022", "Community Payback Operations Manager induction manual (CPOM)"),
        Edition("west-mercia-2007", "West Mercia child protection policy and procedures (WMPA)"),
        Edition("kent", "Kent protocol for projects on school premises (KENT)"),
        Edition("inspection-2012", "Inspection of offender management in West Mercia, July 2012 (HMIP)"),
        Edition("data-protection-2018", "Data Protection Act 2018, Part 3 (DPA 2018)"),
        Edition("conventions-1", "Conventions of this ledger, where the sources are silent"),
    )
}

AREAS: Final = (
    "access",
    "allocation",
    "case_review",
    "child_protection",
    "data_protection",
    "dates",
    "enforcement",
    "general",
    "hours",
    "orders",
    "placements",
    "progress",
    "quality",
    "register",
    "settings",
)
_RULES: Final[list[Rule]] = []
_LABELS: Final[dict[str, str]] = {}


def rule(id: str, *, edition: str, cite: str, anchor: str, starts: date | None = None) -> Callable[[C], C]:  # noqa: A002
    """Register a pure function as (part of) a rule; its docstring is the rule's text and confesses its readings."""

    def register(function: C) -> C:
        _add(Rule(id, function.__name__, edition, cite, anchor, starts, _text(function), function))
        return function

    return register


def stated(id: str, text: str, *, edition: str = "manual-2022", cite: str, anchor: str = "day") -> Rule:  # noqa: A002
    """Register a rule that needs no computation of its own: a standing rule, a list, a form of record."""
    return _add(Rule(id, "stated", edition, cite, anchor, None, text))


def _add(each: Rule) -> Rule:
    if each.edition not in EDITIONS:
        raise ValueError(f"{each.id} names the unknown edition {each.edition}")
    _RULES.append(each)
    _LABELS.setdefault(each.id, each.label)
    return each


def _text(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())


def rules() -> tuple[Rule, ...]:
    """Every rule, by id and name."""
    for area in AREAS:
        import_module(f"ledger.rules.{area}")  # an area registers itself
    return tuple(sorted(_RULES, key=lambda each: (each.id, each.edition, each.name)))


def label(id: str) -> str:  # noqa: A002
    """The edition a rule is applied in: "ENF-04" -> "ENF-04@manual-2022"; unknown ids come back as they are."""
    return _LABELS.get(id, id)


def labels(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that are registered, with their editions: what a decision was taken `under`."""
    return tuple(_LABELS[each] for each in ids if each in _LABELS)
