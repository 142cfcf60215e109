# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What bootd asks of an installer. ``registry`` lists them; each is a class here that answers these questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..configurations import document as documents
from ..configurations.base import Configuration
from ..decisions.deadlines import Expected
from ..hardware.field_check import Finding
from ..hardware.model import Machine, Nic
from .kernel_boot import KernelBoot

YAML = "application/yaml"  # RFC 9512
TEXT = "text/plain; charset=utf-8"
MAX_TARGETS = 2  # of a machine


@dataclass(frozen=True, slots=True)
class Handout:
    """A configuration as its machine is given it. It holds passwords, so printing the object does not show it."""

    content: bytes = field(repr=False)
    media_type: str = TEXT


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A TCP port that has to accept connections; ``address`` is dotted IPv4."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class Installer(Protocol):
    """One installer, or one way to boot without any. Pure: no file, no clock, no socket.

    A class names it in its attributes and says what it does otherwise than a kernel and an initrd of anybody's own,
    which is what stands here. ``document`` is what read() made of the configuration that bootd keeps for the machine,
    None where it keeps none.
    """

    distro: str  # the operating_system.distro it is for; "" is for every machine that no other is for
    name: str  # what its boot is called in events, as in "script netboot.osie"
    does: str  # what a machine does with it, after the machine's name: "boots the kernel of netboot.osie"

    needs_osie: bool = False  # whether there is nothing to boot unless netboot.osie says what
    # The kernel argument that says where the configuration is, and what only its own arguments begin with.
    configuration_argument: str = ""
    own_arguments: str = ""
    arguments_in_userdata: bool = False  # whether metadata.instance.userdata holds kernel arguments
    tags_vlan: bool = False  # whether its kernel line has the installer use the interface's vlan_id
    makes_configuration: bool = False  # whether it has a configuration for machines that bootd keeps none for
    # What an installer reports that has got its configuration here, of tokens.OUTCOMES. "started" is waited for, and
    # "succeeded" is what says that a machine is installed.
    reports: tuple[str, ...] = ()
    last_stage: str = "installed"  # or "ready", for one whose machines answer at answers_at() in the end

    def problems(self, spec: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with the ``spec`` of a Hardware object, as written, of a machine that is to use this.

        Anything may stand in it. Paths begin with ``spec``; what is wrong with any machine is told by others.
        """
        yield from ()

    def boot(self, nic: Nic, configuration_url: str, arch: str) -> KernelBoot:
        """Return what the machine boots; raises FieldError where a field of its object can't be used.

        ``configuration_url`` is where it gets its configuration, "" where there is none for it. ``arch`` is the
        architecture to choose files by: what the machine said of itself, or ``dhcp.arch`` of its object as written.
        """

    def read(self, text: str) -> Configuration:
        """Return the configuration that ``text`` is, as its author wrote it: here a mapping in YAML, or anything else.

        Raises ValueError where it can't be used, without a word of what is in it: there may be a password.
        """
        try:
            return documents.read(text)
        except ValueError:
            return Configuration(text)

    def configuration(self, nic: Nic, kept: Configuration | None, report_url: str) -> Handout | None:
        """Return what the machine gets at that URL, None for nothing.

        ``kept`` is what bootd keeps for it. Reports are POSTed to ``REPORT_URL/started`` etc. (see ``reports``).
        """
        return None if kept is None else Handout(kept.text.encode(), YAML if kept.document else TEXT)

    def expect(self, expected: Expected, document: Mapping[str, Any] | None, http_base: str) -> Expected:
        """Return ``expected``, what is heard of a machine that gets on, with what only this installer knows.

        ``http_base`` is the start of bootd's own URLs. How long each may take are the limits of ``deadlines``.
        """
        return expected

    def loads(self, document: Mapping[str, Any] | None) -> tuple[str, ...]:
        """Return the URLs of the images that the installer loads because its configuration says so."""
        return ()

    def answers_at(self, machine: Machine, document: Mapping[str, Any] | None) -> tuple[Target, ...]:
        """Return where ``machine`` answers once it is ready, MAX_TARGETS at most; empty where it need not."""
        return ()
