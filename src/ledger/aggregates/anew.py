"""A corrected record is ruled on anew, by the rules of the command that made it (GEN-06).

A correction overwrites nothing, but every view reads its value: what the command would have been refused for cannot
come in by the back door.  The record, corrected, is therefore decided again: by its author, at its moment, imported or
not, on what stood before it.  Readings, where the rule book is silent:

    as the case stood      What was recorded after it never bars putting it right; so a value that the command would
                           have accepted then is accepted now, whatever has happened since.
    as it reads now        Or, if that refuses: on the same earlier records as corrected since, under the settings as
                           known today.  Whoever first put right the absence may then put right its letter.
    what it met before     A refusal that the record as first told meets on the same ground is not the correction's
                           doing: a value erased since, a rule that came later.
    what was said before   A warning that the record as it reads today calls for is not said again.
    the present value      A correction that changes nothing has nothing to be ruled on.
    GEN-05                 A correction is told when it is recorded: what it says may have happened until then.

Other cases are seen at the same two grounds.  Proven by tests/aggregates/test_anew.py and, through the real door,
tests/api/test_corrections.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, cast

from ledger.aggregates.corrections import CORRECTING, Amended
from ledger.aggregates.shape import Fact, Now, Recorded
from ledger.errors import Caution, Refusal

Said = tuple[list[Refusal], list[Caution]]
Rule = Callable[[Any, Fact, Now], Said]
"""What a command's rules say of a draft on a state: what stands in the way, what its author is told."""

History = Sequence[Recorded[Any]]
_FUTURE: Final = "GEN-05"


def ruled_anew(amended: Amended, state: Any, now: Now, rule: Rule) -> Said:
    """What stands in the way of a corrected record, and what whoever corrects it is told."""
    if amended.corrected == amended.present:
        return [], []
    said: Said = [], []
    for before, then in _grounds(amended.record, now):
        said = _said(amended, _folded(state, before), then, now, rule)
        if not said[0]:
            break
    return said


def _grounds(record: Recorded[Any], now: Now) -> Iterator[tuple[Callable[[History], list[Recorded[Any]]], Now]]:
    """Which records of a case count, and what the decision knows besides: as it stood, then as it reads now."""

    def stood(history: History) -> list[Recorded[Any]]:
        return [each for each in history if each.position < record.position]

    def put_right(history: History) -> list[Recorded[Any]]:
        return [each for each in history if each.position < record.position or isinstance(each.fact, CORRECTING)]

    then = replace(now, moment=record.recorded, actor=record.by, imported=record.source_recorded is not None)
    known = now.policy.as_known(record.position - 1)
    yield stood, replace(then, policy=known, look=_looking(now, stood))
    yield put_right, replace(then, look=_looking(now, put_right))


def _looking(
    now: Now, before: Callable[[History], list[Recorded[Any]]]
) -> Callable[[Sequence[str]], Mapping[str, Any]]:
    return lambda names: {name: _folded(state, before) for name, state in now.look(names).items()}


class _Folded(Protocol):
    """The state of a noun: folded from facts, and able to fold others."""

    @property
    def history(self) -> History: ...
    @classmethod
    def fold(cls, history: History) -> Any: ...


def _folded(state: Any, before: Callable[[History], list[Recorded[Any]]]) -> Any:
    found = cast("_Folded", state)
    return found.fold(before(found.history))


def _said(amended: Amended, state: Any, then: Now, now: Now, rule: Rule) -> Said:
    refusals, cautions = rule(state, as_given(amended.corrected), then)
    met = rule(state, as_given(amended.record.fact), then)[0]
    told = rule(state, as_given(amended.present), then)[1]
    if any(each.rule == _FUTURE for each in refusals):
        today = rule(state, as_given(amended.corrected), replace(then, moment=now.moment))[0]
        refusals = [each for each in refusals if each.rule != _FUTURE or each in today]
    return [each for each in refusals if each not in met], [each for each in cautions if each not in told]


def as_given(fact: Fact) -> Fact:
    """The draft a fact was made of: what the ledger computed is computed again."""
    computed = [name for name, supplied in type(fact).supplied.items() if supplied.by == "ledger"]
    return fact.completed(**dict.fromkeys(computed)) if computed else fact
