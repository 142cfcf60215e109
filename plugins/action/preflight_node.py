# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it compares the host's clock with ours."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import clock
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import NODE
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight import joined

MODULE = "baremetal.netboot.preflight_node"


class ActionModule(ActionBase):
    """Runs the module and adds what only the controller can tell: how far its clock is from the host's."""

    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        host = self._task.args.get("host") or str((task_vars or {}).get("inventory_hostname", "the host"))
        begun = time.time()
        result = self._execute_module(
            module_name=MODULE, module_args={**self._task.args, "host": host}, task_vars=task_vars
        )
        if "time" not in result:
            return result
        ended, told = time.time(), float(result["time"])
        # As the host sees it: at its own moment our clock was somewhere between.
        ours = clock.Reading("the controller", begun, told, told, precision=ended - begun)
        most = float(self._task.args.get("max_skew", 5.0))
        return joined(result, clock.look(host, [ours], most, NODE))
