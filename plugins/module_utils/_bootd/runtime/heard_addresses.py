# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses that other DHCP servers gave, as machines say themselves in the DHCPREQUESTs that everybody hears.

RFC 2131 section 4.3.2: a client that selects an offer broadcasts which server it takes (option 54), and which address
that one offered (option 50). So who answers for PXE only learns it without a word to that server.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

MAX_ADDRESSES = 16384
MAX_AGE = 86400.0  # seconds


class HeardAddresses:
    """The MAC address that took each address last, the MAX_ADDRESSES heard last. Safe to use from any thread."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._last: dict[str, str] = {}  # by MAC, of those that are in _heard
        self._lock = threading.Lock()

    def note(self, mac: str, address: str, now: float) -> None:
        """Remember that the machine with ``mac`` took ``address`` at ``now``, in seconds."""
        with self._lock:
            self._forget(address)
            self._heard[address] = (mac, now)
            self._last[mac] = address
            if len(self._heard) > MAX_ADDRESSES:
                self._forget(next(iter(self._heard)))

    def forget(self, address: str) -> None:
        """Forget who took ``address``: somebody has taken it since who is no machine."""
        if address in self._heard:
            with self._lock:
                self._forget(address)

    def mac_of(self, address: str, now: float) -> str:
        """Return the MAC address that took ``address``, "" where none did within MAX_AGE before ``now``."""
        mac, heard_at = self._heard.get(address, ("", 0.0))
        # A clock that was set back makes nothing older, or younger, than it is.
        return mac if mac and abs(now - heard_at) <= MAX_AGE else ""

    def address_of(self, mac: str, now: float) -> str:
        """Return the address that the machine with ``mac`` took last, "" where it took none within MAX_AGE."""
        address = self._last.get(mac, "")
        return address if address and self.mac_of(address, now) == mac else ""

    def _forget(self, address: str) -> None:
        mac, _heard_at = self._heard.pop(address, ("", 0.0))
        if mac and self._last.get(mac) == address:
            del self._last[mac]
