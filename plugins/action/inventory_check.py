# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it runs on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import shown
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import (
    Finding,
    lines_of,
    variable_for,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import Report, whole_report
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight import inventory_problems, title
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight_machines import seen_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._role_variables import (
    given_nothing,
    misplaced,
    read_roles,
    releases_missing,
    role_findings,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._run_limit import limit_problems

ROLES = Path(__file__).parents[2] / "roles"
ARGUMENTS = {
    "machines": {"type": "list", "elements": "str", "required": True},
    "bootstrap": {"type": "list", "elements": "str", "required": True},
    "limit": {"type": "list", "elements": "str"},
    "fail": {"type": "bool", "default": True},
}

display = Display()


class ActionModule(ActionBase):
    """Says everything in one list, a problem a line: a failed task would print it as one line of JSON."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        hostvars: Mapping[str, Any] = (task_vars or {})["hostvars"]
        unreached, problems, notes, report = self._look(options, hostvars)
        lines = [*unreached, *lines_of(problems)]
        for line in lines_of(notes):
            display.warning(line)
        if unreached or (lines and options["fail"]):
            for line in lines:
                display.display(line, color=constants.COLOR_ERROR)
            msg = f"{title(len(lines))}, told above, one a line; nothing has been changed"
            return {"changed": False, "failed": True, "msg": msg}
        machines, limit = options["machines"], options["limit"]
        within = machines if limit is None else [name for name in machines if name in limit]
        result = {"changed": False, "machines": within, "limited": limit is not None}
        if options["fail"]:
            return result
        seen = seen_of(report.machines.objects, hostvars, options["bootstrap"])
        return {**result, "problems": inventory_problems(problems), "seen": seen}

    def _look(
        self, options: Mapping[str, Any], hostvars: Mapping[str, Any]
    ) -> tuple[list[str], list[Finding], list[Finding], Report]:
        """Return why the run reaches nobody who could serve, what is wrong, what is worth knowing, and the machines."""
        machines, bootstrap = options["machines"], options["bootstrap"]
        unreached = limit_problems(machines, bootstrap, options["limit"])
        report = whole_report(machines, hostvars)
        notes: list[Finding] = []
        of_roles: list[tuple[Finding, bool]] = []
        for name in bootstrap:
            if name in hostvars:
                variables = hostvars[name]
                of_roles += role_findings(name, variables, read_roles(ROLES))
                notes += misplaced(name, machines, hostvars)
                notes += [
                    Finding(host, variable_for("os_version", hostvars[host]), shown(version), message)
                    for host, version, message in releases_missing(name, variables, report.machines.objects)
                ]
                notes += [
                    Finding(host, variable_for("disable_dhcp", hostvars[host]), "", message)
                    for host, message in given_nothing(variables, report.machines.objects)
                ]
        problems = [finding for finding, note in of_roles if not note] + report.problems
        notes += [finding for finding, note in of_roles if note] + report.notes
        return unreached, problems, notes, report
