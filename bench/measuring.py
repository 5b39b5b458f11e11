"""What the benchmarks share: rates, percentiles, medians over rounds, and what is to be said about the machine."""

from __future__ import annotations

import gc
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from ledger import collecting

out = Console(width=130)


@dataclass(frozen=True, slots=True)
class Round:
    """What one contender did in one round: things done, seconds taken, seconds each answer took."""

    done: int
    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def milliseconds(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds of one contender."""

    rate: float
    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Result:
        return cls(
            statistics.median(each.rate for each in rounds),
            statistics.median(each.milliseconds(0.5) for each in rounds),
            statistics.median(each.milliseconds(0.99) for each in rounds),
        )


def ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> float:
    """The median of the rounds' own ratios: both of a round met the same noise, or nearly."""
    return statistics.median(a.rate / b.rate for a, b in zip(ours, theirs, strict=True))


def table(title: str, *columns: str) -> Table:
    """A table whose first column is text and whose others are numbers."""
    made = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        made.add_column(name, justify="right" if number else "left")
    return made


def as_the_server() -> None:
    """The garbage collector as the server sets it."""
    gc.collect()
    collecting.seldom()


def machine(conninfo: str) -> str:
    """Cores, memory and versions; nothing that tells one machine of a kind from another."""
    with psycopg.connect(conninfo) as connection:
        server = connection.info.parameter_status("server_version")
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, PostgreSQL {server}, "
        f"Python {platform.python_version()}, {platform.system()}; {datetime.now(UTC):%d %b %Y}"
    )


def processor_seconds(conninfo: str) -> float:
    """What this process, those it started and PostgreSQL's have used of the processors so far, in seconds."""
    with psycopg.connect(conninfo) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    roots = [psutil.Process(), *([server] if server else [])]
    times = [each.cpu_times() for root in roots for each in (root, *root.children(recursive=True)) if each.is_running()]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def milliseconds(latencies: Sequence[float], share: float) -> float:
    """The latency (of seconds, given in milliseconds) that this share of the answers did not exceed."""
    return Round(len(latencies), 1.0, latencies).milliseconds(share)


def leave(file: Path | None, bench: str, size: int, about: str, figures: Mapping[str, float]) -> None:
    """Add what came out to a JSON file (a list of all such results), for bench.plot; without a file nothing."""
    if file is None:
        return
    kept: list[Any] = orjson.loads(file.read_bytes()) if file.exists() else []
    kept.append({"bench": bench, "size": size, "machine": about, "figures": dict(figures)})
    file.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
