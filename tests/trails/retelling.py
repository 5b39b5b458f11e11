"""Asking in tests about decisions of a ledger in memory: its records, and what was known to each."""

from __future__ import annotations

from tests.aggregates.telling import Telling

from ledger.aggregates.policy import Policy
from ledger.trails.again import Asked, decided, knowing
from ledger.trails.later import changes_of


def the(case: Telling, kind: str, n: int = -1):
    """The nth record of a type, the last if not told."""
    return [each for each in case.ledger.records if type(each.fact).__name__ == kind][n]


def policy_before(case: Telling, record) -> Policy:
    """The policy that a decision of a ledger with one process was decided under."""
    return Policy.fold(
        [each for each in case.ledger.records[: record.position - 1] if each.stream in ("policy", "ledger")]
    )


def again(case: Telling, record, asked: Asked | None = None, chains=None):
    return decided(record, knowing(record, chains or case.ledger.history, policy_before(case, record), asked))


def changes(case: Telling, record):
    """[(type of the later record, [(kind, rule, field or positions)])]"""
    found = changes_of(record, case.ledger.history, policy_before(case, record))
    return [(type(each.record.fact).__name__, [_short(effect) for effect in each.effects]) for each in found]


def _short(effect):
    rule = effect.word.rule if effect.word else ""
    return effect.kind, rule or effect.field or effect.positions
