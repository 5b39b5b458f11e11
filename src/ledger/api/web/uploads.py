"""A form with a file in it, read in memory and never written anywhere (RFC 7578, the part of it that browsers send).

    fields, files = await sent_with_file(request, "/audit/bundles", most)

Each part has one name; a file is told by its `filename`, which is not looked at: nothing here is called by a name that
somebody sent.  Proven by tests/web/test_uploads.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from ledger.api.bodies import arrived
from ledger.api.web.asking import STALE, TOKEN, session_here
from ledger.errors import Forbidden, Malformed, UnsupportedMedia

MOST_PARTS: Final = 20
LONGEST_HEAD: Final = 2_000  # bytes of what stands before a part's content
LONGEST_FIELD: Final = 100_000  # bytes
_TYPE: Final = re.compile(r'multipart/form-data *; *boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?', re.IGNORECASE)
_NAMED: Final = re.compile(
    rb'content-disposition: *form-data; *name="([a-z0-9_-]{1,60})"(; *filename="[^\r\n]*")?', re.IGNORECASE
)
NOT_READABLE: Final = "The form could not be read. Open its page again."


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form."""

    name: str
    is_file: bool
    data: bytes


async def sent_with_file(
    request: Request, purpose: str, most: int, too_large: str
) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields and the files of a form of ours, each once.

    `most`: bytes of all of it.  Raises Forbidden for a form that is not ours, Malformed, TooLarge, TooSlow,
    UnsupportedMedia.
    """
    found = _TYPE.fullmatch(request.headers.get("content-type", ""))
    if found is None:
        raise UnsupportedMedia("Send the form as its page has it.")
    body = await arrived(request, most, too_large)
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in parts_in(body, found[1].encode()):
        if part.name in fields or part.name in files:
            raise Malformed(NOT_READABLE, {"form": "a field twice"})
        if part.is_file:
            files[part.name] = part.data
        else:
            fields[part.name] = _text(part.data)
    if not session_here(request).sent(purpose, fields.pop(TOKEN, "")):
        raise Forbidden(STALE)
    return fields, files


def parts_in(body: bytes, boundary: bytes) -> Iterator[Part]:
    """The parts of a body, in order.  Raises Malformed for what no browser sends."""
    mark = b"--" + boundary
    if not body.startswith(mark):
        raise Malformed(NOT_READABLE, {"form": "it does not begin with a part"})
    at = len(mark)
    for _ in range(MOST_PARTS):
        if body.startswith(b"--", at):
            return
        if not body.startswith(b"\r\n", at):
            break
        head_ends = body.find(b"\r\n\r\n", at, at + LONGEST_HEAD)
        ends = body.find(b"\r\n" + mark, head_ends + 2) if head_ends >= 0 else -1
        named = [_NAMED.fullmatch(line) for line in body[at:head_ends].split(b"\r\n")] if ends >= 0 else []
        told = [each for each in named if each is not None]
        if len(told) != 1:
            break
        yield Part(told[0][1].decode(), told[0][2] is not None, body[head_ends + 4 : max(ends, head_ends + 4)])
        at = ends + 2 + len(mark)
    raise Malformed(NOT_READABLE, {"form": "a part that cannot be read"})


def _text(data: bytes) -> str:
    try:
        if len(data) > LONGEST_FIELD:
            raise Malformed(NOT_READABLE, {"form": "a field too long"})
        return data.decode()
    except UnicodeDecodeError as wrong:
        raise Malformed(NOT_READABLE, {"form": "not readable"}) from wrong
