# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AnsibleModule for the modules of this collection, which need a newer Python on the host than ansible-core does.

A module imports it before all else of the collection, and what runs a module that it can't read is told so in a
sentence. Therefore this file is written for every Python that ansible-core runs modules with.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import sys

from ansible.module_utils.basic import AnsibleModule

__all__ = ["AnsibleModule"]

OLDEST = (3, 11)
TOO_OLD = (
    "The modules of baremetal.netboot need Python {wanted} or newer on the host, and {program} there is {found}. "
    "Where the host has a newer one too, name it with the variable ansible_python_interpreter, as in "
    "ansible_python_interpreter=/usr/bin/python{wanted}"
)


def problem_with(version: tuple[int, ...], program: str) -> str:
    """Return what to say of the Python at ``program``, "" where it will do."""
    if version[:2] >= OLDEST:
        return ""
    found, wanted = (".".join(str(number) for number in numbers) for numbers in (version[:3], OLDEST))
    return TOO_OLD.format(wanted=wanted, program=program, found=found)


# As ansible.module_utils.basic does it: there is no module yet that could fail.
if problem := problem_with(sys.version_info, sys.executable):
    sys.stdout.write(json.dumps({"failed": True, "msg": problem}))
    raise SystemExit(1)
