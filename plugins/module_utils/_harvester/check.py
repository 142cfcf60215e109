# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is wrong with a Harvester configuration, at once.

The installer itself drops in silence whatever key it does not know, and stops at the first value that it refuses, on
a console that nobody watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT, Problem, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import (
    documented,
    field_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import (
    NEWEST,
    OLDEST,
    is_known,
    parse_version,
    shown_version,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.agreement import disagreements
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import (
    CONFIGURATION,
    WHOLE,
    Field,
    Items,
    Named,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema_check import (
    MAX_DIGITS,
    Finding,
    misfits,
)


def check(document: Mapping[str, Any], version: str, *, token_later: bool = False) -> list[Problem]:
    """Return every problem and note of ``document`` for Harvester ``version``, as ``v1.8.2``.

    ``path`` of a problem is as in ``install.management_interface.method``; values that may be secret are never in it.
    ``token_later``: the token is filled in by somebody else, so that it may be missing.
    """
    if not isinstance(document, Mapping):
        return [Problem("should be a mapping with scheme_version, token, os and install")]
    number = parse_version(version)
    if number < OLDEST:
        known = f"{shown_version(OLDEST)} to {shown_version(NEWEST)}"
        return [Problem(f"Harvester {version} is older than what is known here, {known}")]
    findings: list[Finding] = list(misfits(document, number))
    told = {path for path, _value, _message, note in findings if not note}
    for finding in disagreements(as_documented(document), number, token_later=token_later):
        # What could not be read is not missing as well.
        if not any(path == finding[0] or path.startswith((f"{finding[0]}.", f"{finding[0]}[")) for path in told):
            findings.append(finding)
    if not is_known(number):
        findings.append(
            ("", ABSENT, f"Harvester {version} is not known here, and taken for {shown_version(NEWEST)}", True)
        )
    return [Problem(message, path=path, value=shown(value), note=note) for path, value, message, note in findings]


def as_documented(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``document`` with every key that the installer knows in the spelling of its documentation."""
    return _respelled(document, CONFIGURATION)


def with_numbers(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``document`` with numbers where it has text for one, as templates and INI files do.

    Before v1.8 the installer takes no other. Empty text there is the same as nothing.
    """
    return _numbered(document, CONFIGURATION)


def _numbered(value: Any, shape: Any) -> Any:
    if isinstance(shape, Field):
        return _numbered(value, shape.shape)
    if isinstance(shape, Items) and isinstance(value, list):
        return [_numbered(item, shape.fields) for item in value]
    if isinstance(shape, Named) and isinstance(value, Mapping):
        return {name: _numbered(child, shape.fields) for name, child in value.items()}
    if shape == WHOLE and isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < MAX_DIGITS else value
    if not isinstance(shape, dict) or not isinstance(value, Mapping):
        return value
    found = {}
    for key, child in value.items():
        name = field_of(key, shape) if isinstance(key, str) else None
        if name is None:
            found[key] = child
        elif not (shape[name].shape == WHOLE and isinstance(child, str) and not child.strip()):
            found[key] = _numbered(child, shape[name])
    return found


def _respelled(value: Any, shape: Any) -> Any:
    if isinstance(shape, Field):
        return _respelled(value, shape.shape)
    if isinstance(shape, Items) and isinstance(value, list):
        return [_respelled(item, shape.fields) for item in value]
    if isinstance(shape, Named) and isinstance(value, Mapping):
        return {name: _respelled(child, shape.fields) for name, child in value.items()}
    if not isinstance(shape, dict) or not isinstance(value, Mapping):
        return value
    found: dict[Any, Any] = {}
    for key, child in value.items():
        name = field_of(key, shape) if isinstance(key, str) else None
        if name is None:
            found[key] = child
            continue
        # One that is given twice stays so, in another spelling, for the check to tell.
        spellings = (documented(name), key, name, key.upper())
        unused = next((spelling for spelling in spellings if spelling not in found), key)
        found[unused] = _respelled(child, shape[name])
    return found
