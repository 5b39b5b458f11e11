"""What may be decided about a placement; each module registers its decisions with `ruling`."""

from __future__ import annotations

from ledger.aggregates.placement.decisions import checking, opening, running
from ledger.aggregates.placement.decisions.ruling import rule_on

__all__ = ["checking", "opening", "rule_on", "running"]
