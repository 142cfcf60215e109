# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that no object has, by HTTP: a boot program and a script where they boot, nothing at all elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from _bootd.ipxe.render import render
from servers.http_site import ADDRESS, MAC, STRANGER, machine, make_site

UNKNOWN = "02-00-00-00-00-09"
SCRIPT = "#!ipxe\necho who are you?\n"


def site_of(root, **settings):
    made = make_site(root, machine(), **settings)
    made.render = render
    for name in ("snponly.efi", "secret.efi"):
        (root / "boot" / name).write_bytes(b"program")
    return made


@pytest.fixture
def site(tmp_path):
    return site_of(tmp_path, dhcp_mode="auto-proxy")


@pytest.mark.parametrize("path", [f"/{UNKNOWN}/auto.ipxe", f"/ipxe/{UNKNOWN}/autoexec.ipxe"])
def test_an_unknown_machine_is_told_that_it_is_and_boots_its_disk(site, path):
    answer = site.get(path, STRANGER)
    assert (answer.status, answer.text.splitlines()[:3]) == (
        200,
        ["#!ipxe", "echo bootd: no Hardware object has 02:00:00:00:00:09", "echo bootd: starting the local disk"],
    )


def test_an_unknown_machine_gets_the_script_of_the_users_choosing(tmp_path):
    site = site_of(tmp_path, dhcp_mode="auto-proxy", unknown_script=SCRIPT)
    assert site.get(f"/{UNKNOWN}/auto.ipxe", STRANGER).text == SCRIPT
    assert site.get(f"/{MAC}/auto.ipxe", ADDRESS).text != SCRIPT


def test_an_unknown_machine_gets_boot_programs_and_no_other_file(site):
    assert site.get(f"/ipxe/{UNKNOWN}/snponly.efi", STRANGER).body == b"program"
    assert site.get(f"/ipxe/{UNKNOWN}/secret.efi", STRANGER).status == 404
    assert site.get("/ipxe/snponly.efi", STRANGER).status == 404, "who does not say who it is gets nothing"
    assert site.get("/auto.ipxe", STRANGER).status == 404


@pytest.mark.parametrize("path", ["/auto.ipxe", "/ipxe/snponly.efi", "/grub/grub.cfg"])
def test_a_client_of_ipv6_behind_a_proxy_is_no_machine(tmp_path, path):
    site = site_of(tmp_path, dhcp_mode="auto-proxy", trusted_proxies=("10.10.0.1",))
    assert site.get(path, "10.10.0.1", x_forwarded_for="2001:db8::5").status == 404
    assert [line for line in site.lines() if line["level"] == "error"] == []


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
@pytest.mark.parametrize("path", ["/auto.ipxe", "/autoexec.ipxe", "/grub/grub.cfg", "/grub.cfg", "/ipxe/snponly.efi"])
def test_who_has_the_address_of_a_machine_by_another_card_does_not_boot_as_that_machine(tmp_path, mode, path):
    site = site_of(tmp_path, dhcp_mode=mode)
    cards = {}
    object.__setattr__(site.services, "neighbours", SimpleNamespace(mac_of=lambda address: cards.get(address, "")))
    cards[ADDRESS] = "02:00:00:00:00:99"
    assert site.get(path, ADDRESS).status == 404
    assert site.journal.states() == {}
    cards[ADDRESS] = MAC
    assert site.get(path, ADDRESS).status == 200


def test_nothing_is_recorded_of_an_unknown_machine(site):
    for path in (f"/{UNKNOWN}/auto.ipxe", f"/ipxe/{UNKNOWN}/snponly.efi", f"/{UNKNOWN}/auto.ipxe"):
        assert site.get(path, STRANGER).status == 200
    assert site.get(f"/configuration/{UNKNOWN}/{'0' * 64}", STRANGER).status == 404
    assert site.get("/2009-04-04/meta-data/hostname", STRANGER).status == 404
    assert site.journal.states() == {}
    assert site.store.states == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"dhcp_mode": "reservation"},
        {"dhcp_mode": "proxy"},
        {"dhcp_mode": "off"},
        {"dhcp_mode": "auto-proxy", "dhcp_modes": {"10.10.0.0/24": "proxy"}},
    ],
)
def test_elsewhere_an_unknown_machine_gets_nothing(tmp_path, settings):
    site = site_of(tmp_path, **settings)
    for path in (f"/{UNKNOWN}/auto.ipxe", f"/ipxe/{UNKNOWN}/snponly.efi"):
        assert site.get(path, STRANGER).status == 404


def test_unknown_machines_boot_in_their_subnet_only(tmp_path):
    site = site_of(tmp_path, dhcp_modes={"10.10.0.0/24": "auto-proxy"})
    assert site.get(f"/{UNKNOWN}/auto.ipxe", STRANGER).status == 200
    assert site.get(f"/{UNKNOWN}/auto.ipxe", "10.10.1.99").status == 404
