# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd check``: every problem of every object, in files or in a cluster, and what would be right."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..decisions.architectures import parse_arch_map
from ..decisions.boot_programs import wanted_programs
from ..hardware.line_numbers import line_at, lines_of
from ..hardware.manifest import Chunk, Document, read_chunk, split
from ..hardware.model import machine_from_object
from ..hardware.problem import Problem, printable
from ..runtime.boot_programs import ProgramFile, missing_for, program_files, there_and_missing
from ..stores.manifests.directory import list_manifests, read_bounded
from ..validation.objects import check
from .arguments import UsageError
from .backends import is_cluster


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in so many files and objects; ``notes`` are worth knowing and wrong in nobody's way.

    ``files`` is None where the objects are a cluster's, ``programs`` where nobody said where boot programs are.
    """

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    objects: int
    files: int | None
    documents: tuple[Document, ...] = ()
    programs: tuple[ProgramFile, ...] | None = None

    def text(self) -> str:
        """Return the report for people: a line for each problem and note, then the count."""
        lines = [str(problem) for problem in self.problems]
        lines += [f"{note} (note)" for note in self.notes]
        found = f"{_count(len(self.problems), 'problem')} and {_count(len(self.notes), 'note')}"
        place = "the cluster" if self.files is None else _count(self.files, "file")
        if self.programs is not None:
            there, missing = there_and_missing(self.programs)
            lines.append(f"boot programs: {there or 'none'}; missing: {missing or 'none'}")
        lines.append(f"{found} in {_count(self.objects, 'object')} of {place}")
        return "\n".join(lines)

    def document(self) -> dict[str, object]:
        """Return the report for programs."""
        found = [_document(problem) for problem in (*self.problems, *self.notes)]
        programs = {} if self.programs is None else {"boot_programs": [asdict(program) for program in self.programs]}
        return {"problems": found, "objects": self.objects, "files": self.files or 0, **programs}


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print everything that is wrong with the objects that are named, or the daemon's; 1 where there is anything."""
    only_boot_files = options.boot_files and not options.paths and not options.store
    report = Report((), (), 0, 0) if only_boot_files else _report_on(options.paths, options.store, environ)
    if options.boot_files:
        report = with_boot_files(report, options.boot_files, options.arch_map)
    text = json.dumps(report.document(), indent=2) if options.json else report.text()
    sys.stdout.write(f"{text}\n")
    return 1 if report.problems else 0


def _report_on(paths: list[str], store: str | None, environ: Mapping[str, str]) -> Report:
    if paths:
        return check_paths(paths)
    if not store:
        raise UsageError("check takes files and directories, and --store is not given: name a PATH")
    if not is_cluster(store):
        return check_paths([store.removeprefix("files:")])
    from . import cluster  # with urllib3, which only a cluster needs

    return check_objects(cluster.hardware_objects(store, environ))


def with_boot_files(report: Report, boot_files: str, arch_map: str) -> Report:
    """Return ``report`` with the boot programs that ``boot_files`` have, and the objects that need others.

    Both are as the flags have them; raises UsageError where ``arch_map`` is none.
    """
    directories = tuple(filter(None, boot_files.split(os.pathsep)))
    try:
        mapping = parse_arch_map(arch_map)
    except ValueError as error:
        raise UsageError(f"--arch-map: {error}") from error
    machines = [
        machine_from_object(document.value) for document in report.documents if isinstance(document.value, dict)
    ]
    missing = missing_for(wanted_programs(machines, {}, mapping), directories)
    problems = tuple(Problem(message, boot_files) for message in missing)
    programs = tuple(program_files(mapping, directories))
    return replace(report, problems=(*report.problems, *problems), programs=programs)


def check_objects(objects: Iterable[Mapping[str, Any]]) -> Report:
    """Return what is wrong with ``objects`` of a cluster."""
    documents = [Document(item) for item in objects]
    found = check(documents)
    problems = tuple(problem for problem in found if not problem.note)
    notes = tuple(problem for problem in found if problem.note)
    return Report(problems, notes, len(documents), None, tuple(documents))


def _document(problem: Problem) -> dict[str, object]:
    return {
        "severity": "note" if problem.note else "error",
        "file": problem.file,
        "line": problem.line,
        "object": problem.object,
        "field": problem.path,
        "value": problem.value,
        "problem": printable(problem.message),
    }


def check_paths(paths: Iterable[str]) -> Report:
    """Return what is wrong with the manifests at ``paths``, files or directories of them."""
    work = _Check()
    for path in paths:
        work.add(path)
    return work.report()


@dataclass(slots=True)
class _Check:
    _files: dict[str, None] = field(default_factory=dict)
    _documents: list[Document] = field(default_factory=list)
    _texts: dict[tuple[str, int], Chunk] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)

    def add(self, path: str) -> None:
        for file in self._manifests_at(path):
            if file not in self._files:
                self._files[file] = None
                self._read(file)

    def _manifests_at(self, path: str) -> Iterator[str]:
        if not os.path.isdir(path):
            yield path
            return
        try:
            listing = list_manifests(path)
        except OSError as error:
            self._problems.append(Problem(f"can't be read: {error.strerror or error}", path))
            return
        if not listing.files:
            self._problems.append(Problem("no manifests in this directory", path, note=True))
        self._problems += [Problem(reason, skipped) for skipped, reason in listing.skipped.items()]
        yield from sorted(listing.files)

    def _read(self, file: str) -> None:
        try:
            data = read_bounded(file)
        except OSError as error:
            self._problems.append(Problem(f"can't be read: {error.strerror or error}", file))
            return
        chunks, problems = split(data, file)
        self._problems += problems
        for chunk in chunks:
            manifest = read_chunk(chunk, file)
            self._problems += manifest.problems
            self._documents += manifest.documents
            self._texts[file, chunk.number] = chunk

    def report(self) -> Report:
        located = _Locator(self._texts)
        found = self._problems + [located.problem(problem) for problem in check(self._documents)]
        found.sort(key=lambda problem: (problem.file, problem.line))
        return Report(
            problems=tuple(problem for problem in found if not problem.note),
            notes=tuple(problem for problem in found if problem.note),
            objects=len(self._documents),
            files=len(self._files),
            documents=tuple(self._documents),
        )


class _Locator:
    """Finds the lines of problems; remembers those of the last document, for problems come document by document."""

    def __init__(self, texts: dict[tuple[str, int], Chunk]) -> None:
        self._texts = texts
        self._last: tuple[tuple[str, int], dict[str, int]] = (("", 0), {})

    def problem(self, problem: Problem) -> Problem:
        place = (problem.file, problem.document)
        chunk = self._texts.get(place)
        if chunk is None:
            return problem
        if self._last[0] != place:
            self._last = (place, lines_of(chunk.text))
        lines = self._last[1]
        prefix = ""
        if problem.item:
            prefix = f"items[{problem.item - 1}]" if "items" in lines else f"[{problem.item - 1}]"
        line = line_at(lines, f"{prefix}.{problem.path}" if prefix and problem.path else prefix or problem.path)
        return problem if line is None else replace(problem, line=chunk.line + line)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
