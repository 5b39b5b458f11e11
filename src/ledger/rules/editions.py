"""Which edition of a rule applies: by the day of its anchor and the setting in force on that day, never by code path.

    policy.edition(BREACH, on=absence.date)         -> "sentencing-2020"
    BREACH.laws["sentencing-2020"].counting(...)    the rule functions of that edition

A *part* is what comes into force together.  Its setting names the edition that rules anchor days from a day on; where
none is set (null) the manual rules.  "What would an edition have said" is the same question with other settings
(`settings_under`).  To add an edition: its rules in a module, its name in the registry, a line in the parts it amends.

After OpenFisca's dated parameters: the law is data, its commencement too.  Proven by tests/rules/test_editions.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from ledger.rules.case_review import NAME as SERIOUS_CASE_REVIEW
from ledger.rules.case_review import completion_due
from ledger.rules.orders import twelve_month_point
from ledger.rules.registry import EDITIONS, Rule
from ledger.rules.safeguarding_2018 import EDITION as SAFEGUARDING_2018
from ledger.rules.safeguarding_2018 import NAME as PRACTICE_REVIEW
from ledger.rules.safeguarding_2018 import published_by
from ledger.rules.sentencing_2020 import EDITION as SENTENCING_2020
from ledger.rules.sentencing_2020 import goes_to_court
from ledger.rules.sentencing_2026 import EDITION as SENTENCING_2026
from ledger.rules.sentencing_2026 import no_end_of_period

MANUAL: Final = "manual-2022"
WEST_MERCIA: Final = "west-mercia-2007"  # the manual of a review: where no edition is set, it rules
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of the law with a commencement of its own.

    `key`: the setting; `anchor`: whose day chooses; `laws`: what rules, by edition, the manual's first; `rules`: the
    ids of its rules in an amending edition; `replaces`: those of them that the manual's rule of the same id gives way
    to.
    """

    name: str
    key: str
    anchor: str
    source: str
    laws: Mapping[str, T]
    rules: frozenset[str]
    replaces: frozenset[str]

    @property
    def amendments(self) -> tuple[str, ...]:
        """The editions that may be set, beside the manual."""
        return tuple(each for each in self.laws if each != MANUAL)

    def under(self, edition: str) -> str:
        """Which of its editions rules under an edition: itself, or the nearest that it amends."""
        found: str | None = edition
        while found is not None and found not in self.laws:
            found = EDITIONS[found].amends
        return found or MANUAL


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that is found to be without reasonable excuse and not spent.  `must_be`: a warning demands referral."""

    id: str
    referred: bool = False
    must_be: bool = False


@dataclass(frozen=True, slots=True)
class BreachLaw:
    """What makes a breach: those failures that count towards it, and how many are needed (ENF-08)."""

    counting: Callable[[Iterable[Failure]], frozenset[str]]
    needed: Callable[[int], int]


def _all(failures: Iterable[Failure]) -> frozenset[str]:
    return frozenset(each.id for each in failures)


def _those_for_the_court(failures: Iterable[Failure]) -> frozenset[str]:
    return frozenset(each.id for each in failures if goes_to_court(each.referred, each.must_be))


def _the_setting(threshold: int) -> int:
    return threshold


def _one(threshold: int) -> int:
    del threshold  # the Act counts no failures: one that is to be referred is enough
    return 1


PeriodEnd = Callable[[date, int], "date | None"]

BREACH: Final[Part[BreachLaw]] = Part(
    "breach",
    "enf.breach_edition",
    "failure",
    "Sentencing Act 2020, Sch. 10 and 16 para. 6 (S.I. 2020/1236); start to be confirmed by lawyers",
    MappingProxyType({MANUAL: BreachLaw(_all, _the_setting), SENTENCING_2020: BreachLaw(_those_for_the_court, _one)}),
    frozenset({"ENF-03", "ENF-08", "ENF-09", "ENF-11"}),
    frozenset({"ENF-08"}),
)
PERIOD: Final[Part[PeriodEnd]] = Part(
    "period",
    "upw.period_edition",
    "day",
    "Sentencing Act 2026, s. 36 (S.I. 2026/402 reg. 2); start to be confirmed by lawyers",
    MappingProxyType({MANUAL: twelve_month_point, SENTENCING_2026: no_end_of_period}),
    frozenset({"UPW-03", "UPW-07"}),
    frozenset({"UPW-03", "UPW-04", "UPW-05", "UPW-07", "UPW-08"}),
)
CREDIT: Final[Part[bool]] = Part(
    "credit",
    "hrs.credit_edition",
    "sentence",
    "Sentencing Act 2026, s. 37; start to be confirmed by lawyers",
    MappingProxyType({MANUAL: False, SENTENCING_2026: True}),
    frozenset({"HRS-05"}),
    frozenset({"HRS-05"}),
)


@dataclass(frozen=True, slots=True)
class ReviewLaw:
    """What a review of a child's death or serious harm is called, and its clocks (SCR-07).

    `months`: the setting of its duration; `due` counts them; `rapid`: whether a rapid review goes before it.
    """

    called: str
    months: str
    due: Callable[[date, int], date]
    rapid: bool


REVIEW: Final[Part[ReviewLaw]] = Part(
    "review",
    "scr.review_edition",
    "referral",
    "Children Act 2004, ss. 16C to 16F; Working Together 2018; the day of each area's change to be set by the area",
    MappingProxyType(
        {
            MANUAL: ReviewLaw(SERIOUS_CASE_REVIEW, "scr.duration", completion_due, rapid=False),
            SAFEGUARDING_2018: ReviewLaw(PRACTICE_REVIEW, "scr.publication", published_by, rapid=True),
        }
    ),
    frozenset({"SCR-07"}),
    frozenset({"SCR-07"}),
)
PARTS: Final[Sequence[Part[Any]]] = (BREACH, PERIOD, CREDIT, REVIEW)
# Those that a what-if over a caseload may be asked about: editions of the law of an order, oldest first.
NAMES: Final = (MANUAL, SENTENCING_2020, SENTENCING_2026)
# Those that a view may be asked for: with the editions of the law of a review, which leave an order as it is.
EVERY_NAME: Final = (*NAMES, WEST_MERCIA, SAFEGUARDING_2018)


def settings_under(edition: str) -> dict[str, str]:
    """The settings under which an edition, with those it amends, rules every day: of the parts that it has to do with.

    Raises KeyError for another name.
    """
    if edition not in EVERY_NAME:
        raise KeyError(edition)
    return {each.key: each.under(edition) for each in PARTS if _first(each.amendments[0]) == _first(edition)}


def _first(edition: str) -> str:
    """The text that an edition amends in the end; itself if it amends none."""
    amends = EDITIONS[edition].amends
    return edition if amends is None else _first(amends)


def part_of(each: Rule) -> Part[Any] | None:
    """The part by whose setting a rule is in force or not; None for most, which always are."""
    for part in PARTS:
        first = _first(part.amendments[0])
        ids = part.rules if each.edition in part.amendments else part.replaces if each.edition == first else ()
        if each.id in ids:
            return part
    return None
