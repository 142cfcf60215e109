# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machine's script is served, and what the journal hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.hardware.local_boot import How, LocalBoot
from _bootd.hardware.model import Netboot
from _bootd.ipxe.render import render
from servers.http_site import ADDRESS, KEY, MAC, OTHER_ADDRESS, OTHER_KEY, OTHER_MAC, STRANGER, machine, make_site


@pytest.fixture
def site(tmp_path):
    """Return a site with a machine that installs and one whose netboot is off."""
    off = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=False))
    return make_site(tmp_path, machine(), off)


@pytest.mark.parametrize(
    "path",
    [
        "/auto.ipxe",
        "/autoexec.ipxe",
        "//auto.ipxe",
        "/auto.ipxe/",
        "/58:47:ca:71:d8:49/auto.ipxe",
        "/58-47-CA-71-D8-49/autoexec.ipxe",
        "/5847.ca71.d849//auto.ipxe",
        "/5847ca71d849/auto.ipxe",
        "/ipxe/autoexec.ipxe",
        "/ipxe/58-47-ca-71-d8-49/autoexec.ipxe",
    ],
)
def test_script(site, path):
    answer = site.get(path)
    # By that name iPXE has it before it has opened a card.
    network = "isset ${netX/ip} || dhcp || echo bootd: no address by DHCP\n" if "autoexec" in path else ""
    assert (answer.status, answer.text) == (200, f"#!ipxe\n{network}echo {MAC} harvester\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert site.events() == [events.Script(boot="harvester", via="http", bytes=len(answer.body))]
    assert site.state().stage == "script"


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ("arm64", ["it is aarch64, as it says itself, although dhcp.arch of its object is not given"]),
        ("x86_64", []),
        ("i386", []),  # there is no other for legacy BIOS
        ("A" * 17, []),
        ("", []),
    ],
)
def test_script_that_is_asked_for_by_another_processor_is_told_in_one_line(site, build, told):
    assert site.get(f"/auto.ipxe?arch={build}").status == 200
    assert [line["reason"] for line in site.lines() if line["event"] == "other_architecture"] == told


@pytest.mark.parametrize("build", ["", "A" * 17, "a%20b", "arm64", "sparc"])
def test_script_is_not_asked_for_again_whatever_was_said(tmp_path, build):
    site = make_site(tmp_path, machine())
    site.render = render
    assert "?arch=${buildarch}" in site.get("/auto.ipxe").text
    told = site.get(f"/auto.ipxe?arch={build}")
    assert (told.status, "?arch=" in told.text) == (200, False)
    assert "goto arch" not in told.text


def test_script_path_mac_counts_more_than_the_address(site):
    assert MAC in site.get(f"/{MAC}/auto.ipxe", OTHER_ADDRESS).text
    assert site.events() == site.events(OTHER_KEY) == []


def test_script_netboot_off_boots_the_local_disk(site):
    answer = site.get("/auto.ipxe", OTHER_ADDRESS)
    assert (answer.status, answer.text) == (200, f"#!ipxe\necho {OTHER_MAC} local disk\n")
    reason = "netboot is off for other: netboot.allowPXE is false"
    assert site.events(OTHER_KEY) == [events.LocalBoot(reason=reason)]


@pytest.mark.parametrize(
    ("path", "source", "who"),
    [
        ("/auto.ipxe", STRANGER, STRANGER),
        ("/52:54:00:00:00:99/auto.ipxe", ADDRESS, "52:54:00:00:00:99"),
        ("/nonsense/auto.ipxe", ADDRESS, "nonsense"),
        ("/a/b/auto.ipxe", ADDRESS, ""),
        ("/auto.ipxe.bak", ADDRESS, ""),
    ],
)
def test_script_unknown(site, path, source, who):
    answer = site.get(path, source)
    assert answer.status == 404
    assert who in answer.text
    assert site.events() == site.events(OTHER_KEY) == []


def test_script_head_is_no_boot(site):
    answer = site.ask("HEAD", "/auto.ipxe")
    assert (answer.status, answer.body, int(answer.headers["content-length"]) > 0) == (200, b"", True)
    assert site.events() == []


def test_script_by_forwarded_address_only_from_a_trusted_proxy(tmp_path, site):
    assert site.get("/auto.ipxe", STRANGER, x_forwarded_for=ADDRESS).status == 404
    trusting = make_site(tmp_path, machine(), trusted_proxies=("10.10.0.99/32",))
    assert trusting.get("/auto.ipxe", STRANGER, x_forwarded_for=ADDRESS).status == 200
    assert trusting.get("/auto.ipxe", STRANGER, x_forwarded_for=f"{ADDRESS}, 192.0.2.1").status == 404


def test_script_follows_the_catalog(site):
    assert "harvester" in site.get("/auto.ipxe").text
    site.catalog.upsert(replace(machine(), metadata={}))
    assert "local disk" in site.get("/auto.ipxe").text
    site.catalog.remove(KEY)
    assert site.get("/auto.ipxe").status == 404


def test_script_renderer_with_a_fault_costs_one_answer(site):
    site.render = lambda *_arguments: 1 / 0
    assert site.get("/auto.ipxe").status == 500
    faults = [line for line in site.lines() if line["event"] == "fault"]
    assert [line["reason"] for line in faults] == ["ZeroDivisionError: division by zero"]
    assert site.get("/healthz").status == 200


@pytest.fixture
def order(tmp_path):
    """Return a site with a machine, and one that is installed after it."""
    second = machine("other", OTHER_MAC, OTHER_ADDRESS, after=(KEY,))
    return make_site(tmp_path, machine(), second)


def test_script_of_a_machine_that_has_to_wait_says_for_whom(order):
    assert order.get("/auto.ipxe", OTHER_ADDRESS).text == f"#!ipxe\necho {OTHER_MAC} wait\n"
    assert order.events(OTHER_KEY) == [events.Held(waits_for="um790-1 (known)")]
    document = order.get("/api/v1/machines/other").json
    assert (document["stage"], document["waits_for"]) == ("loading", "um790-1 (known)")
    assert document["after"] == [KEY]


def test_script_is_given_when_the_other_is_ready(order):
    order.get("/auto.ipxe", OTHER_ADDRESS)
    order.get("/auto.ipxe")
    order.post(f"/phone-home/{MAC}/{order.token()}/succeeded")
    assert "wait" in order.get("/auto.ipxe", OTHER_ADDRESS).text
    order.journal.record(events.Event(KEY, MAC, 1.0, events.Ready(where="")))
    assert "harvester" in order.get("/auto.ipxe", OTHER_ADDRESS).text
    assert order.state(OTHER_KEY).stage == "script"
    assert "harvester" in order.get("/auto.ipxe", OTHER_ADDRESS).text


def test_script_head_of_a_machine_that_has_to_wait_changes_nothing(order):
    head = order.ask("HEAD", "/auto.ipxe", OTHER_ADDRESS)
    assert order.events(OTHER_KEY) == []
    assert head.headers["content-length"] == order.get("/auto.ipxe", OTHER_ADDRESS).headers["content-length"]


def test_script_one_at_a_time(tmp_path):
    site = make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS), installs_at_once=1)
    assert "harvester" in site.get("/auto.ipxe").text
    assert "wait" in site.get("/auto.ipxe", OTHER_ADDRESS).text
    site.post(f"/phone-home/{MAC}/{site.token()}/failed", b"no disk", content_type="text/plain")
    assert "harvester" in site.get("/auto.ipxe", OTHER_ADDRESS).text


def test_script_of_a_machine_whose_netboot_is_off_never_waits(tmp_path):
    off = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=False), after=(KEY,))
    site = make_site(tmp_path, machine(), off)
    assert "local disk" in site.get("/auto.ipxe", OTHER_ADDRESS).text


@pytest.mark.parametrize(
    "path",
    [
        "/grub/grub.cfg",  # what Debian 13's signed image asks for that was loaded by HTTP
        f"/{MAC}/grub.cfg",
        "/ipxe/58-47-ca-71-d8-49/grub.cfg",
        "/ipxe/grub.cfg",
        "/grub2/grub.cfg-01-58-47-CA-71-D8-49",
        "/grub.cfg-5847ca71d849",
        "/EFI/BOOT/grub.cfg",
    ],
)
def test_grub_configuration(site, path):
    answer = site.get(path)
    assert answer.status == 200
    assert "linux '(https,releases.rancher.com)" not in answer.text  # there is no HTTPS in GRUB
    assert "asking again every 30 seconds" in answer.text
    assert "source '(http,10.10.0.20:7080)/58-47-ca-71-d8-49/grub.cfg'" in answer.text
    assert site.events() == [events.Script(boot="harvester", via="http", bytes=len(answer.body))]
    # It asks for the size first.
    head = site.ask("HEAD", path)
    assert (head.status, head.headers["content-length"]) == (200, answer.headers["content-length"])
    assert len(site.events()) == 1


def test_grub_configuration_of_the_machine_in_its_name(site):
    answer = site.get(f"/grub/grub.cfg-01-{OTHER_MAC}")
    assert "bootd: netboot is off for other" in answer.text
    assert "chainloader" in answer.text


def test_grub_configuration_of_a_stranger(site):
    assert site.get("/grub/grub.cfg", STRANGER).status == 404
    assert site.get("/grub/grub.cfg-01-02-00-00-00-00-99").text == "no Hardware object has 02:00:00:00:00:99\n"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/grub/grub.cfg", 200, "chainloader"),
        (f"/grub.cfg-01-{OTHER_MAC}", 200, "chainloader"),
        (f"/{OTHER_MAC}/grub.cfg", 200, "chainloader"),
        (f"/ipxe/{OTHER_MAC}/grub/grub.cfg", 200, "chainloader"),
        ("/auto.ipxe", 404, "netboot is off"),
        (f"/ipxe/{OTHER_MAC}/autoexec.ipxe", 404, "netboot is off"),
    ],
)
def test_only_ipxe_is_told_that_there_is_no_script_where_that_is_the_way_to_the_disk(tmp_path, path, status, text):
    """GRUB that is refused its configuration stands at its prompt."""
    way = LocalBoot(How.NOT_FOUND)
    off = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=False), local_boot=way)
    site = make_site(tmp_path, off)
    answer = site.get(path, OTHER_ADDRESS)
    assert (answer.status, text in answer.text) == (status, True)
    (event,) = site.events(OTHER_KEY)
    assert isinstance(event, events.LocalBoot)
