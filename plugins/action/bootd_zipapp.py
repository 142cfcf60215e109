# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module of the same name, where its documentation is: it packs on the controller and copies."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ansible.constants import DEFAULT_LOCAL_TMP
from ansible.plugins.action import ActionBase

from ansible_collections.baremetal.netboot.plugins.plugin_utils._zipapp import PACKAGE, pack

ARGUMENTS = {
    "dest": {"type": "path", "required": True},
    "interpreter": {"type": "path", "required": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str", "default": "0755"},
}


class ActionModule(ActionBase):
    """Hands the packed file to ansible.builtin.copy, which knows about change, check mode and permissions."""

    TRANSFERS_FILES = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if self._task.check_mode and not self._has_directory(options["dest"], task_vars or {}):
            # The play would have made it by now; copy can't foresee that.
            return {"changed": True, "dest": options["dest"]}
        descriptor, path = tempfile.mkstemp(dir=DEFAULT_LOCAL_TMP)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pack(PACKAGE, options["interpreter"]))
            return self._copy(path, options, task_vars)
        finally:
            os.unlink(path)

    def _has_directory(self, dest: str, task_vars: dict[str, Any]) -> bool:
        return self._execute_remote_stat(os.path.dirname(dest), all_vars=task_vars, follow=True)["exists"]

    def _copy(self, path: str, options: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        task = self._task.copy()
        task.diff = False  # of a file that is not text
        given = {name: options[name] for name in ("dest", "owner", "group", "mode") if options[name] is not None}
        task.args = {"src": path, **given}
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.legacy.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return copy.run(task_vars=task_vars)
