# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel arguments that start Harvester's installer: per version, per network, and as far as nobody gave others.

How the initrd gets its address is by default

- before v1.8 and whenever bootd does not keep the machine's configuration: by DHCP, on the card with the machine's MAC
  address (``ip=dhcp BOOTIF=MAC``). Nothing is renamed, so a configuration of the user's may name cards as it likes.
- from v1.8, where bootd keeps the configuration and knows address, netmask and gateway: static, on that card
  (``ip=ADDRESS::GATEWAY:NETMASK::netboot:off BOOTIF=MAC ifname=netboot:MAC``). The live system would otherwise ask
  again, and take whatever another DHCP server offers (the row "address-lost" of ``quirks``): bootd then no longer knows
  the machine that asks for its configuration. Static addresses need the name of a card, thus the renaming; the
  configuration has to carry it into the installed system, as ``configuration`` has it do.

Sources: harvester/docs, install/pxe-boot-install, v1.1 to v1.9; dracut.cmdline(7); pkg/tink of harvester/seeder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .quirks import holds

CARD = "netboot"  # the boot card's name where it gets one
CONFIG_URL = "harvester.install.config_url"
_DHCP_RETRIES = 30  # of the examples, which have 3 and 30
UNTAGGED = ("", "0", "1")  # VLAN 1 is untagged to Harvester
# Who gives one of these knows the network better.
_OF_THE_NETWORK = {"BOOTIF", "ifname", "vlan", "bond", "team", "bridge", "rd.bootif"}


@dataclass(frozen=True, slots=True)
class Network:
    """How a machine is connected: the card it boots from, and what is known of its address; "" where it is not."""

    mac: str
    address: str = ""
    netmask: str = ""
    gateway: str = ""
    name_servers: tuple[str, ...] = ()
    vlan_id: str = ""


def default_arguments(
    version: str, rootfs: str, network: Network, given: Sequence[str], config_url: str = ""
) -> list[str]:
    """Return the arguments to which ``given``, the user's own, are added or whose place they take.

    ``rootfs`` is the URL of the live system, ``config_url`` that of the configuration that bootd keeps, or "".
    """
    keys = _keys(given)
    arguments = [
        f"root=live:{rootfs}",
        "rd.cos.disable",  # the live system is not an installed one
        "rd.noverifyssl",  # the initrd knows no certificate authorities
        "net.ifnames=1",  # interfaces keep their names in the installed system
        "console=tty1",
        "harvester.install.automatic=true",
        *network_arguments(version, network, given, kept=bool(config_url)),
    ]
    if config_url and CONFIG_URL not in keys:
        arguments.append(f"{CONFIG_URL}={config_url}")
    return arguments


def network_arguments(version: str, network: Network, given: Sequence[str], *, kept: bool) -> list[str]:
    """Return what tells the initrd its network; nothing where ``given`` has an ``ip=``.

    ``kept``: bootd keeps the configuration of this machine, and it carries the card's name where it is renamed here.
    """
    keys = _keys(given)
    if "ip" in keys:
        return []
    retry = f"rd.net.dhcp.retry={_DHCP_RETRIES}"
    if keys & _OF_THE_NETWORK:
        return ["ip=dhcp", retry]
    tagged = network.vlan_id not in UNTAGGED
    vlan = f"vlan{network.vlan_id}"
    # The user's own configuration may be elsewhere, and then it is not known whether it carries the name.
    kept = kept and CONFIG_URL not in keys
    static = kept and holds("address-lost", version) and network.address and network.netmask and network.gateway
    boot_card = f"BOOTIF={network.mac}"
    if not static and not tagged:
        return ["ip=dhcp", boot_card, retry]
    named = [boot_card, f"ifname={CARD}:{network.mac}", *([f"vlan={vlan}:{CARD}"] if tagged else [])]
    if not static:
        return ["ip=dhcp", *named, retry]
    address = f"ip={network.address}::{network.gateway}:{network.netmask}::{vlan if tagged else CARD}:off"
    servers = () if "nameserver" in keys else network.name_servers
    return [address, *named, *(f"nameserver={server}" for server in servers)]


def renamed_cards(arguments: Iterable[str]) -> list[str]:
    """Return the values of each ``ifname=`` in ``arguments``: ``NAME:MAC``."""
    return [value for argument in arguments for key, _equals, value in (argument.partition("="),) if key == "ifname"]


def _keys(arguments: Iterable[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in arguments}
