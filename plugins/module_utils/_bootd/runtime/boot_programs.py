# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which network boot programs are there for which firmware, and which are not: told before a machine asks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..decisions.architectures import describe, describe_all
from ..decisions.boot_programs import WantedProgram, all_programs, wanted_programs
from ..decisions.modes import AUTO_PROXY
from ..process.served_files import open_first
from ..stores.base import StoreProblem
from .services import Services

MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A network boot program, the architectures (option 93) that are told to load it, and whether it is there."""

    file: str
    architectures: tuple[int, ...]
    there: bool

    def __str__(self) -> str:
        return f"{self.file} for {describe_all(self.architectures)}"


def program_files(arch_map: Mapping[int, str], directories: Sequence[str]) -> list[ProgramFile]:
    """Return the programs that firmware of any architecture is told to load, looked for in ``directories``."""
    programs = all_programs(arch_map).items()
    return [ProgramFile(name, arches, _is_there(name, directories)) for name, arches in programs]


def there_and_missing(programs: Iterable[ProgramFile]) -> tuple[str, str]:
    """Return in words for people which of ``programs`` are there, and which are not; "" for none."""
    programs = list(programs)
    there, missing = (
        "; ".join(str(program) for program in programs if program.there is is_there) for is_there in (True, False)
    )
    return there, missing


def missing_programs(services: Services) -> list[StoreProblem]:
    """Return a problem for each boot program that is missing; ``where`` is where bootd has looked."""
    settings = services.settings
    where = os.pathsep.join(settings.boot_files) or "--boot-files"
    wanted = wanted_programs(services.catalog.machines(), services.journal.states(), settings.arch_map)
    found = missing_for(wanted, settings.boot_files)
    if AUTO_PROXY in services.modes.used:
        named = {program.name for program in wanted}
        programs = program_files(settings.arch_map, settings.boot_files)
        found += [
            f"{program.file} is missing for unknown machines with {describe_all(program.architectures)}"
            for program in programs
            if not program.there and program.file not in named
        ]
    return [StoreProblem(where, message) for message in found]


def missing_for(wanted: Iterable[WantedProgram], directories: Sequence[str]) -> list[str]:
    """Return a sentence for each of the ``wanted`` programs that is in none of ``directories``."""
    return [_message(program) for program in wanted if not program.name or not _is_there(program.name, directories)]


def _is_there(name: str, directories: Sequence[str]) -> bool:
    try:
        os.close(open_first(directories, name))
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
