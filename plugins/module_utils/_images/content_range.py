# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content-Range (RFC 9110 section 14.4). Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re

_FIELD = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)", re.ASCII | re.IGNORECASE)


def first_and_total(value: str) -> tuple[int, int | None]:
    """Return where the part begins and the size of the whole, None where it is not told; -1 for what is no part."""
    found = _FIELD.fullmatch(value.strip())
    if found is None or int(found[1]) > int(found[2]):
        return -1, None
    return int(found[1]), None if found[3] == "*" else int(found[3])
