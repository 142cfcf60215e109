# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux host beside the machine that configures its IPv6 by itself, and must not notice that a machine boots."""

from __future__ import annotations

from pathlib import Path

from lab.capture import Capture
from lab.network import Lab

NAME, ADDRESS = "bystander", "10.10.0.8/24"


class Bystander:
    """The host, listening from when it is made."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self._lab = lab
        lab.host(NAME, ADDRESS)
        for setting in ("accept_ra", "autoconf"):
            lab.run(NAME, ["sysctl", "-qw", f"net.ipv6.conf.eth0.{setting}=1"])
        self._before = self._configuration()
        self._capture = Capture(lab, NAME, "eth0", directory / "bystander.pcap", "icmp6")

    def problem(self, mac: str) -> str:
        """Stop listening; return what it noticed of the boot of ``mac`` that it should not have, "" for nothing."""
        heard = self._capture.end()
        if not any(step.what == "RS" and step.source == mac for step in heard):
            return "heard no solicitation of the machine, so its hearing proves nothing"
        if any(step.what == "RA" for step in heard):
            return "heard a router advertisement"
        after = self._configuration()
        return "" if after == self._before else f"has {after} now, and had {self._before}"

    def _configuration(self) -> str:
        """Its addresses and routes."""
        asked = (["address", "show", "dev", "eth0"], ["route"], ["-6", "route"])
        return "".join(self._lab.run(NAME, ["ip", *words]).stdout for words in asked)
