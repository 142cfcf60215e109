# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iPXE for ARM as Debian ships it: from Debian 13 on, in a package that is the same for every architecture."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import debian
from .alone import alone

SUITE = "trixie"
FILE = "ipxe-arm64.efi"


def program(cache: Path) -> Path:
    """The program, below ``cache``; fetched once."""
    target = cache / SUITE / FILE
    with alone(target) as missing:
        if missing:
            _fetch(cache, target)
    return target


def _fetch(cache: Path, target: Path) -> None:
    scratch = cache / f"{SUITE}.new"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    packages = debian.archive(cache, "arm64", SUITE).download(scratch, "ipxe")
    found = debian.unpack(packages, scratch / "root") / "usr/lib/ipxe" / FILE
    found.rename(target)
    shutil.rmtree(scratch)
