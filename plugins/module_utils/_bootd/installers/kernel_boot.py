# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A Linux boot: the kernel, its initrd and its command line, made of defaults and of what the object says."""

from __future__ import annotations

from dataclasses import dataclass

from . import fields

# Given several times, each counts: the last one becomes /dev/console.
_CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class LinuxBoot:
    """What iPXE loads and how it starts it.

    ``initrd_name`` is the name the EFI stub finds the initrd by, ``efi_only`` why this is nothing for machines with
    legacy BIOS, "" where it is something for them.
    """

    kernel: str  # URL
    initrd: str  # URL
    initrd_name: str
    arguments: tuple[str, ...]
    efi_only: str = ""


def linux_boot(kernel: str, initrd: str, defaults: list[str], wanted: list[str]) -> LinuxBoot:
    """Return the boot of ``kernel`` and ``initrd`` with ``defaults`` as far as ``wanted`` does not say otherwise.

    ``initrd=`` comes first and is always right: a UEFI kernel finds no initrd without it, and none by a wrong name.
    """
    name = fields.file_name("netboot.osie.initrd", initrd)
    wanted = [argument for argument in wanted if _key(argument) != "initrd"]
    arguments = (f"initrd={name}", *merge(defaults, wanted))
    length = len(" ".join(arguments))
    if length > fields.MAX_COMMAND_LINE:
        raise fields.FieldError(
            "the kernel command line", f"is {length} characters long, and Linux takes {fields.MAX_COMMAND_LINE}"
        )
    return LinuxBoot(kernel, initrd, name, arguments)


def merge(defaults: list[str], wanted: list[str]) -> list[str]:
    """Return ``defaults`` followed by ``wanted``, no argument twice.

    Where ``wanted`` gives the key of a default, its last value stands in the default's place; consoles add up instead.
    Of other keys all different values stay, in their order: a list in Harvester's configuration is a repeated key.
    """
    keys = {_key(argument) for argument in defaults}
    merged = []
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
