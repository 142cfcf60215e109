# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whose requests TFTP answers. The source of a datagram can be forged: to serve any is to send files to anybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network

from ..process.networks import NetworkSet, local_networks
from ..runtime.services import Services
from ..stores.catalog import Catalog

LOOK_SECONDS = 10.0  # between two looks at this host's networks: bridges and VLANs come and go


class ServedNetworks:
    """The networks of all machines' reservations, those that bootd's host is in, and ``further`` ones (CIDRs)."""

    def __init__(
        self,
        catalog: Catalog,
        further: Iterable[str],
        local: Callable[[], Iterable[IPv4Network]] = local_networks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
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
        return cls(services.catalog, (*settings.tftp_networks, *proxies))

    def __contains__(self, address: str) -> bool:
        if self._catalog.by_ip(address) is not None or self._catalog.in_network(address) or address in self._further:
            return True
        if address in self._local:
            return True
        if self._clock() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at, self._local = self._clock(), NetworkSet(self._read_local())
        return address in self._local
