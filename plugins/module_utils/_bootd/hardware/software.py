# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine boots and installs: the fields that have to go together for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..installers.harvester.quirks import ARCH_NAMES, arch_refused, bios_refused
from ..installers.harvester.versions import NEWEST, is_known, parse_version, shown_version
from . import values
from .model import text_at
from .problem import ABSENT
from .shape import Finding

HARVESTER = "harvester"
_INSTANCE = "spec.metadata.instance"
_SYSTEM = f"{_INSTANCE}.operating_system"
_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)+[A-Za-z0-9.+-]*", re.ASCII)


def check_software(spec: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with ``spec`` beside its interfaces, and with what these are told to boot."""
    yield from _check_disks(spec.get("disks"))
    distro = text_at(spec, "metadata", "instance", "operating_system", "distro")
    if distro.strip().lower() == HARVESTER:
        yield from _check_harvester(spec, distro)
    elif not distro and "harvester.install." in text_at(spec, "metadata", "instance", "userdata"):
        message = f"missing: userdata is written for Harvester's installer; should be {HARVESTER}"
        yield f"{_SYSTEM}.distro", ABSENT, message, False
    yield from _check_what_boots(spec, distro)
    url = text_at(spec, "metadata", "instance", "ipxe_script_url")
    message = values.script_url(url) if url else ""
    if message:
        yield f"{_INSTANCE}.ipxe_script_url", url, message, False


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


def _check_harvester(spec: dict[str, Any], distro: str) -> Iterator[Finding]:
    if distro != HARVESTER:
        yield f"{_SYSTEM}.distro", distro, f"should be {HARVESTER}", False
    version = _instance(spec)["operating_system"].get("version")
    if version is None or version == "":
        yield f"{_SYSTEM}.version", ABSENT, "missing: should be Harvester's release, as in v1.2.0", False
    elif not isinstance(version, str):
        pass  # told by the table of fields
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", version, re.ASCII):
        yield (
            f"{_SYSTEM}.version",
            version,
            "should be Harvester's release, as in v1.2.0: it becomes part of a URL",
            False,
        )
    elif _RELEASE.fullmatch(version):
        yield f"{_SYSTEM}.version", version, f"Harvester's releases begin with a v: v{version}?", True
    elif not is_known(parse_version(version)):
        message = f"not known here, and taken for {shown_version(NEWEST)}"
        yield f"{_SYSTEM}.version", version, message, True
    userdata = text_at(spec, "metadata", "instance", "userdata")
    message = values.one_line(userdata)
    if message:
        yield f"{_INSTANCE}.userdata", ABSENT, message, False
    for path, item in _netbooting(spec):
        yield from _check_machine(path, item, version if isinstance(version, str) else "")
        if not text_at(item, "netboot", "osie", "baseURL") and not _own_script(item):
            message = "missing: Harvester is then loaded from releases.rancher.com, by HTTPS, which few iPXE know"
            yield f"{path}.netboot.osie.baseURL", ABSENT, message, True


def _check_machine(path: str, item: dict[str, Any], version: str) -> Iterator[Finding]:
    """Yield why this version does not install on a machine of this kind."""
    arch = text_at(item, "dhcp", "arch")
    if arch not in ARCH_NAMES:
        yield f"{path}.dhcp.arch", arch, "should be x86_64 or aarch64, which Harvester is released for", False
    elif version and (refused := arch_refused(version, ARCH_NAMES[arch])):
        yield f"{path}.dhcp.arch", arch, refused, False
    dhcp = item.get("dhcp")
    refused = bios_refused(version) if version and isinstance(dhcp, dict) and dhcp.get("uefi") is False else ""
    if refused and not _own_script(item):
        yield f"{path}.dhcp.uefi", False, refused, False


def _check_what_boots(spec: dict[str, Any], distro: str) -> Iterator[Finding]:
    script = text_at(spec, "metadata", "instance", "ipxe_script_url")
    known = bool(script) or distro.strip().lower() == HARVESTER
    for path, item in _netbooting(spec):
        if not (known or _own_script(item) or _own_files(item)):
            message = "true, but nothing says what to boot: operating_system.distro, netboot.ipxe or netboot.osie"
            yield f"{path}.netboot.allowPXE", ABSENT, message, False
    allow = _instance(spec).get("allow_pxe")
    if isinstance(allow, bool) and allow != any(True for _unused in _netbooting(spec)):
        message = "not read, and different from what netboot.allowPXE says, which decides"
        yield f"{_INSTANCE}.allow_pxe", allow, message, True


def _instance(spec: dict[str, Any]) -> dict[str, Any]:
    metadata = spec.get("metadata")
    instance = metadata.get("instance") if isinstance(metadata, dict) else None
    return instance if isinstance(instance, dict) else {}


def _netbooting(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and value of every interface that may boot from the network."""
    interfaces = spec.get("interfaces")
    for place, item in enumerate(interfaces if isinstance(interfaces, list) else ()):
        netboot = item.get("netboot") if isinstance(item, dict) else None
        if isinstance(netboot, dict) and netboot.get("allowPXE") is True:
            yield f"spec.interfaces[{place}]", item


def _own_files(item: dict[str, Any]) -> bool:
    kernel = any(text_at(item, "netboot", "osie", name) for name in ("baseURL", "kernel"))
    return kernel or bool(text_at(item, "dhcp", "boot_file_name"))


def _own_script(item: dict[str, Any]) -> bool:
    return any(text_at(item, "netboot", "ipxe", name) for name in ("url", "contents"))
