# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words to write an OpenAPI v3 schema with, and the paths of the fields of one. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]

# Built by functions, so that no two places of a schema are one object.


def string(**more: Any) -> Schema:
    return {"type": "string", **more}


def integer(bits: int) -> Schema:
    return {"type": "integer", "format": f"int{bits}"}


def boolean(**more: Any) -> Schema:
    return {"type": "boolean", **more}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def mapping(values: Schema) -> Schema:
    """Return the schema of an object with any keys and ``values`` of one kind."""
    return {"type": "object", "additionalProperties": values}


def struct(properties: Mapping[str, Schema], **more: Any) -> Schema:
    """Return the schema of an object with these properties and no others."""
    return {"type": "object", "properties": dict(properties), **more}


def strings(names: str) -> dict[str, Schema]:
    """Return properties that are strings; ``names`` is separated by blanks."""
    return {name: string() for name in names.split()}


def integers(names: str, bits: int) -> dict[str, Schema]:
    """Return properties that are integers of so many bits."""
    return {name: integer(bits) for name in names.split()}


def booleans(names: str) -> dict[str, Schema]:
    """Return properties that are booleans."""
    return {name: boolean() for name in names.split()}


def fields_of(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, type) for each field in ``schema``.

    Paths are written like ``spec.interfaces[].dhcp.mac``, with ``{}`` for any key; types like ``string``,
    ``integer int64``. A field of no type, which takes anything, is ``any``.
    """
    if path:
        yield path, " ".join(filter(None, (schema.get("type") or "any", schema.get("format"))))
    for name, value in (schema.get("properties") or {}).items():
        yield from fields_of(value, f"{path}.{name}" if path else name)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), Mapping):
            yield from fields_of(schema[key], f"{path}{mark}")
