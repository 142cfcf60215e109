# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test needs from the machine it runs on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Tool, or absolute path of a file -> Debian package. Each package stands in a tests/packages-*.txt.
PACKAGES = {
    "atftp": "atftp",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "curl": "curl",
    "dhclient": "isc-dhcp-client",
    "dhcrelay": "isc-dhcp-relay",
    "git": "git",
    "ip": "iproute2",
    "logger": "bsdutils",
    "nsenter": "util-linux",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
    "rdisc6": "ndisc6",
    "shellcheck": "shellcheck",
    "ss": "iproute2",
    "sysctl": "procps",
    "tcpdump": "tcpdump",
    "tftp": "tftp-hpa",
    "udhcpc": "udhcpc",
    "unshare": "util-linux",
    "/boot/ipxe.efi": "ipxe",
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


def require(*needs: str) -> None:
    """Skip the running test, or fail it under ``BOOTD_TEST_REQUIRE_ALL=1``, when the machine lacks one of `needs`."""
    sentences = missing(*needs)
    if not sentences:
        return
    reason = "; ".join(sentences)
    if os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
