# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware objects as files of a directory: which would have to be written or removed. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import Manifest, read_manifest
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import is_object_name
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import hidden
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.yaml_reader import same_values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.yaml_writer import write_yaml

SUFFIX = ".yaml"
# The first line of every file that is ours: files without it are never removed.
HEADER = "# Written by Ansible, baremetal.netboot.hardware: changes made here will be lost.\n"


@dataclass(frozen=True)
class Change:
    """What becomes of one file. ``action``: ``created``, ``updated``, ``removed`` or ``unchanged``."""

    machine: str
    file: str
    action: str
    before: str = ""
    after: str = ""


def problems(machines: Iterable[Any]) -> list[str]:
    """Return a sentence for each of ``machines`` that can't be a file of its own."""
    found = []
    seen: set[str] = set()
    for number, machine in enumerate(machines):
        name = name_of(machine)
        if machine.get("kind") != "Hardware":
            found.append(f"machines[{number}] is of kind {machine.get('kind')!r} but should be a Hardware object")
        elif not isinstance(name, str) or not is_object_name(name):
            found.append(f"machines[{number}].metadata.name is {name!r} but should be lower-case letters, digits and -")
        elif name in seen:
            found.append(f"machines[{number}].metadata.name is {name!r}, which another of them has")
        else:
            seen.add(name)
    return found


def name_of(machine: Mapping[str, Any]) -> Any:
    """Return what stands where a Hardware object has its name."""
    meta = machine.get("metadata")
    return meta.get("name") if isinstance(meta, Mapping) else None


def changes(machines: Iterable[Mapping[str, Any]], present: Mapping[str, str], *, prune: bool) -> list[Change]:
    """Return what has to become of the files ``present`` (file name -> content), in the order of their names.

    ``prune``: files that this collection wrote and that belong to none of ``machines`` are removed.
    """
    found = {}
    for machine in machines:
        name = str(name_of(machine))
        before, after = present.get(name + SUFFIX), HEADER + write_yaml(machine)
        action = "created" if before is None else "unchanged" if _is_kept(before, after) else "updated"
        found[name + SUFFIX] = Change(name, name + SUFFIX, action, before or "", after)
    for file, content in present.items():
        if prune and file not in found and content.startswith(HEADER):
            found[file] = Change(file.removesuffix(SUFFIX), file, "removed", content)
    return [found[file] for file in sorted(found)]


def removals(machines: Iterable[Mapping[str, Any]], present: Mapping[str, str]) -> list[Change]:
    """Return the removal of the files that ``machines`` have among ``present``, in the order of their names."""
    files = sorted(str(name_of(machine)) + SUFFIX for machine in machines)
    return [Change(file.removesuffix(SUFFIX), file, "removed", present[file]) for file in files if file in present]


def _is_kept(before: str, after: str) -> bool:
    """Return whether a file may stay: another version of the YAML library may have written the same otherwise."""
    return before == after or (before.startswith(HEADER) and same_values(before, after))


def without_secrets(change: Change) -> tuple[str, str]:
    """Return both contents of a file for a diff, with words for what may be secret; what changes is told apart."""
    before, after = (read_manifest(text.removeprefix(HEADER).encode()) for text in (change.before, change.after))
    earlier = [document.value for document in before.documents]
    return _shown(change.before, before, []), _shown(change.after, after, earlier)


def _shown(content: str, manifest: Manifest, earlier: list[Any]) -> str:
    if manifest.broken:
        # Not even why: where it goes wrong may be in a password.
        return "(not shown: it can't be read, and may hold secrets)\n"
    head = HEADER if content.startswith(HEADER) else ""
    return head + "---\n".join(
        _text(document.value, earlier[place] if place < len(earlier) else ABSENT)
        for place, document in enumerate(manifest.documents)
    )


def _text(value: Any, before: Any) -> str:
    """Return what may be shown of one document; nothing is known of what is no Hardware object."""
    if isinstance(value, Mapping) and value.get("kind") == "Hardware":
        return write_yaml(hidden(value, before))
    return "(not shown: no Hardware object)\n"
