# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes node where the lab's node is: its pods with hostNetwork are on the lab's switch.

KUBE_FOR_TESTS names the script that runs it: ``SCRIPT up DIR --node --netns NAMESPACE --ip ADDRESS``,
``SCRIPT kill DIR NAME``, ``SCRIPT start DIR NAME``, ``SCRIPT down DIR``. It leaves ``DIR/kubeconfig``, has containerd
listen on ``DIR/ctr/sock``, and its logs are in ``DIR/log``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from programs.known import KUBE_SCRIPT

from .bootstrap import NODE, NODE_ADDRESS
from .command import CommandFailed, run
from .ledger import start_time
from .network import Lab

START = 300.0  # seconds
API = ("etcd", "apiserver")  # what the other parts need, in this order
# The kernel's limit for the path of a socket is 107; the longest ones are the kubelet's.
LONGEST_DIRECTORY = 107 - len("/kubelet/pod-resources/kubelet.sock")


class Cluster:
    """One node, up until its lab goes down."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        """Start it on the lab's node, with all its files in ``directory``; returns when the node is ready."""
        directory = directory.absolute()
        if len(str(directory)) > LONGEST_DIRECTORY:
            raise ValueError(f"{directory} is too long for the sockets in it: {LONGEST_DIRECTORY} characters at most")
        self._lab, self._directory = lab, directory
        self._script = os.environ[KUBE_SCRIPT]
        lab.at_end(self._down, directory)
        where = ["--netns", lab.namespace(NODE), "--ip", NODE_ADDRESS]
        run([self._script, "up", str(directory), "--node", *where], timeout=START)

    @property
    def kubeconfig(self) -> Path:
        """The configuration of a user who may do everything; it works on the lab's node."""
        return self._directory / "kubeconfig"

    @property
    def ctr(self) -> list[str]:
        """The command that speaks to the node's containerd."""
        return ["ctr", "--address", str(self._directory / "ctr/sock")]

    def load(self, archive: Path) -> None:
        """Put the images of an archive on the node."""
        run([*self.ctr, "--namespace", "k8s.io", "images", "import", str(archive)], timeout=START)

    def kubectl(self, *argv: str, **options: object) -> str:
        """What kubectl prints on the lab's node; options as `command.run`."""
        return self._lab.run(NODE, ["kubectl", f"--kubeconfig={self.kubeconfig}", *argv], **options).stdout

    def kill(self, part: str) -> None:
        """Kill -9 a part of it: apiserver, etcd, kubelet."""
        run([self._script, "kill", str(self._directory), part])

    def start(self, part: str) -> None:
        """Start a part that was killed, as it was."""
        run([self._script, "start", str(self._directory), part])

    def mend(self) -> None:
        """Start every part that does not run, as a service manager does: without the API for long, some end."""
        parts = {path.name for path in (self._directory / "cmd").iterdir()}
        for part in (*API, *sorted(parts.difference(API))):
            if not self._runs(part):
                self.start(part)
            if part == API[-1]:
                self._wait_for_api()

    def _runs(self, part: str) -> bool:
        pid = self._directory / "pid" / part
        return pid.exists() and start_time(int(pid.read_text())) is not None

    def _wait_for_api(self) -> None:
        end = time.monotonic() + START
        while self.kubectl("get", "--raw", "/readyz", "--request-timeout=10s", check=False) != "ok":
            if time.monotonic() > end:
                raise CommandFailed("the API did not come back")
            time.sleep(0.2)

    def _down(self) -> None:
        # A session of its own: a Ctrl-C on the terminal is not for the script that clears up.
        if (self._directory / "pid").exists():
            run([self._script, "down", str(self._directory)], timeout=START, start_new_session=True)
