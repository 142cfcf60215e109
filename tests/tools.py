# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs and files that tests and the lab use, and the Debian packages they come from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Tool, or absolute path of a file -> Debian package. Each package stands in a tests/packages-*.txt.
PACKAGES = {
    "apt-get": "apt",
    "atftp": "atftp",
    "busybox": "busybox-static",
    "curl": "curl",
    "dhclient": "isc-dhcp-client",
    "dhcrelay": "isc-dhcp-relay",
    "dnsmasq": "dnsmasq-base",
    "dpkg-deb": "dpkg",
    "git": "git",
    "grub-mkimage": "grub-common",
    "ip": "iproute2",
    "logger": "bsdutils",
    "mcopy": "mtools",
    "mkfs.vfat": "dosfstools",
    "nsenter": "util-linux",
    "qemu-system-x86_64": "qemu-system-x86",
    "rdisc6": "ndisc6",
    "setpriv": "util-linux",
    "shellcheck": "shellcheck",
    "ss": "iproute2",
    "sysctl": "procps",
    "systemd-analyze": "systemd",
    "tcpdump": "tcpdump",
    "tftp": "tftp-hpa",
    "udhcpc": "udhcpc",
    "unshare": "util-linux",
    "/boot/ipxe.efi": "ipxe",
    "/usr/lib/grub/i386-pc/boot.img": "grub-pc-bin",
    "/usr/lib/grub/x86_64-efi/kernel.img": "grub-efi-amd64-bin",
    "/usr/lib/ipxe/snponly.efi": "ipxe",
    "/usr/lib/ipxe/undionly.kpxe": "ipxe",
    "/usr/share/OVMF/OVMF_CODE_4M.fd": "ovmf",
}


def missing(*needs: str) -> list[str]:
    """Return one sentence for each need the machine does not meet: ``"root"``, a tool's name, or a file's path."""
    sentences = []
    for need in needs:
        if need == "root":
            if os.geteuid() != 0:
                sentences.append("must run as root")
        elif need.startswith("/"):
            if not Path(need).exists():
                sentences.append(f"no {need}: apt-get install {PACKAGES[need]}")
        elif shutil.which(need) is None:
            sentences.append(f"no {need}: apt-get install {PACKAGES[need]}")
    return sentences
