"""Audit: how both logs are vouched for, what was refused, who was shown a case, and how late things are recorded.

Everything here is told by the JSON routes too, to the same roles: /info and the checkpoints to everybody, refusals and
readings to auditors, the report to managers.  No page verifies the ledger: what `ledger verify` came to is shown.

Proven by tests/web/test_audit.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ledger.access.purposes import PURPOSES
from ledger.aggregates import COLLECTIONS
from ledger.aggregates.roles import ROLES, SENIOR_OR_ABOVE
from ledger.api.asking import AUDITORS, READERS, cursor_of
from ledger.api.readings import ANSWERS_THE_PERSON, OPENS_REASONS
from ledger.api.web.asking import Pages, moments_of, reader_here, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.words import duration
from ledger.application import Ledger
from ledger.errors import Forbidden, NotFound
from ledger.rules.dates import london_day
from ledger.store.log import Log
from ledger.store.verified import NotARecord
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import CosignatureVerifier, timestamp_of
from ledger.transparency.errors import FormatError
from ledger.transparency.note import Signature, open_note, parse_note

ROWS: Final = 100  # entries of the access log that are looked at for one page
LATE: Final = "late-recording"
WITNESS: Final = "A witness"
NOT_AUDITORS: Final = "What was refused, and to whom, is told to {}."
NOT_READINGS: Final = "Who was shown a case is told to {}."
NOT_MANAGERS: Final = "Numbers over the whole caseload are read by {}."


async def home(request: Request) -> Response:
    """GET /audit: the checkpoints, closings, witnesses and timestamps of both logs, and the last full verification."""
    ledger: Ledger = request.app.state.ledger
    role = session_here(request).role
    vouched = await ledger.vouched()
    logs = [
        await _log(ledger, ledger.store, vouched["ledger"], "The ledger", "/log"),
        await _log(ledger, ledger.store.access, vouched["access_log"], "The access log", "/access/log"),
    ]
    try:
        kept, spoiled = await asyncio.to_thread(ledger.verified), False
    except NotARecord:
        kept, spoiled = None, True
    shows = {
        "logs": logs,
        "verified": kept,
        "spoiled": spoiled,
        "age": duration(max(datetime.now(UTC) - kept.at, timedelta(0))) if kept else "",
        "since": logs[0]["size"] - kept.ledger.size if kept else 0,
        "may": {"refusals": role in AUDITORS, "late": role in SENIOR_OR_ABOVE, "what_if": role in READERS},
    }
    return page(request, "audit.html", shows)


async def refusals(request: Request) -> Response:
    """GET /audit/refusals?to=offender/019a…&rule=&by=&cursor="""
    ledger: Ledger = request.app.state.ledger
    _for(request, AUDITORS, NOT_AUDITORS)
    asked = _asked(request, ("to", "rule", "role"))
    items, after = await ledger.refusals(
        asked["to"] or None, cursor_of(request.query_params), most=ROWS, reader=reader_here(request)
    )
    kept = [each for each in items if _fits(each, asked)]
    shows = {
        "items": [each | {"at": _case_at(each.get("target_ref", ""))} for each in kept],
        "asked": asked,
        "left_out": len(items) - len(kept),
        "roles": ROLES,
        "next": _more("/audit/refusals", asked, after),
    }
    return page(request, "refusals.html", shows)


async def readings(request: Request) -> Response:
    """GET /audit/readings/{collection}/{id}?role=&purpose=&category=&who=&until=&cursor=: who was shown a case, oldest
    first; `who`: one of them, by id; `until`: no later than this day."""
    ledger: Ledger = request.app.state.ledger
    _for(request, AUDITORS | ANSWERS_THE_PERSON, NOT_READINGS)
    role, id_ = session_here(request).role, request.path_params["id"]
    aggregate = COLLECTIONS.get(request.path_params["collection"])
    if aggregate is None:
        raise NotFound("There is no such kind of case.")
    asked = _asked(request, ("role", "purpose", "category", "who", "until"))
    subject = role in ANSWERS_THE_PERSON
    items, after = await ledger.readings(
        aggregate.noun,
        id_,
        cursor_of(request.query_params),
        most=ROWS,
        subject=subject,
        words=role in OPENS_REASONS,
        reader=reader_here(request),
    )
    kept = [each for each in items if _fits(each, asked)]
    at = f"/audit/readings/{aggregate.collection}/{id_}"
    shows = {
        "noun": aggregate.noun,
        "id": id_,
        "at": at,
        "case": f"/case/{aggregate.collection}/{id_}" if role in READERS else None,
        "items": kept,
        "asked": asked,
        "subject": subject,
        "left_out": len(items) - len(kept),
        "roles": ROLES,
        "purposes": list(PURPOSES.values()),
        "categories": ("consultation", "combination", "disclosure", "erasure"),
        "next": _more(at, asked, after),
    }
    return page(request, "readings.html", shows)


async def late(request: Request) -> Response:
    """GET /audit/late-recording?as_at=: what came late, by team."""
    ledger: Ledger = request.app.state.ledger
    _for(request, SENIOR_OR_ABOVE, NOT_MANAGERS)
    found = await ledger.report(LATE, moments_of(request).as_at, reader=reader_here(request))
    items = [
        each | {"median": _of(each["median_minutes"]), "longest": _of(each["longest_minutes"])}
        for each in found["items"]
    ]
    return page(request, "late-recording.html", {"found": {**found, "items": items}})


# ------------------------------------------------------------------------------------ parts


async def _log(ledger: Ledger, log: Log, vouched: Mapping[str, Any], title: str, at: str) -> dict[str, Any]:
    """One log as people read it; its note's signatures are checked here, by the keys that are known here."""
    told: dict[str, Any] = {"title": title, "at": at, "origin": log.origin, "size": 0, "root": None, **vouched}
    try:
        note = await ledger.checkpoint(log)
    except NotFound as none:  # nothing is sealed yet, or no witness has signed
        return told | {"none": none.message}
    checkpoint = Checkpoint.parse(parse_note(note).text)
    return told | {
        "size": checkpoint.size,
        "root": checkpoint.root,
        "signatures": await asyncio.to_thread(_signatures, note, log),
    }


def _signatures(note: str, log: Log) -> list[dict[str, Any]]:
    """Whose signatures stand under a note, of which kind, and whether each is right by the key that is known here."""
    policy = log.cosigned.policy
    keys = [*log.cosigned.known, *(each.key for each in policy.witnesses.values())] if policy else log.cosigned.known
    right = {(each.name, each.key_id) for each in open_note(note, keys).signatures}
    second = {each.key_id for each in keys if isinstance(each, CosignatureVerifier) and each.name == log.origin}
    return [
        {
            "name": each.name,
            "key": each.key_id.hex(),
            "kind": _kind(each, log.origin, second),
            "at": _when(each) if each.name != log.origin else None,
            "right": (each.name, each.key_id) in right,
        }
        for each in parse_note(note).signatures
    ]


def _kind(signature: Signature, origin: str, second: set[bytes]) -> str:
    if signature.name != origin:
        return WITNESS
    return "The log itself, ML-DSA-44" if signature.key_id in second else "The log itself, Ed25519"


def _when(signature: Signature) -> datetime | None:
    try:
        seconds = timestamp_of(signature.signature)
    except FormatError:
        return None
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _for(request: Request, roles: frozenset[str], told: str) -> None:
    """Raises Forbidden for whom this is not told."""
    if session_here(request).role not in roles:
        raise Forbidden(told.format(", ".join(sorted(roles))))


def _asked(request: Request, names: Sequence[str]) -> dict[str, str]:
    """What a filter asks for, "" where it asks for nothing: as it stands in the address, shown again as text."""
    return {name: request.query_params.get(name, "").strip()[:100] for name in names}


def _fits(item: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    """Whether a row is what a filter asks for; one that says nothing of its case fits where nothing is asked."""
    by = item.get("by", {})
    role = by["role"] if by else item.get("role")
    if (until := asked.get("until")) and not ("recorded" in item and london_day(item["recorded"]).isoformat() <= until):
        return False
    said = {
        "role": [role],
        "who": [by.get("id")],
        "rule": item.get("rule_ids", ()),
        **{name: [item.get(name)] for name in _CODES},
    }
    return all(not value or value in said[name] for name, value in asked.items() if name in said)


_CODES: Final = ("purpose", "category")


def _more(at: str, asked: Mapping[str, str], after: int | None) -> str | None:
    given = {name: value for name, value in asked.items() if value}
    return None if after is None else f"{at}?{urlencode({**given, 'cursor': str(after)})}"


def _of(minutes: int) -> str:
    return duration(timedelta(minutes=minutes))


def _case_at(target: str) -> str | None:
    """The page of what a command was for, "offender/019a…"."""
    noun, _, id_ = target.partition("/")
    found = next((each.collection for each in COLLECTIONS.values() if each.noun == noun), None)
    return f"/case/{found}/{id_}" if found and id_ else None


PAGES: Final[Pages] = (
    ("/audit", "GET", signed_in(home)),
    ("/audit/refusals", "GET", signed_in(refusals)),
    ("/audit/readings/{collection}/{id}", "GET", signed_in(readings)),
    ("/audit/late-recording", "GET", signed_in(late)),
)
