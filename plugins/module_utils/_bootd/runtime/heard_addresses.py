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
        self._lock = threading.Lock()

    def note(self, mac: str, address: str, now: float) -> None:
        """Remember that the machine with ``mac`` took ``address`` at ``now``, in seconds."""
        with self._lock:
            self._heard[address] = (mac, now)
            self._heard.move_to_end(address)
            if len(self._heard) > MAX_ADDRESSES:
                self._heard.popitem(last=False)

    def mac_of(self, address: str, now: float) -> str:
        """Return the MAC address that took ``address``, "" where none did within MAX_AGE before ``now``."""
        mac, heard_at = self._heard.get(address, ("", 0.0))
        # A clock that was set back makes nothing older, or younger, than it is.
        return mac if mac and abs(now - heard_at) <= MAX_AGE else ""
