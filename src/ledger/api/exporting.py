"""A case over HTTP as a bundle: `POST /offenders/{id}/export` with {purpose, recipient}, answered with a zip.

It is a POST though nothing of the case changes: each export is an entry of the access log.  Proven by
tests/disclosing/test_doors.py.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import Routes, actor_of, asked_of
from ledger.api.bodies import body_of, fields_of
from ledger.api.openapi import EXPORTED
from ledger.application import Ledger
from ledger.disclosing.table import MAY_EXPORT
from ledger.errors import Malformed
from ledger.transparency.bundle.contents import digest_of


async def export(request: Request) -> Response:
    """The bundle; Ledger-Manifest is the digest that was sealed."""
    ledger: Ledger = request.app.state.ledger
    actor = actor_of(request)
    asked_of(request, set())
    given = fields_of(await body_of(request))
    _check(given)
    made = await ledger.export("offender", request.path_params["id"], given["purpose"], given["recipient"], actor)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Ledger-Manifest": digest_of(made.manifest.write()),
    }
    return Response(made.data, headers=headers, media_type="application/zip")


def _check(given: dict[str, Any]) -> None:
    errors = {name: "not a field of an export" for name in given if name not in ("purpose", "recipient")}
    errors |= {name: "give a text" for name in ("purpose", "recipient") if not isinstance(given.get(name), str)}
    if errors:
        raise Malformed("An export is asked for with a purpose and a recipient.", errors)


ROUTES: Final[Routes] = ((EXPORTED, "POST", MAY_EXPORT, export),)
