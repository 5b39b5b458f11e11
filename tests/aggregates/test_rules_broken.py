"""Which rules a fact breaks is what its whole ruling says, and an account entered credit by credit is that of all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

from tests.demonstration.folding import fold

from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender.account import account_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions import rule_on, rules_broken, ruling
from ledger.aggregates.shape import Now
from ledger.demonstration.caseload import caseload


def offenders():
    folded = fold(caseload(date(2026, 11, 2), cases=25))
    return folded, {name: each for name, each in folded.histories.items() if name.startswith("offender-")}


def test_the_rules_broken_are_those_of_the_whole_ruling(monkeypatch):
    monkeypatch.setattr(ruling, "_ACROSS", {})  # but for those that rest on other cases
    (folded, histories), pick, broken = offenders(), random.Random(3), 0
    for stream, history in histories.items():
        for whole in (list(history), shuffled(history, pick)):  # told out of turn, much is impossible, or broken
            case = Case()
            for each in whole:
                if not isinstance(each.fact, CORRECTING):
                    for role in (each.by.role, "pso"):
                        now = Now(each.recorded, replace(each.by, role=role), folded.policy, imported=True)
                        whole_ruling = rule_on(case, each.fact, now, stream)
                        said = tuple(dict.fromkeys(it.rule for it in whole_ruling.refusals if it.rule_book))
                        assert rules_broken(case, each.fact, now) == said, each.fact.topic
                        broken += len(said)
                case = case.take(each)
    assert broken > 50


def shuffled(history, pick):
    """The same facts told in another order: each some places later, by chance."""
    records = sorted(history, key=lambda each: each.position + pick.randrange(12))
    return [replace(each, position=place) for place, each in enumerate(records, start=1)]


def test_an_account_entered_credit_by_credit_is_that_of_all_at_once():
    (folded, histories), pick, asked = offenders(), random.Random(4), 0
    for history in histories.values():
        case, told = Case(), []
        for each in shuffled(history, pick):
            case, told = case.take(each), [*told, each]
            for order in case.orders.values() if pick.random() < 0.1 else ():
                day = order.sentence_date + timedelta(days=pick.randrange(400))
                anew = Case.fold(told)
                for on in (day, date.max):
                    again = account_of(anew, anew.orders[order.id], folded.policy, on)
                    assert account_of(case, order, folded.policy, on) == again
                    asked += 1
    assert asked > 100
