"""Comparing: what a case said at two moments, through the same limits, readings and words of erasure as its views.

    await compare(asking, asked, with_)

Every view of the noun is asked at both moments, explained, and its facts beside them (ledger.projections.comparing says
what differs).  Both moments are sealed in the access log before the answer leaves, as two readings of screen `compare`.

Proven by tests/api/test_compare.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ledger.application.asking import Asked, Asking, Shown, view_of
from ledger.errors import Malformed, NotFound
from ledger.projections import VIEWS, View, comparing
from ledger.projections.why import Row
from ledger.rules.dates import london_day

NOT_BEFORE: Final = "with: a moment that is not before known_at."


@dataclass(frozen=True, slots=True)
class Said:
    """What was shown of a case at a moment: its facts, and the members of each of its views without them."""

    shown: Shown
    facts: comparing.Told
    views: Mapping[str, Row]


async def compare(asking: Asking, asked: Asked, with_: datetime) -> Row:
    """{as_at, known_at, position, with: {as_at, known_at, position}, facts, statuses}.  As Ledger.compare."""
    if asked.known_at is None or with_ < asked.known_at:
        raise Malformed(NOT_BEFORE, {"with": "before known_at"})
    if not any(each.noun == asked.noun for each in VIEWS):
        view_of(asked.noun, "compare")  # says which nouns have any
    asked = replace(asked, explain=True)
    before, after = await asyncio.gather(_before(asking, asked), _said(asking, replace(asked, known_at=with_)))
    entries = [asking.begin(asked, "compare", each.shown) for each in (before, after) if each.shown.cases]
    answer = {
        **before.shown.moment(),
        "with": after.shown.moment(),
        **asked.supposed(),
        "facts": comparing.facts_between(before.facts, after.facts),
        "statuses": [
            row
            for name, view in after.views.items()
            for row in comparing.statuses_between(name, before.views.get(name, {}), view)
        ],
    }
    for each in entries:
        await each.sealed()
    return answer


async def _before(asking: Asking, asked: Asked) -> Said:
    """At the first moment there may have been no such case yet: then it said nothing."""
    assert asked.known_at is not None
    try:
        return await _said(asking, asked)
    except NotFound:
        day = asked.as_at or london_day(asked.known_at)
        return Said(Shown(0, day, asked.known_at, (), frozenset(), 0), comparing.Told.of({}, day), {})


async def _said(asking: Asking, asked: Asked) -> Said:
    views = [View("facts", asked.noun, comparing.facts, None), *(each for each in VIEWS if each.noun == asked.noun)]
    said = await asyncio.gather(*(asking.answered(each, asked, _no_entry_yet) for each in views))
    (shown, facts), *others = said
    shown = replace(shown, cases=shown.cases.union(*(more.cases for more, _ in others)))
    told = {
        view.name: {name: value for name, value in answer.items() if name != "events"}
        for view, (_, answer) in zip(views[1:], others, strict=True)
    }
    return Said(shown, comparing.Told.of(facts, shown.as_at), told)


def _no_entry_yet(shown: Shown) -> None:
    """A comparison is sealed once all of it is known."""
