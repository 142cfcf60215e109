# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked over the network, and what is asked once for all machines that share it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import (
    DhcpError,
    Packet,
    decode,
    encode,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.faults import Caught
from ansible_collections.baremetal.netboot.plugins.module_utils._clients import dhcp, http, tftp
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.file_kinds import FIRST

PROXY_PORT = 4011
PROXY_TIMEOUT = 2.0  # seconds
MAX_DATAGRAM = 9000

T = TypeVar("T")


class Once(Generic[T]):
    """Does each thing once, however many threads want it; a failure is everybody's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: dict[str, Future[T]] = {}

    def get(self, key: str, make: Callable[[], T]) -> tuple[T, bool]:
        """Return what ``make`` gives for ``key``, and whether it was done just now; raises what it raised."""
        with self._lock:
            future = self._done.get(key)
            first = future is None
            if future is None:
                future = self._done[key] = Future()
        if first:
            with Caught() as caught:
                future.set_result(make())
            if caught.fault is not None:
                future.set_exception(caught.fault)  # else the other threads would wait for ever
        return future.result(), first


@dataclass(frozen=True, slots=True)
class Image:
    """A file that machines load: its size, None where nobody says, its first octets, and its digest where asked for."""

    size: int | None
    first: bytes = field(repr=False)
    digest: str = ""
    seconds: float = 0.0
    octets: int = 0


class Wire:
    """Everything that a rehearsal asks. ``interface`` is where machines are, ``timeout`` the seconds for DHCP."""

    def __init__(self, interface: str, timeout: float, tftp_port: int = 69) -> None:
        self._interface, self._timeout, self._tftp_port = interface, timeout, tftp_port
        self._programs: Once[tftp.Transfer] = Once()
        self._images: Once[Image] = Once()
        self._silent: dict[str, str] = {}  # servers that nobody reaches from here, and why

    def offers(
        self, discoveries: Sequence[dhcp.Discovery], enough: Callable[[dhcp.Answer], bool] | None = None
    ) -> list[list[dhcp.Answer]]:
        """Return what is offered to each, all of it or until there is ``enough``; raises ClientProblem."""
        return dhcp.exchange_all(self._interface, discoveries, timeout=self._timeout, enough=enough)

    def ask_proxy(self, server: str, kind: str, mac: str) -> Packet | None:
        """Return what port 4011 of ``server`` answers who has an address already, None where it does not."""
        request = KINDS[kind].discover(mac, secrets.randbits(32))
        options = {**request.options, opt.MESSAGE_TYPE: bytes((opt.DHCPREQUEST,))}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(PROXY_TIMEOUT)
            try:
                asking.connect((server, PROXY_PORT))
                own = asking.getsockname()[0]
                asking.send(encode(replace(request, options=options, ciaddr=own, flags=0)))
                answer = decode(asking.recv(MAX_DATAGRAM))
            except (OSError, DhcpError):
                return None
        return answer if answer.xid == request.xid and answer.mac == mac else None

    def program(self, server: str, name: str, shared: str) -> tuple[tftp.Transfer, float, int]:
        """Return the boot program ``name``, with the seconds and the octets that it took now.

        Each machine asks for it by its own name; the whole of what goes by ``shared`` is loaded once. Raises
        TftpProblem.
        """
        asked = tftp.load(server, name, port=self._tftp_port, first_block=True)
        whole, first = self._programs.get(f"{server}/{shared}", lambda: self.by_tftp(server, name))
        if asked.size is not None and asked.size != len(whole.content):
            raise tftp.TftpProblem(f"{asked.size} octets were promised, and {len(whole.content)} came")
        seconds = asked.seconds + (whole.seconds if first else 0.0)
        return whole, seconds, len(whole.content) if first else len(asked.content)

    def program_by_http(self, url: str, shared: str) -> tuple[tftp.Transfer, float, int]:
        """Return the boot program at ``url``, as ``program`` does; raises HttpProblem."""
        asked = http.fetch(url, "HEAD")

        def load() -> tftp.Transfer:
            answer = http.fetch(url)
            return tftp.Transfer(answer.size, answer.body, answer.seconds)

        whole, first = self._programs.get(shared, load)
        return whole, asked.seconds + (whole.seconds if first else 0.0), len(whole.content) if first else 0

    def by_tftp(self, server: str, name: str) -> tftp.Transfer:
        """Return the file ``name``; raises TftpProblem."""
        return tftp.load(server, name, port=self._tftp_port)

    def text(self, url: str) -> http.Response:
        """Return the script at ``url``; raises HttpProblem."""
        return http.fetch(url)

    def document(self, url: str) -> Mapping[str, Any]:
        """Return the JSON document at ``url``; raises HttpProblem."""
        try:
            found = json.loads(http.fetch(url).body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise http.HttpProblem("it answers no JSON document")
        return found

    def image(self, url: str, whole_at: str = "", algorithm: str = "") -> tuple[Image, bool]:
        """Return what is at ``url``, http, https or tftp, and whether it was asked for just now.

        With ``algorithm`` the whole is loaded too, from the URL ``whole_at``. A server that can't be reached is not
        waited for again. Raises HttpProblem and TftpProblem.
        """
        image, first = self._images.get(url, lambda: self._image_of(url))
        if not algorithm:
            return image, first
        whole, loaded = self._images.get(f"{algorithm} {whole_at}", lambda: self._whole(whole_at, algorithm))
        seconds, octets = image.seconds if first else 0.0, image.octets if first else 0
        if loaded:
            seconds, octets = seconds + whole.seconds, octets + whole.octets
        return replace(image, digest=whole.digest, seconds=seconds, octets=octets), first or loaded

    def _whole(self, url: str, algorithm: str) -> Image:
        found, size, seconds = http.digest(url, algorithm)
        return Image(size, b"", found, seconds, size)

    def _image_of(self, url: str) -> Image:
        server = url.partition("://")[2].partition("/")[0]
        if server in self._silent:
            raise http.HttpProblem(self._silent[server])
        try:
            return self._image(url)
        except (http.HttpProblem, tftp.TftpProblem) as error:
            if not error.answered:
                self._silent[server] = str(error)
            raise

    def _image(self, url: str) -> Image:
        began = time.monotonic()
        if url.startswith("tftp://"):
            server, _slash, name = url.removeprefix("tftp://").partition("/")
            block = tftp.load(server, name, port=self._tftp_port, first_block=True)
            # Of a name that has to be loaded by TFTP the first block is enough: it has all that is looked at.
            return Image(block.size, block.content, "", block.seconds, len(block.content))
        first = http.fetch(url, octets=f"0-{FIRST - 1}", limit=FIRST)
        size, octets = first.size, len(first.body)
        if size and first.status == 206:
            last = http.fetch(url, octets=f"{size - 1}-{size - 1}", limit=FIRST)
            octets += len(last.body)
            if len(last.body) != 1:
                raise http.HttpProblem(f"its last octet, number {size}, is not there", last.status)
        return Image(size, first.body[:FIRST], "", time.monotonic() - began, octets)
