# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a configuration may be shown to whoever runs a playbook: what the table knows to be harmless, and no more.

Of a key that the table does not know, in whatever format, only true, false and null are shown: anything else may be a
password. Names of keys always are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import word_for
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import field_of
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import (
    CONFIGURATION,
    MULTIPATH,
    SCALARS,
    TEXTS,
    Field,
    Items,
    Named,
)

# A user's name or a query in a URL; keys that went where public ones belong.
_TELLS = re.compile(r"://[^/\s]*@|://\S*\?|PRIVATE KEY")


def visible(document: Any, before: Any = ABSENT) -> Any:
    """Return a copy of a configuration with words for what may be secret; ``before`` is an earlier state of it.

    A secret that was another one before says so, as ``secret_fields.word_for`` does.
    """
    return _mapping(document, CONFIGURATION, before)


def harmless(text: str) -> bool:
    """Return whether a text of a kind that is no secret has none in it all the same."""
    return _TELLS.search(text) is None


def _mapping(node: Any, fields: Mapping[str, Field], before: Any) -> Any:
    if not isinstance(node, Mapping):
        return _masked(node, before)
    shown = {}
    for key, value in node.items():
        name = field_of(key, fields) if isinstance(key, str) else None
        earlier = _at(before, key)
        shown[key] = _of_field(value, fields[name], earlier) if name else _masked(value, earlier)
    return shown


def _of_field(value: Any, field: Field, before: Any) -> Any:
    shape = field.shape
    if isinstance(shape, dict):
        return _mapping(value, shape, before)
    if isinstance(shape, Items) and isinstance(value, list):
        return [_mapping(item, shape.fields, _at(before, place)) for place, item in enumerate(value)]
    if isinstance(shape, Named) and isinstance(value, Mapping):
        return {name: _mapping(item, shape.fields, _at(before, name)) for name, item in value.items()}
    if shape == SCALARS and isinstance(value, Mapping):
        secret = field.secret_name or (lambda _name: field.secret)
        return {
            name: _masked(item, _at(before, name)) if secret(str(name)) else _plain(item, _at(before, name))
            for name, item in value.items()
        }
    if field.secret:
        return _masked(value, before)
    if shape == TEXTS and isinstance(value, list):
        return [_plain(item, _at(before, place)) for place, item in enumerate(value)]
    return _deep(value, before) if shape == MULTIPATH else _plain(value, before)


def _deep(value: Any, before: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _deep(item, _at(before, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_deep(item, _at(before, place)) for place, item in enumerate(value)]
    return _plain(value, before)


def _plain(value: Any, before: Any) -> Any:
    """Return a value that is no secret by its place, unless it is more than one value, or tells one all the same."""
    if isinstance(value, (int, float)) or value is None or (isinstance(value, str) and harmless(value)):
        return value
    return _masked(value, before)


def _masked(value: Any, before: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(item, _at(before, key)) for key, item in value.items()}
    return value if value is None or isinstance(value, bool) else word_for(value, before)


def _at(node: Any, step: Any) -> Any:
    if isinstance(node, Mapping):
        return node.get(step, ABSENT)
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else ABSENT
