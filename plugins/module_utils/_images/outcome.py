# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one file, or would. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import Found


@dataclass(frozen=True)
class Outcome:
    """``action``: ``fetched``, ``replaced`` for a ``reason``, ``removed`` or ``unchanged``.

    ``size`` and ``sha512`` are those of the right file, None and "" where nobody knows; ``before`` is what was there;
    ``beginning``: that may be the file's beginning; ``resumed_at`` is how much need not have been fetched.
    """

    role: str
    name: str
    path: Path
    url: str
    action: str = "unchanged"
    reason: str = ""
    size: int | None = None
    sha512: str = ""
    resumed_at: int = 0
    before: Found | None = None
    beginning: bool = False

    @property
    def changed(self) -> bool:
        return self.action != "unchanged"

    @property
    def fetches(self) -> bool:
        return self.action in ("fetched", "replaced")

    def summary(self) -> dict[str, Any]:
        """Return the file's part of a module's result."""
        told = {
            "role": self.role,
            "name": self.name,
            "path": str(self.path),
            "url": self.url,
            "action": self.action,
            "size": self.size,
            "sha512": self.sha512,
            "resumed_at": self.resumed_at,
        }
        return {**told, **({"reason": self.reason} if self.reason else {})}


def result_of(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return a module's result: ``changed``, ``files``, ``bytes`` that came or would come, ``diff``."""
    outcomes = list(outcomes)
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "files": [outcome.summary() for outcome in outcomes],
        "bytes": sum((outcome.size or 0) - outcome.resumed_at for outcome in outcomes if outcome.fetches),
        "diff": _diff(outcomes),
    }


def _diff(outcomes: list[Outcome]) -> dict[str, str]:
    places = sorted({str(outcome.path.parent) for outcome in outcomes})
    header = ", ".join(places)
    before = [_line(item.name, item.before.size, item.before.sha512) for item in outcomes if item.before]
    after = [_line(item.name, item.size, item.sha512) for item in outcomes if item.action != "removed"]
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(sorted(before)),
        "after": "".join(sorted(after)),
    }


def _line(name: str, size: int | None, sha512: str) -> str:
    return f"{name}: {'unknown size' if size is None else f'{size} bytes'}, sha512 {sha512[:16] or 'unknown'}\n"
