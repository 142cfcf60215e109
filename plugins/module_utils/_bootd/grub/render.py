# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The text of a machine's GRUB configuration, from the boot decision. Pure; never raises whatever the object holds."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

try:
    from jinja2 import Environment
except ImportError:
    pass

from ..decisions.boot import LocalDisk, Script, Unusable, Wait
from ..decisions.events import Via
from ..decisions.grub_limits import kernel_word
from ..hardware.cpu import GRUB_CPUS
from ..installers import fields
from ..installers.kernel_boot import KernelBoot
from ..ipxe.artifacts import plain
from ..process.settings import Settings
from ..process.text_templates import template_environment
from . import templates
from .words import Files, quoted

_INITRD = "initrd="  # by which the kernel's own EFI loader finds what GRUB hands over


def render(decision: Script | Wait, mac: str, settings: Settings, via: Via) -> str:
    """Return the configuration that does what ``decision`` says, for the machine with ``mac``, given to it ``via``.

    Where bootd has something to boot that GRUB can't, it says so on the console and to bootd, boots nothing, and asks
    again until the object has been put right.
    """
    reason, files = fields.text(decision.reason), Files.of(mac, via, settings)
    if isinstance(decision, Wait):
        return _fill("hold", reason=reason, files=files)
    boots = decision.boots
    if isinstance(boots, LocalDisk):
        return _fill("local", reason=reason, files=files)
    if isinstance(boots, KernelBoot):
        return _kernel(boots, reason, files, () if decision.told_cpu else GRUB_CPUS.get(boots.cpu, ()))
    problem = boots.problem if isinstance(boots, Unusable) else "this is a script for iPXE, and GRUB can not run it"
    return _fill("unusable", reason=reason, files=files, problem=fields.text(problem))


def _kernel(boots: KernelBoot, reason: str, files: Files, cpus: tuple[str, ...]) -> str:
    """Return what loads and starts the kernel, where ``cpus`` are given only in a GRUB for one of them."""
    arguments = [kernel_word(argument) or "" for argument in boots.arguments if not argument.startswith(_INITRD)]
    urls = [initrd.url for initrd in boots.initrds]
    return _fill(
        "kernel",
        reason=reason,
        files=files,
        boots=boots,
        cpus=cpus,
        kernel=" ".join(["linux", *map(quoted, [files.at(boots.kernel), *arguments])]),
        initrd=" ".join(["initrd", *(quoted(files.at(url)) for url in urls)]),
        initrd_urls=urls,
        efi_only=fields.text(boots.efi_only),
    )


def _loaded_query(role: str, url: str) -> str:
    return f"event=loaded&role={role}&url={_escaped(plain(url))}"


def _failed_query(role: str, url: str, message: str = "") -> str:
    more = f"&message={_escaped(message)}" if message else ""
    return f"event=error&role={role}&url={_escaped(plain(url))}{more}"


def _refused_query(message: str) -> str:
    return f"event=error&role=script&message={_escaped(message)}"


def _escaped(value: str) -> str:
    return quote(value, safe=":,")  # no slash: by TFTP this is a part of a path, and that is tidied


def _fill(template: str, **values: object) -> str:
    return str(_environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    # Values are GRUB's words: ``q`` makes them.
    queries = {"loaded_query": _loaded_query, "failed_query": _failed_query, "refused_query": _refused_query}
    return template_environment(templates.TEMPLATES, **templates.VALUES, **queries, q=quoted)
