# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TFTP server on loopback for tests, with two machines: one that may netboot and one that may not."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from ipaddress import IPv4Network
from pathlib import Path

from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.process.log import Log
from _bootd.process.metrics import Metrics
from _bootd.process.settings import Settings
from _bootd.runtime.services import Services
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from _bootd.stores.unknown_machines import UnknownMachines
from _bootd.tftp.networks import ServedNetworks
from _bootd.tftp.packet import Ack, Data, Oack, Packet, Request, encode, parse
from _bootd.tftp.server import TftpServer
from _bootd.tftp.sessions import Sessions

# Clients that can't choose their address come from 127.0.0.1, so that is the machine that may netboot.
ON, OFF, UNKNOWN = "127.0.0.1", "127.0.0.2", "127.0.0.3"
CONTENT = bytes(range(256)) * 10  # of the boot file in the tests
MAC = {ON: "02:00:00:00:00:01", OFF: "02:00:00:00:00:02"}
CONTENTS = "#!ipxe\necho by the test\n"
# By TFTP, iPXE may have no network yet.
SCRIPT = "#!ipxe\nisset ${netX/ip} || dhcp || echo bootd: no address by DHCP\necho by the test\n"
_PATIENCE = 10.0  # seconds


@dataclass
class TftpLab:
    """The running server and what it is made of."""

    server: TftpServer
    services: Services
    log: StringIO
    root: Path

    @property
    def port(self) -> int:
        """Return the port the server listens on."""
        return self.server.port

    def lines(self) -> list[dict]:
        """Return the log so far."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def line(self, **fields: object) -> dict:
        """Wait for a line of the log that has ``fields``: the server writes it after the client has gone."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            for line in self.lines():
                if fields.items() <= line.items():
                    return line
            time.sleep(0.01)
        raise AssertionError(f"no line with {fields} in:\n{self.log.getvalue()}")

    def metrics(self) -> str:
        """Return all metrics as Prometheus reads them."""
        return self.services.metrics.render().decode()

    def count(self, name: str, **labels: str) -> float:
        """Return the value of a metric's sample, 0 where it was never counted."""
        shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
        sample = f"bootd_{name}_total" + (f"{{{shown}}}" if shown else "")
        rows = (line.rpartition(" ") for line in self.metrics().splitlines())
        return next((float(value) for head, _space, value in rows if head == sample), 0.0)

    def wait_for_count(self, value: float, name: str, **labels: str) -> None:
        """Wait until a metric's sample is ``value``: two sockets are read in any order."""
        deadline = time.monotonic() + _PATIENCE
        while self.count(name, **labels) != value:
            assert time.monotonic() < deadline, f"{name} is {self.count(name, **labels)}"
            time.sleep(0.01)


@contextmanager
def tftp_lab(
    root: Path, *, sessions: Sessions | None = None, bind: str = "0.0.0.0", local: str = "127.0.0.0/8", **settings
) -> Iterator[TftpLab]:
    """Serve the files below ``root`` until the block ends; ``local`` is the network that the host is said to be in."""
    catalog, metrics, log = Catalog(), Metrics(), StringIO()
    for name, address in (("on", ON), ("off", OFF)):
        netboot = Netboot(allow_pxe=address == ON, ipxe_contents=CONTENTS)
        catalog.upsert(Machine(name, interfaces=(Interface(MAC[address], address, netboot=netboot),)))
    services = Services(
        settings=Settings(
            store="files:", state_dir="", address=ON, bind=bind, tftp_port=0, boot_files=(str(root),), **settings
        ),
        catalog=catalog,
        journal=Journal(None, Log(stream=log)),
        unknown=UnknownMachines(),
        metrics=metrics,
        log=Log(level="debug", stream=log),
        secret=b"",
        problems=list,
    )
    networks = ServedNetworks(catalog, services.settings.tftp_networks, lambda: [IPv4Network(local)])
    server = TftpServer(services, sessions, networks)
    server.open()
    try:
        server.start()
        yield TftpLab(server, services, log, root)
    finally:
        server.stop()


class Client:
    """A client that says what it is told, from an address and port of its own."""

    def __init__(self, lab: TftpLab, source: str = ON, to: str = ON) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.bind((source, 0))
        self._socket.settimeout(_PATIENCE)
        self.server = (to, lab.port)
        self.peer: tuple[str, int] | None = None  # where the last answer came from

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    @property
    def address(self) -> str:
        """Return this client's address and port as the log has it."""
        return "{}:{}".format(*self._socket.getsockname())

    def send(self, packet: Packet | bytes, to: tuple[str, int] | None = None) -> None:
        """Send a packet to ``to``, else to who answered last, else to the server's port."""
        wire = packet if isinstance(packet, bytes) else encode(packet)
        self._socket.sendto(wire, to or self.peer or self.server)

    def receive(self) -> Packet:
        """Return the next packet that comes."""
        wire, self.peer = self._socket.recvfrom(70000)
        return parse(wire)

    def octets_until_silence(self, seconds: float) -> int:
        """Return how many octets arrive until there are none for so long."""
        count = 0
        self._socket.settimeout(seconds)
        with suppress(TimeoutError):
            while True:
                count += len(self._socket.recv(70000))
        self._socket.settimeout(_PATIENCE)
        return count

    def ask(self, packet: Packet | bytes) -> Packet:
        """Send ``packet`` to the server's port until it is answered, and return the answer."""
        self._socket.settimeout(_PATIENCE / 5)
        try:
            for _unused in range(5):
                self.send(packet, self.server)
                with suppress(TimeoutError):
                    return self.receive()
        finally:
            self._socket.settimeout(_PATIENCE)
        raise TimeoutError

    def nothing_comes(self, seconds: float) -> bool:
        """Return whether nothing arrives for so long."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(70000)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(_PATIENCE)
        return False


def fetch(client, request):
    """Take the whole file as a careful client does, and return it."""
    packet = client.ask(request)
    blksize = 512
    if isinstance(packet, Oack):
        blksize = int(dict(packet.options).get("blksize", "512"))
        client.send(Ack(0))
        packet = client.receive()
    whole = b""
    while True:
        assert isinstance(packet, Data), packet
        whole += packet.payload
        client.send(Ack(packet.block))
        if len(packet.payload) < blksize:
            return whole
        packet = client.receive()


def answers(lab):
    """Return whether the machine whose netboot is on is sent its boot file, whole."""
    with Client(lab) as client:
        return fetch(client, Request("ipxe.efi")) == CONTENT
