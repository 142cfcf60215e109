# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk image that boots with UEFI and with BIOS: what the stand-in installer writes to the machine's disk.

An MBR with one EFI system partition. UEFI starts EFI/BOOT/BOOTX64.EFI from it; BIOS starts GRUB's boot sector, which
reads the core image from the sectors behind it. Both GRUBs then load the same kernel and initramfs from the partition.
An ARM machine has no BIOS, and starts EFI/BOOT/BOOTAA64.EFI.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from .command import run

SECTOR = 512
PARTITION_START = 2048  # sectors; the core image lies before it
PARTITION_SECTORS = {"amd64": 20 * 2048, "arm64": 48 * 2048}  # Linux for arm64 comes uncompressed
EFI_SYSTEM = 0xEF
BOOT_CODE = 440  # bytes of the first sector that are code; the partition table is at 446
LABEL = "LABSYSTEM"
CONSOLES = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
GRUB = Path("/usr/lib/grub")
MODULES = ("part_msdos", "fat", "search_label", "linux", "boot")

# GRUB runs this from within its image: no menu, no configuration file, no wait.
GRUB_CONFIG = f"""\
search.fs_label {LABEL} root
linux /vmlinuz root=LABEL={LABEL} console={{console}} quiet
initrd /initrd
boot
"""


def build(target: Path, kernel: Path, initramfs: Path, arch: str = "amd64", grub: Path = GRUB) -> None:
    """Write the image to ``target``; works without root, mounts nothing. A directory ``target.parts`` is used.

    ``grub`` has GRUB's modules for ``arch``.
    """
    parts = target.with_suffix(".parts")
    parts.mkdir()
    config = parts / "grub.cfg"
    config.write_text(GRUB_CONFIG.format(console=CONSOLES[arch]))
    image_of = _Grub(grub, config)
    loaders = {"::EFI/BOOT/BOOTX64.EFI": "x86_64-efi"} if arch == "amd64" else {"::EFI/BOOT/BOOTAA64.EFI": "arm64-efi"}
    files = {name: image_of(parts / platform, platform) for name, platform in loaders.items()}
    sectors = PARTITION_SECTORS[arch]
    partition = _file_system(parts / "system.fat", {**files, "::vmlinuz": kernel, "::initrd": initramfs}, sectors)
    with target.open("wb") as image:
        if arch == "amd64":
            core = image_of(parts / "core.img", "i386-pc", "biosdisk")
            image.write((grub / "i386-pc/boot.img").read_bytes()[:BOOT_CODE])
            image.seek(SECTOR)
            image.write(core.read_bytes())
        if image.tell() > PARTITION_START * SECTOR:
            raise ValueError(f"GRUB's core image of {image.tell()} bytes reaches into the partition")
        image.seek(446)
        image.write(_partition_table(sectors))
        image.seek(PARTITION_START * SECTOR)
        image.write(partition.read_bytes())


@dataclass(frozen=True, slots=True)
class _Grub:
    """Makes GRUB images that run ``config``, of the modules below ``modules``."""

    modules: Path
    config: Path

    def __call__(self, target: Path, platform: str, *modules: str) -> Path:
        argv = ["grub-mkimage", "--directory", str(self.modules / platform), "--format", platform]
        argv += ["--config", str(self.config), "--prefix", "/grub", "--output", str(target)]
        run([*argv, *MODULES, *modules])
        return target


def _file_system(target: Path, files: dict[str, Path], sectors: int) -> Path:
    """Make a FAT file system with ``files``, keyed by their names in it."""
    with target.open("wb") as image:
        image.truncate(sectors * SECTOR)
    run(["mkfs.vfat", "-F", "16", "-n", LABEL, str(target)])
    run(["mmd", "-i", str(target), "::EFI", "::EFI/BOOT"])
    for name, source in files.items():
        run(["mcopy", "-i", str(target), str(source), name])
    return target


def _partition_table(sectors: int) -> bytes:
    """Four entries and the signature: an active EFI system partition, three empty ones."""
    no_geometry = b"\xfe\xff\xff"  # addressed by sector number, not by cylinder and head
    fields = (0x80, no_geometry, EFI_SYSTEM, no_geometry, PARTITION_START, sectors)
    return struct.pack("<B3sB3sII", *fields) + bytes(48) + b"\x55\xaa"
