# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's kernel for virtual machines and its modules, taken out of the package as the archive has it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .command import CommandFailed, run
from .debian import Archive
from .debian import unpack as unpack_packages

META_PACKAGE = "linux-image-cloud-{arch}"
BUSYBOX = "/bin/busybox"  # Debian's busybox-static: its depmod is as good as kmod's, and it needs no library


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel package."""

    root: Path
    release: str

    @property
    def image(self) -> Path:
        """The kernel itself."""
        return self.root / f"boot/vmlinuz-{self.release}"

    def modules(self, wanted: Iterable[str]) -> list[Path]:
        """The files of the ``wanted`` modules and of all they need, in an order in which they can be loaded."""
        tree = self.root / "lib/modules" / self.release
        needs = {}
        for line in (tree / "modules.dep").read_text().splitlines():
            file, _unused, rest = line.partition(":")
            needs[_name(file)] = (tree / file, [_name(needed) for needed in rest.split()])
        ordered: dict[Path, None] = {}

        def add(module: str) -> None:
            file, needed = needs[module]
            for other in needed:
                add(other)
            ordered[file] = None

        for module in wanted:
            add(module)
        return list(ordered)


def package(archive: Archive, arch: str) -> str:
    """Name and version of the kernel package that is current, as ``linux-image-6.1.0-9-cloud-amd64=6.1.27-1``."""
    meta = META_PACKAGE.format(arch=arch)
    text = archive.show(meta)
    name = re.search(r"^Depends: (linux-image-\S+)", text, re.MULTILINE)
    version = re.search(r"^Version: (\S+)", text, re.MULTILINE)
    if not name or not version:
        raise CommandFailed(f"apt-cache show {meta}: no kernel package among its dependencies")
    return f"{name[1]}={version[1]}"


def unpack(archive: Archive, chosen: str, directory: Path) -> Kernel:
    """Fetch the package ``chosen`` with apt and unpack it below ``directory``."""
    directory.mkdir(parents=True)
    root = unpack_packages(archive.download(directory, chosen), directory / "root")
    release = next((root / "lib/modules").iterdir()).name
    run([BUSYBOX, "depmod", "-b", str(root), release])
    return Kernel(root, release)


def _name(file: str) -> str:
    """The module's name from the name of its file."""
    return Path(file).stem.replace("-", "_")
