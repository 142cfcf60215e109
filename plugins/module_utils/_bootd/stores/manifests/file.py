# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One manifest file as the store serves it: its machines, its problems, and what need not be read again."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...hardware.manifest import Chunk, Document, Manifest, looks_like_json, objects_in, read_chunk, source, split
from ...hardware.model import Machine, is_as_written, is_hardware, machine_from_object
from ...hardware.names import is_usable
from ...hardware.problem import Problem
from ...validation.objects import check_document
from .cache import ManifestCache, digest_of

MAX_PROBLEMS = 100  # of one document; bootd check tells all


class LoadedChunk(NamedTuple):
    """What one document of a file gave: its machines, each with its place in a list or 0, and its problems."""

    digest: bytes
    number: int
    machines: tuple[tuple[int, Machine], ...]
    problems: tuple[Problem, ...]
    broken: bool


class LoadedFile(NamedTuple):
    """What a file gave. Where part of it is broken, ``machines`` ends with those that only earlier content had."""

    chunks: tuple[LoadedChunk, ...] = ()
    machines: tuple[Machine, ...] = ()
    problems: tuple[Problem, ...] = ()


class FileLoader:
    """Turns files' content into machines. ``cache`` may know what a text says."""

    def __init__(self, cache: ManifestCache | None = None) -> None:
        self._cache = cache

    def load(self, data: bytes, file: str, modified: str, before: LoadedFile) -> LoadedFile:
        """Return what ``data``, the content of ``file`` since ``modified``, gives after ``before``.

        Documents that are the same as before are not read again; machines that were there before keep their age.
        """
        texts, problems = split(data, file)
        past = _Past(before)
        chunks = tuple(self._chunk(chunk, file, modified, past) for chunk in texts)
        machines = [machine for chunk in chunks for _unused, machine in chunk.machines]
        if problems or any(chunk.broken for chunk in chunks):
            present = {machine.key for machine in machines}
            machines += [machine for machine in before.machines if machine.key not in present]
        found = (*problems, *(problem for chunk in chunks for problem in chunk.problems))
        return LoadedFile(chunks, tuple(machines), found)

    def _chunk(self, chunk: Chunk, file: str, modified: str, past: _Past) -> LoadedChunk:
        digest = digest_of(chunk.text)
        same = past.chunks.get(digest)
        if same is not None and not same.problems:
            return same if same.number == chunk.number else _renumbered(same, chunk.number, file)
        read = self._read(chunk, digest, file)
        problems = [problem for problem in read.problems if not problem.note]
        machines = []
        for document in read.documents:
            machine = _machine(document, modified, past)
            if machine is not None:
                machines.append((document.item, machine))
            if machine is None or not is_as_written(document.value, machine):
                problems += [problem for problem in check_document(document) if not problem.note]
        return LoadedChunk(digest, chunk.number, tuple(machines), tuple(problems[:MAX_PROBLEMS]), read.broken)

    def _read(self, chunk: Chunk, digest: bytes, file: str) -> Manifest:
        # JSON is read as quickly from the manifest itself.
        if self._cache is None or looks_like_json(chunk.text):
            return read_chunk(chunk, file)
        known = self._cache.get(digest)
        if known is not None:
            return objects_in(known, chunk, file)
        read = read_chunk(chunk, file)
        # Problems are not kept, so what has some is read again; what has aliases would be larger than its text.
        if not read.problems and not any(value.aliased for value in read.values):
            self._cache.add(digest, read.values)
        return read


class _Past:
    """What a file gave before: chunks by their digest, and the age of its machines by their key."""

    def __init__(self, before: LoadedFile) -> None:
        self.chunks = {chunk.digest: chunk for chunk in before.chunks}
        self.created = {machine.key: machine.created for machine in before.machines}


def _machine(document: Document, modified: str, past: _Past) -> Machine | None:
    """Return the machine of ``document``; None where it is no Hardware, or has no name to keep its state under."""
    if not is_hardware(document.value):
        return None
    machine = machine_from_object(document.value, source=document.source, created=modified)
    if not is_usable(machine.name) or not is_usable(machine.namespace):
        return None
    created = past.created.get(machine.key)
    return replace(machine, created=created) if created and machine.created == modified else machine


def _renumbered(chunk: LoadedChunk, number: int, file: str) -> LoadedChunk:
    machines = tuple((item, replace(machine, source=source(file, number, item))) for item, machine in chunk.machines)
    return chunk._replace(number=number, machines=machines)
