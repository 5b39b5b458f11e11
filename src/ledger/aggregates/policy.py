"""Stream `policy`: settings and bank holidays, each dated and known from a position on (GEN-01, GEN-09).

Templates stand in it too (ledger.aggregates.templates).

    policy = Policy.fold(facts of the streams `ledger` and `policy`, in order of position)
    policy.setting("enf.evidence", on=date(2026, 1, 5), known=4711)      -> 7
    policy.calendar(known=4711).add_working_days(date(2026, 1, 5), 7)

Two times rule here too: a setting is in force *on* a day, as *known* at a position.  A release's own value holds from
ever if it is the first release, from its own day if a later release brought it, so no release moves a past deadline.
Proven by tests/aggregates/test_policy.py and gen.yaml.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from ledger.aggregates.aggregate import Aggregate, Ruling
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.ledger_stream import Closed, LogKeyAnnounced, LossAccepted, ReleaseStarted, TimestampObtained
from ledger.aggregates.shape import Asked, Day, Fact, Now, OwnText, OwnTexts, Recorded, opened
from ledger.aggregates.templates import TemplateSet, ruled
from ledger.errors import Refusal
from ledger.rules import general, settings
from ledger.rules.dates import Calendar, day_of
from ledger.rules.editions import MANUAL, Part, settings_under
from ledger.rules.settings import KENT_COMMITTEES, SETTINGS


def _a_public_name(value: str) -> str:
    if not value.isprintable() or len(value) > 100:
        raise ValueError("use a name of at most 100 printable characters")
    return value


PublicName = Annotated[str, AfterValidator(_a_public_name)]


class PolicySettingChanged(
    Fact,
    topic="policy.setting-changed.v1",
    command="ChangeSetting",
    who=("chief-officer",),
    rules=("GEN-09",),
    plan=True,
):
    """A setting gets another value from a day on."""

    key: PublicName
    old: PublicName | None = None
    new: PublicName
    effective_from: Day
    reason: Annotated[OwnText, Asked("GEN-09", settings.REASON_FOR_CHANGE)]
    endorsed_by: OwnTexts | None = None


class BankHolidaySet(
    Fact,
    topic="policy.bank-holiday-set.v1",
    command="SetBankHoliday",
    who=("chief-officer",),
    rules=("GEN-01",),
    plan=True,
):
    """A day becomes a bank holiday that the release did not know of."""

    date: Day
    name: PublicName
    source_ref: OwnText


CALENDAR: Final = "calendar"  # what `Policy.moved` calls it, beside the settings
Dated = tuple[date, int, str]  # in force from, position, value
_Key = tuple[int, tuple[tuple[date, str], ...]]  # a calendar: position of its release, holidays set since


@dataclass(frozen=True, slots=True)
class _Known:
    """Settings and calendar as known at one position: what releases brought, and what the area set over it."""

    built_in: dict[str, list[Dated]]
    area: dict[str, list[Dated]]
    calendar: Calendar
    asked: dict[tuple[str, date], str] = field(default_factory=dict[tuple[str, date], str])  # every fold asks the same

    def value(self, key: str, on: date) -> str:
        """The area's value in force on a day, else the release's; "" where neither set one."""
        found = self.asked.get((key, on))
        if found is None:
            found = self.asked[key, on] = self._value(key, on)
        return found

    def _value(self, key: str, on: date) -> str:
        for lines in (self.area.get(key, ()), self.built_in.get(key, ())):
            in_force = [value for since, _, value in lines if since <= on]
            if in_force:
                return in_force[-1]
        return ""

    @property
    def keys(self) -> set[str]:
        """The settings that anybody set."""
        return {*self.built_in, *self.area}

    def days_of(self, key: str) -> set[date]:
        """The days on which a setting may take another value."""
        return {since for lines in (self.area.get(key, ()), self.built_in.get(key, ())) for since, _, _ in lines}


@dataclass(frozen=True)
class Policy:
    """Settings and calendar of a ledger, at every position up to its own."""

    history: tuple[Recorded[Any], ...] = ()
    _cache: dict[int, _Known] = field(default_factory=dict[int, _Known], compare=False, repr=False)
    _calendars: dict[_Key, Calendar] = field(default_factory=dict["_Key", Calendar], compare=False, repr=False)
    _earlier: dict[int, Policy] = field(default_factory=dict[int, "Policy"], compare=False, repr=False)

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Policy:
        """From the facts of the streams `ledger` and `policy`, in any order."""
        return cls(tuple(sorted(history, key=lambda each: each.position)))

    @cached_property
    def version(self) -> int:
        """How many facts stream `policy` holds: entries name it as `policy`."""
        return max((each.version for each in self.history if each.stream == "policy"), default=0)

    @cached_property
    def release(self) -> int:
        """Position of the last release: entries name it as `release`; 0 before the first."""
        return max((each.position for each in self.history if isinstance(each.fact, ReleaseStarted)), default=0)

    @cached_property
    def _positions(self) -> list[int]:
        return [each.position for each in self.history]

    def setting(self, key: str, on: date, known: int | None = None) -> str | int | None:
        """The value of `key` in force on a day, as known at a position (None: now); None where nothing is set."""
        return SETTINGS[key].read(self._as_known(known).value(key, on))

    def number(self, key: str, on: date, known: int | None = None) -> int:
        """A setting that is a whole number and always set."""
        value = self.setting(key, on, known)
        return value if isinstance(value, int) else int(SETTINGS[key].value or 0)

    def edition(self, part: Part[Any], on: date, known: int | None = None) -> str:
        """Which edition of a part of the law rules an anchor day, as known at a position (None: now)."""
        value = self.setting(part.key, on, known)
        return value if isinstance(value, str) else MANUAL

    def starts(self, part: Part[Any], edition: str, known: int | None = None) -> date | None:
        """The first anchor day that an edition of a part rules; None where it rules none, or all of them."""
        days = [day for day in self.days_of(part.key, known) if self.edition(part, day, known) == edition]
        return min((day for day in days if day > date.min), default=None)

    def days_of(self, key: str, known: int | None = None) -> set[date]:
        """The days on which a setting may take another value."""
        return self._as_known(known).days_of(key)

    def under(self, edition: str) -> Policy:
        """The same policy, had an edition, with those it amends, always ruled.  Raises KeyError for one unknown."""
        supposed = settings_under(edition)
        return Supposing(self.history, self._cache, self._calendars, supposed=supposed, really=self.unsupposed)

    @property
    def unsupposed(self) -> Policy:
        """The policy itself: what rests on no edition of the law is the same under all of them."""
        return self

    def calendar(self, known: int | None = None) -> Calendar:
        """The working days as known at a position (None: now)."""
        return self._as_known(known).calendar

    def holidays_added(self, after: int, known: int | None = None) -> dict[date, str]:
        """Bank holidays known at `known` that were not known at position `after`: why a deadline grew longer."""
        before = self.calendar(after).holidays
        return {day: name for day, name in self.calendar(known).holidays.items() if day not in before}

    def moved(self, after: int, upto: int) -> dict[str, date]:
        """What became another answer between two positions: by setting (and `calendar`), the first day it is for.

        It compares what was known, not facts, so it holds for whatever moves them: a release, a correction.
        """
        before, now = self._as_known(after), self._as_known(upto)
        found = {key: day for key in before.keys | now.keys if (day := _setting_moved(key, before, now)) is not None}
        day = _calendar_moved(before.calendar, now.calendar)
        return found | {CALENDAR: day} if day is not None else found

    def _as_known(self, known: int | None) -> _Known:
        count = len(self.history) if known is None else bisect_right(self._positions, known)
        found = self._cache.get(count)
        if found is None:
            found = self._cache[count] = _known(self.history[:count], self._calendars)
        return found

    def as_known(self, position: int) -> Policy:
        """The policy as known at a position, knowing nothing later: what a decision of that moment had.

        What was worked out for one serves the other: settings and calendar rest on the facts up to a position alone.
        """
        count = bisect_right(self._positions, position)
        found = self._earlier.get(count)
        if found is None:
            found = self._earlier[count] = Policy(self.history[:count], self._cache, self._calendars)
        return found


@dataclass(frozen=True)
class Supposing(Policy):
    """A policy under which some settings had other values on every day: what another edition would have said."""

    supposed: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    really: Policy = field(default_factory=Policy, compare=False)

    @property
    def unsupposed(self) -> Policy:
        return self.really

    def setting(self, key: str, on: date, known: int | None = None) -> str | int | None:
        if key in self.supposed:
            return SETTINGS[key].read(self.supposed[key])
        return super().setting(key, on, known)

    def as_known(self, position: int) -> Policy:
        then = super().as_known(position)
        return Supposing(
            then.history, then._cache, then._calendars, supposed=self.supposed, really=self.really.as_known(position)
        )


def _known(history: Sequence[Recorded[Any]], calendars: dict[_Key, Calendar]) -> _Known:
    built_in: dict[str, list[Dated]] = {}
    area: dict[str, list[Dated]] = {}
    release: Recorded[ReleaseStarted] | None = None
    added: dict[date, str] = {}
    version = 0
    for each in as_corrected(history):
        match each.fact:
            case ReleaseStarted() as fact:
                _take_release(built_in, fact, date.min if release is None else day_of(each.effective), each.position)
                release = each
            case PolicySettingChanged() as fact:
                area.setdefault(fact.key, []).append((fact.effective_from, each.position, fact.new))
            case BankHolidaySet() as fact:
                added[fact.date] = fact.name
                version = each.version
            case _:  # other facts of the ledger's own stream set nothing
                pass
    for lines in area.values():
        lines.sort()
    key = (release.position if release else 0, tuple(sorted(added.items())))
    if key not in calendars:
        calendars[key] = _calendar(release, added, version)
    return _Known(built_in, area, calendars[key])


def _setting_moved(key: str, before: _Known, now: _Known) -> date | None:
    days = sorted(before.days_of(key) | now.days_of(key))
    return next((day for day in days if before.value(key, day) != now.value(key, day)), None)


def _calendar_moved(before: Calendar, now: Calendar) -> date | None:
    days = {*before.holidays} ^ {*now.holidays}
    if before.first_year != now.first_year:
        days.add(date.min)
    if before.last_year != now.last_year:
        days.add(date(min(before.last_year, now.last_year) + 1, 1, 1))
    return min(days, default=None)


def _take_release(built_in: dict[str, list[Dated]], fact: ReleaseStarted, since: date, position: int) -> None:
    """A later release's value holds from its own day, and only where it differs from the release before."""
    for line in fact.settings:
        lines = built_in.setdefault(line["key"], [])
        if not lines or lines[-1][2] != line["value"]:
            lines.append((since, position, line["value"]))


def _calendar(release: Recorded[ReleaseStarted] | None, added: dict[date, str], version: int) -> Calendar:
    listed = release.fact.bank_holidays if release else []
    days = {date.fromisoformat(line["date"]): line["name"] for line in listed}
    label = f"england-and-wales@release {release.position}" if release else "england-and-wales@no release"
    return Calendar(
        holidays={**days, **added},
        first_year=min(days).year if days else 1,
        last_year=max(days).year if days else 0,
        label=f"{label} + policy {version}" if added else label,
    )


# ------------------------------------------------------------------------------------------ what may be decided


def _rule_on(policy: Policy, draft: Fact, now: Now, stream: str) -> Ruling:
    del policy, stream  # the values in force come from both streams: `now.policy` holds them
    if isinstance(draft, PolicySettingChanged):
        return Ruling(refusals=tuple(_setting_refusals(draft, now.policy)))
    if isinstance(draft, BankHolidaySet):
        return Ruling(refusals=tuple(_holiday_refusals(draft, now.policy)))
    if isinstance(draft, TemplateSet):
        return ruled(draft, now.policy.history)
    return Ruling()


def _setting_refusals(draft: PolicySettingChanged, policy: Policy) -> Iterator[Refusal]:
    setting = SETTINGS.get(draft.key)
    if setting is None:
        yield Refusal("GEN-09", settings.NO_SUCH_SETTING.format(key=draft.key), rule_book=False)
        return
    if not setting.accepts(draft.new):
        yield Refusal("GEN-09", setting.asks, rule_book=False)
    present = policy.setting(draft.key, draft.effective_from)
    if draft.old is not None and not setting.is_now(draft.old, present):
        shown = settings.NOT_SET if present is None else present
        yield Refusal("GEN-09", settings.OTHER_PRESENT_VALUE.format(key=draft.key, present=shown))
    if setting.of_kent and not set(KENT_COMMITTEES) <= set(opened(draft.endorsed_by) or ()):
        yield Refusal("GEN-09", settings.ENDORSEMENT_MISSING)


def _holiday_refusals(draft: BankHolidaySet, policy: Policy) -> Iterator[Refusal]:
    if draft.date in policy.calendar().holidays:
        yield Refusal("GEN-01", general.ALREADY.format(what="bank holiday"), rule_book=False)


POLICY = Aggregate(
    noun="policy",
    collection="policy",
    facts=(PolicySettingChanged, BankHolidaySet, TemplateSet),
    fold=Policy.fold,
    rule_on=_rule_on,
)
LEDGER = Aggregate(
    noun="ledger",
    collection="ledger",
    facts=(ReleaseStarted, Closed, LogKeyAnnounced, LossAccepted, TimestampObtained),
    fold=Policy.fold,
)
