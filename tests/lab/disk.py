# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk image that boots with UEFI and with BIOS: what the stand-in installer writes to the machine's disk.

An MBR with one EFI system partition. UEFI starts EFI/BOOT/BOOTX64.EFI from it, which is Debian's shim, so that it does
with Secure Boot, too, and shim starts Debian's GRUB; BIOS starts GRUB's boot sector, which reads the core image from
the sectors behind it. Both GRUBs then load the same kernel and initramfs from the partition.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from . import secure_boot
from .command import run

SECTOR = 512
PARTITION_START = 2048  # sectors; the core image lies before it
PARTITION_SECTORS = 24 * 2048
EFI_SYSTEM = 0xEF
BOOT_CODE = 440  # bytes of the first sector that are code; the partition table is at 446
LABEL = "LABSYSTEM"
GRUB = Path("/usr/lib/grub")
MODULES = ("biosdisk", "part_msdos", "fat", "search_label", "linux", "boot")

# For BIOS it stands in GRUB's image, for UEFI where Debian's looks for it: no menu, no wait.
GRUB_CONFIG = f"""\
search.fs_label {LABEL} root
linux /vmlinuz root=LABEL={LABEL} console=ttyS0 quiet
initrd /initrd
boot
"""


def build(target: Path, kernel: Path, initramfs: Path, programs: Mapping[str, Path]) -> None:
    """Write the image to ``target``; works without root, mounts nothing. A directory ``target.parts`` is used.

    ``programs`` are those of ``secure_boot``.
    """
    parts = target.with_suffix(".parts")
    parts.mkdir()
    config = parts / "grub.cfg"
    config.write_text(GRUB_CONFIG)
    core = _core(parts / "core.img", config)
    files = {
        "::EFI/BOOT/BOOTX64.EFI": programs[secure_boot.SHIM],
        "::EFI/BOOT/grubx64.efi": programs[secure_boot.GRUB_OF_DISKS],
        "::EFI/debian/grub.cfg": config,
        "::vmlinuz": kernel,
        "::initrd": initramfs,
    }
    partition = _file_system(parts / "system.fat", files)
    boot_sector = (GRUB / "i386-pc/boot.img").read_bytes()
    with target.open("wb") as image:
        image.write(boot_sector[:BOOT_CODE] + bytes(446 - BOOT_CODE) + _partition_table())
        image.write(core.read_bytes())
        if image.tell() > PARTITION_START * SECTOR:
            raise ValueError(f"GRUB's core image of {image.tell()} bytes reaches into the partition")
        image.seek(PARTITION_START * SECTOR)
        image.write(partition.read_bytes())


def _core(target: Path, config: Path) -> Path:
    """Make a GRUB image for BIOS that runs ``config``."""
    argv = ["grub-mkimage", "--format", "i386-pc", "--config", str(config), "--prefix", "/grub"]
    run([*argv, "--output", str(target), *MODULES])
    return target


def _file_system(target: Path, files: dict[str, Path]) -> Path:
    """Make a FAT file system with ``files``, keyed by their names in it."""
    with target.open("wb") as image:
        image.truncate(PARTITION_SECTORS * SECTOR)
    run(["mkfs.vfat", "-F", "16", "-n", LABEL, str(target)])
    run(["mmd", "-i", str(target), "::EFI", "::EFI/BOOT", "::EFI/debian"])
    for name, source in files.items():
        run(["mcopy", "-i", str(target), str(source), name])
    return target


def _partition_table() -> bytes:
    """Four entries and the signature: an active EFI system partition, three empty ones."""
    no_geometry = b"\xfe\xff\xff"  # addressed by sector number, not by cylinder and head
    fields = (0x80, no_geometry, EFI_SYSTEM, no_geometry, PARTITION_START, PARTITION_SECTORS)
    return struct.pack("<B3sB3sII", *fields) + bytes(48) + b"\x55\xaa"
