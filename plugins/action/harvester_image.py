# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it shows how far the module is."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.module_utils._images.progress_file import NAME as PROGRESS
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import Bars, are_wanted
from ansible_collections.baremetal.netboot.plugins.plugin_utils._download_report import ImageProgress

MODULE = "baremetal.netboot.harvester_image"
LIMIT = 24 * 3600  # seconds after which the host ends the module
FIRST_LOOK, PERIOD = 0.3, 1.0  # seconds
ASK_EVERY = 30  # looks, for a module that ended without a word
# What async_status adds to a module's result.
_OF_THE_JOB = (
    "ansible_job_id",
    "finished",
    "results_file",
    "started",
    "stderr",
    "stderr_lines",
    "stdout",
    "stdout_lines",
)

display = Display()


class ActionModule(ActionBase):
    """Runs the module as a job of the host and looks at the file in which that says how far it is."""

    TRANSFERS_FILES = False
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        asked_for = bool(self._task.async_val)
        if asked_for or self._task.check_mode or self._task.args.get("state") == "absent":
            return self._execute_module(module_name=MODULE, task_vars=task_vars, wrap_async=asked_for)
        # The copy alone, so that nobody else takes the task for one that was started with async.
        self._task = self._task.copy()
        self._task.async_val, self._task.poll = LIMIT, 0
        started = self._execute_module(module_name=MODULE, task_vars=task_vars, wrap_async=True)
        if "ansible_job_id" not in started:
            return started
        bars = Bars(wanted=are_wanted(bool(self._task.run_once), task_vars))
        try:
            return self._watch(started["ansible_job_id"], task_vars, bars)
        finally:
            bars.clear()
            self._status(started["ansible_job_id"], "cleanup", task_vars)
            self.cleanup(force=True)  # of what is left to a job otherwise

    def _watch(self, job: str, task_vars: dict[str, Any] | None, bars: Bars) -> dict[str, Any]:
        """Show how far the job is until it has ended, and return its result."""
        began, looks = time.monotonic(), 0
        progress, seen = ImageProgress(), self._look()
        time.sleep(FIRST_LOOK)
        while True:
            looks += 1
            document = self._look()
            if document is None or looks % ASK_EVERY == 0:
                status = self._status(job, "status", task_vars)
                if status.get("finished") or status.get("failed"):
                    return {name: value for name, value in status.items() if name not in _OF_THE_JOB}
            elif document != seen:
                # One that does not change was left by a run that was killed.
                seen = document
                elapsed = time.monotonic() - began
                for line in progress.update(document, elapsed, with_bars=bars.wanted):
                    bars.clear()
                    display.display(f"[{elapsed:.1f}s] {self._task.args.get('version')}: {line}")
                bars.draw(progress.bars(document, elapsed))
            time.sleep(PERIOD)

    def _look(self) -> Mapping[str, Any] | None:
        """Return what the module has written last, None where it has written nothing, or has ended."""
        directory = f"{self._task.args.get('path')}/{self._task.args.get('version')}"
        done = self._low_level_execute_command(f"cat {shlex.quote(f'{directory}/{PROGRESS}')}")
        try:
            found = json.loads(done["stdout"]) if done["rc"] == 0 else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _status(self, job: str, mode: str, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        where = self.get_shell_option("async_dir", default="~/.ansible_async")
        arguments = {"jid": job, "mode": mode, "_async_dir": where}
        return self._execute_module(
            module_name="ansible.legacy.async_status", module_args=arguments, task_vars=task_vars
        )
