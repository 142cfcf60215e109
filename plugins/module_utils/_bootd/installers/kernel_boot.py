# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A kernel to boot, as data: its URL, its initrds, and a command line made of defaults and of what the object says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import fields

# Given several times, each counts: the last one becomes /dev/console.
_CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Initrd:
    """An initrd, and the name by which the EFI stub of the kernel finds it."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class KernelBoot:
    """What a boot loader loads and how it starts it.

    ``efi_only`` is why this is nothing for machines with legacy BIOS, "" where it is something for them. ``cpu`` is the
    architecture (see ``hardware.cpu``) by which the files were chosen, "" where the object itself names them.
    """

    kernel: str  # URL
    initrds: tuple[Initrd, ...]
    arguments: tuple[str, ...]
    efi_only: str = ""
    cpu: str = ""


def kernel_boot(
    kernel: str,
    initrds: Sequence[str],
    defaults: Iterable[str],
    wanted: Iterable[str],
    efi_only: str = "",
    last: Sequence[str] = (),
    cpu: str = "",
) -> KernelBoot:
    """Return the boot of ``kernel`` and ``initrds``, URLs, with ``defaults`` as far as ``wanted`` says nothing else.

    ``initrd=`` comes first and is always right: a UEFI kernel finds no initrd without it, and none by a wrong name.
    ``last`` stands behind all others word for word, as what an installer hands on to the system that it installs.
    ``efi_only`` and ``cpu`` as in ``KernelBoot``.
    Raises FieldError where a URL ends in no file name, or the command line is longer than Linux takes.
    """
    loaded = tuple(Initrd(url, fields.file_name("netboot.osie.initrd", url)) for url in initrds)
    given = [argument for argument in wanted if _key(argument) != "initrd"]
    arguments = (*(f"initrd={initrd.name}" for initrd in loaded), *merge(defaults, given), *last)
    length = len(" ".join(arguments))
    if length > fields.MAX_COMMAND_LINE:
        raise fields.FieldError(
            "the kernel command line", f"is {length} characters long, and Linux takes {fields.MAX_COMMAND_LINE}"
        )
    return KernelBoot(kernel, loaded, arguments, efi_only, cpu)


def merge(defaults: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return ``defaults`` followed by ``wanted``, no argument twice.

    Where ``wanted`` gives the key of a default, its last value stands in the default's place; consoles add up instead.
    Of other keys all different values stay, in their order: some installers take a list as a repeated key.
    """
    defaults, wanted = list(defaults), list(wanted)
    if not wanted:
        return defaults
    keys = {_key(argument) for argument in defaults}
    merged: list[str] = []
    for default in defaults:
        given = [argument for argument in wanted if _key(argument) == _key(default)]
        if _key(default) == _CONSOLE:
            merged += _last_of_each([default, *given])
        else:
            merged.append(given[-1] if given else default)
    rest = [argument for argument in wanted if _key(argument) not in keys]
    consoles = _last_of_each([argument for argument in rest if _key(argument) == _CONSOLE])
    others = list(dict.fromkeys(argument for argument in rest if _key(argument) != _CONSOLE))
    return [*merged, *others, *consoles]


def _last_of_each(arguments: list[str]) -> list[str]:
    return list(reversed(dict.fromkeys(reversed(arguments))))


def _key(argument: str) -> str:
    return argument.partition("=")[0]
