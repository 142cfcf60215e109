# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the servers answer from which machines will load, have they the files, and are these what their checksums say?

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
import json
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
_ELSEWHERE = "or name another place with netboot_image_url"
_UNREACHED = (
    "start a server at {server} and let its port through, so that the node reaches it as the machines will; "
    + _ELSEWHERE
)
_MISSING = f"put it there, with that name, {_ELSEWHERE}"
_REFUSED = "let whoever asks without a password have it: machines have none"
_FAULTY = "look into that server's log: it has a fault of its own"
_OTHER = "fetch it anew from its release; if that has changed, fetch the list of checksums anew as well"


def _remedy(status: int) -> str:
    if status in (401, 403, 407):
        return _REFUSED
    return _FAULTY if status >= 500 else _MISSING


@dataclass(frozen=True)
class Wanted:
    """A file that ``machines`` load from ``url``; ``checksums`` is where its digest is, "" where nobody says."""

    url: str
    checksums: str = ""
    machines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wrong:
    """Why a file can't be had or is not the right one, and what to do; ``unreached``: its server does not answer."""

    what: str
    remedy: str = ""
    unreached: bool = False


@dataclass
class Answers:
    """What servers said: what is wrong with a URL, None for nothing; and what their clocks say, by host."""

    wrong: dict[str, Wrong | None] = field(default_factory=dict)
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
    """Return which files machines would not get: one problem each, but one for a server that is not reached."""
    wanted = list(wanted)
    problems = []
    unreached: dict[tuple[str, str], list[Wanted]] = {}
    for item in wanted:
        wrong = answers.wrong.get(item.url)
        if wrong is None:
            continue
        if wrong.unreached:
            unreached.setdefault((_server(item.url), wrong.what), []).append(item)
        else:
            problems.append(Problem(wrong.what, f"what {some(item.machines)} would load", wrong.remedy, NETWORK))
    for (server, what), items in unreached.items():
        names = [name for item in items for name in item.machines]
        files = f"{len(items)} files" if len(items) > 1 else "a file"
        told = f"{server}: {what}; {files} should come from there, such as {shown(items[0].url)}"
        problems.append(Problem(told, f"what {some(names)} would load", _UNREACHED.format(server=server), NETWORK))
    if not wanted:
        return Check("files", skipped="no machine loads from elsewhere than bootd")
    places = some(dict.fromkeys(_server(item.url) for item in wanted))
    looked_at = f"{len(wanted)} files on {places}, {answers.compared} of them compared with checksums"
    return Check("files", looked_at, problems)


def _server(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


def _digests(url: str, how: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests in a list of checksums, {} where there is none that can be used."""
    try:
        with open_url(url, timeout=SECONDS, **how) as answer:
            return parse_checksums(answer.read(MAX_CHECKSUMS).decode("utf-8", "replace"))
    except (OSError, HTTPException, ValueError):
        return {}


def _look_at(url: str, digest: str, most: int, how: Mapping[str, Any]) -> tuple[Wrong | None, Reading | None, bool]:
    """Return what is wrong with a file, what time the server has, and whether the whole file was compared."""
    begun = time.time()
    answered = False
    try:
        with open_url(url, method="HEAD", timeout=SECONDS, decompress=False, **how) as answer:
            answered = True
            length = answer.headers.get("Content-Length", "")
            clock = _clock(url, answer.headers.get("Date", ""), begun)
        size = int(length) if length.isascii() and length.isdigit() else None
        if not digest or size is None or size > most:
            return None, clock, False
        wrong = _compared(url, digest, size, how)
        return (Wrong(wrong, _OTHER) if wrong else None), clock, True
    except HTTPError as error:
        error.close()
        clock = _clock(url, error.headers.get("Date", ""), begun)
        if error.code in _NO_HEAD:
            return None, clock, False
        told = f"{shown(url)}: {error.code} {responses.get(error.code, '')}".rstrip()
        return Wrong(told, _remedy(error.code)), clock, False
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        why = f"{getattr(reason, 'strerror', None) or reason or type(reason).__name__}"
        if isinstance(error, OSError) and not answered:
            return Wrong(why, unreached=True), None, False
        return Wrong(f"{shown(url)}: {why}", _FAULTY), None, False


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


def is_bootd(url: str) -> bool:
    """Return whether ``url`` is answered by the list of paths that bootd has at /api/v1.

    It is asked with no login of anybody's: it may be a stranger's.
    """
    try:
        with open_url(url, timeout=SECONDS, use_proxy=False) as answer:
            found = json.loads(answer.read(MAX_CHECKSUMS))
    except (OSError, HTTPException, ValueError):
        return False
    return isinstance(found, dict) and {"version", "documentation", "endpoints"} <= found.keys()
