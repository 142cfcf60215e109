# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The loop of a datagram server: one thread that receives datagrams and calls a handler with each."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from .faults import Contained
from .health import Pulse

Datagram_co = TypeVar("Datagram_co", covariant=True)
BATCH = 64
FAULT_PAUSE = 1.0  # seconds


class Source(Protocol[Datagram_co]):
    """Where datagrams come from: a non-blocking socket, or a wrapper of one."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def receive(self) -> Datagram_co | None:
        """Return the next datagram, or None where none waits."""

    def close(self) -> None:
        """Close it."""


class DatagramLoop(Generic[Datagram_co]):
    """Calls ``handle`` with each datagram of ``source``, from ``start`` until ``stop``, in a thread called ``name``.

    Whatever ``handle`` raises costs that datagram its answer and nothing else. Where nothing can be received, as for
    want of memory, that is logged and tried again after FAULT_PAUSE.
    """

    def __init__(
        self,
        name: str,
        source: Source[Datagram_co],
        handle: Callable[[Datagram_co], None],
        contained: Contained,
        pulse: Pulse,
    ) -> None:
        self._source = source
        self._handle = handle
        self._contained = contained
        self._pulse = pulse
        self._stopped = os.eventfd(0)  # readable once stop() was called
        self._thread = threading.Thread(target=pulse.run, args=(self._serve,), name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, where it was started, and close the source. To be called once."""
        os.eventfd_write(self._stopped, 1)
        if self._thread.is_alive():
            self._thread.join()
        self._source.close()
        os.close(self._stopped)

    def handle_waiting(self) -> None:
        """Handle what waits, at most BATCH datagrams: in a flood, too, stop() has to come through."""
        for _unused in range(BATCH):
            datagram = self._source.receive()
            if datagram is None:
                return
            with self._contained:
                self._handle(datagram)

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        pause = select.poll()
        pause.register(self._stopped, select.POLLIN)
        while self._stopped not in {descriptor for descriptor, _unused in poll.poll()}:
            received = False
            with self._pulse, self._contained:
                self.handle_waiting()
                received = True
            if not received:
                # The source stays readable: without a pause this would be all that the daemon does, and logs.
                pause.poll(FAULT_PAUSE * 1000)
