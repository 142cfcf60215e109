# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""YAML to plain values (mappings, lists, text, numbers, booleans, null) by way of libyaml's events.

Nothing else is ever built, whatever tags a file carries. Mapping keys are text as they stand. What YAML accepts
silently and means something else than it looks like (a key given twice) is told.

It is YAML 1.1 as Kubernetes reads it, which differs from PyYAML's safe loader in two ways: numbers of base 60 are text,
for ``12:34:56:12:34:56`` is a MAC address, and dates are text, for a manifest becomes JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

MAX_DEPTH = 100  # levels of nesting; Hardware needs ten
MAX_DOUBTS = 20  # of one document
MAX_ALIASED = 100_000  # values that the aliases of one document may stand for
MAX_VALUES = 2_000_000  # of one document; those of 10,000 machines are 400,000
TOO_MANY = f"more than {MAX_VALUES:,} values in one document; make several files of it"
MAX_NUMBER = 64  # characters; what is longer is no number that a field could hold

_TAG = "tag:yaml.org,2002:"
_MERGE: Any = object()  # stands for an unquoted << as a key

Scalar: TypeAlias = "str | int | float | bool | None"


class Unreadable(Exception):
    """The text is no YAML that can be used; ``line`` counts from 0 within it."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(slots=True)
class YamlDocument:
    """One document: its value, the line it starts on, and (line, message) of what is doubtful in it.

    ``aliased`` says whether the value holds some of its parts more than once, so that it is smaller than it looks.
    """

    value: Any = None
    line: int = 0
    doubts: list[tuple[int, str]] = field(default_factory=list)
    aliased: bool = False


def read_yaml(text: str) -> Iterator[YamlDocument]:
    """Yield the documents of ``text``; raises Unreadable at the first that is broken. Lines count from 0."""
    composer = _Composer()
    for event in events_of(text):
        document = composer.take(event)
        if document is not None:
            yield document
            composer = _Composer()


def same_values(first: str, second: str) -> bool:
    """Return whether two texts are equal, or YAML with the same values in the same order."""
    if first == second:
        return True
    try:
        one, other = ([document.value for document in read_yaml(text)] for text in (first, second))
    except Unreadable:
        return False
    # JSON tells 1 from true, which are equal to Python.
    return json.dumps(one) == json.dumps(other)


def events_of(text: str) -> Iterator[yaml.Event]:
    """Yield libyaml's events, which are those of PyYAML without it; raises Unreadable where ``text`` is no YAML."""
    if not HAS_YAML:
        raise Unreadable("PyYAML is not installed, so only JSON can be read", 0)
    try:
        next_event = _event_source(text).get_event
        while (event := next_event()).__class__ is not yaml.StreamEndEvent:
            yield event
    except yaml.YAMLError as error:
        raise _unreadable(text, error) from None
    except (ValueError, OverflowError) as error:  # the parser in Python stumbles over escapes that are no character
        raise Unreadable(f"not YAML: {error}", 0) from None


def line_of(event: yaml.Event) -> int:
    """Return the line that ``event`` begins on, from 0."""
    return event.start_mark.line if event.start_mark is not None else 0


def library() -> str:
    """Return the name of the library that reads YAML here, and its version."""
    version = ".".join(map(str, yaml._yaml.get_version())) if hasattr(yaml, "CSafeLoader") else "none"
    return f"PyYAML {yaml.__version__}, libyaml {version}"


def _event_source(text: str) -> Any:
    if hasattr(yaml, "CSafeLoader"):
        return yaml.CSafeLoader(text.encode())
    return yaml.SafeLoader(text)


def _unreadable(text: str, error: yaml.YAMLError) -> Unreadable:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        position = getattr(error, "position", 0)
        reason = getattr(error, "reason", None) or "it can't be read"
        return Unreadable(f"not text: {reason}", text.count("\n", 0, position if isinstance(position, int) else 0))
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return Unreadable("a tab indents this line; YAML wants spaces", mark.line)
    context = getattr(error, "context", None)
    reason = getattr(error, "problem", None) or "it can't be read"
    return Unreadable("not YAML: " + (f"{context}, {reason}" if context else reason), mark.line)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled. ``key`` is the mapping's key whose value comes next."""

    container: Any
    anchor: str | None = None
    key: str | None = None
    size: int = 1  # values in it, those behind aliases included
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Composer:
    """Builds one document from the events that follow its start."""

    def __init__(self) -> None:
        self._document = YamlDocument(line=-1)
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = 0
        self._values = 0

    def take(self, event: yaml.Event) -> YamlDocument | None:
        """Take the next event; return the document where that was its last."""
        if isinstance(event, yaml.DocumentEndEvent):
            return self._document
        if self._document.line < 0 and isinstance(event, yaml.NodeEvent):
            self._document.line = line_of(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start({}, "map", event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start([], "seq", event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and top.container.__class__ is dict and top.key is None:
            if event.anchor is not None:
                self._anchors[event.anchor] = (event.value, 1)
            self._key(top, event)
            return
        value = _scalar_value(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, 1, event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        if event.value == "<<" and event.implicit[0]:
            top.key = _MERGE
            return
        top.key = event.value
        if top.key in top.container and len(self._document.doubts) < MAX_DOUBTS:
            message = f"the key {top.key!r} is given twice; the last value counts"
            self._document.doubts.append((line_of(event), message))

    def _start(self, container: Any, kind: str, event: yaml.CollectionStartEvent) -> None:
        line = line_of(event)
        if event.tag not in (None, "!", _TAG + kind):
            raise Unreadable(f"the tag {event.tag} has no meaning here", line)
        if len(self._open) >= MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH} levels", line)
        self._refuse_as_key(line)
        self._open.append(_Open(container, event.anchor))

    def _refuse_as_key(self, line: int) -> None:
        if self._open and self._open[-1].container.__class__ is dict and self._open[-1].key is None:
            raise Unreadable("a key must be text", line)

    def _alias(self, event: yaml.AliasEvent) -> None:
        line = line_of(event)
        self._refuse_as_key(line)
        if event.anchor not in self._anchors:
            inside = any(level.anchor == event.anchor for level in self._open)
            reason = "stands for what it is part of" if inside else "stands for nothing"
            raise Unreadable(f"the alias *{event.anchor} {reason}", line)
        value, size = self._anchors[event.anchor]
        self._document.aliased = True
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise Unreadable(f"its aliases stand for more than {MAX_ALIASED} values", line)
        self._place(value, size, event)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        level = self._open.pop()
        for mapping in level.merged:
            for key, value in mapping.items():
                level.container.setdefault(key, value)
        if level.anchor is not None:
            self._anchors[level.anchor] = (level.container, level.size)
        self._place(level.container, level.size, event)

    def _place(self, value: Any, size: int, event: yaml.Event) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise Unreadable(TOO_MANY, line_of(event))
        if not self._open:
            self._document.value = value
            return
        top = self._open[-1]
        top.size += size
        if top.container.__class__ is list:
            top.container.append(value)
        elif top.key is _MERGE:
            top.merged += self._merge_sources(value, line_of(event))
            top.key = None
        else:
            top.container[top.key] = value
            top.key = None

    @staticmethod
    def _merge_sources(value: Any, line: int) -> list[dict[str, Any]]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise Unreadable("<< takes a mapping or a list of mappings", line)
        return sources


def resolve(text: str) -> Scalar:
    """Return the value that the plain scalar ``text`` stands for."""
    if text == "":
        return None
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    build = _BUILDERS.get(tag)
    if build is None or ":" in text or len(text) > MAX_NUMBER:
        return text
    try:
        return build(_CONSTRUCTOR, yaml.ScalarNode(tag, text))
    except ValueError:  # it had nothing but underscores where digits should be
        return text


def _scalar_value(event: yaml.ScalarEvent) -> Any:
    tag = event.tag
    if tag is None or tag == "!":
        return resolve(event.value) if event.implicit[0] else event.value
    if tag == _TAG + "str":
        return event.value
    value = resolve(event.value)
    if tag in _TYPES and isinstance(value, _TYPES[tag]):
        return float(value) if tag == _TAG + "float" else value
    raise Unreadable(f"the tag {tag} does not fit or has no meaning here", line_of(event))


_TYPES: dict[str, Any] = {
    _TAG + "bool": bool,
    _TAG + "float": (int, float),
    _TAG + "int": int,
    _TAG + "null": type(None),
}
# What PyYAML's safe loader makes of plain scalars, but for dates. None of these keeps anything.
if HAS_YAML:
    _RESOLVER: Any = yaml.resolver.Resolver()  # types-PyYAML has no types for resolve()
    _CONSTRUCTOR = yaml.constructor.SafeConstructor()
    _BUILDERS: dict[str, Callable[[Any, Any], Scalar]] = {
        tag: yaml.constructor.SafeConstructor.yaml_constructors[tag] for tag in _TYPES
    }
