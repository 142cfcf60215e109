# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The metadata tree that Hegel offers in the form of EC2's version 2009-04-04. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hardware.model import Nic, is_text, text_at

USER_DATA = "user-data"
_OS = "meta-data/operating-system"
# Leaf -> where it stands in spec.metadata.
_TEXTS = {
    "meta-data/facility": ("facility", "facility_code"),
    "meta-data/plan": ("facility", "plan_slug"),
    "meta-data/iqn": ("instance", "iqn"),
    f"{_OS}/slug": ("instance", "operating_system", "slug"),
    f"{_OS}/distro": ("instance", "operating_system", "distro"),
    f"{_OS}/version": ("instance", "operating_system", "version"),
    f"{_OS}/image_tag": ("instance", "operating_system", "image_tag"),
    f"{_OS}/license_activation/state": ("instance", "operating_system", "license_activation", "state"),
}
_LISTS = {"meta-data/tags": ("instance", "tags"), "meta-data/public-keys": ("instance", "ssh_keys")}
_ADDRESSES = {
    "meta-data/local-ipv4": (4, False),
    "meta-data/public-ipv4": (4, True),
    "meta-data/public-ipv6": (6, True),
}
_NAMES = ("meta-data/instance-id", "meta-data/hostname", "meta-data/local-hostname")
LEAVES = frozenset((USER_DATA, *_TEXTS, *_LISTS, *_ADDRESSES, *_NAMES))


def listing(path: str) -> str | None:
    """Return the children of the directory ``path``, one a line, directories with a slash; None where it is none."""
    prefix = f"{path}/" if path else ""
    children = {leaf[len(prefix) :] for leaf in LEAVES if leaf.startswith(prefix)}
    if not children:
        return None
    return "\n".join(sorted({child.partition("/")[0] + ("/" if "/" in child else "") for child in children}))


def value(leaf: str, nic: Nic) -> str:
    """Return what the machine of ``nic`` has at ``leaf``, one of LEAVES; "" where its object does not say."""
    metadata = nic.machine.metadata
    if leaf == USER_DATA:
        return nic.machine.user_data or ""
    if leaf in _TEXTS:
        return text_at(metadata, *_TEXTS[leaf])
    if leaf in _LISTS:
        items = _at(metadata, *_LISTS[leaf])
        return "\n".join(filter(is_text, items)) if isinstance(items, list) else ""
    if leaf in _ADDRESSES:
        family, public = _ADDRESSES[leaf]
        return _address(metadata, family, public) or (nic.interface.address if leaf.endswith("/local-ipv4") else "")
    if leaf == "meta-data/instance-id":
        return text_at(metadata, "instance", "id") or nic.machine.name
    return text_at(metadata, "instance", "hostname") or nic.interface.hostname or nic.machine.name


def storage(nic: Nic) -> dict[str, Any]:
    """Return the document of ``/metadata``: the disk layout and nothing else, as Hegel has it for its rootio action."""
    layout = _at(nic.machine.metadata, "instance", "storage")
    return {"metadata": {"instance": {"storage": layout if isinstance(layout, Mapping) else {}}}}


def _address(metadata: Mapping[str, Any], family: int, public: bool) -> str:
    entries = _at(metadata, "instance", "ips")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping) or entry.get("family") != family:
            continue
        # An IPv6 address is handed out whether or not it is called public.
        if family == 6 or (entry.get("public") is True) is public:
            return text_at(entry, "address")
    return ""


def _at(node: Any, *path: str) -> Any:
    for step in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(step)
    return node
