# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of the matrix: the network between a machine and bootd, and who gives out addresses in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from integration.daemon.running import ADDRESS
from lab.bootstrap import NODE, start_leases
from lab.network import Lab

DNSMASQ, DNSMASQ_ADDRESS = "dnsmasq", "10.10.0.3"
SERVERS = {ADDRESS: "bootd", DNSMASQ_ADDRESS: "dnsmasq"}
RELAY, RELAY_ADDRESS, RELAY_ADDRESS_AT_BOOTD = "relay", "10.20.0.1", "10.10.0.1"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One column.

    ``meaning`` is what it is, for people. ``lay_out`` makes hosts of a lab with an empty switch, and puts their logs
    into a directory; it is told a line for the configuration of the other DHCP server, "" for none. ``leases`` is the
    address of the server that gives the machine its own, ``address`` or one that begins like it; ``reserved`` is
    whether that is written down in the Hardware object. ``relay`` is where relayed messages come from, "" for none.
    ``flags`` are bootd's.
    """

    name: str
    title: str
    meaning: str
    lay_out: Callable[[Lab, Path, str], None]
    leases: str
    address: str
    relay: str = ""
    reserved: bool = True
    flags: tuple[str, ...] = ()

    @property
    def gateway(self) -> str:
        """The router of the machine's subnet."""
        return self.address.rpartition(".")[0] + ".1"


def _one_switch(lab: Lab, _directory: Path, _setting: str) -> None:
    lab.host(NODE, f"{ADDRESS}/24")


def beside_dnsmasq(lab: Lab, directory: Path, setting: str) -> None:
    """A DHCP server that knows nothing of bootd, nor of network boot."""
    lab.host(NODE, f"{ADDRESS}/24")
    lab.host(DNSMASQ, f"{DNSMASQ_ADDRESS}/24")
    start_leases(lab, DNSMASQ, directory, "--no-ping", *([f"--{setting}"] if setting else []))


def _behind_dhcrelay(lab: Lab, directory: Path, _setting: str) -> None:
    """The machine's subnet is the switch; a router that relays DHCP, and nothing else, leads to bootd."""
    lab.host(RELAY, f"{RELAY_ADDRESS}/24")
    lab.unplugged(NODE)
    lab.attach(NODE, "eth0", RELAY, "eth1", f"{ADDRESS}/24")
    lab.run(RELAY, ["ip", "address", "add", f"{RELAY_ADDRESS_AT_BOOTD}/24", "dev", "eth1"])
    lab.run(RELAY, ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    lab.run(NODE, ["ip", "route", "add", "default", "via", RELAY_ADDRESS_AT_BOOTD])
    argv = ["dhcrelay", "-4", "-d", "--no-pid", "-a", "-D", "-id", "eth0", "-iu", "eth1", ADDRESS]
    _start(lab, RELAY, argv, directory / "dhcrelay.log")


def _start(lab: Lab, host: str, argv: list[str], log: Path) -> None:
    with log.open("wb") as output:
        lab.popen(host, argv, stdout=output, stderr=subprocess.STDOUT)


ARRANGEMENTS = (
    Arrangement(
        "reservation",
        "reservation",
        "bootd is the network's only DHCP server, and the machine's address is in its Hardware object.",
        _one_switch,
        leases=ADDRESS,
        address="10.10.0.16",
    ),
    Arrangement(
        "proxy",
        "proxy beside dnsmasq",
        "dnsmasq gives out addresses and knows nothing of network boot; bootd, in the mode `proxy`, says what to boot "
        "and gives no address.",
        beside_dnsmasq,
        leases=DNSMASQ_ADDRESS,
        address="10.10.0.1",
        reserved=False,
        flags=("--dhcp-mode", "proxy"),
    ),
    Arrangement(
        "relay",
        "reservation behind a relay",
        "the same, but bootd is on another subnet, behind a router that runs ISC dhcrelay with option 82.",
        _behind_dhcrelay,
        leases=ADDRESS,
        address="10.20.0.16",
        relay=RELAY_ADDRESS,
    ),
)
