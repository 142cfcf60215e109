# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the GRUB configurations that bootd makes: what is loaded, by which name, and for which processor. Pure.

GRUB's language is a shell's, and a configuration of anybody else's is not read here.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
import shlex

from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.reading import (
    Leads,
    Reading,
    UnreadableScript,
)

_FIRST = "set bootd_answer=y"
_COMMAND = re.compile(r"if (linux|initrd) (.*); then")
_PREFIX = "bootd: "
_FILE = re.compile(r"\((?P<scheme>[a-z]+),(?P<host>[^)]+)\)(?P<path>/.*)")


def read(configuration: str, cpu: str, platform: str) -> Reading:
    """Return what ``configuration`` leads to in a GRUB for ``cpu``, its $grub_cpu, on ``platform``, "efi" or "pc".

    A configuration for another processor leads to another script, which is asked for by one's own. Raises
    UnreadableScript.
    """
    lines = [line.strip() for line in configuration.splitlines()]
    if lines[:1] != [_FIRST]:
        raise UnreadableScript("it is none that bootd makes")
    says = tuple(_words(line)[1].removeprefix(_PREFIX) for line in lines if line.startswith("echo '"))
    loads = {found[1]: _words(found[2]) for line in lines if (found := _COMMAND.fullmatch(line))}
    if "linux" in loads:
        cpus = next((line.split()[3:] for line in lines if line.startswith("for bootd_cpu in ")), [])
        if cpus and cpu not in [name.rstrip(";") for name in cpus]:
            return Reading(Leads.CHAIN, says)
        if 'if [ "$grub_platform" != efi ]; then' in lines and platform != "efi":
            return Reading(Leads.STUCK, says[:2])
        kernel, *arguments = loads["linux"] or [""]
        initrds = tuple(url_of(name) for name in loads.get("initrd", []))
        return Reading(Leads.KERNEL, says, url_of(kernel), " ".join(arguments), initrds)
    if any(line.startswith("if chainloader ") for line in lines):
        return Reading(Leads.DISK, says)
    return Reading(Leads.WAIT if "set bootd_patient=y" in lines else Leads.STUCK, says)


def url_of(name: str) -> str:
    """Return the URL of a file by GRUB's ``name`` for it, such as ``(http,10.10.0.20:7080)/images/vmlinuz``."""
    found = _FILE.fullmatch(name)
    return f"{found['scheme']}://{found['host']}{found['path']}" if found else name


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UnreadableScript(f"a quote has no end: {text[:80]}") from error
