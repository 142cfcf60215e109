# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the YAML of the manifests says, in a file of the state directory, so that a restart need not parse it again.

A document is found by the digest of its text, so nothing is ever taken for what a file holds that does not hold just
that text. The first line tells the format, the YAML library that read the texts, and the digest of all other lines,
each of which is JSON: ``[digest of the text, [[line that a document begins on, its value], ...]]``. It holds whatever
the manifests hold, user data included: only its owner can read it. Without it, or with one that is not exactly what
was written, a start takes longer, and that is all.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...hardware.yaml_reader import YamlDocument, library
from ...process.private_file import replace_file

NAME = "manifests.jsonl"
FORMAT = 1  # to be raised whenever the reader takes one text for another value
MAX_BYTES = 64 * 1024 * 1024  # of the file, and of what is not in it yet
DIGEST_BYTES = 32
LINES_AT_ONCE = 100  # that are parsed together: their keys are made once, and are the same strings in all
NOT_AS_WRITTEN = "it is not as it was written"
_KEY = slice(2, 2 + 2 * DIGEST_BYTES)  # where a line has its digest, in hexadecimal


def digest_of(text: str) -> bytes:
    """Return the digest under which the documents of ``text`` are kept."""
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


class ManifestCache:
    """The file in ``directory``. What was read lately and is not in it yet is held until ``save``."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._lines: dict[bytes, bytes] = {}  # of the file, by the digest's text, while it is open
        self._keys: list[bytes] = []  # of ``_lines``, in their order
        self._unparsed: dict[bytes, int] = {}  # the places in ``_keys`` of those that are still to be parsed
        self._parsed: dict[bytes, Any] = {}  # what the others say, until they are asked for
        self._new: dict[bytes, bytes] = {}
        self._new_bytes = 0
        self._on_disk: frozenset[bytes] = frozenset()

    def open(self) -> str:
        """Load the file for ``get``; return why it is of no use where there is one that is not."""
        try:
            self._lines = self._load()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            return (error.strerror if isinstance(error, OSError) else "") or str(error)
        finally:
            self._on_disk = frozenset(self._lines)
            self._keys = list(self._lines)
            self._unparsed = {key: place for place, key in enumerate(self._keys)}
        return ""

    def close(self) -> None:
        """Let go of what ``open`` has loaded."""
        self._lines, self._keys, self._unparsed, self._parsed = {}, [], {}, {}

    def get(self, digest: bytes) -> list[YamlDocument] | None:
        """Return the documents of the text with this digest, None where they are not known."""
        key = digest.hex().encode()
        if key in self._unparsed:
            self._parse_from(self._unparsed[key])
        try:
            # One text may stand in several files; it is parsed again for each but the first.
            _digest, documents = self._parsed.pop(key, None) or json.loads(self._lines[key])
            return [YamlDocument(value, int(start)) for start, value in documents]
        except (KeyError, ValueError, TypeError, RecursionError):
            return None

    def add(self, digest: bytes, documents: Iterable[YamlDocument]) -> None:
        """Hold what the text with this digest was found to say; too much of it is not held."""
        key = digest.hex()
        line = json.dumps([key, [[found.line, found.value] for found in documents]], separators=(",", ":")).encode()
        if self._new_bytes + len(line) <= MAX_BYTES:
            self._new[key.encode()] = line
            self._new_bytes += len(line)

    def save(self, wanted: Collection[bytes]) -> bool:
        """Bring the file to hold what is known of the texts with the digests ``wanted``, in their order.

        Return whether it had to be written; raises OSError.
        """
        keys = dict.fromkeys(digest.hex().encode() for digest in wanted)
        new = {key: line for key, line in self._new.items() if key in keys}
        if not new and keys.keys() >= self._on_disk:
            return False
        try:
            lines = {**self._load(), **new}
        except (OSError, ValueError):
            lines = new
        kept: dict[bytes, bytes] = {}
        room = MAX_BYTES
        for key in keys:
            line = lines.get(key)
            if line is not None and len(line) < room:
                kept[key] = line
                room -= len(line) + 1
        head = {"format": FORMAT, "yaml": library(), "digest": _digest_of(line + b"\n" for line in kept.values())}
        replace_file(self.path, [json.dumps(head).encode(), *kept.values()])
        self._on_disk = frozenset(kept)
        self._new, self._new_bytes = {}, 0
        return True

    def _parse_from(self, place: int) -> None:
        """Parse LINES_AT_ONCE lines from ``place``: files are read in the order in which their lines were written."""
        batch = self._keys[place : place + LINES_AT_ONCE]
        keys = [key for key in batch if self._unparsed.pop(key, None) is not None]
        with suppress(ValueError, RecursionError):  # then each is parsed, or not, by itself
            found = json.loads(b"[%b]" % b",".join(self._lines[key] for key in keys))
            if len(found) == len(keys):
                self._parsed.update(zip(keys, found, strict=True))

    def _load(self) -> dict[bytes, bytes]:
        """Return the lines of the file by their digests; raises OSError and ValueError where it can't be used."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
                raise ValueError("others may have written or read it")
            data = file.read(2 * MAX_BYTES)
        first, _line_break, rest = data.partition(b"\n")
        try:
            head = json.loads(first)
        except (ValueError, RecursionError):
            raise ValueError(NOT_AS_WRITTEN) from None
        if not isinstance(head, dict) or head.get("format") != FORMAT or head.get("yaml") != library():
            raise ValueError("another version of bootd or of its YAML library wrote it")
        if head.get("digest") != _digest_of([rest]):
            raise ValueError(NOT_AS_WRITTEN)
        return {line[_KEY]: line for line in rest.splitlines()}


def _digest_of(parts: Iterable[bytes]) -> str:
    digest = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
