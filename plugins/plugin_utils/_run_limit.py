# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a run of the playbook has to reach, and what to say where ``--limit`` leaves one out. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Sequence


def limit_problems(machines: Sequence[str], bootstrap: Sequence[str], limit: Sequence[str] | None) -> list[str]:
    """Return why a run can't do anything: groups that are missing, or hosts outside ``limit``, None without one.

    A run that is limited to some machines does these alone, and needs the host of bootd beside them. One that is
    limited to that host does no machine.
    """
    if len(bootstrap) != 1 or not machines:
        needed = "a group netboot_bootstrap with one host, the node that is to run bootd, and a group netboot_machines"
        return [f"the inventory needs {needed} with the machines; it has {len(bootstrap)} and {len(machines)}"]
    if limit is None or bootstrap[0] in limit:
        return []
    within = [name for name in machines if name in limit]
    shown = ",".join([*(within or ["MACHINE"]), bootstrap[0]])
    return [f"--limit leaves out {bootstrap[0]}, which runs bootd: nothing could be done; write --limit {shown}"]
