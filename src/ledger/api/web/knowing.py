"""What each officer and agency knew, as a page: who they are, lanes along a line of days, and every line as a table.

    knowing(answer, asked, moments, at)     what who-knew.html shows of the view `who-knew`

An address may narrow it: `from` and `to` say when a thing happened (else the terms of reference), `by` until when
somebody knew it, `who` names one of them.  Nothing else is decided here.  A mark stands where a thing happened, a line
from it leads to when it was recorded; what was recorded after the incident has a shape of its own, and says so.

Proven by tests/web/test_knowing.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from ledger.aggregates import AGGREGATES, noun_of
from ledger.api.web.asking import Moments
from ledger.api.web.lanes import months
from ledger.api.web.matters import FLAGS
from ledger.api.web.windows import chosen, windows
from ledger.api.web.words import MONTHS, day, words
from ledger.errors import Malformed
from ledger.reading import a_day
from ledger.rules.dates import day_of, london_day

Line = Mapping[str, Any]
WIDTH, LEFT, RIGHT, TOP, LANE = 960, 240, 16, 10, 26
HOW: Final = {
    "recorded": "Recorded it",
    "told": "Was told",
    "asked": "Was asked",
    "answered": "Answered",
    "met": "Met about it",
    "minuted": "Sent minutes of it",
    "assigned": "Was given the case",
}
AGENCIES: Final = {
    "CHILDREN_SERVICES": "Children’s services",
    "POLICE": "Police",
    "KEY_WORKER": "Key worker",
    "SAFEGUARDING_BOARD": "Safeguarding board",
    "CONFERENCE": "Child protection conference",
    "CORE_GROUP": "Core group",
    "STRATEGY_MEETING": "Strategy meeting",
    "MANAGEMENT": "Line or duty manager",
    "INFORMATION_OFFICER": "Information Officer",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address narrows the page to."""

    first: date | None
    last: date | None
    by: date | None
    who: str

    @property
    def named(self) -> dict[str, str]:
        """As an address has them."""
        days = {"from": self.first, "to": self.last, "by": self.by}
        return {name: each.isoformat() for name, each in days.items() if each} | ({"who": self.who} if self.who else {})

    def holds(self, line: Line) -> bool:
        """Whether a line is asked for."""
        happened = day_of(line["effective"])
        return (
            (line["within"] if self.first is None and self.last is None else True)
            and (self.first is None or happened >= self.first)
            and (self.last is None or happened <= self.last)
            and (self.by is None or day_of(line["since"]) <= self.by)
            and (not self.who or line["who"] == self.who)
        )


def asked_of(query: Mapping[str, str]) -> Asked:
    """What the page is narrowed to.  Raises Malformed."""
    try:
        first, last, by = (a_day(text) if (text := query.get(name, "")) else None for name in ("from", "to", "by"))
    except ValueError as wrong:
        raise Malformed(f"Give days such as 2026-01-31: {wrong}.") from wrong
    return Asked(first, last, by, query.get("who", "")[:100])


def knowing(answer: Mapping[str, Any], query: Mapping[str, str], moments: Moments, at: str) -> dict[str, Any]:
    """What the page shows.  Raises Malformed, NotFound."""
    asked = asked_of(query)
    lines: list[Line] = [each for each in answer["knowledge"] if asked.holds(each)]
    parts = windows(lines)
    window = chosen(parts, query.get("part", ""), "")
    told = window.events if window else ()
    names = {each["who"]: name_of(each) for each in answer["knowers"]}
    given = {**moments.asked, **asked.named}

    def there(**more: str) -> str:
        query = {name: value for name, value in {**given, **more}.items() if value}
        return f"{at}?{urlencode(query)}" if query else at

    return {
        "asked": asked,
        "names": names,
        "knowers": [
            {**each, "says": names[each["who"]], "at": there(who=each["who"]), "here": each["who"] == asked.who}
            for each in answer["knowers"]
        ],
        "lines": [_line(each, names, moments) for each in told],
        "parts": [{"says": each.says, "at": there(part=each.name), "here": each == window} for each in parts],
        "count": len(lines),
        "left_out": len(answer["knowledge"]) - len(lines),
        "everybody": there(who=""),
        "drawing": drawn(told, answer["knowers"], answer["incident_at"] and london_day(answer["incident_at"])),
        "flags": FLAGS,
    }


def name_of(knower: Mapping[str, Any]) -> str:
    """Who somebody is: an agency, a unit, an officer by role and the first part of their random id."""
    if knower["kind"] == "agency":
        return AGENCIES.get(knower["who"], words(knower["who"]))
    if knower["kind"] == "unit":
        return f"Unit {knower['who']}"
    roles: Sequence[str] = knower["roles"]
    return f"{words(roles[0]) if roles else 'Officer'} {knower['who'][:8]}"


def marks_in_words(line: Line) -> str:
    """What is to be minded about a line: "recorded 3 days late, after the incident was referred; struck out since"."""
    late = line["late_days"]
    said = [f"recorded {late} {'day' if late == 1 else 'days'} late"] if line["late"] else []
    said += ["recorded after the incident was referred"] if line["after_incident"] else []
    said += ["recorded after the records were secured"] if line["after_hold"] else []
    said += ["struck out since"] if line["struck_out"] else ["corrected since"] if line["corrected_by"] else []
    return "; ".join(said)


def _line(line: Line, names: Mapping[str, str], moments: Moments) -> dict[str, Any]:
    """A line for the table: with whom it names, in words, and where its fact and its author's screen are shown."""
    noun = noun_of(line["case"])
    case = f"/case/{AGGREGATES[noun].collection}/{line['case'][len(noun) + 1 :]}"
    timeline = f"/case/offenders/{line['offender_id']}/chronology"
    fact = f"fact={line['position']}#position-{line['position']}"
    own = line["how"] == "recorded"
    return {
        **line,
        "says": names[line["who"]],
        "how": HOW[line["how"]],
        "marked": marks_in_words(line),
        "fact_at": f"{moments.at(timeline)}{'&' if moments.asked else '?'}{fact}" if line["offender_id"] else case,
        "seen_at": f"{case}/decisions/{line['position']}" if own and line["decided"] else None,
    }


# ------------------------------------------------------------------------------------------ as lanes


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the table at `x`, `y`: `shape` is fact, after or struck-out; `known`, the x where it was recorded."""

    x: int
    y: int
    shape: str
    known: int
    says: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`rows`: name and y of each lane; `ticks`: x and month; `incident`: the x of the referral, if it is in sight."""

    height: int
    rows: list[tuple[str, int]]
    marks: list[Mark]
    ticks: list[tuple[int, str]]
    incident: int | None
    says: str


def drawn(lines: Sequence[Line], knowers: Iterable[Mapping[str, Any]], incident: date | None) -> Drawing | None:
    """The lines as lanes, one for each who knew anything of them; None without a line."""
    if not lines:
        return None
    happened = [day_of(each["effective"]) for each in lines]
    known = [london_day(each["recorded"]) for each in lines]
    first, last = min(happened), max(*happened, *known, min(happened) + timedelta(days=27))
    span = (last - first).days

    def x(when: date) -> int:
        return LEFT + round((min(max(when, first), last) - first).days * (WIDTH - LEFT - RIGHT) / span)

    there = {each["who"] for each in lines}
    lanes = [each for each in knowers if each["who"] in there]
    middle = {each["who"]: TOP + LANE * n + LANE // 2 for n, each in enumerate(lanes)}
    return Drawing(
        height=TOP + LANE * len(lanes) + 34,
        rows=[(name_of(each), middle[each["who"]]) for each in lanes],
        marks=[_mark(each, x, middle[each["who"]]) for each in lines],
        ticks=[(x(each), MONTHS[each.month - 1][:3]) for each in months(first, last)],
        incident=x(incident) if incident and first <= incident <= last else None,
        says=f"{len(lines)} lines about what happened from {day(first)} to {day(max(happened))}",
    )


def _mark(line: Line, x: Any, y: int) -> Mark:
    shape = "struck-out" if line["struck_out"] else "after" if line["after_incident"] else "fact"
    marked = marks_in_words(line)
    says = f"{line['title']}, {day(day_of(line['effective']))}{f': {marked}' if marked else ''}"
    return Mark(x(day_of(line["effective"])), y, shape, x(london_day(line["recorded"])), says)
