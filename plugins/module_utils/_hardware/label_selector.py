# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' label selectors, for objects that no API server selects. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Labels = Mapping[str, str]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?{_NAME}"
# One requirement up to the comma that ends it; kubernetes.io/docs/concepts/overview/working-with-objects/labels.
_REQUIREMENT = re.compile(
    rf"\s*(?:!\s*(?P<absent>{_KEY})"
    rf"|(?P<set_key>{_KEY})\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)"
    rf"|(?P<key>{_KEY})\s*(?:(?P<sign>==|=|!=)\s*(?P<value>(?:{_NAME})?))?)\s*(?P<end>,|$)",
    re.ASCII,
)


def matcher(selector: str) -> Callable[[Labels], bool]:
    """Return whether an object with given labels is selected, as a function; raises ValueError.

    ``selector`` is what ``kubectl --selector`` takes, such as ``role=server,rack in (b12, b13),!spare``. An empty one
    selects everything.
    """
    requirements = []
    position = 0
    while position < len(selector) and selector.strip():
        match = _REQUIREMENT.match(selector, position)
        ends_in_comma = match is not None and match["end"] == "," and match.end() == len(selector)
        if match is None or ends_in_comma:
            raise ValueError(f"label selector {selector!r}: {selector[position:].strip()!r} can't be read")
        requirements.append(_requirement(match))
        position = match.end()
    return lambda labels: all(holds(labels) for holds in requirements)


def _requirement(match: re.Match[str]) -> Callable[[Labels], bool]:
    if absent := match["absent"]:
        return lambda labels: absent not in labels
    key = match["key"] or match["set_key"]
    if match["operator"] is None and match["sign"] is None:
        return lambda labels: key in labels
    values = {value.strip() for value in (match["value"] if match["sign"] else match["values"]).split(",")}
    if match["operator"] == "notin" or match["sign"] == "!=":
        return lambda labels: labels.get(key) not in values
    return lambda labels: labels.get(key) in values
