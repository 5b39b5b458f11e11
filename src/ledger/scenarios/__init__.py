"""Scenarios: an example a domain expert can read and a machine can run.  The pure part: reading, naming, matching.

    for scenario in load(path):                      documents of a YAML file
        for failure in play(scenario, ledger): ...   what did not come out as written

A `Ledger` is anything that takes commands and answers questions: the real one, or the one in memory that the tests play
against.  Its ids are UUIDs; the scenario's short names stand for them in both directions.  The format is the contract's
(*Scenarios*) and shared/scenarios/README.md.  Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol, cast

from ledger.aggregates import AGGREGATES, told_by
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Actor, Fact
from ledger.errors import LedgerError, Refused
from ledger.rules.dates import london_day
from ledger.rules.settings import KENT_COMMITTEES, SETTINGS
from ledger.scenarios.matching import match
from ledger.scenarios.names import Names, id_fields
from ledger.scenarios.reading import STEP_WORDS, Scenario, Step, instant, load, load_backgrounds

__all__ = [
    "Ledger",
    "Names",
    "Player",
    "Receipt",
    "Scenario",
    "Step",
    "id_fields",
    "instant",
    "load",
    "load_backgrounds",
    "match",
    "play",
]

Receipt = Mapping[str, Any]


class Ledger(Protocol):
    """What a scenario is played against."""

    def give(
        self,
        at: datetime,
        by: Actor,
        to: str,
        command: str,
        data: dict[str, Any],
        effective: str | None,
        key: str | None,
    ) -> Receipt | Refused:
        """Give a command at a moment: its receipt ({"events": [{"id", …}], "warnings": [{"rule", "message"}]}), or why
        a rule refused it.  Any other LedgerError is raised."""
        ...

    def ask(self, path: str, as_at: date | None, known_at: datetime | None) -> Any:
        """The answer to `offender/<id>/enforcement`, `worklist/breach`, `report/judgements` or
        `placement/<id>/session-sheet` (of day `as_at`, for a supervisor); as JSON, or as the views give it.

        Reports and sheets are asked as known now alone.
        """
        ...


def play(scenario: Scenario, ledger: Ledger) -> list[str]:
    """Run a scenario.  Each failure says where, what was expected, and what came."""
    return list(Player(scenario, ledger).failures())


class Player:
    """One run of one scenario."""

    def __init__(self, scenario: Scenario, ledger: Ledger) -> None:
        self.scenario, self.ledger = scenario, ledger
        self.names = Names()
        self.same: dict[str, Any] = {}
        self.last: datetime | None = None

    def failures(self) -> Iterator[str]:
        """Steps in order, then the questions; a step that fails ends the run."""
        for step in (*self._settings(), *self.scenario.steps):
            failure = self._step(step)
            if failure:
                yield failure
                return
        for question in self.scenario.then:
            yield from self._question(question)

    def _settings(self) -> Iterator[Step]:
        """Settings in force before the scenario begins: set by the chief officer just before its first step."""
        begins = min((instant(step["at"]) for step in self.scenario.steps), default=instant("2025-01-01 00:00"))
        for n, (key, value) in enumerate(self.scenario.settings.items()):
            data = {"key": key, "new": str(value), "effective_from": "1900-01-01", "reason": "set by the scenario"}
            if key in SETTINGS and SETTINGS[key].of_kent:
                data["endorsed_by"] = cast("Any", list(KENT_COMMITTEES))
            at = begins - timedelta(minutes=len(self.scenario.settings) - n)
            yield {"at": at.isoformat(), "by": "chief-officer", "to": "policy/policy", "ChangeSetting": data}

    # -------------------------------------------------------------------- steps

    def _step(self, step: Step) -> str | None:
        command = next(word for word in step if word not in STEP_WORDS)
        at = self.last = instant(step["at"])
        where = f"{step['at']} {command} to {step['to']}"
        noun, _, name = str(step["to"]).partition("/")
        fact_class = told_by(noun, command)
        if fact_class is None:
            return f"{where}: no such command"
        target = self._target(noun, name)
        data = self.names.data(fact_class, step[command])
        try:
            actor = self._actor(step.get("by"), fact_class)
            answer = self.ledger.give(
                at, actor, f"{noun}/{target}", command, data, step.get("effective"), step.get("key")
            )
        except LedgerError as error:
            if "refused" not in step:
                return f"{where}: {error.code}: {error.message}"
            return _failure(f"{where}: refused", match(step["refused"], self._refusal(error), self.same))
        return self._judge(where, step, answer)

    def _actor(self, by: str | dict[str, Any] | None, fact_class: type[Fact]) -> Actor:
        """Who gives a command: a role stands for one person of that role; nobody signs nothing (GEN-08)."""
        if isinstance(by, str):
            return Actor(self.names.id(by), by)
        told = by or {}
        role = told.get("role") or min(roles_for(fact_class))  # whatever role may: that it is unsigned is what counts
        return Actor(self.names.id(str(told["id"])) if told.get("id") else "", role, told.get("unit"))

    def _judge(self, where: str, step: Step, answer: Receipt | Refused) -> str | None:
        expected = step.get("refused")
        if isinstance(answer, Refused):
            came = self._refusal(answer)
            if expected is None:
                return f"{where}: refused by {came['rule']}: {came['message']}"
            return _failure(f"{where}: refused", match(expected, came, self.same))
        if expected is not None:
            return f"{where}: expected to be refused by {expected.get('rule', 'its role or form')}, but it was recorded"
        if "as" in step:
            self.names.label(step["as"], answer["events"][0]["id"])
        if "warns" in step:
            warnings = {"contains": step["warns"]}
            return _failure(f"{where}: warnings", match(warnings, self.names.named(answer["warnings"]), self.same))
        return None

    def _refusal(self, error: LedgerError) -> dict[str, Any]:
        """A refusal as scenarios may expect it; `rule` only where a rule refused (a wrong role or form has none)."""
        first = error.refusals[0] if isinstance(error, Refused) else None
        rule = {"rule": first.rule} if first else {}
        message = self.names.named(first.message if first else error.message)
        return {**rule, "message": message, "status": error.status, "code": error.code}

    # -------------------------------------------------------------------- questions

    def _question(self, question: dict[str, Any]) -> Iterator[str]:
        known_at = instant(question["known_at"]) if "known_at" in question else None
        as_at = date.fromisoformat(question["as_at"]) if "as_at" in question else None
        if as_at is None and self.last is not None:
            as_at = london_day(self.last)
        where = " ".join(f"{word} {question[word]}" for word in ("ask", "as_at", "known_at") if word in question)
        try:
            answer = self.ledger.ask(self._path(question["ask"]), as_at, known_at)
        except LedgerError as error:
            yield f"{where}: {error.code}: {error.message}"
            return
        for failure in match(question["expect"], self.names.named(answer), self.same):
            yield f"{where}: {failure}"

    def _path(self, ask: str) -> str:
        """`offender/ann/enforcement` with ann's id; a list, a report, and what is no name, stay as they are."""
        noun, *rest = ask.split("/")
        if noun in ("worklist", "report") or not rest:
            return ask
        return "/".join([noun, self._target(noun, rest[0]), *rest[1:]])

    def _target(self, noun: str, name: str) -> str:
        """The id of a name; the policy, and what is an id of its noun already (a month), are their own."""
        if noun == "policy":
            return name
        try:
            return AGGREGATES[noun].an_id(name)
        except (KeyError, ValueError):
            return self.names.id(name)


def _failure(where: str, failures: Iterator[str]) -> str | None:
    found = next(failures, None)
    return f"{where}: {found}" if found else None
