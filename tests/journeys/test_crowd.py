"""Many people at one case at the same moment: nobody is sent away for what the others did."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.doors import Door

CLIENTS, EACH = 12, 15


def test_however_many_write_to_one_case_at_once_each_command_is_recorded(door: Door):
    case = door.new_case()

    async def client() -> list[int]:
        answers: list[int] = []
        for _ in range(EACH):
            key = {"Idempotency-Key": str(uuid4())}
            answer = await door.asking("POST", f"{case.path}/record-absence", json=case.absence(), headers=key)
            answers.append(answer.status_code)
        return answers

    async def crowd() -> list[int]:
        return [each for answers in await asyncio.gather(*(client() for _ in range(CLIENTS))) for each in answers]

    assert door.run(crowd()) == [201] * (CLIENTS * EACH)
