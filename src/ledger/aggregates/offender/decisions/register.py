"""Decisions on a case that bear on its entries in the child protection register, or rest on them (rule book G).

The entries stand in the person's chain, so which there are is seen there; how far a de-registration is, only the entry
itself knows.  Proven by tests/aggregates/test_decisions_register.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides, decides_across
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.offender.facts import NotebookEntryMade
from ledger.aggregates.register_entry.registrations import Registration, registrations_of
from ledger.aggregates.shape import Closed, Now, Subject, Whose, opened
from ledger.errors import Caution, Refusal
from ledger.rules import enforcement, register

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child
    from ledger.aggregates.register_entry.entry import Deregistration, Entry

_CHILD: Final = "child-"
SERVICES_CONTACTED: Final = "child-protection-matter.children-services-contacted.v1"


def entries_of(case: Case) -> list[Registration]:
    """Every entry of the case."""
    return list(registrations_of(case.history).values())


def open_entries(case: Case) -> list[Registration]:
    """The registrations that are open."""
    return [each for each in entries_of(case) if each.is_open]


def children_of(case: Case) -> list[str]:
    """The ids of the children linked to the person now."""
    return [child for each in open_entries(case) for child in each.linked]


def moved_by_the_end(case: Case, order_id: str) -> tuple[str, ...]:
    """The entries that the end of an order's supervision is about: those not closed, if no other order goes on (CP-40).

    An entry that only an R7 asks for yet is one of them: it may be made before anybody looks again.
    """
    if any(order.id != order_id and not order.endings for order in case.orders.values()):
        return ()
    return tuple(each.stream for each in entries_of(case) if each.closed is None)


def without_key_worker(case: Case, since: date | None) -> tuple[Caution, ...]:
    """ENF-24: a registered case, and children's services were not contacted since the breach arose."""
    if not open_entries(case):
        return ()
    contacts = (each for each in case.history if each.fact.topic == SERVICES_CONTACTED)
    if since is not None and any(happened(each) >= since for each in contacts):
        return ()
    return (Caution("ENF-24", enforcement.NO_KEY_WORKER),)


# ------------------------------------------------------------------------------------------ the notebook


@decides(NotebookEntryMade)
def _(case: Case, draft: NotebookEntryMade, now: Now) -> Ruling:
    """A line is about the open entries; one in a set text is about the closed ones too, which it completes."""
    del now
    told = "" if isinstance(draft.text, Closed) else draft.text
    set_text = register.set_text(told) is not None or register.local_wording(told)
    found = entries_of(case) if set_text else open_entries(case)
    return Ruling(about=tuple(each.stream for each in found))


@decides_across(NotebookEntryMade)
def _(case: Case, draft: NotebookEntryMade, now: Now, stream: str) -> Ruling:
    del stream
    ruling = _set_text(case, draft, now)
    child = _child_meant(case, draft, now)
    number = opened(draft.about_client_id)
    if child is None and number is not None and not now.imported:
        found = now.numbered(number)
        if not found:
            return replace(ruling, refusals=(*ruling.refusals, Refusal("CP-39", register.NOT_RECORDED)))
        children = [each.removeprefix(_CHILD) for each in found if each.startswith(_CHILD)]
        child = children[0] if len(children) == 1 else None  # of two with one number nobody can say which is meant
    if child is None:
        return ruling
    whose = {name: Whose(Subject.CHILD, child) for name in ("about_client_id", "child_text")}
    return replace(ruling, about=(f"child-{child}",), whose=whose)


def _child_meant(case: Case, draft: NotebookEntryMade, now: Now) -> str | None:
    """The id of the child of the case whose number a line gives; None for a number of nobody known here."""
    number = opened(draft.about_client_id)
    ids = list(dict.fromkeys(child for each in entries_of(case) for child in each.child_ids)) if number else []
    found = cast("Mapping[str, Child]", now.others([f"child-{each}" for each in ids]) if ids else {})
    return next((each for each in ids if _number_of(found[f"child-{each}"]) == number), None)


def _number_of(child: Child) -> str | None:
    return opened(child.record.fact.client_id) if child.record else None


def _set_text(case: Case, draft: NotebookEntryMade, now: Now) -> Ruling:
    """CP-44: the set texts stand word for word, each for its own ground; such a line rests on the de-registration."""
    told = "" if isinstance(draft.text, Closed) else draft.text
    refused = Ruling(refusals=(Refusal("CP-44", register.SET_WORDING),))
    if register.edited_text(told):
        return refused
    ground = register.set_text(told)
    if ground is None and not register.is_text(told, register.ONE_LEFT):
        return Ruling()
    found = [each for each in _deregistrations(entries_of(case), now) if _is_told(each, ground)]
    if ground is not None and not found:
        return refused
    return Ruling(rests_on=tuple(sorted({position for each in found for position in each.facts})))


def _is_told(deregistration: Deregistration, ground: str | None) -> bool:
    """Whether a text is for this de-registration: a ground's for the whole, the neutral line for one child."""
    if ground is None:
        return not deregistration.ground.whole
    return deregistration.ground.whole and deregistration.ground.ground == ground


def _deregistrations(entries: Sequence[Registration], now: Now) -> Iterator[Deregistration]:
    streams = [each.stream for each in entries if each.made is not None]
    found: Mapping[str, Any] = now.others(streams) if streams else {}
    for each in found.values():
        deregistration = cast("Entry", each).deregistration()
        if deregistration is not None:
            yield deregistration
