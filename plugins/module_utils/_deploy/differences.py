# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two states of an object, in the eyes of people: no bookkeeping, no secrets. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import (
    LAST_APPLIED,
    hidden,
    word_for,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.yaml_writer import write_yaml
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import title_of

# What the API server writes by itself.
_BOOKKEEPING = {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
# A change of the pods' own template is what counts.
_COUNTERS = {"deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"}


def visible(document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``document`` without what the API server writes by itself: equal where nothing was really changed."""
    if document is None:
        return {}
    given = document.get("metadata", {})
    left_out = _COUNTERS | {LAST_APPLIED}
    annotations = {key: value for key, value in given.get("annotations", {}).items() if key not in left_out}
    meta = {key: value for key, value in given.items() if key not in _BOOKKEEPING | {"annotations"}}
    head = {key: document[key] for key in ("apiVersion", "kind") if key in document}
    rest = {key: value for key, value in document.items() if key not in (*head, "metadata", "status")}
    return {**head, "metadata": {**meta, **({"annotations": annotations} if annotations else {})}, **rest}


def diff_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, str]:
    """Return Ansible's diff of one object, with only what differs; ``before`` or ``after`` is None where it is absent.

    The values of secrets are hidden; those that change are told from those that don't.
    """
    old, new = visible(before), visible(after)
    document = after if before is None else before
    kind = document["kind"] if document else ""
    if kind == "Hardware":
        old, new = hidden(old), hidden(new, old)
    elif kind == "Secret":
        old, new = _hidden_data(old), _hidden_data(new, old)
    shown_old, shown_new = (old, new) if not old or not new else _differing(old, new)
    header = title_of(document) if document else ""
    return {
        "before_header": header,
        "after_header": header,
        "before": write_yaml(shown_old) if shown_old not in (ABSENT, {}) else "",
        "after": write_yaml(shown_new) if shown_new not in (ABSENT, {}) else "",
    }


def _differing(old: Any, new: Any) -> tuple[Any, Any]:
    """Return of both only what is not in the other; ABSENT where nothing is left."""
    if old == new:
        return ABSENT, ABSENT
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        pairs = {key: _differing(old.get(key, ABSENT), new.get(key, ABSENT)) for key in sorted({*old, *new})}
        left = {key: pair[0] for key, pair in pairs.items() if pair[0] is not ABSENT}
        right = {key: pair[1] for key, pair in pairs.items() if pair[1] is not ABSENT}
        return left, right
    if _is_named(old) and _is_named(new):
        left, right = _differing(_by_name(old), _by_name(new))
        # The order alone is a difference too.
        return (_listed(left), _listed(right)) if left is not ABSENT else (old, new)
    return old, new


def _is_named(items: Any) -> bool:
    """Return whether ``items`` is a list of mappings that are told apart by their names, such as containers."""
    if not isinstance(items, list) or not items:
        return False
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _by_name(items: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["name"]: item for item in items}


def _listed(items: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, **item} for name, item in items.items()]


def _hidden_data(secret: dict[str, Any], before: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return a copy of a Secret with words for its values; ``before`` is an earlier state of it."""
    shown = dict(secret)
    for field in ("data", "stringData"):
        if isinstance(secret.get(field), Mapping):
            earlier = before.get(field)
            earlier = earlier if isinstance(earlier, Mapping) else {}
            shown[field] = {key: word_for(value, earlier.get(key, ABSENT)) for key, value in secret[field].items()}
    return shown
