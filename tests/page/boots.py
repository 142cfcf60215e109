# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootd sees of a machine that installs itself, as it was of one that did."""

from __future__ import annotations

from _bootd.decisions import events
from _bootd.decisions.events import Detail

MIB = 1 << 20
WAIT = "the installation of um790-0"
# Seconds from the first, and what was seen.
BOOT: tuple[tuple[float, Detail], ...] = (
    (0, events.Discover("firmware", netboot=True, firmware="uefi", arch=7, filename="snponly.efi")),
    (1, events.Lease("firmware", netboot=True, firmware="uefi", arch=7, filename="snponly.efi")),
    (2, events.BootFile("snponly.efi", "tftp", 271104)),
    (5, events.Lease("ipxe", netboot=True, filename="http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe")),
    (6, events.Held(WAIT)),
    (46, events.Held(WAIT)),
    (52, events.Script("harvester", "http", 4012)),
    (53, events.Facts({"manufacturer": "Micro Computer", "product": "UM790 Pro", "nic": "rtl8125", "platform": "efi"})),
    (54, events.Progress("kernel", MIB, 13 * MIB)),
    (58, events.Loaded("http://10.10.0.20:7080/images/vmlinuz", "kernel", 13 * MIB, 13 * MIB)),
    (59, events.Progress("initrd", MIB, 70 * MIB)),
    (72, events.Progress("initrd", 40 * MIB, 70 * MIB)),
    (80, events.Loaded("http://10.10.0.20:7080/images/initrd", "initrd", 70 * MIB, 70 * MIB)),
    (95, events.Lease("os", netboot=True)),
    (97, events.Progress("rootfs", MIB, 600 * MIB)),
    (120, events.Progress("rootfs", 600 * MIB, 600 * MIB)),
    (121, events.Configuration(3456)),
    (122, events.Report("started")),
    (130, events.Progress("iso", MIB, 6000 * MIB)),
    (230, events.Progress("iso", 5300 * MIB, 6000 * MIB)),
    (400, events.Report("succeeded")),
    (480, events.Ready("10.10.0.16:443")),
)
ERROR = events.BootError(
    "kernel: connection timed out", "http://10.10.0.20:7080/images/vmlinuz", "https://ipxe.org/4c126035"
)
