# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook preflight on a lab where all is well, and on the same where a dozen things are wrong: one run each.

Whatever is wrong is real: hosts that answer ARP, processes, rules, files, a server whose clock is off, an API server.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.command import run
from lab.network import Lab
from programs.known import KUBE_SCRIPT
from programs.require import require

ROOT = Path(__file__).resolve().parents[3]
NODE, ADDRESS, IMAGES = "node", "10.10.0.20", "10.10.0.2"
VIP, STRANGER = "10.10.0.30", "02:00:00:00:00:66"
# As http.server of the standard library, with a clock of its own.
SERVER = """
import http.server, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + float(sys.argv[2]) if timestamp is None else timestamp)
server = http.server.ThreadingHTTPServer(("", 80), lambda *a: Handler(*a, directory=sys.argv[1]))
print("serving", flush=True)
server.serve_forever()
"""
HOLDER = "import socket, time; s = socket.create_server(('', 7080)); print('held', flush=True); time.sleep(600)"
RELEASE = "harvester-v1.8.2"
FILES = [f"{RELEASE}-{name}" for name in ("vmlinuz-amd64", "initrd-amd64", "rootfs-amd64.squashfs", "amd64.iso")]


@dataclass
class Site:
    """A lab with a node, a server of images and an API server; ``variables`` are those of the node in the inventory."""

    lab: Lab
    directory: Path
    served: Path
    server: subprocess.Popen[bytes] | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def serve(self, stack: ExitStack, ahead: float = 0.0) -> None:
        """Serve the images by a clock that is so many seconds ahead, in the place of who served them before."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait()
        self.server = self.start(stack, "images", SERVER, str(self.served), str(ahead))

    def start(self, stack: ExitStack, host: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Run a program of Python on ``host`` until ``stack`` ends; returns when it has said its first line."""
        argv = [sys.executable, "-c", program, *arguments]
        process = stack.enter_context(self.lab.popen(host, argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        stack.callback(process.terminate)
        assert process.stdout.readline()
        return process

    def kubectl(self, *argv: str, text: str | None = None) -> str:
        """Return what kubectl prints on the node, of a user who may do everything."""
        command = ["kubectl", f"--kubeconfig={self.directory}/kube/kubeconfig", *argv]
        done = subprocess.run(
            self.lab.command(NODE, command), input=text, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def preflight(self) -> tuple[int, str]:
        """Run the playbook on the node; returns its exit status, and what it said."""
        inventory = {
            "netboot_bootstrap": {"hosts": {"bootstrap": self.variables}},
            "netboot_machines": {"hosts": self.machines, "vars": COMMON},
        }
        path = self.directory / "inventory.json"
        path.write_text(json.dumps(inventory), encoding="utf-8")
        own = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
            "ANSIBLE_HOME": str(self.directory / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        }
        argv = [sys.executable, "-m", "ansible", "playbook", "-i", str(path), "baremetal.netboot.preflight"]
        done = self.lab.run(NODE, argv, check=False, timeout=240, env={**os.environ, **own})
        return done.returncode, done.stdout + done.stderr


COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": f"http://{IMAGES}/harvester",
    "harvester_vip": VIP,
    "harvester_password": "correct horse",
}


def release(directory: Path) -> Path:
    """Write a release of Harvester that is as large as it has to be to be looked at."""
    directory.mkdir(parents=True)
    sums = []
    for name in FILES:
        content = name.encode() * 10000
        (directory / name).write_bytes(content)
        sums.append(f"{hashlib.sha512(content).hexdigest()}  {name}\n")
    (directory / f"{RELEASE}-amd64.sha512").write_text("".join(sums), encoding="ascii")
    return directory


@pytest.fixture(scope="module")
def _lab(tmp_path_factory) -> Iterator[tuple[Lab, Path]]:
    require("root", "ip", "nsenter", "iptables", "dnsmasq", KUBE_SCRIPT)
    directory = tmp_path_factory.mktemp("preflight")
    with Lab() as lab:
        lab.host("images", f"{IMAGES}/24")
        lab.host(NODE, f"{ADDRESS}/24")
        kube = directory / "kube"
        script = os.environ[KUBE_SCRIPT]
        where = ["--netns", lab.namespace(NODE), "--ip", ADDRESS]
        lab.at_end(lambda: [run([script, "kill", str(kube), part]) for part in ("apiserver", "etcd")], kube)
        run([script, "up", str(kube), *where], timeout=120)
        yield lab, directory


@pytest.fixture
def site(_lab, tmp_path) -> Iterator[Site]:
    """The lab, and an inventory in which nothing is wrong."""
    lab, directory = _lab
    served = release(tmp_path / "served/harvester/v1.8.2").parents[1]
    (tmp_path / "images").mkdir()
    (tmp_path / "configurations").mkdir()
    found = Site(lab, directory, served)
    found.variables = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "bootd_address": ADDRESS,
        "bootd_interface": "eth0",
        "bootd_kubeconfig": str(directory / "kube/kubeconfig"),
        "bootd_node": "node",
        "bootd_python": sys.executable,
        "bootd_install_dir": str(tmp_path / "bootd"),
        "bootd_state_dir": str(tmp_path / "state"),
        "bootd_config_dir": str(tmp_path / "configurations"),
        "bootd_settings": {"image_dir": str(tmp_path / "images")},
        "image_server_source": str(release(tmp_path / "folder/v1.8.2").parent),
        "image_server_releases": [{"version": "v1.8.2"}],
    }
    found.machines = {
        "um790-1": {"netboot_mac": "58:47:ca:71:d8:49", "netboot_ip": "10.10.0.16"},
        "um790-2": {"netboot_mac": "58:47:ca:71:d8:4a", "netboot_ip": "10.10.0.17"},
        "um790-3": {"netboot_mac": "58:47:ca:71:d8:4b", "netboot_ip": "10.10.0.18"},
    }
    with ExitStack() as stack:
        found.serve(stack)
        yield found


def test_clean_lab_has_no_problem_and_a_line_for_each_check(site):
    status, said = site.preflight()
    assert status == 0, said
    lines = {line.split()[1].rstrip(":"): line for line in said.splitlines() if line.startswith(("ok  ", "skipped "))}
    # What only a bootd that runs can be asked.
    assert [name for name, line in lines.items() if line.startswith("skipped ")] == ["rehearsal"]
    assert lines["rehearsal"].startswith("skipped rehearsal: it needs a bootd that runs")
    assert "To be put right" not in said
    assert lines["interface"] == f"ok      interface: eth0 is up and has {ADDRESS}/24"
    assert "changed=0" in said


LIMITED = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: limited, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: limited}
rules:
  - {apiGroups: [tinkerbell.org], resources: [hardware], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: limited}
subjects: [{kind: ServiceAccount, name: limited, namespace: default}]
"""
TOKEN = "/api/v1/namespaces/default/serviceaccounts/limited/token"
WHOSE = {
    "in the inventory": "inventory",
    "in the network": "network",
    "on the node": "node",
    "in the cluster": "cluster",
}
SECTION = "To be put right "


def limited(site: Site) -> Path:
    """Return a kubeconfig of somebody who may read machines, and nothing else."""
    site.kubectl("apply", "-f", "-", text=LIMITED)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token = json.loads(site.kubectl("create", "--raw", TOKEN, "-f", "-", text=json.dumps(asked)))["status"]["token"]
    document = yaml.safe_load(Path(site.variables["bootd_kubeconfig"]).read_text(encoding="utf-8"))
    document["users"] = [{"name": "limited", "user": {"token": token}}]
    for context in document["contexts"]:
        context["context"]["user"] = "limited"
    path = site.directory / "limited.kubeconfig"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def in_the_network(site: Site, stack: ExitStack) -> None:
    """Give the VIP to a stranger, and the server of images a clock that is ahead and files that are not right."""
    site.lab.host("rogue", "10.10.0.9/24")
    site.lab.host("stranger")
    namespace = site.lab.namespace("stranger")
    run(["ip", "-n", namespace, "link", "set", "eth0", "address", STRANGER])
    run(["ip", "-n", namespace, "address", "add", f"{VIP}/24", "dev", "eth0"])
    dnsmasq = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--port=0"]
    dnsmasq += ["--dhcp-range=10.10.0.200,10.10.0.250,1h", "--dhcp-boot=pxelinux.0", "--no-ping", "--log-facility=-"]
    dnsmasq.append(f"--dhcp-leasefile={site.directory / 'leases'}")
    rogue = stack.enter_context(site.lab.popen("rogue", dnsmasq, stderr=subprocess.PIPE))
    stack.callback(rogue.terminate)
    while b"DHCP, IP range" not in rogue.stderr.readline():
        assert rogue.poll() is None
    served = site.served / "harvester/v1.8.2"
    (served / FILES[0]).write_bytes(b"not what was released")
    (served / FILES[3]).unlink()
    site.serve(stack, ahead=90)


def on_the_node(site: Site, stack: ExitStack) -> None:
    """Have somebody hold a port, a rule take another, files missing and wrong, no room, and a file that is no YAML."""
    site.start(stack, NODE, HOLDER)
    rule = ["PREROUTING", "-p", "udp", "--dport", "514", "-m", "comment", "--comment", "kube-system/syslog"]
    rule += ["-j", "DNAT", "--to-destination", "10.42.0.9:5514"]
    site.lab.run(NODE, ["iptables", "-t", "nat", "-A", *rule])
    stack.callback(site.lab.run, NODE, ["iptables", "-t", "nat", "-D", *rule])
    folder = Path(site.variables["image_server_source"]) / "v1.8.2"
    (folder / FILES[1]).unlink()
    (folder / FILES[2]).write_bytes(b"not what was released either")
    images = site.variables["bootd_settings"]["image_dir"]
    run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", images])
    stack.callback(run, ["umount", images])
    broken = Path(site.variables["bootd_config_dir"]) / "um790-1.yaml"
    broken.write_text("install: [mode: create", encoding="utf-8")
    broken.chmod(0o600)


def in_the_inventory(site: Site) -> None:
    """Give two machines one address, bootd one that no interface has, and a machine a server that is none."""
    site.machines["um790-2"]["netboot_ip"] = "10.10.0.16"
    site.machines["um790-3"]["netboot_image_url"] = f"http://{IMAGES}:8080/harvester"
    site.variables["bootd_address"] = "10.10.0.21"
    site.variables["bootd_kubeconfig"] = str(limited(site))


def problems_in(said: str) -> list[str]:
    """Return what a report tells, each with who can put it right before it; a remedy follows each."""
    found, who = [], ""
    lines = said.splitlines()
    for line, following in pairwise(lines):
        if line.startswith(SECTION):
            who = WHOSE[line.removeprefix(SECTION).rstrip(":")]
        elif who and line.startswith("  ") and not line.startswith("   "):
            assert following.startswith("      "), following
            found.append(f"{who}: {line.strip()}")
        elif who and not line.startswith(" ") and line:
            break
    return found


EXPECTED = [
    r'inventory: um790-2 netboot_ip: "10.10.0.16": the same IP address as um790-1',
    rf"network: the network of eth0: {VIP}, the VIP of um790-1, um790-2, um790-3, is answered for by {STRANGER}",
    rf"network: what um790-1, um790-2 would load: http://{IMAGES}/harvester/v1.8.2/{FILES[0]} is not what its check",
    rf"network: what um790-1, um790-2 would load: http://{IMAGES}/harvester/v1.8.2/{FILES[3]}: 404 ",
    rf"network: what um790-3 would load: {IMAGES}:8080: .*refused; 4 files should come from there, such as http://",
    r"network: eth0: The DHCP server 10.10.0.9 \(MAC .*\)",
    r"node: bootstrap: TCP port 7080 \(http\) is held by python",
    r"node: bootstrap: no interface has bootd's address 10.10.0.21",
    r"node: .*: UDP port 514 \(syslog\) is redirected to 10.42.0.9:5514 \(kube-system/syslog\)",
    rf"node: bootstrap image_server_releases v1.8.2: .*/{FILES[1]}: there is no such file",
    rf"node: bootstrap image_server_releases v1.8.2: .*/{FILES[2]} is not what the checksums say",
    r"node: bootstrap .*/images: .* are needed \(Harvester v1.8.2 .*\), and .* are free",
    rf"node: bootstrap: the clock of bootstrap is (89|90) s behind that of {IMAGES}",
    r"node: .*/um790-1.yaml: it is no YAML that can be used",
    r"cluster: the cluster at https://.*: the kubeconfig's user may not create, patch hardware.tinkerbell.org",
]


def test_everything_that_is_wrong_is_told_in_one_report(site):
    with ExitStack() as stack:
        in_the_network(site, stack)
        on_the_node(site, stack)
        in_the_inventory(site)
        status, said = site.preflight()
    assert status == 2
    found = problems_in(said)
    untold = [pattern for pattern in EXPECTED if not any(re.match(pattern, line) for line in found)]
    assert untold == [], said
    # Of a user without rights many are told, each by its resource; beside them nothing that has not been planted.
    others = [line for line in found if not any(re.match(pattern, line) for pattern in EXPECTED)]
    assert [line for line in others if "may not " not in line] == [], said
    assert said.count("told above by who can put it right") == 2
