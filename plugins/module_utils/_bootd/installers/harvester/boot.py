# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Harvester: what a machine loads and how its installer is started, from what its Hardware object says."""

from __future__ import annotations

from ...hardware import values
from ...hardware.cpu import cpu_called
from ...hardware.model import Nic, text_at
from .. import fields
from ..kernel_boot import KernelBoot, kernel_boot
from .kernel_line import Network, default_arguments
from .quirks import ARCH_NAMES, arch_refused, bios_refused
from .releases import DEFAULT_BASE_URL, TEMPLATES, release_url

_ARCH = "dhcp.arch"
_BASE_URL = "netboot.osie.baseURL"
_VERSION = "metadata.instance.operating_system.version"
_USERDATA = "metadata.instance.userdata"


def plan(nic: Nic, machine_arch: str, config_url: str = "") -> KernelBoot:
    """Return what the Harvester installer of ``nic`` is started with; raises FieldError where a field can't be used.

    The version is ``metadata.instance.operating_system.version``, the base ``netboot.osie.baseURL``; the arguments of
    ``netboot.osie.kernelParams`` and ``metadata.instance.userdata`` come after bootd's own and win over them.
    ``machine_arch`` is the machine's architecture by any name, ``config_url`` the installer's configuration, "" where
    none is kept for the machine.
    """
    interface, metadata = nic.interface, nic.machine.metadata
    osie = interface.netboot.osie
    arch = ARCH_NAMES.get(machine_arch)
    field = _ARCH if machine_arch == interface.arch else "the architecture that the machine says it has"
    if arch is None:
        raise fields.FieldError(field, "is neither x86_64 nor aarch64")
    base = fields.base_url(_BASE_URL, osie.base_url or DEFAULT_BASE_URL)
    version = fields.version(_VERSION, text_at(metadata, "instance", "operating_system", "version"))
    refused = arch_refused(version, arch)
    if refused:
        raise fields.FieldError(field, f"is {arch}: {refused}")
    release = release_url(version, base)
    urls = {
        role: f"{release}/{TEMPLATES[role].format(version=version, arch=arch)}"
        for role in ("kernel", "initrd", "rootfs")
    }
    wanted = fields.kernel_arguments("netboot.osie.kernelParams", " ".join(osie.kernel_params))
    wanted += fields.kernel_arguments(_USERDATA, text_at(metadata, "instance", "userdata"))
    if interface.vlan_id and values.vlan_id(interface.vlan_id):
        raise fields.FieldError("dhcp.vlan_id", "is not the number of one VLAN")
    network = Network(
        mac=interface.mac,
        address=interface.address,
        netmask=interface.netmask,
        gateway=interface.gateway,
        name_servers=interface.name_servers,
        vlan_id=interface.vlan_id,
    )
    defaults = default_arguments(version, urls["rootfs"], network, wanted, config_url)
    return kernel_boot(urls["kernel"], [urls["initrd"]], defaults, wanted, bios_refused(version), cpu=cpu_called(arch))
