"""The verbs that look into the access log: `ledger refusals` and `ledger readings`.

Proven by tests/test_cli.py and tests/access/test_doors.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from ledger.application import Ledger
from ledger.askers import reader_of
from ledger.verbs import out, say, with_ledger

_LIMITED: Final = "of a case that is limited"
Page: TypeAlias = tuple[list[dict[str, Any]], int | None]


def refusals(given: argparse.Namespace) -> int:
    """Everything that was refused, in order."""

    async def use(ledger: Ledger) -> list[dict[str, Any]]:
        async def page(after: int) -> Page:
            return await ledger.refusals(given.to, after, reader=reader_of(given))

        return await _all(page, (await ledger.store.access.status())["facts"])

    items = with_ledger(use)
    say(given, {"items": items}, lambda: _lines([_refusal(each) for each in items]))
    return 0


def _refusal(item: Mapping[str, Any]) -> str:
    if "limited" in item:
        return _LIMITED
    by, rules = item["by"], ", ".join(item["rule_ids"]) or item["problem"]
    when, what = f"{item['recorded']:%d %b %Y %H:%M:%S} UTC", f"{item['command_name']} to {item['target_ref']}"
    return f"{item['position']}  {when}  {what}: {rules}  ({by['role']} {by['id']})"


def readings(given: argparse.Namespace) -> int:
    """Everybody who was shown a case, in order; or what the person it is about may know of it."""
    noun, _, name = str(given.id).rpartition("/")

    async def use(ledger: Ledger) -> list[dict[str, Any]]:
        async def page(after: int) -> Page:
            return await ledger.readings(
                noun or "offender", name, after, subject=given.for_subject, reader=reader_of(given)
            )

        # Every page that is asked for is an entry too: told is what came before the first.
        return await _all(page, (await ledger.store.access.status())["facts"])

    items = with_ledger(use)
    say(given, {"items": items}, lambda: _lines([_reading(each) for each in items]))
    return 0


def _reading(item: Mapping[str, Any]) -> str:
    if "limited" in item:
        return _LIMITED
    when, by = f"{item['recorded']:%d %b %Y %H:%M:%S} UTC", item.get("by")
    who = f"{by['role']} {by['id']}" if by else item["role"]
    what = f"{item['target_ref']} {item.get('view', item['type'])}, " if by else ""
    return f"{when}  {item['category']}: {what}{item.get('purpose', '')}  ({who})"


async def _all(page: Callable[[int], Awaitable[Page]], upto: int) -> list[dict[str, Any]]:
    """Page after page of the access log, each of which is an entry of it too."""
    items, after = await page(0)
    while after is not None and after < upto:
        more, after = await page(after)
        items += more
    return items


def _lines(lines: list[str]) -> None:
    for each in lines:
        out.print(each, markup=False, highlight=False, soft_wrap=True)
