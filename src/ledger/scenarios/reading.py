"""Reading scenario files: YAML 1.2, backgrounds, the order of steps (shared/scenarios/README.md, *The format*).

Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import yaml

from ledger.aggregates.shape import in_london


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


@dataclass(frozen=True, slots=True)
class Scenario:
    """One document: what is given (backgrounds first), what is done, what then holds."""

    name: str
    rules: tuple[str, ...]
    settings: Mapping[str, Any]
    steps: tuple[Step, ...]
    then: tuple[dict[str, Any], ...]


def load(path: Path, backgrounds: Mapping[str, Sequence[Step]] | None = None) -> list[Scenario]:
    """The scenarios of a file; named backgrounds come from `backgrounds.yaml` beside it.

    Raises OSError, and ValueError for what is no scenario.
    """
    beside = path.parent / "backgrounds.yaml"
    known = backgrounds if backgrounds is not None else load_backgrounds(beside) if beside.exists() else {}
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), _Loader))
    except yaml.YAMLError as wrong:
        raise ValueError(f"it is not YAML: {' '.join(str(wrong).split())}") from wrong
    return [_scenario(each, known) for each in documents if each is not None]


def load_backgrounds(path: Path) -> dict[str, list[Step]]:
    """The named lists of steps of a backgrounds file."""
    return cast("dict[str, list[Step]]", yaml.load(path.read_text(encoding="utf-8"), _Loader))  # noqa: S506


_WORDS: Final = frozenset({"scenario", "rules", "settings", "background", "given", "when", "then"})
STEP_WORDS: Final = frozenset({"at", "by", "to", "as", "effective", "refused", "warns", "key"})
_QUESTION_WORDS: Final = frozenset({"ask", "as_at", "known_at", "expect"})


def _scenario(document: Any, backgrounds: Mapping[str, Sequence[Step]]) -> Scenario:
    """Raises ValueError, which says what is wrong where."""
    if not isinstance(document, dict) or "scenario" not in document:
        raise ValueError("a document is a map that begins with `scenario:` and its name")
    told = cast("dict[str, Any]", document)
    name = str(told["scenario"])
    _no_others(name, told, _WORDS)
    settings: Any = told.get("settings") or {}
    if not isinstance(settings, dict):
        raise ValueError(f"{name}: settings is a map of keys and values")
    given: list[Step] = []
    for each in _listed(name, told, "background"):
        if str(each) not in backgrounds:
            raise ValueError(f"{name}: backgrounds.yaml has no {each!r}")
        given += backgrounds[str(each)]
    given += [_step(name, each) for each in _listed(name, told, "given")]
    given.sort(key=lambda step: instant(step["at"]))  # stable: backgrounds before `given` at one moment
    return Scenario(
        name=name,
        rules=tuple(_listed(name, told, "rules")),
        settings=cast("dict[str, Any]", settings),
        steps=(*given, *(_step(name, each) for each in _listed(name, told, "when"))),
        then=tuple(_question(name, each) for each in _listed(name, told, "then")),
    )


def _listed(name: str, told: Mapping[str, Any], word: str) -> list[Any]:
    value: Any = told.get(word) or []
    if not isinstance(value, list):
        raise ValueError(f"{name}: {word} is a list")
    return cast("list[Any]", value)


def _no_others(name: str, told: Mapping[str, Any], words: Collection[str]) -> None:
    others = set(told) - set(words)
    if others:
        raise ValueError(f"{name}: nobody knows the word {min(map(str, others))!r} here")


def _step(name: str, told: Any) -> Step:
    if not isinstance(told, dict) or not {"at", "to"} <= set(cast("Step", told)):
        raise ValueError(f"{name}: a step is a map with at, to and a command: {told!r:.100}")
    step = cast("Step", told)
    commands = set(step) - STEP_WORDS
    if len(commands) != 1 or not isinstance(step[min(commands)], dict):
        raise ValueError(f"{name}: the step at {step['at']} needs one command with its fields")
    _check_time(name, step["at"])
    return step


def _question(name: str, told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or not {"ask", "expect"} <= set(cast("dict[str, Any]", told)):
        raise ValueError(f"{name}: a question is a map with ask and expect: {told!r:.100}")
    question = cast("dict[str, Any]", told)
    _no_others(name, question, _QUESTION_WORDS)
    for word in ("as_at", "known_at"):
        if word in question:
            _check_time(name, question[word])
    return question


def _check_time(name: str, told: Any) -> None:
    try:
        instant(str(told))
    except ValueError as wrong:
        raise ValueError(f"{name}: {told!r} is no time") from wrong


def instant(text: str) -> datetime:
    """A time as scenarios write it: London's where it names no offset."""
    return in_london(datetime.fromisoformat(text))
