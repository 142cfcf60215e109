# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Harvester: where the files of a release are, and the kernel line its installer wants.

Releases are laid out as ``BASE/VERSION/harvester-VERSION-{vmlinuz,initrd,rootfs}-ARCH``, on releases.rancher.com and on
every mirror of it. Release files for arm64 exist from v1.3.
"""

from __future__ import annotations

from ..catalog import Nic
from ..hardware.model import text_at
from . import fields
from .linux import LinuxBoot, linux_boot

DEFAULT_BASE_URL = "https://releases.rancher.com/harvester"
_ARCHES = {"": "amd64", "x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

_BASE_URL = "netboot.osie.baseURL"
_VERSION = "metadata.instance.operating_system.version"
_USERDATA = "metadata.instance.userdata"


def plan(nic: Nic) -> LinuxBoot:
    """Return what the Harvester installer of ``nic`` is started with; raises FieldError where a field can't be used.

    The version is ``metadata.instance.operating_system.version``, the base ``netboot.osie.baseURL``; the arguments of
    ``netboot.osie.kernelParams`` and ``metadata.instance.userdata`` come after bootd's own and win over them.
    """
    osie, metadata = nic.interface.netboot.osie, nic.machine.metadata
    arch = _ARCHES.get(nic.interface.arch)
    if arch is None:
        raise fields.FieldError("dhcp.arch", "is neither x86_64 nor aarch64")
    base = fields.base_url(_BASE_URL, osie.base_url or DEFAULT_BASE_URL)
    version = fields.version(_VERSION, text_at(metadata, "instance", "operating_system", "version"))
    release = f"{base}/{version}/harvester-{version}"
    wanted = fields.kernel_arguments("netboot.osie.kernelParams", " ".join(osie.kernel_params))
    wanted += fields.kernel_arguments(_USERDATA, text_at(metadata, "instance", "userdata"))
    return linux_boot(
        kernel=f"{release}-vmlinuz-{arch}",
        initrd=f"{release}-initrd-{arch}",
        defaults=[
            f"root=live:{release}-rootfs-{arch}.squashfs",
            "rd.cos.disable",  # the live system is not an installed one
            "rd.noverifyssl",  # the initrd knows no certificate authorities
            "net.ifnames=1",  # interfaces keep their names in the installed system
            "console=tty1",
            "harvester.install.automatic=true",
        ],
        wanted=wanted,
    )
