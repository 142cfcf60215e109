# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The YAML that people write for machines, read five times as fast as libyaml hands it over.

Block mappings and sequences of one-line scalars, in printable ASCII. Machines resemble each other, so most lines were
seen before, and so was the order they come in. Whatever is not certain to be that simple is left to the real parser; a
property-based test holds the two to the same answer.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .scalar import resolve

# Each class of characters is printable ASCII, so nothing else comes through: no tab, no other line break. What was
# taken is never given back, so that no line takes longer than its length: characters by the second +, the plain scalar
# by a look ahead and a reference to it, since before Python 3.11.5 a second + after a group matches wrongly.
_COMMENT = r" *+(?:(?<= )#[ -~]*+)?"
_LINE = re.compile(
    r"( *+)(- ++)?"  # indentation, dash of a sequence
    r"(?:([A-Za-z_][A-Za-z0-9_./-]{0,99}):(?= |$))?"  # key
    r" *+(?:"
    r"(?=([A-Za-z0-9_./~+](?:[!-9;-~]++|:(?=[!-~])| ++(?=[!-\"$-~]))*))\4"  # plain scalar
    r"|'([ -&(-~]*+)'"
    r'|"([ !#-\[\]-~]*+)"'
    rf")?{_COMMENT}"
)
_EMPTY = re.compile(r" *+(?:#[ -~]*+)?")
_START = re.compile(rf"---{_COMMENT}")
_EMPTY_LINE = (0, None)
_NOTHING = (None,) * 6
MAX_MEMO = 4096  # lines
MAX_SHAPES = 256  # of documents
MAX_DEPTH = 50


class NotSimple(Exception):
    """The text is for the real parser."""


class _LineShape(NamedTuple):
    """A line without its value: where it stands, how wide its dash is (0: none), its key, and whether more follows."""

    column: int
    dash: int
    key: str | None
    nested: bool


class BlockReader:
    """Reads simple documents. Keep one for many documents.

    It remembers lines, each as (number of its shape, value). The structure of a document depends on the shapes of its
    lines alone: it is worked out once, as a pattern with a line's number where its value goes, and then filled in.
    """

    def __init__(self) -> None:
        self._lines: dict[str, tuple[int, Any]] = {"": _EMPTY_LINE}
        self._shapes: list[_LineShape | None] = [None]
        self._numbers: dict[_LineShape, int] = {}
        self._patterns: dict[tuple[int, ...], Any] = {}

    def read(self, text: str) -> Any:
        """Return the mapping that ``text``, one YAML document, holds, None where it is empty; raises NotSimple."""
        lines = text.split("\n")
        if _START.fullmatch(lines[0]):
            lines[0] = ""
        recall = self._lines.get
        known = [recall(line) or self._remember(line) for line in lines]
        shape = tuple([number for number, _value in known])
        pattern = self._patterns.get(shape)
        if pattern is None:
            pattern = self._pattern(shape)
        return _filled(pattern, [value for _number, value in known])

    def _remember(self, line: str) -> tuple[int, Any]:
        shape, value = _parse(line)
        known = (self._number(shape), value)
        if len(self._lines) < MAX_MEMO:
            self._lines[line] = known
        return known

    def _number(self, shape: _LineShape | None) -> int:
        if shape is None:
            return 0
        number = self._numbers.get(shape)
        if number is None:
            if len(self._shapes) > MAX_MEMO:
                raise NotSimple
            number = self._numbers[shape] = len(self._shapes)
            self._shapes.append(shape)
        return number

    def _pattern(self, shape: tuple[int, ...]) -> Any:
        tree = _Tree()
        for place, number in enumerate(shape):
            line = self._shapes[number]
            if line is not None:
                tree.add(line, place)
        if len(self._patterns) < MAX_SHAPES and len(shape) < MAX_MEMO:
            self._patterns[shape] = tree.root
        return tree.root


def _filled(pattern: Any, values: list[Any]) -> Any:
    """Return a copy of ``pattern`` with values for their numbers."""
    if pattern.__class__ is dict:
        return {
            key: values[child] if child.__class__ is int else _filled(child, values) for key, child in pattern.items()
        }
    if pattern.__class__ is list:
        return [values[child] if child.__class__ is int else _filled(child, values) for child in pattern]
    return None


def _parse(line: str) -> tuple[_LineShape | None, Any]:
    """Return the shape of ``line``, None where it is empty, and the value on it; raises NotSimple."""
    match = _LINE.fullmatch(line)
    indent, dash, key, plain, single, double = match.groups() if match else _NOTHING
    nested = plain is single is double is None
    if nested and key is None:
        if _EMPTY.fullmatch(line):
            return None, None
        raise NotSimple
    value = resolve(plain) if plain is not None else single if double is None else double
    return _LineShape(len(indent), len(dash or ""), key, nested), value


class _Tree:
    """The document so far: ``_top`` is the innermost open container, ``_column`` where its keys or dashes stand.

    ``_outer`` holds the same of what is open around it, ``_waiting`` the key in it whose value may be on lines below.
    """

    def __init__(self) -> None:
        self.root: dict | None = None
        self._top: Any = None
        self._column = -1
        self._outer: list[tuple[int, Any]] = []
        self._waiting: str | None = None

    def add(self, line: _LineShape, value: int) -> None:
        """Add a line, ``value`` in the place of its value; raises NotSimple where it does not fit what is open."""
        if self._waiting is not None:
            self._open_value(line)
        if line.dash:
            self._return_to(line.column, list)
            if line.key is None:
                self._top.append(value)
                return
            item: dict = {}
            self._top.append(item)
            self._open(line.column + line.dash, item)
        else:
            self._return_to(line.column, dict)
        if line.key is None or line.key in self._top:
            raise NotSimple
        self._top[line.key] = None if line.nested else value
        self._waiting = line.key if line.nested else None

    def _open_value(self, line: _LineShape) -> None:
        key, self._waiting = self._waiting, None
        if line.column > self._column or (line.dash and line.column == self._column):
            container: Any = [] if line.dash else {}
            self._top[key] = container
            self._open(line.column, container)

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
