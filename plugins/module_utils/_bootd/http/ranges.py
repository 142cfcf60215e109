# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a conditional or a range request gets (RFC 9110, sections 13 and 14). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

_RANGE = re.compile(r"([0-9]{1,40})-([0-9]{1,40})?|-([0-9]{1,40})", re.ASCII)
_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a file is served; ``modified`` in whole seconds since the epoch, ``size`` in octets."""

    size: int
    modified: int
    tag: str  # a strong entity tag, with its quotes

    @property
    def last_modified(self) -> str:
        """Return ``modified`` as an HTTP date."""
        return _http_date(self.modified)


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent: ``count`` octets from ``offset``; status 200, 206, 304, 412 or 416."""

    status: int
    offset: int = 0
    count: int = 0


def select(method: str, headers: Mapping[str, str], version: Version) -> Part:
    """Return what a GET or HEAD with ``headers`` (names in lower case) gets of a file in ``version``."""
    refusal = _precondition(headers, version)
    if refusal:
        return Part(refusal)
    whole = Part(200, 0, version.size)
    wanted = headers.get("range", "")
    # Only GET has ranges (RFC 9110, section 14.2), and only of the file that the client has begun to load.
    if not wanted or method != "GET" or not _if_range(headers.get("if-range"), version):
        return whole
    ranges = parse_ranges(wanted, version.size)
    if ranges is None:
        return whole
    if not ranges:
        return Part(416)
    if len(ranges) > 1 or ranges[0][1] == 0:
        # Several ranges would need a multipart reply, which no boot client asks for: the whole is a right answer too.
        return whole
    return Part(206, *ranges[0])


def parse_ranges(text: str, size: int) -> list[tuple[int, int]] | None:
    """Return offset and count of each range of ``text`` that a file of ``size`` octets has; None: not a valid set."""
    unit, equals, listed = text.partition("=")
    # RFC 9110, section 5.6.1: empty list elements are passed over.
    items = [item.strip() for item in listed.split(",") if item.strip()]
    if unit.strip().lower() != "bytes" or not equals or not items:
        return None
    found = []
    for item in items:
        spec = _RANGE.fullmatch(item)
        if spec is None or (spec[2] is not None and int(spec[2]) < int(spec[1])):
            return None
        if spec[3] is not None:
            count = min(int(spec[3]), size)
            found += [(size - count, count)] if int(spec[3]) else []
        elif int(spec[1]) < size:
            offset = int(spec[1])
            last = size - 1 if spec[2] is None else min(int(spec[2]), size - 1)
            found.append((offset, last - offset + 1))
    return found


def _precondition(headers: Mapping[str, str], version: Version) -> int:
    """Return 412 or 304, or 0 where the request goes on; the order is that of RFC 9110, section 13.2.2."""
    if "if-match" in headers:
        if not _listed(headers["if-match"], version.tag, weak=False):
            return 412
    elif (since := _date(headers.get("if-unmodified-since"))) is not None and version.modified > since:
        return 412
    if "if-none-match" in headers:
        return 304 if _listed(headers["if-none-match"], version.tag, weak=True) else 0
    since = _date(headers.get("if-modified-since"))
    return 304 if since is not None and version.modified <= since else 0


def _if_range(value: str | None, version: Version) -> bool:
    if value is None:
        return True
    # Exact, also for a date: a file that is older is as much another file as one that is newer.
    return value.strip() in (version.tag, version.last_modified)


def _listed(value: str, tag: str, *, weak: bool) -> bool:
    if value.strip() == "*":
        return True
    return any(match[0].removeprefix("W/" if weak else "") == tag for match in _TAG.finditer(value))


@lru_cache(maxsize=128)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _date(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
