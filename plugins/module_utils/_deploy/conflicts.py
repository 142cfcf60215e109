# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of an object that somebody else has set: who, and which. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError

# The API has the manager only in its sentence: conflict with "kubectl-edit" using apps/v1
_MANAGER = re.compile(r'conflict with "([^"]+)"')


class Conflict(Exception):
    """An object can't be brought about without taking it, or fields of it, from somebody else."""


def is_conflict(error: ApiError) -> bool:
    """Return whether an apply was refused since other managers have set some of its fields otherwise."""
    return error.status == 409 and bool(fields_of(error))


def fields_of(error: ApiError) -> list[tuple[str, str]]:
    """Return the fields in conflict as (field, manager), such as (".spec.replicas", "kubectl-scale")."""
    found = []
    for cause in error.details.get("causes") or ():
        if cause.get("reason") == "FieldManagerConflict":
            manager = _MANAGER.search(cause.get("message", ""))
            found.append((cause.get("field", "?"), manager[1] if manager else "another manager"))
    return found


def sentence(title: str, error: ApiError) -> str:
    """Return who has set what of the object called ``title``, for people."""
    fields = ", ".join(f"{field} (by {manager})" for field, manager in fields_of(error))
    return f"{title}: others have set {fields}; force takes these fields over"
