# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it runs on the controller."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import WHO
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight import (
    checks_of,
    lines_of,
    problems_in,
    title,
)

RESULT = {
    "name": {"type": "str", "required": True},
    "result": {"type": "dict", "required": True},
    "looked_at": {"type": "str", "default": ""},
    "who": {"type": "str", "choices": list(WHO), "default": "node"},
}
ARGUMENTS = {
    "results": {"type": "list", "elements": "dict", "required": True, "options": RESULT},
    "fail": {"type": "bool", "default": True},
    "so_far": {"type": "str", "default": "nothing has been changed"},
}

display = Display()


class ActionModule(ActionBase):
    """Says everything in lines: a failed task would print it as one line of JSON."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        host = str((task_vars or {}).get("inventory_hostname", "the host"))
        checks = [
            check
            for item in options["results"]
            for check in checks_of(item["name"], item["result"], item["looked_at"], item["who"], host)
        ]
        problems = problems_in(checks)
        lines = lines_of(checks, problems)
        for line in lines:
            wrong = problems and not line.startswith(("ok ", "skipped "))
            display.display(line, color=constants.COLOR_ERROR if wrong else None)
        if problems and options["fail"]:
            # Without the lines: Ansible would print them once more.
            msg = f"{title(len(problems))}, told above by who can put it right; {options['so_far']}"
            return {"changed": False, "failed": True, "msg": msg}
        return {"changed": False, "problems": problems, "report": lines}
