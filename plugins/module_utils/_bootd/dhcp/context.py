# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What DHCP decisions need to know of the daemon itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..settings import Settings

DEFAULT_LEASE_TIME = 86400


@dataclass(frozen=True, slots=True)
class Context:
    """The addresses, as machines reach them, and the defaults that replies are made of."""

    server: str  # option 54
    http_base: str  # the start of every URL, without a slash at the end
    tftp: str  # siaddr
    syslog: str  # option 7
    arch_map: Mapping[int, str] = field(default_factory=dict)  # option 93 value -> boot file, over the defaults
    lease_time: int = DEFAULT_LEASE_TIME  # seconds, where an object gives none


def context_from(settings: Settings) -> Context:
    """Return the Context that ``settings`` describe: every service is at the advertised address."""
    return Context(
        server=settings.address,
        http_base=settings.http_base,
        tftp=settings.address,
        syslog=settings.address,
        arch_map=settings.arch_map,
        lease_time=settings.lease_time,
    )
