"""What is owed to the people whose data are held: view and worklist `data-rights`, worklist `retention`, data breaches.

    view            requests[] with their clocks, restriction, retention of one person
    request_rows    one row for each request that is not answered, or whose recipients are still to be told
    retention_rows  one row for a case whose time has come, or will never come while it is retained
    breach_view     one breach and its 72 hours; breach_rows: those not reported

Proven by tests/aggregates/test_rights.py, tests/aggregates/test_data_breach.py and
tests/projections/test_data_rights.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from ledger.aggregates.after import end_of
from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.holds import holds_of
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.data_breach import DataBreach, DataBreachJudged, DataBreachRecorded
from ledger.aggregates.offender.facts import OrderMade, SupervisionEnded
from ledger.aggregates.policy import Policy
from ledger.aggregates.rights import Request, Rights, rights_of, supervision_ended
from ledger.aggregates.shape import Closed, Recorded
from ledger.aggregates.subject import RecordRetained, RightsRequestAnswered
from ledger.projections.why import Row, explained
from ledger.rules.data_protection import (
    BREACH_HOURS,
    REQUEST_MONTHS,
    RETENTION_YEARS,
    answer_by,
    destroy_from,
    report_by,
)
from ledger.rules.dates import ONE_DAY, day_of, end_of_day

History = Sequence[Recorded[Any]]
OPENS: Final = {RightsRequestAnswered.topic: ("outcome",), RecordRetained.topic: ("reason",)}
BREACH_OPENS: Final = {DataBreachRecorded.topic: ("what",), DataBreachJudged.topic: ("reason",)}
HEARS: Final = frozenset({HoldPlaced.topic, HoldReleased.topic})


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """View `data-rights` of one person, at the end of a day."""
    rights = rights_of(history, as_at)
    restricted, retained = rights.restricted, rights.retained
    return {
        "requests": [_request(each, policy, as_at, known, explain) for each in rights.requests.values()],
        "erasure": end_of([each for each in history if day_of(each.effective) <= as_at], rights.erased),
        "restriction": {"ground": restricted.fact.ground, "since": restricted.fact.on} if restricted else None,
        "retention": _retention(history, rights, policy, as_at, known, explain)
        | {
            "retained": {
                "ground": retained.fact.ground,
                "on": retained.fact.on,
                "until": retained.fact.until,
                "reason": _plain(retained.fact.reason),
            }
            if retained
            else None
        },
    }


def _request(each: Request, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    received, answered = each.received, each.answered
    months = policy.number(REQUEST_MONTHS, received.fact.received_on, known)
    due = answer_by(received.fact.received_on, months)
    row: Row = {
        "request_id": received.fact.request_id,
        "kind": received.fact.kind,
        "received_on": received.fact.received_on,
        "due": due,
        "state": each.state(due, as_at),
        "answered_on": answered.fact.on if answered else None,
        "outcome": _plain(answered.fact.outcome) if answered else None,
        "put_right": list(each.righted),
        "recipients_to_tell": each.recipients_to_tell,
        "recipients_told_on": each.notified[-1].fact.on if each.notified else None,
    }
    facts = [one.position for one in (received, answered, *each.notified) if one is not None]
    return explained(row, explain, rules=["DP-09", "GEN-03"], facts=facts, settings={REQUEST_MONTHS: months})


# ------------------------------------------------------------------------------------------ worklist data-rights


def request_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `data-rights`: what waits for an answer, and whose recipients wait to be told."""
    rows: list[Row] = []
    for each in rights_of(history, as_at).requests.values():
        row = _request(each, policy, as_at, known, explain=False)
        if each.answered is None or each.recipients_to_tell:
            names = ("request_id", "kind", "received_on", "due", "state", "recipients_to_tell")
            rows.append({name: row[name] for name in names})
    return rows


def request_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of all it rests on, and the day after each request was to be answered."""
    rights = rights_of(history)
    if not rights.requests:
        return
    yield from (day_of(each.effective) for each in as_corrected(history))
    for each in rights.requests.values():
        received_on = each.received.fact.received_on
        yield answer_by(received_on, policy.number(REQUEST_MONTHS, received_on, known)) + ONE_DAY


def request_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How many days an answer is overdue."""
    del policy
    late = (as_at - date.fromisoformat(row["due"])).days if row["state"] == "overdue" else 0
    return {**row, "days_overdue": late}


# ------------------------------------------------------------------------------------------ worklist retention


def retention_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `retention`: cases due for destruction; `retained` and `held` say why one is to stay all the same."""
    row = _retention(history, rights_of(history, as_at), policy, as_at, known, explain=False)
    return [row] if row["state"] in ("due", "retained", "held") else []


def _retention(history: History, rights: Rights, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    """not-set while the area has set no period, open while an order goes on, then not-due, due, retained, held; and
    erased, once it is."""
    ended, ends = supervision_ended(history, as_at)
    years = policy.setting(RETENTION_YEARS, ended or as_at, known)
    due = destroy_from(ended, years) if ended is not None and isinstance(years, int) else None
    kept = rights.retained
    until = kept.fact.until if kept else None
    held = any(each.released is None for each in holds_of(history, upto=as_at))
    if rights.erased is not None:
        state = "erased"
    elif ended is None:
        state = "open"
    elif due is None:
        state = "not-set"
    elif as_at < due:
        state = "not-due"
    else:
        retained = kept is not None and (until is None or as_at <= until)
        state = "held" if held else "retained" if retained else "due"
    row: Row = {"ended_on": ended, "due": due, "state": state, "retained_until": until}
    facts = [each.position for each in ends]
    return explained(row, explain, rules=["DP-05"], facts=facts, settings={RETENTION_YEARS: years})


def retention_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of all it rests on, the day its time has come, and the day after an exemption's last."""
    ended, _ = supervision_ended(history, date.max)
    if ended is None:
        yield from (day_of(each.effective) for each in history if isinstance(each.fact, OrderMade | SupervisionEnded))
        return
    for each in as_corrected(history):
        yield day_of(each.effective)
        if isinstance(each.fact, SupervisionEnded):
            years = policy.setting(RETENTION_YEARS, each.fact.ended_on, known)
            if isinstance(years, int):
                yield destroy_from(each.fact.ended_on, years) or each.fact.ended_on
        if isinstance(each.fact, RecordRetained) and each.fact.until is not None:
            yield each.fact.until + ONE_DAY


# ------------------------------------------------------------------------------------------ breaches


def breach_view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """View `data-breach`: what was found, what follows, and when it was to be reported."""
    breach = DataBreach.fold(history, end_of_day(as_at))
    record, judged, reported = breach.record, breach.judged, breach.reported
    if record is None:
        return {"discovered_at": None, "state": None, "report_due": None}
    hours = policy.number(BREACH_HOURS, day_of(record.fact.discovered_at), known)
    due = report_by(record.fact.discovered_at, hours)
    row: Row = {
        "discovered_at": record.fact.discovered_at,
        "what": _plain(record.fact.what),
        "report_due": due,
        "state": breach.state(due, end_of_day(as_at)),
        "risk": judged.fact.risk if judged else None,
        "reason": _plain(judged.fact.reason) if judged else None,
        "reported_at": reported.fact.reported_at if reported else None,
        "reported_to": reported.fact.reported_to if reported else None,
    }
    facts = [each.position for each in (record, judged, reported) if each is not None]
    return explained(row, explain, rules=["DP-06", "GEN-04"], facts=facts, settings={BREACH_HOURS: hours})


def breach_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `data-breaches`: those that are to be reported and are not."""
    row = breach_view(history, policy, as_at, known)
    if row["state"] not in ("awaiting-report", "overdue"):
        return []
    due: datetime = row["report_due"]
    told = {name: row[name] for name in ("discovered_at", "report_due", "state", "risk")}
    return [told | {"due_on": day_of(due)}]


def breach_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of its facts, and the day on which its hours are over, seen from the end of a day."""
    yield from (day_of(each.effective) for each in as_corrected(history))
    record = DataBreach.fold(history).record
    if record is not None:
        found_at = record.fact.discovered_at
        yield day_of(report_by(found_at, policy.number(BREACH_HOURS, day_of(found_at), known)))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
