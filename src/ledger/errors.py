"""The tree of errors: every way the ledger says no, drawn once.

    LedgerError                     anything the ledger tells a person; becomes one problem document (RFC 9457)
    ├── NotHttp              400    what came over the wire is no request at all
    ├── Malformed            422    the request is not of the shape asked for; `errors` names each field
    │   └── EntryTooLarge    422    the fact would not fit into one entry (65,535 bytes)
    ├── Unauthenticated      401    no token, or one that does not hold
    ├── Forbidden            403    the role may not give this command or read this view
    │   └── LimitedAccess    403    this user is excluded from the case, or not among those it is restricted to
    ├── NotFound             404    no such case, view, command or page
    ├── MethodNotAllowed     405    the address knows other methods; Allow names them
    ├── TooSlow              408    a request that does not end
    ├── Conflict             409    what was asked does not fit what is
    │   ├── Refused                 a rule stands in the way; `refusals` name rules and messages
    │   ├── StaleVersion            the record changed since it was looked at
    │   │   └── BeingErased         the key it was sealed under is being erased
    │   └── KeyReused               the idempotency key already belongs to another request
    ├── TooLarge             413    the body is over the limit
    ├── UnsupportedMedia     415    the body is not JSON by its own account
    ├── TooMany              429    more at once than this service takes
    ├── Unavailable          503    not now; try again
    │   ├── OutcomeUnknown          it may or may not have been recorded; retry with the same key
    │   ├── DatabaseUnavailable     the ledger's database does not answer
    │   ├── VaultUnavailable        the vault does not answer, or lacks a key
    │   ├── AccessLogUnavailable    what was refused cannot be sealed as evidence, so no answer leaves
    │   ├── IssuerUnavailable       who says who signs in does not answer, or says what cannot be followed
    │   ├── ClockInDoubt            the clocks disagree; nothing is sealed
    │   ├── NotYetProjected         the worklists do not follow the ledger that far yet
    │   └── ReadOnly                the ledger is smaller than, or other than, what was once released
    │       └── AccessLogReadOnly   the same of the access log: an AccessLogUnavailable that does not pass by waiting
    ├── DiskFull             507    no room to write; reading goes on
    ├── Unexpected           500    a defect of ours
    ├── Damaged              500    a sealed value does not open, or is not the one committed to
    ├── Inconsistent         500    what is stored does not lead to the checkpoint that was signed over it
    ├── UnknownFact          500    a fact of a type this release does not have
    └── Setup                       the operator has something to mend before the ledger can start

A message says what is, with the values, then what to do; it never holds a personal value.  The `code` never
changes its meaning: programs may rely on it.  Proven by tests/house/test_errors.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

WITHHELD: Final = "…"  # in place of a sealed value


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that stands in the way: rule id of the rule book, and its message.

    `rule_book` is false for what no history can make true (malformed, impossible, duplicate): such a line is set
    aside even when it is imported as something that has happened (contract, *Import of history*).  `kept` is the
    message without the sealed values in it, where it has some: what a receipt or a file may hold in clear.
    """

    rule: str
    message: str
    rule_book: bool = True
    kept: str | None = None

    @property
    def in_clear(self) -> str:
        """The message as it may be written down outside a sealed value."""
        return self.message if self.kept is None else self.kept


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning: the fact is recorded, and its author is told."""

    rule: str
    message: str


class LedgerError(Exception):
    """Anything the ledger tells a person: `message` says what is, then what to do."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something is wrong"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def extra(self) -> Mapping[str, object]:
        """Members of the problem document beyond type, title, status and detail."""
        return {}


class NotHttp(LedgerError):
    """400: what came over the wire is no HTTP request."""

    code = "not-http"
    title = "This is no HTTP request"
    status = 400


class Malformed(LedgerError):
    """422: not of the shape asked for.  `errors` maps a field to what is wrong with it."""

    code = "malformed"
    title = "The request is not of the expected form"
    status = 422

    def __init__(self, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = dict(errors or {})

    def extra(self) -> Mapping[str, object]:
        return {"errors": self.errors}


class EntryTooLarge(Malformed):
    """422: the fact would not fit into one entry of 65,535 bytes; shorten its texts or file a document."""

    code = "entry-too-large"
    title = "This does not fit into one entry"


class Unauthenticated(LedgerError):
    """401: no token, or one that does not hold; the challenge says Bearer."""

    code = "unauthenticated"
    title = "Sign in first"
    status = 401


class Forbidden(LedgerError):
    """403: the role may not give this command or read this view; the detail names the roles that may."""

    code = "forbidden"
    title = "This role may not do that"
    status = 403


class LimitedAccess(Forbidden):
    """403: this user is excluded from the case, or not among those it is restricted to; `message` is meant for them.

    `kind` is excluded or restricted; `at` the position of the rule's fact, `told` the message its author wrote.
    """

    code = "limited-access"
    title = "Access to this case is limited"
    rule: ClassVar[str] = "DP-03"

    def __init__(self, message: str, kind: str, *, at: int = 0, told: str | None = None) -> None:
        super().__init__(message)
        self.kind, self.at, self.told = kind, at, told

    def extra(self) -> Mapping[str, object]:
        return {"rule": self.rule, "kind": self.kind} | ({"message": self.told} if self.told else {})


class NotFound(LedgerError):
    """404: no such case, view, command or page."""

    code = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(LedgerError):
    """405: nothing can be done at this address by this method; the header Allow names those that can."""

    code = "method-not-allowed"
    title = "Not by this method"
    status = 405

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class TooSlow(LedgerError):
    """408: the request had not arrived whole when its time was up; send it again."""

    code = "too-slow"
    title = "The request did not arrive in time"
    status = 408


class Conflict(LedgerError):
    """409: what was asked does not fit what is recorded."""

    code = "conflict"
    title = "This does not fit what is recorded"
    status = 409


class Refused(Conflict):
    """409: refused by a rule.  The first refusal is the most fundamental one and names the problem."""

    code = "refused"
    title = "Refused by a rule"

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(refusals[0].message)
        self.refusals = tuple(refusals)

    def extra(self) -> Mapping[str, object]:
        return {
            "rule": self.refusals[0].rule,
            "refusals": [{"rule": each.rule, "message": each.message} for each in self.refusals],
        }


class StaleVersion(Conflict):
    """409: the record changed since it was looked at; look again."""

    code = "stale-version"
    title = "The record changed"

    def __init__(self, message: str, moved: str | None = None) -> None:
        super().__init__(message)
        self.moved = moved  # the id whose chain it was, where that is known


class BeingErased(StaleVersion):
    """409: a key it was sealed under is being erased; whoever asks for keys again gets another one, or a refusal."""


class KeyReused(Conflict):
    """409: the idempotency key belongs to another request; draw a new one."""

    code = "key-reused"
    title = "This key belongs to another request"


class TooLarge(LedgerError):
    """413: the body is over the limit."""

    code = "too-large"
    title = "The body is too large"
    status = 413


class UnsupportedMedia(LedgerError):
    """415: the body is sent as something else than JSON in UTF-8; set Content-Type: application/json."""

    code = "unsupported-media-type"
    title = "The body is not sent as JSON"
    status = 415


class TooMany(LedgerError):
    """429: more commands are under way than this process takes at once; nothing was recorded; slow down.

    `retry_after` in whole seconds.
    """

    code = "too-many"
    title = "Too many requests at once"
    status = 429
    retry_after: ClassVar[int] = 1


class Unavailable(LedgerError):
    """503: try again; `retry_after` in whole seconds."""

    code = "unavailable"
    title = "Not available now"
    status = 503
    retry_after: ClassVar[int] = 1


class OutcomeUnknown(Unavailable):
    """The answer of the database was lost: the command may or may not stand.  Retry with `key`."""

    code = "outcome-unknown"
    title = "It is not known whether this was recorded"

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key

    def extra(self) -> Mapping[str, object]:
        return {"key": self.key} if self.key else {}


class DatabaseUnavailable(Unavailable):
    """503: the ledger's database does not answer; nothing was recorded."""

    code = "database-unavailable"
    title = "The ledger's database does not answer"


class VaultUnavailable(Unavailable):
    """503: the vault does not answer, or lacks a key; the detail names what cannot be read."""

    code = "vault-unavailable"
    title = "The vault does not answer"


class AccessLogUnavailable(Unavailable):
    """503: the access log cannot be written, and what it must tell leaves only when it is sealed; nothing was done."""

    code = "access-log-unavailable"
    title = "The access log cannot be written"


class IssuerUnavailable(Unavailable):
    """503: the OpenID Connect issuer does not answer, or not as one does; whoever is signed in stays so."""

    code = "issuer-unavailable"
    title = "Nobody can be signed in at the moment"
    retry_after: ClassVar[int] = 30


class ClockInDoubt(Unavailable):
    """503: the clocks disagree by more than five seconds; nothing is sealed until they are right."""

    code = "clock-in-doubt"
    title = "The clocks disagree"


class NotYetProjected(Unavailable):
    """503: the worklists do not follow the ledger up to the position asked for yet; `position` is how far they do."""

    code = "not-yet-projected"
    title = "The worklists do not follow that far yet"

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position

    def extra(self) -> Mapping[str, object]:
        return {} if self.position is None else {"position": self.position}


class ReadOnly(Unavailable):
    """503: the ledger is smaller than, or other than, what was once released; it is open for reading only."""

    code = "read-only"
    title = "The ledger is open for reading only"
    retry_after = 60


class AccessLogReadOnly(AccessLogUnavailable, ReadOnly):
    """503: the access log is smaller than, or other than, what was once released; to wait does not help."""


class DiskFull(LedgerError):
    """507: no room to write; nothing was recorded, reading goes on."""

    code = "disk-full"
    title = "No room to write"
    status = 507


class Unexpected(LedgerError):
    """500: a defect of ours.  Nothing is half done; the log has its place, nobody its details."""

    code = "unexpected"
    title = "Something is wrong on our side"


class Damaged(LedgerError):
    """500: a sealed value does not open or is not the one committed to, and no erasure says why."""

    code = "damaged"
    title = "A sealed value cannot be read"


class Inconsistent(LedgerError):
    """500: what is stored does not lead to the checkpoint that was signed over it; `ledger verify` names the place."""

    code = "inconsistent"
    title = "The ledger is not what was signed"


class UnknownFact(LedgerError):
    """500: a fact was written by a newer release than this one; run that one."""

    code = "unknown-fact"
    title = "This release does not know a fact"


class Setup(LedgerError):
    """The operator has something to mend: a missing key, another origin, an old schema."""

    code = "setup"
    title = "The ledger cannot start"
