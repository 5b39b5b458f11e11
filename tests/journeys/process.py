"""The command line as a process of its own, started, asked, killed and stopped from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

SECRETIVE = ("Traceback", "SELECT", "Featherstonehaugh")  # what no log of a server may hold


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def environment(home: Path, **settings: object) -> dict[str, str]:
    """The environment of this process, with no settings but these."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    return {**others, "LEDGER_HOME": str(home), **{f"LEDGER_{k.upper()}": str(v) for k, v in settings.items()}}


def command(*arguments: str, through: Sequence[str] = ("ledger.cli",)) -> list[str]:
    """How a verb is started; `through`: the module that runs it, with what that takes."""
    return [sys.executable, "-m", *through, *arguments]


def run(home: Path, *arguments: str, limit: float = 60) -> subprocess.CompletedProcess[str]:
    """One verb, to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def postgres_of(home: Path) -> list[psutil.Process]:
    """Every PostgreSQL process that works on a cluster of this home."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if str(home.resolve()) in process.cwd():
                found.append(process)
        except psutil.Error:
            continue
    return found


def followers_of(home: Path) -> list[psutil.Process]:
    """Every follower of this home: one whose server was killed may still be ending, and start a database for it."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if "follow" in process.cmdline() and process.environ().get("LEDGER_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


class Process:
    """`ledger serve` or `ledger demo`: what it prints goes to a file beside its home."""

    def __init__(
        self, home: Path, port: int, *arguments: str, through: Sequence[str] = ("ledger.cli",), **settings: object
    ) -> None:
        self.home, self.port = home, port
        self._command = command(*arguments, through=through)
        self._settings = settings
        self.printed = home.with_name(f"{home.name}.printed")
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of its newest start."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def output(self) -> str:
        """Everything it has printed, over all its starts."""
        return self.printed.read_text("utf-8") if self.printed.exists() else ""

    def start(self) -> None:
        """Start it, and do not wait."""
        with self.printed.open("ab") as printed:
            self._popen = subprocess.Popen(
                self._command,
                env=environment(self.home, listen=f"127.0.0.1:{self.port}", **self._settings),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, limit: float = 60) -> float:
        """Until it says that it is; the seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < limit:
            if not self.running:
                raise AssertionError(f"it ended by itself: {self.output[-2000:]}")
            try:
                if httpx.get(f"{self.address}/health/ready", timeout=5).status_code == 200:
                    return time.monotonic() - began
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"it was not ready after {limit} s: {self.output[-2000:]}")

    def send(self, number: signal.Signals) -> None:
        assert self._popen is not None
        self._popen.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can be ended so."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, limit: float = 30) -> int:
        """Until it has ended; with which code."""
        assert self._popen is not None
        return self._popen.wait(limit)

    def stop(self, number: signal.Signals = signal.SIGINT, limit: float = 30) -> int:
        """Ask it to end; its exit code."""
        self.send(number)
        return self.wait(limit)


@contextmanager
def ended(process: Process) -> Generator[Process]:
    """Whatever happens, nothing of it is left at the end: neither it nor a server of its home."""
    try:
        yield process
    finally:
        if process.running:
            process.kill()
        for each in (*followers_of(process.home), *postgres_of(process.home)):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.printed.unlink(missing_ok=True)
