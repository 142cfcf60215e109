# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The names by which GRUB asks for its configuration, and whose it is. Pure.

GRUB that is loaded from the network looks for ``grub.cfg-01-MAC``, then for ``grub.cfg-ADDRESS`` in hexadecimal,
shorter and shorter, then for ``grub.cfg``, where the distribution has it look: beside itself, or in ``/grub`` as
Debian's and Ubuntu's signed images do, which ask for the last name only (GRUB's manual, "Booting GRUB from the
network").

From there it is sent to ``MAC/grub.cfg-cpu-CPU``, by which it says its own processor.
"""

from __future__ import annotations

from ..hardware.mac import parse_mac

CONFIGURATION = "grub.cfg"
_OF_ETHERNET = "01-"  # the hardware type of RFC 1700 before the MAC
OF_CPU = f"{CONFIGURATION}-cpu-"  # none of GRUB's own: neither a MAC nor an address


def is_configuration(name: str) -> bool:
    """Return whether the tidied path ``name`` is one of a GRUB configuration, in whatever directory."""
    file = name.rpartition("/")[2]
    return file == CONFIGURATION or file.startswith(f"{CONFIGURATION}-")


def mac_in(name: str) -> str | None:
    """Return the MAC, in colon form, in the file name of such a path, in any notation; None where there is none."""
    _start, dash, rest = name.rpartition("/")[2].partition(f"{CONFIGURATION}-")
    return parse_mac(rest.removeprefix(_OF_ETHERNET)) if dash else None


def cpu_in(name: str) -> str:
    """Return the processor, as GRUB calls its own, in the file name of such a path, "" where there is none."""
    file = name.rpartition("/")[2]
    return file.removeprefix(OF_CPU) if file.startswith(OF_CPU) else ""
