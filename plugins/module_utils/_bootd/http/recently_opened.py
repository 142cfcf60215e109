# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which files a thread has just opened: to look them up once more waits for no disk and for no other host.

A storm asks for a few files in thousands of ranges. To pass each to a thread and back would cost more than to open the
file. It is opened anew for each all the same, so whatever has become of it counts at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

RENEW_SECONDS = 1.0  # since a thread has opened it; then one request has a thread open it again
OPENED_SECONDS = 2.0  # since then; afterwards all requests have
MAX_PATHS = 64


class RecentlyOpened:
    """Paths, as requests have them, of files that were opened in the last OPENED_SECONDS; for one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._opened_at: dict[str, float] = {}
        self._renewed: set[str] = set()  # those that a thread opens again

    def add(self, path: str) -> None:
        """Note that a thread has opened the file now; where there is no room it is not noted."""
        now = self._clock()
        if path not in self._opened_at and len(self._opened_at) >= MAX_PATHS:
            self._opened_at = {kept: at for kept, at in self._opened_at.items() if now - at < OPENED_SECONDS}
            self._renewed &= self._opened_at.keys()
            if len(self._opened_at) >= MAX_PATHS:
                return
        self._opened_at[path] = now
        self._renewed.discard(path)

    def __contains__(self, path: str) -> bool:
        """Return whether a thread has opened the file so recently that none has to open it again."""
        at = self._opened_at.get(path)
        return at is not None and self._clock() - at < RENEW_SECONDS

    def admits(self, path: str) -> bool:
        """Return whether the file may be opened in the event loop; where it may not, a thread has to.

        Of those that ask while it is to be opened again, one has that done, and the others need not wait for it.
        """
        at = self._opened_at.get(path)
        if at is None:
            return False
        age = self._clock() - at
        if age >= RENEW_SECONDS and path not in self._renewed:
            self._renewed.add(path)
            return False
        return age < OPENED_SECONDS
