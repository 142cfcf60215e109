# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy: one meaning of netboot for every server."""

from __future__ import annotations

import pytest

from _bootd.decisions.policy import Boot, judge
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie

HARVESTER = {"instance": {"operating_system": {"distro": "harvester", "version": "v1.2.0"}}}


def nic(netboot: Netboot, metadata: dict | None = None) -> Nic:
    interface = Interface(mac="52:54:00:00:00:01", netboot=netboot)
    return Nic(Machine(name="a", interfaces=(interface,), metadata=metadata or {}), interface)


@pytest.mark.parametrize(
    ("netboot", "metadata", "boot"),
    [
        (Netboot(True, ipxe_contents="#!ipxe", ipxe_url="http://x/"), HARVESTER, Boot.CONTENTS),
        (Netboot(True, ipxe_url="http://x/"), HARVESTER, Boot.CHAIN),
        (Netboot(True), {"instance": {"ipxe_script_url": "http://x/"}}, Boot.CHAIN),
        (Netboot(True, osie=Osie(base_url="http://x")), HARVESTER, Boot.INSTALLER),
        (Netboot(True, osie=Osie(base_url="http://x")), {}, Boot.INSTALLER),
        (Netboot(True, osie=Osie(kernel="http://x/k")), {}, Boot.INSTALLER),
        (Netboot(True), {}, Boot.LOCAL),
    ],
)
def test_judge_precedence(netboot, metadata, boot):
    verdict = judge(nic(netboot, metadata))
    assert verdict.allowed
    assert verdict.boot is boot


@pytest.mark.parametrize(
    ("netboot", "reason"),
    [
        (Netboot(False), "netboot.allowPXE is false"),
        (Netboot(None), "netboot.allowPXE is missing"),
        (Netboot(False, switched_off=True), "it is installed"),
    ],
)
def test_judge_netboot_off_boots_the_disk_and_says_why(netboot, reason):
    verdict = judge(nic(netboot, HARVESTER))
    assert not verdict.allowed
    assert verdict.boot is Boot.LOCAL
    assert reason in verdict.reason
