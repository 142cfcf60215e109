# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say of files that are being fetched. Pure: how far each is and the time in, lines out.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import shown_size
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import progress_bar
from ansible_collections.baremetal.netboot.plugins.plugin_utils._wait_report import span

_RATE_LOOKS = 10  # over which a rate is shown beside bars
SILENCE = 10.0  # seconds between two lines on how far it is
_WORDS = {"reading": "reads", "fetching": "fetches"}


class ImageProgress:
    """Follows a run by the documents that it writes (see _images/progress); times are in seconds since it began."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._rates: deque[tuple[float, int]] = deque(maxlen=_RATE_LOOKS)
        self._said_at = 0.0
        self._bytes = 0

    def update(self, document: Mapping[str, Any], elapsed: float, *, with_bars: bool = False) -> list[str]:
        """Return a line for each file that is there now, and from time to time one on how far the others are.

        ``with_bars``: how far they are is shown by ``bars``.
        """
        files = {name: file for name, file in document.get("files", {}).items() if isinstance(file, Mapping)}
        lines = [
            f"{name}: whole and right, {shown_size(_bytes(file))}"
            for name, file in files.items()
            if file.get("doing") == "done" and name not in self._done
        ]
        self._done |= {name for name, file in files.items() if file.get("doing") == "done"}
        if elapsed - self._said_at >= SILENCE and not with_bars:
            lines += self._how_far(files, elapsed)
        return lines

    def bars(self, document: Mapping[str, Any], elapsed: float) -> list[str]:
        """Return a line for each file that is not there yet, with a bar of how far it is, and one on all of them."""
        files = {name: file for name, file in document.get("files", {}).items() if isinstance(file, Mapping)}
        here = sum(map(_bytes, files.values()))
        self._rates.append((elapsed, here))
        before, then = self._rates[0]
        rate = max(here - then, 0) / (elapsed - before) if elapsed > before else 0.0
        whole = _whole(files)
        width = max(map(len, files), default=0)
        lines = [
            f"  {name:<{width}}  {_bar(file)} {_of(_bytes(file), file.get('size'))}"
            for name, file in files.items()
            if file.get("doing") != "done"
        ]
        return [f"{_of(here, whole)}, {shown_size(rate)}/s{_left(here, whole, rate)}", *lines] if lines else []

    def _how_far(self, files: Mapping[str, Mapping[str, Any]], elapsed: float) -> list[str]:
        doing = [file for file in files.values() if file.get("doing") != "done"]
        if not doing:
            return []
        here, seconds = sum(_bytes(file) for file in files.values()), elapsed - self._said_at
        rate = max(here - self._bytes, 0) / seconds
        self._said_at, self._bytes = elapsed, here
        whole = _whole(files)
        word = _WORDS.get(str(doing[0].get("doing")), "is at")
        each = ", ".join(f"{name} {_share(file)}" for name, file in files.items() if file in doing)
        return [f"{word} {_of(here, whole)}, {shown_size(rate)}/s{_left(here, whole, rate)}: {each}"]


def _bytes(file: Mapping[str, Any]) -> int:
    return int(file.get("bytes") or 0)


def _whole(files: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Return the bytes of all ``files``, None where that of one is not known."""
    sizes = [file.get("size") for file in files.values()]
    return sum(size for size in sizes if size) if all(sizes) else None


def _bar(file: Mapping[str, Any]) -> str:
    return progress_bar(_bytes(file) / file["size"]) if file.get("size") else str(file.get("doing"))


def _share(file: Mapping[str, Any]) -> str:
    size = file.get("size")
    return f"{100 * _bytes(file) // size} %" if size else shown_size(_bytes(file))


def _of(here: int, whole: int | None) -> str:
    return f"{shown_size(here)} of {shown_size(whole)}" if whole else shown_size(here)


def _left(here: int, whole: int | None, rate: float) -> str:
    return f", {span((whole - here) / rate)} left" if whole and rate and whole > here else ""
