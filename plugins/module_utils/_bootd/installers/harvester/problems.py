# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What keeps Harvester from being installed on a machine, as its Hardware object describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...hardware import values
from ...hardware.field_check import Finding
from ...hardware.model import text_at
from ...hardware.problem import ABSENT
from ...hardware.written_spec import INSTANCE, SYSTEM, has_own_script, instance, netbooting
from .quirks import ARCH_NAMES, arch_refused, bios_refused
from .versions import NEWEST, is_known, parse_version, shown_version

_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)+[A-Za-z0-9.+-]*", re.ASCII)


def problems(spec: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with ``spec``, that of a machine which is to install Harvester."""
    version = instance(spec)["operating_system"].get("version")
    if version is None or version == "":
        yield f"{SYSTEM}.version", ABSENT, "missing: should be Harvester's release, as in v1.2.0", False
    elif not isinstance(version, str):
        pass  # told by the table of fields
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", version, re.ASCII):
        yield (
            f"{SYSTEM}.version",
            version,
            "should be Harvester's release, as in v1.2.0: it becomes part of a URL",
            False,
        )
    elif _RELEASE.fullmatch(version):
        yield f"{SYSTEM}.version", version, f"Harvester's releases begin with a v: v{version}?", True
    elif not is_known(parse_version(version)):
        message = f"not known here, and taken for {shown_version(NEWEST)}"
        yield f"{SYSTEM}.version", version, message, True
    userdata = text_at(spec, "metadata", "instance", "userdata")
    message = values.one_line(userdata)
    if message:
        yield f"{INSTANCE}.userdata", ABSENT, message, False
    for path, item in netbooting(spec):
        yield from _check_machine(path, item, version if isinstance(version, str) else "")
        if not text_at(item, "netboot", "osie", "baseURL") and not has_own_script(item):
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
    if refused and not has_own_script(item):
        yield f"{path}.dhcp.uefi", False, refused, False
