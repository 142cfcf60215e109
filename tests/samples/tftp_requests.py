# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP requests as real clients sent them, captured on 2026-11-30 on Debian 12; versions are those of its packages."""

from __future__ import annotations

EDK2 = "02-00-00-00-01-01/snponly.efi"  # the file that edk2 asked for; the others asked for snponly.efi

# Client -> the whole datagram, and the options in it.
REQUESTS: dict[str, tuple[bytes, tuple[tuple[str, str], ...]]] = {
    "edk2 2022.11-6+deb12u2, the size first": (
        bytes.fromhex(
            "000130322d30302d30302d30302d30312d30312f736e706f6e6c792e656669006f6374657400"
            "7473697a65003000626c6b73697a6500313436380077696e646f7773697a65003400"
        ),
        (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4")),
    ),
    "edk2 2022.11-6+deb12u2, then the file": (
        bytes.fromhex(
            "000130322d30302d30302d30302d30312d30312f736e706f6e6c792e656669006f6374657400"
            "626c6b73697a6500313436380077696e646f7773697a65003400"
        ),
        (("blksize", "1468"), ("windowsize", "4")),
    ),
    "tftp-hpa 5.2+20150808-1.4": (bytes.fromhex("0001736e706f6e6c792e656669006f6374657400"), ()),
    "atftp 0.8.0-3": (
        bytes.fromhex(
            "0001736e706f6e6c792e656669006f63746574007473697a6500300074696d656f75740033"
            "00626c6b73697a65003134323800"
            "6d756c746963617374000077696e646f7773697a65003800"
        ),
        (("tsize", "0"), ("timeout", "3"), ("blksize", "1428"), ("multicast", ""), ("windowsize", "8")),
    ),
    "curl 7.88.1-10+deb12u14": (
        bytes.fromhex(
            "0001736e706f6e6c792e656669006f63746574007473697a65003000626c6b73697a65003531320074696d656f7574003600"
        ),
        (("tsize", "0"), ("blksize", "512"), ("timeout", "6")),
    ),
    "busybox 1:1.35.0-4+deb12u1": (
        bytes.fromhex("0001736e706f6e6c792e656669006f6374657400626c6b73697a650031343638007473697a65003000"),
        (("blksize", "1468"), ("tsize", "0")),
    ),
}
