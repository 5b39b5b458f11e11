"""Stream `ledger`: what the log says of itself: what a release brings with it (GEN-01, GEN-09), and its closings.

`ReleaseStarted` seals the built-in settings, the rule editions and the bank holidays of a release.  So a replay never
asks the code of today what yesterday's number was.  The application writes it, as role `system`, when it differs from
the last one.  `Closed` seals what was recorded by then about whom; the store writes it (ledger.store.closing), in the
access log too.  The others say how the log is to be checked: its keys, where it was begun anew after a loss, and who
else vouches for when it was.

Proven by tests/aggregates/test_policy.py, tests/store/test_closing.py and test_rotating.py.
"""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from ledger.aggregates.shape import LIST_ITEMS, Actor, Code, Count, Fact, Instant
from ledger.rules.calendar_source import SOURCE, bank_holidays
from ledger.rules.registry import EDITIONS
from ledger.rules.settings import SETTINGS
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import is_key_name, parse_note

STREAM = "ledger"
SYSTEM: Final = Actor("00000000-0000-4000-8000-000000000000", "system")  # who writes what nobody gives


def a_hash(value: str) -> str:
    """32 bytes in base64."""
    try:
        found = base64.b64decode(value, validate=True)
    except binascii.Error:
        found = b""
    if len(found) != 32 or base64.b64encode(found).decode() != value:
        raise ValueError("use a hash of 32 bytes in base64")
    return value


def a_vkey(value: str) -> str:
    """A verifier key, one line."""
    try:
        parse_vkey(value)
    except TransparencyError as wrong:
        raise ValueError(f"use a verifier key: {wrong}") from wrong
    return value


def a_name(value: str) -> str:
    """What a log may be called."""
    if not is_key_name(value) or len(value.encode()) > 255:
        raise ValueError("use a name like example.org/probation-ledger, without spaces and '+', of at most 255 bytes")
    return value


def a_checkpoint(value: str) -> str:
    """A signed note that is a checkpoint; by whom is not looked at."""
    try:
        Checkpoint.parse(parse_note(value).text)
    except TransparencyError as wrong:
        raise ValueError(f"use a signed checkpoint: {wrong}") from wrong
    return value


def a_base64(value: str) -> str:
    """Bytes in base64."""
    try:
        found = base64.b64decode(value, validate=True)
    except binascii.Error:
        found = b""
    if not found or base64.b64encode(found).decode() != value:
        raise ValueError("use bytes in base64")
    return value


Hash = Annotated[str, AfterValidator(a_hash)]
Base64 = Annotated[str, AfterValidator(a_base64)]
VerifierKey = Annotated[str, AfterValidator(a_vkey)]
LogName = Annotated[str, AfterValidator(a_name)]
SignedCheckpoint = Annotated[str, AfterValidator(a_checkpoint)]
Lines = Annotated[list[dict[str, str]], Field(max_length=LIST_ITEMS)]


class ReleaseStarted(Fact, topic="ledger.release-started.v1", who=("system",), rules=("GEN-01", "GEN-09")):
    """A release of the software began to serve, with these settings, editions and bank holidays.

    `settings`: lines of {key, value}, "" where nothing is built in; `bank_holidays`: lines of {date, name}, ISO days.
    The years loaded are those from the first to the last of these days.
    """

    software: Code
    editions: list[Code]
    settings: Lines
    bank_holidays: Lines
    calendar_source: Code


class Closed(Fact, topic="ledger.closed.v1", who=("system",), rules=("GEN-06",)):
    """The ledger was closed: so many facts, and one hash over the chain of everybody they are about.

    `size`: the facts before this one, which is the last leaf of its checkpoint; `heads`: the root of the map of heads
    at that size (ledger-format.md, *Completeness*); `previous_token`: the SHA-256 of the timestamp token (RFC 3161)
    over the last closing's checkpoint, if one was obtained.
    """

    size: Count
    heads: Hash
    previous_token: Hash | None = None


class LogKeyAnnounced(Fact, topic="ledger.log-key-announced.v1", who=("system",), rules=("GEN-06",)):
    """A key of this log, by which its checkpoints are to be checked from now on; both keys sign this one's checkpoint.

    `vkey`: its verifier key (C2SP signed-note); `replaces`: that of the key in whose place it comes, which signs beside
    it for 90 days more and is destroyed then.  Without `replaces` it is a key that signs beside the others.
    """

    vkey: VerifierKey
    replaces: VerifierKey | None = None


class LossAccepted(Fact, topic="ledger.loss-accepted.v1", who=("system",), rules=("GEN-06",)):
    """The log goes on under another name and other keys, for facts of it are gone or its key is not its own any more.

    `cause`: facts-lost, key-lost or key-stolen; `origin`, `vkeys`: what it is called from this fact on and what checks
    it, which nobody believes for being told here: a thief could write this too; `earlier_origin`, `earlier_vkeys`: what
    it was called before and what checked it; they say nothing of this fact and what comes after it.  `checkpoint`: the
    last one under the earlier name that somebody outside holds, as its signed note; left out where nobody does.
    """

    cause: Code
    origin: LogName
    vkeys: list[VerifierKey]
    earlier_origin: LogName
    earlier_vkeys: list[VerifierKey]
    checkpoint: SignedCheckpoint | None = None


class TimestampObtained(Fact, topic="ledger.timestamp-obtained.v1", who=("system",), rules=("GEN-06",)):
    """Somebody else confirms when he saw the checkpoint of a closing (RFC 3161).

    `size`: of that checkpoint, and so the closing's position; `stamped_at`: when, by the authority's clock; `token`:
    its answer (DER) in base64, over the SHA-256 of the checkpoint's text.  The next closing seals the answer's SHA-256.
    """

    size: Count
    stamped_at: Instant
    token: Base64


ORIGIN: Final = "origin"
"""The id that each accepted loss is about: how often that happened is what each writer looks at under the lock."""

CAUSES: Final = ("facts-lost", "key-lost", "key-stolen")

OF_THE_LOG: Final = frozenset({Closed.topic, LogKeyAnnounced.topic, LossAccepted.topic, TimestampObtained.topic})
"""What says something of the log only, and moves no policy."""


@cache
def release_in_force(software: str = "0.1.0") -> ReleaseStarted:
    """The fact that describes this code."""
    return ReleaseStarted(
        software=software,
        editions=sorted(EDITIONS),
        settings=[{"key": each.key, "value": each.value} for each in SETTINGS.values()],
        bank_holidays=[{"date": day.isoformat(), "name": name} for day, name in bank_holidays().items()],
        calendar_source=SOURCE,
    )
