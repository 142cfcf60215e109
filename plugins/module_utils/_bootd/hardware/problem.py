# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Problems: one thing that is wrong with a manifest or an inventory, said so that a person can put it right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_SHOWN = 80
ABSENT: Any = object()  # there is no value to show: the field is missing, or holds what may be secret


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; a ``note`` is worth knowing and wrong in nobody's way.

    ``file``, ``line``, ``document`` and ``item`` (from 1; 0: not known) say where, ``object`` is ``namespace/name`` as
    far as known, ``path`` the field as in ``spec.interfaces[0].dhcp.mac``, ``value`` what stands there, ready to print,
    ``message`` what would be right.
    """

    message: str
    file: str = ""
    line: int = 0
    document: int = 0
    item: int = 0
    object: str = ""
    path: str = ""
    value: str = ""
    note: bool = False

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return printable(" ".join(part for part in (where and f"{where}:", self.what()) if part))

    def what(self) -> str:
        """Return the problem without its file: ``object path: value: message``."""
        subject = " ".join(part for part in (self.object, self.path) if part)
        return ": ".join(part for part in (subject, self.value, self.message) if part)


def shown(value: Any) -> str:
    """Return ``value`` on one line of bounded length, as it would stand in a manifest."""
    if value is ABSENT:
        return ""
    if isinstance(value, dict):
        return "(a mapping)"
    if isinstance(value, list):
        return "(a list)"
    text = json.dumps(value, ensure_ascii=False, default=str)  # YAML has values that JSON has not: dates
    return printable(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def join(path: str, step: Any) -> str:
    """Return the path of what is at ``step``, a key or a place in a list, below ``path``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    # Nearly every name is plain, and this runs for every field of every object.
    plain = isinstance(step, str) and len(step) <= MAX_SHOWN and step.isascii() and step.isidentifier()
    name = step if plain else shown(step).strip('"')
    return f"{path}.{name}" if path else name


def printable(text: str) -> str:
    """Return ``text`` with everything escaped that would end the line, move the cursor or not encode."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
