# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""MAC addresses: any common notation in, lower-case colon form out."""

from __future__ import annotations

import re

_NOTATIONS = re.compile(
    r"(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}"  # 58:47:ca:71:d8:49
    r"|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}"  # 58-47-ca-71-d8-49
    r"|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"  # 5847.ca71.d849
    r"|[0-9a-f]{12})",  # 5847ca71d849
    re.IGNORECASE | re.ASCII,
)
_NO_MARKS = str.maketrans("", "", ":.-")
CANONICAL = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII)


def parse_mac(text: str) -> str | None:
    """Return ``text`` in lower-case colon form, the form Hardware objects use, or None where it is no MAC address."""
    if not isinstance(text, str):
        return None
    if CANONICAL.fullmatch(text):
        return text
    if not _NOTATIONS.fullmatch(text):
        return None
    digits = text.translate(_NO_MARKS).lower()
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}:{digits[6:8]}:{digits[8:10]}:{digits[10:]}"


def dashed(mac: str) -> str:
    """Return a colon-form MAC with dashes, for URLs and file names: some firmware stumbles over a colon there."""
    return mac.replace(":", "-")


def split_mac(path: str) -> tuple[str | None, str]:
    """Return the MAC, in colon form, that a tidied ``path`` begins with, in any notation, and the rest of the path.

    The MAC is None, and the rest is the whole, where the first segment is no MAC or the only one.
    """
    first, _slash, rest = path.partition("/")
    mac = parse_mac(first) if rest else None
    return mac, rest if mac else path
