# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One thread that watches many sockets, so that a slow client costs a socket and never a thread."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ..faults import Contained
from ..health import Pulse

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
TICK = 0.25  # seconds


class Loop:
    """Calls ``ready(item)`` when the socket watched for ``item`` is, ``tick()`` each TICK; both in its own thread.

    ``call`` may be used from any thread, ``watch`` and ``forget`` only in what the loop itself calls. A ``ready`` that
    fails has its item handed to ``drop``, so that one connection's fault is not met again and again.
    """

    def __init__(
        self,
        name: str,
        contained: Contained,
        pulse: Pulse,
        ready: Callable[[Any], None],
        drop: Callable[[Any], None],
        tick: Callable[[], None],
    ) -> None:
        self._contained = contained
        self._pulse = pulse
        self._ready = ready
        self._drop = drop
        self._tick = tick
        self._calls: deque[Callable[[], None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake, READ)
        self._stopping = False
        self._thread = threading.Thread(target=pulse.run, args=(self._run,), name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, then run what it was still called for; what is watched stays as it is."""
        self._stopping = True
        self._poke()
        if self._thread.is_alive():
            self._thread.join()
        self._run_calls()
        self._selector.close()
        os.close(self._wake)

    def call(self, action: Callable[[], None]) -> None:
        """Run ``action`` in the loop's thread, soon."""
        self._calls.append(action)
        self._poke()

    def watch(self, watched: socket.socket, events: int, item: object) -> None:
        """Call ``ready(item)`` whenever ``watched`` is ready for one of ``events``."""
        self._selector.register(watched, events, item)

    def forget(self, watched: socket.socket) -> None:
        """Watch ``watched`` no longer."""
        self._selector.unregister(watched)

    def _poke(self) -> None:
        os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        next_tick = time.monotonic() + TICK
        while not self._stopping:
            ready = self._selector.select(TICK)
            with self._pulse:
                self._work(ready)
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + TICK
                    with self._contained:
                        self._tick()

    def _work(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, _events in ready:
            if key.fd == self._wake:
                os.eventfd_read(self._wake)
            else:
                self._serve(key.data)
        self._run_calls()

    def _run_calls(self) -> None:
        while self._calls:
            with self._contained:
                self._calls.popleft()()

    def _serve(self, item: object) -> None:
        served = False
        with self._contained:
            self._ready(item)
            served = True
        if not served:
            with self._contained:
                self._drop(item)
