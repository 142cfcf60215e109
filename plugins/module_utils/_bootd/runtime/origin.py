# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who did it: which machine an address is of, and whether a request comes from the machine that it is about.

Where bootd gives the addresses, an address is the machine's that it is reserved for, and nobody else's. Where another
DHCP server gives them (modes ``proxy``, ``auto-proxy`` and ``off``), these tell, the first that knows a machine:

1. the kernel's neighbour table: which MAC has the address on one of this host's links;
2. the address that an object has, as it stands in the other server's reservations too;
3. what the machine itself took in a DHCPREQUEST that bootd heard, through a relay for instance. It counts only for an
   interface whose object has no address, and never where a secret is given: who can forge a relay's message can forge
   that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from ..decisions.modes import AUTO_PROXY, RESERVATION
from ..hardware.model import Machine, Nic
from .services import Services


def nic_at(services: Services, address: str) -> Nic | None:
    """Return the interface of the machine that has ``address``, an IPv4 or IPv6 address as text; None where none has.

    This is the one place that tells it, for whoever is known by no more than its address: TFTP names without a MAC,
    ``/auto.ipxe``, ``/phone-home``, lines of syslog. Takes no lock; where bootd gives no address, a system call.
    """
    holder = _holder_of(services, address)
    if holder is not None or mode_at(services, address) == RESERVATION:
        return holder
    heard = services.catalog.by_mac(services.heard.mac_of(address, services.clock()))
    return heard if heard is not None and not heard.interface.address else None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The catalog's two look-ups, by MAC and by address, the second by all that ``nic_at`` knows."""

    services: Services

    def by_mac(self, mac: str) -> Nic | None:
        """Return the interface with ``mac``, in lower-case colon form."""
        return self.services.catalog.by_mac(mac)

    def by_ip(self, address: str) -> Nic | None:
        """Return the interface of the machine that has ``address``."""
        return nic_at(self.services, address)


def mode_at(services: Services, address: str) -> str:
    """Return the DHCP mode of the network that ``address`` is in; see ``decisions.modes``."""
    if services.modes.is_one or not _is_ipv4(address):
        return services.modes.default
    return services.modes.of_address(address, services.links.interface_of(address))


def boots_unknown(services: Services, address: str) -> bool:
    """Return whether a machine that is not known and asks from ``address`` may boot (mode ``auto-proxy``)."""
    return mode_at(services, address) == AUTO_PROXY


def with_addresses(services: Services, machine: Machine) -> Machine:
    """Return ``machine`` as it can be reached: where its object has no address, with the one it took elsewhere."""
    now = services.clock()
    interfaces = tuple(
        interface if interface.address else replace(interface, address=services.heard.address_of(interface.mac, now))
        for interface in machine.interfaces
    )
    return machine if interfaces == machine.interfaces else replace(machine, interfaces=interfaces)


def is_its_own(services: Services, nic: Nic, address: str) -> bool:
    """Return whether ``address`` is one of the machine that ``nic`` belongs to, so surely that it may have its secrets.

    What was merely heard of an address is not enough for that.
    """
    holder = _holder_of(services, address)
    return holder is not None and holder.machine.key == nic.machine.key


def speaks_for(services: Services, nic: Nic, address: str) -> bool:
    """Return whether what comes from ``address`` is what the machine of ``nic``, which it names, did itself.

    A trusted proxy tells whom it asks for; one that translates addresses has the machine say so by its MAC.
    """
    owner = nic_at(services, address)
    return (owner is not None and owner.machine.key == nic.machine.key) or _is_trusted(services, address)


def _holder_of(services: Services, address: str) -> Nic | None:
    """Return whose ``address`` is by the neighbour table and by the objects, None where neither has it."""
    reserved = services.catalog.by_ip(address)
    if not _is_ipv4(address) or mode_at(services, address) == RESERVATION:
        return reserved
    return services.catalog.by_mac(services.neighbours.mac_of(address)) or reserved


def _is_ipv4(address: str) -> bool:
    try:
        IPv4Address(address)
    except AddressValueError:
        return False
    return True


def _is_trusted(services: Services, address: str) -> bool:
    if not services.settings.trusted_proxies:
        return False
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        return False
    return any(":" not in cidr and parsed in IPv4Network(cidr) for cidr in services.settings.trusted_proxies)
