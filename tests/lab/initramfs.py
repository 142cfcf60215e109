# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs of the stand-in for an operating system: busybox, a few modules and the scripts in `system/`."""

from __future__ import annotations

import gzip
from pathlib import Path

from .command import run
from .cpio import Archive
from .kernel import BUSYBOX, Kernel

SOURCES = Path(__file__).parent / "system"
MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "vfat", "nls_cp437", "nls_ascii", "nls_utf8")


def build(kernel: Kernel, busybox: Path = Path(BUSYBOX)) -> bytes:
    """The compressed initramfs for ``kernel``; ``busybox`` is the one of its architecture."""
    archive = Archive()
    for directory in ("bin", "dev", "etc", "lib", "lib/modules", "mnt", "proc", "sys", "tmp"):
        archive.directory(directory)
    archive.file("init", (SOURCES / "init").read_bytes(), executable=True)
    archive.file("lib/lease", (SOURCES / "lease").read_bytes(), executable=True)
    archive.file("lib/configuration.awk", (SOURCES / "configuration.awk").read_bytes())
    archive.file("lib/keys", (SOURCES / "keys").read_bytes())
    archive.file("bin/busybox", busybox.read_bytes(), executable=True)
    # The host's own lists them: both are built of one source with one configuration.
    for applet in run([BUSYBOX, "--list"]).stdout.split():
        if applet != "busybox":
            archive.link(f"bin/{applet}", "busybox")
    modules = kernel.modules(MODULES)
    for module in modules:
        archive.file(f"lib/modules/{module.name}", module.read_bytes())
    archive.file("lib/modules/order", "".join(f"{module.name}\n" for module in modules).encode())
    # Little is gained by compressing harder, and an emulated processor has to undo it.
    return gzip.compress(archive.finish(), compresslevel=6, mtime=0)
