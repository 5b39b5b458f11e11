"""A log line is one JSON object without a personal value, and readable where a person sits."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Iterator

import orjson
import pytest

from ledger import logs

NAME = "Featherstonehaugh"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Logging belongs to the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("ledger")
    handlers, level, own = list(root.handlers), root.level, ours.level
    root.handlers[:] = []  # or configuring would close those of the test run
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(own)
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_every_event_is_one_json_line_with_its_time_in_utc() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    logging.getLogger("ledger.x").info("one\nand two", extra=logs.told(port=8000, nothing=None))
    [line] = lines(stream)
    assert line["message"] == "one"
    assert (line["level"], line["logger"], line["port"]) == ("info", "ledger.x", 8000)
    assert str(line["time"]).endswith("Z")
    assert "nothing" not in line


def test_an_exception_is_told_by_its_type_and_place_alone() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    error = raised(ValueError(NAME))
    logging.getLogger("ledger.x").error("it broke", exc_info=error)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
    ours, theirs = lines(stream)
    assert ours["error"] == theirs["error"] == "ValueError"
    assert str(ours["at"]).startswith("test_logs.py:")
    assert NAME not in stream.getvalue()
    assert "Traceback" not in stream.getvalue()


def test_what_other_libraries_would_fill_in_is_left_out() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    logging.getLogger("somebody.else").warning("could not read %s", NAME)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {NAME}")
    logging.getLogger("uvicorn.error").error("Cancel %s running task(s)", 3)
    assert [each["message"] for each in lines(stream)] == [
        "could not read %s",
        "Task exception was never retrieved",
        "Cancel 3 running task(s)",
    ]


@pytest.mark.parametrize("level, ours, others", [("debug", 4, 4), ("info", 3, 2), ("warning", 2, 2), ("error", 1, 1)])
def test_the_setting_says_what_is_logged_and_others_are_quieter(level: str, ours: int, others: int) -> None:
    for name, count in (("ledger.x", ours), ("somebody.else", others)):
        stream = io.StringIO()
        logs.configure(level, stream)
        for say in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(name), say)("x")
        assert len(lines(stream)) == count, name


def test_a_request_is_named_on_its_own_lines_and_not_on_those_of_the_store() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    token = logs.REQUEST.set("the-request")
    logging.getLogger("ledger.api.problems").error("x")
    logging.getLogger("ledger.store.sequencer").error("x")
    logs.REQUEST.reset(token)
    logging.getLogger("ledger.api.problems").error("x")
    assert [each.get("request_id") for each in lines(stream)] == ["the-request", None, None]


def test_a_task_that_nobody_waited_for_does_not_tell_what_it_was_about(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.configure("info", stream)

    async def fails() -> None:
        raise ValueError(NAME)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(logs.loop_trouble)
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        task = asyncio.ensure_future(fails())
        await asyncio.sleep(0.01)
        del task

    asyncio.run(main())
    found = lines(stream)
    assert {each["error"] for each in found} == {"ZeroDivisionError", "ValueError"}
    assert NAME not in stream.getvalue() + capsys.readouterr().err


def test_on_a_terminal_a_line_is_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure("info", stream)
    logging.getLogger("ledger.x").info("request", extra=logs.told(status=201, ms=4.2))
    assert stream.getvalue().rstrip().endswith("info: request  status=201  ms=4.2")


def test_unless_told_it_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    assert logging.getLogger().handlers[0].stream is sys.stderr  # type: ignore[attr-defined]
    logging.getLogger("ledger.x").info("x")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert orjson.loads(captured.err)["message"] == "x"
