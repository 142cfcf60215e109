# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iPXE for ARM as Debian ships it: from Debian 13 on, in a package that is the same for every architecture."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import debian

SUITE = "trixie"
FILE = "ipxe-arm64.efi"


def program(cache: Path) -> Path:
    """The program, below ``cache``; fetched once."""
    target = cache / SUITE / FILE
    if not target.exists():
        scratch = cache / f"{SUITE}.new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        packages = debian.archive(cache, "arm64", SUITE).download(scratch, "ipxe")
        found = debian.unpack(packages, scratch / "root") / "usr/lib/ipxe" / FILE
        target.parent.mkdir(exist_ok=True)
        found.rename(target)
        shutil.rmtree(scratch)
    return target
