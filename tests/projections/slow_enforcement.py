"""Somebody slow: every absence and every breach of one order under the manual, a day at a time, from what was told.

    desk = Desk(facts in the order they happened, holidays)
    desk.on(day)      {absence: "acceptable", "unacceptable" or None while neither}, those that are spent, the tally

It knows no editions, no corrections and no dates but a day and the next; it expects each fact to have been recorded on
its own day.  A finding of unacceptable before the deadline waits for the day after it, unless a later word or timely
evidence comes first (ENF-05); with neither evidence nor a word the deadline itself decides (ENF-06); a proven breach
takes away what was unacceptable when court action began, or when the court spoke if nobody had begun it (ENF-12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)
PROVEN = ("CONTINUED", "AMENDED", "REVOKED_RESENTENCED")


def fifth_working_day(after, holidays):
    """Walk the calendar day by day."""
    at, counted = after, 0
    while counted < 5:
        at += DAY
        counted += at.weekday() < 5 and at not in holidays
    return at


class _Item:
    """One absence on the desk."""

    def __init__(self) -> None:
        self.status: str | None = None
        self.until: date | None = None  # of its letter
        self.pending = False  # a finding of unacceptable that waits
        self.evidence = self.word = False  # timely evidence, or anybody's finding, has come

    def midnight(self, day: date) -> None:
        """The deadline has passed with the day before."""
        if self.until is not None and day == self.until + DAY:
            if self.pending or not (self.evidence or self.word):
                self.status = "unacceptable"
            self.pending = False

    def judged(self, result: str, day: date) -> None:
        waits = result == "UNACCEPTABLE" and (self.until is None or day <= self.until)
        self.pending, self.word = waits, True
        self.status = self.status if waits else result.lower()

    def told(self, fact: Any, day: date, holidays: frozenset[date]) -> None:
        match type(fact).__name__:
            case "EnforcementLetterIssued":
                self.until = fifth_working_day(fact.issued_on, holidays)
            case "EvidenceReceived" if self.until is None or day <= self.until:
                self.evidence, self.pending = True, False
            case "AbsenceJudged":
                self.judged(fact.result, day)
            case "AbsenceRejudged":
                self.status, self.pending, self.word = fact.to_result.lower(), False, True
            case _:
                pass


class Desk:
    """The desk of whoever keeps it."""

    def __init__(self, facts: Sequence[tuple[date, Any]], holidays: frozenset[date]) -> None:
        self.facts, self.holidays = facts, holidays

    def on(self, as_at: date) -> tuple[Mapping[str, str | None], frozenset[str], int]:
        """At the end of a day."""
        items: dict[str, _Item] = {}
        spent: set[str] = set()
        before_court: set[str] | None = None
        by_day: dict[date, list[Any]] = {}
        for day, fact in self.facts:
            by_day.setdefault(day, []).append(fact)
        day = min(by_day, default=as_at)
        while day <= as_at:
            for each in items.values():
                each.midnight(day)
            for fact in by_day.get(day, ()):
                name, absence = type(fact).__name__, getattr(fact, "absence_id", None)
                live = {key for key, each in items.items() if each.status == "unacceptable"} - spent
                if name == "AbsenceRecorded":
                    items[absence] = _Item()
                elif absence in items:
                    items[absence].told(fact, day, self.holidays)
                elif name == "BreachActionStarted":
                    before_court = live
                elif name == "BreachActionNotTaken":
                    before_court = None
                elif name == "BreachOutcomeRecorded":
                    relied_on, before_court = live if before_court is None else before_court, None
                    spent |= relied_on if fact.proven and fact.result in PROVEN else set()
            day += DAY
        statuses = {key: each.status for key, each in items.items()}
        tally = sum(each == "unacceptable" and key not in spent for key, each in statuses.items())
        return statuses, frozenset(spent), tally
