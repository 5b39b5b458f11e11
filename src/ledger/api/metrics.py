"""What the process measures of itself, in the text format that Prometheus reads.

    ledger_requests_total{method,route,status}      answers, by the template of the route
    ledger_command_seconds{outcome}                 histogram: recorded, refused (4xx) or failed (5xx, or no answer)
    ledger_commands_under_way                       now
    ledger_facts_sealed_total, ledger_batches_total by this process
    ledger_position                                 newest position of the ledger, whoever sealed it
    ledger_read_only                                1 while nothing may be added
    ledger_up{component}                            1 where the database, the vault answer
    ledger_worklists_lag_seconds                    age of the oldest fact that is not on the worklists yet
    ledger_worklists_behind, _paused_cases          facts to come; cases that cannot be folded
    ledger_build_info{version,revision}             always 1
    process_*, python_gc_*                          the library's own

A label is a name out of the registries or a status, never anything that a caller sent, so that there is a bounded
number of each and no personal value among them.  Proven by tests/api/test_operating.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Readings:
    """What is looked up when somebody asks; what could not be had is left out."""

    facts_sealed: int
    batches: int
    read_only: bool
    position: int | None
    components: dict[str, bool]
    lag: Mapping[str, Any] | None = None  # of the worklists: Ledger.lag


class Metrics(Collector):
    """The measures of one application."""

    def __init__(self, version: str, revision: str | None) -> None:
        self._build = (version, revision or "")
        self._readings: Readings | None = None
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "ledger_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._commands = Histogram(
            "ledger_command_seconds", "Seconds a command took.", ("outcome",), buckets=_SECONDS, registry=registry
        )
        self._under_way = Gauge("ledger_commands_under_way", "Commands under way.", registry=registry)
        registry.register(self)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

    def answered(self, method: str, route: str, status: int | None) -> None:
        """One request more; no status where nobody was there to be answered."""
        self._requests.labels(method, route, str(status or "none")).inc()

    def took(self, seconds: float, status: int | None) -> None:
        """One command more."""
        outcome = "failed" if status is None or status >= 500 else "refused" if status >= 400 else "recorded"
        self._commands.labels(outcome).observe(seconds)

    def under_way(self, count: int) -> None:
        self._under_way.set(count)

    def text(self, readings: Readings) -> bytes:
        """Everything, as of now."""
        self._readings = readings
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The library asks: what was looked up."""
        build = GaugeMetricFamily("ledger_build_info", "What is running.", labels=("version", "revision"))
        build.add_metric(self._build, 1)
        yield build
        if (found := self._readings) is None:
            return
        yield CounterMetricFamily("ledger_facts_sealed", "Facts this process sealed.", value=found.facts_sealed)
        yield CounterMetricFamily("ledger_batches", "Batches this process sealed.", value=found.batches)
        yield GaugeMetricFamily("ledger_read_only", "1 while nothing may be added.", value=int(found.read_only))
        if found.position is not None:
            yield GaugeMetricFamily("ledger_position", "Newest position of the ledger.", value=found.position)
        up = GaugeMetricFamily("ledger_up", "1 where it answers.", labels=("component",))
        for name, answers in found.components.items():
            up.add_metric((name,), int(answers))
        yield up
        if found.lag is not None:
            yield from _lag(found.lag)


def _lag(lag: Mapping[str, Any]) -> Iterator[Metric]:
    yield GaugeMetricFamily("ledger_worklists_lag_seconds", "Age of the oldest fact to come.", value=lag["lag_seconds"])
    yield GaugeMetricFamily("ledger_worklists_behind", "Facts to come.", value=lag["behind"])
    yield GaugeMetricFamily("ledger_worklists_paused_cases", "Cases not folded.", value=lag["paused"])
