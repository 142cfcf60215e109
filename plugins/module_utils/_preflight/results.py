# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says: what it looked at, what is wrong, and who can put it right. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

INVENTORY, NETWORK, NODE, CLUSTER, MACHINE = WHO = ("inventory", "network", "node", "cluster", "machine")


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, what to do, and ``who`` can do it: one of WHO."""

    what: str
    where: str
    remedy: str
    who: str


@dataclass(frozen=True)
class Check:
    """One check. ``looked_at`` says of what, in words; ``skipped`` why it was not made, "" where it was."""

    name: str
    looked_at: str = ""
    problems: list[Problem] = field(default_factory=list)
    skipped: str = ""


def result_of(checks: Iterable[Check]) -> dict[str, Any]:
    """Return the result of a module that made these checks; it has changed nothing."""
    documents = [asdict(check) for check in checks]
    problems = [problem for document in documents for problem in document["problems"]]
    return {"changed": False, "checks": documents, "problems": problems}


def some(names: Iterable[str], most: int = 3) -> str:
    """Return names for people, only ``most`` of them where there are many."""
    listed = list(dict.fromkeys(names))
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
