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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, TypeVar

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Edition:
    """A text rules were taken from: its name, title and source.

    `amends`: the edition whose rules stand where this one says nothing.  From when an amendment rules is a setting
    (ledger.rules.editions), because lawyers confirm it, not a release.
    """

    name: str
    title: str
    source: str
    amends: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: rule book id, what it yields, in which edition, and who says so.

    `kept`: how it is kept, where no code names it (ledger.enforced finds the code that does).
    """

    id: str
    name: str
    edition: str
    cite: str
    anchor: str
    text: str
    function: Callable[..., Any] | None = None
    kept: str = ""

    @property
    def label(self) -> str:
        """How facts and answers name it: "ENF-04@manual-2022"."""
        return edition_label(self.id, self.edition)


EDITIONS: Final = {
    each.name: each
    for each in (
        Edition("manual-2022", "Community Payback Operations Manager induction manual (CPOM)", "CPOM"),
        Edition(
            "sentencing-2020",
            "The statutory warning of the Sentencing Code",
            "Sentencing Act 2020, Schedule 10 paragraphs 6 and 7, Schedule 16 paragraphs 6 and 7",
            amends="manual-2022",
        ),
        Edition(
            "sentencing-2026",
            "The Sentencing Code as amended in 2026: no period of twelve months, and credit for work",
            "Sentencing Act 2026, sections 36 and 37",
            amends="sentencing-2020",
        ),
        Edition("west-mercia-2007", "West Mercia child protection policy and procedures (WMPA)", "WMPA"),
        Edition(
            "safeguarding-2018",
            "Child safeguarding practice reviews and rapid reviews (Working Together to Safeguard Children, 2018)",
            "Children Act 2004, sections 16C to 16F; Working Together 2018, chapter 4",
            amends="west-mercia-2007",
        ),
        Edition("kent", "Kent protocol for projects on school premises (KENT)", "KENT"),
        Edition("staffordshire", "Staffordshire Safer Schools Partnership joint protocol (STAFFS)", "STAFFS"),
        Edition("inspection-2012", "Inspection of offender management in West Mercia, July 2012 (HMIP)", "HMIP"),
        Edition("data-protection-2018", "Data Protection Act 2018, Part 3 (DPA 2018)", "DPA 2018"),
        Edition("conventions-1", "Conventions of this ledger, where the sources are silent", "this ledger"),
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
    "letters",
    "orders",
    "oversight",
    "placements",
    "progress",
    "quality",
    "register",
    "safeguarding_2018",
    "sentencing_2020",
    "sentencing_2026",
    "settings",
)
_RULES: Final[list[Rule]] = []
_LABELS: Final[dict[str, str]] = {}


def rule(id: str, *, edition: str, cite: str, anchor: str) -> Callable[[C], C]:  # noqa: A002
    """Register a pure function as (part of) a rule; its docstring is the rule's text and confesses its readings."""

    def register(function: C) -> C:
        _add(Rule(id, function.__name__, edition, cite, anchor, _text(function), function))
        return function

    return register


def stated(
    id: str,  # noqa: A002
    text: str,
    *,
    edition: str = "manual-2022",
    cite: str,
    anchor: str = "day",
    kept: str = "",
) -> Rule:
    """Register a rule that needs no computation of its own: a standing rule, a list, a form of record."""
    return _add(Rule(id, "stated", edition, cite, anchor, text, kept=kept))


def _add(each: Rule) -> Rule:
    if each.edition not in EDITIONS:
        raise ValueError(f"{each.id} names the unknown edition {each.edition}")
    _RULES.append(each)
    if each.id not in _LABELS or _amends(_LABELS[each.id].rpartition("@")[2], each.edition):
        _LABELS[each.id] = each.label  # by the edition, not by which module is imported first
    return each


def _amends(edition: str, other: str) -> bool:
    """Whether an edition stands in the place of another, at once or by those between them."""
    base = EDITIONS[edition].amends
    return base is not None and (base == other or _amends(base, other))


def _text(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())


def rules() -> tuple[Rule, ...]:
    """Every rule, by id and name."""
    for area in AREAS:
        import_module(f"ledger.rules.{area}")  # an area registers itself
    return tuple(sorted(_RULES, key=lambda each: (each.id, each.edition, each.name)))


def label(id: str) -> str:  # noqa: A002
    """The edition a rule is applied in where nothing chose another, the one that amends none: "ENF-04" ->
    "ENF-04@manual-2022"; unknown ids come back as they are."""
    return _LABELS.get(id, id)


def labels(ids: Iterable[str], editions: Mapping[str, str] = MappingProxyType({})) -> tuple[str, ...]:
    """Those of the ids that are registered, with their editions: what a decision was taken `under`.

    `editions`: by rule id, the edition that ruled where it was not the first.
    """
    ruled = (edition_label(each, editions[each]) for each in editions)
    return tuple(dict.fromkeys([*(_LABELS[each] for each in ids if each in _LABELS and each not in editions), *ruled]))


def edition_label(id: str, edition: str) -> str:  # noqa: A002
    """A rule in an edition: ("ENF-08", "sentencing-2020") -> "ENF-08@sentencing-2020"."""
    return f"{id}@{edition}"
