# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware objects read from a store, once: those of a cluster, or of a directory of manifests.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import (
    Document,
    read_chunk,
    split,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import is_hardware
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.live_object import (
    GROUP_VERSION,
    PLURAL,
    live_object_from,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.manifests.directory import (
    list_manifests,
    read_bounded,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.states.directory import StateDir
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import label_selector as _label_selector
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import (
    UNKNOWN,
    UNSEEN,
    Entry,
    entry_of,
    labels_of,
)

PAGE = 500  # objects of one answer


@dataclass(slots=True)
class Found:
    """What a store holds, in the order of namespaces and names, and what could not be read of it."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse_store(text: str) -> tuple[str, str]:
    """Return ``("kubernetes", NAMESPACE)``, "" for all, or ``("files", DIR)``; raises ValueError."""
    kind, colon, place = text.partition(":")
    if kind == "kubernetes" and bool(colon) == bool(place):
        return kind, place
    if kind == "files" and os.path.isabs(place):
        return kind, place
    raise ValueError(
        f"store is {text!r} but should be kubernetes, kubernetes:NAMESPACE or files:DIR with an absolute path"
    )


def from_cluster(client: Client, namespace: str, *, selector: str = "", name: str = "") -> Found:
    """Return the objects of a namespace, "" for all; raises ApiError and ApiUnreachable.

    ``selector`` is a label selector; with ``name`` only objects of that name are asked for.
    """
    query: dict[str, Any] = {"limit": PAGE}
    if selector:
        query["labelSelector"] = selector
    if name:
        query["fieldSelector"] = f"metadata.name={name}"
    entries: list[Entry] = []
    while True:
        answer = client.get(resource_path(GROUP_VERSION, PLURAL, namespace), query)
        items = ({"apiVersion": GROUP_VERSION, "kind": "Hardware", **item} for item in answer.get("items") or ())
        entries += [entry for item in items if (entry := entry_of(item)) is not None]
        query["continue"] = (answer.get("metadata") or {}).get("continue")
        if not query["continue"]:
            return Found(sorted(entries, key=lambda entry: entry.key))


def from_files(directory: str, state_dir: str = "", *, selector: str = "") -> Found:
    """Return the objects of the manifests below ``directory``, with the states that bootd keeps in ``state_dir``.

    Raises ValueError for a wrong selector, OSError and StoreError where something can't be read.
    """
    selects = _label_selector.matcher(selector)
    states = StateDir(state_dir, exclusive=False).load().states if state_dir else None
    found = Found()
    ranked = []
    for document, modified in _documents(directory, found.problems):
        live = live_object_from(document.value)
        if live is None:
            found.problems.append(f"{document.source}: the object has no usable name")
            continue
        state = UNKNOWN if states is None else states.get(live.machine.key, UNSEEN)
        age = live.machine.created or modified
        ranked.append((age, document.source, Entry(document.value, live, state)))
    entries: dict[str, Entry] = {}
    # Of two with one name bootd serves the older.
    for _age, source, entry in sorted(ranked, key=lambda item: item[:2]):
        if entries.setdefault(entry.key, entry) is not entry:
            found.problems.append(f"{source}: {entry.key} is also in an older file, which counts")
    found.entries = [entries[key] for key in sorted(entries) if selects(labels_of(entries[key].document))]
    return found


def _documents(directory: str, problems: list[str]) -> Iterator[tuple[Document, str]]:
    """Yield the Hardware objects below ``directory``, and when their file was changed; raises OSError."""
    listing = list_manifests(directory)
    problems += [f"{path}: {reason}" for path, reason in sorted(listing.skipped.items())]
    for path, stamp in sorted(listing.files.items()):
        chunks, found = split(read_bounded(path), path)
        for chunk in chunks:
            manifest = read_chunk(chunk, path)
            found += [problem for problem in manifest.problems if not problem.note]
            for document in manifest.documents:
                if is_hardware(document.value):
                    yield document, _timestamp(stamp.modified)
        problems += [str(problem) for problem in found]


def _timestamp(nanoseconds: int) -> str:
    """Return a time in a form that sorts among Kubernetes' creation timestamps."""
    return f"{datetime.fromtimestamp(nanoseconds / 1e9, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
