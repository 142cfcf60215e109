# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The text of a machine's iPXE script, from the boot decision. Pure, and never raises whatever the object holds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache, lru_cache
from itertools import chain

try:
    from jinja2 import Environment
except ImportError:
    pass

from ..decisions.boot import SCRIPT_NAME, Chain, Contents, LocalDisk, Script, Unusable, Wait
from ..hardware.cpu import IPXE_BUILDS
from ..hardware.local_boot import FIRST_DRIVE
from ..hardware.mac import dashed
from ..installers import fields
from ..process.settings import Settings
from ..process.text_templates import template_environment
from . import reports, templates

MAGIC = "#!ipxe"
MAX_FRAMES = 256  # different boots, of which each has a text that is kept
_MARK = "\0"  # around the name of what is filled in later; fields.py lets no value have it
_SYSLOG_PORT = 514  # the only one iPXE sends to


def render(decision: Script | Wait, mac: str, settings: Settings) -> str:
    """Return the script that does what ``decision`` says, for the machine with ``mac``.

    The user's own contents come back verbatim: no facts, no retries; only the line that makes it a script is put before
    it where it is missing, as Smee does. Where a field of the object can't be used the script says so on the console
    and to bootd, boots nothing, and asks again until the object has been put right.
    """
    own, syslog = _own_words(decision, mac, settings), settings.address if settings.syslog_port == _SYSLOG_PORT else ""
    if isinstance(decision, Wait):
        return _fill("hold", own)
    boots = decision.boots
    if isinstance(boots, LocalDisk):
        way, drive = boots.way.how.value, f"{boots.way.drive:#x}" if boots.way.drive else ""
        return _fill("local", own, way=way, drive=drive)
    if isinstance(boots, Contents):
        return _contents(boots.text)
    if isinstance(boots, Chain):
        return _fill("chain", own, url=boots.url, syslog=syslog)
    if isinstance(boots, Unusable):
        # It may be the processor in the object that makes it so.
        query = "" if decision.told_cpu else "?arch=${buildarch}"
        return _fill("unusable", own, problem=fields.text(boots.problem), query=query, syslog=syslog)
    # A kernel for another processor does not start, and iPXE alone knows where it runs in every way a script is had.
    builds = () if decision.told_cpu else IPXE_BUILDS.get(boots.cpu, ())
    own["arguments"] = " ".join(boots.arguments)
    files = {"kernel": boots.kernel, "initrds": boots.initrds}
    return _fill("kernel", own, builds=builds, efi_only=fields.text(boots.efi_only), syslog=syslog, **files)


def with_network(decision: Script | Wait, text: str) -> str:
    """Return the script ``text`` for an iPXE that may have no network yet.

    From 2021 on iPXE on UEFI fetches ``autoexec.ipxe`` through firmware's own TFTP, before it has opened a card itself,
    and runs it in the place of all that it does by itself, DHCP included (src/interface/efi/efi_autoexec.c of iPXE).
    """
    if isinstance(decision, Script) and isinstance(decision.boots, LocalDisk):
        return text
    first, _line_end, rest = text.partition("\n")
    return f"{first}\n{templates.NETWORK}{rest}"


def _own_words(decision: Script | Wait, mac: str, settings: Settings) -> dict[str, str]:
    """Return what is another for each machine, by the names that templates have for it."""
    path = dashed(mac)
    return {
        "reason": fields.text(decision.reason),
        "report": f"{settings.http_base}/phone-home?mac={path}",
        "script": f"{settings.http_base}/{path}/{SCRIPT_NAME}",
        "arguments": "",
    }


def _contents(script: str) -> str:
    first = script.split("\n", 1)[0].rstrip()
    return script if first == MAGIC or first.startswith((f"{MAGIC} ", f"{MAGIC}\t")) else f"{MAGIC}\n{script}"


def _fill(template: str, own: Mapping[str, str], **values: Hashable) -> str:
    """Return ``template`` filled in with ``values`` and a machine's ``own`` words, of which it decides nothing."""
    fixed, names = _frame(template, tuple(values.items()), tuple(own))
    words = [own[name] for name in names]
    return "".join(chain.from_iterable(zip(fixed, [*words, ""], strict=True)))


@lru_cache(MAX_FRAMES)
def _frame(
    template: str, values: tuple[tuple[str, Hashable], ...], own: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the text between machines' own words, and the names of those in between.

    Machines that boot the same have it in common, and it is most of what takes time.
    """
    marks = {name: f"{_MARK}{name}{_MARK}" for name in own}
    pieces = str(_environment().get_template(template).render({**dict(values), **marks})).split(_MARK)
    return tuple(pieces[::2]), tuple(pieces[1::2])


@cache
def _environment() -> Environment:
    # iPXE has no escapes: fields.py lets nothing through that would need one.
    return template_environment(
        templates.TEMPLATES,
        first_drive=f"{FIRST_DRIVE:#x}",
        tries=templates.TRIES,
        first_pause=templates.FIRST_PAUSE,
        pause_growth=templates.PAUSE_GROWTH,
        ask_pause=templates.ASK_PAUSE,
        asks=templates.ASKS,
        hold_pause=templates.HOLD_PAUSE,
        report_timeout=templates.REPORT_TIMEOUT,
        facts_query=reports.facts_query,
        loaded_query=reports.loaded_query,
        failed_query=reports.failed_query,
        refused_query=reports.refused_query,
    )
