# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd as a pod on a real node, brought there by the role."""

from __future__ import annotations

import json
import time

import pytest

from e2e.node import DEPLOYMENT, Node
from lab import bootstrap
from lab.command import CommandFailed

MAC = "58:47:ca:71:d8:49"
NAMESPACE = "netboot"
CAPABILITIES = "0000000000002400"  # NET_BIND_SERVICE and NET_RAW
PATIENCE = 300.0  # seconds


@pytest.fixture
def node(node_with_bootd: Node) -> Node:
    return node_with_bootd


def kubectl(node: Node, *argv: str, **options: object) -> str:
    return node.cluster.kubectl(f"--namespace={NAMESPACE}", *argv, **options)


def in_pod(node: Node, *argv: str) -> str:
    return kubectl(node, "exec", "deployment/bootd", "--", *argv)


def get(node: Node, path: str) -> str:
    """What bootd answers to somebody else on its network."""
    url = f"http://{bootstrap.NODE_ADDRESS}:7080{path}"
    return node.lab.run(
        bootstrap.ROUTER, ["curl", "--fail", "--silent", "--show-error", "--max-time", "60", url]
    ).stdout


def pods(node: Node) -> list[dict]:
    return json.loads(kubectl(node, "get", "pods", "--output=json"))["items"]


def is_ready(pod: dict) -> bool:
    return any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions", ()))


def has_ended(pod: dict) -> bool:
    containers = pod["status"].get("containerStatuses", ())
    return any("terminated" in container[state] for container in containers for state in ("state", "lastState"))


def wait_for(happened, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def test_second_run_changes_nothing(node):
    assert node.play(DEPLOYMENT) == 0


def test_pod_may_do_little(node):
    status = dict(line.split(":\t", 1) for line in in_pod(node, "cat", "/proc/1/status").splitlines())
    assert {name: status[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {
        "CapPrm": CAPABILITIES,
        "CapEff": CAPABILITIES,
        "CapBnd": CAPABILITIES,
    }
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    with pytest.raises(CommandFailed, match="Read-only file system"):
        in_pod(node, "python3", "-c", "open('/opt/bootd/lib/new', 'w')")
    for namespace in ("kube-system", NAMESPACE):
        asked = ["--as=system:serviceaccount:netboot:bootd", "get", "secrets", f"--namespace={namespace}"]
        assert node.cluster.kubectl("auth", "can-i", *asked, check=False).strip() == "no"


def test_pod_answers_on_the_network_of_its_node(node):
    listening = node.lab.run(bootstrap.NODE, ["ss", "--listening", "--numeric", "--udp", "--tcp", "--no-header"]).stdout
    ports = {line.split()[4].rpartition(":")[2] for line in listening.splitlines()}
    assert {"67", "69", "514", "7080"} <= ports
    assert get(node, "/healthz") == "ok\n"
    wait_for(lambda: json.loads(get(node, "/readyz"))["machines"] == 1, "bootd knows the machine")
    assert json.loads(get(node, "/readyz"))["problems"] == []
    (pod,) = pods(node)
    assert pod["spec"]["nodeName"] == kubectl(node, "get", "lease", "bootd", "--output=jsonpath={.spec.holderIdentity}")


def test_explain_in_the_pod_tells_what_a_machine_gets(node):
    assert "10.10.0.16" in in_pod(node, "bootd", "explain", MAC)


def test_pod_comes_back_and_knows_what_it_knew(node):
    (before,) = pods(node)
    kept = (node.directory / "state/lock").stat().st_ino
    kubectl(node, "delete", "pod", before["metadata"]["name"])
    wait_for(lambda: any(is_ready(pod) for pod in pods(node)), "another pod is ready")
    assert before["metadata"]["uid"] not in [pod["metadata"]["uid"] for pod in pods(node) if is_ready(pod)]
    assert (node.directory / "state/lock").stat().st_ino == kept
    assert json.loads(get(node, "/readyz"))["machines"] == 1


def test_role_tells_why_a_pod_does_not_start(node):
    # The port of the kubelet's own health check, which is always there.
    with pytest.raises(
        CommandFailed, match=r"TCP port 10248 \(http\) is held by kubelet \(process [0-9]+\): stop it, or"
    ):
        node.play(DEPLOYMENT, bootd_http_port=10248)
    held = {"bootd_http_port": 10248, "bootd_check_ports": False}
    # Not waited for until it has ended for the first time: how long that takes is the host's doing.
    node.play(DEPLOYMENT, **held, bootd_ready_timeout=0)
    wait_for(lambda: any(has_ended(pod) for pod in pods(node)), "a pod has not started")
    with pytest.raises(CommandFailed, match="can't open the http port"):
        node.play(DEPLOYMENT, **held, bootd_ready_timeout=5)


def test_teardown_removes_what_was_made_and_nothing_else(node):
    node.play(DEPLOYMENT, bootd_state="absent", bootd_purge=True)
    left = node.cluster.kubectl("get", "namespaces,clusterroles,clusterrolebindings", "--output=name")
    left += node.cluster.kubectl("get", "roles,rolebindings", "--all-namespaces", "--output=name")
    assert "netboot" not in left
    assert MAC in node.cluster.kubectl("get", "hardware", "--namespace=tink-system", "--output=yaml")
    assert not (node.directory / "state").exists()
    assert node.play(DEPLOYMENT, bootd_state="absent", bootd_purge=True) == 0
