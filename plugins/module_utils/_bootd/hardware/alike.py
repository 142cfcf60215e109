# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One object for what many Hardware objects say alike: a mapping without others in it, such as an operating system's.

Ten thousand machines' own ones would be 10 MB, and a look into one that nobody has looked into waits for memory.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 3  # of mappings in mappings that are looked through: ``metadata.instance.operating_system``
MAX_KEPT = 512
MAX_OCTETS = 1024  # of one that is kept

_kept: dict[bytes, Mapping[str, Any]] = {}


def shared(node: Mapping[str, Any], depth: int = MAX_DEPTH) -> Mapping[str, Any]:
    """Return ``node``, which nobody may change, with the same objects for mappings in it that say the same."""
    if not isinstance(node, dict) or not depth:
        return node
    if any(isinstance(value, dict | list) for value in node.values()):
        return {name: shared(value, depth - 1) if isinstance(value, dict) else value for name, value in node.items()}
    try:
        octets = marshal.dumps(node, 2)  # the same only for the same values of the same types, in the same order
    except ValueError:
        return node
    if len(octets) > MAX_OCTETS:
        return node
    if len(_kept) >= MAX_KEPT:
        _kept.clear()
    return _kept.setdefault(octets, node)
