"""Every error as one shape: an RFC 9457 problem document, application/problem+json.

Its `type` is /problems/<code> with the codes of ledger.errors; no stack trace, SQL or personal value ever stands in
it.  Proven by tests/api/test_problems.py.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from starlette.responses import Response

from ledger.errors import (
    Damaged,
    LedgerError,
    MethodNotAllowed,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthenticated,
    Unavailable,
    Unexpected,
)
from ledger.logs import place_of
from ledger.privacy.sealing import Unreadable

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


def problem(error: LedgerError) -> Response:
    """The document for an error, with the headers that go with it."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        **error.extra(),
    }
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable | TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooLarge | TooSlow):
        headers["Connection"] = "close"  # or the rest of the body would be read to its end
    return Response(orjson.dumps(body), error.status, headers, MEDIA_TYPE)


def of_any(error: Exception) -> Response:
    """The document for whatever went wrong."""
    return problem(known(error))


def known(error: Exception) -> LedgerError:
    """Whatever went wrong as one of our errors; what is not ours to explain is logged by its type and place alone."""
    if isinstance(error, LedgerError):
        return error
    if isinstance(error, Unreadable):
        log.error("%s", error)
        return Damaged("A sealed value cannot be read, and no erasure says why. Tell the operator.")
    log.error("unexpected %s at %s", type(error).__name__, place_of(error))
    return Unexpected("Something is wrong on our side. Nothing was recorded by halves; try again.")
