"""The body of a request: bounded in bytes and in time, JSON of one strict form.

Proven by tests/api/test_bad_input.py and tests/api/test_starving.py.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, cast

from starlette.requests import Request

from ledger.errors import Malformed, TooLarge, TooSlow, UnsupportedMedia
from ledger.reading import a_json

BODY_LIMIT: Final = 1_000_000  # bytes
BODY_SECONDS: Final = 60  # until a body has arrived whole


async def body_of(request: Request) -> bytes:
    """The body, at most BODY_LIMIT bytes, whatever its header says.  Raises TooLarge, TooSlow, UnsupportedMedia."""
    media = request.headers.get("content-type")
    if (media is not None and not _JSON.fullmatch(media)) or "content-encoding" in request.headers:
        raise UnsupportedMedia("Send the body as it is, with the header Content-Type: application/json.")
    return await arrived(request)


TOO_LARGE: Final = f"A request is at most {BODY_LIMIT:,} bytes. File long documents as documents."


async def arrived(request: Request, most: int = BODY_LIMIT, too_large: str = TOO_LARGE) -> bytes:
    """The body, whatever it is of, at most so many bytes and in BODY_SECONDS.  Raises TooLarge, TooSlow."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _whole(request, most, too_large)
    except TimeoutError as slow:
        raise TooSlow(f"The body had not arrived after {BODY_SECONDS} seconds. Send it again.") from slow


async def _whole(request: Request, most: int, too_large: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(too_large)
        parts.append(part)
    return b"".join(parts)


_JSON: Final = re.compile(r"application/json *(; *charset *= *\"?utf-8\"? *)?", re.IGNORECASE)


def fields_of(body: bytes) -> dict[str, Any]:
    """The fields of a command.  Raises Malformed for what is not one JSON object."""
    try:
        data = a_json(body or b"{}")
    except ValueError as wrong:
        raise Malformed(f"The body cannot be read: {wrong}.", {"body": str(wrong)}) from wrong
    if not isinstance(data, dict):
        raise Malformed("The body is one JSON object: the fields of the command.", {"body": "not an object"})
    return cast("dict[str, Any]", data)
