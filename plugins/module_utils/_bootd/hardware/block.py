# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The YAML that people write for machines, read five times as fast as libyaml hands it over.

Block mappings and sequences of one-line scalars, in printable ASCII. Machines resemble each other, so most lines were
seen before and cost one look-up. Whatever is not certain to be that simple is left to the real parser; a
property-based test holds the two to the same answer.
"""

from __future__ import annotations

import re
from typing import Any

from .scalar import resolve

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
        if not (text.isascii() and text.replace("\n", " ").isprintable()):
            raise NotSimple
        lines = text.split("\n")
        if _START.fullmatch(lines[0]):
            lines[0] = ""
        recall = self._memo.get
        tree = _Tree()
        for line in lines:
            parsed = recall(line)
            if parsed is None:
                parsed = self._parse(line)
            if parsed:
                tree.add(*parsed)
        return tree.root

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


class _Tree:
    """The document so far: ``_top`` is the innermost open container, ``_column`` where its keys or dashes stand.

    ``_outer`` holds the same of what is open around it, ``_waiting`` the key in it whose value may be on lines below.
    """

    __slots__ = ("_column", "_outer", "_top", "_waiting", "root")

    def __init__(self) -> None:
        self.root: dict | None = None
        self._top: Any = None
        self._column = -1
        self._outer: list[tuple[int, Any]] = []
        self._waiting: str | None = None

    def add(self, column: int, dash: int, key: str | None, value: Any) -> None:
        """Add one line; raises NotSimple where it does not fit what is open."""
        if self._waiting is not None:
            self._open_value(column, dash)
        if dash:
            self._return_to(column, list)
            if key is None:
                self._top.append(value)
                return
            item: dict = {}
            self._top.append(item)
            self._open(column + dash, item)
        elif column != self._column or self._top.__class__ is not dict:
            self._return_to(column, dict)
        mapping = self._top
        if key is None or key in mapping:
            raise NotSimple
        if value is _NESTED:
            self._waiting = key
            value = None
        mapping[key] = value

    def _open_value(self, column: int, dash: int) -> None:
        key, self._waiting = self._waiting, None
        if column > self._column or (dash and column == self._column):
            container: Any = [] if dash else {}
            self._top[key] = container
            self._open(column, container)

    def _open(self, column: int, container: Any) -> None:
        if len(self._outer) >= MAX_DEPTH:
            raise NotSimple
        self._outer.append((self._column, self._top))
        self._column, self._top = column, container

    def _return_to(self, column: int, kind: type) -> None:
        """Close what ends before a line at ``column`` that continues a mapping or a list."""
        while self._column != column or self._top.__class__ is not kind:
            if self.root is None and kind is dict:
                self._column = column
                self._top = self.root = {}
            elif self._column < column or not self._outer or (self._column == column and kind is list):
                raise NotSimple
            else:
                self._column, self._top = self._outer.pop()
