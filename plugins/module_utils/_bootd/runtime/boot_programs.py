# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which network boot programs the machines will ask for that are not there: told before the first of them does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..decisions.architectures import describe
from ..decisions.boot_programs import WantedProgram, wanted_programs
from ..process.served_files import open_first
from ..stores.base import StoreProblem
from .services import Services

MAX_NAMED = 3


def missing_programs(services: Services) -> list[StoreProblem]:
    """Return a problem for each boot program that is missing; ``where`` is where bootd has looked."""
    settings = services.settings
    wanted = wanted_programs(services.catalog.machines(), services.journal.states(), settings.arch_map)
    where = os.pathsep.join(settings.boot_files) or "--boot-files"
    return [StoreProblem(where, _message(program)) for program in wanted if not _is_there(program, settings.boot_files)]


def _is_there(program: WantedProgram, directories: Sequence[str]) -> bool:
    try:
        os.close(open_first(directories, program.name))
    except OSError:
        return False
    return True


def _message(program: WantedProgram) -> str:
    kind = describe(program.arch)
    shown = ", ".join(program.machines[:MAX_NAMED])
    more = f" and {len(program.machines) - MAX_NAMED} more" if len(program.machines) > MAX_NAMED else ""
    what = f"{program.name} is missing" if program.name else "there is no network boot program"
    mend = f"--arch-map {program.arch}=FILE or netboot.ipxe.binary names another"
    return f"{what} for {kind}, the firmware of {shown}{more}; {mend}"
