"""What the process says on standard error: one event a line, JSON for machines, plain where a person sits there.

    {"time":"2026-03-02T09:30:00.123Z","level":"info","logger":"ledger.api.operating","message":"request",
     "request_id":"…","method":"POST","route":"/offenders/{id}/record-absence","status":201,"ms":4.2,"role":"pso"}

No line holds a personal value.  A request is told by its route's template: the ids in its address are pseudonyms, but
with a time and a role they say who was worked on when, and the log has readers whom the ledger's own access log does
not ask.  So neither a case nor a member of staff is named; what belongs together is found by `request_id`, which the
answer's header X-Request-Id gives to the caller too.  Bodies, queries and tokens are never logged.  An exception is
told by its type and place, for its text may repeat what it was about; of what other libraries say only the first line
of the message stands, without what they would fill in.

Proven by tests/test_logs.py and tests/journeys/test_operations.py.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

REQUEST: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
_FIELDS: Final = "fields"  # the attribute of a record that holds what `told` was given
# Whose messages are filled in: ours, and those of a server whose arguments are counts and process numbers.
_TRUSTED: Final = ("ledger", "uvicorn")
# One batch and one connection serve many: a request that happened to start them is not what they are about.
_OF_NO_REQUEST: Final = "ledger.store"


def configure(level: str, stream: TextIO | None = None) -> None:
    """Log to a stream, standard error unless told, from this level on; other libraries from "warning" on."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(Plain() if out.isatty() else Lines())
    least = logging.getLevelNamesMapping()[level.upper()]
    others = least if least < logging.INFO else max(least, logging.WARNING)
    logging.basicConfig(handlers=[handler], level=others, force=True)
    logging.getLogger("ledger").setLevel(least)
    logging.captureWarnings(True)


def told(**fields: Any) -> dict[str, Any]:
    """What goes with a message as fields of its own: `log.info("serving", extra=told(port=8000))`."""
    return {_FIELDS: fields}


def loop_trouble(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """For `loop.set_exception_handler`: the loop's own would print the whole exception."""
    del loop
    problem = context.get("exception")
    info = (type(problem), problem, problem.__traceback__) if isinstance(problem, Exception) else None
    logging.getLogger("ledger.loop").error(_first_line(str(context.get("message", ""))), exc_info=info)


def place_of(error: BaseException) -> str:
    """Where it was raised: file and line, and nothing of what it says."""
    trace, place = error.__traceback__, "nowhere"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **dict(_with(record)),
        }
        return orjson.dumps(line, default=lambda value: type(value).__name__).decode()


class Plain(logging.Formatter):
    """For people on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created, UTC).astimezone()
        fields = "".join(f"  {name}={value}" for name, value in _with(record) if name != "request_id")
        return f"{clock:%H:%M:%S} {record.levelname.lower()}: {_message(record)}{fields}"


def _with(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    request = REQUEST.get()
    if request and not record.name.startswith(_OF_NO_REQUEST):
        yield "request_id", request
    fields: Mapping[str, Any] = getattr(record, _FIELDS, {})
    yield from ((name, value) for name, value in fields.items() if value is not None)
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        yield "error", type(error).__name__
        yield "at", place_of(error)


def _message(record: logging.LogRecord) -> str:
    trusted = record.name.partition(".")[0] in _TRUSTED
    return _first_line(record.getMessage() if trusted else str(record.msg))


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:500]
