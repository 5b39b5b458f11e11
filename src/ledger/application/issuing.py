"""Issuing the monthly report: its rows are read and digested before the decision, which sees one month alone.

    draft = await issued(draft, database, cases)      with how many rows, as known up to which position, and their hash

Whoever has the log can do the same again: rows of worklist `monthly-report` as at the day before, known at that
position.  Proven by tests/test_issuing.py.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.aggregates.register_report import MonthlyReportIssued, rows_hash
from ledger.errors import Conflict, Refusal, Refused
from ledger.following import lists
from ledger.projections import WORKLISTS
from ledger.rules.dates import ONE_DAY
from ledger.rules.general import OTHER_VALUE
from ledger.store.cases import Cases
from ledger.store.database import Database

_WORKLIST: Final = WORKLISTS["monthly-report"]
_PAUSED: Final = "{n} cases cannot be read, so the report would lack their rows; /worklists/monthly-report names them."


async def issued(draft: MonthlyReportIssued, database: Database, cases: Cases) -> MonthlyReportIssued:
    """The draft with its rows as known now.  Raises Refused where the caller gave other ones, Conflict where a case
    cannot be read, DatabaseUnavailable, VaultUnavailable."""
    head = await database.head()
    upto = head.size if head else 0
    policy = (await cases.policy(fresh=True)).policy
    day = draft.issued_on - ONE_DAY
    page = await lists.whole(database, cases, _WORKLIST, day, policy, upto)
    if page.paused:
        raise Conflict(_PAUSED.format(n=len(page.paused)))
    values: dict[str, Any] = {
        "rows_hash": rows_hash(page.items),
        "rows_count": len(page.items),
        "rows_as_at": day,
        "rows_position": page.position,
    }
    wrong = [name for name, value in values.items() if getattr(draft, name) not in (None, value)]
    if wrong:
        told = [Refusal("CP-50", OTHER_VALUE.format(field=name, value=values[name])) for name in wrong]
        raise Refused(told)
    return draft.completed(**values)
