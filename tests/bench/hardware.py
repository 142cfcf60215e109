# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines into a cluster: the module hardware beside `kubectl apply` and kubernetes.core.k8s, on one API server.

    KUBE_FOR_TESTS=... PYTHONPATH=plugins/module_utils:tests python tests/bench/hardware.py [MACHINES [ROUNDS]]

Prints each figure's median with minimum and maximum, and the ratios. A module's time is its task's: from the task
before to the task after it, Ansible's own work on the machines included. kubernetes.core comes with the PyPI package
`ansible`; where KUBERNETES_CORE names the directory above its `ansible_collections`, it takes part: given the whole
list, and in a loop over the first hundred machines.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from cluster.kube import ApiServer, own_api_server
from samples import howto

ROOT = Path(__file__).resolve().parents[2]
CORE = os.environ.get("KUBERNETES_CORE", "")
IN_A_LOOP = 100  # machines
PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        machines: "{{ (lookup('ansible.builtin.file', machines_file) | from_json)['items'] }}"
      no_log: true
    - ansible.builtin.set_fact: {began: "{{ now().timestamp() }}"}
    - TASK
      no_log: true
    - ansible.builtin.set_fact: {created: "{{ now().timestamp() }}"}
    - TASK
      no_log: true
      register: again
      failed_when: again is changed or again is failed
    - ansible.builtin.set_fact: {ended: "{{ now().timestamp() }}"}
    - ansible.builtin.debug:
        msg: "created {{ created | float - began | float }} unchanged {{ ended | float - created | float }}"
"""
MODULE = """baremetal.netboot.hardware:
        store: kubernetes:bench
        machines: "{{ machines }}\""""
CORE_LIST = """kubernetes.core.k8s:
        definition: "{{ machines }}\""""
CORE_LOOP = """kubernetes.core.k8s:
        definition: "{{ item }}"
      loop: "{{ machines }}\""""


def machines(count: int) -> list[dict[str, object]]:
    """Return the HOWTO's object ``count`` times, each with addresses of its own."""
    found = []
    for number in range(count):
        document = yaml.safe_load(howto.HARDWARE.replace("um790-1", f"um790-{number}"))
        document["metadata"] = {"name": f"um790-{number}", "namespace": "bench"}
        dhcp = document["spec"]["interfaces"][0]["dhcp"]
        dhcp["mac"] = f"52:54:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        dhcp["ip"] |= {"address": f"10.10.{1 + number // 250}.{1 + number % 250}", "netmask": "255.255.0.0"}
        found.append(document)
    return found


def clear(api: ApiServer) -> None:
    """Take all machines away again."""
    api.client.request("DELETE", "/apis/tinkerbell.org/v1alpha1/namespaces/bench/hardware")


def kubectl(api: ApiServer, manifest: Path) -> float:
    """Return how long `kubectl apply` takes."""
    began = time.monotonic()
    api.kubectl("apply", "-f", str(manifest))
    return time.monotonic() - began


def module(api: ApiServer, manifest: Path, task: str = MODULE) -> tuple[float, float]:
    """Return how long ``task`` takes to make the machines, and to find them made."""
    play = manifest.with_name("play.yml")
    play.write_text(PLAY.replace("TASK", task))
    argv = [Path(sys.executable).with_name("ansible-playbook"), "-e", f"machines_file={manifest}", play]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'build/link'}:{CORE}",
        "K8S_AUTH_KUBECONFIG": str(api.kubeconfig),
        "LC_ALL": "C.UTF-8",
    }
    output = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.search(r"created ([0-9.]+) unchanged ([0-9.]+)", output)
    return float(found[1]), float(found[2])


def told(name: str, seconds: list[float]) -> str:
    return f"{name:<34}{statistics.median(seconds):7.2f} s  [{min(seconds):.2f} to {max(seconds):.2f}]"


def turns(api: ApiServer, scratch: Path, count: int) -> dict[str, float]:
    """Return how long each takes, by its name, beginning and ending with an empty namespace."""
    took = {}
    manifest, few = scratch / "machines.json", scratch / "few.json"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": machines(count)}))
    few.write_text(json.dumps({"items": machines(IN_A_LOOP)}))
    took["kubectl"], took["kubectl again"] = kubectl(api, manifest), kubectl(api, manifest)
    clear(api)
    others = {"k8s": (manifest, CORE_LIST), "k8s in a loop": (few, CORE_LOOP)} if CORE else {}
    for name, (path, task) in {"module": (manifest, MODULE), "module, few": (few, MODULE), **others}.items():
        took[name], took[f"{name} again"] = module(api, path, task)
        clear(api)
    return took


def main(count: int, rounds: int) -> None:
    """Run the rounds and print the figures."""
    figures: dict[str, list[float]] = {}
    with own_api_server() as api, tempfile.TemporaryDirectory() as scratch:
        api.install_crd(hardware_crd())
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}}, "namespaces")
        for number in range(rounds):
            took = turns(api, Path(scratch), count)
            for name, seconds in took.items():
                figures.setdefault(name, []).append(seconds)
            print(f"round {number + 1}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in took.items()))
    for name, seconds in figures.items():
        print(told(f"{name}, {IN_A_LOOP if 'few' in name or 'loop' in name else count} machines", seconds))
    for mine, peer in (("module", "kubectl"), ("module", "k8s"), ("module, few", "k8s in a loop")):
        for tail in ("", " again"):
            if peer in figures:
                ratio = statistics.median(figures[peer + tail]) / statistics.median(figures[mine + tail])
                print(f"{mine}{tail} is {ratio:.1f} times as fast as {peer}{tail}")


if __name__ == "__main__":
    main(*(int(value) for value in (*sys.argv[1:], *("1000", "3")[len(sys.argv) - 1 :])))
