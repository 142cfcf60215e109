# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Harvester's versions as numbers that can be compared."""

from __future__ import annotations

import re

Version = tuple[int, ...]  # major, minor, patch; or major, minor in a table, which is before each of its patches

OLDEST: Version = (1, 0)
NEWEST: Version = (1, 9)  # what the tables here know
_HEAD = 10**6  # the patch of a branch, the minor of a build of master: after all that have been released
_NUMBERS = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:[.-].*)?", re.ASCII)


def parse_version(text: str) -> Version:
    """Return ``v1.8.2`` as (1, 8, 2); candidates count as their release, ``v1.8`` as the newest of its branch.

    Whatever has no number, such as ``master``, is newer than all that have one.
    """
    found = _NUMBERS.fullmatch(text)
    if found is None:
        return (_HEAD, 0, 0)
    return (int(found[1]), int(found[2]), _HEAD if found[3] is None else int(found[3]))


def is_known(version: Version) -> bool:
    """Return whether the tables here were written for ``version``; newer ones are taken for the newest."""
    return OLDEST <= version < (NEWEST[0], NEWEST[1] + 1)


def shown_version(version: Version) -> str:
    """Return a version of a table as people write it, as in ``v1.8`` or ``v1.1.2``."""
    return "v" + ".".join(str(number) for number in version)
