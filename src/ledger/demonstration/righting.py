"""Putting records right: corrections by their author, and striking out what was told of the wrong person (GEN-06)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ledger.demonstration.lines import in_office
from ledger.demonstration.lives import Life, Told


def correct(life: Life, record: Told, day: date, field: str, value: Any, reason: str) -> datetime:
    """The author corrects one field of a record on a later working day; when."""
    moment = in_office(life.rng, day)
    data = {"event_ref": record.key, "field": field, "corrected_value": value, "reason": reason}
    life.tell(moment, record.by, "CorrectRecord", **data)
    return moment


def strike(life: Life, record: Told, day: date, reason: str) -> datetime:
    """The author strikes a record out on a later working day; when."""
    moment = in_office(life.rng, day)
    life.tell(moment, record.by, "StrikeOutRecord", event_ref=record.key, reason=reason)
    return moment
