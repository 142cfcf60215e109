# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that several modules take, held to what Kubernetes takes: one rule for each kind. Pure.

A rule takes an option's name and its value, and yields a sentence for each thing that is wrong with it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import (
    is_label_name,
    is_label_value,
    is_namespace,
    is_object_name,
)

# The grammar of distribution/reference: DOMAIN[:PORT]/PATH[:TAG][@DIGEST].
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/"
_NAME = rf"(?:{_DOMAIN})?{_PART}(?:/{_PART})*"
_IMAGE = re.compile(rf"(?P<name>{_NAME})(?::(?P<tag>{_TAG}))?(?P<digest>{_DIGEST})?", re.ASCII)
_TAG_AND_DIGEST = re.compile(rf"{_TAG}(?:{_DIGEST})?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*", re.ASCII)


def text_of(value: Any) -> Any:
    """Return text as Kubernetes wants it for what YAML has made a truth value or a whole number; others as they are.

    Of a number with a dot nobody knows how it was written, so it stays one, for the rules to tell.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, str)) else value


def texts_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of each value of a mapping."""
    return {str(name): text_of(value) for name, value in mapping.items()}


def labels(option: str, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Hold names and values to those of labels, as a selector of nodes has them."""
    for name, value in wanted.items():
        if not is_label_name(name):
            yield f"{option} has {name!r}, which is no name of a label such as kubernetes.io/arch"
        yield from text(f"{option}.{name}", value)
        if isinstance(value, str) and not is_label_value(value):
            yield (
                f"{option}.{name} is {value!r} but should be at most 63 letters, digits, dashes, underscores and dots, "
                "with a letter or digit at both ends"
            )


def environment(option: str, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Hold names and values to those of environment variables."""
    for name, value in wanted.items():
        if not _VARIABLE.fullmatch(name):
            yield f"{option} has {name!r}, which is no name of a variable"
        yield from text(f"{option}.{name}", value)


def text(option: str, value: Any) -> Iterator[str]:
    """Hold a value to text; see ``text_of`` for what is made that."""
    if value is None:
        yield f"{option} is empty: should be text, '' where it is none"
    elif not isinstance(value, str):
        yield f"{option} is {value!r} but should be text: put it in quotes"


def image(option: str, value: str, *, tag: bool = True) -> Iterator[str]:
    """Hold a value to the name of a container image; without ``tag`` neither a tag nor a digest may be there."""
    found = _IMAGE.fullmatch(value)
    if not value:
        yield f"{option} is empty, so there would be nothing to run"
    elif found is None:
        yield f"{option} is {value!r} but should be an image such as registry.example.org/team/name:tag"
    elif not tag and (found["tag"] or found["digest"]):
        yield f"{option} is {value!r} but should be {found['name']!r}: version says which of them"


def tag(option: str, value: str) -> Iterator[str]:
    """Hold a value to an image's tag, which may have a digest after it."""
    if not _TAG_AND_DIGEST.fullmatch(value):
        yield f"{option} is {value!r} but should be the tag of an image"


def port(option: str, value: int) -> Iterator[str]:
    if not 1 <= value <= 65535:
        yield f"{option} is {value} but should be between 1 and 65535"


def address(option: str, value: str) -> Iterator[str]:
    """Hold a value to an IPv4 or IPv6 address that a node can have."""
    try:
        found = ip_address(value)
    except ValueError:
        yield f"{option} is {value!r} but should be an IP address such as 10.10.0.20"
        return
    told = values.host_address(value) if isinstance(found, IPv4Address) else _of_ipv6(found)
    if told:
        yield f"{option} is {value!r}, which {told}"


def name(option: str, value: str) -> Iterator[str]:
    """Hold a value to the name of a namespace, or of an object that names others."""
    if not is_namespace(value):
        yield f"{option} is {value!r} but should be lower-case letters, digits and -"


def nodes(wanted: Sequence[Any], replicas: int) -> Iterator[str]:
    """Hold the options ``nodes`` and ``replicas`` against each other: no node runs two."""
    for place, node in enumerate(wanted):
        if not is_object_name(str(node)):
            yield f"nodes[{place}] is {node!r} but should be the name of a node"
    if replicas < 1:
        yield f"replicas is {replicas} but should be 1 or more"
    if wanted and replicas > len(set(wanted)):
        yield f"replicas is {replicas} but each needs a node of its own, and nodes names {len(wanted)}"


def _of_ipv6(found: IPv6Address) -> str:
    kinds = {
        "the unspecified address": found.is_unspecified,
        "a loopback address": found.is_loopback,
        "a multicast address": found.is_multicast,
        "a link-local address": found.is_link_local,
    }
    kind = next((kind for kind, applies in kinds.items() if applies), "")
    return f"is {kind}; should be one that a machine can have" if kind else ""
