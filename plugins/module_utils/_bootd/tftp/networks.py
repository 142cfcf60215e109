# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whose requests TFTP answers. The source of a datagram can be forged: to serve any is to send files to anybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from ..decisions.modes import is_network
from ..process.networks import NetworkSet, local_networks
from ..runtime.origin import nic_at
from ..runtime.services import Services
from ..stores.catalog import Catalog

LOOK_SECONDS = 10.0  # between two looks at this host's networks: bridges and VLANs come and go


class ServedNetworks:
    """The networks of all machines' reservations, those that bootd's host is in, and ``further`` ones (CIDRs).

    ``is_known`` tells of an address whether a machine has it all the same: another DHCP server may have given it.
    """

    def __init__(
        self,
        catalog: Catalog,
        further: Iterable[str],
        local: Callable[[], Iterable[IPv4Network]] = local_networks,
        clock: Callable[[], float] = time.monotonic,
        is_known: Callable[[str], bool] = lambda _address: False,
    ) -> None:
        self._catalog = catalog
        self._is_known = is_known
        self._further = NetworkSet(map(IPv4Network, further))
        self._read_local = local
        self._local = NetworkSet(local())
        self._clock = clock
        self._looked_at = clock()

    @classmethod
    def of(cls, services: Services) -> ServedNetworks:
        """Return the networks that ``services.settings`` describe.

        Those of ``trusted_proxies`` are among them: requests of machines come from there.
        """
        settings = services.settings
        proxies = (network for network in settings.trusted_proxies if ":" not in network)
        # Who names a subnet there has machines in it, behind a router perhaps.
        subnets = (scope for scope in settings.dhcp_modes if is_network(scope))
        further = (*settings.tftp_networks, *proxies, *subnets)
        return cls(services.catalog, further, is_known=lambda address: nic_at(services, address) is not None)

    def __contains__(self, address: str) -> bool:
        if self._catalog.by_ip(address) is not None or self._catalog.in_network(address) or address in self._further:
            return True
        if address in self._local or self._is_known(address):
            return True
        if self._clock() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at, self._local = self._clock(), NetworkSet(self._read_local())
        return address in self._local
