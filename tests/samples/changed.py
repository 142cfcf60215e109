# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk-through's object with fields changed, and what is told of that."""

from __future__ import annotations

import copy
import re

from _bootd.hardware.manifest import Document
from _bootd.validation.objects import check_document
from samples.documents import OBJECT

NIC = "spec.interfaces[0]"
DHCP, NETBOOT, INSTANCE = f"{NIC}.dhcp", f"{NIC}.netboot", "spec.metadata.instance"
ROUTES = f"{DHCP}.classless_static_routes"
GONE = object()


def changed(*changes: tuple[str, object]) -> dict:
    """The walk-through's object with fields set, or removed where the value is GONE."""
    value = copy.deepcopy(OBJECT)
    for path, new in changes:
        node = value
        *steps, last = [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", path)]
        for step in steps:
            node = node[step] if isinstance(step, int) else node.setdefault(step, {})
        if new is GONE:
            del node[last]
        else:
            node[last] = new
    return value


def found(value: object, *, notes: bool = False) -> dict[str, str]:
    """Problems, or notes, of one object: path -> message."""
    return {p.path: p.message for p in check_document(Document(value, "f.yaml")) if p.note is notes}
