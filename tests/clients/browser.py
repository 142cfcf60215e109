# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, driven by the DevTools protocol: what a page shows, does, and costs.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CALL_SECONDS = 90.0
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
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--force-color-profile=srgb",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
    "--remote-debugging-pipe",  # file descriptors 3 and 4: no port, so it may be in a network of its own
)


# Where sessions share the processors (sched(7), autogroup), a process is nice to its own session only.
_URGENT = "renice -n -15 -p $$ >&2; [ ! -e /proc/self/autogroup ] || echo -15 >/proc/self/autogroup; "


class PageError(Exception):
    """What was evaluated in the page has thrown."""


class Browser:
    """One page. ``faults`` are the exceptions and errors that it has logged, violations of its policy among them."""

    def __init__(self, commands: int, answers: int) -> None:
        """Drive the browser that reads the descriptor ``commands`` and writes ``answers``."""
        self._commands, self._answers = commands, answers
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.faults: list[str] = []
        self.requests: list[str] = []  # URLs
        target = self.call("Target.createTarget", url="about:blank")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "HeapProfiler"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of a command to the page."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        octets = json.dumps(message).encode() + b"\0"
        while octets:
            octets = octets[os.write(self._commands, octets) :]
        deadline = time.monotonic() + CALL_SECONDS
        while (answer := self._receive(deadline)).get("id") != self._number:
            self._note(answer.get("method", ""), answer.get("params", {}))
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self, deadline: float) -> dict[str, Any]:
        """Return the next message of the browser."""
        while b"\0" not in self._buffer:
            assert select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))[0], "no answer"
            piece = os.read(self._answers, 1 << 20)
            assert piece, "the browser has ended"
            self._buffer += piece
        message, _nul, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

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

    def wait_for(self, expression: str, seconds: float = CALL_SECONDS) -> Any:
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


def _start(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **options)


@contextmanager
def browsing(start: Callable[..., subprocess.Popen[bytes]] = _start, *, urgent: bool = False) -> Iterator[Browser]:
    """Start Chromium by ``start``, in a session of its own; another ``start`` may enter a network namespace.

    ``urgent``: everything else on this machine stands back for it, which only root can have.
    """
    folder = tempfile.mkdtemp(prefix="chromium-")
    home = {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
    (read_commands, commands), (answers, write_answers) = os.pipe(), os.pipe()
    script = f'{_URGENT if urgent else ""}exec "$@" 3<&{read_commands} 4>&{write_answers}'
    argv = ["bash", "-c", script, "bash", "chromium", *_FLAGS, f"--user-data-dir={folder}/data", "about:blank"]
    with open(f"{folder}/log", "wb") as log:
        process = start(
            argv,
            stdout=log,
            stderr=log,
            env={**os.environ, **home},
            pass_fds=(read_commands, write_answers),
        )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Browser(commands, answers)
    finally:
        # Its pipe's end ends it, its helpers with it; whoever is left belongs to its session.
        os.close(commands)
        os.close(answers)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
