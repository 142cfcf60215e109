# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which network boot programs are there for which firmware, and which are not: told before a machine asks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..decisions.architectures import describe, describe_all
from ..decisions.boot_chains import ChainLink, chain_of
from ..decisions.boot_programs import WantedProgram, all_programs, wanted_programs
from ..decisions.modes import AUTO_PROXY
from ..process.served_files import open_first
from ..stores.base import StoreProblem
from .services import Services

MAX_NAMED = 3
# What GRUB's module for HTTP, net/http.c of its source, has in its messages.
_HTTP_OF_GRUB = b"HTTP/1.1"
_MAX_GRUB = 32 * 1024 * 1024  # octets of a program that are read


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
    """Return a sentence for each file that ``wanted`` programs are or load and that none of ``directories`` has."""
    return [
        _message(program, name, by)
        for program in wanted
        for name, by in _links(program.name)
        if not name or not _is_there(name, directories)
    ]


def has_http(path: str) -> bool:
    """Return whether the GRUB at ``path`` has a module for HTTP; the signed one of Debian 12 has none."""
    try:
        with open(path, "rb") as file:
            return _HTTP_OF_GRUB in file.read(_MAX_GRUB)
    except OSError:
        return False


def _links(name: str) -> list[tuple[str, str]]:
    """Return each file of the chain that begins with the program ``name``, and which one loads it, "" for firmware."""
    chain: list[ChainLink] = list(chain_of(name))
    return [(name, "")] + [(link.next, link.file) for link in chain if link.next]


def _is_there(name: str, directories: Sequence[str]) -> bool:
    try:
        os.close(open_first(directories, name))
    except OSError:
        return False
    return True


def _message(program: WantedProgram, name: str, loaded_by: str) -> str:
    kind = describe(program.arch)
    shown = ", ".join(program.machines[:MAX_NAMED])
    more = f" and {len(program.machines) - MAX_NAMED} more" if len(program.machines) > MAX_NAMED else ""
    by = f", which {loaded_by} loads," if loaded_by else ""
    what = f"{name} is missing{by}" if name else "there is no network boot program"
    # The name is compiled into the program that loads it.
    beside = f"put it beside {loaded_by}, under this name"
    mend = beside if loaded_by else f"--arch-map {program.arch}=FILE or netboot.ipxe.binary names another"
    return f"{what} for {kind}, the firmware of {shown}{more}; {mend}"
