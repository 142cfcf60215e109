# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tutorial of the documentation, done word for word on the lab's node: its files written, its commands run.

The lab's node has no systemd and no internet. What it needs instead is laid over the tutorial's inventory as
host_vars, which Ansible reads from beside it, so that the inventory stays as it is printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from docsite.transcript import Typed, Written, difference, steps

from .bootstrap import NODE
from .network import Lab

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds that a command may take: sixteen times what a boot takes on an idle host
TUTORIALS = ROOT / "docs/tutorials"


class Tutorial:
    """One page, done in ``directory``, which takes all that it makes."""

    def __init__(
        self,
        lab: Lab,
        name: str,
        directory: Path,
        variables: Mapping[str, object],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``variables`` are laid over those that the page's inventory gives the host ``bootstrap``.

        ``environment`` is laid over that of the commands.
        """
        self.steps = steps(TUTORIALS / f"{name}.md")
        self._lab, self._directory, self._outside = lab, directory, False
        self._on_node = directory / "node"
        variables = {**self._lab_variables(), **variables}
        overlay = directory / "host_vars/bootstrap.json"
        overlay.parent.mkdir(parents=True)
        overlay.write_text(json.dumps(variables))
        self._names = {
            str(self._on_node / "hardware"): "/etc/bootd/hardware",
            str(self._on_node / "configurations"): "/etc/bootd/configurations",
            str(self._on_node / "state"): "/var/lib/bootd",
            str(self._on_node / "opt"): "/opt/bootd",
            str(directory): "/root/netboot",
        }
        self._environment = {
            **os.environ,
            "PATH": f"{self._programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",  # lines are acted on when they are said
            **(environment or {}),
        }

    def run(self, when: Mapping[tuple[str, str], Callable[[], object]], inside_from: str = "") -> list[str]:
        """Do the page; return how what it says differs from what was printed.

        ``when`` has what is done once, by the end of a command and a text, as soon as that command prints a line with
        that text: to power a machine on, say. What comes before the command ``inside_from`` is typed outside of the
        lab, where there is a connection.
        """
        waiting, wrong = dict(when), []
        self._outside = bool(inside_from)
        for step in self.steps:
            self._outside = self._outside and not (isinstance(step, Typed) and step.command == inside_from)
            if isinstance(step, Written):
                (self._directory / step.name).write_text(step.text, encoding="utf-8")
            elif not step.alone:
                found = difference(step.prints, self._type(step, waiting), self._names)
                wrong += [f"$ {step.command}\n{found}"] if found else []
        return wrong + [f"{command!r} never printed {text!r}" for command, text in waiting]

    def _type(self, step: Typed, waiting: dict[tuple[str, str], Callable[[], object]]) -> str:
        """Run a command and return what it printed."""
        argv = ["timeout", str(PATIENCE), "bash", "-c", step.command]
        start = subprocess.Popen if self._outside else partial(self._lab.popen, NODE)
        process = start(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._environment, cwd=self._directory
        )
        said = []
        with process, (self._directory / "said.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {step.command}\n")
            for line in process.stdout or ():
                text = line.decode("utf-8", "replace")
                said.append(text)
                log.write(text)
                log.flush()
                for end, awaited in list(waiting):
                    if step.command.endswith(end) and awaited in text:
                        waiting.pop((end, awaited))()
        return "".join(said)

    def _lab_variables(self) -> dict[str, object]:
        """What stands in for systemd, for packages and for paths that belong to the machine which runs the tests."""
        node = self._on_node
        return {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "bootd_service_manager": "foreground",
            "bootd_python": sys.executable,
            "bootd_packages": [],
            "bootd_store": f"files:{node / 'hardware'}",
            "bootd_config_dir": str(node / "configurations"),
            "bootd_install_dir": str(node / "opt"),
            "bootd_state_dir": str(node / "state"),
            "bootd_pid_file": str(node / "bootd.pid"),
            "bootd_log_file": str(node / "bootd.log"),
            "hardware_file_group": "root",
        }

    def _programs(self) -> Path:
        """Return a directory with `bootd` in it, as the role puts it on the PATH, told what the running daemon is."""
        directory, node = self._directory / "bin", self._on_node
        directory.mkdir()
        program = directory / "bootd"
        lines = ["#!/bin/bash", f"mapfile -d '' -t told < <(grep -z ^BOOTD_ /proc/$(cat {node / 'bootd.pid'})/environ)"]
        lines += [f'exec env "${{told[@]}}" {sys.executable} {node / "opt/bootd"} "$@"', ""]
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        return directory
