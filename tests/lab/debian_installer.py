# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own installer as its netboot package has it: where its files are, how it is started, what it is told.

Seen in debian-installer 20230607+deb12u15; the files named here are those of its initrd.
"""

from __future__ import annotations

from pathlib import Path

from tools import DEBIAN_INSTALLER

FILES = Path(DEBIAN_INSTALLER)
KERNEL, INITRD = "linux", "initrd.gz"


def kernel_arguments(preseed_url: str, mac: str) -> tuple[str, ...]:
    """The arguments with which it asks nobody anything and fetches ``preseed_url`` over the card ``mac``.

    ``auto`` puts language and keyboard off until the preseed file is there. ``interface`` takes an address in the place
    of a name; without it a machine with two cards stops at a question of the highest priority (netcfg.c). Both are
    short for debconf's names (/etc/preseed_aliases). A URL with a path is fetched as it is; one without is given
    /d-i/bookworm/./preseed.cfg, and a host without a dot its domain (/lib/preseed/auto-install.sh).
    """
    return (
        *("auto=true", "priority=critical", f"url={preseed_url}", f"interface={mac}"),
        # Plain lines on the serial port: no screens to draw, and no GNU screen around them (S60frontend).
        *("DEBIAN_FRONTEND=text", "TERM=dumb", "console=ttyS0"),
    )


def preseed(report_url: str) -> str:
    """The preseed file that has it report its start to ``report_url``, which ends in the machine's token.

    The initrd has GNU Wget beside busybox, whose own can send no POST. A command that fails would stop everything at
    a question (/bin/preseed_command).
    """
    wget = "wget --quiet --output-document=/dev/null --post-data="
    patience = "--timeout=10 --tries=5 --retry-connrefused --retry-on-http-error=503"
    return f"d-i preseed/early_command string {wget} {patience} {report_url}/started || true\n"
