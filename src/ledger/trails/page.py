"""A decision trail as a printed page.  Proven by tests/trails/test_trails.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from ledger.printing import instant_in_words, label_in_words, pdf
from ledger.printing.chronology import event_in_words, in_words, marks
from ledger.rules.dates import printed
from ledger.trails.telling import about_them

Pairs = list[list[str]]
CONFIRMED = "Confirmed: entry {reading} of the access log says that it was shown to its author before."
UNCONFIRMED = "Unconfirmed: its author says so, and the access log does not hold that it was shown to them."


def trail_pdf(trail: Mapping[str, Any], checkpoint: str, moment: datetime) -> bytes:
    """The page, dated `moment` (aware); `checkpoint`: the newest signed note, which covers the decision."""
    origin, size, root, *_ = [*checkpoint.split("\n"), "", "", ""]
    data = {
        "made": instant_in_words(moment),
        "position": trail["position"],
        "leaf": trail["leaf"],
        "checkpoint": {"origin": origin, "size": size, "root": root},
        "decision": event_in_words(trail["decision"]),
        "stream": trail["decision"]["stream"],
        "rested_on": [event_in_words(each) for each in trail["rested_on"]],
        "rules": [_rule(each) for each in trail["rules"]],
        "policy": _policy(trail["policy"]),
        "seen": _seen(trail),
        "rerun": trail["rerun"]["says"],
        "warnings": [f"{each['rule']}: {each['message']}" for each in trail["rerun"]["warnings"]],
        "later": [
            event_in_words(each) | {"marks": [*(one["says"] for one in each["would_have_changed"]), *marks(each)]}
            for each in trail["later"]
        ],
    }
    return pdf("trail", data, moment)


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": rule["label"], "sources": "; ".join([rule["title"], *rule["sources"]]), "texts": rule["texts"]}


def _policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "settings": [
            [
                each["key"],
                f"{each['value']} ({each['unit']}; {each['source']}), for {printed(each['on'])}.",
                "" if each["today"] == each["value"] else f"Today the ledger says {each['today']} for that day.",
            ]
            for each in policy["settings"]
        ],
        "calendar": policy["calendar"] and _calendar(policy["calendar"]),
    }


def _calendar(calendar: Mapping[str, Any]) -> list[str]:
    moved = ((word, calendar[which]) for word, which in (("set", "added"), ("taken back", "removed")))
    since = [f"Bank holidays {word} since: {', '.join(map(printed, days))}." for word, days in moved if days]
    return [f"{calendar['label']}.", " ".join(since)]


def _seen(trail: Mapping[str, Any]) -> dict[str, Any]:
    seen = trail["seen"]
    ids = frozenset(each for each in trail["decision"]["values"].values() if isinstance(each, str))
    shows: dict[str, Any] = about_them(seen["shows"], ids) if seen["shows"] else {}
    return {
        "told": seen["told"],
        "confirmed": CONFIRMED.format(reading=seen["reading"]) if seen["confirmed"] else UNCONFIRMED,
        "view": label_in_words(seen["view"].replace("-", " ")) if seen["view"] else "",
        "as_at": printed(seen["as_at"]),
        "known": f"position {seen['position']}" if seen["known_at"] is None else instant_in_words(seen["known_at"]),
        "shows": list(_outline(shows)),
    }


def _outline(value: Mapping[str, Any], depth: int = 0) -> Iterator[list[Any]]:
    """A view line by line: [depth, label, value]; what is empty or no is left out."""
    for name, each in value.items():
        yield from _branch(label_in_words(name), each, depth)


def _branch(label: str, value: Any, depth: int) -> Iterator[list[Any]]:
    if isinstance(value, dict) and value:
        yield [depth, label, ""]
        yield from _outline(cast("Mapping[str, Any]", value), depth + 1)
    elif isinstance(value, list) and value:
        items = cast("list[Any]", value)
        if any(isinstance(each, dict) for each in items):
            for number, each in enumerate(items, start=1):
                yield from _branch(f"{label} {number}", each, depth)
        else:
            yield [depth, label, ", ".join(in_words(each) for each in items)]
    elif value is not None and value is not False and value not in ([], {}, ""):
        yield [depth, label, in_words(value)]
