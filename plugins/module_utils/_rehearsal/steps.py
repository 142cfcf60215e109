# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rehearsed boot and what they come to, as data, as documents and as a table. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import printable
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.process.masking import mask

OK, NOTE, ERROR = "ok", "note", "error"
# What becomes of a machine.
BOOTS, WAITS, DISK, FAILS = "boots", "waits", "disk", "fails"
# Who can put a thing right.
INVENTORY, NETWORK, NODE = "inventory", "network", "node"
# What to do where bootd knows a machine otherwise than the inventory, or not at all.
WRITE_OBJECTS = "have the inventory's objects written into bootd's store: run provision, or the role hardware"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a machine: what it was, how long it took in seconds, how many octets came, and the ``verdict``.

    ``what`` says what came; in an error what was ``expected`` instead, what to do about it (``remedy``), and ``who``
    can. ``unseen`` is the server that was not reached from here, which says nothing of the machine.
    """

    name: str
    verdict: str
    what: str
    seconds: float = 0.0
    octets: int = 0
    expected: str = ""
    remedy: str = ""
    who: str = ""
    unseen: str = ""

    def __post_init__(self) -> None:
        # URLs are told, and what servers say: there may be a token or a password in it, or what a terminal would obey.
        for name in ("name", "what", "expected"):
            object.__setattr__(self, name, printable(mask(getattr(self, name))))

    def document(self) -> dict[str, Any]:
        """Return it as the module returns it."""
        more = {"expected": self.expected, "remedy": self.remedy} if self.verdict == ERROR else {}
        return {
            "step": self.name,
            "seconds": round(self.seconds, 3),
            "verdict": self.verdict,
            "what": self.what,
            "bytes": self.octets,
            **more,
        }

    def problem(self, machine: str) -> dict[str, str]:
        """Return an error as the problem that every check of the collection tells."""
        expected = f", expected {self.expected}" if self.expected else ""
        return {
            "what": f"it would not boot: {self.what}{expected}",
            "where": f"{machine}, {self.name}",
            "remedy": self.remedy,
            "who": self.who,
        }


def verdict_of(steps: Iterable[Step], leads: str) -> str:
    """Return what becomes of a machine with ``steps`` whose boot leads to ``leads``, one of BOOTS, WAITS and DISK."""
    return FAILS if not leads or any(step.verdict == ERROR for step in steps) else leads


def table(machines: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return lines for people: a machine a line, with its steps below it, in columns."""
    rows = [("machine", "as", "verdict", "seconds", "bytes", "what")]
    for name, found in machines.items():
        octets = sum(step["bytes"] for step in found["steps"])
        rows.append((name, found["client"], found["verdict"], f"{found['seconds']:.2f}", _count(octets), found["says"]))
        rows += [
            (
                f"  {step['step']}",
                "",
                step["verdict"],
                f"{step['seconds']:.2f}",
                _count(step["bytes"]),
                f"{step['what']}{_expected(step)}",
            )
            for step in found["steps"]
        ]
    return _aligned(rows, right=(3, 4))


def _expected(step: Mapping[str, Any]) -> str:
    return f" (expected: {step['expected']})" if step.get("expected") else ""


def _count(octets: int) -> str:
    return f"{octets:,}".replace(",", " ") if octets else ""


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return [
        "  ".join(
            cell if place == len(widths) else cell.rjust(widths[place]) if place in right else cell.ljust(widths[place])
            for place, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
