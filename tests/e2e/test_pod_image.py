# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's image: built where no registry is reached, brought to a real node, and run there as a pod."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from e2e.node import IMAGE, IMAGE_PLAYBOOK, Node
from samples import howto

PATIENCE = 300.0  # seconds


@pytest.fixture
def node(node_with_image: Node) -> Node:
    return node_with_image


def manifest_of(name: str, hardware: Path, command: list[str]) -> str:
    """A pod that runs once, on the node's network, with a read-only file system and without any capability."""
    container = {
        "name": "bootd",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "args": ["check", "/hardware"],
        "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "hardware", "mountPath": "/hardware"}],
    }
    if command:
        container |= {"command": command, "args": []}
    spec = {
        "hostNetwork": True,
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "hardware", "hostPath": {"path": str(hardware)}}],
    }
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def run_pod(node: Node, name: str, hardware: Path, command: list[str] | None = None) -> str:
    """Run a pod to its end and return its log; fails unless it succeeds."""
    manifest = node.directory / f"{name}.json"
    manifest.write_text(manifest_of(name, hardware, command or []))
    node.cluster.kubectl("create", f"--filename={manifest}")
    end = time.monotonic() + PATIENCE
    while (phase := node.cluster.kubectl("get", "pod", name, "--output=jsonpath={.status.phase}")) != "Succeeded":
        if phase == "Failed" or time.monotonic() > end:
            raise AssertionError(f"{phase}: {node.cluster.kubectl('describe', 'pod', name)}")
        time.sleep(0.2)
    return node.cluster.kubectl("logs", name)


def test_second_run_changes_nothing(node):
    assert node.play(IMAGE_PLAYBOOK) == 0


def test_check_mode_foresees_another_image(node):
    assert node.play(IMAGE_PLAYBOOK, "--check", bootd_boot_programs=["/usr/lib/ipxe/snponly.efi"]) > 0


def test_archive_is_taken_as_it_is(node):
    (archive,) = (node.directory / "opt/image").glob("bootd-*.tar")
    brought = {"bootd_image_source": "archive", "bootd_image_archive": str(archive)}
    # Imported, and noted on the node.
    assert node.play(IMAGE_PLAYBOOK, **brought) == 2
    assert node.play(IMAGE_PLAYBOOK, **brought) == 0
    assert node.play(IMAGE_PLAYBOOK) == 2


def test_pod_runs_bootd(node, tmp_path):
    (tmp_path / "um790-1.yaml").write_text(howto.HARDWARE)
    assert "1 object" in run_pod(node, "check", tmp_path)


def test_pod_has_boot_programs_and_compiled_code_and_no_kubernetes_library(node, tmp_path):
    script = """
import importlib.util, os, sys
sys.path.insert(0, "/opt/bootd/lib")
print(*sorted(os.listdir(os.environ["BOOTD_BOOT_FILES"])))
print(os.path.exists(importlib.util.find_spec("bootd.daemon").cached))
print(importlib.util.find_spec("kubernetes"))
"""
    log = run_pod(node, "look", tmp_path, ["python3", "-c", script])
    assert log.split() == ["ipxe.efi", "snponly.efi", "undionly.kpxe", "True", "None"]
