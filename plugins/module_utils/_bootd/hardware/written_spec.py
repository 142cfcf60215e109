# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the ``spec`` of a Hardware object says of booting, as it was written: anything may stand in it. For checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .model import text_at

INSTANCE = "spec.metadata.instance"
SYSTEM = f"{INSTANCE}.operating_system"


def instance(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metadata.instance``, empty where it is no mapping."""
    metadata = spec.get("metadata")
    instance = metadata.get("instance") if isinstance(metadata, dict) else None
    return instance if isinstance(instance, dict) else {}


def netbooting(spec: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and value of every interface that may boot from the network."""
    interfaces = spec.get("interfaces")
    for place, item in enumerate(interfaces if isinstance(interfaces, list) else ()):
        netboot = item.get("netboot") if isinstance(item, dict) else None
        if isinstance(netboot, dict) and netboot.get("allowPXE") is True:
            yield f"spec.interfaces[{place}]", item


def has_own_files(item: dict[str, Any]) -> bool:
    """Return whether an interface says which files to boot."""
    kernel = any(text_at(item, "netboot", "osie", name) for name in ("baseURL", "kernel"))
    return kernel or bool(text_at(item, "dhcp", "boot_file_name"))


def has_own_kernel(item: dict[str, Any]) -> bool:
    """Return whether an interface names the kernel or the boot file itself, not only where one would be."""
    return bool(text_at(item, "netboot", "osie", "kernel") or text_at(item, "dhcp", "boot_file_name"))


def has_own_script(item: dict[str, Any]) -> bool:
    """Return whether an interface has an iPXE script of its own."""
    return any(text_at(item, "netboot", "ipxe", name) for name in ("url", "contents"))
