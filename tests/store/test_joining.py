"""Questions asked side by side are put as one, and nobody gets another's answer or an older one."""

from __future__ import annotations

import asyncio

import pytest

from ledger.errors import DatabaseUnavailable
from ledger.store.joining import Joining


class Asked:
    """A database of squares."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.away = False
        self.wait = asyncio.Event()
        self.wait.set()

    async def squares(self, keys: list[int]) -> dict[int, int]:
        self.questions.append(keys)
        await self.wait.wait()
        if self.away:
            raise DatabaseUnavailable("away")
        return {key: key * key for key in keys if key >= 0}


def test_who_asks_at_once_shares_a_question_and_gets_what_was_asked_for():
    asyncio.run(_who_asks_at_once_shares_a_question_and_gets_what_was_asked_for())


async def _who_asks_at_once_shares_a_question_and_gets_what_was_asked_for() -> None:
    asked = Asked()
    joining = Joining(asked.squares)
    found = await asyncio.gather(joining.of([1, 2]), joining.of([2, 3]), joining.of([]), joining.of([-1]))
    assert found == [{1: 1, 2: 4}, {2: 4, 3: 9}, {}, {}]
    assert asked.questions == [[1, 2, 3, -1]]


def test_who_asks_while_a_question_is_under_way_asks_anew():
    asyncio.run(_who_asks_while_a_question_is_under_way_asks_anew())


async def _who_asks_while_a_question_is_under_way_asks_anew() -> None:
    asked = Asked()
    joining = Joining(asked.squares)
    asked.wait.clear()
    first = asyncio.create_task(joining.of([1]))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(joining.of([1]))
    await asyncio.sleep(0.01)
    asked.wait.set()
    assert [await first, await second] == [{1: 1}, {1: 1}]
    assert asked.questions == [[1], [1]]


def test_whoever_gives_up_leaves_the_others_their_answer():
    asyncio.run(_whoever_gives_up_leaves_the_others_their_answer())


async def _whoever_gives_up_leaves_the_others_their_answer() -> None:
    asked = Asked()
    joining = Joining(asked.squares)
    asked.wait.clear()
    impatient, patient = asyncio.create_task(joining.of([1])), asyncio.create_task(joining.of([2]))
    await asyncio.sleep(0.01)
    impatient.cancel()
    asked.wait.set()
    assert await patient == {2: 4}
    with pytest.raises(asyncio.CancelledError):
        await impatient


def test_what_goes_wrong_everybody_is_told_and_the_next_one_asks_again():
    asyncio.run(_what_goes_wrong_everybody_is_told_and_the_next_one_asks_again())


async def _what_goes_wrong_everybody_is_told_and_the_next_one_asks_again() -> None:
    asked = Asked()
    joining = Joining(asked.squares)
    asked.away = True
    found = await asyncio.gather(joining.of([1]), joining.of([2]), return_exceptions=True)
    assert [type(each) for each in found] == [DatabaseUnavailable, DatabaseUnavailable]
    asked.away = False
    assert await joining.of([1]) == {1: 1}
