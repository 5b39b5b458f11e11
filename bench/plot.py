"""One picture of cost against size, from what the benchmarks left with `--json`: SVG, drawn by hand, no dependency.

    python -m bench.plot FILE.json … [--out bench/cost-against-size.svg]

    append       milliseconds a sealed fact takes, by the facts that are in the log already
    rebuild      milliseconds of a rebuild a fact takes
    replay       milliseconds for all views of a 500-fact case, by the facts in the log (p50, one caller)
    worklists    milliseconds for the first page of a worklist, by facts at ten a case (p50, one caller)

Both axes are logarithmic.  Where a benchmark was run several times at one size, the last result counts.  The colours
are Okabe and Ito's, told apart with any kind of colour vision; each line has its own marker and its name at its end
besides, so nothing hangs on colour.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import orjson

WIDTH, HEIGHT = 800, 520
LEFT, RIGHT, TOP, BOTTOM = 84, 178, 74, 66
COLOURS = {"append": "#0072B2", "rebuild": "#D55E00", "replay": "#009E73", "worklists": "#000000"}
TOLD = {
    "append": "append, a fact",
    "rebuild": "rebuild, a fact",
    "replay": "replay, all views",
    "worklists": "worklist, a page",
}
MARKERS = {
    "append": '<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>',
    "rebuild": '<rect x="{left:.1f}" y="{top:.1f}" width="10" height="10" fill="{colour}"/>',
    "replay": '<path d="M{x:.1f} {top:.1f}l6 11h-12z" fill="{colour}"/>',
    "worklists": '<path d="M{x:.1f} {top:.1f}l6 5.5l-6 5.5l-6 -5.5z" fill="{colour}"/>',
}
NAMES = {1_000: "1k", 10_000: "10k", 100_000: "100k", 1_000_000: "1M", 10_000_000: "10M"}
LABEL = 17.0  # between the names at the ends of two lines

Points = list[tuple[int, float]]  # (facts, milliseconds)


def read(files: Sequence[Path]) -> tuple[dict[str, Points], list[str]]:
    """The lines of the picture, and the machines that the results come from."""
    found: dict[str, dict[int, float]] = {}
    machines: dict[str, None] = {}
    for result in (each for file in files for each in orjson.loads(file.read_bytes())):
        if result["bench"] in COLOURS:
            found.setdefault(result["bench"], {})[int(result["size"])] = float(result["figures"]["ms"])
            machines[result["machine"]] = None
    return {name: sorted(found[name].items()) for name in COLOURS if name in found}, list(machines)


@dataclass(frozen=True)
class Scale:
    """Powers of ten along a side of the picture."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], begin: float, end: float) -> Scale:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), begin, end)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> Iterator[float]:
        return (10.0**power for power in range(self.low, self.high + 1))

    def between(self) -> Iterator[float]:
        """The fine lines: 2 to 9 of each decade."""
        return (n * 10.0**power for power in range(self.low, self.high) for n in range(2, 10))


def drawn(lines: Mapping[str, Points], machines: Sequence[str]) -> str:
    """The picture."""
    across = Scale.over([size for points in lines.values() for size, _ in points], LEFT, WIDTH - RIGHT)
    up = Scale.over([cost for points in lines.values() for _, cost in points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#1a1a1a">',
        f"<title>{escape('Cost against size')}</title>",
        f"<desc>{escape(_described(lines))}</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 28, "Cost against size", size=18, weight="bold"),
        *(_text(LEFT, 46 + 14 * n, each, size=11, colour="#555555") for n, each in enumerate(machines[:2])),
        *_grid(across, up),
        *_series(lines, across, up),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _described(lines: Mapping[str, Points]) -> str:
    """The same in words, for those who do not see it."""
    return "; ".join(
        f"{TOLD[name]}: " + ", ".join(f"{cost:.3g} ms at {size:,} facts" for size, cost in points)
        for name, points in lines.items()
    )


def _grid(across: Scale, up: Scale) -> Iterator[str]:
    for value in across.between():
        yield _line(across.at(value), up.begin, across.at(value), up.end, "#f0f0f0")
    for value in up.between():
        yield _line(across.begin, up.at(value), across.end, up.at(value), "#f0f0f0")
    for value in across.decades():
        yield _line(across.at(value), up.begin, across.at(value), up.end, "#c8c8c8")
        yield _text(across.at(value), up.begin + 20, NAMES.get(round(value), f"{value:g}"), anchor="middle")
    for value in up.decades():
        yield _line(across.begin, up.at(value), across.end, up.at(value), "#c8c8c8")
        yield _text(across.begin - 8, up.at(value) + 4, f"{value:g}", anchor="end")
    yield _text((across.begin + across.end) / 2, HEIGHT - 20, "facts in the ledger", anchor="middle")
    middle = (up.begin + up.end) / 2
    yield (
        f'<text x="22" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 22 {middle:.1f})">'
        "milliseconds</text>"
    )


def _series(lines: Mapping[str, Points], across: Scale, up: Scale) -> Iterator[str]:
    names: list[tuple[float, str]] = []
    every = [(across.at(size), up.at(cost)) for points in lines.values() for size, cost in points]
    for name, points in lines.items():
        colour = COLOURS[name]
        places = [(across.at(size), up.at(cost)) for size, cost in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for (x, y), (_, cost) in zip(places, points, strict=True):
            yield MARKERS[name].format(x=x, y=y, left=x - 5, top=y - 5.5, colour=colour)
            crowded = any(abs(x - other) < 1 and 0 < y - above < 2 * LABEL for other, above in every)
            yield _text(x, y + 20 if crowded else y - 10, f"{cost:.2g}", size=11, anchor="middle")
        names.append((places[-1][1], name))
    last = -math.inf
    for y, name in sorted(names):
        last = max(y, last + LABEL)
        yield _text(across.end + 14, last + 4, TOLD[name], colour=COLOURS[name], weight="bold")


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#1a1a1a",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
        f' fill="{colour}">{escape(text)}</text>'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.json")
    parser.add_argument("--out", type=Path, default=Path("bench/cost-against-size.svg"))
    given = parser.parse_args()
    lines, machines = read(given.files)
    missing = [name for name in COLOURS if name not in lines]
    if missing:
        raise SystemExit(f"no result of {', '.join(missing)}: run them with --json first")
    given.out.write_text(drawn(lines, machines))


if __name__ == "__main__":
    main()
