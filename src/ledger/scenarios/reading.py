"""Reading scenario files: YAML 1.2, backgrounds, the order of steps (shared/scenarios/README.md, *The format*).

Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

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
