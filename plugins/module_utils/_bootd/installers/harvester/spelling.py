# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The spellings of a key that Harvester's installer takes for the same, at each level of its configuration.

For a field ``sshAuthorizedKeys`` these are it, ``ssh_authorized_keys`` and ``sshauthorizedkeys``, each also without
the plural, and whatever differs from the field's own name in case alone. Source: FuzzyNames in pkg/config/rename.go
of harvester/harvester-installer, ToYAMLKey of rancher/mapper, and encoding/json, which ignores case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

MAX_NAME = 64  # characters; what is longer resembles no key
_PLURALS = ("s", "es")
# The documentation spells these otherwise than the rule below would.
_AS_DOCUMENTED = {
    "hwAddr": "hwAddr",
    "basicAuth": "basicAuth",
    "powerOff": "poweroff",
    "wipeDisks": "wipedisks",
    "externalStorageConfig": "externalStorageConfig",
    "multiPathConfig": "multiPathConfig",
    "additionalKernelArguments": "additionalKernelArguments",
    "guaranteedEngineManagerCPU": "guaranteedEngineManagerCPU",
    "guaranteedReplicaManagerCPU": "guaranteedReplicaManagerCPU",
    "guaranteedInstanceManagerCPU": "guaranteedInstanceManagerCPU",
    "storageReservedPercentageForDefaultDisk": "storageReservedPercentageForDefaultDisk",
    "enableGoCoverDir": "enableGoCoverDir",
}


def documented(name: str) -> str:
    """Return a field's name as Harvester's documentation spells it, as ``iso_url`` for ``isoUrl``."""
    return _AS_DOCUMENTED.get(name) or _snake(name)


def field_of(key: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names``, a table's fields, that the installer takes ``key`` for; None where it drops it."""
    return _spellings(tuple(names)).get(key) or _by_case(tuple(names)).get(key.lower())


def spelled(node: Mapping[str, Any], name: str) -> str:
    """Return the key under which ``node`` has the field ``name``; where it has none, that of the documentation."""
    return next((key for key in node if field_of(str(key), (name,)) == name), documented(name))


def nearest(key: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names`` that was probably meant by ``key``: nearly the same, or with the same words in it."""
    flat = {_flat(name): name for name in names}
    wanted = _flat(key)
    if wanted in flat:
        return flat[wanted]
    if len(key) > MAX_NAME:
        return None
    near = get_close_matches(wanted, flat, n=1, cutoff=0.7)
    if near:
        return flat[near[0]]
    words = _words(key)
    longer = [name for name in flat.values() if len(words) > 1 and _has(_words(name), words)]
    return longer[0] if len(longer) == 1 else None


@lru_cache(maxsize=64)
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        stems = [name, *(name[: -len(end)] for end in _PLURALS if name.endswith(end) and len(name) > len(end))]
        for stem in stems:
            for spelling in (stem.lower(), _snake(stem), _snake(stem).lower()):
                found.setdefault(spelling, name)
    return found


@lru_cache(maxsize=64)
def _by_case(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in names}


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() and place else char for place, char in enumerate(name))


def _words(name: str) -> list[str]:
    return [word for word in _snake(name).replace("-", "_").lower().split("_") if word]


def _has(words: list[str], some: list[str]) -> bool:
    return all(any(word.startswith(one) for word in words) for one in some)


def _flat(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
