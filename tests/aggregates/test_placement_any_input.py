"""Any input at a placement and a nomination, half right and half absurd: folded, decided, shown and listed."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from tests.aggregates.memory_ledger import MemoryLedger
from tests.api.test_any_input import Author

from ledger.aggregates import AGGREGATES, COMMANDS
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Actor
from ledger.api import openapi
from ledger.errors import Malformed, Refused
from ledger.projections import WORKLISTS

NOUNS = ("placement", "placement", "nomination", "offender")
GIVEN = [(noun, name, fact) for noun in NOUNS for name, fact in COMMANDS[noun].items()]
ROUNDS = 200
DAYS = [date(1800, 1, 1), date(2200, 12, 31), *(date.today() - timedelta(days=n) for n in (0, 30, 60))]


class Anything:
    """A ledger that is told anything at all about one placement, one nomination and one person."""

    def __init__(self, seed):
        self.author, self.ledger, self.came = Author(seed), MemoryLedger(), Counter()
        self.targets = {noun: str(uuid4()) for noun in NOUNS}
        at = datetime(2025, 1, 1, tzinfo=UTC)
        for noun, target in self.targets.items():
            self.author.ids[f"{noun}_id"].append(target)
            first = AGGREGATES[noun].first
            body = {name: value for name, value in openapi.example(first).items() if name not in first.supplied}
            self.ledger.give(at, self.somebody(first), f"{noun}/{target}", first.command, body, imported=True)

    def somebody(self, fact):
        return Actor(str(uuid4()), self.author.random.choice(sorted(roles_for(fact))))

    def tell(self, at):
        noun, name, fact = self.author.random.choice(GIVEN)
        body, imported = self.author.body(fact), self.author.random.random() < 0.5
        to = f"{noun}/{self.targets[noun]}"
        try:
            answer = self.ledger.give(at, self.somebody(fact), to, name, body, imported=imported)
        except Malformed:
            self.came["malformed"] += 1
            return
        if isinstance(answer, Refused):
            self.came["refused"] += 1
            return
        self.came["recorded"] += 1
        self.author.learn(fact, body, answer["events"][0]["id"])


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_told_is_recorded_or_refused_and_can_be_shown(seed):
    told, at = Anything(seed), datetime.now(UTC) - timedelta(days=3)
    for number in range(ROUNDS):
        told.tell(at + timedelta(minutes=number))
    assert all(told.came[each] > ROUNDS // 10 for each in ("recorded", "refused", "malformed")), told.came
    ledger, known = told.ledger, len(told.ledger.records)
    history = ledger.history(f"placement-{told.targets['placement']}", opens=AGGREGATES["placement"].opens)
    taken = Placement.fold(())
    for each in history:
        taken = taken.take(each)
    assert taken == Placement.fold(history)
    for noun, listed in (("placement", "placement-reviews"), ("nomination", "nominations")):
        for day in DAYS:
            assert ledger.ask(f"{noun}/{told.targets[noun]}/{noun}", day, None, explain=True)
        worklist = WORKLISTS[listed]
        chain = ledger.history(f"{noun}-{told.targets[noun]}", opens=AGGREGATES[noun].opens)
        for moment in {*worklist.moments(chain, ledger.policy(), known)}:
            worklist.rows(chain, ledger.policy(), moment, known)
