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

from .command import CommandFailed, run

SHIM, GRUB = "shimx64.efi", "grubx64.efi"  # the names by which firmware and shim ask
GRUB_OF_DISKS = "disk/grubx64.efi"
_PROGRAMS = {
    SHIM: ("shim-signed", "usr/lib/shim/shimx64.efi.signed"),
    GRUB: ("grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
    GRUB_OF_DISKS: ("grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
}


def packages() -> list[str]:
    """Names and versions of the packages that are current, as ``shim-signed=1.51``."""
    return [f"{package}={_version(package)}" for package in sorted({package for package, _file in _PROGRAMS.values()})]


def programs(cache: Path) -> dict[str, Path]:
    """The programs by the names above, fetched with apt and kept below ``cache``."""
    chosen = packages()
    target = cache / "-".join(["secure-boot", *(re.sub(r"[^A-Za-z0-9.]+", "-", name) for name in chosen)])
    if not target.exists():
        _fetch(chosen, target, cache / f"{target.name}.new")
    return {name: target / name for name in _PROGRAMS}


def _fetch(chosen: list[str], target: Path, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    # apt would drop to a user of its own, who may not write here.
    run(["apt-get", "-o", "APT::Sandbox::User=root", "download", *chosen], cwd=scratch, timeout=600)
    root = scratch / "root"
    for archive in scratch.glob("*.deb"):
        run(["dpkg-deb", "--extract", str(archive), str(root)])
        archive.unlink()
    for name, (_package, file) in _PROGRAMS.items():
        (scratch / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(root / file, scratch / name)
    shutil.rmtree(root)
    # Renamed last, so that an interrupted fetch is never taken for a whole one.
    scratch.rename(target)


def _version(package: str) -> str:
    """The version of ``package`` that is current."""
    found = re.search(r"^Version: (\S+)", run(["apt-cache", "show", "--no-all-versions", package]).stdout, re.MULTILINE)
    if not found:
        raise CommandFailed(f"apt knows no {package}; run `apt-get update`")
    return found[1]
