# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which network boot programs the machines will ask for that are not there: told before the first of them does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..decisions.architectures import describe
from ..decisions.boot_chains import Link, chain_of
from ..decisions.boot_programs import WantedProgram, wanted_programs
from ..process.served_files import open_first
from ..stores.base import StoreProblem
from .services import Services

MAX_NAMED = 3
# What GRUB's module for HTTP, net/http.c of its source, has in its messages.
_HTTP_OF_GRUB = b"HTTP/1.1"
_MAX_GRUB = 32 * 1024 * 1024  # octets of a program that are read


def missing_programs(services: Services) -> list[StoreProblem]:
    """Return a problem for each boot program that is missing; ``where`` is where bootd has looked."""
    settings = services.settings
    wanted = wanted_programs(services.catalog.machines(), services.journal.states(), settings.arch_map)
    where = os.pathsep.join(settings.boot_files) or "--boot-files"
    return [
        StoreProblem(where, _message(program, name, by))
        for program in wanted
        for name, by in _links(program.name)
        if not _is_there(name, settings.boot_files)
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
    chain: list[Link] = list(chain_of(name))
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
    mend = f"--arch-map {program.arch}=FILE or netboot.ipxe.binary names another"
    return f"{what} for {kind}, the firmware of {shown}{more}; {mend}"
