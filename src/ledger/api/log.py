"""The transparency log over HTTP, for whoever trusts nobody here; the same again under /access for the access log.

    GET /log/checkpoint, /log/vkey                  the newest released checkpoint, and the key that checks it
    GET /log/vkeys                                  every key that signs checkpoints now, a line each
    GET /log/announcements                          the keys that the log announced, each with its proof
    GET /log/tile/<L>/<N>[.p/<W>]                   hashes of the tree (C2SP tlog-tiles)
    GET /log/tile/entries/<N>[.p/<W>]               the entries themselves
    GET /log/proof/<position>                       that a fact is in the log (C2SP tlog-proof)
    GET /log/consistency?from=<size>[&to=<size>]    that the log only grew
    POST /log/closings                              close it now, for auditors and administrators

Hashes are open to everybody: they say nothing about anybody.  Entries are pseudonymous data about offences: an auditor
takes them, and each taking is sealed in the access log before it is answered.  A tile is the same for ever, so it may
be kept on the way; what moves with the newest checkpoint may not.

Proven by tests/api/test_log.py and tests/independent.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from time import monotonic
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ledger.api.asking import LARGEST_POSITION, OPEN, Routes, actor_of, asked_of, json, number
from ledger.application import Ledger
from ledger.errors import NotFound
from ledger.store import proving, rotating
from ledger.store.log import Log
from ledger.transparency.errors import FormatError
from ledger.transparency.note import encode_base64
from ledger.transparency.proof import SUFFIX
from ledger.transparency.tiles import ENTRIES, WIDTH, Tile, parse_path

FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
UNTIL_THE_NEXT: Final = {"Cache-Control": "no-cache"}
AUDITOR: Final = frozenset({"auditor"})
MAY_CLOSE: Final = frozenset({"auditor", "administrator"})
EVERY: Final = 1.0  # seconds


class Shown:
    """What /log/checkpoint says: it moves once a second (ledger-format.md, *Checkpoint*), so that who watches it does
    not see when each fact was recorded.  Cosigned, it moves when the witnesses were asked: LEDGER_WITNESSES_SECONDS."""

    def __init__(self, every: float = EVERY) -> None:
        """`every`: seconds between two checkpoints of one log."""
        self._every = every
        self._shown: dict[str, tuple[float, str]] = {}

    async def newest(self, ledger: Ledger, of: Log) -> str:
        """The one to show now.  Raises NotFound before the first, DatabaseUnavailable."""
        now = monotonic()
        at, note = self._shown.get(of.kept.name, (-EVERY, ""))
        if note and now - at < self._every:
            return note
        note = await ledger.checkpoint(of)
        later, shown = self._shown.get(of.kept.name, (at, note))
        if later > at:  # somebody else asked meanwhile, and got an answer first
            return shown
        self._shown[of.kept.name] = now, note
        return note


def log_of(request: Request) -> Log:
    """The log that an address is about: the ledger's own, or under /access its access log."""
    ledger: Ledger = request.app.state.ledger
    return ledger.store.access if request.url.path.startswith("/access/") else ledger.store


async def checkpoint(request: Request) -> Response:
    """The newest released checkpoint, at most a second old, a C2SP signed note."""
    shown: Shown = request.app.state.shown
    note = await shown.newest(request.app.state.ledger, log_of(request))
    return PlainTextResponse(note, headers=UNTIL_THE_NEXT)


async def vkey(request: Request) -> Response:
    """The key that checks it."""
    return PlainTextResponse(log_of(request).signer.verifier().vkey() + "\n")


async def vkeys(request: Request) -> Response:
    """Every key of the log's own, a line each."""
    return PlainTextResponse("".join(f"{each}\n" for each in log_of(request).vkeys))


async def announcements(request: Request) -> Response:
    """Each key that the log announced, with what makes a reader of the one before accept it; and each accepted loss."""
    asked_of(request, set())
    log = log_of(request)
    return json({"announcements": await rotating.announcements(log), "losses": await rotating.losses(log)})


async def tile(request: Request) -> Response:
    """Hashes of a tile, 32 bytes each."""
    data = await proving.tile(log_of(request), _tile(request, ""))
    return Response(data, headers=FOR_EVER, media_type="application/octet-stream")


async def entries(request: Request) -> Response:
    """Entries, each after its length; the taking is sealed first."""
    ledger: Ledger = request.app.state.ledger
    log, wanted = log_of(request), _tile(request, "entries/")
    data = await proving.tile(log, wanted)
    first = wanted.index * WIDTH + 1
    await ledger.access.taken(actor_of(request), log, first, first + wanted.width - 1)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", request.headers.get("accept-encoding", "")):
        data = await asyncio.to_thread(gzip.compress, data, 6)
        headers["Content-Encoding"] = "gzip"
    return Response(data, headers=headers, media_type="application/octet-stream")


async def proof(request: Request) -> Response:
    """A proof to keep, with the newest checkpoint in it."""
    asked_of(request, set())
    position = request.path_params["position"]
    if not re.fullmatch("[1-9][0-9]{0,14}", position):
        raise NotFound(f"There is no fact at position {position[:40]!r}: the first is at 1.")
    made = await proving.inclusion(log_of(request), int(position))
    name = {"Content-Disposition": f'inline; filename="{position}{SUFFIX}"'}
    return PlainTextResponse(made.write(), headers=UNTIL_THE_NEXT | name)


async def consistency(request: Request) -> Response:
    """GET /log/consistency?from=&to=; `checkpoint` is that of `to`, null where none was made of this size."""
    asked = asked_of(request, {"from", "to"})
    size = number("from", asked.get("from", ""), LARGEST_POSITION)
    later = number("to", asked["to"], LARGEST_POSITION) if "to" in asked else None
    made = await proving.consistency(log_of(request), size, later)
    hashes = [encode_base64(each) for each in made.hashes]
    return json({"from": made.size, "to": made.later, "hashes": hashes, "checkpoint": made.note})


async def close(request: Request) -> Response:
    """POST /log/closings: a closing that covers all that was recorded when this was asked; the newest, if it does."""
    asked_of(request, set())
    ledger: Ledger = request.app.state.ledger
    made = await ledger.close_now(of=log_of(request))
    told = {"position": made.position, "size": made.size, "heads": encode_base64(made.heads), "recorded": made.recorded}
    return json(told)


def _tile(request: Request, kind: str) -> Tile:
    asked_of(request, set())
    path = request.path_params["path"]
    try:
        found = parse_path(f"tile/{kind}{path}")
    except FormatError as wrong:
        raise NotFound(f"There is no tile {path[:80]!r}: use <L>/<N> or <L>/<N>.p/<W>, N as x001/x234/067.") from wrong
    if (found.level == ENTRIES) != bool(kind):
        raise NotFound("Entries are asked for by auditors, at tile/entries/<N>.")
    return found


ROUTES: Final[Routes] = tuple(
    route
    for log in ("/log", "/access/log")
    for route in (
        (f"{log}/checkpoint", "GET", OPEN, checkpoint),
        (f"{log}/vkey", "GET", OPEN, vkey),
        (f"{log}/vkeys", "GET", OPEN, vkeys),
        (f"{log}/announcements", "GET", OPEN, announcements),
        (f"{log}/tile/entries/{{path:path}}", "GET", AUDITOR, entries),
        (f"{log}/tile/{{path:path}}", "GET", OPEN, tile),
        (f"{log}/proof/{{position}}", "GET", OPEN, proof),
        (f"{log}/consistency", "GET", OPEN, consistency),
        (f"{log}/closings", "POST", MAY_CLOSE, close),
    )
)
