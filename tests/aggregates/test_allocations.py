"""The states of allocations and sessions follow a naive model that walks every day, whatever was told in which order.

The model knows days and plain values only; the ledger is told the same through its door, partly as another system's
history, so that allocations which should never have been made are among them, and levels reach it late.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.aggregates.placing import COORDINATOR, Placing

from ledger.errors import Refused

START = date(2025, 3, 3)
LEVELS = ("LOW", "MEDIUM", "HIGH", "VERY_HIGH")
LISTED = {"21", "019/08", "107"}


@dataclass
class Naive:
    """What was told of one person at one school, by day."""

    levels: list = field(default_factory=list)  # (day, level), in the order told
    offences: list = field(default_factory=list)  # (day, code)
    approved: list = field(default_factory=list)  # [given, withdrawn or None]
    allocations: dict = field(default_factory=dict)  # id -> (day, [(day, what)])
    sessions: dict = field(default_factory=dict)  # id -> [planned on, for, outcome or None]

    def bar(self, day):
        if any(when <= day and code in LISTED for when, code in self.offences):
            return "ended"
        level = None
        newest = date.min
        for when, told in self.levels:
            if newest <= when <= day:
                newest, level = when, told
        if level == "VERY_HIGH":
            return "ended"
        stands = any(given <= day and (gone is None or gone > day) for given, gone in self.approved)
        return "suspended" if level == "HIGH" and not stands else None

    def state(self, allocation, day):
        began, changes = self.allocations[allocation]
        state, when = "active", began
        while when <= day:
            for on, what in changes:
                if on == when and state != "ended":
                    state = {"suspend": "suspended", "resume": "active", "end": "ended"}[what]
            if state != "ended":
                state = self.bar(when) or state
            when += timedelta(days=1)
        return state

    def session(self, session, day):
        planned, on, outcome = self.sessions[session]
        if outcome is not None and outcome[0] <= day:
            return outcome[1]
        when = planned
        while when <= min(day, on):
            if self.bar(when):
                return "cancelled"
            when += timedelta(days=1)
        return "planned"


class Both:
    """The ledger and the model, told the same."""

    def __init__(self):
        self.here = Placing().school().somebody(level=None)
        self.model, self.day, self.number = Naive(), START, 0

    def id(self, kind):
        self.number += 1
        return f"{kind}{self.number}"

    def give(self, by, command, to="offender/bob", **data):
        at = self.here.at(self.day.isoformat())
        answer = self.here.give(at, by, command, to=to, imported=True, **data)
        return not isinstance(answer, Refused)

    def level(self, level, back):
        on = self.day - timedelta(days=back)
        data = {"from_level": "LOW", "to_level": level, "reason": "as told", "changed_on": on.isoformat()}
        assert self.give("practitioner", "ChangeRiskLevel", **data)
        self.model.levels.append((on, level))

    def offence(self, code, _):
        assert self.give("practitioner", "RecordOffence", offence_code=code, status="PAST")
        self.model.offences.append((self.day, code))

    def approve(self, _, __):
        data = {"offender_id": "bob", "head_teacher": "H. Headmade", "given_on": self.day.isoformat(), "form": "letter"}
        given = self.id("ap")
        if self.give(COORDINATOR, "RecordHeadApproval", to="placement/school", approval_id=given, **data):
            self.model.approved.append([self.day, None])
            self.last_approval = given

    def withdraw(self, _, __):
        if self.model.approved and self.model.approved[-1][1] is None:
            data = {"approval_id": self.last_approval, "on": self.day.isoformat(), "reason": "as told"}
            if self.give(COORDINATOR, "WithdrawHeadApproval", to="placement/school", **data):
                self.model.approved[-1][1] = self.day

    def allocate(self, _, ahead):
        made = self.id("al")
        first = self.day + timedelta(days=ahead)
        data = self.here.allocation(first.isoformat(), placement="school", allocation=made)
        if self.give(COORDINATOR, "AllocatePlacement", **data):
            self.model.allocations[made] = (self.day, [])

    def change(self, what, _):
        if not self.model.allocations:
            return
        allocation = list(self.model.allocations)[-1]
        command = {"suspend": "SuspendAllocation", "resume": "ResumeAllocation", "end": "EndAllocation"}[what]
        words = {"suspend": "cause", "resume": "ground", "end": "reason"}[what]
        data = {"allocation_id": allocation, "on": self.day.isoformat(), words: "as told"}
        if self.give(COORDINATOR, command, **data):
            self.model.allocations[allocation][1].append((self.day, what))

    def schedule(self, _, ahead):
        planned = self.id("s")
        on = self.day + timedelta(days=ahead)
        if self.give(COORDINATOR, "ScheduleSession", **self.here.plan(planned, on.isoformat(), placement="school")):
            self.model.sessions[planned] = [self.day, on, None]

    def attend(self, _, __):
        due = [each for each, (_, on, came) in self.model.sessions.items() if on <= self.day and came is None]
        if due and self.give("supervisor", "RecordAttendance", session_id=due[0], arrival="09:30", departure="15:30"):
            on = self.model.sessions[due[0]][1]
            self.model.sessions[due[0]][2] = (on, "attended")

    def cancel(self, _, __):
        open_ones = [each for each, (_, _, came) in self.model.sessions.items() if came is None]
        data = {"cause": "as told", "on": self.day.isoformat()}
        if open_ones and self.give(COORDINATOR, "CancelSession", session_id=open_ones[0], **data):
            self.model.sessions[open_ones[0]][2] = (self.day, "cancelled")


STEPS = st.sampled_from(
    [
        *[("level", "HIGH", back) for back in (0, 0, 1, 4)],
        *[("level", level, 0) for level in ("LOW", "MEDIUM", "VERY_HIGH")],
        ("level", "LOW", 3),
        *[("change", what, 0) for what in ("suspend", "resume", "resume", "end")],
        *[(what, "", 0) for what in ("approve", "approve", "withdraw", "withdraw", "attend", "cancel")],
        *[("schedule", "", ahead) for ahead in (1, 5)],
        *[("offence", code, 0) for code in ("26", "019/08")],
        ("allocate", "", 3),
    ]
)
BEGINNING = [(0, ("allocate", "", 2)), (0, ("schedule", "", 9))]
LIVES = st.lists(st.tuples(st.integers(0, 3), STEPS), min_size=10, max_size=20)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(late=st.booleans(), steps=LIVES)
def test_every_day_shows_what_a_walk_over_the_days_shows(late, steps):
    both = Both()
    for gap, (what, which, days) in [*([] if late else BEGINNING), *steps]:
        both.day += timedelta(days=gap)
        getattr(both, what)(which, days)
    day = START - timedelta(days=1)
    while day <= both.day + timedelta(days=3):
        shown = both.here.view(day.isoformat())
        assert {each["allocation_id"]: each["state"] for each in shown["allocations"]} == {
            each: both.model.state(each, day) for each, (made, _) in both.model.allocations.items() if made <= day
        }
        assert {each["session_id"]: each["state"] for each in shown["sessions"]} == {
            each: both.model.session(each, day) for each, (made, *_) in both.model.sessions.items() if made <= day
        }
        day += timedelta(days=1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=LIVES, cut=st.integers(0, 10))
def test_what_was_known_then_is_what_was_shown_then(steps, cut):
    both, then = Both(), None
    for n, (gap, (what, which, days)) in enumerate([*BEGINNING, *steps]):
        both.day += timedelta(days=gap)
        getattr(both, what)(which, days)
        if n == cut:
            as_at = both.day.isoformat()
            known_at = both.here.at(as_at)
            then = as_at, known_at, both.here.view(as_at)
    if then is not None:
        as_at, known_at, shown = then
        assert both.here.view(as_at, known_at=known_at) == shown
