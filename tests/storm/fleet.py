# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a storm, the network they are in, and the files that they load."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from bench.rig import RELAYS, address_of, mac_of

HTTP_PORT = 7080
BOOT_FILE = "snponly.efi"
BOOT_FILE_SIZE = 1_000_000
KERNEL = "vmlinuz"
KERNEL_SIZE = 15_000_000
KERNEL_PATH = f"/images/{KERNEL}"
PATTERN_SIZE = 65_521  # a prime: octets from a wrong place differ


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine, that broadcasts where it has no ``relay``, and takes ``window`` blocks by TFTP at a time."""

    name: str
    mac: str
    address: str
    relay: str
    window: int

    @property
    def dashed(self) -> str:
        """The MAC as it stands in URLs and names."""
        return self.mac.replace(":", "-")


def fleet(count: int) -> list[Machine]:
    """``count`` machines: every other one behind a relay, and half of either kind with each window of TFTP."""
    return [
        Machine(
            f"node-{number:05d}",
            mac_of(number),
            address_of(number),
            RELAYS[0] if number % 2 else "",
            4 if number // 2 % 2 else 1,
        )
        for number in range(count)
    ]


def write_files(directory: Path) -> None:
    """Write the pattern, and the boot file and the kernel that are made of it, below ``directory``."""
    octets = random.Random(20_250_113).randbytes(PATTERN_SIZE)
    (directory / "boot").mkdir(parents=True)
    (directory / "images").mkdir()
    for path, size in ((f"boot/{BOOT_FILE}", BOOT_FILE_SIZE), (f"images/{KERNEL}", KERNEL_SIZE)):
        (directory / path).write_bytes((octets * (size // PATTERN_SIZE + 1))[:size])
    (directory / "pattern").write_bytes(octets)
