"""Documents over HTTP, streamed into memory only.

    PUT /{collection}/{id}/documents/{doc_id}?kind=&marking=&child_id=      the bytes; Content-Type says what they are
    GET /{collection}/{id}/documents/{doc_id}                               the same again, for those entitled

`kind` and `marking` are taken from the filed document where there is one.  Proven by tests/api/test_documents.py.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.documents import MEDIA, DocumentStored
from ledger.aggregates.roles import ANY_STAFF, roles_for
from ledger.api.asking import Routes, actor_of, aggregate_of, asked_of, json, key_of, reader_of
from ledger.api.bodies import BODY_SECONDS
from ledger.application import Ledger
from ledger.application.documents import LARGEST
from ledger.commands import Command
from ledger.errors import TooLarge, TooSlow, UnsupportedMedia

PATH: Final = "/{collection}/{id}/documents/{doc_id}"
ENDINGS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}


async def store(request: Request) -> Response:
    """The bytes of a document: 201 with a receipt."""
    ledger: Ledger = request.app.state.ledger
    actor = actor_of(request)
    aggregate = aggregate_of(request)
    given: dict[str, Any] = dict(asked_of(request, {"kind", "marking", "child_id"}))
    media = request.headers.get("content-type", "")
    if media not in MEDIA or "content-encoding" in request.headers:
        raise UnsupportedMedia(f"Send a document as it is, with the header Content-Type: one of {', '.join(MEDIA)}.")
    data = given | {"doc_id": request.path_params["doc_id"], "media_type": media}
    key = key_of(request.headers.get("idempotency-key"))
    command = Command(DocumentStored.act, aggregate.noun, request.path_params["id"], data, actor, key=key)
    done = await ledger.store_document(command, await _bytes(request))
    return json(done.body, 200 if done.repeated else 201, {"ETag": f'"{done.version}"'})


async def opened(request: Request) -> Response:
    """The document; it is never shown in place, whatever its bytes say."""
    ledger: Ledger = request.app.state.ledger
    asked_of(request, set())
    given = request.path_params
    found = await ledger.document(aggregate_of(request).noun, given["id"], given["doc_id"], reader=reader_of(request))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{found.doc_id}.{ENDINGS[found.media_type]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.data, headers=headers, media_type=found.media_type)


async def _bytes(request: Request) -> bytes:
    """The body, at most LARGEST bytes.  Raises TooLarge, TooSlow."""
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                parts += part
                if len(parts) > LARGEST:
                    raise TooLarge(f"A document is at most {LARGEST:,} bytes.")
    except TimeoutError as slow:
        raise TooSlow(f"The document had not arrived after {BODY_SECONDS} seconds. Send it again.") from slow
    return bytes(parts)


ROUTES: Final[Routes] = (
    (PATH, "PUT", roles_for(DocumentStored), store),
    (PATH, "GET", ANY_STAFF, opened),
)
