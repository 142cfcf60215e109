# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to change at another DHCP server, for those that most networks have. Pure.

docs/beside-a-dhcp-server.md has the same settings within whole configurations, which the tests run.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PAGE = "docs/beside-a-dhcp-server.md of the collection has whole configurations"
ANY_MAC = "MAC"  # stands for that of each machine


def leave_alone(macs: Sequence[str]) -> Mapping[str, str]:
    """Return, by server, what makes it leave the machines with ``macs`` alone, for the first of them."""
    mac = macs[0] if macs else ANY_MAC
    digits = mac.replace(":", "")
    return {
        "dnsmasq": f"dhcp-host={mac},ignore",
        "Kea": f'{{ "name": "DROP", "test": "pkt4.mac == 0x{digits}" }} in client-classes',
        "ISC dhcpd": f"host NAME {{ hardware ethernet {mac}; ignore booting; }}",
        "OPNsense": f"with Dnsmasq: Services > Dnsmasq DNS & DHCP > Hosts, hardware address {mac} and the tick Ignore; "
        "with Kea or ISC a file with the setting above",
        "RouterOS": f"/ip dhcp-server lease add server=dhcp1 mac-address={mac.upper()} block-access=yes",
    }


def say_nothing_of_booting() -> Mapping[str, str]:
    """Return, by server, what is to be taken out so that it gives addresses and nothing to boot."""
    return {
        "dnsmasq": "the lines dhcp-boot, pxe-service and pxe-prompt, and dhcp-option of 43, 60, 66, 67 and 150",
        "Kea": "next-server, boot-file-name and server-hostname, and option-data of tftp-server-name, boot-file-name, "
        "vendor-class-identifier and vendor-encapsulated-options, at every level and in every class",
        "ISC dhcpd": "next-server, filename and server-name, and option tftp-server-name, bootfile-name, "
        "vendor-class-identifier and vendor-encapsulated-options",
        "OPNsense": "with Dnsmasq: Services > Dnsmasq DNS & DHCP, the entries of DHCP boot, and of DHCP options those "
        "of 43, 60, 66 and 67; with Kea: Next server and TFTP bootfile name of the subnet; with ISC: Network booting",
        "RouterOS": '/ip dhcp-server network set [find] next-server=0.0.0.0 boot-file-name="", and the options with '
        "code 43, 60, 66 and 67 in /ip dhcp-server option",
    }


def as_text(head: str, settings: Mapping[str, str], tail: str) -> str:
    """Return advice for people, a line for each server."""
    return "\n".join([f"{head}:", *(f"  {name}: {setting}" for name, setting in settings.items()), f"{tail}; {PAGE}."])
