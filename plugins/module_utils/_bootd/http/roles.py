# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What part of an operating system a file is, by its name. Pure."""

from __future__ import annotations

# Looked for in this order: an initrd's name often has "kernel" or the distribution's "linux" in it too.
_ROLES = (
    ("rootfs", ("rootfs", "squashfs")),
    ("initrd", ("initrd", "initramfs")),
    ("kernel", ("vmlinuz", "vmlinux", "bzimage", "kernel")),
)


def role_of(name: str) -> str:
    """Return kernel, initrd, rootfs, iso or other for a path or URL."""
    base = name.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    if base.endswith(".iso"):
        return "iso"
    for role, marks in _ROLES:
        if any(mark in base for mark in marks):
            return role
    return "kernel" if base == "linux" else "other"
