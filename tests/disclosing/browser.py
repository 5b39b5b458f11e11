"""A real browser without a network: Chromium, headless, spoken to over a pipe (its DevTools protocol).

    with Browser() as browser:
        browser.open(path)
        browser.type("#key", "…"); browser.press("button")
        browser.text("#state")

A test that needs it is skipped, with the reason, where no Chromium is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No LEDGER_ before it: every variable so named is a setting, and this one is none.
CHROMIUM = os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)
MISSING = "There is no Chromium here: install it (Debian: apt install chromium), or name one in CHROMIUM."
PATIENCE = 60  # seconds


class Browser:
    """One page of one browser."""

    def __enter__(self) -> Browser:
        assert CHROMIUM is not None
        self.profile = tempfile.mkdtemp(prefix="browser-")
        theirs_in, self.write_to = os.pipe()
        self.read_from, theirs_out = os.pipe()
        command = [
            *("bash", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', CHROMIUM),
            *("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-dev-shm-usage", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={self.profile}", "about:blank"),
        ]
        self.process = subprocess.Popen(
            command, pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.asked = 0
        self.session: str | None = None
        self.rest = b""
        self.events: list[dict[str, Any]] = []
        targets = self._ask("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        self.session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self._ask("Network.emulateNetworkConditions", **offline)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.write_to)
        os.close(self.read_from)
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---------------------------------------------------------------- what a reader does and sees

    def open(self, page: Path) -> None:
        """Open a file, and wait until the page has said what it thinks of itself."""
        self.events.clear()
        self._ask("Page.navigate", url=page.as_uri())
        self.until("document.readyState === 'complete'")
        self.until("document.getElementById('verdict')?.dataset.state !== 'checking'")

    def text(self, selector: str) -> str:
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field, select what is there, and write."""
        self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self._ask("Input.insertText", text=text)

    def press(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def run(self, expression: str) -> Any:
        answer = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        ends = time.monotonic() + PATIENCE
        while not self.run(expression):
            assert time.monotonic() < ends, f"{expression} did not come true"
            time.sleep(0.02)

    def narrow(self, width: int) -> None:
        """A screen so many CSS pixels wide."""
        screen = {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **screen)

    def requests(self) -> list[str]:
        """Every address that the page asked for."""
        return [
            each["params"]["request"]["url"] for each in self.events if each["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """What the browser had to say about the page: errors, things its policy does not let it do."""
        told = [each["params"]["entry"]["text"] for each in self.events if each["method"] == "Log.entryAdded"]
        thrown = [str(each["params"]) for each in self.events if each["method"] == "Runtime.exceptionThrown"]
        return told + thrown

    # ---------------------------------------------------------------- the protocol

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.asked += 1
        message = {"id": self.asked, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.asked:
                assert "error" not in answer, answer
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            data = os.read(self.read_from, 1 << 20)
            assert data, "the browser is gone"
            self.rest += data
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)
