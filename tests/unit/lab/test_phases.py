# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot's time was spent on, and the picture of it."""

from __future__ import annotations

from xml.etree import ElementTree

from lab.capture import Step
from timeline.phases import DHCP, FIRMWARE, IPV6, KERNEL, PROGRAM, SCRIPT, Phase, phases
from timeline.picture import picture

MAC, SERVER = "58:47:ca:71:d8:49", "52:54:00:00:00:01"


def boot(*words: tuple[float, str, str]) -> list[Step]:
    return [
        Step(at, what, detail, SERVER, "ff:ff:ff:ff:ff:ff")
        if what in ("OFFER", "ACK")
        else Step(at, what, detail, MAC, SERVER)
        for at, what, detail in words
    ]


def test_phases_of_a_boot_by_firmware():
    taken = boot(
        (0, "DISCOVER", "PXEClient"),
        (3, "REQUEST", "PXEClient"),
        (3.5, "ACK", ""),
        (4, "RRQ", "snponly.efi tsize 0"),
        (4.25, "RRQ", "snponly.efi"),
        (6, "DISCOVER", "iPXE"),
        (7, "DISCOVER", "iPXE"),
        (8, "ACK", ""),
        (9, "RS", ""),
        (10, "SYN", "7080"),
        (11, "GET", "/mac/auto.ipxe"),
        (12, "GET", "/phone-home?mac=a&event=facts"),
        (13, "GET", "/images/vmlinuz"),
        (15, "GET", "/phone-home?url=http%3A//a/images/vmlinuz"),
        (16, "GET", "/images/initrd"),
        (17, "RS", ""),
    )
    expected = [(FIRMWARE, 4), (PROGRAM, 2), (DHCP, 2), (IPV6, 3), (SCRIPT, 2), (KERNEL, 3)]
    assert [(phase.name, phase.seconds) for phase in phases(taken, MAC)] == expected


def test_others_on_the_cable_are_not_the_machine():
    taken = boot((0, "DISCOVER", "iPXE"), (1, "ACK", ""), (2, "GET", "/auto.ipxe"))
    taken.insert(1, Step(0.5, "RS", "", SERVER, "33:33:00:00:00:02"))
    assert [(phase.name, phase.seconds) for phase in phases(taken, MAC)] == [(DHCP, 1), (IPV6, 1), (SCRIPT, 0)]


def test_picture_has_a_bar_of_each_boot():
    bars = {"bootd": [Phase(DHCP, 1.0), Phase(KERNEL, 2.0)], "others & more": [Phase(KERNEL, 6.0)]}
    drawn = ElementTree.fromstring(picture({"BIOS <old>": bars}, "what it shows"))
    name = "{http://www.w3.org/2000/svg}"
    widths = [float(box.get("width")) for box in drawn.iter(f"{name}rect") if box.find(f"{name}title") is not None]
    assert (round(widths[1] / widths[0], 1), round(widths[2] / widths[1], 1)) == (2.0, 3.0)
    words = [text.text for text in drawn.iter(f"{name}text")]
    assert {"BIOS <old>", "others & more", "3.0 s", "6.0 s"} <= set(words)
