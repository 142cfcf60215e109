# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook on the lab's node, shown as it runs and kept in a log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .bootstrap import NODE
from .network import Lab


class Playbook:
    """One run of a playbook in the node's network."""

    def __init__(
        self,
        lab: Lab,
        playbook: Path,
        inventories: Sequence[Path],
        variables: Mapping[str, object],
        log: Path,
        environment: Mapping[str, str],
    ) -> None:
        """Start it."""
        named = [f"--inventory={inventory}" for inventory in inventories]
        argv = ["ansible-playbook", *named, "--extra-vars", json.dumps(variables), str(playbook)]
        colour = {"ANSIBLE_FORCE_COLOR": "true"} if sys.stdout.isatty() else {}
        self._log = log
        self._process = lab.popen(
            NODE,
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Lines have to be shown when they are said, not when a buffer is full.
            env={**os.environ, **colour, **environment, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._show, daemon=True)
        self._reader.start()

    @property
    def runs(self) -> bool:
        """Whether it is still under way."""
        return self._process.poll() is None

    def result(self) -> int:
        """The exit status, once the playbook has ended."""
        status = self._process.wait()
        # A process that the playbook left running may hold the pipe open.
        self._reader.join(timeout=1)
        return status

    def _show(self) -> None:
        with self._log.open("wb") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
