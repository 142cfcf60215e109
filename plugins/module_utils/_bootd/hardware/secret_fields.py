# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What in a Hardware object may hold a password or a token: the one list for checks, diffs and logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .problem import ABSENT

HIDDEN, ANOTHER = "(hidden)", "(hidden, another)"

SECRET_FIELDS = (
    "spec.interfaces[].netboot.ipxe.contents",
    "spec.interfaces[].netboot.osie.kernelParams",
    "spec.interfaces[].netboot.pxelinux.config",
    "spec.interfaces[].netboot.rpi.configTxt",
    "spec.metadata.instance.crypted_root_password",
    "spec.metadata.instance.storage.filesystems[].mount.files[].contents",
    "spec.metadata.instance.userdata",
    "spec.userData",
    "spec.vendorData",
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # kubectl's copy of the whole object


_PLACE = re.compile(r"\[[0-9]+\]")


def _flat(name: str) -> str:
    return re.sub(r"[_-]|\[\]", "", name).lower()


# By their last names alone, however those are spelled: what was written to the wrong place is as secret.
_NAMES = frozenset(_flat(field.rpartition(".")[2]) for field in (*SECRET_FIELDS, ".kernel_args"))  # as inventories say
# What they are in. Text that stands there by mistake was meant for one of them.
_AROUND = frozenset(field[: end.start()] for field in SECRET_FIELDS for end in re.finditer(r"\[\]|\.", field))


def is_secret(path: str) -> bool:
    """Return whether a value at ``path``, as in ``spec.interfaces[0].netboot.ipxe.contents``, is not to be shown.

    Text in the place of a mapping or list with secrets is not shown either.
    """
    general = _PLACE.sub("[]", path)
    head, _dot, rest = general.partition(".")
    return general in _AROUND or (head != "metadata" and any(_flat(name) in _NAMES for name in rest.split(".")))


def hidden(document: Mapping[str, Any], before: Any = ABSENT) -> dict[str, Any]:
    """Return a copy of an object in which HIDDEN stands for all that is secret.

    With ``before``, an earlier state of it, ANOTHER stands for what was there and has changed.
    """
    return {
        key: _without_copies(value) if key == "metadata" else _hidden(value, _at(before, key), str(key))
        for key, value in document.items()
    }


def word_for(value: Any, before: Any = ABSENT) -> str:
    """Return what to show for a secret whose earlier value, if there was one, is ``before``."""
    return HIDDEN if before is ABSENT or before == value else ANOTHER


def _hidden(value: Any, before: Any, path: str) -> Any:
    if _flat(path.rpartition(".")[2]) in _NAMES:
        return word_for(value, before)
    if isinstance(value, Mapping):
        return {key: _hidden(child, _at(before, key), f"{path}.{key}") for key, child in value.items()}
    if isinstance(value, list):
        return [_hidden(child, _at(before, place), f"{path}[]") for place, child in enumerate(value)]
    return word_for(value, before) if isinstance(value, str) and path in _AROUND else value


def _without_copies(meta: Any) -> Any:
    annotations = meta.get("annotations") if isinstance(meta, Mapping) else None
    if not isinstance(annotations, Mapping) or LAST_APPLIED not in annotations:
        return meta
    return {**meta, "annotations": {**annotations, LAST_APPLIED: HIDDEN}}


def _at(node: Any, step: Any) -> Any:
    if isinstance(node, Mapping):
        return node.get(step, ABSENT)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return ABSENT
