"""Work done in forks of this process, a few at a time, each within a limit of time and memory; answers come as JSON.

Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

MEMORY: Final = 6 << 30  # what runs wild may fill a list
K = TypeVar("K")
_Running = tuple[K, int, float, list[bytes]]  # key, process, deadline, what came


def in_children(tasks: Iterable[tuple[K, Callable[[], Any], float]], at_once: int) -> Iterator[tuple[K, Any]]:
    """Do each task (key, work, seconds) in a fork, so many at a time: its key and its answer, in the order they end.

    The answer is None for a child that died, or was stopped at its time limit.
    """
    waiting = iter(tasks)
    running: dict[int, _Running[K]] = {}  # by the pipe it answers on
    while True:
        while len(running) < at_once and (task := next(waiting, None)) is not None:
            key, work, limit = task
            pipe, process = _begin(work)
            running[pipe] = key, process, time.monotonic() + limit, []
        if not running:
            return
        nearest = min(deadline for _, _, deadline, _ in running.values())
        ready, _, _ = select.select(list(running), [], [], max(0.0, nearest - time.monotonic()))
        for pipe, (key, process, deadline, came) in list(running.items()):
            if pipe in ready and (part := os.read(pipe, 1 << 20)):
                came.append(part)
                continue
            late = pipe not in ready
            if late and deadline > time.monotonic():
                continue
            if late:
                os.kill(process, signal.SIGKILL)
            os.close(pipe)
            os.waitpid(process, 0)
            del running[pipe]
            yield key, json.loads(b"".join(came)) if came and not late else None


def _begin(work: Callable[[], Any]) -> tuple[int, int]:
    """The pipe a child answers on, and its process."""
    ours, theirs = os.pipe()
    process = os.fork()
    if process:
        os.close(theirs)
        return ours, process
    code = 1
    try:
        os.close(ours)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        answer = json.dumps(work()).encode()
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(answer)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
