# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image host serves: a kernel, an initramfs and a root file system under Harvester's names.

The operating system in them is a stand-in, made here; the kernel is Debian's. They are built once and kept.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from . import disk, initramfs, kernel

VERSION = "v1.2.0"
KERNEL = f"harvester-{VERSION}-vmlinuz-amd64"
INITRD = f"harvester-{VERSION}-initrd-amd64"
# In truth a disk image, which the stand-in installer writes as it is.
ROOTFS = f"harvester-{VERSION}-rootfs-amd64.squashfs"


def build(cache: Path) -> Path:
    """Return the directory with the three files, below ``cache``; they are built if anything in them has changed."""
    chosen = kernel.package()
    target = cache / f"artifacts-{_key(chosen)}"
    if not target.exists():
        _build(chosen, target, scratch=cache / f"{target.name}.new")
    return target


def publish(artifacts: Path, directory: Path) -> None:
    """Lay the artifacts out in ``directory`` as the image host serves them, as symbolic links."""
    files = directory / "harvester" / VERSION
    files.mkdir(parents=True, exist_ok=True)
    for name in (KERNEL, INITRD, ROOTFS):
        link = files / name
        link.unlink(missing_ok=True)
        link.symlink_to((artifacts / name).resolve())


def _build(chosen: str, target: Path, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    unpacked = kernel.unpack(chosen, scratch / "kernel")
    shutil.copyfile(unpacked.image, scratch / KERNEL)
    (scratch / INITRD).write_bytes(initramfs.build(unpacked))
    disk.build(scratch / ROOTFS, scratch / KERNEL, scratch / INITRD)
    for part in scratch.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
    # Renamed last, so that an interrupted build is never taken for a whole one.
    scratch.rename(target)


def _key(chosen: str) -> str:
    """A name for what the artifacts are made of: the kernel package, busybox, and the code and scripts of this lab."""
    digest = hashlib.sha256(chosen.encode())
    sources = [Path(module.__file__) for module in (kernel, initramfs, disk, sys.modules[__name__])]
    sources += [Path(__file__).with_name("cpio.py"), *sorted(initramfs.SOURCES.iterdir()), Path(kernel.BUSYBOX)]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
