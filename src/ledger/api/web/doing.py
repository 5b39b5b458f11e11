"""Doing: what may be recorded on a case, the form of each command, and the receipt.

A form carries the key of its request, so that a double click, or a page sent again, records once; and the position that
its author was looking at.  A refusal is the same form with the rule's own words, and nothing is lost of what was filled
in.

Proven by tests/web/test_doing.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.aggregates import COLLECTIONS
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.documents import DocumentStored
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact, a_random_id
from ledger.api.asking import READERS, WITHHELD_FROM
from ledger.api.openapi import command_named, kebab, told_as
from ledger.api.operating import Operating
from ledger.api.web.asking import Pages, form_of, reader_here, session_here, signed_in
from ledger.api.web.fields import A_NEW_ONE, TELLING, Field, data_of, fields_of, known_in
from ledger.api.web.pages import HEADERS, page
from ledger.api.web.words import words
from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import Conflict, Forbidden, KeyReused, Malformed, NotFound

KEY: Final = "key"
SEEN: Final = "seen"


async def choose(request: Request) -> Response:
    """GET /record/{collection}/{id}: what this role may record."""
    aggregate = _aggregate(request)
    role = session_here(request).role
    offered = [
        {
            "says": words(_name(each)),
            "about": (each.__doc__ or "").strip(),
            "at": f"{request.url.path}/{kebab(_name(each))}",
        }
        for each in aggregate.every_fact
        if _name(each) and role in roles_for(each)
    ]
    offered.sort(key=lambda each: each["says"])
    return page(request, "record.html", {"offered": offered, **_whose(aggregate, request)})


async def form(request: Request) -> Response:
    """GET /record/{collection}/{id}/{command}: the form."""
    aggregate, fact = _command(request)
    known, position = await _known(request, aggregate)
    fields = fields_of(aggregate.noun, fact, known)
    return _form(request, aggregate, fact, fields, key=str(uuid4()), seen=str(position))


async def send(request: Request) -> Response:
    """POST the same: recorded, or the form again with what stands in the way."""
    ledger: Ledger = request.app.state.ledger
    operating: Operating = request.app.state.operating
    aggregate, fact = _command(request)
    sent = await form_of(request, request.url.path)
    key, seen = _key(sent.get(KEY, "")), sent.get(SEEN, "")
    command = Command(
        name=_name(fact),
        noun=aggregate.noun,
        id=request.path_params["id"],
        data=data_of(aggregate.noun, fact, sent),
        actor=session_here(request).actor,
        key=key,
        seen={"position": int(seen)} if seen.isascii() and seen.isdigit() and len(seen) < 16 and int(seen) else None,
    )
    try:
        with operating.one_command():
            acknowledged = await ledger.execute(command)
    except (Malformed, Conflict) as refused:
        known, _ = await _known(request, aggregate)
        fields = [_filled(each, sent) for each in fields_of(aggregate.noun, fact, known)]
        # Nothing was recorded under this key, but where it has been: then this is another request.
        again = uuid4() if isinstance(refused, KeyReused) else key
        return _form(request, aggregate, fact, fields, key=str(again), seen=seen, refused=refused)
    receipt = acknowledged.body["events"][0]
    warned = "&".join(f"rule={each['rule']}" for each in acknowledged.body["warnings"])
    at = f"/receipts/{receipt['position']}?of={request.path_params['collection']}/{request.path_params['id']}&{warned}"
    return RedirectResponse(at, 303, HEADERS)


async def receipt(request: Request) -> Response:
    """GET /receipts/{position}: that it is recorded, and where its proof is."""
    position = request.path_params["position"]
    if not (position.isascii() and position.isdigit() and len(position) < 16):
        raise NotFound("A receipt is named by a position, such as 4711.")
    ledger: Ledger = request.app.state.ledger
    if not await ledger.store.database.entries(int(position), int(position)):
        raise NotFound(f"Nothing is recorded at position {position}.")
    of = request.query_params.get("of", "")
    collection, _, case = of.partition("/")
    try:
        case = a_random_id(case) if collection in COLLECTIONS else ""
    except ValueError:
        case = ""
    shows = {
        "position": int(position),
        "back": f"/case/{collection}/{case}" if case else None,
        "more": f"/record/{collection}/{case}" if case else None,
        "rules": [each for each in request.query_params.getlist("rule") if each.isascii() and len(each) < 10],
    }
    return page(request, "receipt.html", shows)


# ------------------------------------------------------------------------------------ parts


def _form(
    request: Request,
    aggregate: Aggregate,
    fact: type[Fact],
    fields: list[Field],
    *,
    key: str,
    seen: str,
    refused: Malformed | Conflict | None = None,
) -> Response:
    told: Mapping[str, Any] = refused.extra() if refused else {}
    shows = {
        **_whose(aggregate, request),
        "title": words(_name(fact)),
        "about": (fact.__doc__ or "").strip(),
        "fields": fields,
        "hidden": {KEY: key, SEEN: seen, "form": session_here(request).form_token(request.url.path)},
        "wrong": told.get("errors", {}),
        "refusals": told.get("refusals", ()),
        "refused": refused.message if refused else "",
        "rules": fact.rules,
    }
    return page(request, "form.html", shows, status=refused.status if refused else 200)


def _whose(aggregate: Aggregate, request: Request) -> dict[str, Any]:
    id_ = request.path_params["id"]
    return {"noun": aggregate.noun, "id": id_, "case": f"/case/{aggregate.collection}/{id_}", "at": request.url.path}


def _filled(field: Field, sent: Mapping[str, str]) -> Field:
    """As it was sent; the new id that was chosen stays the same one."""
    value = sent.get(field.name, "")
    choices = field.choices
    if choices and value not in ("", *(each.value for each in choices)):
        choices = [replace(each, value=value) if each.says == A_NEW_ONE else each for each in choices]
    return replace(field, value=value, choices=choices)


async def _known(request: Request, aggregate: Aggregate) -> tuple[dict[str, Any], int]:
    """The ids that the case knows, and up to which fact; nothing of a case that is not there yet, or not to be read."""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    view = TELLING.get(aggregate.noun)
    if view is None or session.role not in READERS:
        return {}, 0
    try:
        told = await ledger.view(
            aggregate.noun,
            request.path_params["id"],
            view,
            withhold=session.role in WITHHELD_FROM,
            reader=reader_here(request),
        )
    except NotFound:
        return {}, 0
    return known_in(told["events"] if "events" in told else told.get("course", ())), told["position"]


def _name(fact: type[Fact]) -> str:
    """What it is recorded by; "" for what nobody gives, and for a document, which comes as a file elsewhere."""
    return "" if fact is DocumentStored else told_as(fact)


def _aggregate(request: Request) -> Aggregate:
    found = COLLECTIONS.get(request.path_params["collection"])
    if found is None:
        raise NotFound("There is no such kind of case.")
    return found


def _command(request: Request) -> tuple[Aggregate, type[Fact]]:
    """The command of an address.  Raises NotFound; Forbidden for a role that may not give it."""
    aggregate = _aggregate(request)
    name = command_named(request.path_params["command"])
    found = next((each for each in aggregate.every_fact if _name(each) == name), None)
    if found is None:
        raise NotFound(f"Nothing called {name[:60]!r} is recorded on a {aggregate.noun}.")
    if (role := session_here(request).role) not in roles_for(found):
        raise Forbidden(f"{words(name)} is not recorded by {words(role).lower()}.")
    return aggregate, found


def _key(text: str) -> UUID:
    try:
        return UUID(a_random_id(text))
    except ValueError as wrong:
        raise Malformed("The form has lost its key. Open its page again.", {"form": "no key"}) from wrong


PAGES: Final[Pages] = (
    ("/record/{collection}/{id}", "GET", signed_in(choose)),
    ("/record/{collection}/{id}/{command}", "GET", signed_in(form)),
    ("/record/{collection}/{id}/{command}", "POST", signed_in(send)),
    ("/receipts/{position}", "GET", signed_in(receipt)),
)
