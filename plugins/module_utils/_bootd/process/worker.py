# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A thread that calls one function again and again: when woken, and after as many seconds as it has returned."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .faults import Caught, fields_of
from .log import Log

FAULT_PAUSE = 5.0  # seconds


class Worker:
    """Calls ``work`` in a thread; ``work`` returns after how many seconds to be called again, None: when woken.

    A fault in the work is logged, and the work is done again after FAULT_PAUSE, or when woken.
    """

    def __init__(self, name: str, work: Callable[[], float | None], log: Log) -> None:
        self._name = name
        self._work = work
        self._log = log
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which works at once."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have the function called soon; returns at once."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread once the work it is at is done; no error where it never started."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping:
            wait: float | None = FAULT_PAUSE
            with Caught() as caught:
                wait = self._work()
            if caught.fault is not None:
                self._log.error("fault", thread=self._name, **fields_of(caught.fault))
            self._woken.wait(wait)
            self._woken.clear()
