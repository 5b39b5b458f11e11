"""Limits and merges as they are kept in memory: after every fact the same as read anew, and nobody's twice."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from tests.doors import Case, Door

from ledger.aggregates.offender.merging import Persons
from ledger.store.limits import Limits

MERGING = "information-officer"


def standing(door: Door, limits: Limits) -> dict[str, list[int]]:
    return {name: [each.position for each in rules] for name, rules in door.run(limits.standing()).items()}


def persons(door: Door, limits: Limits, cases: Sequence[Case], upto: int) -> list[frozenset[str]]:
    found: Persons = door.run(limits.persons(upto))
    return [found.records(stream(each)) for each in cases]


def stream(case: Case) -> str:
    return f"offender-{case.id}"


def test_after_every_limit_merge_and_separation_what_is_kept_is_what_the_log_says(door: Door) -> None:
    draw, cases = random.Random(20261123), [door.new_case() for _ in range(6)]
    kept, linked, before = Limits(door.ledger.store.database), list[tuple[Case, Case]](), list[tuple[int, Any]]()
    rules: list[tuple[Case, str]] = []
    for step in range(40):
        one, other = draw.sample(cases, 2)
        free = all(each is not one for each, _ in linked) and other not in together(one, linked)
        match draw.choice(("merge", "merge", "separate", "limit", "end")):
            case "merge" if free:
                door.give(one.to, "MergePersons", {"into": other.id, "reason": "one"}, MERGING, key=uuid4())
                linked.append((one, other))
            case "separate" if linked:
                one, other = linked.pop(draw.randrange(len(linked)))
                door.give(one.to, "SeparatePersons", {"from_person": other.id, "reason": "two"}, MERGING, key=uuid4())
            case "limit":
                data = {"user_id": str(uuid4()), "reason": "a cousin", "message": "Ask the manager."}
                body = door.give(one.to, "ExcludeAccess", data, "risk-manager", key=uuid4()).body
                rules.append((one, str(body["events"][0]["id"])))
            case "end" if rules:
                one, rule = rules.pop(draw.randrange(len(rules)))
                door.give(one.to, "EndAccessRule", {"rule_ref": rule, "reason": "over"}, "risk-manager", key=uuid4())
            case _:
                continue
        if step % 3:  # now and then several come at once
            anew = Limits(door.ledger.store.database)
            assert standing(door, kept) == standing(door, anew)
            groups = persons(door, kept, cases, door.size)
            assert groups == [frozenset(map(stream, together(each, linked))) for each in cases]
            before.append((door.size, groups))
    assert len(before) > 10
    for upto, groups in before:  # and as known then
        assert persons(door, kept, cases, upto) == groups


def together(case: Case, linked: Sequence[tuple[Case, Case]]) -> list[Case]:
    """Every record of the same person."""
    found = [case]
    for each in found:
        found += [other for pair in linked if each in pair for other in pair if other not in found]
    return found


def test_a_merge_has_only_the_rules_of_the_two_persons_made_again(door: Door) -> None:
    asked = list[set[str]]()

    class Counted(Limits):
        def _stand_anew(self, names: Iterable[str]) -> None:
            asked.append({*names})
            super()._stand_anew(names)

    limits = Counted(door.ledger.store.database)
    for one, other in ((door.new_case(), door.new_case()) for _ in range(10)):
        door.give(one.to, "MergePersons", {"into": other.id, "reason": "one"}, MERGING, key=uuid4())
    door.run(limits.standing())
    asked.clear()
    one, other = door.new_case(), door.new_case()
    door.give(one.to, "MergePersons", {"into": other.id, "reason": "one"}, MERGING, key=uuid4())
    door.run(limits.standing())
    assert asked == [{stream(one), stream(other)}]
