"""Any input at all: commands of the whole catalogue, half right and half absurd, never an error of ours.

After each one that is recorded every view still answers, and at the end the whole ledger verifies.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any
from uuid import uuid4

from tests.doors import Door, compact, days_ago, path_of

from ledger.aggregates import AGGREGATES, COMMANDS
from ledger.aggregates.roles import ROLES, SENIOR_OR_ABOVE, roles_for
from ledger.api import openapi
from ledger.projections import VIEWS, WORKLISTS

ROUNDS = 300
GIVEN = [(noun, name, fact) for noun, of in COMMANDS.items() if noun != "ledger" for name, fact in of.items()]
ABSURD: list[Any] = [
    *("", " ", "\u202eabc", "\U0001f600" * 50, "x" * 32768, "x" * 32769, "a\x00", "\ud7ff", "\ufffe", "a\nb", "\t"),
    *(0, -1, 2**53 - 1, 2**53, -(2**53), 10**30, 1.5, 1e300, True, False, None),
    *([], {}, [None], [[]], ["x"] * 500, ["x"] * 501, {"a": 1}, {"é": 1}, {"a": {"b": [1, 2, {"c": None}]}}),
    *("1800-01-01", "2200-12-31", "1799-12-31", "9999-12-31", "0001-01-01", "2024-02-29", "2025-02-29"),
    *("2025-04-07T16:30:00Z", "1800-01-01T00:00:00+14:00", "2200-12-31T23:59:59-12:00", "2025-10-26T01:30"),
    *("2026-03-29T01:30", "00:00", "24:00", "9:5", "12:34:56", "UPW", "FTA", "SSO", "VERY_HIGH", "ACCEPTABLE"),
    *(60, 6000, 100_000, *(days_ago(days) for days in (0, 1, -1, 30, 200, -400))),
]
SENSIBLE_DAYS = (0, 1, 2, 5, 10, 20, 30, 40, 50, 59, 60, -1, -30)


class Author:
    """Writes bodies that are mostly right: ids of what was recorded, values of the lists, days of the case."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.events: list[tuple[str, list[str]]] = []

    def body(self, fact: Any) -> dict[str, Any]:
        schema = openapi.schema_of(fact)["properties"]
        body = openapi.example(fact)
        for name, described in schema.items():
            if name not in body and self.random.random() < 0.3:
                body[name] = openapi.example_of(described)
            if name in body:
                body[name] = self.value(name, described, body[name])
        if "event_ref" in body and self.events:
            body["event_ref"], fields = self.random.choice(self.events)
            if "field" in body:
                body["field"] = self.random.choice(fields)
                body["corrected_value"] = self.random.choice([*ABSURD, str(uuid4())])
        if "user_ids" in body:  # whoever else may read the case, those who ask here may
            body["user_ids"] = [*self.ids["staff"], str(uuid4())]
        if body and self.random.random() < 0.35:
            body[self.random.choice(list(body))] = self.random.choice(ABSURD)
        return body

    def value(self, name: str, described: dict[str, Any], value: Any) -> Any:
        forms = [described, *described.get("anyOf", ())]
        listed = [each for form in forms for each in form.get("enum", ())]
        if listed:
            return self.random.choice(listed)
        if name.endswith("_id"):
            return self.random.choice([*self.ids[name], str(uuid4())])
        if any(form.get("format") == "date" for form in forms):
            return days_ago(self.random.choice(SENSIBLE_DAYS))
        if any(form.get("format") == "date-time" for form in forms):
            return f"{days_ago(self.random.choice((0, 1, 5, 10)))}T09:30:00Z"
        if any(form.get("type") == "integer" for form in forms):
            return self.random.choice((1, 2, 3, 30, 60, 240, 480, 6000))
        return value

    def learn(self, fact: Any, body: dict[str, Any], event: str) -> None:
        self.events.append((event, list(fact.model_fields)))
        for name, value in body.items():
            if name.endswith("_id") and isinstance(value, str):
                self.ids[name].append(value)


def begun(door: Door, author: Author) -> dict[str, str]:
    """A target for every noun, each with its first fact."""
    case = door.new_case()
    author.ids["order_id"].append(case.order)
    author.ids["staff"] = [door.actor(role).id for role in sorted(ROLES)]
    targets = {noun: str(uuid4()) for noun in COMMANDS} | {"offender": case.id, "policy": "policy"}
    for noun, target in targets.items():
        first = AGGREGATES[noun].first
        author.ids[f"{noun.replace('-', '_')}_id"].append(target)
        if first is not None and noun != "offender":
            body = {name: value for name, value in openapi.example(first).items() if name not in first.supplied}
            door.post_raw(path_of(noun, target, first.command), compact(body), sorted(roles_for(first))[0])
    return targets


def test_no_input_whatever_is_an_error_of_ours(door: Door):
    author = Author(20261122)
    targets = begun(door, author)
    came: Counter[int] = Counter()
    for number in range(ROUNDS):
        noun, name, fact = author.random.choice(GIVEN)
        body = author.body(fact)
        roles = sorted(roles_for(fact) & SENIOR_OR_ABOVE or roles_for(fact))
        size = door.size
        answer = door.post_raw(path_of(noun, targets[noun], name), compact(body), author.random.choice(roles))
        came[answer.status_code] += 1
        assert answer.status_code in (201, 409, 422), (number, name, body, answer.text)
        if answer.status_code != 201:
            assert door.size == size
            continue
        author.learn(fact, body, answer.json()["events"][0]["id"])
        for view in VIEWS:
            for query in ({}, {"as_at": days_ago(-3000), "explain": "true"}):
                path = f"/{AGGREGATES[view.noun].collection}/{targets[view.noun]}/{view.name}"
                shown = door.get(path, **query)
                assert shown.status_code in (200, 404), (number, name, body, view.name, shown.text)
    for worklist in WORKLISTS:
        assert door.get(f"/worklists/{worklist}").status_code == 200
    assert all(came[status] > ROUNDS // 10 for status in (201, 409, 422)), came
