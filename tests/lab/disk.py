# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk image that boots with UEFI and with BIOS: what the stand-in installer writes to the machine's disk.

An MBR with one EFI system partition. UEFI starts EFI/BOOT/BOOTX64.EFI from it, which is Debian's shim, so that it does
with Secure Boot, too, and shim starts Debian's GRUB; BIOS starts GRUB's boot sector, which reads the core image from
the sectors behind it. Both GRUBs then load the same kernel and initramfs from the partition. A 64-bit ARM machine has
no BIOS, and starts EFI/BOOT/BOOTAA64.EFI, a GRUB that is made here.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import secure_boot
from .command import run

SECTOR = 512
PARTITION_START = 2048  # sectors; the core image lies before it
PARTITION_SECTORS = 48 * 2048  # Linux for ARM comes uncompressed
EFI_SYSTEM = 0xEF
PARTITION_TABLE = 446  # where it begins in the first sector
BOOT_CODE = 440  # bytes of the first sector that are code
LABEL = "LABSYSTEM"
GRUB = Path("/usr/lib/grub")
MODULES = ("part_msdos", "fat", "search_label", "linux", "boot")

# For BIOS it stands in GRUB's image, for UEFI where Debian's looks for it: no menu, no wait.
GRUB_CONFIG = f"""\
search.fs_label {LABEL} root
linux /vmlinuz root=LABEL={LABEL} console={{console}} quiet
initrd /initrd
boot
"""


@dataclass(frozen=True, slots=True)
class SecureBoot:
    """What boots x86 machines: the ``programs`` of ``secure_boot``, and a GRUB for BIOS."""

    programs: Mapping[str, Path]
    console: str = "ttyS0"

    def files(self, _parts: Path, config: Path) -> dict[str, Path]:
        """The files of the partition by their names in it."""
        return {
            "::EFI/BOOT/BOOTX64.EFI": self.programs[secure_boot.SHIM],
            "::EFI/BOOT/grubx64.efi": self.programs[secure_boot.GRUB_OF_DISKS],
            "::EFI/debian/grub.cfg": config,
        }

    def boot_code(self, parts: Path, config: Path) -> bytes:
        """What lies before the partition, but for its table."""
        core = _grub(parts / "core.img", config, GRUB, "i386-pc", "biosdisk")
        boot_sector = (GRUB / "i386-pc/boot.img").read_bytes()[:BOOT_CODE]
        return boot_sector.ljust(SECTOR, b"\0") + core.read_bytes()


@dataclass(frozen=True, slots=True)
class GrubForArm:
    """What boots 64-bit ARM machines: a GRUB of the modules below ``modules``."""

    modules: Path
    console: str = "ttyAMA0"

    def files(self, parts: Path, config: Path) -> dict[str, Path]:
        """The files of the partition by their names in it."""
        return {"::EFI/BOOT/BOOTAA64.EFI": _grub(parts / "bootaa64.efi", config, self.modules, "arm64-efi")}

    def boot_code(self, _parts: Path, _config: Path) -> bytes:
        """Nothing: there is no BIOS."""
        return b""


def build(target: Path, kernel: Path, initramfs: Path, programs: SecureBoot | GrubForArm) -> None:
    """Write the image to ``target``; works without root, mounts nothing. A directory ``target.parts`` is used."""
    parts = target.with_suffix(".parts")
    parts.mkdir()
    config = parts / "grub.cfg"
    config.write_text(GRUB_CONFIG.format(console=programs.console))
    files = {**programs.files(parts, config), "::vmlinuz": kernel, "::initrd": initramfs}
    partition = _file_system(parts / "system.fat", files)
    with target.open("wb") as image:
        image.write(programs.boot_code(parts, config))
        if image.tell() > PARTITION_START * SECTOR:
            raise ValueError(f"GRUB's core image of {image.tell()} bytes reaches into the partition")
        image.seek(PARTITION_TABLE)
        image.write(_partition_table())
        image.seek(PARTITION_START * SECTOR)
        image.write(partition.read_bytes())


def _grub(target: Path, config: Path, directory: Path, platform: str, *modules: str) -> Path:
    """Make a GRUB image for ``platform``, of what ``directory`` has for it, that runs ``config``."""
    argv = ["grub-mkimage", "--directory", str(directory / platform), "--format", platform, "--prefix", "/grub"]
    run([*argv, "--config", str(config), "--output", str(target), *MODULES, *modules])
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
