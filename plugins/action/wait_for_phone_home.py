# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it runs on the controller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import parse_store
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    ARGUMENTS as CLUSTER_ARGUMENTS,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import Bars, are_wanted
from ansible_collections.baremetal.netboot.plugins.plugin_utils._cluster_source import cluster_from
from ansible_collections.baremetal.netboot.plugins.plugin_utils._sources import Away, Bootd, Refused, Source
from ansible_collections.baremetal.netboot.plugins.plugin_utils._wait_report import TARGETS, Progress, span

SILENCE = 60.0  # seconds without news after which the wait says where the machines stand

ARGUMENTS = {
    "machines": {"type": "list", "elements": "str", "required": True},
    "url": {"type": "str"},
    "store": {"type": "str"},
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
        _result, options = self.validate_argument_spec(argument_spec={**CLUSTER_ARGUMENTS, **ARGUMENTS})
        try:
            source = source_for(options)
            if self._task.check_mode:
                msg = "check mode: nothing was waited for"
                return {"changed": False, "machines": {}, "summary": [], "elapsed": 0.0, "msg": msg}
            wanted = are_wanted(bool(self._task.run_once), task_vars)
            return waited(options, source, Bars(wanted=wanted))
        except (Refused, ValueError) as error:
            raise AnsibleActionFail(str(error)) from error


def source_for(options: Mapping[str, Any]) -> Source:
    """Return who the options say is to be asked; raises ValueError and Refused where nobody can be."""
    if options["poll"] <= 0:
        raise ValueError(f"poll is {options['poll']} but should be a number of seconds above 0")
    if (options["url"] is None) == (options["store"] is None):
        raise ValueError("exactly one of url and store is required")
    if options["url"] is not None:
        return Bootd(options["url"], options["poll"], options["use_proxy"])
    kind, place = parse_store(options["store"])
    if kind != "kubernetes":
        raise ValueError("a bootd that serves files keeps its states to itself: give its url instead of its store")
    return cluster_from(options, place)


def waited(options: Mapping[str, Any], source: Source, bars: Bars) -> dict[str, Any]:
    """Return the result of a whole wait; raises Refused."""
    wait = Wait(options, source, bars)
    try:
        source.start()
        wait.until_settled()
        return wait.result()
    finally:
        bars.clear()
        source.stop()


class Wait:
    """One wait: asks ``source``, shows news, and tolerates that it is away for a while."""

    def __init__(self, options: Mapping[str, Any], source: Source, bars: Bars) -> None:
        self.options = options
        self.source = source
        self.bars = bars
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
        """Return when every machine has arrived, failed or can't begin, when one failure is enough, or in time."""
        while True:
            self._look()
            over = self.progress.failed and self.options["fail_fast"]
            left = self.options["timeout"] - self.elapsed
            if over or not self.progress.pending or left <= 0:
                return
            self.source.pause(left)

    def _look(self) -> None:
        try:
            look = self.source.look()
        except Away as error:
            self._say_away(str(error))
        else:
            self._say_back()
            self.clock_ahead = look.clock_ahead
            for line in self.progress.update(look.machines, self.bootd_now, self.elapsed):
                self._say(line)
        if time.monotonic() - self.said_at >= SILENCE:
            # The bars say it all the time, but stand in no log.
            where = {"log_only": True} if self.bars.wanted else {}
            self._say(self.progress.standing(self.bootd_now) + self._away(), **where)
        self.bars.draw(self.progress.bars(self.bootd_now, self.elapsed))

    def _say(self, line: str, **where: bool) -> None:
        self.said_at = time.monotonic()
        self.bars.clear()
        display.display(f"[{self.elapsed:.1f}s] {line}", **where)

    def _say_away(self, reason: str) -> None:
        self.away_reason = reason
        if self.away_since is None:
            self.away_since = time.monotonic()
            self._say(f"no answer from {self.source.place}: {reason}; asking again")

    def _say_back(self) -> None:
        if self.away_since is not None:
            self._say(f"{self.source.name} answers again after {span(time.monotonic() - self.away_since)}")
            self.away_since = None

    def _away(self) -> str:
        if self.away_since is None:
            return ""
        silent = span(time.monotonic() - self.away_since)
        return f"; {self.source.name} has not answered for {silent}: {self.away_reason}"

    def result(self) -> dict[str, Any]:
        """Return the task's result: what was seen last of every machine, also where the wait failed."""
        progress = self.progress
        machines = {name: dict(progress.machines[name]) for name in progress.names if name in progress.machines}
        result = {
            "changed": False,
            "machines": machines,
            "summary": progress.summary(self.bootd_now),
            "elapsed": round(self.elapsed, 1),
        }
        missing = progress.missing(self.bootd_now)
        if missing:
            head = f"{len(missing)} of {len(progress.names)} machines did not reach the stage {progress.target}"
            result["failed"] = True
            result["msg"] = "\n".join([f"{head}{self._ended()}{self._away()}", *missing])
        return result

    def _ended(self) -> str:
        """Return when and why the wait has ended, where not all have arrived."""
        took = span(self.elapsed)
        if not self.progress.pending:
            return f": nothing was left to wait for after {took}"
        if self.progress.failed and self.options["fail_fast"]:
            return f": the first failure ended the wait after {took}"
        return f" within {took}"
