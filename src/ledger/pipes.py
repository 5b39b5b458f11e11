"""Two processes of one program: what is said between them over the standard input and output of the second.

    process = await start("ledger.following.workers")      the program that is that module's main()
    await send(process, what); await received(process)     in the first process
    pipe = Pipe(); pipe.receive(); pipe.say(what)          in the second, which ends with its input

Everything is pickled, with four bytes of length before it, between two processes of one program and one person.
Proven by tests/importing/test_elsewhere.py and tests/following/test_rebuilding.py.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
import sys
from typing import Any, Final

_LENGTH: Final = struct.Struct(">I")
_MOST: Final = 2**24  # bytes that are read ahead
# A quarter of the start is spent in looking for garbage among modules, where there is none.
_PROGRAM: Final = "import gc; gc.disable(); from {} import main; main()"


async def start(module: str) -> asyncio.subprocess.Process:
    """The other process.  Raises OSError where none can be had."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM.format(module), stdin=pipe, stdout=pipe, limit=_MOST
    )


async def send(process: asyncio.subprocess.Process, what: Any) -> None:
    """Raises BrokenPipeError, ConnectionResetError if it has ended."""
    assert process.stdin is not None
    if process.stdin.is_closing():
        raise BrokenPipeError
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    process.stdin.write(_LENGTH.pack(len(data)) + data)
    await process.stdin.drain()


async def received(process: asyncio.subprocess.Process) -> Any:
    """The next thing said.  Raises IncompleteReadError if it has ended."""
    assert process.stdout is not None
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 - our own process, over our own pipe


class Pipe:
    """The two ends that the other process was started with."""

    def __init__(self) -> None:
        self._source, self._sink = sys.stdin.buffer, sys.stdout.buffer

    def receive(self) -> Any:
        """The next thing said.  Raises EOFError when there is no more."""
        head = self._source.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            raise EOFError
        return pickle.loads(self._source.read(*_LENGTH.unpack(head)))  # noqa: S301 - our own process, our own pipe

    def say(self, what: Any) -> None:
        """Raises BrokenPipeError if nobody listens any more."""
        data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
        self._sink.write(_LENGTH.pack(len(data)) + data)
        self._sink.flush()
