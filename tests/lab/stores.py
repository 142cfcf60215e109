# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which the demo runs bootd: from files on the node, or as a pod on a one-node cluster."""

from __future__ import annotations

import base64
import shutil
import tempfile
from pathlib import Path

from . import base_image, bootstrap, needs
from .cluster import Cluster
from .command import CommandFailed
from .network import Lab

FILES, KUBERNETES = "files", "kubernetes"
NAMESPACE = "netboot"  # of bootd
ADDRESS = "10.10.0.21"  # the virtual address: what kube-vip puts on the node's interface, the lab does here


class FilesStore:
    """bootd in the foreground on the node, Hardware in a directory."""

    needs = needs.ALL
    inventories = ("demo.yml",)

    def __init__(self, _lab: Lab, directory: Path, _cache: Path) -> None:
        self.name = f"files:{directory / 'hardware'}"  # as the inventory has it
        self._configurations = directory / "configurations"
        self.variables: dict[str, object] = {}
        self.environment: dict[str, str] = {}

    def keep(self, _directory: Path) -> list[str]:
        """Return what to show at the end: bootd has left its log already."""
        return []

    def token(self, cluster: str) -> str:
        """Return the token that was made for ``cluster``."""
        return (self._configurations / f".cluster-{cluster}").read_text().strip()


class KubernetesStore:
    """bootd as a pod of a real node, Hardware in its API."""

    needs = tuple(dict.fromkeys((*needs.ALL, *needs.CLUSTER, *needs.IMAGE)))
    inventories = ("demo.yml", "demo_kubernetes.yml")

    def __init__(self, lab: Lab, _directory: Path, cache: Path) -> None:
        self.name = KUBERNETES
        # The kubelet's sockets need a short path, wherever the checkout is.
        self._scratch = Path(tempfile.mkdtemp(prefix="demo-"))
        self._cluster = Cluster(lab, self._scratch / "kube")
        lab.run(bootstrap.NODE, ["ip", "address", "add", f"{ADDRESS}/32", "dev", "eth0"])
        self.variables = {
            "demo_kubeconfig": str(self._cluster.kubeconfig),
            "demo_address": ADDRESS,
            "demo_state_dir": str(self._scratch / "state"),
            "bootd_namespace": NAMESPACE,
            "bootd_pip_wheels": str(base_image.wheels(cache)),
            "bootd_image_base": f"docker-archive:{base_image.archive(cache)}",
            "bootd_image_ctr": self._cluster.ctr,
        }
        self.environment = base_image.engine(cache / "engine")

    def keep(self, directory: Path) -> list[str]:
        """Save the pod's log, the objects and their Events to ``directory``; return what to show."""
        asked = {
            "bootd.log": ("--namespace", NAMESPACE, "logs", "deployment/bootd"),
            "hardware.yaml": ("get", "hardware", "--all-namespaces", "--output=yaml"),
            "events.txt": ("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"),
            "pods.txt": ("get", "pods", "--all-namespaces", "--output=wide"),
        }
        for name, argv in asked.items():
            try:
                (directory / name).write_text(self._cluster.kubectl(*argv))
            except CommandFailed as error:
                (directory / name).write_text(f"{error}\n")
        shutil.copytree(self._scratch / "kube/log", directory / "kubernetes", dirs_exist_ok=True)
        try:
            return self._cluster.kubectl("get", "hardware", "--all-namespaces").splitlines()
        except CommandFailed:
            return []

    def token(self, cluster: str) -> str:
        """Return the token that was made for ``cluster``."""
        secret = ("get", "secret", f"netboot-cluster-{cluster}", "--output=jsonpath={.data.token}")
        return base64.b64decode(self._cluster.kubectl("--namespace=tink-system", *secret)).decode()


STORES = {FILES: FilesStore, KUBERNETES: KubernetesStore}
