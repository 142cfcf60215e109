# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a configuration against the table: keys the installer drops, values that it takes wrongly or not at all.

It reads YAML 1.2, turns text into truth values, lists of one item and, from v1.8 on, numbers, and refuses the whole
document where a text is a number. Source: pkg/config/coerce.go and schemas.go of harvester/harvester-installer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT, join
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import (
    documented,
    field_of,
    nearest,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import (
    Version,
    shown_version,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.nested_values import multipath
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import (
    CONFIGURATION,
    MULTIPATH,
    SCALARS,
    SWITCH,
    TEXT,
    TEXTS,
    WHOLE,
    Field,
    Items,
    Named,
)

Finding = tuple[str, Any, str, bool]  # path, value, message, whether it is only a note

MAX_FINDINGS = 200
MAX_DIGITS = 10  # of a number: one less than this fits into 32 bits whatever they are
_NUMBERS_OF_TEXT: Version = (1, 8)
_SWITCH_WORDS = ("true", "false", "yes", "no", "t", "f", "y", "n")


def misfits(document: Mapping[str, Any], version: Version) -> Iterator[Finding]:
    """Yield what in ``document`` does not fit the table at ``version``, at most MAX_FINDINGS."""
    for number, finding in enumerate(_mapping(document, CONFIGURATION, version, "")):
        if number == MAX_FINDINGS:
            yield "", ABSENT, "there is more wrong with this configuration than is shown", False
            return
        yield finding


def _mapping(value: Any, fields: dict[str, Field], version: Version, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield path, ABSENT, "should be a mapping", False
        return
    seen: dict[str, Any] = {}
    for key, child in value.items():
        below = join(path, key)
        name = field_of(key, fields) if isinstance(key, str) else None
        if name is None:
            yield below, ABSENT, f"unknown: Harvester drops it in silence{_meant(str(key), fields, path)}", False
        elif name in seen:
            yield below, ABSENT, f"the same as {seen[name]}, which is also given", False
        elif not _in_time(fields[name], version):
            yield below, ABSENT, _out_of_time(fields[name], version), False
        else:
            yield from _field(child, fields[name], version, below)
        seen.setdefault(name or "", key)


def _field(value: Any, field: Field, version: Version, path: str) -> Iterator[Finding]:
    """Yield what is wrong with the value of a key; null is the same as leaving it out."""
    if value is None or value == {} or value == []:
        return
    if isinstance(field.shape, dict):
        yield from _mapping(value, field.shape, version, path)
    elif isinstance(field.shape, Items):
        yield from _items(value, field.shape, version, path)
    elif isinstance(field.shape, Named):
        yield from _named(value, field.shape, version, path)
    elif field.shape == SCALARS:
        yield from _scalars(value, field, version, path)
    elif value != "" or field.shape == WHOLE:
        message = _KINDS[field.shape](value, version) or (field.rule(value) if field.rule else "")
        if message:
            yield path, _shown(value, field), message, False


def _items(value: Any, shape: Items, version: Version, path: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield path, ABSENT, "should be a list", False
        return
    for place, child in enumerate(value):
        yield from _mapping(child, shape.fields, version, f"{path}[{place}]")


def _named(value: Any, shape: Named, version: Version, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield path, ABSENT, "should be a mapping", False
        return
    for name, child in value.items():
        below = join(path, name)
        since = shape.known.get(name) if shape.known is not None else (0,)
        if since is None:
            meant = _nearest_end(str(name), shape.known or {})
            yield below, ABSENT, "unknown: Harvester drops it in silence" + meant, False
        elif version < since:
            yield below, ABSENT, f"not before {shown_version(since)}", False
        elif child is not None:
            yield from _mapping(child, shape.fields, version, below)


def _scalars(value: Any, field: Field, version: Version, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield path, ABSENT, "should be a mapping of names to text", False
        return
    rules = field.values or {}
    for name, child in value.items():
        below = join(path, name)
        rule = rules.get(name, field.rule)
        message = field.names(name, version) if field.names else ""
        if message:
            yield below, ABSENT, message, False
        elif isinstance(child, (Mapping, list)):
            yield below, ABSENT, "should be text: what is more than that, as JSON in quotes", False
        elif child is not None and rule and (told := rule(child)):
            yield below, _shown(child, field), told, False
        elif isinstance(child, float):
            # What was 1.10 is 1.1 by now, and nobody knows.
            shown = "" if field.secret else f" {child}"
            yield below, ABSENT, f"is a number and becomes the text{shown}: put it in quotes as it should be", True


def _in_time(field: Field, version: Version) -> bool:
    return field.since <= version and (field.until is None or version < field.until)


def _out_of_time(field: Field, version: Version) -> str:
    """Return since or until when a key is known, and what is in its place."""
    if version < field.since:
        instead = f"; until then it is {field.instead}" if field.instead else ""
        return f"not before {shown_version(field.since)}{instead}"
    instead = f": use {field.instead}" if field.instead else ""
    return f"no more since {shown_version(field.until or ())}{instead}"


def _meant(key: str, fields: dict[str, Field], path: str) -> str:
    """Return the key that was probably meant: one of the same mapping, else the same one at its right place."""
    near = nearest(key, fields)
    if near:
        return f": should this be {documented(near)}?"
    for place, others in _PLACES.items():
        name = field_of(key, others)
        if name and place != path:
            return f": should this be {join(place, documented(name))}?"
    return ""


def _nearest_end(name: str, known: Mapping[str, Any]) -> str:
    """Return the one of ``known`` that was probably meant by ``name``, which may lack its first word."""
    flat = name.replace("-", "_").lower()
    ends = [one for one in known if one.endswith(f"_{flat}")]
    meant = ends[0] if len(ends) == 1 else nearest(flat, known)
    return f": should this be {meant}?" if meant else ""


# Where keys are looked for that stand at the wrong place.
_PLACES: dict[str, dict[str, Field]] = {
    "": CONFIGURATION,
    "os": CONFIGURATION["os"].shape,
    "install": CONFIGURATION["install"].shape,
    "install.management_interface": CONFIGURATION["install"].shape["managementInterface"].shape,
    "install.harvester": CONFIGURATION["install"].shape["harvester"].shape,
    "install.harvester.longhorn.default_settings": (
        CONFIGURATION["install"].shape["harvester"].shape["longhorn"].shape["defaultSettings"].shape
    ),
}


def _shown(value: Any, field: Field) -> Any:
    """Return a value as far as it may be shown: no secret, no URL that holds a password."""
    return ABSENT if field.secret or (isinstance(value, str) and "@" in value) else value


def _text(value: Any, _version: Version) -> str:
    if isinstance(value, str):
        return ""
    if isinstance(value, (bool, int, float)):
        return "should be text: put it in quotes, for Harvester refuses a configuration that has a number here"
    return "should be text"


def _mac(value: Any, version: Version) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "should be text: put it in quotes, for YAML takes digits and colons for a number of base 60"
    return _text(value, version)


def _permissions(value: Any, version: Version) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
        return f"should be text, in quotes: YAML reads 0{value:03o} without them as {value}; should be '0{value:03o}'"
    return _text(value, version)


def _whole(value: Any, version: Version) -> str:
    """Hold a value against a number; from v1.8 on (NewToInt in schemas.go) the installer reads one out of a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return ""
    if value == "":
        return "should be a whole number, or be left out: Harvester refuses a configuration with an empty text here"
    if not (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < MAX_DIGITS):
        return "should be a whole number"
    return "" if version >= _NUMBERS_OF_TEXT else "should be a number, not as text before v1.8: leave out the quotes"


def _switch(value: Any, _version: Version) -> str:
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in _SWITCH_WORDS):
        return ""
    return "should be true or false"


def _texts(value: Any, _version: Version) -> str:
    """Hold a value against a list of text; the installer takes a text for a list of one."""
    if isinstance(value, str):
        return ""
    if not isinstance(value, list):
        return "should be a list"
    for place, item in enumerate(value):
        if not isinstance(item, (str, int, float)) or isinstance(item, bool):
            return f"number {place + 1} should be text"
    return ""


def _headers(value: Any, _version: Version) -> str:
    if not isinstance(value, Mapping):
        return "should be a mapping of names to lists"
    for name, items in value.items():
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            return f"{name} should be a list of text, and Harvester refuses a configuration where it is not"
    return ""


def _content(value: Any, _version: Version) -> str:
    return "" if isinstance(value, (str, bytes)) else "should be text"


_KINDS: dict[str, Callable[[Any, Version], str]] = {
    TEXT: _text,
    "mac": _mac,
    "permissions": _permissions,
    WHOLE: _whole,
    SWITCH: _switch,
    TEXTS: _texts,
    "headers": _headers,
    "content": _content,
    MULTIPATH: multipath,
}
