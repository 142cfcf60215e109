# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""On which line of a manifest a field stands. Only asked for objects with problems, so it may take its time."""

from __future__ import annotations

from typing import Any

from .problem import join
from .yaml_reader import Unreadable, events_of, line_of

try:
    import yaml
except ImportError:
    pass

MAX_LINES = 1_000_000


def lines_of(text: str) -> dict[str, int]:
    """Return the line, from 0, of each field of the first document in ``text`` by its path, as far as it is YAML."""
    lines: dict[str, int] = {}
    open_paths: list[_Open] = []
    try:
        for event in events_of(text):
            if isinstance(event, yaml.DocumentEndEvent) or len(lines) > MAX_LINES:
                break
            if isinstance(event, yaml.NodeEvent):
                _enter(event, open_paths, lines)
            elif isinstance(event, yaml.CollectionEndEvent):
                open_paths.pop()
    except Unreadable:
        return lines
    return lines


class _Open:
    """An open mapping or list: its path, and the key or index within it that comes next."""

    def __init__(self, path: str, *, is_list: bool) -> None:
        self.path = path
        self.is_list = is_list
        self.next: Any = 0 if is_list else None


def _enter(event: yaml.NodeEvent, open_paths: list[_Open], lines: dict[str, int]) -> None:
    path = ""
    if open_paths:
        top = open_paths[-1]
        is_key = not top.is_list and top.next is None
        if is_key:
            top.next = getattr(event, "value", "")
        path = join(top.path, top.next)
        lines.setdefault(path, line_of(event))
        if not is_key:
            top.next = top.next + 1 if top.is_list else None
    if isinstance(event, yaml.CollectionStartEvent):
        open_paths.append(_Open(path, is_list=isinstance(event, yaml.SequenceStartEvent)))


def line_at(lines: dict[str, int], path: str) -> int | None:
    """Return the line of the field at ``path``, or of the innermost thing around it that is there."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path)
