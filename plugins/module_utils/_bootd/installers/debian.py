# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's own installer, which a preseed file tells what it would ask.

What is said here of it was seen in debian-installer 20230607+deb12u15; files are those of its initrd.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..configurations.base import Configuration
from ..hardware.cpu import DEBIAN_NAMES, X86_64, cpu_called
from ..hardware.field_check import Finding
from ..hardware.model import Nic, text_at
from ..hardware.problem import ABSENT
from ..hardware.written_spec import has_own_script, netbooting
from . import fields
from .base import TEXT, Handout, Installer
from .kernel_boot import KernelBoot, kernel_boot

KERNEL, INITRD = "linux", "initrd.gz"  # as below images/netboot/debian-installer/ARCH of every mirror
# Where they are below a URL that is for all architectures: of a mirror's archive, and of a netboot.tar.gz unpacked.
# Source: https://www.debian.org/releases/bookworm/amd64/ch04s02, and the mirrors.
_PLACES = {
    "/main": "installer-{arch}/current/images/netboot/debian-installer/{arch}",
    "/debian-installer": "{arch}",
}
# Linux hands unknown words with a value to init as its environment, has room for 31 beside HOME and TERM, and panics
# at the next (init/main.c, unknown_bootoption, with INIT_ENV_ARG_LIMIT=32).
MAX_ENVIRONMENT = 31
EARLY, LATE = "preseed/early_command", "preseed/late_command"

_BASE_URL, _PARAMS = "netboot.osie.baseURL", "netboot.osie.kernelParams"
_INSTALLED = "---"  # what follows is for the kernel of the installed system, too
# debconf's names of what is given in short (/etc/preseed_aliases); with them a preseed file is named.
_ALIASES = {
    "auto": ("auto-install/enable",),
    "priority": ("debconf/priority",),
    "url": ("preseed/url", "file", "preseed/file"),
    "interface": ("netcfg/choose_interface",),
}
_TYPES = frozenset("boolean entropy error multiselect note password seen select string text title".split())
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACE = re.compile(r"[ \t]+")
# The initrd has GNU Wget; busybox's own can send no POST.
_POST = "wget --quiet --output-document=/dev/null --post-data= --timeout=10"
_PATIENCE = "--retry-connrefused --retry-on-http-error=503"


class Debian(Installer):
    """Debian's installer, its kernel and initrd named by ``netboot.osie``, its preseed file kept by bootd."""

    distro = "debian"
    name = "debian"
    does = "installs Debian (operating_system.distro)"
    needs_osie = True
    configuration_argument = "url"
    reports = ("started", "succeeded", "failed")

    def problems(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield that kernel or initrd are named nowhere, and arguments that Linux would not take; see ``Installer``."""
        for path, item in netbooting(spec):
            if has_own_script(item) or text_at(item, "dhcp", "boot_file_name"):
                continue
            named = [text_at(item, "netboot", "osie", name) for name in ("kernel", "initrd")]
            if not text_at(item, "netboot", "osie", "baseURL") and not all("://" in url for url in named):
                message = f"missing: should be the URL below which Debian's {KERNEL} and {INITRD} are"
                yield f"{path}.netboot.osie.baseURL", ABSENT, message, False
            osie = item["netboot"].get("osie")
            params = osie.get("kernelParams") if isinstance(osie, dict) else None
            words = " ".join(word for word in params if isinstance(word, str)) if isinstance(params, list) else ""
            message = _too_many([*_defaults("", "configuration"), *words.split()])
            if message:
                yield f"{path}.{_PARAMS}", ABSENT, message, False

    def boot(self, nic: Nic, configuration_url: str, arch: str) -> KernelBoot:
        """Return the kernel and initrd of ``netboot.osie``, and what makes the installer ask nobody; see ``Installer``.

        Without a preseed file at hand it asks: one that it can't fetch, it tries once, and then it stands still.
        """
        osie = nic.interface.netboot.osie
        base, cpu = _below(osie.base_url, arch)
        wanted = fields.kernel_arguments(_PARAMS, " ".join(osie.kernel_params))
        end = wanted.index(_INSTALLED) if _INSTALLED in wanted else len(wanted)
        given = {_key(word) for word in wanted[:end]}
        defaults = [
            word for word in _defaults(nic.interface.mac, configuration_url) if given.isdisjoint(_ALIASES[_key(word)])
        ]
        message = _too_many([*defaults, *wanted])
        if message:
            raise fields.FieldError(_PARAMS, message)
        return kernel_boot(
            kernel=fields.path_or_url("netboot.osie.kernel", osie.kernel or KERNEL, base, _BASE_URL),
            initrds=[fields.path_or_url("netboot.osie.initrd", osie.initrd or INITRD, base, _BASE_URL)],
            defaults=defaults,
            wanted=wanted[:end],
            last=wanted[end:],
            cpu="" if osie.kernel and osie.initrd else cpu,
        )

    def read(self, text: str) -> Configuration:
        """Return the preseed file that ``text`` is; see ``Installer``."""
        control = _CONTROL.search(text)
        if control:
            raise ValueError(f"it has a control character in line {text.count(chr(10), 0, control.start()) + 1}")
        for _answer in _answers(text):
            pass
        return Configuration(text)

    def configuration(self, nic: Nic, kept: Configuration | None, report_url: str) -> Handout | None:
        """Return the preseed file with the reports in it; see ``Installer``."""
        return None if kept is None else Handout(with_reports(kept.text, report_url).encode(), TEXT)


def with_reports(text: str, report_url: str) -> str:
    """Return the preseed file ``text`` with commands behind it that POST to ``REPORT_URL/started`` and so on.

    Of a question that is answered twice the last answer counts, so these have the user's own commands in them. The end
    of the late one says how the installation went: where it fails, the installer stops at a question as it would
    without us, and does not boot into another attempt. A report that fails never stops anything.
    """
    commands = {question: value.strip() for question, kind, value in _answers(text) if kind != "seen"}
    early, late = commands.get(EARLY, ""), commands.get(LATE, "")
    started = f"{_POST} --tries=5 {_PATIENCE} {report_url}/started || true"
    succeeded, failed = (
        f"{_POST} --tries=20 --waitretry=10 {_PATIENCE} {report_url}/{outcome} || true"
        for outcome in ("succeeded", "failed")
    )
    # In a shell of its own: whatever it has in it, a comment or an exit, ends there.
    own = f"if sh -c {shlex.quote(late)}; then {succeeded}; else {failed}; false; fi" if late else succeeded
    line_end = "" if text.endswith("\n") or not text else "\n"
    lines = [f"d-i {EARLY} string {started}{f'; {early}' if early else ''}", f"d-i {LATE} string {own}"]
    return f"{text}{line_end}" + "".join(f"{line}\n" for line in lines)


def _answers(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield question, type and value of each line of a preseed file, as /bin/debconf-set-selections reads it.

    Raises ValueError, which says nothing of what is in it.
    """
    begun: list[str] = []
    place = 0
    for number, written in enumerate(text.split("\n"), 1):
        line = written.replace("\r", "")
        if line.startswith("#") or not line.strip(" \t"):
            continue  # between the parts of a continued line, too
        line = line.lstrip(" \t")
        place = place if begun else number
        if line.endswith("\\"):
            begun.append(line[:-1].rstrip(" \t"))
            continue
        words = _SPACE.split(" ".join(part for part in [*begun, line] if part), maxsplit=3)
        begun = []
        if words[0].startswith("#"):
            raise ValueError(f"it has a comment in line {place} that does not begin there, and so is none")
        if len(words) < 3 or words[2] not in _TYPES:
            raise ValueError(f"it has no owner, question, type and value in line {place}, as in d-i a/b string c")
        yield words[1], words[2], words[3] if len(words) > 3 else ""
    if begun:
        raise ValueError(f"it ends within line {place}, which a backslash continues")


def _below(base_url: str, arch: str) -> tuple[str, str]:
    """Return the URL below which kernel and initrd are for ``arch``, and the architecture that it was chosen by.

    That is ``base_url`` itself, "" for the architecture, unless it leads to what is there of every architecture.
    """
    place = next((place for ending, place in _PLACES.items() if base_url.rstrip("/").endswith(ending)), "")
    if not place:
        return base_url, ""
    cpu = cpu_called(arch or X86_64)
    if not cpu:
        raise fields.FieldError("dhcp.arch", "is no architecture that Debian's installer has a name for")
    return f"{base_url.rstrip('/')}/{place.format(arch=DEBIAN_NAMES[cpu])}", cpu


def _defaults(mac: str, configuration_url: str) -> list[str]:
    """Return the arguments of the installer.

    ``auto`` has it ask nothing before the preseed file is there. ``interface`` names the card: a machine with several
    stops at a question otherwise.
    """
    preseed = ["auto=true", "priority=critical", f"url={configuration_url}"] if configuration_url else []
    return [*preseed, f"interface={mac}"]


def _too_many(words: Iterable[str]) -> str:
    """Return why Linux would not boot with ``words``, "" where it would. Those with a dot are for its modules."""
    keys = {_key(word) for word in words if "=" in word and "." not in _key(word)} - {"console", "initrd"}
    if len(keys) <= MAX_ENVIRONMENT:
        return ""
    return f"has so many words with a value, {len(keys)} with bootd's, that Linux panics: it takes {MAX_ENVIRONMENT}"


def _key(word: str) -> str:
    return word.partition("=")[0]
