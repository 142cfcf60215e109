# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Sockets that are bound to a network interface, and an interface that is deleted and made again under its name.

SO_BINDTODEVICE and multicast memberships hold the interface's index, not its name. A bridge, VLAN or bond that is
restarted comes back with another index, and the socket hears nothing any more, without an error. A socket bound to an
address needs no such care: it hears again as soon as the address is back.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from .health import Pulse
from .log import Log


class InterfaceWatch:
    """Opens a server's socket again when the interface ``name`` has become another; to be made once it is open.

    ``reopen`` binds to the interface as it is now; OSError where that can't be done yet. While there is none, the gap
    is told: once in the log, and by ``pulse``.
    """

    def __init__(self, name: str, reopen: Callable[[], None], pulse: Pulse, log: Log) -> None:
        self._name = name
        self._reopen = reopen
        self._pulse = pulse
        self._log = log
        self._index = index_of(name)

    def look(self) -> None:
        """See whether the interface is still the one that the socket is bound to, and mend it where it is not."""
        index = index_of(self._name)
        if index == self._index:
            return
        if index == 0:
            self._tell(f"the interface {self._name} is gone")
            self._index = 0
            return
        try:
            self._reopen()
        except OSError as error:
            self._tell(f"the interface {self._name} can't be listened on: {error.strerror or error}")
            return
        self._index = index
        self._pulse.gap = ""
        self._log.info("interface_back", iface=self._name, server=self._pulse.name)

    def _tell(self, gap: str) -> None:
        if gap != self._pulse.gap:
            self._pulse.gap = gap
            effect = "nothing is heard there until it is back"
            self._log.warning("interface_gone", iface=self._name, server=self._pulse.name, reason=gap, effect=effect)


def index_of(name: str) -> int:
    """Return the index of the interface ``name``, 0 where there is none."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0
