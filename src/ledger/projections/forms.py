"""View `forms`: the printed forms that a case has, each with what it is asked for by.

    {"forms": [{form, title, source, of, on, says}]}      `of`: the id to print one by; "" where there is one alone

Codes, days and ids; what a form says is read when it is printed (ledger.application.forms).  Proven by
tests/api/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.printing.forms import FORMS
from ledger.projections.why import Row, explained

NOUNS = tuple(dict.fromkeys(each.noun for each in FORMS.values()))


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The forms there are, by kind in the order of the registry, of a kind in the order they were recorded."""
    del policy, known
    noun = next((name for name in NOUNS for each in history if each.stream.startswith(f"{name}-")), "")
    of_this = [each for each in FORMS.values() if each.noun == noun]
    rows = [
        {"form": each.name, "title": each.title, "source": each.source, **found}
        for each in of_this
        for found in each.there(history, as_at)
    ]
    rules = list(dict.fromkeys(rule for each in of_this for rule in each.rules))
    return explained({"forms": rows}, explain, rules=rules, facts=[])
