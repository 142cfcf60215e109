# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""All servers of the daemon: every socket is open before the first thread starts, the first failure closes all."""

from __future__ import annotations

from typing import Protocol

from ..decisions.modes import OFF
from ..dhcp.server import DhcpServer
from ..http.server import HttpServer
from ..ra.server import RaServer
from ..runtime.services import Services
from ..syslog.server import SyslogServer
from ..tftp.server import TftpServer
from .explain_served import explain_served


class Server(Protocol):
    """One server: ``open`` binds its socket, ``start`` answers, ``stop`` ends both, also where nothing was opened."""

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 where there is none."""

    def open(self) -> None:
        """Bind the socket; raises OSError where it can't be had."""

    def start(self) -> None:
        """Start to answer."""

    def stop(self) -> None:
        """Stop answering and close the socket."""


class Servers:
    """The servers that the settings ask for, in the order they start."""

    def __init__(self, services: Services) -> None:
        settings = services.settings
        self._http = HttpServer(services, explain=explain_served)
        self._servers: dict[str, Server] = {
            "syslog": SyslogServer(services),
            "http": self._http,
            "tftp": TftpServer(services),
        }
        if settings.router_advertisements:
            self._servers["ra"] = RaServer(services)
        if services.modes.used != {OFF}:
            # DHCP last: nobody is sent to a server that does not answer yet.
            self._servers["dhcp"] = DhcpServer(services)

    def open(self) -> None:
        """Bind every socket; raises OSError naming the server where one can't be had."""
        for name, server in self._servers.items():
            try:
                server.open()
            except OSError as error:
                self.stop()
                raise OSError(error.errno, f"can't open the {name} port: {error.strerror}") from error

    def start(self) -> None:
        """Start to answer."""
        for server in self._servers.values():
            server.start()

    def stop(self) -> None:
        """Stop answering, DHCP first, and close every socket."""
        for server in reversed(self._servers.values()):
            server.stop()

    def ports(self) -> dict[str, int]:
        """Return the port each server really listens on, by server."""
        found = {name: server.port for name, server in self._servers.items()}
        found["https"] = self._http.https_port
        dhcp = self._servers.get("dhcp")
        found["proxy"] = dhcp.proxy_port if isinstance(dhcp, DhcpServer) else 0
        return {name: port for name, port in found.items() if port}
