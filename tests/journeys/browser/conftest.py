"""One demonstration and one browser for each file of journeys; nothing of either is left at the end.

They end with their file: while Playwright is there, no test beside it could run an event loop of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.disclosing.browser import CHROMIUM, MISSING
from tests.journeys.browser.browsing import A_LINK, People
from tests.journeys.process import Process, ended, free_port


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Chromium without a window; whoever asks for it is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own sandbox is not for root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*as_root, "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def demonstration(browser: Browser) -> Generator[Process]:
    """`ledger demo` from an empty home; nobody waits for it where there is no browser."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    port = free_port()
    with ended(Process(folder / "home", port, "demo", "--port", str(port))) as process:
        process.start()
        process.wait_until_ready(150)  # the first start records a year of casework
        yield process
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def people(browser: Browser, demonstration: Process) -> People:
    """All who have a link."""
    return People(browser, demonstration.address, dict(A_LINK.findall(demonstration.output)))
