# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image host serves: a kernel, an initramfs, a root file system and an ISO under Harvester's names.

The operating system in them is a stand-in, made here; the kernel is Debian's. They are built once and kept.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from . import disk, initramfs, kernel, secure_boot

VERSION = "v1.2.0"
# What is kept, by the ending of its published name.
KERNEL, INITRD, ROOTFS, ISO = "vmlinuz-amd64", "initrd-amd64", "rootfs-amd64.squashfs", "amd64.iso"
SUMS = "amd64.sha512"
# Nobody looks into it: dracut's part of the boot is to fetch it.
ROOTFS_CONTENT = b"hsqs" + bytes(4 << 20)


def build(cache: Path) -> Path:
    """Return the directory with the four files, below ``cache``; they are built if anything in them has changed."""
    chosen = kernel.package()
    target = cache / f"artifacts-{_key(chosen)}"
    if not target.exists():
        _build(chosen, target, scratch=cache / f"{target.name}.new")
    return target


def publish(artifacts: Path, directory: Path, version: str = VERSION) -> Path:
    """Lay the artifacts out in ``directory`` as a release of Harvester, as symbolic links with their checksums.

    Returns the directory with the files.
    """
    files = directory / version
    files.mkdir(parents=True, exist_ok=True)
    sums = []
    for ending in (KERNEL, INITRD, ROOTFS, ISO):
        link = files / f"harvester-{version}-{ending}"
        link.unlink(missing_ok=True)
        link.symlink_to((artifacts / ending).resolve())
        with link.open("rb") as file:
            sums.append(f"{hashlib.file_digest(file, 'sha512').hexdigest()}  {link.name}\n")
    (files / f"harvester-{version}-{SUMS}").write_text("".join(sums))
    return files


def _build(chosen: str, target: Path, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    unpacked = kernel.unpack(chosen, scratch / "kernel")
    shutil.copyfile(unpacked.image, scratch / KERNEL)
    (scratch / INITRD).write_bytes(initramfs.build(unpacked))
    (scratch / ROOTFS).write_bytes(ROOTFS_CONTENT)
    # In truth a disk image, which the stand-in installer writes as it is.
    disk.build(scratch / ISO, scratch / KERNEL, scratch / INITRD, secure_boot.programs(target.parent))
    for part in scratch.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
    # Renamed last, so that an interrupted build is never taken for a whole one.
    scratch.rename(target)


def _key(chosen: str) -> str:
    """A name for what the artifacts are made of: the packages, busybox, and the code and scripts of this lab."""
    digest = hashlib.sha256(" ".join([chosen, *secure_boot.packages()]).encode())
    sources = [Path(module.__file__) for module in (kernel, initramfs, disk, secure_boot, sys.modules[__name__])]
    sources += [Path(__file__).with_name("cpio.py"), *sorted(initramfs.SOURCES.iterdir()), Path(kernel.BUSYBOX)]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
