# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd as it is measured: as shipped and with default settings, its machines in a directory of manifests."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from bench.rig import PYTHON, ROOT, SERVER, address_of, mac_of
from integration.daemon.manifests import manifest

BOOT_FILE_OCTETS = 1_017_856  # what Debian's ipxe.efi has
BOOT_FILES = ("snponly.efi", "undionly.kpxe", "ipxe-arm64.efi")


@dataclass(frozen=True)
class Checkout:
    """A checkout whose bootd is measured under a name of its own: ``bootd`` is this one."""

    name: str = "bootd"
    root: Path = ROOT


def write_site(site: Path, machines: int) -> None:
    """Write what bootd serves: a manifest of each machine, boot programs, a directory for images."""
    for name in ("manifests", "boot", "images"):
        (site / name).mkdir(parents=True)
    texts = (manifest(f"node-{number:05d}", mac_of(number), address_of(number)) for number in range(machines))
    (site / "manifests/all.yaml").write_text("---\n".join(texts), encoding="utf-8")
    for name in BOOT_FILES:
        (site / "boot" / name).write_bytes(random.Random(name).randbytes(BOOT_FILE_OCTETS))


def program(root: Path) -> list[str]:
    """Return the command that runs the bootd of the checkout ``root``."""
    return ["env", f"PYTHONPATH={root / 'plugins/module_utils'}", PYTHON, "-m", "_bootd.daemon"]


def serve(checkout: Checkout, site: Path, state: Path) -> list[str]:
    """Return the command that serves ``site``, its states kept in the new directory ``state``."""
    argv = [*program(checkout.root), "serve", "--store", f"files:{site / 'manifests'}"]
    argv += ["--boot-files", str(site / "boot"), "--image-dir", str(site / "images"), "--state-dir", str(state)]
    return [*argv, "--address", SERVER, "--interface", "eth0"]


def name_of(server: str | Checkout) -> str:
    """Return the name under which a server's figures are kept."""
    return server.name if isinstance(server, Checkout) else server
