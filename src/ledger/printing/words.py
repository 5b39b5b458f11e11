"""How printed pages say days, instants and names of fields.  Proven by tests/printing/test_setting.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from ledger.rules.dates import LONDON, printed


def instant_in_words(moment: datetime) -> str:
    """An aware instant as London's clocks showed it: 7 Apr 2025, 17:30:12 BST."""
    local = moment.astimezone(LONDON)
    return f"{printed(local.date())}, {local:%H:%M:%S} {local.tzname()}"


def day_in_words(when: date | datetime) -> str:
    """A day or an instant: 7 Apr 2025, or with the time if it has one."""
    return instant_in_words(when) if isinstance(when, datetime) else printed(when)


def label_in_words(name: str) -> str:
    """The name of a field as a label: evidence_deadline -> Evidence deadline, upw_hours -> Unpaid work hours."""
    words = " ".join(_IN_FULL.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


_IN_FULL: Final = {"dob": "date of birth", "upw": "unpaid work", "ete": "education and employment"}
