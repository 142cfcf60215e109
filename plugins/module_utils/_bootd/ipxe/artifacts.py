# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a URL leads to, told from its file name alone: servers, scripts and the syslog reader say it the same way."""

from __future__ import annotations

from urllib.parse import urlsplit

_BY_SUFFIX = ((".squashfs", "rootfs"), (".iso", "iso"), (".ipxe", "other"))
_BY_WORD = (
    ("rootfs", "rootfs"),
    ("initrd", "initrd"),
    ("initramfs", "initrd"),
    ("vmlinu", "kernel"),
    ("bzimage", "kernel"),
    ("linux", "kernel"),
)


def role_of(url: str) -> str:
    """Return ``kernel``, ``initrd``, ``rootfs``, ``iso`` or ``other`` for a URL or path."""
    name = plain(url).rpartition("/")[2].lower()
    for suffix, role in _BY_SUFFIX:
        if name.endswith(suffix):
            return role
    return next((role for word, role in _BY_WORD if word in name), "other")


def plain(url: str) -> str:
    """Return ``url`` without query and fragment, which may hold secrets and which old iPXE re-encodes wrongly."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0].partition("#")[0]
    return parts._replace(query="", fragment="").geturl()
