# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, driven by the DevTools protocol: what a page shows, does, and costs.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

START_SECONDS = 60.0
CALL_SECONDS = 60.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which root can't have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--force-color-profile=srgb",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
    "--remote-debugging-port=0",
)


class PageError(Exception):
    """What was evaluated in the page has thrown."""


class Browser:
    """One page. ``faults`` are the exceptions and errors that it has logged, violations of its policy among them."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._number = 0
        self._session = ""
        self.faults: list[str] = []
        self.requests: list[str] = []  # URLs
        self._runner.run(self._connect(url))

    def close(self) -> None:
        self._runner.run(self._disconnect())
        self._runner.close()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of a command to the page."""
        return self._runner.run(self._call(method, parameters))

    def show(self, url: str) -> None:
        """Go to ``url``, and return once it is loaded."""
        self.call("Page.navigate", url=url)
        self.wait_for(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page; of a promise what it resolves to."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise PageError(str(answer["exceptionDetails"].get("exception", {}).get("description", answer)))
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 20.0) -> Any:
        """Return the value of ``expression`` once it is true."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"not in {seconds} s: {expression}; {self.faults}"
            time.sleep(0.05)
        return value

    def look_like(self, *, width: int = 1280, height: int = 800, scheme: str = "light", scale: float = 1.0) -> None:
        """Have a window of that size, in CSS pixels, and the colours of ``scheme``, "light" or "dark"."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        """Write what the window shows to ``path``, as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key, named as in KeyboardEvent.key."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **_CODES.get(key, {}), **more)

    async def _connect(self, url: str) -> None:
        self._client = aiohttp.ClientSession()
        self._socket = await self._client.ws_connect(url, max_msg_size=0)
        target = await self._call("Target.createTarget", {"url": "about:blank"})
        attached = await self._call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "HeapProfiler"):
            await self._call(f"{domain}.enable", {})

    async def _disconnect(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            await self._socket.close()
        await self._client.close()

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json({**message, "sessionId": self._session} if self._session else message)
        async with asyncio.timeout(CALL_SECONDS):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == number:
                    if "error" in answer:
                        raise PageError(f"{method}: {answer['error']}")
                    return answer["result"]
                self._note(answer.get("method", ""), answer.get("params", {}))

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.faults.append(str(details.get("exception", {}).get("description") or details["text"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.faults.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])


_CODES = {
    "Tab": {"windowsVirtualKeyCode": 9, "code": "Tab"},
    "Enter": {"windowsVirtualKeyCode": 13, "code": "Enter"},
    "Escape": {"windowsVirtualKeyCode": 27, "code": "Escape"},
    "ArrowDown": {"windowsVirtualKeyCode": 40, "code": "ArrowDown"},
    "ArrowUp": {"windowsVirtualKeyCode": 38, "code": "ArrowUp"},
    "/": {"windowsVirtualKeyCode": 191, "code": "Slash"},
}


@contextmanager
def browsing(*before: str) -> Iterator[Browser]:
    """Start Chromium, by the command ``before`` if there is any, such as ``ip netns exec NAME``."""
    folder = tempfile.mkdtemp(prefix="chromium-")
    home = {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
    argv = [*before, "chromium", *_FLAGS, f"--user-data-dir={folder}/data", "about:blank"]
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, **home}, start_new_session=True)
    try:
        browser = Browser(_url_of(process, Path(folder)))
        try:
            yield browser
        finally:
            browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _url_of(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Return where the browser is driven, once it has said so."""
    told = folder / "data/DevToolsActivePort"
    deadline = time.monotonic() + START_SECONDS
    while True:
        lines = told.read_text(encoding="ascii").splitlines() if told.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8", errors="replace")
        assert time.monotonic() < deadline, "Chromium does not start"
        time.sleep(0.05)
