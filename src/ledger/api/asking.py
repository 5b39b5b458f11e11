"""What every route asks of a request, who sends it and what stands after its question mark; and how JSON is answered.

Proven by tests/api/test_tokens.py and tests/api/test_bad_input.py.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ledger.access.purposes import Reader, reader
from ledger.aggregates import COLLECTIONS
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.roles import ANY_STAFF
from ledger.aggregates.shape import LIST_ITEMS, Actor, a_random_id
from ledger.api.tokens import Bearer, Tokens
from ledger.commands import NAME_LENGTH
from ledger.errors import Malformed, NotFound, Unauthenticated
from ledger.reading import a_day, an_instant

Endpoint = Callable[[Request], Awaitable[Response]]
Who = frozenset[str] | None  # the roles that may ask a route; OPEN
OPEN: Final = None  # to everybody, without a token
Routes = tuple[tuple[str, str, Who, Endpoint], ...]  # path, method, who, endpoint

# Those who work on cases read them with their values; inspectors and auditors read states and dates, values withheld.
READERS: Final = ANY_STAFF | {"inspector", "auditor"}
WITHHELD_FROM: Final = frozenset({"inspector", "auditor"})
# Those who look into who was refused what, and who read what, in whichever case.
AUDITORS: Final = frozenset({"auditor", "data-protection-officer"})

LARGEST_POSITION: Final = 10**15


def bearer_of(request: Request) -> Bearer:
    """Whom the token of a request speaks for.  Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token in the header Authorization: Bearer …")
    tokens: Tokens = request.app.state.tokens
    return tokens.check(token.strip())


def actor_of(request: Request) -> Actor:
    """Who acts, in which of the token's roles.  Raises Unauthenticated, Forbidden."""
    actor = bearer_of(request).acting(request.headers.get("ledger-role"))
    request.state.role = actor.role  # for the log
    return actor


def reader_of(request: Request) -> Reader:
    """Who reads, what for (Ledger-Purpose; else what the role is there for) and why in their own words (Ledger-Reason,
    percent-encoded UTF-8).  Raises Unauthenticated, Forbidden, Malformed."""
    headers = request.headers
    reason = headers.get("ledger-reason")
    try:
        told = None if reason is None else unquote(reason, errors="strict")
    except UnicodeDecodeError as wrong:
        raise Malformed("Ledger-Reason: percent-encode it as UTF-8.", {"Ledger-Reason": "not UTF-8"}) from wrong
    return reader(actor_of(request), headers.get("ledger-purpose"), told)


def aggregate_of(request: Request) -> Aggregate:
    """The noun whose collection an address names.  Raises NotFound."""
    name: str = request.path_params["collection"]
    found = COLLECTIONS.get(name)
    if found is None:
        raise NotFound(f"There is no collection {name[:40]!r}; there are: {', '.join(sorted(COLLECTIONS))}.")
    return found


def asked_of(request: Request, known: set[str]) -> Mapping[str, str]:
    """What stands after the question mark of an address, each thing once.  Raises Malformed."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        told = f"The address takes {', '.join(sorted(known)) or 'nothing'} after its question mark."
        raise Malformed(told, {name[:NAME_LENGTH]: "unknown parameter" for name in unknown[:LIST_ITEMS]})
    if len(request.query_params.multi_items()) > len(request.query_params):
        twice = {name: "asked twice" for name, _ in request.query_params.multi_items()}
        raise Malformed("Ask each thing once.", twice)
    return request.query_params


def number(name: str, text: str, most: int) -> int:
    """A whole number of an address.  Raises Malformed."""
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) > most:
        raise Malformed(f"{name}: a whole number up to {most}.", {name: "not such a number"})
    return int(text)


def limit_of(asked: Mapping[str, str], page: int, longest: int) -> int:
    """How many rows of a list are asked for: `page` where that is not said.  Raises Malformed for more than may be."""
    return max(1, number("limit", asked.get("limit", str(page)), longest))


def unit_of(asked: Mapping[str, str]) -> str:
    """The unit whose cases are asked for; "" for all.  Raises Malformed."""
    text = asked.get("unit", "")
    if not re.fullmatch(r"[^\x00-\x1f\x7f]{0,64}", text):
        raise Malformed("unit: the code of a unit.", {"unit": "not a code"})
    return text


def cursor_of(asked: Mapping[str, str]) -> int:
    """After which position of a log a page begins.  Raises Malformed."""
    text = asked.get("cursor", "0")
    if not re.fullmatch("[0-9]{1,15}", text):
        raise Malformed("cursor: as the page before gave it in `next`.", {"cursor": "not a cursor"})
    return int(text)


def day_asked(text: str, name: str = "as_at") -> date:
    """A day of an address.  Raises Malformed."""
    try:
        return a_day(text)
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.", {name: str(wrong)}) from wrong


def instant_asked(text: str, name: str = "known_at") -> datetime:
    """An instant of an address, also with a plus that was not escaped.  Raises Malformed."""
    try:
        return an_instant(re.sub(r" (?=\d\d:\d\d$)", "+", text) if "T" in text else text)
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.", {name: str(wrong)}) from wrong


def key_of(text: str | None) -> UUID | None:
    """The idempotency key of a header.  Raises Malformed."""
    if text is None:
        return None
    try:
        return UUID(a_random_id(text.strip().strip('"').lower()))
    except ValueError as wrong:
        raise Malformed("Idempotency-Key: use a UUID of version 4 or 7.", {"Idempotency-Key": str(wrong)}) from wrong


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON: days and instants (UTC, Z) in ISO form."""
    data = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return Response(data, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
