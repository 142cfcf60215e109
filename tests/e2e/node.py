# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's node with Kubernetes on it, where no registry is reached, and Ansible that works there."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from lab import base_image, bootstrap
from lab.cluster import Cluster
from lab.network import Lab
from samples import howto

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build/lab"
IMAGE = "localhost/baremetal-netboot/bootd:0.1.0"
IMAGE_PLAYBOOK = Path(__file__).with_name("image.yml")
DEPLOYMENT = Path(__file__).with_name("deployment.yml")
PATIENCE = 900.0  # seconds that a playbook may take: ten times what the longest does on an idle host


class Node:
    """The lab's node with Kubernetes on it, and Ansible that works there."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.directory = lab, directory
        self.cluster = Cluster(lab, directory / "kube")
        self.variables: dict[str, object] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "bootd_address": bootstrap.NODE_ADDRESS,
            "bootd_install_dir": str(directory / "opt"),
            "bootd_pip_wheels": str(base_image.wheels(CACHE)),
            "bootd_image_base": f"docker-archive:{base_image.archive(CACHE)}",
            "bootd_image_ctr": self.cluster.ctr,
            "bootd_image_engine": "buildah",
            "bootd_image_packages": [],
        }

    def deploy(self) -> None:
        """Run bootd as a pod, with the role, and the HOWTO's machine in the namespace tink-system."""
        self.variables |= {
            "bootd_service_manager": "kubernetes",
            "bootd_kubeconfig": str(self.cluster.kubeconfig),
            "bootd_interface": "eth0",
            "bootd_python": sys.executable,
            "bootd_packages": [],
            "bootd_state_dir": str(self.directory / "state"),
        }
        self.play(DEPLOYMENT)
        manifest = self.directory / "um790-1.yaml"
        manifest.write_text(howto.HARDWARE)
        self.cluster.kubectl("apply", f"--filename={manifest}")

    def play(self, playbook: Path, *options: str, **variables: object) -> int:
        """Run a playbook on the node; returns how many tasks changed something."""
        program = Path(sys.executable).with_name("ansible-playbook")
        told = json.dumps({**self.variables, **variables})
        argv = [str(program), "--inventory=node,", f"--extra-vars={told}", str(playbook), *options]
        environment = {
            **os.environ,
            **base_image.engine(self.directory / "engine"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
        output = self.lab.run(bootstrap.NODE, argv, env=environment, timeout=PATIENCE).stdout
        assert "[WARNING]" not in output
        return int(re.search(r"changed=(\d+)", output)[1])
