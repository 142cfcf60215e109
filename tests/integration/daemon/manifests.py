# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware in the form users write it."""

from __future__ import annotations

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
