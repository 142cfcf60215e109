# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The loop of a datagram server: one thread that receives datagrams and calls a handler with each."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from .faults import Contained
from .health import Pulse

Datagram_co = TypeVar("Datagram_co", covariant=True)
BATCH = 64
LOOK_SECONDS = 1.0  # between two calls of ``look``
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

    ``look`` is called about each LOOK_SECONDS, whatever comes: it may give ``source`` another descriptor. Whatever
    ``handle`` raises costs that datagram its answer and nothing else. Where nothing can be received, as for want of
    memory, that is logged and tried again after FAULT_PAUSE.
    """

    def __init__(
        self,
        name: str,
        source: Source[Datagram_co],
        handle: Callable[[Datagram_co], None],
        contained: Contained,
        pulse: Pulse,
        look: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._handle = handle
        self._contained = contained
        self._pulse = pulse
        self._look = look
        self._stopped = os.eventfd(0)  # readable once stop() was called,
        self._is_stopped = False  # and before that this is True
        self._thread = threading.Thread(target=pulse.run, args=(self._serve,), name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, where it was started, and close the source. To be called once."""
        self._is_stopped = True
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
        patience = None if self._look is None else int(LOOK_SECONDS * 1000)
        due = time.monotonic() + LOOK_SECONDS
        poll = self._poll()
        pause = select.poll()
        pause.register(self._stopped, select.POLLIN)
        while True:
            poll.poll(patience)
            if self._is_stopped:
                return
            received = False
            with self._pulse, self._contained:
                self.handle_waiting()
                received = True
            if not received:
                # The source stays readable: without a pause this would be all that the daemon does, and logs.
                pause.poll(FAULT_PAUSE * 1000)
            if self._look is not None and time.monotonic() >= due:
                with self._pulse, self._contained:
                    self._look()
                due = time.monotonic() + LOOK_SECONDS
                poll = self._poll()

    def _poll(self) -> select.poll:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        return poll
