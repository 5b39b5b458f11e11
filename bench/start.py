"""The first start of the demonstration, from an empty home, and the memory it then holds.

    python -m bench.start [--times 3]

Time runs from the start of the process (`ledger demo`, installed, nothing in its home) to the first answer that needs
the caseload: the enforcement worklist of breaches, asked with a token it printed.  The second start finds everything
there.

Memory is what the server process, its children and both PostgreSQL clusters hold a moment later: RSS counts a shared
page once for each process that has it, so the honest sum is PSS (each page shared out among those that have it), read
from smaps_rollup where the system gives it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from bench.measuring import out, table

LIMIT = 180.0


def start(home: Path) -> tuple[float, dict[str, tuple[float, float]]]:
    """Seconds to the first answer, and (PSS, RSS) in MB by part; the server is stopped again."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    printed = home.with_suffix(".printed")
    began = time.perf_counter()
    with printed.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "ledger.cli", "demo", "--port", str(port)],
            env={**os.environ, "LEDGER_HOME": str(home)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(port, printed):
            if server.poll() is not None or time.perf_counter() - began > LIMIT:
                raise SystemExit(f"the demonstration did not start:\n{printed.read_text()}")
            time.sleep(0.02)
        took = time.perf_counter() - began
        time.sleep(1)
        return took, _memory(server.pid, home)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        printed.unlink()


def _answers(port: int, printed: Path) -> bool:
    lines = printed.read_text().splitlines()
    token = next((line.split()[1] for line in lines if line.startswith("practitioner: ")), "")
    if not token:
        return False
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/worklists/breach", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        raise
    except OSError:  # it prints its tokens before it listens
        return False


def _memory(server: int, home: Path) -> dict[str, tuple[float, float]]:
    process = psutil.Process(server)
    parts = {"server": [process, *(each for each in process.children(recursive=True) if each.name() != "postgres")]}
    for name in ("ledger", "vault"):
        for file in home.glob(f"postgres/{name}/data/postmaster.pid"):
            cluster = psutil.Process(int(file.read_text().split()[0]))
            parts[f"PostgreSQL, {name}"] = [cluster, *cluster.children(recursive=True)]
    return {name: (_sum(found, "pss"), _sum(found, "rss")) for name, found in parts.items()}


def _sum(processes: list[psutil.Process], kind: str) -> float:
    return sum(getattr(each.memory_full_info(), kind) for each in processes) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    first: list[float] = []
    second: list[float] = []
    memory: dict[str, tuple[float, float]] = {}
    for _ in range(given.times):
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        folder.chmod(0o711)
        try:
            seconds, memory = start(folder / "home")
            first.append(seconds)
            second.append(start(folder / "home")[0])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    out.print(
        f"To the first answer: first start {statistics.median(first):.1f} s (of {given.times}: "
        f"{', '.join(f'{each:.1f}' for each in sorted(first))}), second start {statistics.median(second):.1f} s."
    )
    shown = table("Memory after the first answer", "", "PSS MB", "RSS MB")
    for name, (pss, rss) in memory.items():
        shown.add_row(name, f"{pss:.0f}", f"{rss:.0f}")
    shown.add_row("all", *(f"{sum(each[n] for each in memory.values()):.0f}" for n in (0, 1)))
    out.print(shown)


if __name__ == "__main__":
    main()
