# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which machines wait for which: the annotation ``netboot.baremetal/after``, its names and its cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .field_check import Finding
from .manifest import Document
from .model import AFTER_ANNOTATION, DEFAULT_NAMESPACE, MAX_AFTER, after_names, text_at
from .names import is_usable, is_usable_key
from .problem import Problem, printable, shown

PATH = f"metadata.annotations.{AFTER_ANNOTATION}"
MAX_SHOWN = 8  # machines of a cycle that are named
MAX_CYCLES = 100


def check_after(value: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the annotation of one object as it stands."""
    text = text_at(value, "metadata", "annotations", AFTER_ANNOTATION)
    if text.count(",") >= MAX_AFTER:
        yield PATH, text, f"should be {MAX_AFTER} names at most; what is beyond is not waited for", False
    for name in after_names(text):
        if not (is_usable_key(name) if "/" in name else is_usable(name)):
            yield PATH, text, f"{name!r} names no machine; should be NAME or NAMESPACE/NAME, separated by commas", False


def dependency_problems(documents: Iterable[Document]) -> Iterator[Problem]:
    """Yield a problem for each cycle of machines that wait for each other, a note for each name nobody has."""
    found = {_key(document.value): document for document in documents}
    after = {key: _after(key, document.value) for key, document in found.items()}
    for key, document in found.items():
        for name in after[key]:
            if name not in found:
                message = f"{name} is not among these objects; while nobody is called so, this machine waits"
                yield _problem(document, key, message, note=True)
    for cycle in _cycles(after):
        key = min(cycle, key=list(found).index)
        yield _problem(found[key], key, f"{names_of(cycle)} wait for each other: none of them would ever boot")


def names_of(cycle: Sequence[str]) -> str:
    """Return the machines of a cycle as text for people, MAX_SHOWN of them by name."""
    more = len(cycle) - MAX_SHOWN
    return ", ".join(cycle[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _cycles(after: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield cycles, at most MAX_CYCLES, until the machines that are left form none."""
    left = {key: set(names) for key, names in after.items()}
    for _unused in range(MAX_CYCLES):
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            cycle = list(dict.fromkeys(error.args[1]))
            yield sorted(cycle)
            for key in cycle:
                left[key] = set()
        else:
            return


def cycle_through(key: str, after: Callable[[str], Iterable[str]]) -> list[str]:
    """Return the machines of a cycle that begins and ends at ``key``, empty where it is in none.

    ``after`` gives the keys of those that a machine waits for.
    """
    before: dict[str, str] = {}  # machine -> which one led to it
    waiting = [key]
    while waiting:
        current = waiting.pop()
        for name in after(current):
            if name == key:
                return _path(key, current, before)
            if name not in before:
                before[name] = current
                waiting.append(name)
    return []


def _path(start: str, end: str, before: Mapping[str, str]) -> list[str]:
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def _key(value: Any) -> str:
    namespace = text_at(value, "metadata", "namespace") or DEFAULT_NAMESPACE
    return f"{namespace}/{text_at(value, 'metadata', 'name')}"


def _after(key: str, value: Any) -> tuple[str, ...]:
    namespace = key.partition("/")[0]
    names = after_names(text_at(value, "metadata", "annotations", AFTER_ANNOTATION))
    return tuple(name if "/" in name else f"{namespace}/{name}" for name in names)


def _problem(document: Document, key: str, message: str, *, note: bool = False) -> Problem:
    text = text_at(document.value, "metadata", "annotations", AFTER_ANNOTATION)
    return document.problem(printable(message), object=printable(key), path=PATH, value=shown(text), note=note)
