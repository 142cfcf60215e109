# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``netboot.osie``: any kernel and initrd, by default with the file names of Tinkerbell's own installation system."""

from __future__ import annotations

from ..catalog import Nic
from . import fields
from .kernel_boot import KernelBoot, kernel_boot

_BASE_URL = "netboot.osie.baseURL"
DEFAULT_ARCH = "x86_64"


def plan(nic: Nic) -> KernelBoot:
    """Return what ``netboot.osie`` of ``nic`` asks for; raises FieldError where a field can't be used.

    ``kernel`` and ``initrd`` are URLs, or paths below ``baseURL``; where one is missing it is ``vmlinuz-ARCH`` or
    ``initramfs-ARCH`` there. The kernel's arguments are ``kernelParams``.
    """
    osie = nic.interface.netboot.osie
    arch = fields.version("dhcp.arch", nic.interface.arch or DEFAULT_ARCH)
    return kernel_boot(
        kernel=fields.path_or_url("netboot.osie.kernel", osie.kernel or f"vmlinuz-{arch}", osie.base_url, _BASE_URL),
        initrds=[
            fields.path_or_url("netboot.osie.initrd", osie.initrd or f"initramfs-{arch}", osie.base_url, _BASE_URL)
        ],
        defaults=[],
        wanted=fields.kernel_arguments("netboot.osie.kernelParams", " ".join(osie.kernel_params)),
    )
