"""What is asked often: each view a pure fold over the facts of one case, each worklist its rows per case.

    view.show(history, policy, as_at, known, explain)      -> members of the answer
    WORKLISTS[name](history, policy, as_at, known)         -> rows of one case, with `offender_id`

`history`: the facts of the case up to the position asked for; `policy` may know more: `known` cuts it.  A tuple is the
registry: a new view is one file and one name here.  Proven by tests/projections/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.aggregates.offender import OPENS
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections import chronology, enforcement, exceptions, progress
from ledger.projections.why import Row

Show = Callable[[Sequence[Recorded[Any]], Policy, date, int, bool], Row]
RowsOf = Callable[[Sequence[Recorded[Any]], Policy, date, int], list[Row]]


@dataclass(frozen=True, slots=True)
class View:
    """A view of a noun.  `opens`: the sealed fields it reads, by topic; None for all that the reader may see."""

    name: str
    noun: str
    show: Show
    opens: Mapping[str, tuple[str, ...]] | None


VIEWS: Final = (
    View("enforcement", "offender", enforcement.view, OPENS),
    View("progress", "offender", progress.view, OPENS),
    View("chronology", "offender", chronology.view, None),
)


def _of_offender(rows: RowsOf) -> RowsOf:
    """Rows that name their case."""

    def named(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
        if not history:
            return []
        offender_id = history[0].stream.removeprefix("offender-")
        return [{"offender_id": offender_id, **row} for row in rows(history, policy, as_at, known)]

    return named


WORKLISTS: Final[Mapping[str, RowsOf]] = MappingProxyType(
    {
        "breach": _of_offender(enforcement.breach_rows),
        "letters": _of_offender(enforcement.letter_rows),
        "progress": _of_offender(progress.progress_rows),
        "first-appointments": _of_offender(progress.first_appointment_rows),
        "assessments": _of_offender(progress.assessment_rows),
        "exceptions": _of_offender(exceptions.exception_rows),
        "late-recording": _of_offender(exceptions.late_rows),
    }
)
