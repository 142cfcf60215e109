# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases that a machine was given, read out of bootd's log at debug."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def leases(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the line of each DHCPACK, oldest first; of one that was sent again the first.

    Who has not heard an answer within a second or so repeats the request with its xid (RFC 2131 section 4.1), as a
    machine on a busy host does at times, and has to be told the same. An xid alone tells no request from another: that
    of an iPXE on UEFI is the same at each boot. Of two leases of which one follows the other it does.
    """
    found: list[Mapping[str, Any]] = []
    for line in lines:
        if (line.get("event"), line.get("type")) == ("send", "DHCPACK") and not (
            found and _said(found[-1]) == _said(line)
        ):
            found.append(line)
    return found


def _said(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line tells but for when it was written, and how important it was then."""
    return {name: value for name, value in line.items() if name not in ("ts", "level")}
