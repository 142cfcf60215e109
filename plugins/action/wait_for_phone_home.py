# Copyright: (c) 2026, The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it runs on the controller."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.urls import open_url
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.plugin_utils._progress import TARGETS, Progress, span

SILENCE = 60.0  # seconds without news after which the wait says where the machines stand
HTTP_TIMEOUT = 10
MAX_ANSWER = 64 * 1024 * 1024

ARGUMENTS = {
    "machines": {"type": "list", "elements": "str", "required": True},
    "url": {"type": "str", "required": True},
    "stage": {"type": "str", "choices": list(TARGETS), "default": "installed"},
    "timeout": {"type": "int", "default": 3600},
    "poll": {"type": "float", "default": 1.0},
    "fail_fast": {"type": "bool", "default": False},
    "use_proxy": {"type": "bool", "default": True},
}

display = Display()


class ActionModule(ActionBase):
    """Waits once for all machines, in one worker, and shows each stage as it is reached."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if options["poll"] <= 0:
            raise AnsibleActionFail(f"poll is {options['poll']} but should be a number of seconds above 0")
        if self._task.check_mode:
            return {"changed": False, "machines": {}, "elapsed": 0.0, "msg": "check mode: nothing was waited for"}
        wait = Wait(options)
        wait.until_settled()
        return wait.result()


class Wait:
    """One wait: asks bootd, shows news, and tolerates that bootd is away for a while."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.progress = Progress(options["machines"], options["stage"])
        self.started = time.monotonic()
        self.said_at = self.started
        self.away_since: float | None = None
        self.away_reason = ""
        self.clock_ahead = 0.0  # bootd's clock less the controller's, in seconds

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def bootd_now(self) -> float:
        return time.time() + self.clock_ahead

    def until_settled(self) -> None:
        """Return when every machine has arrived or failed, when one has failed and that is enough, or in time."""
        while True:
            self._look()
            over = self.progress.failed and self.options["fail_fast"]
            left = self.options["timeout"] - self.elapsed
            if over or not self.progress.pending or left <= 0:
                return
            time.sleep(min(self.options["poll"], left))

    def _look(self) -> None:
        try:
            machines, self.clock_ahead = fetch(self.options["url"], self.options["use_proxy"])
        except (OSError, ValueError, HTTPException) as error:
            self._say_away(str(error))
        else:
            self._say_back()
            for line in self.progress.update(machines, self.bootd_now, self.elapsed):
                self._say(line)
        if time.monotonic() - self.said_at >= SILENCE:
            self._say(self.progress.standing(self.bootd_now) + self._away())

    def _say(self, line: str) -> None:
        self.said_at = time.monotonic()
        display.display(f"[{self.elapsed:.1f}s] {line}")

    def _say_away(self, reason: str) -> None:
        self.away_reason = reason
        if self.away_since is None:
            self.away_since = time.monotonic()
            self._say(f"no answer from bootd at {self.options['url']}: {reason}; asking again")

    def _say_back(self) -> None:
        if self.away_since is not None:
            self._say(f"bootd answers again after {span(time.monotonic() - self.away_since)}")
            self.away_since = None

    def _away(self) -> str:
        if self.away_since is None:
            return ""
        return f"; bootd has not answered for {span(time.monotonic() - self.away_since)}: {self.away_reason}"

    def result(self) -> dict[str, Any]:
        """Return the task's result: what was seen last of every machine, also where the wait failed."""
        progress = self.progress
        machines = {name: dict(progress.machines[name]) for name in progress.names if name in progress.machines}
        result = {"changed": False, "machines": machines, "elapsed": round(self.elapsed, 1)}
        missing = progress.missing(self.bootd_now)
        if missing:
            head = f"{len(missing)} of {len(progress.names)} machines did not reach the stage {progress.target}"
            result["failed"] = True
            result["msg"] = "\n".join([f"{head} within {span(self.elapsed)}{self._away()}", *missing])
        return result


def fetch(url: str, use_proxy: bool) -> tuple[list[dict[str, Any]], float]:
    """Return bootd's machines and by how many seconds its clock is ahead; raises OSError, ValueError, HTTPException."""
    with open_url(f"{url.rstrip('/')}/api/v1/machines", timeout=HTTP_TIMEOUT, use_proxy=use_proxy) as answer:
        text = answer.read(MAX_ANSWER)
        date = answer.headers.get("Date")
    document = json.loads(text)
    machines = document.get("machines") if isinstance(document, dict) else None
    if not isinstance(machines, list) or not all(isinstance(machine, dict) for machine in machines):
        raise ValueError("the answer is not bootd's list of machines")
    return machines, parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
