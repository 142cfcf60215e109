# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Manifests: the bytes of a file, YAML or JSON, to the objects it holds.

Whatever a file holds, the answer is objects and problems, never an exception. A document that is broken does not take
those around it along.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from .problem import Problem
from .yaml_reader import MAX_DEPTH, MAX_DOUBTS, MAX_VALUES, TOO_MANY, Unreadable, YamlDocument, read_yaml

MAX_BYTES = 32 * 1024 * 1024  # of one file; 10,000 machines are 10 MiB
MAX_OBJECTS = 100_000  # of one document

# A line of three dashes starts a document wherever it stands, also inside what looks like a block of text.
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_CONTENT = re.compile(r"(?:^|(?<=---))[ \t\r]*[^\s#]", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_JSON_START = re.compile(r"\s*+[{\[]")
_JSON_MARK = re.compile(r'\\.|["\[{,]', re.DOTALL)


class Chunk(NamedTuple):
    """The text of one document of a file: its number in the file and the line it starts on, both from 1."""

    text: str
    number: int = 1
    line: int = 1


class Document(NamedTuple):
    """One object of a file. ``item`` is its place, from 1, in a list that the document holds; 0: it is no list."""

    value: Any
    file: str = ""
    number: int = 1
    item: int = 0
    line: int = 0

    @property
    def source(self) -> str:
        """Return where the object stands, for people."""
        return source(self.file, self.number, self.item)

    def problem(self, message: str, **about: Any) -> Problem:
        """Return a problem of this object; ``about`` are the fields of Problem that say more."""
        return Problem(message, self.file, self.line, self.number, self.item, **about)


@dataclass(slots=True)
class Manifest:
    """What a file or a chunk of it holds. ``broken``: part of it could not be read, so objects may be missing.

    ``values`` are the plain documents that the objects are part of.
    """

    values: list[YamlDocument] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken: bool = False


def source(file: str, number: int, item: int) -> str:
    """Return the place of an object as people say it; the first document needs no number."""
    parts = [file, f"document {number}" if number > 1 or item else "", f"item {item}" if item else ""]
    return ", ".join(part for part in parts if part)


def read_manifest(data: bytes, file: str = "") -> Manifest:
    """Return the objects and the problems of the file content ``data``; ``file`` names it in them."""
    chunks, problems = split(data, file)
    manifest = Manifest(problems=problems, broken=bool(problems))
    for chunk in chunks:
        part = read_chunk(chunk, file)
        manifest.values += part.values
        manifest.documents += part.documents
        manifest.problems += part.problems
        manifest.broken |= part.broken
    return manifest


def split(data: bytes, file: str = "") -> tuple[Iterable[Chunk], list[Problem]]:
    """Return the documents' texts, made as they are asked for, or a problem where ``data`` is no text."""
    if len(data) > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024 // 1024} MiB"
        return [], [Problem(f"larger than {limit}, so nothing of it is read; make several files of it", file)]
    try:
        text = data.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        return [], [Problem(f"not UTF-8 text: byte 0x{byte:02x} does not belong there", file, line)]
    if looks_like_json(text) and not _SEPARATOR.search(text):
        return [Chunk(text)], []
    if "\n---" not in text and not text.startswith("---"):  # most files are one document
        return [Chunk(text)] if _CONTENT.search(text) else [], []
    return _chunks(text), []


def _chunks(text: str) -> Iterator[Chunk]:
    starts = [0, *(match.start() for match in _SEPARATOR.finditer(text) if match.start()), len(text)]
    number, line, begin = 0, 1, 0
    for start, end in pairwise(starts):
        # Directives stand before the separator that opens their document.
        if start == 0 and end < len(text) and _DIRECTIVE.search(text, 0, end):
            continue
        piece = text[begin:end]
        if _CONTENT.search(piece, 3 if piece.startswith("---") else 0):
            number += 1
            yield Chunk(piece, number, line)
        line += piece.count("\n")
        begin = end


def looks_like_json(text: str) -> bool:
    """Return whether ``text`` begins as JSON does; YAML may begin so too."""
    return _JSON_START.match(text) is not None


def read_chunk(chunk: Chunk, file: str = "") -> Manifest:
    """Return the objects and the problems of ``chunk``."""
    return objects_in(
        _json_values(chunk.text, file) if looks_like_json(chunk.text) else read_yaml(chunk.text), chunk, file
    )


def objects_in(values: Iterable[YamlDocument], chunk: Chunk, file: str = "") -> Manifest:
    """Return the objects and the problems of ``values``, which are what ``chunk`` holds; they may raise Unreadable."""
    manifest = Manifest()
    try:
        for document in values:
            manifest.values.append(document)
            for line, message in document.doubts:
                manifest.problems.append(Problem(message, file, chunk.line + line, chunk.number))
            _add(manifest, document.value, chunk, file, chunk.line + document.line)
    except Unreadable as error:
        manifest.broken = True
        manifest.problems.append(Problem(error.message, file, chunk.line + error.line, chunk.number))
    return manifest


def _add(manifest: Manifest, value: Any, chunk: Chunk, file: str, line: int) -> None:
    """Add the objects that ``value`` is or lists."""
    items = _items(value)
    if items is None:
        if value is not None:
            manifest.documents.append(Document(value, file, chunk.number, 0, line))
        return
    if len(items) > MAX_OBJECTS:
        manifest.broken = True
        message = f"a list of {len(items)} objects; more than {MAX_OBJECTS} are not read"
        manifest.problems.append(Problem(message, file, line, chunk.number))
        return
    manifest.documents += [Document(item, file, chunk.number, place, line) for place, item in enumerate(items, 1)]


def _items(value: Any) -> list[Any] | None:
    """Return the objects in a list, or in a Kubernetes List (``kind: HardwareList``, ``items``); None for others."""
    if isinstance(value, list):
        return value
    items = value.get("items") if isinstance(value, dict) and str(value.get("kind")).endswith("List") else None
    return items if isinstance(items, list) else None


def _json_values(text: str, file: str) -> Iterable[YamlDocument]:
    """Yield the JSON document ``text``; what is not JSON may still be YAML, unless the file says it is JSON."""
    if _has_too_many_values(text):
        raise Unreadable(TOO_MANY, 0)
    doubts: list[tuple[int, str]] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and len(doubts) < MAX_DOUBTS:
            twice = [name for name, times in Counter(name for name, _unused in pairs).items() if times > 1]
            doubts.extend((0, f"the key {name!r} is given twice; the last value counts") for name in twice[:MAX_DOUBTS])
        return found

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable(f"nested deeper than {MAX_DEPTH} levels", 0) from None
    except json.JSONDecodeError as error:
        if file.endswith(".json"):
            raise Unreadable(f"not JSON: {error.msg}", error.lineno - 1) from None
        yield from read_yaml(text)
        return
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}", 0) from None
    if _too_deep(value):
        raise Unreadable(f"nested deeper than {MAX_DEPTH} levels", 0)
    yield YamlDocument(value, 0, doubts)


def _has_too_many_values(text: str) -> bool:
    """Return whether the JSON document ``text`` has more than MAX_VALUES values, without making any of them."""
    if sum(map(text.count, "[{,")) < MAX_VALUES:
        return False
    # Most of these may stand within text.
    found, quoted = 0, False
    for match in _JSON_MARK.finditer(text):
        if match[0] == '"':
            quoted = not quoted
        elif not quoted and match[0] in "[{,":
            found += 1
            if found > MAX_VALUES:
                return True
    return False


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _unused in range(MAX_DEPTH + 1):
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True
