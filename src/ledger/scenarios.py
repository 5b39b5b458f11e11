"""Scenarios: an example a domain expert can read and a machine can run.  The pure part: reading, naming, matching.

    for scenario in load(path):                      documents of a YAML file
        for failure in play(scenario, ledger): ...   what did not come out as written

A `Ledger` is anything that takes commands and answers questions: the real one, or the one in memory that the tests play
against.  Its ids are UUIDs; the scenario's short names stand for them in both directions.  The format is the contract's
(*Scenarios*) and shared/scenarios/README.md.  Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, cast, get_args
from uuid import uuid4

import yaml

from ledger.aggregates import COMMANDS
from ledger.aggregates.shape import Actor, Fact, Id, a_random_id, in_london
from ledger.errors import LedgerError, Refused
from ledger.rules.dates import london_day
from ledger.rules.settings import KENT_COMMITTEES, SETTINGS

# ------------------------------------------------------------------------------------------ reading


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: `true` and `false` alone are booleans; dates and times stay text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
):
    cast("Any", _Loader).add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


Step = dict[str, Any]
_STEP_WORDS: Final = frozenset({"at", "by", "to", "as", "effective", "refused", "warns", "key"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One document: what is given (backgrounds first), what is done, what then holds."""

    name: str
    rules: tuple[str, ...]
    settings: Mapping[str, Any]
    steps: tuple[Step, ...]
    then: tuple[dict[str, Any], ...]


def load(path: Path, backgrounds: Mapping[str, Sequence[Step]] | None = None) -> list[Scenario]:
    """The scenarios of a file; named backgrounds come from `backgrounds.yaml` beside it."""
    beside = path.parent / "backgrounds.yaml"
    known = backgrounds if backgrounds is not None else load_backgrounds(beside) if beside.exists() else {}
    documents = yaml.load_all(path.read_text(encoding="utf-8"), _Loader)
    return [_scenario(each, known) for each in documents if each]


def load_backgrounds(path: Path) -> dict[str, list[Step]]:
    """The named lists of steps of a backgrounds file."""
    return cast("dict[str, list[Step]]", yaml.load(path.read_text(encoding="utf-8"), _Loader))  # noqa: S506


def _scenario(document: dict[str, Any], backgrounds: Mapping[str, Sequence[Step]]) -> Scenario:
    given: list[Step] = [step for name in document.get("background", ()) for step in backgrounds[name]]
    given += document.get("given", ())
    given.sort(key=lambda step: instant(step["at"]))  # stable: backgrounds before `given` at one moment
    return Scenario(
        name=document["scenario"],
        rules=tuple(document.get("rules", ())),
        settings=document.get("settings", {}),
        steps=(*given, *document.get("when", ())),
        then=tuple(document.get("then", ())),
    )


def instant(text: str) -> datetime:
    """A time as scenarios write it: London's where it names no offset."""
    return in_london(datetime.fromisoformat(text))


# ------------------------------------------------------------------------------------------ names and ids


@dataclass(slots=True)
class Names:
    """Short names and the random ids they stand for, both ways; labels of facts (`as:`) are names too."""

    ids: dict[str, str] = field(default_factory=dict[str, str])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def id(self, name: str) -> str:
        """The id of a name, drawn when it is first met; an id stands for itself."""
        if _is_id(name):
            return name
        if name not in self.ids:
            self.label(name, str(uuid4()))
        return self.ids[name]

    def label(self, name: str, id: str) -> None:  # noqa: A002
        """From now on `name` stands for `id`."""
        self.ids[name] = id
        self.names[id] = name

    def named(self, value: Any) -> Any:
        """An answer with every id that has a name printed as it."""
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, Mapping):
            return {key: self.named(each) for key, each in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, list | tuple):
            return [self.named(each) for each in cast("Sequence[Any]", value)]
        return value

    def data(self, fact_class: type[Fact], data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a command with ids for names, by the types of the fact's fields."""
        ids = id_fields(fact_class)
        return {name: self._of_field(value) if name in ids else value for name, value in data.items()}

    def _of_field(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.id(str(each)) for each in cast("list[Any]", value)]
        return None if value is None else self.id(str(value))


def _is_id(text: str) -> bool:
    try:
        a_random_id(text)
    except ValueError:
        return False
    return True


@cache
def id_fields(fact_class: type[Fact]) -> frozenset[str]:
    """The fields of a fact that hold ids, or lists of them."""
    return frozenset(
        name for name, info in fact_class.model_fields.items() if _holds_id(info.annotation, info.metadata)
    )


_ID_MARK: Final = get_args(Id)[1]


def _holds_id(annotation: Any, metadata: Sequence[Any] = ()) -> bool:
    if _ID_MARK in metadata or _ID_MARK in getattr(annotation, "__metadata__", ()):
        return True
    return any(_holds_id(each) for each in get_args(annotation))


# ------------------------------------------------------------------------------------------ playing

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
        """The answer to `offender/<id>/enforcement` or `worklist/breach`; as JSON, or as the views give it."""
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
        command = next(word for word in step if word not in _STEP_WORDS)
        at = self.last = instant(step["at"])
        where = f"{step['at']} {command} to {step['to']}"
        noun, _, name = str(step["to"]).partition("/")
        fact_class = COMMANDS.get(noun, {}).get(command)
        if fact_class is None:
            return f"{where}: no such command"
        target = name if noun == "policy" else self.names.id(name)
        data = self.names.data(fact_class, step[command])
        try:
            answer = self.ledger.give(
                at, self._actor(step["by"]), f"{noun}/{target}", command, data, step.get("effective"), step.get("key")
            )
        except LedgerError as error:
            return f"{where}: {error.code}: {error.message}"
        return self._judge(where, step, answer)

    def _actor(self, by: str | dict[str, Any]) -> Actor:
        if isinstance(by, str):
            return Actor(self.names.id(by), by)
        return Actor(self.names.id(str(by["id"])), by["role"], by.get("unit"))

    def _judge(self, where: str, step: Step, answer: Receipt | Refused) -> str | None:
        expected = step.get("refused")
        if isinstance(answer, Refused):
            first = answer.refusals[0]
            came = {"rule": first.rule, "message": first.message}
            if expected is None:
                return f"{where}: refused by {first.rule}: {first.message}"
            return _failure(f"{where}: refused", match(expected, came, self.same))
        if expected is not None:
            return f"{where}: expected to be refused by {expected['rule']}, but it was recorded"
        if "as" in step:
            self.names.label(step["as"], answer["events"][0]["id"])
        if "warns" in step:
            warnings = {"contains": step["warns"]}
            return _failure(f"{where}: warnings", match(warnings, list(answer["warnings"]), self.same))
        return None

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
        """`offender/ann/enforcement` with ann's id; a worklist, and what is no name, stay as they are."""
        noun, *rest = ask.split("/")
        if noun == "worklist" or not rest:
            return ask
        return "/".join([noun, rest[0] if noun == "policy" else self.names.id(rest[0]), *rest[1:]])


def _failure(where: str, failures: Iterator[str]) -> str | None:
    found = next(failures, None)
    return f"{where}: {found}" if found else None


# ------------------------------------------------------------------------------------------ matching

_MISSING: Final = object()


def match(expected: Any, came: Any, same: dict[str, Any], at: str = "answer") -> Iterator[str]:
    """Where an answer differs from what is expected of it; nothing if it does not.

    Maps may have more members; lists match one to one unless `{contains: […]}` or `{lacks: […]}`; null matches null or
    a missing member; `{absent: true}` a missing one only; `{same: label}` binds a value, then demands it.
    """
    if isinstance(expected, dict):
        yield from _match_map(cast("dict[str, Any]", expected), came, same, at)
    elif isinstance(expected, list):
        yield from _match_list(cast("list[Any]", expected), came, same, at)
    elif expected is None:
        if came is not None and came is not _MISSING:
            yield f"{at} is {_shown(came)}, expected nothing"
    elif not _equal(expected, came):
        yield f"{at} is {_shown(came)}, expected {_shown(expected)}"


def _match_map(expected: dict[str, Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    if expected == {"absent": True}:
        if came is not _MISSING:
            yield f"{at} is {_shown(came)}, expected to be absent"
    elif set(expected) == {"same"}:
        yield from match(same.setdefault(expected["same"], came), came, same, at)
    elif set(expected) in ({"contains"}, {"lacks"}):
        yield from _match_some(expected, came, same, at)
    elif not isinstance(came, Mapping):
        yield f"{at} is {_shown(came)}, expected a map"
    else:
        members = cast("Mapping[str, Any]", came)
        for name, each in expected.items():
            yield from match(each, members.get(name, _MISSING), same, f"{at}.{name}")


def _match_list(expected: list[Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    items = _as_list(came)
    if items is None or len(items) != len(expected):
        yield f"{at} is {_shown(came)}, expected {len(expected)} items: {_shown(expected)}"
        return
    for n, (each, item) in enumerate(zip(expected, items, strict=True)):
        yield from match(each, item, same, f"{at}[{n}]")


def _match_some(expected: dict[str, Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    items = _as_list(came)
    if items is None:
        yield f"{at} is {_shown(came)}, expected a list"
        return
    for each in expected.get("contains", ()):
        if not any(_matches(each, item, same) for item in items):
            yield f"{at} holds nothing like {_shown(each)}; it is {_shown(items)}"
    for each in expected.get("lacks", ()):
        if any(_matches(each, item, same) for item in items):
            yield f"{at} holds {_shown(each)}, expected not to; it is {_shown(items)}"


def _matches(expected: Any, item: Any, same: dict[str, Any]) -> bool:
    return next(match(expected, item, same), None) is None


def _as_list(came: Any) -> list[Any] | None:
    return list(cast("Sequence[Any]", came)) if isinstance(came, list | tuple) else None


def _equal(expected: Any, came: Any) -> bool:
    if isinstance(expected, bool) or isinstance(came, bool):
        return expected is came
    left, right = _as_instant(expected), _as_instant(came)
    if left is not None and right is not None:
        return left == right
    return _printed(expected) == _printed(came)


def _printed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _as_instant(value: Any) -> datetime | None:
    """A value that names a moment: a day alone does not."""
    if isinstance(value, datetime):
        return in_london(value)
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[ T]\d", value):
        return None
    return instant(value)


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    text = str(value)
    return text if len(text) < 400 else f"{text[:400]}…"
