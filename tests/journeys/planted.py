"""The command line with a bug in it: `python -m tests.journeys.planted BUG FOLDER VERB …`, for the rest as stopping.py.

For test_planted.py, which lets the harness loose on each and asserts that it says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from tests.journeys import stopping

from ledger.application.executing import Executing
from ledger.following import tables
from ledger.store import sequencer
from ledger.store.waiting import Waiting


def signs_before_commit() -> None:
    """Signs and answers as soon as the writes are on their way."""
    real = sequencer.Sequencer._sealed

    def sealed(self: sequencer.Sequencer, waiting: list[Waiting]) -> sequencer.Seal:
        seal = real(self, waiting)
        step: Callable[[], Any] = lambda: next(seal)  # noqa: E731
        while True:
            try:
                queries = step()
            except StopIteration:
                return
            if queries[0][0] == b"write":
                doubt = self._doubt
                self._committed()
                self._doubt = doubt
            try:
                answer = yield queries
            except Exception as problem:
                step = lambda problem=problem: seal.throw(problem)  # noqa: E731
            else:
                step = lambda answer=answer: seal.send(answer)  # noqa: E731

    sequencer.Sequencer._sealed = sealed  # type: ignore[method-assign]


def keeps_no_keys() -> None:
    """Stores the facts of a command, and not its receipt."""
    real = sequencer.writes

    def writes(batch: Any, *given: Any) -> Any:
        batch.receipts.clear()
        return real(batch, *given)

    sequencer.writes = writes


def signs_another_root() -> None:
    """Now and then releases a checkpoint of a tree that never was."""
    real = sequencer.Sequencer._release

    def release(self: sequencer.Sequencer, doubt: Any) -> None:
        if self.batches % 5 == 4:
            doubt = sequencer._Doubt(doubt.placed, doubt.edge, sha256(doubt.root).digest(), doubt.last)
        real(self, doubt)

    sequencer.Sequencer._release = release  # type: ignore[method-assign]


def answers_otherwise_the_second_time() -> None:
    """A repeated command gets a receipt with one warning more."""
    real = Executing._first_receipt

    async def first_receipt(self: Executing, where: Any) -> Any:
        found = await real(self, where)
        found.body["warnings"] = [*found.body["warnings"], {"rule": "ENF-01", "message": "told the second time"}]
        return found

    Executing._first_receipt = first_receipt  # type: ignore[method-assign]


def skips_a_case() -> None:
    """The follower writes that it has come so far, without the rows of every third case."""
    real = tables.Tables.replace

    async def replace(self: Any, found: Mapping[str, Any], *given: Any, **named: Any) -> None:
        left = {name: each for number, (name, each) in enumerate(found.items()) if number % 3 != 2}
        await real(self, left, *given, **named)

    tables.Tables.replace = replace  # type: ignore[method-assign]


BUGS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        signs_before_commit,
        keeps_no_keys,
        signs_another_root,
        answers_otherwise_the_second_time,
        skips_a_case,
    )
}


if __name__ == "__main__":
    bug = sys.argv.pop(1)
    BUGS[bug]()
    sys.exit(stopping.main(("tests.journeys.planted", bug)))
