"""Why a status is what it is, for people: the rules in their own words, the facts as links, the calendar, the settings.

    because = reasons(known, "/case/offenders/019a…", moments)
    because(row["why"])       -> Because, which why.html draws as a disclosure

`known`: the facts of the case by position (ledger.projections.moments).  A fact of another case is named by its
position alone; a case without a timeline (no address) has nothing to lead to.  Proven by tests/web/test_case.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ledger.api.web.asking import Moments
from ledger.api.web.words import shown
from ledger.rules.registry import EDITIONS, rules
from ledger.rules.settings import SETTINGS

OTHER_WORDS: Final = "This release no longer has the words of this rule."


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule in an edition: its id, what it says, and who says so."""

    id: str
    texts: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Rested:
    """A fact that a status rests on: what it is, and where it stands in the timeline; None for another case's."""

    says: str
    at: str | None


@dataclass(frozen=True, slots=True)
class Because:
    """What is behind a status.  `settings`: each in words with its value and unit."""

    rules: list[Ruled]
    facts: list[Rested]
    calendar: str | None
    settings: list[tuple[str, str]]


Known = Mapping[int, Mapping[str, Any]]


def reasons(known: Known, at: str | None, moments: Moments) -> Callable[[Mapping[str, Any]], Because]:
    """What makes a `why` readable on the pages of a case."""

    def because(why: Mapping[str, Any]) -> Because:
        return Because(
            rules=[_ruled(each) for each in why.get("rules", ())],
            facts=[_rested(each, known, at, moments) for each in why.get("facts", ())],
            calendar=why.get("calendar"),
            settings=[_setting(key, value) for key, value in why.get("settings", {}).items()],
        )

    return because


@cache
def _ruled(label: str) -> Ruled:
    """A rule by its label; one without an edition is one that no rule book of this release has."""
    id_, _, edition = label.partition("@")
    same = [each for each in rules() if each.label == label]
    sources = dict.fromkeys(each.cite for each in same)
    title = EDITIONS[edition].title if edition in EDITIONS else edition
    texts = tuple(dict.fromkeys(each.text for each in same)) or (OTHER_WORDS,)
    return Ruled(id_, texts, "; ".join(filter(None, (*sources, title))))


def _rested(position: int, known: Known, at: str | None, moments: Moments) -> Rested:
    fact = known.get(position)
    if fact is None:
        return Rested(f"Fact {position} of another record", None)
    says = f"{fact['title']}, {shown(fact['effective'])} (fact {position})"
    if at is None:
        return Rested(says, None)
    query = "&" if moments.asked else "?"
    return Rested(says, f"{moments.at(f'{at}/chronology')}{query}fact={position}#position-{position}")


def _setting(key: str, value: Any) -> tuple[str, str]:
    setting = SETTINGS.get(key)
    said = "not set" if value is None else str(value)
    return key, f"{said} ({setting.unit}; {setting.source})" if setting else said
