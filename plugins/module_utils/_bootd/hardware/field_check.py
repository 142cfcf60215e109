# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Compares an object with the table of fields: finds unknown names, and values of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from .fields import HARDWARE, Named
from .model import is_text
from .problem import ABSENT, join

Finding = tuple[str, Any, str, bool]  # path, value, message, whether it is only a note

_KINDS = {str: "text", int: "a whole number", bool: "true or false", dict: "a mapping", list: "a list"}
MAX_FINDINGS = 200  # of one object
MAX_NAME = 64  # characters; what is longer resembles no field


def misfits(document: dict[str, Any]) -> Iterator[Finding]:
    """Yield what in ``document`` does not fit the table, at most MAX_FINDINGS."""
    for number, finding in enumerate(_compare(document, HARDWARE, "")):
        if number == MAX_FINDINGS:
            yield "", ABSENT, "there is more wrong with this object than is shown", False
            return
        yield finding


def _compare(value: Any, shape: Any, path: str) -> Iterator[Finding]:
    if value is None or shape is object:
        return  # null is the same as leaving the field out
    if isinstance(shape, dict):
        yield from _compare_fields(value, shape, path)
    elif isinstance(shape, Named):
        yield from _compare_named(value, shape, path)
    elif isinstance(shape, list):
        yield from _compare_list(value, shape[0], path)
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        yield path, value, _wrong_kind(value, shape), False
    elif shape is str and not is_text(value):
        yield path, value, "left out: it has half a character (a surrogate alone), which can't be sent", False


def _compare_fields(value: Any, shape: dict[str, Any], path: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield path, value, f"should be a mapping with {_fields(shape)}", False
        return
    for name, child in value.items():
        below = join(path, name)
        if isinstance(name, str) and name in shape:
            yield from _compare(child, shape[name], below)
        else:
            yield below, ABSENT, f"unknown field, ignored{_suggestion(str(name), shape)}", True


def _compare_named(value: Any, shape: Named, path: str) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield path, value, "should be a mapping", False
        return
    for name, child in value.items():
        yield from _compare(child, shape.shape, join(path, name))


def _compare_list(value: Any, shape: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield path, value, "should be a list", False
        return
    for place, child in enumerate(value):
        if child is None:
            yield f"{path}[{place}]", None, "an empty entry in a list", False
        yield from _compare(child, shape, f"{path}[{place}]")


def _fields(shape: dict[str, Any]) -> str:
    names = list(shape)
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _suggestion(name: str, shape: dict[str, Any]) -> str:
    """Return what was probably meant: case and underscores confuse, since Tinkerbell's names mix both."""
    flat = {field.replace("_", "").lower(): field for field in shape}
    meant = flat.get(name.replace("_", "").replace("-", "").lower())
    if meant is None and len(name) <= MAX_NAME:
        near = get_close_matches(name, shape, n=1, cutoff=0.75)
        meant = near[0] if near else None
    return f": should this be {meant}?" if meant else ""


def _wrong_kind(value: Any, kind: type) -> str:
    if kind is str and isinstance(value, (bool, int, float)):
        return "should be text: put it in quotes"
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false", "yes", "no", "on", "off"):
        return "should be true or false, without quotes"
    if kind is int and isinstance(value, str) and value.isdecimal():
        return "should be a whole number, without quotes"
    return f"should be {_KINDS[kind]}"
