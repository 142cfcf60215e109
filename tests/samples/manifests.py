# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifest files for tests of stores: the walk-through's machine, renumbered."""

from __future__ import annotations

from samples import howto


def manifest(
    number: int, *, mac: str = "", address: str = "", allow: bool = True, reprovision: str = "", after: str = ""
) -> str:
    """Return the manifest of machine ``number``: um790-N, 52:54:00:00:00:NN, 10.10.0.(100 + N)."""
    namespace = "  namespace: tink-system\n"
    given = {"reprovision": reprovision, "after": after}
    entries = "".join(f'    netboot.baremetal/{name}: "{value}"\n' for name, value in given.items() if value)
    annotation = f"  annotations:\n{entries}" if entries else ""
    return (
        howto.HARDWARE.replace("um790-1", f"um790-{number}")
        .replace("58:47:ca:71:d8:49", mac or f"52:54:00:00:00:{number:02x}")
        .replace("10.10.0.16", address or f"10.10.0.{100 + number}")
        .replace("allowPXE: true", f"allowPXE: {str(allow).lower()}")
        .replace(namespace, namespace + annotation)
    )


def key(number: int) -> str:
    """Return the key of machine ``number``."""
    return f"tink-system/um790-{number}"


def mac(number: int) -> str:
    """Return the MAC address of machine ``number``."""
    return f"52:54:00:00:00:{number:02x}"
