# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a CRD that is or is not there: never narrow, downgrade or take over what others installed. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import REVISION_ANNOTATION
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.schema import fields_of
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import LABEL, MANAGED_BY

# What tells people which release a CRD came with, where its author wrote it down.
_HINTS = ("controller-gen.kubebuilder.io/version", REVISION_ANNOTATION)
_HINT_LABELS = ("app.kubernetes.io/version", "helm.sh/chart")
NAMED = 3  # fields that a reason names


@dataclass(frozen=True)
class Plan:
    """``write`` says whether to apply our CRD; otherwise ``reason`` why the one that is there stays as it is."""

    write: bool
    reason: str = ""


def plan(present: Mapping[str, Any] | None, ours: Mapping[str, Any]) -> Plan:
    """Return whether ``ours`` is to be applied where ``present`` is, or None is."""
    if present is None:
        return Plan(True)
    if _managed_by(present) != MANAGED_BY:
        return Plan(False, "it was installed by somebody else")
    revision, own = _revision(present), _revision(ours)
    if revision > own:
        return Plan(False, f"it is of revision {revision}, which is newer than this collection's {own}")
    narrowed = _fields(present) - _fields(ours)
    if narrowed:
        return Plan(False, f"it has what this collection's has not: {_listed(narrowed)}")
    return Plan(True)


def found(present: Mapping[str, Any] | None, ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is there, for people: who put it there, of which version, and what it does not know that ours does.

    Empty where there is none.
    """
    if present is None:
        return {}
    meta = present["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    hints = {key: annotations[key] for key in _HINTS if key in annotations}
    hints.update({key: labels[key] for key in _HINT_LABELS if key in labels})
    return {
        "managed_by": _managed_by(present),
        "managers": sorted({entry["manager"] for entry in meta.get("managedFields") or () if "manager" in entry}),
        "hints": hints,
        "versions": [version["name"] for version in present["spec"]["versions"] if version.get("served")],
        "missing_fields": _outermost(_fields(ours) - _fields(present)),
    }


def _managed_by(document: Mapping[str, Any]) -> str:
    labels = document["metadata"].get("labels") or {}
    return labels.get(LABEL, "")


def _revision(document: Mapping[str, Any]) -> int:
    text = (document["metadata"].get("annotations") or {}).get(REVISION_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _fields(document: Mapping[str, Any]) -> set[str]:
    """Return each field of each version that is served, with its type: "v1alpha1 spec.agentID: string"."""
    return {
        f"{version['name']} {path}: {kind}"
        for version in document["spec"]["versions"]
        if version.get("served")
        for path, kind in fields_of((version.get("schema") or {}).get("openAPIV3Schema") or {})
    }


def _outermost(fields: set[str]) -> list[str]:
    """Return the paths of ``fields``, sorted, without those that are within others of them."""
    kept: list[str] = []
    for path in sorted(field.partition(" ")[2].partition(":")[0] for field in fields):
        if not any(path.startswith((f"{outer}.", f"{outer}[", f"{outer}{{")) for outer in kept):
            kept.append(path)
    return kept


def _listed(fields: set[str]) -> str:
    paths = _outermost(fields)
    return ", ".join(paths[:NAMED]) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
