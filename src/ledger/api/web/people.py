"""Who belongs to a case, and which papers: pages made of several views of a person.

    people        officers, children registered with the person, and those whom facts of the case name
    documents     what was filed and stored, and the letters and warnings that were sent

Both are as at any day and as known at any moment, like every tab.  Readings, where the texts are silent: whoever is
named in a fact of TOLD is shown with it, as it was told; a paper that was struck out is shown as that.

Proven by tests/web/test_people.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.documents import DocumentStored
from ledger.aggregates.offender.facts import (
    BreachWarningGiven,
    CaseContactsListed,
    CommunicationNeedRecorded,
    DocumentFiled,
    EnforcementLetterIssued,
    OffenderDetailsCorrected,
    OffenderRecorded,
    PsoInvolvementApproved,
    RiskManagerConsulted,
    TraineeInvolved,
    VictimContactOffered,
)
from ledger.aggregates.roles import ANY_STAFF
from ledger.aggregates.shape import Fact
from ledger.api.web.asking import Pages, moments_of, session_here, signed_in
from ledger.api.web.frame import aggregate_here, frame, framed, view

Event = Mapping[str, Any]
TOLD: Final[tuple[type[Fact], ...]] = (
    OffenderRecorded,
    OffenderDetailsCorrected,
    CommunicationNeedRecorded,
    CaseContactsListed,
    TraineeInvolved,
    PsoInvolvementApproved,
    RiskManagerConsulted,
    VictimContactOffered,
)
LETTERS: Final[tuple[type[Fact], ...]] = (EnforcementLetterIssued, BreachWarningGiven)


async def people(request: Request) -> Response:
    """GET /case/offenders/{id}/people?as_at=&known_at="""
    aggregate_here(request)
    noun, id_, when = aggregate_here(request).noun, request.path_params["id"], moments_of(request)
    names = ("allocation", "register", "chronology")
    found, (allocation, register, told) = await frame(
        request, "people", *(view(request, noun, id_, each, when) for each in names)
    )
    shows = {
        "shown": told,
        "officers": allocation["practitioners"],
        "children": [
            {"ground": entry["ground"], "registered_on": entry["registered_on"], **child}
            for entry in register["entries"]
            for child in entry["children"]
        ],
        "named": _of(told["events"], TOLD),
    }
    return framed(request, found, "people.html", shows)


async def documents(request: Request) -> Response:
    """GET /case/offenders/{id}/documents?as_at=&known_at="""
    aggregate_here(request)
    noun, id_, when = aggregate_here(request).noun, request.path_params["id"], moments_of(request)
    found, (told,) = await frame(request, "documents", view(request, noun, id_, "chronology", when))
    events: Sequence[Event] = told["events"]
    shows = {
        "shown": told,
        "papers": papers(events),
        "letters": _of(events, LETTERS),
        "opens": session_here(request).role in ANY_STAFF,
    }
    return framed(request, found, "documents.html", shows)


def papers(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Documents by id: {doc_id, filed, stored}, each the row of that fact; None where there is none."""
    found: dict[str, dict[str, Any]] = {}
    for which, kind in (("filed", DocumentFiled), ("stored", DocumentStored)):
        for each in _of(events, (kind,)):
            doc_id = each["values"]["doc_id"]
            found.setdefault(doc_id, {"doc_id": doc_id, "filed": None, "stored": None})[which] = each
    return list(found.values())


def _of(events: Iterable[Event], kinds: Iterable[type[Fact]]) -> list[Event]:
    """The facts of these types; of what has limited access no type is told."""
    names = {each.__name__ for each in kinds}
    return [each for each in events if each.get("type") in names]


PAGES: Final[Pages] = (
    ("/case/offenders/{id}/people", "GET", signed_in(people)),
    ("/case/offenders/{id}/documents", "GET", signed_in(documents)),
)
