# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine boots and installs: the fields that have to go together for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from ..decisions.boot_chains import ProgramKind, chain_of
from ..decisions.grub_limits import SCHEMES
from ..hardware import values
from ..hardware.field_check import MAX_NAME, Finding
from ..hardware.model import text_at
from ..hardware.problem import ABSENT
from ..hardware.written_spec import (
    INSTANCE,
    SYSTEM,
    has_own_files,
    has_own_kernel,
    has_own_script,
    instance,
    netbooting,
)
from ..installers.base import Installer
from ..installers.registry import INSTALLERS, meant_by


def check_software(spec: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with ``spec`` beside its interfaces, and with what these are told to boot."""
    yield from _check_disks(spec.get("disks"))
    distro = text_at(spec, "metadata", "instance", "operating_system", "distro")
    installer = meant_by(distro)
    misspelt = False
    for finding in _check_distro(spec, distro, installer):
        misspelt = misspelt or not finding[3]
        yield finding
    yield from installer.problems(spec)
    if not distro:
        yield from _check_arguments(text_at(spec, "metadata", "instance", "userdata"))
    if not misspelt:
        yield from _check_what_boots(spec, installer)
        yield from _check_vlans(spec, installer)
    yield from _check_grub(spec)
    url = text_at(spec, "metadata", "instance", "ipxe_script_url")
    message = values.script_url(url) if url else ""
    if message:
        yield f"{INSTANCE}.ipxe_script_url", url, message, False


def _check_distro(spec: dict[str, Any], distro: str, installer: Installer) -> Iterator[Finding]:
    """Yield that ``distro`` is no installer's, where it is nearly one's, or where nothing else says what to boot."""
    if installer.distro:
        if distro != installer.distro:
            yield f"{SYSTEM}.distro", distro, f"should be {installer.distro}", False
        return
    known = sorted(each.distro for each in INSTALLERS if each.distro)
    meant = get_close_matches(distro.strip().lower()[:MAX_NAME], known, n=1, cutoff=0.7)
    own = all(has_own_script(item) or has_own_kernel(item) for _path, item in netbooting(spec))
    if distro and not (own and not meant):
        suggestion = f": should this be {meant[0]}?" if meant else ""
        names = f"installers are known for {' and '.join(known)}; any other boots the kernel of netboot.osie"
        yield f"{SYSTEM}.distro", distro, f"unknown{suggestion} ({names})", own or not meant


def _check_arguments(userdata: str) -> Iterator[Finding]:
    """Yield that no distribution is named where ``userdata`` has the arguments of one's installer."""
    for installer in INSTALLERS:
        if installer.own_arguments and installer.own_arguments in userdata:
            written_for = f"userdata is written for {installer.distro.capitalize()}'s installer"
            yield f"{SYSTEM}.distro", ABSENT, f"missing: {written_for}; should be {installer.distro}", False


def _check_disks(disks: Any) -> Iterator[Finding]:
    for place, disk in enumerate(disks if isinstance(disks, list) else ()):
        if not isinstance(disk, dict):
            continue
        device = disk.get("device")
        path = f"spec.disks[{place}].device"
        if device in (None, ""):
            yield path, ABSENT, "missing: should be the disk's path, as in /dev/nvme0n1", False
        elif isinstance(device, str) and not re.fullmatch(r"/[!-~]+", device):
            yield path, device, "should be the disk's path, as in /dev/nvme0n1", False


def _check_vlans(spec: dict[str, Any], installer: Installer) -> Iterator[Finding]:
    """Yield that nobody tells an installer of its VLAN: firmware and iPXE are told by DHCP, and can't pass it on."""
    for path, item in netbooting(spec):
        tag = text_at(item, "dhcp", "vlan_id")
        osie = item["netboot"].get("osie")
        params = osie.get("kernelParams") if isinstance(osie, dict) else None
        if tag in ("", "0") or values.vlan_id(tag) or installer.tags_vlan or has_own_script(item):
            continue
        words = params if isinstance(params, list) else []
        if not any("vlan" in word for word in words if isinstance(word, str)):
            message = (
                "only firmware and iPXE are told; if its network is tagged, the installer needs arguments for that"
            )
            yield f"{path}.dhcp.vlan_id", tag, message, True


def _check_what_boots(spec: dict[str, Any], installer: Installer) -> Iterator[Finding]:
    script = text_at(spec, "metadata", "instance", "ipxe_script_url")
    known = bool(script) or not installer.needs_osie
    for path, item in netbooting(spec):
        if not (known or has_own_script(item) or has_own_files(item)):
            message = "true, but nothing says what to boot: operating_system.distro, netboot.ipxe or netboot.osie"
            yield f"{path}.netboot.allowPXE", ABSENT, message, False
    allow = instance(spec).get("allow_pxe")
    if isinstance(allow, bool) and allow != any(True for _unused in netbooting(spec)):
        message = "not read, and different from what netboot.allowPXE says, which decides"
        yield f"{INSTANCE}.allow_pxe", allow, message, True


def _check_grub(spec: dict[str, Any]) -> Iterator[Finding]:
    """Yield what an interface is to boot that GRUB can't, where its boot program leads to GRUB."""
    for path, item in netbooting(spec):
        binary = text_at(item, "netboot", "ipxe", "binary")
        if not any(link.kind is ProgramKind.GRUB for link in chain_of(binary)):
            continue
        if has_own_script(item) or text_at(spec, "metadata", "instance", "ipxe_script_url"):
            message = (
                "starts GRUB, which can't run a script for iPXE: let netboot.osie or an installer say what to boot"
            )
            yield f"{path}.netboot.ipxe.binary", binary, message, False
        for name in ("baseURL", "kernel", "initrd"):
            url = text_at(item, "netboot", "osie", name)
            scheme, separator, _rest = url.partition("://")
            if separator and scheme.lower() not in SCHEMES:
                message = f"{binary} starts GRUB, which loads by {' and '.join(SCHEMES)} only"
                yield f"{path}.netboot.osie.{name}", url, message, False
