# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the servers answer from which machines will load, have they the files, and are these what their checksums say?

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException, responses
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url

from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import parse_checksums
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import shown
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.clock import Reading, date_reading
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.releases import in_short
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    NETWORK,
    Check,
    Problem,
    some,
)

AT_ONCE = 8
SECONDS = 10
MAX_CHECKSUMS = 1024 * 1024
BLOCK = 1024 * 1024
_NO_HEAD = (400, 403, 405, 501)  # servers that have the file, and no HEAD


@dataclass(frozen=True)
class Wanted:
    """A file that ``machines`` load from ``url``; ``checksums`` is where its digest is, "" where nobody says."""

    url: str
    checksums: str = ""
    machines: tuple[str, ...] = ()


@dataclass
class Answers:
    """What servers said: why a URL can't be had, "" where it can; and what their clocks say, by host."""

    wrong: dict[str, str] = field(default_factory=dict)
    clocks: dict[str, Reading] = field(default_factory=dict)
    compared: int = 0


def ask(wanted: Iterable[Wanted], most: int, how: Mapping[str, Any]) -> Answers:
    """Ask for each file; those of at most ``most`` bytes are read, and compared with their checksums if there are some.

    ``how`` are arguments of Ansible's open_url.
    """
    wanted = list(wanted)
    found = Answers()
    lists = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        places = sorted({item.checksums for item in wanted} - {""})
        for place, digests in zip(places, pool.map(lambda place: _digests(place, how), places), strict=True):
            lists[place] = digests
        digests_of = {item.url: lists.get(item.checksums, {}).get(_name(item.url), "") for item in wanted}
        urls = list(digests_of)
        for url, (wrong, clock, compared) in zip(
            urls, pool.map(lambda url: _look_at(url, digests_of[url], most, how), urls), strict=True
        ):
            found.wrong[url] = wrong
            found.compared += compared
            if clock is not None:
                found.clocks[clock.name] = clock
    return found


def look(wanted: Iterable[Wanted], answers: Answers) -> Check:
    """Return which files machines would not get."""
    wanted = list(wanted)
    problems = []
    for item in wanted:
        if wrong := answers.wrong.get(item.url):
            remedy = "see that the server runs, is reached from here, and has the file as it was released"
            problems.append(Problem(wrong, f"what {some(item.machines)} would load", remedy, NETWORK))
    if not wanted:
        return Check("files", skipped="no machine loads from elsewhere than bootd")
    places = some(dict.fromkeys(urlsplit(item.url).netloc.rpartition("@")[2] for item in wanted))
    looked_at = f"{len(wanted)} files on {places}, {answers.compared} of them compared with checksums"
    return Check("files", looked_at, problems)


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


def _digests(url: str, how: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests in a list of checksums, {} where there is none that can be used."""
    try:
        with open_url(url, timeout=SECONDS, **how) as answer:
            return parse_checksums(answer.read(MAX_CHECKSUMS).decode("utf-8", "replace"))
    except (OSError, HTTPException, ValueError):
        return {}


def _look_at(url: str, digest: str, most: int, how: Mapping[str, Any]) -> tuple[str, Reading | None, bool]:
    """Return what is wrong with a file, what time the server has, and whether the whole file was compared."""
    begun = time.time()
    try:
        with open_url(url, method="HEAD", timeout=SECONDS, decompress=False, **how) as answer:
            length = answer.headers.get("Content-Length", "")
            clock = _clock(url, answer.headers.get("Date", ""), begun)
        size = int(length) if length.isascii() and length.isdigit() else None
        if not digest or size is None or size > most:
            return "", clock, False
        return _compared(url, digest, size, how), clock, True
    except HTTPError as error:
        error.close()
        clock = _clock(url, error.headers.get("Date", ""), begun)
        wrong = "" if error.code in _NO_HEAD else f"{shown(url)}: {error.code} {responses.get(error.code, '')}".rstrip()
        return wrong, clock, False
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"{shown(url)}: {getattr(reason, 'strerror', None) or reason or type(reason).__name__}", None, False


def _compared(url: str, digest: str, promised: int, how: Mapping[str, Any]) -> str:
    """Return what is wrong with the content of a file that should have ``digest``, "" for nothing.

    ``promised`` is the size that the server told: no more is read, for what it sends may have no end.
    """
    found, size = hashlib.sha512(), 0
    with open_url(url, timeout=SECONDS, decompress=False, **how) as answer:
        while block := answer.read(BLOCK):
            found.update(block)
            size += len(block)
            if size > promised:
                return f"{shown(url)} has more than the {promised} bytes that its server told"
    if found.hexdigest() == digest:
        return ""
    return f"{shown(url)} is not what its checksums say: {in_short(size, found.hexdigest(), digest)}"


def _clock(url: str, header: str, begun: float) -> Reading | None:
    return date_reading(urlsplit(url).netloc.rpartition("@")[2], header, begun, time.time())
