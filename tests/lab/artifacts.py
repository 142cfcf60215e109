# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image host serves: a kernel, an initramfs, a root file system and an ISO under Harvester's names.

The operating system in them is a stand-in, made here; the kernel is Debian's. They are built once and kept.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import sys
from pathlib import Path

from . import debian, disk, initramfs, kernel, secure_boot
from .alone import alone

VERSION = "v1.2.0"
ARM64_VERSION = "v1.3.2"  # there is no earlier release for arm64
# What is kept, by the ending of its published name.
ENDINGS = ("vmlinuz-{arch}", "initrd-{arch}", "rootfs-{arch}.squashfs", "{arch}.iso")
KERNEL, INITRD, ROOTFS, ISO = (ending.format(arch="amd64") for ending in ENDINGS)
# Nobody looks into it: dracut's part of the boot is to fetch it.
ROOTFS_CONTENT = b"hsqs" + bytes(4 << 20)


def build(cache: Path, arch: str = "amd64") -> Path:
    """Return the directory with the four files, below ``cache``; they are built if anything in them has changed."""
    archive = debian.HOST if arch == "amd64" else debian.archive(cache, arch)
    chosen = kernel.package(archive, arch)
    target = cache / f"artifacts-{arch}-{_key(chosen)}"
    with alone(target) as missing:
        if missing:
            _build(archive, arch, chosen, target, scratch=cache / f"{target.name}.new")
    return target


def publish(artifacts: Path, directory: Path, version: str = VERSION, arch: str = "amd64") -> Path:
    """Lay the artifacts out in ``directory`` as a release of Harvester, as symbolic links with their checksums.

    Returns the directory with the files.
    """
    files = directory / version
    files.mkdir(parents=True, exist_ok=True)
    sums = []
    for ending in ENDINGS:
        name = ending.format(arch=arch)
        link = files / f"harvester-{version}-{name}"
        link.unlink(missing_ok=True)
        link.symlink_to((artifacts / name).resolve())
        sums.append(f"{_sha512((artifacts / name).resolve())}  {link.name}\n")
    (files / f"harvester-{version}-{arch}.sha512").write_text("".join(sums))
    return files


@functools.cache  # what has been built never changes
def _sha512(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha512").hexdigest()


def _build(archive: debian.Archive, arch: str, chosen: str, target: Path, scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    unpacked = kernel.unpack(archive, chosen, scratch / "kernel")
    names = [scratch / ending.format(arch=arch) for ending in ENDINGS]
    image, initrd, rootfs, iso = names
    if arch == "amd64":
        busybox, programs = Path(kernel.BUSYBOX), disk.SecureBoot(secure_boot.programs(target.parent))
    else:
        fetched = scratch / "fetched"
        fetched.mkdir()
        packages = archive.download(fetched, "busybox-static", f"grub-efi-{arch}-bin")
        root = debian.unpack(packages, scratch / "unpacked")
        busybox, programs = root / "bin/busybox", disk.GrubForArm(root / "usr/lib/grub")
    shutil.copyfile(unpacked.image, image)
    initrd.write_bytes(initramfs.build(unpacked, busybox))
    rootfs.write_bytes(ROOTFS_CONTENT)
    # In truth a disk image, which the stand-in installer writes as it is.
    disk.build(iso, image, initrd, programs)
    for part in scratch.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
    # Renamed last, so that an interrupted build is never taken for a whole one.
    scratch.rename(target)


def _key(chosen: str) -> str:
    """A name for what the artifacts are made of: the packages, busybox, and the code and scripts of this lab."""
    digest = hashlib.sha256(" ".join([chosen, *secure_boot.packages()]).encode())
    modules = (kernel, initramfs, debian, disk, secure_boot, sys.modules[__name__])
    sources = [Path(module.__file__) for module in modules]
    sources += [Path(__file__).with_name("cpio.py"), *sorted(initramfs.SOURCES.iterdir()), Path(kernel.BUSYBOX)]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
