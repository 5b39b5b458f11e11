"""What became of every line of an import: counted to the line, by command, by case and by rule.

    lines read = recorded + recorded before + set aside + blank

`read` and `blank` are counted where lines are read, the others where each of them ends: so the sum above is a check
(`reconciles`), and one that no line can slip through.  A command or a target that is none of ours is not told: a name
may stand in either.  Proven by tests/importing/test_reconciling.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import orjson

from ledger.aggregates import COMMANDS

Ending = Literal["recorded", "repeated", "set_aside"]
UNREADABLE: Final = "unreadable"  # stands for a command, or a case, that a line does not name
_CASE: Final = re.compile(
    r"[a-z-]{1,40}/([0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|policy|[0-9]{4}-[0-9]{2})"
)


class Place(NamedTuple):
    """Where a line stands: the file's name, and the line's number in it."""

    file: str
    line: int


class Rejected(NamedTuple):
    """A line that was set aside: its number in the import, the rule (or kind of problem), the reason."""

    line: int
    rule: str
    reason: str


@dataclass(slots=True)
class Counts:
    """How the lines of one command, or of one case, ended."""

    recorded: int = 0
    repeated: int = 0
    set_aside: int = 0

    @property
    def read(self) -> int:
        return self.recorded + self.repeated + self.set_aside

    def add(self, ending: Ending) -> None:
        setattr(self, ending, getattr(self, ending) + 1)

    def listed(self) -> dict[str, int]:
        """As data."""
        return {
            "read": self.read,
            "recorded": self.recorded,
            "recorded_before": self.repeated,
            "set_aside": self.set_aside,
        }


@dataclass(slots=True)
class Outcome:
    """What became of the lines of an import; `dry`: what would become of them."""

    dry: bool = False
    read: int = 0
    blank: int = 0
    recorded: int = 0
    repeated: int = 0
    facts: int = 0
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    by_command: dict[str, Counts] = field(default_factory=dict[str, Counts])
    by_case: dict[str, Counts] = field(default_factory=dict[str, Counts])

    @property
    def lines(self) -> int:
        """Those that have come to an end."""
        return self.recorded + self.repeated + len(self.rejected)

    @property
    def reconciles(self) -> bool:
        """Whether every line that was read came to one end."""
        return self.read == self.lines + self.blank

    def was_recorded(self, text: bytes, facts: int) -> None:
        """A line is sealed, as so many facts."""
        self.recorded += 1
        self.facts += facts
        self._count(text, "recorded")

    def was_repeated(self, text: bytes) -> None:
        """A line had been recorded before."""
        self.repeated += 1
        self._count(text, "repeated")

    def was_set_aside(self, number: int, text: bytes, rule: str, reason: str) -> None:
        """A line is not recorded, and why."""
        self.rejected.append(Rejected(number, rule, reason))
        self._count(text, "set_aside")

    def _count(self, text: bytes, ending: Ending) -> None:
        command, case = named_in(text)
        for name, counts in ((command, self.by_command), (case, self.by_case)):
            found = counts.get(name)
            if found is None:
                found = counts[name] = Counts()
            found.add(ending)

    def by_rule(self) -> dict[str, int]:
        """How many lines each rule set aside, the most first."""
        return dict(Counter(each.rule for each in self.rejected).most_common())

    def listed(self, place: Callable[[int], Place] | None = None) -> dict[str, Any]:
        """As data (`--json`).  `place` says where a line of several files stands."""
        return {
            "dry_run": self.dry,
            "read": self.read,
            "recorded": self.recorded,
            "repeated": self.repeated,
            "set_aside": len(self.rejected),
            "blank": self.blank,
            "reconciles": self.reconciles,
            "facts": self.facts,
            "rules": self.by_rule(),
            "commands": _listed(self.by_command),
            "cases": _listed(self.by_case),
            "rejected": [told(each, place) for each in self.rejected],
        }


def told(rejected: Rejected, place: Callable[[int], Place] | None = None) -> dict[str, Any]:
    """A line that was set aside, as its file and `--json` have it."""
    where = {"line": rejected.line} if place is None else place(rejected.line)._asdict()
    return {**where, "rule": rejected.rule, "reason": rejected.reason}


def _listed(counts: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    return {name: counts[name].listed() for name in sorted(counts)}


def named_in(text: bytes) -> tuple[str, str]:
    """The command ("offender RecordAbsence") and the case ("offender/019a…") of a line, as far as they are ours."""
    try:
        line = orjson.loads(text)
        to, command = line["to"], line["command"]
        noun = to.partition("/")[0]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return UNREADABLE, UNREADABLE
    if not isinstance(command, str) or noun not in COMMANDS:
        return UNREADABLE, UNREADABLE
    known = command in COMMANDS[noun]
    return f"{noun} {command}" if known else UNREADABLE, to if _CASE.fullmatch(to) else UNREADABLE
