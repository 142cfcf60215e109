# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace of a real API server with a machine in it, and the bootds that serve it."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

import yaml

from _bootd.decisions.tokens import report_url, token
from _bootd.hardware.model import STATE_ANNOTATION
from _bootd.kube.client import APPLY_PATCH, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from cluster.kube import ApiServer
from integration.daemon.dhcp_message import discover
from integration.daemon.running import Bootd, Loopback
from samples import howto

MACHINE = "um790-1"
MAC = "58:47:ca:71:d8:49"
GROUP_VERSION = "tinkerbell.org/v1alpha1"
DHCP_PORT = 6767
ADDRESS = "127.0.10.50"  # for a machine whose requests this host makes
REPLICAS = ("127.0.10.1", "127.0.10.2", "127.0.10.3")  # all of loopback's network is this host


class Site:
    """``namespace`` holds the HOWTO's object; ``bootd`` makes daemons that end with ``close``."""

    def __init__(self, api: ApiServer, namespace: str, directory: Path) -> None:
        self.api, self.namespace, self._directory = api, namespace, directory
        self._bootds: list[Bootd] = []
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, "namespaces")
        self.apply(self.document())

    def close(self) -> None:
        """End the daemons and delete the machines."""
        for bootd in self._bootds:
            bootd.stop()
        for item in self.machines():
            self.delete(item["metadata"]["name"])

    def bootd(self, *more: str, number: int = 0, kubeconfig: Path | None = None) -> Bootd:
        """Return a daemon of this namespace, not started; each ``number`` has an address and a directory of its own."""
        environment = {"KUBECONFIG": str(kubeconfig or self.api.kubeconfig)}
        directory = self._directory / f"bootd{number}"
        directory.mkdir(exist_ok=True)
        address = REPLICAS[number]
        flags = ("--store", f"kubernetes:{self.namespace}", "--interface", "lo", "--bind", address)
        ports = ("--dhcp-port", str(DHCP_PORT), "--tftp-port", "6969", "--syslog-port", "5514")
        # On loopback; what is sent to machines leaves it.
        quiet = ("--router-advertisements", "no", "--ready-checks", "off")
        bootd = Bootd(Loopback(environment), "", directory, address=address, more=(*flags, *ports, *quiet, *more))
        self._bootds.append(bootd)
        return bootd

    def document(self, name: str = MACHINE, mac: str = MAC, address: str = "10.10.0.16") -> dict[str, Any]:
        """Return the HOWTO's object as one of this namespace."""
        document = yaml.safe_load(howto.HARDWARE.replace(MACHINE, name).replace("10.10.0.16", address))
        # Without quotes YAML takes some for numbers.
        document["spec"]["interfaces"][0]["dhcp"]["mac"] = mac
        document["metadata"] = {"name": name, "namespace": self.namespace}
        return document

    def apply(self, document: dict[str, Any], *, force: bool = False) -> None:
        """Write an object, as kubectl does on the server side; with ``force`` also what is somebody else's."""
        query = {"fieldManager": "kubectl", "force": str(force).lower()}
        self.api.client.request("PATCH", self._path(document["metadata"]["name"]), query, document, APPLY_PATCH)

    def restore(self) -> None:
        """Install the CRD again, in a cluster that has lost everything."""
        self.api.install_crd(hardware_crd())

    def machine(self, name: str = MACHINE) -> dict[str, Any]:
        """Return the object as it is now."""
        return self.api.client.get(self._path(name))

    def machines(self) -> list[dict[str, Any]]:
        """Return all objects, by name."""
        return self.api.client.get(self._path())["items"]

    def delete(self, name: str) -> None:
        """Delete an object."""
        self.api.client.request("DELETE", self._path(name))

    def state(self, name: str = MACHINE) -> dict[str, Any]:
        """Return the state that the object's annotation has, empty where there is none."""
        return json.loads(self.machine(name)["metadata"].get("annotations", {}).get(STATE_ANNOTATION, "{}"))

    def allow_pxe(self, name: str = MACHINE) -> bool:
        """Return what the object says of netboot."""
        return self.machine(name)["spec"]["interfaces"][0]["netboot"]["allowPXE"]

    def _path(self, name: str = "") -> str:
        return resource_path(GROUP_VERSION, "hardware", self.namespace, name)


def ask(bootd: Bootd, path: str, source: str = ADDRESS) -> tuple[int, str]:
    """GET ``path`` as the machine whose address is ``source``, one of this host's; return status and body."""
    argv = ["curl", "-sS", "--max-time", "10", "--interface", source, "-w", "\n%{http_code}"]
    output = bootd.lab.run("", [*argv, f"http://{bootd.address}:7080{path}"]).stdout
    body, _newline, status = output.rpartition("\n")
    return int(status), body


def report(bootd: Bootd, site: Site, outcome: str, installs: int = 0) -> int:
    """Report as an installer does, to the URL that is made for the machine; return the HTTP status."""
    value = token((bootd.state / "secret").read_bytes(), f"{site.namespace}/{MACHINE}", installs)
    url = report_url(f"http://{bootd.address}:7080", MAC, value)
    argv = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", f"{url}/{outcome}"]
    return int(bootd.lab.run("", argv).stdout)


def ask_for_address(bootd: Bootd, mac: str = MAC) -> None:
    """Send a DHCPDISCOVER as a relay on this host forwards it."""
    message = bytearray(discover(mac, 7, vendor_class=b"PXEClient:Arch:00007:UNDI:003001", arch=7))
    message[24:28] = socket.inet_aton("127.0.0.1")  # giaddr
    struct.pack_into("!H", message, 10, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.sendto(bytes(message), (bootd.address, DHCP_PORT))


def metric(bootd: Bootd, name: str, *labels: str) -> float:
    """Return a metric's value, 0 where it has not been counted yet."""
    _status, body = bootd.get("/metrics")
    for line in body.splitlines():
        if line.startswith(f"{name}{{") and all(label in line for label in labels):
            return float(line.rpartition(" ")[2])
    return 0.0
