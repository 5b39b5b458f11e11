"""A receipt looked up: what is recorded at a position, and its inclusion proof verified step by step.

Somebody gives a position, a leaf hash or a whole receipt, as its command answered it.  What the fact says is told by
the case's own timeline, to whoever may read that, or, without any value, by the log's entries to an auditor, each
showing sealed as a reading or a taking of those is.  The proof is everybody's.  Nothing that is sent here is kept.

Proven by tests/web/test_facts.py.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.aggregates import AGGREGATES, noun_of
from ledger.api.asking import READERS, WITHHELD_FROM
from ledger.api.log import AUDITOR
from ledger.api.web.asking import Pages, form_of, reader_here, session_here, signed_in
from ledger.api.web.pages import HEADERS, page
from ledger.api.web.steps import Step, grown, included, signed, until_one_fails
from ledger.application import Ledger
from ledger.errors import LimitedAccess, Malformed, NotFound
from ledger.reading import a_json
from ledger.store import proving
from ledger.store.log import Log
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError
from ledger.transparency.note import decode_base64, parse_note
from ledger.transparency.proof import Proof

WHAT: Final = "what"
NO_RECEIPT: Final = (
    "Give a position such as 4711, a leaf hash (64 hexadecimal digits, or 44 characters of base64), "
    "or a receipt as its command answered it."
)
NO_LEAF: Final = "No fact of this ledger has this leaf hash."
NOT_HERE: Final = "There is no fact at position {position} of this log yet."
MOST: Final = 20  # facts of one receipt
_LIMITED: Final = "What it says is not shown to you: access to its case is limited."
_PROOF_ALONE: Final = (
    "What it says is shown on the pages of its case, to those who may read it; its proof to everybody."
)
_ELSEWHERE: Final = "What it says stands on the timeline of a case, and had not taken effect by today."


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a receipt says of one fact."""

    position: int
    leaf: bytes


async def ask(request: Request) -> Response:
    """GET /audit/facts"""
    return _form(request)


async def find(request: Request) -> Response:
    """POST the same: the fact's page, or for a receipt what becomes of each of its claims."""
    ledger: Ledger = request.app.state.ledger
    sent = await form_of(request, request.url.path)
    text = sent.get(WHAT, "").strip()
    try:
        if (position := _position(text)) is None and (leaf := _leaf(text)) is not None:
            position = await _place(ledger.store, leaf)
        if position is not None:
            return RedirectResponse(f"/audit/facts/{position}", 303, HEADERS)
        claimed, note = _receipt(text)
        checked = [await _checked(ledger, each, note) for each in claimed]
    except (Malformed, NotFound) as wrong:
        return _form(request, text, wrong.message, status=wrong.status)
    return page(request, "receipt-checked.html", {"checked": checked})


async def fact(request: Request) -> Response:
    """GET /audit/facts/{position}?log=access: what is recorded there, and its proof step by step."""
    ledger: Ledger = request.app.state.ledger
    text, of = request.path_params["position"], request.query_params.get("log", "")
    position = _position(text)
    if position is None or of not in ("", "access"):
        raise NotFound("A fact is named by its position, such as 4711.")
    log = ledger.store.access if of else ledger.store
    entry, proof, checkpoint = await _proven(log, position)
    first, _ = signed(proof.note, log.names)
    told = await _told(request, log, position, entry)
    at = "/access/log" if of else "/log"
    shows = {
        **told,
        "position": position,
        "log": "access log" if of else "ledger",
        "steps": until_one_fails([*included(entry, proof, checkpoint), first]),
        "proof": f"{at}/proof/{position}",
        "keys": f"{at}/vkeys",
    }
    return page(request, "fact.html", shows)


# ------------------------------------------------------------------------------------ what somebody gave


def _position(text: str) -> int | None:
    found = re.fullmatch("[0-9][0-9,]{0,19}", text)
    number = int(text.replace(",", "")) if found else 0
    return number if 0 < number < 10**15 else None


def _leaf(text: str) -> bytes | None:
    """A leaf hash in either spelling; None for what is none."""
    try:
        if re.fullmatch("[0-9a-fA-F]{64}", text):
            return binascii.unhexlify(text)
        return decode_base64(text) if re.fullmatch("[A-Za-z0-9+/]{43}=", text) else None
    except FormatError:
        return None


def _receipt(text: str) -> tuple[list[Claimed], str]:
    """The claims of a receipt, and the note that its checkpoint is.  Raises Malformed."""
    try:
        given: Any = a_json(text.encode())
        events = cast("list[Mapping[str, Any]]", given["events"])[:MOST]
        claimed = [Claimed(int(each["position"]), decode_base64(str(each["leaf"]))) for each in events]
        note = str(given["checkpoint"])
        Checkpoint.parse(parse_note(note).text)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, FormatError) as wrong:
        raise Malformed(NO_RECEIPT, {WHAT: "not a receipt"}) from wrong
    if not claimed or any(not 0 < each.position < 10**15 for each in claimed):
        raise Malformed(NO_RECEIPT, {WHAT: "not a receipt"})
    return claimed, note


async def _place(log: Log, leaf: bytes) -> int:
    size = (await log.covering(1))[0].size
    found = await log.tiles.position_of(leaf, size)
    if found is None:
        raise NotFound(NO_LEAF)
    return found


# ------------------------------------------------------------------------------------ what becomes of it


async def _proven(log: Log, position: int) -> tuple[bytes, Proof, Checkpoint]:
    """The entry, its proof, and the checkpoint that this is under.  Raises NotFound."""
    proof, found = await asyncio.gather(proving.inclusion(log, position), log.database.entries(position, position))
    if not found:
        raise NotFound(NOT_HERE.format(position=position))
    return found[0][2], proof, Checkpoint.parse(parse_note(proof.note).text)


async def _checked(ledger: Ledger, claimed: Claimed, note: str) -> dict[str, Any]:
    """A receipt's claim of one fact, against what the log holds now."""
    log, position = ledger.store, claimed.position
    by_receipt, earlier = signed(note, log.names, "The log signed the checkpoint in the receipt")
    steps = [by_receipt]
    if earlier.size < position:
        says = f"It is of {earlier.size:,} facts, and the fact would be number {position:,}."
        steps.append(Step("That checkpoint covers the fact", holds=False, says=(says,)))
        return {"position": position, "steps": until_one_fails(steps)}
    try:
        entry, proof, checkpoint = await _proven(log, position)
        hashes = () if earlier.size > checkpoint.size else (await _consistency(log, earlier, checkpoint))
    except NotFound as beyond:
        steps.append(Step("The log holds so many facts", holds=False, says=(beyond.message,)))
        return {"position": position, "steps": until_one_fails(steps)}
    steps += [grown(earlier, hashes, checkpoint)]
    first, *others = included(entry, proof, checkpoint)
    same = (("In the receipt", claimed.leaf), *first.hashes)
    steps.append(Step("The leaf hash in the receipt is that of the fact", first.hashes[0][1] == claimed.leaf, (), same))
    steps += [*others, signed(proof.note, log.names)[0]]
    return {"position": position, "steps": until_one_fails(steps), "holds": all(each.holds for each in steps)}


async def _consistency(log: Log, earlier: Checkpoint, checkpoint: Checkpoint) -> Sequence[bytes]:
    return (await proving.consistency(log, earlier.size, checkpoint.size)).hashes


async def _told(request: Request, log: Log, position: int, entry: bytes) -> dict[str, Any]:
    """What may be told of a fact to whoever asks: the entry without its values, its row of a timeline, or neither."""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    members: dict[str, Any] = orjson.loads(entry)
    stream = str(members["stream"])
    noun = noun_of(stream)
    if session.role in AUDITOR:
        await ledger.access.taken(session.actor, log, position, position)
        return {"envelope": _envelope(members), "case": _case_of(noun, stream), "row": None, "says": None}
    nothing = {"envelope": None, "case": None, "row": None}
    if log is not ledger.store or noun != "offender" or session.role not in READERS:
        return nothing | {"says": _PROOF_ALONE}
    try:
        found = await ledger.view(
            noun,
            stream.removeprefix(f"{noun}-"),
            "chronology",
            withhold=session.role in WITHHELD_FROM,
            reader=reader_here(request),
        )
    except LimitedAccess:
        return nothing | {"says": _LIMITED}
    row = next((each for each in found["events"] if each.get("position") == position), None)
    case = _case_of(noun, stream)
    return {"envelope": None, "case": case, "row": row, "says": None if row else _ELSEWHERE}


def _envelope(members: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's members in its own order; of what is sealed only which fields are."""
    sealed = list(members.get("sealed", {}))
    return {
        **{name: each for name, each in members.items() if name != "sealed"},
        **({"sealed": sealed} if sealed else {}),
    }


def _case_of(noun: str, stream: str) -> str | None:
    return f"/case/{AGGREGATES[noun].collection}/{stream[len(noun) + 1 :]}" if noun == "offender" else None


def _form(request: Request, text: str = "", wrong: str = "", status: int = 200) -> Response:
    shows = {"text": text, "wrong": wrong, "form": session_here(request).form_token("/audit/facts")}
    return page(request, "facts.html", shows, status=status)


PAGES: Final[Pages] = (
    ("/audit/facts", "GET", signed_in(ask)),
    ("/audit/facts", "POST", signed_in(find)),
    ("/audit/facts/{position}", "GET", signed_in(fact)),
)
