"""The offender: a person on probation and every order on that person (rule book A to D; catalogue 6.1)."""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate, Told
from ledger.aggregates.offender.facts import FACTS, OffenderRecorded

OFFENDER_CASE = Aggregate(noun="offender", collection="offenders", facts=FACTS, fold=Told.fold, first=OffenderRecorded)
