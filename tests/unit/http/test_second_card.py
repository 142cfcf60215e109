# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that boots from its second card: script, kernel line, configuration and switch-off are of that card."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from _bootd.hardware.mac import dashed
from _bootd.hardware.model import Interface, Netboot
from _bootd.ipxe.render import render
from servers.http_site import ADDRESS, KEY, MAC, OTHER_ADDRESS, OTHER_MAC, Site, machine, make_site

CARDS = {MAC: ADDRESS, OTHER_MAC: OTHER_ADDRESS}
CONFIGURATION = "token: x\nos:\n  password: x\ninstall:\n  mode: create\n  vip: 10.10.0.30\n"


@pytest.fixture
def site(tmp_path) -> Site:
    """A site of one machine with two cards, both of which may boot; bootd keeps its configuration."""
    interfaces = tuple(
        Interface(mac, address, "255.255.255.0", "10.10.0.1", "um790-1", netboot=Netboot(allow_pxe=True))
        for mac, address in CARDS.items()
    )
    metadata = {"instance": {"operating_system": {"distro": "harvester", "version": "v1.8.2"}}}
    site = make_site(tmp_path, replace(machine(metadata=metadata), interfaces=interfaces))
    site.render = render
    site.configurations.texts[KEY] = CONFIGURATION
    return site


def test_report_by_the_url_of_the_other_card_is_of_the_card_that_booted(site):
    # As `bootd report-url` hands it out before anybody knows which card that will be.
    url = f"/phone-home/{dashed(MAC)}/{site.token()}"
    assert site.get(f"/{dashed(OTHER_MAC)}/auto.ipxe", OTHER_ADDRESS).status == 200
    assert site.post(f"{url}/succeeded", source=OTHER_ADDRESS).status == 200
    assert (site.state().stage, dict(site.state().switched_off)) == ("installed", {OTHER_MAC: ""})
    known = json.loads(site.get("/api/v1/machines/um790-1").text)
    assert (known["mac"], known["ip"]) == (OTHER_MAC, OTHER_ADDRESS)


@pytest.mark.parametrize("mac", CARDS)
@pytest.mark.parametrize("path", ["/auto.ipxe", "/{}/auto.ipxe"])
def test_everything_follows_the_card_that_boots(site, mac, path):
    (other,) = CARDS.keys() - {mac}
    address = CARDS[mac]
    script = site.get(path.format(dashed(mac)), address).text
    (kernel,) = (line for line in script.splitlines() if line.startswith("kernel "))
    assert f" BOOTIF={mac} " in kernel
    assert f"/phone-home?mac={dashed(mac)}" in script
    assert dashed(other) not in script and other not in script and CARDS[other] not in script

    (url,) = re.findall(r"harvester\.install\.config_url=http://[^/]*(\S+)", kernel)
    assert url.startswith(f"/configuration/{dashed(mac)}/")
    configuration = site.get(url, address)
    assert configuration.status == 200
    (report,) = set(re.findall(r"http://[^/]*(/phone-home/\S+)/succeeded", configuration.text))
    assert report.startswith(f"/phone-home/{dashed(mac)}/")

    assert site.post(f"{report}/started", source=address).status == 200
    assert site.post(f"{report}/succeeded", source=address).status == 200
    assert (site.state().stage, dict(site.state().switched_off)) == ("installed", {mac: ""})
    known = json.loads(site.get("/api/v1/machines/um790-1").text)
    assert (known["mac"], known["ip"]) == (mac, address)
