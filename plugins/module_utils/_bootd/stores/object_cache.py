# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The last known objects of a cluster in a file, for a start while the API is away.

One JSON document a line: the first tells the version and the cluster, each other is an object. It may hold user data:
only its owner can read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..process.private_file import replace_file

NAME = "hardware.jsonl"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Cached:
    """What was known: the objects, the version they were seen at, the keys of those the cluster no longer had."""

    objects: list[Mapping[str, Any]] = field(default_factory=list)
    version: str = ""
    missing: frozenset[str] = frozenset()


class ObjectCache:
    """The file in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME

    def load(self) -> Cached:
        """Return what the file holds, nothing where there is none; raises ValueError and OSError where it is spoilt."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Cached()
        try:
            documents = [json.loads(line) for line in lines]
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not one JSON object a line: {error}") from None
        if not documents or not all(isinstance(document, dict) for document in documents):
            raise ValueError("not one JSON object a line")
        head = documents[0]
        if head.get("format") != FORMAT:
            raise ValueError(f"format is {head.get('format')!r}; this bootd reads {FORMAT}")
        return Cached(documents[1:], str(head.get("version", "")), frozenset(map(str, head.get("missing", ()))))

    def save(self, objects: Iterable[bytes], version: str, missing: Iterable[str]) -> None:
        """Put ``objects``, JSON on one line each, in the place of what was there; raises OSError."""
        head = {"format": FORMAT, "version": version, "missing": sorted(missing)}
        replace_file(self.path, [json.dumps(head).encode(), *objects])
