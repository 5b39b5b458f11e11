"""Random commands and random faults: whatever a caller was told is so, and the whole ledger verifies after every step.

A failure shrinks to a short list of steps; run it again with the seed that hypothesis prints.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.faults import Fault, faulty, lose_answer, lose_before, refuse
from tests.store.ledgers import Ledger, a_command, a_fact, verify_everything

from ledger.errors import DatabaseUnavailable, DiskFull, KeyReused, OutcomeUnknown, StaleVersion
from ledger.store import sequencer
from ledger.store.appending import Append, Receipt, Repeated

FAULTS = (
    *(lose_before(statement) for statement in (b"begin", b"write", b"commit", b"rollback", b"leaf")),
    *(lose_answer(statement) for statement in (b"begin", b"commit", b"leaf", b"rollback")),
    refuse(b"write", "53100"),
    refuse(b"write", "XX000"),
    refuse(b"commit", "40001"),
    refuse(b"begin", "57014"),
    refuse(b"leaf", "25006"),
)
STREAMS = ("case-a", "case-b", "case-c")
REFUSALS = (StaleVersion, KeyReused, DiskFull, DatabaseUnavailable)


@dataclass(frozen=True)
class Asked:
    """One command as drawn."""

    stream: int
    ahead: int  # of the version that comes next
    facts: int
    about: bool
    reads: int | None  # None: nothing; else how far off its reading is
    key: int | None
    digest: bytes


asked = st.builds(
    Asked,
    st.integers(0, len(STREAMS) - 1),
    st.sampled_from([0, 0, 0, 0, 1, -1]),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([None, None, 0, 1]),
    st.none() | st.integers(0, 3),
    st.sampled_from([b"this", b"this", b"that"]),
)
Steps: TypeAlias = "list[tuple[list[tuple[bytes, Fault]], list[Asked]]]"
steps = st.lists(
    st.tuples(st.lists(st.sampled_from(FAULTS), max_size=3), st.lists(asked, min_size=1, max_size=8)), max_size=6
)


class Story:
    """What was asked and what was answered, against what stands."""

    def __init__(self, ledger: Ledger, reader: psycopg.Connection) -> None:
        self.ledger = ledger
        self.reader = reader
        self.sealed: dict[bytes, int] = {}  # prefix of a fact (its id is in it) -> its position
        self.keys: dict[bytes, tuple[bytes, int, int]] = {}

    def command(self, drawn: Asked) -> Append:
        name = STREAMS[drawn.stream]
        version = max(self._chain(name, "version") + 1 + drawn.ahead, 1)
        about = ["place-1"] if drawn.about else []
        facts = [a_fact(name, version + n, about=about) for n in range(drawn.facts)]
        other: dict[str, Any] = {}
        if drawn.reads is not None:
            other["reads"] = [("place-1", self._chain("place-1", "last + 1") + drawn.reads)]
        key = None if drawn.key is None else UUID(int=drawn.key)
        return a_command(*facts, key=key, digest=drawn.digest, **other)

    def _chain(self, name: str, what: str) -> int:
        found = self.reader.execute(f"SELECT {what} FROM chains WHERE id = %s".encode(), (name,)).fetchone()
        return int(found[0]) if found else 0

    def told(self, append: Append, answer: object) -> None:
        """Take note of an answer."""
        if isinstance(answer, Receipt):
            places = [each.position for each in answer.facts]
            assert places == list(range(places[0], places[0] + len(append.facts)))
            self.sealed |= {fact.prefix: at for fact, at in zip(append.facts, places, strict=True)}
            if append.key:
                assert append.key not in self.keys
                self.keys[append.key] = append.digest, places[0], places[-1]
        elif isinstance(answer, Repeated):
            assert append.key
            assert self.keys[append.key] == (append.digest, answer.first, answer.last)
        elif isinstance(answer, OutcomeUnknown):
            assert append.key in self.keys  # it stands from before, and could not be confirmed now
        else:
            assert isinstance(answer, REFUSALS), answer

    def compare(self) -> None:
        """What was acknowledged stands where its receipt says, and nothing else does."""
        rows = self.reader.execute("SELECT position, entry FROM entries ORDER BY position").fetchall()
        assert {entry[: entry.index(b'"previous"')]: position for position, entry in rows} == self.sealed
        verify_everything(self.ledger)


async def play(story: Story, drawn: Steps) -> None:
    wire = faulty()
    async with story.ledger.sequencer(wire) as opened:
        for faults, commands in drawn:
            wire.faults.extend(faults)
            appends = [story.command(each) for each in commands]
            answers = await asyncio.gather(*map(opened.append, appends), return_exceptions=True)
            # Receipts first: other answers may speak of what they tell.
            for first in (True, False):
                for append, answer in zip(appends, answers, strict=True):
                    if isinstance(answer, Receipt) is first:
                        story.told(append, answer)
            story.compare()
            wire.faults.clear()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=steps)
def test_whatever_breaks_what_was_told_is_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, drawn: Steps) -> None:
    monkeypatch.setattr(sequencer, "REFUSED_PAUSE", 0.01)
    ledger.begin(simulated=False)
    with psycopg.connect(ledger.owner, autocommit=True) as reader:
        uvloop.run(play(Story(ledger, reader), drawn))
