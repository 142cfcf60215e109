# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines into a cluster: the module hardware beside `kubectl apply`, on one API server, in turns.

    KUBE_FOR_TESTS=... PYTHONPATH=plugins/module_utils:tests python tests/bench/hardware.py [MACHINES [ROUNDS]]

Prints each figure's median with minimum and maximum, and the ratios. The module's time is its task's: from the task
before to the task after it, Ansible's own work on the machines included.
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

import howto
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from kube import ApiServer, own_api_server

ROOT = Path(__file__).resolve().parents[2]
PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        machines: "{{ (lookup('ansible.builtin.file', machines_file) | from_json)['items'] }}"
      no_log: true
    - ansible.builtin.set_fact: {began: "{{ now().timestamp() }}"}
    - baremetal.netboot.hardware:
        store: kubernetes:bench
        machines: "{{ machines }}"
      no_log: true
    - ansible.builtin.set_fact: {created: "{{ now().timestamp() }}"}
    - baremetal.netboot.hardware:
        store: kubernetes:bench
        machines: "{{ machines }}"
      no_log: true
      register: again
      failed_when: again is changed
    - ansible.builtin.set_fact: {ended: "{{ now().timestamp() }}"}
    - ansible.builtin.debug:
        msg: "created {{ created | float - began | float }} unchanged {{ ended | float - created | float }}"
"""


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


def module(api: ApiServer, manifest: Path, play: Path) -> tuple[float, float]:
    """Return how long the module takes to make the machines, and to find them made."""
    argv = [Path(sys.executable).with_name("ansible-playbook"), "-e", f"machines_file={manifest}", play]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "K8S_AUTH_KUBECONFIG": str(api.kubeconfig),
        "LC_ALL": "C.UTF-8",
    }
    output = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.search(r"created ([0-9.]+) unchanged ([0-9.]+)", output)
    return float(found[1]), float(found[2])


def told(name: str, seconds: list[float]) -> str:
    return f"{name:<34}{statistics.median(seconds):7.2f} s  [{min(seconds):.2f} to {max(seconds):.2f}]"


def main(count: int, rounds: int) -> None:
    """Run the rounds and print the figures."""
    figures: dict[str, list[float]] = {name: [] for name in ("kubectl", "kubectl again", "module", "module again")}
    with own_api_server() as api, tempfile.TemporaryDirectory() as scratch:
        api.install_crd(hardware_crd())
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}}, "namespaces")
        manifest, play = Path(scratch) / "machines.json", Path(scratch) / "play.yml"
        manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": machines(count)}))
        play.write_text(PLAY)
        for number in range(rounds):
            figures["kubectl"].append(kubectl(api, manifest))
            figures["kubectl again"].append(kubectl(api, manifest))
            clear(api)
            made, found = module(api, manifest, play)
            figures["module"].append(made)
            figures["module again"].append(found)
            clear(api)
            print(f"round {number + 1}: " + ", ".join(f"{name} {took[-1]:.2f} s" for name, took in figures.items()))
    for name, seconds in figures.items():
        print(told(f"{name}, {count} machines", seconds))
    for name, peer in (("module", "kubectl"), ("module again", "kubectl again")):
        ratio = statistics.median(figures[peer]) / statistics.median(figures[name])
        print(f"{name} is {ratio:.1f} times as fast as {peer}")


if __name__ == "__main__":
    main(*(int(value) for value in (*sys.argv[1:], *("1000", "3")[len(sys.argv) - 1 :])))
