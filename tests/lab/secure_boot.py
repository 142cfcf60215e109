# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's boot programs for Secure Boot: its shim, which Microsoft has signed, and its GRUB, which Debian has signed.

They are taken out of the packages as the archive has them. Nothing is installed: the packages' own scripts would put
them into the boot order of this host.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import debian
from .alone import alone

SHIM, GRUB = "shimx64.efi", "grubx64.efi"  # the names by which firmware and shim ask
GRUB_OF_DISKS = "disk/grubx64.efi"
_PROGRAMS = {
    SHIM: ("shim-signed", "usr/lib/shim/shimx64.efi.signed"),
    GRUB: ("grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
    GRUB_OF_DISKS: ("grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
}


def packages() -> list[str]:
    """Names and versions of the packages that are current, as ``shim-signed=1.51``."""
    return [
        f"{package}={debian.HOST.version(package)}"
        for package in sorted({package for package, _file in _PROGRAMS.values()})
    ]


def programs(cache: Path) -> dict[str, Path]:
    """The programs by the names above, fetched with apt and kept below ``cache``."""
    chosen = packages()
    target = cache / "-".join(["secure-boot", *(re.sub(r"[^A-Za-z0-9.]+", "-", name) for name in chosen)])
    with alone(target) as missing:
        if missing:
            _fetch(chosen, target, cache / f"{target.name}.new")
    return {name: target / name for name in _PROGRAMS}


def _fetch(chosen: list[str], target: Path, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    fetched = debian.HOST.download(scratch, *chosen)
    root = debian.unpack(fetched, scratch / "root")
    for package in fetched:
        package.unlink()
    for name, (_package, file) in _PROGRAMS.items():
        (scratch / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(root / file, scratch / name)
    shutil.rmtree(root)
    # Renamed last, so that an interrupted fetch is never taken for a whole one.
    scratch.rename(target)
