"""The action plan of a review: its actions, what is wrong with them as given, and which are completed (SCR-12).

Proven by tests/aggregates/test_action_plan.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review.facts import ActionPlanIssued, ReviewActionCompleted
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.shape import Recorded, blank, is_random_id, opened
from ledger.errors import Caution, Refusal
from ledger.rules import case_review

MEMBERS: Final = ("text", "owner", "due", "outcome_measure")


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the plan in force, its day, and what completed it."""

    action_id: str
    due: date
    plan: Recorded[ActionPlanIssued]
    completed: Recorded[ReviewActionCompleted] | None

    def state(self, as_at: date) -> str:
        """`open`, `overdue`, `done` or `done-late` at the end of a day."""
        on = self.completed.fact.on if self.completed else None
        late = case_review.action_overdue(self.due, on, as_at)
        return ("done-late" if late else "done") if on else "overdue" if late else "open"


def actions_of(review: Review) -> list[Action]:
    """The actions of the plan issued last, by day; completed are those that any plan's completion names."""
    plan = review.last(ActionPlanIssued)
    if plan is None:
        return []
    done = {each.fact.action_id: each for each in reversed(review.told(ReviewActionCompleted))}
    days = sorted((date.fromisoformat(day), action_id) for action_id, day in plan.fact.due_days.items())
    return [Action(action_id, due, plan, done.get(action_id)) for due, action_id in days]


def named(review: Review, action_id: str) -> bool:
    """Whether any plan of the review has this action."""
    return any(action_id in each.fact.due_days for each in review.told(ActionPlanIssued))


def by_id(actions: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The actions of a plan by their ids; one without an id of its own is known by its number in the plan."""
    return {str(each.get("action_id") or n): each for n, each in enumerate(actions, 1)}


def due_days(draft: ActionPlanIssued) -> dict[str, str]:
    """The day of each action by its id: of a plan that nothing is wrong with."""
    return {action_id: str(each["due"]) for action_id, each in by_id(opened(draft.actions) or ()).items()}


def may_be_completed(action_id: str) -> bool:
    """Whether an action has an id of its own, which its completion can name."""
    return not action_id.isdigit()


def without_id(draft: ActionPlanIssued) -> Iterator[Caution]:
    """What whoever issues the plan is told of each action that no completion can name."""
    for action_id in due_days(draft):
        if not may_be_completed(action_id):
            yield Caution("SCR-12", case_review.NO_ID.format(n=action_id))


def wrong_with(draft: ActionPlanIssued) -> Iterator[Refusal]:
    """Why this is no plan: impossible, whoever tells it."""
    actions: Sequence[Mapping[str, Any]] = opened(draft.actions) or []
    if not actions:
        yield _impossible(case_review.NO_ACTIONS)
    for n, each in enumerate(actions, 1):
        yield from _wrong_with_one(n, each)
    if len(by_id(actions)) < len(actions):
        yield _impossible(case_review.TWICE_IN_THE_PLAN)


def _wrong_with_one(n: int, action: Mapping[str, Any]) -> Iterator[Refusal]:
    lacking = [name for name in MEMBERS if blank(action.get(name))]
    if lacking:
        yield _impossible(case_review.ACTION_LACKS.format(n=n, fields=", ".join(lacking)))
        return
    if action.get("action_id") and not is_random_id(str(action["action_id"])):
        yield _impossible(case_review.NO_SUCH_ID.format(n=n))
    try:
        day = date.fromisoformat(str(action["due"]))
    except ValueError:
        day = None
    if day is None or day.isoformat() != action["due"]:
        yield _impossible(case_review.NO_SUCH_DAY.format(n=n))


def _impossible(message: str) -> Refusal:
    return Refusal("SCR-12", message, rule_book=False)
