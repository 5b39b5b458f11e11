"""What is asked often: each view a pure fold over the chain of one case, each worklist its rows per case.

    view.show(history, policy, as_at, known, explain)      -> members of the answer
    worklist.rows(history, policy, as_at, known)           -> rows of one case

`history`: the chain of the case (ledger-format.md, *Completeness*) up to the position asked for; `policy` may know
more: `known` cuts it.  A tuple is the registry: a new view or worklist is one file and one name here.  Proven by
tests/projections/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, cast

from ledger.aggregates.offender import OPENS
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, Unread
from ledger.projections import chronology, enforcement, exceptions, progress
from ledger.projections.why import Row

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]
Show = Callable[[History, Policy, date, int, bool], Row]
ShowAcross = Callable[[History, Policy, date, int, bool, Others], Row]
RowsOf = Callable[[History, Policy, date, int], list[Row]]


@dataclass(frozen=True, slots=True)
class OtherHistories:
    """The chains of other cases that a view has asked for so far, as known then."""

    read: dict[str, History] = field(default_factory=dict[str, History])

    def __call__(self, name: str) -> History:
        """The chain of "child-019a…".  Raises Unread: read it, lay it in `read`, and ask the view again."""
        if name not in self.read:
            raise Unread((name,))
        return self.read[name]


@dataclass(frozen=True, slots=True)
class View:
    """A view of a noun.

    `opens`: the sealed fields it reads, by topic; None for all that the reader may see.  `across`: it looks at other
    cases too, beside its own chain.
    """

    name: str
    noun: str
    show: Show | ShowAcross
    opens: Mapping[str, tuple[str, ...]] | None
    across: bool = False

    def answer(self, history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
        """The members of the answer.  Raises Unread if it is `across` and `others` does."""
        if self.across:
            return cast("ShowAcross", self.show)(history, policy, as_at, known, explain, others)
        return cast("Show", self.show)(history, policy, as_at, known, explain)


VIEWS: Final = (
    View("enforcement", "offender", enforcement.view, OPENS),
    View("progress", "offender", progress.view, OPENS),
    View("chronology", "offender", chronology.view, None),
)


@dataclass(frozen=True, slots=True)
class Worklist:
    """A worklist: the rows of each case of a noun.  A row names its case, in the field `<noun>_id`."""

    name: str
    noun: str
    rows: RowsOf
    names_case: str = "offender_id"

    def rows_of(self, stream: str, history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
        """The rows of one case."""
        case_id = stream[-36:]
        return [{self.names_case: case_id, **row} for row in self.rows(history, policy, as_at, known)]


_WORKLISTS: Final = (
    Worklist("breach", "offender", enforcement.breach_rows),
    Worklist("letters", "offender", enforcement.letter_rows),
    Worklist("progress", "offender", progress.progress_rows),
    Worklist("first-appointments", "offender", progress.first_appointment_rows),
    Worklist("assessments", "offender", progress.assessment_rows),
    Worklist("exceptions", "offender", exceptions.exception_rows),
    Worklist("late-recording", "offender", exceptions.late_rows),
)
WORKLISTS: Final[Mapping[str, Worklist]] = MappingProxyType({each.name: each for each in _WORKLISTS})
