# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Any kernel and initrd, as ``netboot.osie`` names them: what boots machines that no other installer is for."""

from __future__ import annotations

from ..hardware import cpu
from ..hardware.model import Nic
from . import fields
from .base import Installer
from .kernel_boot import KernelBoot, kernel_boot

_BASE_URL = "netboot.osie.baseURL"


class Linux(Installer):
    """A kernel and initrd of anybody's own. What they do then, bootd does not know."""

    distro = ""
    name = "netboot.osie"
    does = "boots the kernel of netboot.osie"
    needs_osie = True

    def boot(self, nic: Nic, configuration_url: str, arch: str) -> KernelBoot:
        """Return what ``netboot.osie`` asks for; see ``Installer``."""
        return plan(nic, arch)


def plan(nic: Nic, arch: str) -> KernelBoot:
    """Return what ``netboot.osie`` of ``nic`` asks for; raises FieldError where a field can't be used.

    ``kernel`` and ``initrd`` are URLs, or paths below ``baseURL``; where one is missing it is ``vmlinuz-ARCH`` or
    ``initramfs-ARCH`` there, as in Tinkerbell's own installation system. The kernel's arguments are ``kernelParams``.
    """
    osie = nic.interface.netboot.osie
    arch = fields.version("dhcp.arch", arch or cpu.X86_64)
    return kernel_boot(
        kernel=fields.path_or_url("netboot.osie.kernel", osie.kernel or f"vmlinuz-{arch}", osie.base_url, _BASE_URL),
        initrds=[
            fields.path_or_url("netboot.osie.initrd", osie.initrd or f"initramfs-{arch}", osie.base_url, _BASE_URL)
        ],
        defaults=[],
        wanted=fields.kernel_arguments("netboot.osie.kernelParams", " ".join(osie.kernel_params)),
        cpu="" if osie.kernel and osie.initrd else cpu.cpu_called(arch) or arch,
    )
