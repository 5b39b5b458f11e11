"""View `child`: a child's flag, key worker, registrations, notebook lines, and whether it was erased (contract).

Readings: `matters[]` are those whose concerns name the child; `notebook[]` is the other end of the cross references
(CP-39), each with the person whose notebook it is.

Proven by tests/projections/test_register.py and child-protection.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.after import end_of
from ledger.aggregates.child.child import Child
from ledger.aggregates.child.facts import ChildRecorded, KeyWorkerNamed
from ledger.aggregates.child_protection_matter.facts import ChildProtectionConcernRecorded
from ledger.aggregates.child_protection_matter.matter import concerns_of
from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.facts import NotebookEntryMade
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.registrations import Registration
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.register import flag, identity
from ledger.projections.why import Row, explained
from ledger.rules import register
from ledger.rules.dates import day_of

OPENS: Final = {
    ChildRecorded.topic: ("client_id", "surname", "forenames"),
    KeyWorkerNamed.topic: ("name", "contact", "agency"),
    RecordCorrected.topic: ("corrected_value",),
    NotebookEntryMade.topic: ("heading", "text", "child_text"),
}


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The child as known at the end of a day."""
    del policy, known
    child = Child.as_at(history, as_at)
    made = [each for each in child.entries.values() if each.made is not None]
    return {
        **identity(child),
        "register_name": child.record.fact.register_name if child.record else None,
        "flags": _flags(child.child_id, made, as_at, explain),
        "key_worker": _key_worker(child, explain),
        "entries": [_entry(child.child_id, each, explain) for each in made],
        "matters": _matters(child.child_id, history, as_at, explain),
        "notebook": _notebook(history, as_at),
        "erasure": end_of([each for each in history if day_of(each.effective) <= as_at], child.erased),
    }


def _flags(child_id: str, made: Sequence[Registration], as_at: date, explain: bool) -> list[Row]:
    """CR while an entry on a registered child links the child to anybody (CP-37)."""
    raising = [each for each in made if each.made and each.made.fact.ground != register.CONCERN]
    spans = [(each.made.fact.registered_on, _ended_on(child_id, each)) for each in raising if each.made]
    since = register.flag_since(spans, as_at)
    facts = [position for each in raising for position in _positions(child_id, each)]
    return [flag("CR", since, facts, explain)] if since else []


def _ended_on(child_id: str, entry: Registration) -> date | None:
    end = entry.end_of(child_id)
    return day_of(end.effective) if end else None


def _positions(child_id: str, entry: Registration) -> list[int]:
    return [each.position for each in (entry.made, entry.end_of(child_id)) if each]


def _entry(child_id: str, entry: Registration, explain: bool) -> Row:
    assert entry.made is not None
    row: Row = {
        "entry_id": entry.entry_id,
        "offender_id": entry.made.fact.offender_id,
        "registered_on": entry.made.fact.registered_on,
        "link_ended_on": _ended_on(child_id, entry),
    }
    return explained(row, explain, rules=["CP-31"], facts=_positions(child_id, entry))


def _matters(child_id: str, history: Sequence[Recorded[Any]], as_at: date, explain: bool) -> list[Row]:
    """The child protection matters in which a concern names the child, oldest first, and since when."""
    told = [each for each in concerns_of(history) if each.fact.child_ref == child_id and each.fact.noted_on <= as_at]
    first: dict[str, Recorded[ChildProtectionConcernRecorded]] = {}
    for each in sorted(told, key=lambda each: (each.fact.noted_on, each.position)):
        first.setdefault(each.stream[-36:], each)
    return [
        explained({"matter_id": name, "since": each.fact.noted_on}, explain, rules=["CP-01"], facts=[each.position])
        for name, each in first.items()
    ]


def _notebook(history: Sequence[Recorded[Any]], as_at: date) -> list[Row]:
    """The lines about the child, in order of their days."""
    lines = [each for each in as_corrected(history) if isinstance(each.fact, NotebookEntryMade)]
    told = sorted((each for each in lines if day_of(each.effective) <= as_at), key=lambda each: each.fact.entered_on)
    return [
        {
            "offender_id": each.stream.removeprefix("offender-"),
            "entered_on": each.fact.entered_on,
            **{name: _plain(getattr(each.fact, name)) for name in ("heading", "text", "child_text")},
        }
        for each in told
    ]


def _key_worker(child: Child, explain: bool) -> Row | None:
    if not child.key_workers:
        return None
    named = child.key_workers[-1]
    row = {name: _plain(getattr(named.fact, name)) for name in ("name", "contact", "agency")}
    return explained(row, explain, rules=["CP-25"], facts=[named.position])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
