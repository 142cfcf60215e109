# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who did it: whether a request comes from the machine that it is about, and may therefore move its stage."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network

from ..hardware.model import Nic
from .services import Services


def is_its_own(services: Services, nic: Nic, address: str) -> bool:
    """Return whether ``address`` is one of the machine that ``nic`` belongs to, as its object has them."""
    owner = services.catalog.by_ip(address)
    return owner is not None and owner.machine.key == nic.machine.key


def speaks_for(services: Services, nic: Nic, address: str) -> bool:
    """Return whether what comes from ``address`` is what the machine of ``nic``, which it names, did itself.

    A trusted proxy tells whom it asks for; one that translates addresses has the machine say so by its MAC.
    """
    return is_its_own(services, nic, address) or _is_trusted(services, address)


def _is_trusted(services: Services, address: str) -> bool:
    if not services.settings.trusted_proxies:
        return False
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        return False
    return any(":" not in cidr and parsed in IPv4Network(cidr) for cidr in services.settings.trusted_proxies)
