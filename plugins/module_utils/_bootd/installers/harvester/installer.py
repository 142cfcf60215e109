# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Harvester: a kernel, an initrd and a rootfs of its release, a YAML configuration, webhooks that report, an API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...configurations import document as documents
from ...configurations.base import Configuration
from ...decisions.deadlines import Expected
from ...hardware.field_check import Finding
from ...hardware.model import Machine, Nic, text_at
from ..base import YAML, Handout, Installer, Target
from ..kernel_boot import KernelBoot
from .answers import answers_at
from .boot import plan
from .card_names import kept_arguments, with_card_names
from .kernel_line import CONFIG_URL
from .problems import problems
from .webhooks import with_webhooks

_STOPPED_BY = (
    "its checks stopped it: hardware below Harvester's minimum (skipchecks), a disk or network interface that is not "
    "there, no default route"
)
_NO_FETCH = "the kernel can't load its rootfs"
_NO_ISO = "no ISO was fetched; likely its disk could not be written, or install.iso_url leads elsewhere"
_NO_BIOS = "it is v1.8 or later, which refuses a BIOS machine"  # and tells nobody


class Harvester(Installer):
    """Harvester's installer, of the releases in ``releases`` and with their ``quirks``."""

    distro = "harvester"
    name = "harvester"
    does = "installs Harvester (operating_system.distro)"
    configuration_argument = CONFIG_URL
    own_arguments = "harvester.install."
    arguments_in_userdata = True
    tags_vlan = True
    reports = ("started", "succeeded", "failed")
    last_stage = "ready"

    def problems(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what keeps Harvester from being installed; see ``Installer``."""
        return problems(spec)

    def boot(self, nic: Nic, configuration_url: str, arch: str) -> KernelBoot:
        """Return the release's kernel and initrd, and the kernel line of its version; see ``Installer``."""
        return plan(nic, arch, configuration_url)

    def read(self, text: str) -> Configuration:
        """Return the mapping in YAML that ``text`` has to be; see ``Installer``."""
        return documents.read(text)

    def configuration(self, nic: Nic, kept: Configuration | None, report_url: str) -> Handout | None:
        """Return what is kept with our webhooks first; see ``Installer``.

        Where the kernel line gives the boot card a name, one that was written by hand has the installed system do so.
        """
        if kept is None:
            return None
        version = text_at(nic.machine.metadata, "instance", "operating_system", "version")
        named = with_card_names(kept.document, kept_arguments(nic.machine, nic.interface), version)
        return Handout(documents.write(with_webhooks(named, report_url), like=kept.text).encode(), YAML)

    def expect(self, expected: Expected, document: Mapping[str, Any] | None, http_base: str) -> Expected:
        """Return ``expected`` with the ISO where bootd serves it, and with what stops Harvester; see ``Installer``."""
        own = expected.configuration and any(url.startswith(f"{http_base}/images/") for url in self.loads(document))
        no_iso = _NO_ISO if own else ""
        return replace(expected, no_iso=no_iso, no_fetch=_NO_FETCH, stopped_by=_STOPPED_BY, no_bios=_NO_BIOS)

    def loads(self, document: Mapping[str, Any] | None) -> tuple[str, ...]:
        """Return where the ISO is, which the root file system is installed of; see ``Installer``."""
        iso = text_at(document, "install", "iso_url") or text_at(document, "install", "isoUrl")
        return (iso,) if iso else ()

    def answers_at(self, machine: Machine, document: Mapping[str, Any] | None) -> tuple[Target, ...]:
        """Return the node's own port, and the VIP's for the node that creates the cluster; see ``Installer``."""
        return answers_at(machine, document)
