"""Worklist `child-protection`: what is owed in a case that has to do with the protection of a child, line by line.

    rows(history, policy, as_at, known)         of one person's chain
    moments(history, policy, known)             the days on which they may change

A row says what (`kind`), by which rule, since when, by when if the sources give a day (`due`), where it stands, and
what it is about, with the fields of view `child-protection`.  What the sources set no day for is told by its age alone.
A matter is read as this person's chain holds it: what was recorded before it concerned the person stands with the
others it names.  Proven by tests/projections/test_child_protection_worklist.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.clocks import (
    Alert,
    Clock,
    Conference,
    alerts,
    check_of,
    conferences,
    core_assessment_clock,
    core_group_clock,
    reply_clock,
    review_clock,
)
from ledger.aggregates.child_protection_matter.matter import Matter, r7s_of
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.merging import MERGING
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.facts import FACTS as REGISTER_FACTS
from ledger.aggregates.register_entry.registrations import Registration, registrations_of
from ledger.aggregates.shape import Recorded
from ledger.projections.child_protection_case import concerns_a_child, line, owed, turns
from ledger.projections.why import Row
from ledger.rules.child_protection import absent_from
from ledger.rules.dates import ONE_DAY, day_of

History = Sequence[Recorded[Any]]
MATTER: Final = "child-protection-matter-"
HEARS: Final = frozenset(each.topic for each in (*facts.FACTS, *REGISTER_FACTS, *MERGING))
_RUNNING: Final = ("due", "overdue", "calendar-missing")


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """What is owed at the end of the day: matter by matter, then of the case."""
    if not concerns_a_child(history):
        return []
    registered = [each for each in registrations_of(history).values() if each.made and _by(each.made, as_at)]
    found, matters = list[Row](), _matters(history, as_at)
    for stream, matter in matters.items():
        lines = _Owed(matter, history, registered, policy, as_at, known).rows()
        found += [{"matter_id": stream.removeprefix(MATTER), **each} for each in lines]
    of_the_case = owed(history, registered, matters.values(), policy, as_at, known)
    return [*found, *({"matter_id": None, **each} for each in of_the_case)]


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How many days it is owed, and how many it is late."""
    del policy
    late = (as_at - date.fromisoformat(row["due"])).days if row["due"] else 0
    return {**row, "days": (as_at - date.fromisoformat(row["since"])).days, "days_late": max(0, late)}


def flags(history: History, as_at: date) -> list[tuple[str, Alert]]:
    """What was recorded in the matters of a chain and breaks a rule (worklist `exceptions`), each with the id of its
    matter, oldest first."""
    matters = _matters(history, as_at).items()
    found = [(stream.removeprefix(MATTER), each) for stream, matter in matters for each in alerts(matter, as_at)]
    return sorted(found, key=lambda each: (each[1].since, each[1].facts))


def flag_moments(history: History) -> Iterator[date]:
    """The days on which flags may come or go."""
    matters = [each for each in history if each.stream.startswith(MATTER)]
    for records in (matters, as_corrected(matters)):
        for each in records:
            yield day_of(each.effective)
            yield from _turns_of(each)


def _matters(history: History, as_at: date) -> dict[str, Matter]:
    """The matters of a chain that name anybody, as at a day."""
    own: dict[str, list[Recorded[Any]]] = {}
    for each in history:
        if each.stream.startswith(MATTER):
            own.setdefault(each.stream, []).append(each)
    found = {stream: Matter.as_at(records, as_at) for stream, records in own.items()}
    return {stream: matter for stream, matter in found.items() if matter.persons}


def _by(record: Recorded[Any], as_at: date) -> bool:
    return day_of(record.effective) <= as_at


# ------------------------------------------------------------------------------------------ of a matter


class _Owed:
    """What is owed in one matter at the end of a day."""

    def __init__(
        self,
        matter: Matter,
        history: History,
        registered: Sequence[Registration],
        policy: Policy,
        as_at: date,
        known: int,
    ) -> None:
        self.matter, self.history, self.policy, self.as_at, self.known = matter, history, policy, as_at, known
        closed = [(day_of(each.closed.effective), each.closed.position) for each in registered if each.closed]
        closed = [each for each in closed if each[0] <= as_at]
        self.deregistered = max(closed) if registered and len(closed) == len(registered) else None

    def rows(self) -> Iterator[Row]:
        """Line by line."""
        for each in alerts(self.matter, self.as_at):
            yield line("flag", each.rule, each.since, flag=each.flag)
        yield from self._concerns()
        yield from (row for clock, row in self.clocks() if clock.state in _RUNNING and clock.done_on is None)
        yield from self._checks()
        yield from self._conferences()
        yield from self._actions()
        yield from self._papers()

    def clocks(self) -> Iterator[tuple[Clock, Row]]:
        """Every clock, run out or not, with the row of one that runs."""
        for each in self.matter.told(facts.ReferralMade):
            clock = reply_clock(self.matter, each, self.policy, self.as_at, self.known)
            ids: Row = {"referral_id": each.fact.referral_id}
            yield clock, _clock("reply", "CP-12", clock, "reply_due", since=day_of(each.effective), **ids)
        every = conferences(self.matter)
        for each in every:
            ids = {"conference_id": each.invited.fact.conference_id, "for_date": each.invited.fact.for_date}
            group = core_group_clock(self.matter, each, self.policy, self.as_at, self.known)
            if group is not None:
                yield group, _clock("core-group", "CP-26", group, "core_group_due", **ids)
            review = review_clock(each, every, self.deregistered, self.policy, self.as_at, self.known)
            yield review, _clock("review-conference", "CP-28", review, "next_review_due", **ids)
        assessment = core_assessment_clock(self.matter, self.policy, self.as_at, self.known)
        if assessment is not None:
            yield assessment, _clock("core-assessment", "CP-27", assessment, "core_assessment_due")

    def _concerns(self) -> Iterator[Row]:
        """Nobody was notified of a concern, and it was neither escalated nor referred (CP-01)."""
        referred = {each for told in self.matter.told(facts.ReferralMade) for each in told.fact.concern_ids}
        for each in self.matter.told(facts.ChildProtectionConcernRecorded):
            ids: Row = {"concern_id": each.fact.concern_id}
            told = self.matter.told(facts.ConcernNotified, **ids) or self.matter.told(facts.ConcernEscalated, **ids)
            if not told and each.fact.concern_id not in referred:
                yield line("concern", "CP-01", each.fact.noted_on, **ids)

    def _checks(self) -> Iterator[Row]:
        """Children's services were asked and did not answer (CP-06); said yes, and no R7 followed (CP-08)."""
        sent = [(day_of(each.effective), each.position) for each in r7s_of(self.history) if _by(each, self.as_at)]
        for each in self.matter.told(facts.ChildrenServicesCheckRequested):
            ids: Row = {"check_id": each.fact.check_id}
            check = check_of(self.matter, each.fact.check_id, sent)
            if check.answer is None:
                yield line("check", "CP-06", each.fact.on, **ids)
            elif check.wants_r7 and check.closed is None:
                yield line("r7", "CP-08", check.answer.fact.on, **ids)

    def _conferences(self) -> Iterator[Row]:
        for each in conferences(self.matter):
            invited = each.invited.fact
            ids: Row = {"conference_id": invited.conference_id, "for_date": invited.for_date}
            open_ = not each.took_place and self.as_at < absent_from(invited.for_date)
            if each.answered is None and open_:
                yield line("invitation", "CP-20", day_of(each.invited.effective), due=invited.for_date, **ids)
            if each.took_place and not self._minutes_of(each):
                yield line("minutes", "CP-23", each.on, **ids)

    def _minutes_of(self, conference: Conference) -> bool:
        of = {"conference_id": conference.invited.fact.conference_id}
        return bool(self.matter.told(facts.ConferenceMinutesChecked, **of))

    def _actions(self) -> Iterator[Row]:
        for each in self.matter.told(facts.ConferenceActionSet):
            of: Row = {"action_id": each.fact.action_id}
            due = each.fact.due
            ended = (
                self.matter.told(facts.ConferenceActionDone, **of),
                self.matter.told(facts.ConferenceActionNotDone, **of),
            )
            if not any(ended):
                state = "overdue" if due is not None and self.as_at > due else "open"
                yield line("action", "CP-24", day_of(each.effective), state, due, **of)

    def _papers(self) -> Iterator[Row]:
        """New information that the risk manager did not countersign (CP-09); a telephone call without a word in
        writing (CP-15)."""
        signed = [each.fact.on for each in self.matter.told(facts.RiskManagerCountersigned)]
        for each in self.matter.told(facts.NewInformationRecorded):
            if not any(on >= each.fact.on for on in signed):
                yield line("countersignature", "CP-09", each.fact.on)
        for each in self.matter.told(facts.ChildrenServicesContacted):
            by_word = each.fact.channel.upper() in ("PHONE", "TELEPHONE", "VERBAL")
            if by_word and (each.fact.written_on is None or each.fact.written_on > self.as_at):
                yield line("written-follow-up", "CP-15", each.fact.on)


def _clock(kind: str, rule: str, clock: Clock, name: str, since: date | None = None, **ids: Any) -> Row:
    """A clock with its day, and where it stands, under the view's names."""
    state = "awaiting-reply" if (kind, clock.state) == ("reply", "due") else clock.state
    return line(kind, rule, since or clock.began, state, clock.due, **{name: clock.due}, **ids)


# ------------------------------------------------------------------------------------------ when it changes


def moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of all facts; and those that clocks, conferences and contact turn on, as they stood on any of them."""
    if not concerns_a_child(history):
        return
    days = sorted({day_of(each.effective) for records in (history, as_corrected(history)) for each in records})
    yield from days
    yield from turns(history, policy, known)
    registered = [each for each in registrations_of(history).values() if each.made]
    for each in as_corrected(history):
        yield from _turns_of(each)
    for day in days:
        for matter in _matters(history, day).values():
            clocks = _Owed(matter, history, [each for each in registered if each.made and _by(each.made, day)],
                         policy, day, known)  # fmt: skip
            for clock, _ in clocks.clocks():  # also of one that does not run yet, as a conference is still to come
                yield from (clock.due + ONE_DAY,) if clock.due else ()
            yield from (each.on for each in conferences(matter))


def _turns_of(record: Recorded[Any]) -> Iterator[date]:
    """The days after the ones that a fact names."""
    match record.fact:
        case facts.ChildProtectionConcernRecorded() as fact:
            yield fact.noted_on + ONE_DAY
        case facts.ConferenceInvited() as fact:
            yield from (fact.for_date, fact.for_date + ONE_DAY)
        case facts.ConferenceActionSet() as fact if fact.due is not None:
            yield fact.due + ONE_DAY
        case facts.ConcernNotified(written_follow_up_on=date() as day):
            yield day
        case facts.ChildrenServicesContacted(written_on=date() as day):
            yield day
        case _:
            return
