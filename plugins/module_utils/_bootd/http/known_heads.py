# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Heads of requests that aiohttp has read before, by their octets: it says what these mean, once. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from .site import Environ
from .wsgi_environ import Refused, environment

Headers = tuple[tuple[bytes, bytes], ...]

MAX_HEADS = 256  # sets of headers that are remembered: machines and installers of one kind send the same ones
MAX_HEAD = 2048  # octets of such a set


class KnownHeads:
    """What follows the target of a request with ``method`` by HTTP/1.1, and the WSGI environment that it comes to.

    Those with one of the headers ``more``, as they are called in such an environment, are not known.
    """

    def __init__(self, method: str, more: AbstractSet[str]) -> None:
        self._method, self._more = method, more
        self._heads: dict[bytes, Environ] = {}
        self.find = self._heads.get

    def learn(self, headers: Headers) -> None:
        """Know ``headers``, as they were sent, from now on."""
        # Sent like this they can't be read in another way; sent otherwise aiohttp reads them again.
        head = b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n"
        if head in self._heads or len(head) > MAX_HEAD:
            return
        try:
            environ = environment(self._method, "/", (1, 1), headers)
        except Refused:
            return
        if not self._more & environ.keys():
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            self._heads[head] = environ

    def __len__(self) -> int:
        return len(self._heads)
