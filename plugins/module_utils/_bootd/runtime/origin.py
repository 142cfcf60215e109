# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who did it: which machine an address is of, and whether a request comes from the machine that it is about.

Where bootd gives the addresses, an address is the machine's that it is reserved for, and nobody else's. Where another
DHCP server gives them (modes ``proxy``, ``auto-proxy`` and ``off``), these tell, the first that has an answer:

1. the kernel's neighbour table: which MAC has the address on one of this host's links. One that no object has is an
   answer too: the address is somebody else's now. A request that names a machine may still be that machine's, by a bond
   or a card that its object does not have; but nobody boots from there, or is given a secret, by the address alone;
2. the address that an object has, as it stands in the other server's reservations too;
3. what the machine itself took in a DHCPREQUEST that bootd heard, through a relay for instance. It counts only for an
   interface whose object has no address, and never where a secret is given: who can forge a relay's message can forge
   that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from ..decisions.modes import AUTO_PROXY, RESERVATION
from ..hardware.model import Machine, Nic, with_first
from ..process.networks import is_ipv4
from .services import Services

NOBODY = ""  # the address of whoever only plays a machine: no machine has it, so it opens and moves nothing


def nic_at(services: Services, address: str) -> Nic | None:
    """Return the interface of the machine that has ``address``, an IPv4 or IPv6 address as text; None where none has.

    This is the one place that tells it, for whoever is known by no more than its address: ``/phone-home``, lines of
    syslog, the log. Takes no lock; where bootd gives no address, a system call.
    """
    # The object's address also where a card has it that is in no object: a bond of the machine, perhaps.
    return boots_at(services, address) or services.catalog.by_ip(address)


def boots_at(services: Services, address: str) -> Nic | None:
    """Return the interface that boots from ``address`` without saying its MAC: ``/auto.ipxe``, names of TFTP.

    As ``nic_at`` has it, but None where a card has the address that is in no object: it would be installed as the
    machine whose address that was.
    """
    holder, may_be_heard = _holder_of(services, address)
    if not may_be_heard:
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


class BootLookup(Lookup):
    """``Lookup`` for whoever asks what to boot: the second look-up is ``boots_at``."""

    __slots__ = ()

    def by_ip(self, address: str) -> Nic | None:
        """Return the interface that boots from ``address``."""
        return boots_at(self.services, address)


def mode_at(services: Services, address: str) -> str:
    """Return the DHCP mode of the network that ``address`` is in; see ``decisions.modes``."""
    if services.modes.is_one or not is_ipv4(address):
        return services.modes.default
    return services.modes.of_address(address, services.links.interface_of(address))


def boots_unknown(services: Services, address: str) -> bool:
    """Return whether a machine that is not known and asks from ``address`` may boot (mode ``auto-proxy``)."""
    return mode_at(services, address) == AUTO_PROXY


def as_reached(services: Services, machine: Machine) -> Machine:
    """Return ``machine`` as it can be reached: by the card that it was installed through, which comes first.

    A card that has no address in the object has the one that it took elsewhere.
    """
    now = services.clock()
    machine = with_first(machine, services.journal.state(machine.key).switched_off)
    interfaces = tuple(
        interface if interface.address else replace(interface, address=services.heard.address_of(interface.mac, now))
        for interface in machine.interfaces
    )
    return machine if interfaces == machine.interfaces else replace(machine, interfaces=interfaces)


def is_its_own(services: Services, nic: Nic, address: str) -> bool:
    """Return whether ``address`` is one of the machine that ``nic`` belongs to, so surely that it may have its secrets.

    What was merely heard of an address is not enough for that, nor is the object's where another card has the address.
    """
    holder, _may_be_heard = _holder_of(services, address)
    return holder is not None and holder.machine.key == nic.machine.key


def speaks_for(services: Services, nic: Nic, address: str) -> bool:
    """Return whether what comes from ``address`` is what the machine of ``nic``, which it names, did itself.

    A trusted proxy tells whom it asks for; one that translates addresses has the machine say so by its MAC.
    """
    owner = nic_at(services, address)
    # Mostly it is the very object: no names have to be made of it and of the other.
    is_the_machine = owner is nic or (owner is not None and owner.machine.key == nic.machine.key)
    return is_the_machine or _is_trusted(services, address)


def _holder_of(services: Services, address: str) -> tuple[Nic | None, bool]:
    """Return whose ``address`` is by the neighbour table or the objects, and whether what was heard may tell it."""
    catalog = services.catalog
    if not is_ipv4(address) or mode_at(services, address) == RESERVATION:
        return catalog.by_ip(address), False
    if neighbour := services.neighbours.mac_of(address):
        return catalog.by_mac(neighbour), False
    reserved = catalog.by_ip(address)
    return reserved, reserved is None


def _is_trusted(services: Services, address: str) -> bool:
    if not services.settings.trusted_proxies or not is_ipv4(address):
        return False
    parsed = IPv4Address(address)
    return any(":" not in cidr and parsed in IPv4Network(cidr) for cidr in services.settings.trusted_proxies)
