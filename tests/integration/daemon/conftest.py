# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with the bootstrap node and a client on it, and Hardware to serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.network import Lab
from require import require
from running import Bootd

NODE, CLIENT = "node", "client"
MANIFEST = """\
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata:
  name: {name}
  namespace: tink-system
spec:
  disks:
    - device: /dev/nvme0n1
  metadata:
    facility:
      facility_code: onprem
    manufacturer:
      slug: minisforum
    instance:
      operating_system:
        distro: harvester
        version: v1.2.0
      userdata: ip=dhcp net.ifnames=1 console=tty1
  interfaces:
    - dhcp:
        arch: x86_64
        hostname: {name}
        ip:
          address: {address}
          gateway: 10.10.0.1
          netmask: 255.255.0.0
        lease_time: 86400
        mac: {mac}
        name_servers:
          - 10.10.0.1
        uefi: true
      netboot:
        allowPXE: {allow}
        osie:
          baseURL: http://10.10.0.2/harvester
"""


def manifest(name: str, mac: str, address: str, allow: str = "true") -> str:
    """Return a Hardware manifest in the form users write."""
    return MANIFEST.format(name=name, mac=mac, address=address, allow=allow)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require("root", "ip", "nsenter", "curl")
    with Lab() as network:
        network.host(NODE, "10.10.0.20/16")
        network.host(CLIENT, "10.10.0.16/16")
        yield network


@pytest.fixture
def bootd(lab: Lab, tmp_path: Path) -> Iterator[Bootd]:
    """bootd, not started, with one machine: um790-1, 58:47:ca:71:d8:49, 10.10.0.16."""
    daemon = Bootd(lab, NODE, tmp_path)
    text = manifest("um790-1", "58:47:ca:71:d8:49", "10.10.0.16")
    (daemon.manifests / "um790-1.yaml").write_text(text, encoding="utf-8")
    (daemon.boot_files / "ipxe.efi").write_bytes(bytes(range(256)) * 4000)
    try:
        yield daemon
    finally:
        daemon.stop()
