"""Servers of a test's own that may be ended, suspended or starved, and how a patient client asks."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.doors import Door, a_problem, opened

from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate
from ledger.store.opening import Place, embedded_place

Pair = tuple[EmbeddedCluster, EmbeddedCluster]


@contextmanager
def own_pair() -> Generator[Pair]:
    """A ledger cluster and a vault cluster that nobody else uses, each with a template."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    home.chmod(0o711)
    ledger, vault = (EmbeddedCluster(home, name, throwaway=True) for name in ("ledger", "vault"))
    for cluster in (ledger, vault):
        cluster.ensure_running()
        template = f"{cluster.name}_template"
        cluster.create_database(template)
        migrate(cluster.conninfo(cluster.owner_role, template), cluster.name)
    yield ledger, vault
    for cluster in (ledger, vault):
        cluster.remove()
    shutil.rmtree(home)


@contextmanager
def foreign_door(
    pair: Pair, name: str, applications: Sequence[Callable[[], str]] | None = None, **settings: Any
) -> Generator[Door]:
    """A new ledger on servers that somebody else starts; `applications`: other ways to the ledger and the vault."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    places: list[Place] = []
    for number, cluster in enumerate(pair):
        cluster.create_database(name, f"{cluster.name}_template")
        place = embedded_place(cluster, name)
        places.append(Place(place.which, place.owner, applications[number] if applications else place.application))
    with opened(Settings(home=home, **settings), places) as door:
        yield door
    shutil.rmtree(home)


def ended(cluster: EmbeddedCluster, how: signal.Signals = signal.SIGQUIT) -> None:
    """End a server and wait until nothing of it is left."""
    pid = cluster.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    os.kill(pid, how)
    psutil.wait_procs(family, timeout=20)


@contextmanager
def away(cluster: EmbeddedCluster) -> Iterator[None]:
    ended(cluster, signal.SIGINT)
    try:
        yield
    finally:
        cluster.ensure_running()


@contextmanager
def suspended(cluster: EmbeddedCluster) -> Iterator[None]:
    """The server is there and says nothing."""
    pid = cluster.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children()]
    for each in family:
        each.suspend()
    try:
        yield
    finally:
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.resume()


def healed(door: Door, method: str, path: str, **more: object) -> httpx.Response:
    """The first answer that is no 503, asked for as a patient client would."""
    ends = time.monotonic() + 60
    while True:
        response = door.ask(method, path, **more)
        if response.status_code != 503 or time.monotonic() > ends:
            return response
        door.run(asyncio.sleep(0.2))


def unavailable(response: httpx.Response, *codes: str) -> None:
    problem = a_problem(response, 503)
    assert problem["type"].removeprefix("/problems/") in codes, problem
    assert int(response.headers["retry-after"]) >= 1
