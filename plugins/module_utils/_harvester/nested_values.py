# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that are documents of their own, which the installer parses a second time: "" where it can, else why not.

There it knows each key by the name in its Go struct alone, in any case; others it drops in silence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import nearest
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import Version

Part = Callable[[Any, str], Iterator[str]]  # takes a value and its path, yields what is wrong with it

_MAPPING_SINCE: Version = (1, 7)  # of multiPathConfig; struct v1.7.0


def containerd_registry(value: object) -> str:
    """Hold the setting against JSON as ``{"Mirrors": {"docker.io": {"Endpoints": ["https://r.example.org"]}}}``.

    Source: checkSystemSettings in the installer's validator.go, from v1.2.2 on; registries.Registry of rancher/wharfie.
    """
    try:
        document = json.loads(str(value))
    except (ValueError, RecursionError):
        return 'should be JSON, as in {"Mirrors": {"docker.io": {"Endpoints": ["https://registry.example.org"]}}}'
    return next(_REGISTRY(document, ""), "")


def multipath(value: object, version: Version) -> str:
    """Hold ``multiPathConfig`` against a list of disks, or, from v1.7 on, a mapping of such lists, also as JSON.

    Source: ExternalStorageConfig and ParseMultiPathConfig in config.go.
    """
    if version < _MAPPING_SINCE and not isinstance(value, list):
        return "should be a list of {vendor, product}; a mapping is not known before v1.7"
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return "should be a list, a mapping, or JSON of either"
    if isinstance(value, list):
        return next(_DISKS(value, ""), "")
    return next(_MULTIPATH(value, ""), "")


def _text(value: Any, path: str) -> Iterator[str]:
    if value is not None and not isinstance(value, str):
        yield f"{path} should be text"


def _anything(_value: Any, _path: str) -> Iterator[str]:
    yield from ()


def _texts(value: Any, path: str) -> Iterator[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        yield f"{path} should be a list of text"


def _list_of(part: Part) -> Part:
    def check(value: Any, path: str) -> Iterator[str]:
        if value is not None and not isinstance(value, list):
            yield f"{path or 'it'} should be a list"
            return
        for place, item in enumerate(value or ()):
            yield from part(item, f"{path}[{place}]")

    return check


def _named(part: Part) -> Part:
    def check(value: Any, path: str) -> Iterator[str]:
        if value is not None and not isinstance(value, Mapping):
            yield f"{path} should be a mapping"
            return
        for name, item in (value or {}).items():
            yield from part(item, f"{path}.{name}")

    return check


def _struct(parts: Mapping[str, Part], *, open_to_others: bool = False) -> Part:
    by_name = {name.lower(): part for name, part in parts.items()}

    def check(value: Any, path: str) -> Iterator[str]:
        if value is not None and not isinstance(value, Mapping):
            yield f"{path or 'it'} should be a mapping"
            return
        for key, item in (value or {}).items():
            below = f"{path}.{key}".lstrip(".")
            part = by_name.get(str(key).lower())
            if part is not None:
                yield from part(item, below)
            elif not open_to_others:
                meant = nearest(str(key), parts) or " or ".join(parts)
                yield f"{below} is dropped in silence: should be {meant}"

    return check


_DISKS = _list_of(_struct({"vendor": _text, "product": _text}))
_MULTIPATH = _struct(
    {
        "blacklist": _DISKS,
        "blacklistWwids": _texts,
        "blacklistExceptions": _DISKS,
        "blacklistExceptionWwids": _texts,
    }
)
_MIRROR = _struct({"Endpoints": _texts, "Rewrites": _named(_text)}, open_to_others=True)
_REGISTRY = _struct({"Mirrors": _named(_MIRROR), "Configs": _named(_anything), "Auths": _named(_anything)})
