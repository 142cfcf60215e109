# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source of a release's files is: a server, a folder or an ISO.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

SECRET_LENGTH = 8


class SourceError(Exception):
    """A file can't be had from here, and asking again would not help; the message names the place, without secrets."""


class Missing(SourceError):
    """The source has no such file."""


class Away(SourceError):
    """The source does not answer now, or broke off."""


@dataclass
class Stream:
    """The octets of a file from ``start`` on, which is the offset that was asked for or 0.

    ``total`` is the size of the whole file, None where nobody knows; ``read_into`` fills a block and returns how many
    octets are in it, 0 at the end, and raises Away.
    """

    read_into: Callable[[memoryview], int]
    close: Callable[[], None]
    start: int = 0
    total: int | None = None
    validator: str = ""

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()


class Source(Protocol):
    """Where files come from; ``place`` is what to call it. Every method raises SourceError."""

    place: str

    def checksums(self) -> str:
        """Return the text of the checksum file."""

    def url(self, role: str) -> str:
        """Return where a file is, without secrets."""

    def size(self, role: str) -> int | None:
        """Return the size of a file, None where the source does not tell."""

    def open(self, role: str, offset: int = 0, validator: str = "") -> Stream:
        """Return a file from ``offset`` on, or whole where it is no longer the version ``validator``."""


def shown(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def secrets_in(url: str) -> set[str]:
    """Return the words of a URL that nobody else may see; what is shorter in a query could be any word."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    user = parts.netloc.rpartition("@")[0]
    values = {value for _name, value in parse_qsl(parts.query) if len(value) >= SECRET_LENGTH}
    return {user, user.partition(":")[2], unquote(user.partition(":")[2]), parts.query, *values} - {""}
