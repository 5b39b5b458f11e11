"""A breach of personal data: known, judged, reported to the Commissioner within 72 hours (DP-06; catalogue 9).

A stream of its own, because one breach may touch many people; it is about those it names.  DataBreachJudged is ours:
the law asks for no report where no risk follows, and that somebody decided so must be on record.  Proven by
tests/aggregates/test_data_breach.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from ledger.aggregates.aggregate import Aggregate, Ruling, about_ids
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import TARGET, Code, Fact, Id, Ids, Instant, Now, OwnText, Recorded, later
from ledger.errors import Refusal
from ledger.rules import data_protection, general
from ledger.rules.dates import day_of, printed


class DataBreachRecorded(
    Fact,
    topic="data-breach.recorded.v1",
    command="RecordDataBreach",
    who=("any-staff",),
    rules=("DP-06",),
    effective="discovered_at",
):
    """Somebody found that personal data were lost, changed or seen by who should not."""

    breach_id: Annotated[Id, TARGET] = later()
    discovered_at: Instant
    what: OwnText
    offender_refs: Ids | None = None
    child_refs: Ids | None = None


class DataBreachJudged(
    Fact,
    topic="data-breach.judged.v1",
    command="JudgeDataBreach",
    who=("information-manager", "data-protection-officer"),
    rules=("DP-06",),
    effective="judged_at",
):
    """Whether a risk to the people concerned follows: then it is reported, and at a high risk they are told."""

    breach_id: Annotated[Id, TARGET] = later()
    judged_at: Instant
    risk: bool
    reason: OwnText


class DataBreachReported(
    Fact,
    topic="data-breach.reported.v1",
    command="ReportDataBreach",
    who=("information-manager",),
    rules=("DP-06",),
    effective="reported_at",
):
    """The breach was reported, as a rule to the Information Commissioner (ICO)."""

    breach_id: Annotated[Id, TARGET] = later()
    reported_at: Instant
    reported_to: Code


@dataclass(frozen=True, slots=True)
class DataBreach:
    """One breach as known."""

    history: Sequence[Recorded[Any]] = ()
    record: Recorded[DataBreachRecorded] | None = None
    judged: Recorded[DataBreachJudged] | None = None
    reported: Recorded[DataBreachReported] | None = None

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]], upto: datetime | None = None) -> DataBreach:
        """From the facts of its stream; `upto`: counting only what had happened by then."""
        told = [each for each in as_corrected(history) if upto is None or each.effective <= upto]
        judged = [each for each in told if isinstance(each.fact, DataBreachJudged)]
        return cls(
            tuple(history),
            next((each for each in told if isinstance(each.fact, DataBreachRecorded)), None),
            judged[-1] if judged else None,
            next((each for each in told if isinstance(each.fact, DataBreachReported)), None),
        )

    def state(self, due: datetime, moment: datetime) -> str:
        """awaiting-report, overdue, reported, reported-late, no-risk (a later judgement may say otherwise)."""
        if self.reported is not None:
            return "reported-late" if self.reported.fact.reported_at > due else "reported"
        if self.judged is not None and not self.judged.fact.risk:
            return "no-risk"
        return "overdue" if moment > due else "awaiting-report"


def _rule_on(breach: DataBreach, draft: Fact, now: Now, stream: str) -> Ruling:
    del now
    first = breach.record.fact if breach.record else draft
    persons = [
        f"{noun}-{each}" for noun in ("offender", "child") for each in getattr(first, f"{noun}_refs", None) or ()
    ]
    return Ruling(refusals=tuple(_impossible(breach, draft)), about=about_ids(draft, stream, *persons))


def _impossible(breach: DataBreach, draft: Fact) -> Iterator[Refusal]:
    if isinstance(draft, DataBreachReported) and breach.reported is not None:
        yield Refusal("GEN-06", general.ALREADY.format(what="report"), rule_book=False)
    when = draft.effective()
    if breach.record is not None and isinstance(when, datetime) and when < breach.record.fact.discovered_at:
        found_on = printed(day_of(breach.record.fact.discovered_at))
        yield Refusal("GEN-06", data_protection.BEFORE_IT_WAS_FOUND.format(day=found_on), rule_book=False)


DATA_BREACH = Aggregate(
    noun="data-breach",
    collection="data-breaches",
    facts=(DataBreachRecorded, DataBreachJudged, DataBreachReported),
    fold=DataBreach.fold,
    rule_on=_rule_on,
    first=DataBreachRecorded,
)
