# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there room for what will be written? Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import shown_size
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import NODE, Check, Problem


@dataclass(frozen=True)
class Need:
    """So many bytes that are to be written to ``path``, and what they are; ``device`` is its file system's number."""

    path: str
    what: str
    size: int
    device: int
    free: int


def look(host: str, needs: Iterable[Need]) -> Check:
    """Return which file systems are too small for all that goes to them."""
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(need.device, []).append(need)
    problems = []
    for shared in by_device.values():
        needed, free = sum(need.size for need in shared), shared[0].free
        if needed > free:
            paths = ", ".join(dict.fromkeys(need.path for need in shared))
            parts = ", ".join(f"{need.what} {shown_size(need.size)}" for need in shared)
            what = f"{shown_size(needed)} are needed ({parts}), and {shown_size(free)} are free"
            problems.append(Problem(what, f"{host} {paths}", "make room, or name a directory on a larger disk", NODE))
    looked = [
        f"{', '.join(dict.fromkeys(n.path for n in g))} {shown_size(sum(n.size for n in g))} of {shown_size(g[0].free)}"
        for g in by_device.values()
    ]
    return Check("disk", "; ".join(looked), problems)
