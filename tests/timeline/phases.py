# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine spends the time of its boot on, from its capture. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.capture import Step

FIRMWARE, PROGRAM, DHCP, IPV6, SCRIPT, KERNEL = (
    "firmware's DHCP",
    "boot program: loaded and started",
    "iPXE's DHCP",
    "from iPXE's address to its first request",
    "script and facts",
    "kernel and initrd",
)
PHASES = (FIRMWARE, PROGRAM, DHCP, IPV6, SCRIPT, KERNEL)


@dataclass(frozen=True, slots=True)
class Phase:
    """Something that took ``seconds``."""

    name: str
    seconds: float


def phases(taken: Iterable[Step], mac: str) -> list[Phase]:
    """Return the phases of the boot of ``mac`` in their order, from its first DISCOVER to its last request."""
    marks: list[tuple[str, float]] = []
    last = 0.0
    for step in taken:
        if step.source == mac or step.what == "ACK":
            now = _next(marks[-1][0] if marks else "", step, of_machine=step.source == mac)
            if now and (not marks or marks[-1][0] != now):
                marks.append((now, step.at))
            last = step.at if step.source == mac and step.what != "RS" else last
    ends = [at for _name, at in marks[1:]] + [last]
    return [Phase(name, end - at) for (name, at), end in zip(marks, ends, strict=True)]


def _next(phase: str, step: Step, *, of_machine: bool) -> str:
    """Return the phase that ``step`` begins, or "" where it goes on with ``phase``."""
    if not of_machine:
        return IPV6 if phase == DHCP else ""
    if step.what == "DISCOVER":
        return DHCP if step.detail == "iPXE" else FIRMWARE
    if step.what == "RRQ":
        return PROGRAM
    if step.what != "GET" or phase == KERNEL:
        return ""
    return KERNEL if "/images/" in step.detail and "phone-home" not in step.detail else SCRIPT
