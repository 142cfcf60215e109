# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine boots from a pod while the cluster under it has its accidents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from _bootd.hardware.model import REPROVISION_ANNOTATION, STATE_ANNOTATION
from e2e.node import Node
from e2e.site import BOOTED, Site
from lab.command import CommandFailed
from lab.machine import Machine

API_AWAY = 60.0  # seconds


class PodSite(Site):
    """The HOWTO's network with bootd as a pod on its node."""

    def __init__(self, node: Node, files: Path, directory: Path) -> None:
        super().__init__(node.lab, files, directory)
        self.node = node

    def kubectl(self, *argv: str) -> str:
        return self.node.cluster.kubectl(*argv)

    def report_urls(self) -> dict[str, str]:
        urls = self.kubectl("--namespace=netboot", "exec", "deployment/bootd", "--", "bootd", "report-url")
        return json.loads(urls)

    def object(self) -> dict:
        return json.loads(self.kubectl("--namespace=tink-system", "get", "hardware", "um790-1", "--output=json"))

    def state(self) -> dict:
        return json.loads(self.object()["metadata"]["annotations"].get(STATE_ANNOTATION, "{}"))

    def stage_there(self) -> str:
        """Return the stage that the object tells, "" while the API is away."""
        try:
            return self.state().get("stage", "")
        except CommandFailed:
            return ""

    def reaches(self, stage: str) -> bool:
        """Return whether the machine has got to ``stage`` in this attempt."""
        return stage in [step["stage"] for step in self.known()["stages"]]

    def kill_pod(self) -> None:
        """Kill -9 bootd in its pod."""
        path = "--output=jsonpath={.items[0].status.containerStatuses[0].containerID}"
        container = self.kubectl("--namespace=netboot", "get", "pods", path).removeprefix("containerd://")
        command = [*self.node.cluster.ctr, "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", container]
        self.lab.run("node", command)


@pytest.fixture(scope="module")
def site(files: Path, node_with_bootd: Node, tmp_path_factory: pytest.TempPathFactory) -> PodSite:
    return PodSite(node_with_bootd, files, tmp_path_factory.mktemp("site"))


@pytest.fixture(autouse=True)
def mended(site: PodSite) -> Iterator[None]:
    """Leave the cluster as whole as the next test expects it."""
    yield
    site.node.cluster.mend()


@pytest.fixture(scope="module")
def machine(site: PodSite) -> Machine:
    return site.machine("bios")


def test_machine_installs_itself_while_the_api_is_away(site, machine):
    site.configure("/dev/nvme0n1")
    machine.power_on()
    site.wait_until(lambda: site.reaches("script"), machine, "fetched its script")
    site.node.cluster.kill("apiserver")
    killed = time.monotonic()
    site.wait_until(lambda: BOOTED in machine.console, machine, "booted from its disk")
    site.wait_until(lambda: site.reaches("ready"), machine, "answered as a node that is ready")
    machine.power_off()
    time.sleep(max(0.0, killed + API_AWAY - time.monotonic()))
    site.node.cluster.start("apiserver")
    site.wait_until(lambda: site.stage_there() == "ready", machine, "got its state into the object")
    assert site.object()["spec"]["interfaces"][0]["netboot"]["allowPXE"] is False


def test_machine_installs_itself_while_the_pod_is_killed(site, machine):
    # Installed a moment ago: it has to be asked for again.
    installs = site.state().get("installs", 0)
    site.kubectl("--namespace=tink-system", "annotate", "hardware", "um790-1", f"{REPROVISION_ANNOTATION}=again")
    site.wait_until(lambda: site.known()["netboot"] is True, machine, "was to be installed again")
    site.configure("/dev/nvme0n1")
    machine.power_on()
    site.wait_until(lambda: site.reaches("script"), machine, "fetched its script")
    site.kill_pod()
    site.wait_until(lambda: BOOTED in machine.console, machine, "booted from its disk")
    site.wait_until(lambda: site.state()["stage"] == "ready", machine, "got its state into the object")
    machine.power_off()
    assert site.state()["installs"] == installs + 1
    assert site.object()["spec"]["interfaces"][0]["netboot"]["allowPXE"] is False
