# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""HTTPS: the certificate, which may be renewed on disk at any time, and the handshake before a connection.

A client counts against the limits of connections from its first packet, not only once its handshake is done: each
costs a quarter of a mebibyte by then.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from typing import cast

from ..process.log import Log
from .connection import Connection
from .limits import ConnectionSlot, ConnectionSlots

HANDSHAKE_SECONDS = 10.0  # as for a request: firmware computes slowly
SHUTDOWN_SECONDS = 2.0  # for a client to take note that its connection ends
LOOK_SECONDS = 5.0  # between two looks at whether the files were renewed
# Last what edk2 offers without elliptic curves, which it was built without until 2023: RSA without forward secrecy.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:RSA+AESGCM:AES256-SHA256:AES128-SHA256"
UNTRUSTED = ("UNKNOWN_CA", "CERTIFICATE", "DECRYPT_ERROR")  # in what a client says that does not trust the certificate


class Certificate:
    """The certificate chain and key of two PEM files, as they are now; for one thread only."""

    def __init__(self, certificate: str, key: str, log: Log | None = None) -> None:
        """Load them; raises OSError, ssl.SSLError among them, where they can't be used."""
        self._paths = (certificate, key)
        self._log = log
        self._version = self._look()
        self._looked_at = time.monotonic()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.set_ciphers(CIPHERS)
        self._context.set_alpn_protocols(["http/1.1"])
        self._load(self._context)

    def context(self) -> ssl.SSLContext:
        """Return what the next handshake is to use; renewed files that can't be used are told, and change nothing."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            version = self._look()
            if version == self._version:
                return
            self._version = version
            # First into one that nobody uses: half of a renewal, as a certificate without its key, is none.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load(self._context)
        except OSError as error:
            if self._log is not None:
                reason = f"{reason_of(error)}; the certificate from before is used on"
                self._log.warning("certificate_not_renewed", path=self._paths[0], reason=reason)
            return
        if self._log is not None:
            self._log.info("certificate_renewed", path=self._paths[0])

    def _look(self) -> list[tuple[int, int, int]]:
        found = map(os.stat, self._paths)
        return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in found]

    def _load(self, context: ssl.SSLContext) -> None:
        certificate, key = self._paths
        # A key with a passphrase would have OpenSSL ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")


class Handshake(asyncio.Protocol):
    """A connection that has yet to agree on keys; ``make`` returns the one that it becomes.

    ``on_failed(client, reason)`` is told of one that comes to nothing.
    """

    def __init__(
        self,
        certificate: Certificate,
        slots: ConnectionSlots,
        make: Callable[[ConnectionSlot], Connection],
        on_failed: Callable[[str, str], None],
    ) -> None:
        self._certificate, self._slots, self._make, self._on_failed = certificate, slots, make, on_failed
        self._early: list[bytes] = []  # what the client sent before there was a connection to take it
        self._task: asyncio.Task[None] | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, where the client gets a slot."""
        raw = cast(asyncio.Transport, transport)
        raw.pause_reading()
        source = str((raw.get_extra_info("peername") or ("",))[0])
        loop = asyncio.get_running_loop()
        slot = self._slots.acquire(source, lambda: loop.call_soon_threadsafe(raw.abort))
        if slot is None:
            raw.abort()
        else:
            self._task = loop.create_task(self._begin(raw, slot))

    def data_received(self, data: bytes) -> None:
        """Keep what came right behind the handshake."""
        self._early.append(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note that there will be no connection."""
        self._lost = True

    async def _begin(self, raw: asyncio.Transport, slot: ConnectionSlot) -> None:
        loop = asyncio.get_running_loop()
        connection = None
        try:
            transport = await loop.start_tls(
                raw,
                self,
                self._certificate.context(),
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
            if transport is not None and not self._lost:
                connection = self._make(slot)
                connection.connection_made(transport)
                transport.set_protocol(connection)
        except OSError as error:
            raw.abort()
            self._on_failed(slot.source, reason_of(error))
        finally:
            if connection is None:
                slot.release()
        if connection is not None and self._early:
            connection.data_received(b"".join(self._early))


def reason_of(error: OSError) -> str:
    """Return why a certificate or a handshake was of no use, for people."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or "no TLS"
        if any(word in reason for word in UNTRUSTED) and "ALERT" in reason:
            return f"the client does not trust the certificate ({reason})"
        return reason.replace("_", " ").lower()
    return error.strerror or str(error) or "the connection was closed"
