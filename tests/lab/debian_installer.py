# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own installer as its netboot package has it: where its files are, and how it shows what it does.

Seen in debian-installer 20230607+deb12u15; the files named here are those of its initrd.
"""

from __future__ import annotations

from pathlib import Path

from programs.known import DEBIAN_INSTALLER

FILES = Path(DEBIAN_INSTALLER)
KERNEL, INITRD = "linux", "initrd.gz"
# Plain lines on the serial port: no screens to draw, and no GNU screen around them (S60frontend).
KERNEL_ARGUMENTS = ("DEBIAN_FRONTEND=text", "TERM=dumb", "console=ttyS0")
