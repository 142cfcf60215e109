# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP servers from Debian's packages, each with a reservation of every machine, as their documentation has it.

They log as little as they can be told to, and bootd as it comes. coredhcp has no boot file in its answers: of its
plugins for reservations and for boot files in Debian 12, only the first one that is asked has a say.
"""

from __future__ import annotations

import json
from pathlib import Path

from bench.rig import SERVER, Program, address_of, mac_of

BOOT_FILE = "snponly.efi"
NETWORK, MASK = "198.18.0.0", "255.254.0.0"
LEASE = 86400  # seconds


def dnsmasq(directory: Path, machines: int) -> Program:
    """Return dnsmasq, whose list of reservations is in a file of its own."""
    hosts = "".join(f"{mac_of(number)},{address_of(number)}\n" for number in range(machines))
    (directory / "hosts").write_text(hosts, encoding="ascii")
    lines = [
        *("port=0", "quiet-dhcp", f"dhcp-range={NETWORK},static,{MASK},{LEASE}", f"dhcp-boot={BOOT_FILE},,{SERVER}"),
        *("dhcp-option=option:router,198.18.0.2", "dhcp-option=option:dns-server,198.18.0.2"),
        *(f"dhcp-hostsfile={directory}/hosts", f"dhcp-leasefile={directory}/leases", f"dhcp-lease-max={machines}"),
    ]
    (directory / "dnsmasq.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
    argv = ["dnsmasq", "--keep-in-foreground", f"--conf-file={directory}/dnsmasq.conf", "--pid-file=", "--user=root"]
    return Program([*argv, "--log-facility=-", "--no-resolv", "--no-hosts"])


def isc_dhcpd(directory: Path, machines: int) -> Program:
    """Return ISC dhcpd, which logs each message to a syslog that is not there."""
    hosts = "".join(
        f"host n{number} {{ hardware ethernet {mac_of(number)}; fixed-address {address_of(number)}; }}\n"
        for number in range(machines)
    )
    text = f"""\
authoritative; default-lease-time {LEASE}; max-lease-time {LEASE};
subnet {NETWORK} netmask {MASK} {{
  option routers 198.18.0.2; option domain-name-servers 198.18.0.2; next-server {SERVER}; filename "{BOOT_FILE}";
}}
{hosts}"""
    (directory / "dhcpd.conf").write_text(text, encoding="ascii")
    (directory / "leases").touch()
    argv = ["dhcpd", "-4", "-f", "-q", "--no-pid", "-cf", f"{directory}/dhcpd.conf", "-lf", f"{directory}/leases"]
    return Program([*argv, "eth0"])


def kea(directory: Path, machines: int) -> Program:
    """Return Kea with one thread, for it has one processor, and its leases in a file, as it comes."""
    reservations = [{"hw-address": mac_of(number), "ip-address": address_of(number)} for number in range(machines)]
    options = [
        {"name": "routers", "data": "198.18.0.2"},
        {"name": "domain-name-servers", "data": "198.18.0.2"},
    ]
    subnet = {
        "id": 1,
        "subnet": f"{NETWORK}/15",
        "reservations": reservations,
        "option-data": options,
        "next-server": SERVER,
        "boot-file-name": BOOT_FILE,
    }
    settings = {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": True},
        "valid-lifetime": LEASE,
        "multi-threading": {"enable-multi-threading": False},
        "host-reservation-identifiers": ["hw-address"],
        "subnet4": [subnet],
        "loggers": [{"name": "kea-dhcp4", "output_options": [{"output": "stdout"}], "severity": "WARN"}],
    }
    (directory / "kea.json").write_text(json.dumps({"Dhcp4": settings}), encoding="ascii")
    # Kea 2.2 has its leases in /var/lib/kea and no option that says otherwise.
    bind = (
        'mkdir -p /var/lib/kea "$0/leases" && mount --bind "$0/leases" /var/lib/kea && exec kea-dhcp4 -c "$0/kea.json"'
    )
    argv = ["unshare", "--mount", "sh", "-c", bind, str(directory)]
    return Program(argv, dict.fromkeys(("KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR"), str(directory)))


def coredhcp(directory: Path, machines: int) -> Program:
    """Return coredhcp, whose reservations are in a file of its own."""
    leases = "".join(f"{mac_of(number)} {address_of(number)}\n" for number in range(machines))
    (directory / "leases").write_text(leases, encoding="ascii")
    plugins = [f"lease_time: {LEASE}s", f"server_id: {SERVER}", "dns: 198.18.0.2", "router: 198.18.0.2"]
    plugins += [f"netmask: {MASK}", f"file: {directory}/leases"]
    text = "server4:\n  listen:\n    - 0.0.0.0\n  plugins:\n" + "".join(f"    - {plugin}\n" for plugin in plugins)
    (directory / "coredhcp.yml").write_text(text, encoding="ascii")
    argv = ["coredhcp", "--conf", str(directory / "coredhcp.yml"), "--loglevel", "error"]
    return Program(argv)


SERVERS = {"coredhcp": coredhcp, "kea": kea, "isc-dhcpd": isc_dhcpd, "dnsmasq": dnsmasq}
WITHOUT_BOOT_FILE = ("coredhcp",)
