# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with two network cards, both in its object, of which only the second has a cable."""

from __future__ import annotations

import json

import yaml

from e2e.site import BOOTED, MAC
from samples import howto

UNPLUGGED = "58:47:ca:71:d8:50"


def with_another_card_first() -> str:
    """The HOWTO's object, that may boot from another card too, which stands first."""
    document = yaml.safe_load(howto.HARDWARE)
    (card,) = document["spec"]["interfaces"]
    card["dhcp"]["mac"] = MAC
    dhcp = {**card["dhcp"], "mac": UNPLUGGED, "ip": {**card["dhcp"]["ip"], "address": "10.10.0.17"}}
    document["spec"]["interfaces"] = [{**card, "dhcp": dhcp}, card]
    return json.dumps(document)


def test_machine_installs_itself_through_its_second_card_and_boots_its_disk(site):
    site.serve(with_another_card_first())
    site.configure("/dev/nvme0n1")
    machine = site.machine("bios", unplugged=UNPLUGGED)
    machine.power_on()
    site.wait_until(lambda: site.known()["stage"] == "ready", machine, "answered as a node that is ready")

    assert BOOTED in machine.console
    assert {line["mac"] for line in site.bootd.lines("send")} == {MAC}
    assert [line["outcome"] for line in site.bootd.lines("report")] == ["started", "succeeded"]
    known = site.known()
    assert (known["mac"], known["ip"]) == (MAC, "10.10.0.16")
    # Off for both cards: another boot from the network would ask by the first again.
    assert (known["attempt"], known["netboot"]) == (1, False)
