# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is.

A task that would run the module with the controller's own Python, as its user, works in the worker that is there
already: to pack, start and unpack a module with a thousand machines takes longer than all that it has to find out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ConfigurationError
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.arguments import (
    ARGUMENTS,
    MUTUALLY_EXCLUSIVE,
    REQUIRED_ONE_OF,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.cluster import AT_ONCE, HardwareError, run
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    client_from,
    missing_library,
)


class ActionModule(ActionBase):
    """Works for a cluster from here where that makes no difference, and runs the module everywhere else."""

    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        if not self._is_here(task_vars or {}):
            return self._execute_module(task_vars=task_vars, wrap_async=bool(self._task.async_val))
        # A failure is a result, as the module's is: an exception would pass by failed_when.
        try:
            options, machines = self._options()
            if missing := missing_library():
                return {"failed": True, "msg": missing}
            connect = partial(client_from, options, connections=AT_ONCE)
            return run(connect, machines, options, check=self._task.check_mode, diff=self._task.diff)
        except (AnsibleActionFail, ConfigurationError, HardwareError, OSError, ValueError) as error:
            return {"failed": True, "msg": str(error)}

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Return whether the module would run as we do: this Python, this user, this environment, and waited for."""
        kind = str(self._task.args.get("store", "kubernetes")).partition(":")[0]
        elsewhere = self._connection.transport != "local" or self._connection.become is not None
        apart = any(self._task.environment or ()) or self._task.async_val
        python = self._templar.template(task_vars.get("ansible_python_interpreter", ""))
        return kind == "kubernetes" and not elsewhere and not apart and python == sys.executable

    def _options(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the options and the machines, which the check of arguments would copy: that takes its time."""
        given = self._task.args
        machines = plain(given.get("machines"))
        try:
            if isinstance(machines, list) and all(isinstance(machine, dict) for machine in machines):
                self._task.args = {**given, "machines": []}
            _result, options = self.validate_argument_spec(
                argument_spec=ARGUMENTS, mutually_exclusive=MUTUALLY_EXCLUSIVE, required_one_of=REQUIRED_ONE_OF
            )
        finally:
            # A task with `until` is run again as it stands: with no machines, prune would remove them all.
            self._task.args = given
        return options, plain([options["machine"]]) if options["machine"] is not None else machines
