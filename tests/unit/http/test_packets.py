# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last packets of a machine are told in plain words, in their order, and without a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import encode
from _bootd.http.packets import packet_document, packets_document
from _bootd.runtime.recent_packets import ANSWERED, NOTHING_TOLD, UNANSWERED, RecentPackets
from samples.dhcp_messages import ADDRESS, MAC, UEFI, address, message
from servers.http_site import NOW, machine, make_site

OTHER_MAC = "58:47:ca:71:d8:4a"
TOKEN = "t" * 43


def dhcp(*told, outcome=ANSWERED, asked="DHCPDISCOVER"):
    return (1.0, "dhcp", outcome, asked, told)


def tftp(status, sent, size, reason="", asked="snponly.efi", outcome=ANSWERED):
    return (1.0, "tftp", outcome, asked, (ADDRESS, "RRQ", status, sent, size, reason))


def http(path, status, query="", why=""):
    return (1.0, "http", ANSWERED, path, (ADDRESS, "GET", query, status, 13, why))


@pytest.mark.parametrize(
    ("entry", "asked", "answered", "why"),
    [
        (
            dhcp("DHCPOFFER", ADDRESS, "firmware", "snponly.efi", "PXE loads snponly.efi", "0.0.0.0", "eth0"),
            "DHCPDISCOVER by firmware, on eth0",
            f"DHCPOFFER of {ADDRESS}, file snponly.efi",
            "PXE loads snponly.efi",
        ),
        (
            dhcp("DHCPOFFER", "0.0.0.0", "os", "", "", "10.42.0.1", ""),
            "DHCPDISCOVER by os, through the relay 10.42.0.1",
            "DHCPOFFER without an address, no boot file",
            "",
        ),
        (
            dhcp("DHCPNAK", "0.0.0.0", "", "", "10.10.0.77 is not its address", "0.0.0.0", "eth0", asked="DHCPREQUEST"),
            "DHCPREQUEST, on eth0",
            "DHCPNAK",
            "10.10.0.77 is not its address",
        ),
        (
            dhcp(*NOTHING_TOLD, "another_server", "0.0.0.0", "eth0", outcome=UNANSWERED, asked="DHCPREQUEST"),
            "DHCPREQUEST, on eth0",
            "",
            "another server",
        ),
        (tftp("complete", 271104, 271104), f"RRQ snponly.efi, from {ADDRESS}", "271104 octets", ""),
        (
            tftp("timeout", 512, 271104, "no acknowledgement"),
            f"RRQ snponly.efi, from {ADDRESS}",
            "512 of 271104 octets, then the client said nothing any more",
            "no acknowledgement",
        ),
        (tftp("refused", 0, None, "no such file"), f"RRQ snponly.efi, from {ADDRESS}", "refused", "no such file"),
        (tftp("dropped", 0, None, "forged", outcome=UNANSWERED), f"RRQ snponly.efi, from {ADDRESS}", "", "forged"),
        (http("/auto.ipxe", 200, "arch=x86_64"), f"GET /auto.ipxe?arch=x86_64, from {ADDRESS}", "200, 13 octets", ""),
        (
            http("/images/a", 404, why="no such file"),
            f"GET /images/a, from {ADDRESS}",
            "404, 13 octets",
            "no such file",
        ),
        (http(f"/configuration/{MAC}/{TOKEN}", 200), f"GET /configuration/***, from {ADDRESS}", "200, 13 octets", ""),
        (
            http(f"/phone-home/{MAC}/{TOKEN}/failed", 200, "reason=password:hush"),
            f"GET /phone-home/{MAC}/***/failed?reason=password:***, from {ADDRESS}",
            "200, 13 octets",
            "",
        ),
        (
            tftp(
                "refused", 0, None, f"nothing is at http://h/configuration/{MAC}/{TOKEN}", f"phone-home/{MAC}/{TOKEN}"
            ),
            None,
            "refused",
            None,
        ),
    ],
)
def test_a_packet_in_words(entry, asked, answered, why):
    found = packet_document(entry, MAC)
    assert TOKEN not in str(found)
    assert (found["at"], found["mac"], found["via"], found["answered"]) == (1.0, MAC, entry[1], answered)
    assert found["asked"] == asked or asked is None
    assert found["why"] == why or why is None


def test_packets_of_all_interfaces_are_in_their_order():
    recent, of = RecentPackets(), machine()
    of = replace(of, interfaces=(*of.interfaces, replace(of.interfaces[0], mac=OTHER_MAC)))
    for at, mac in enumerate((MAC, OTHER_MAC, MAC)):
        recent.note(mac, (float(at), *http("/auto.ipxe", 200)[1:]))
    found = [(packet["at"], packet["mac"]) for packet in packets_document(of, recent)]
    assert found == [(0.0, MAC), (1.0, OTHER_MAC), (2.0, MAC)]


def test_packets_of_an_unknown_machine(tmp_path):
    site = make_site(tmp_path, machine())
    unknown = encode(message(opt.DHCPDISCOVER, UEFI, mac=OTHER_MAC))
    Handler(site.services).handle(unknown, "0.0.0.0", "eth0")
    (packet,) = site.get(f"/api/v1/unknown/{OTHER_MAC.replace(':', '-')}").json["packets"]
    assert (packet["mac"], packet["answered"], packet["why"]) == (OTHER_MAC, "", "unknown machine")
    assert site.get("/api/v1/unknown/58:47:ca:71:d8:4b").json == {"packets": []}
    assert {site.get(f"/api/v1/unknown/{name}").status for name in (MAC, "um790-1")} == {404}


def test_what_the_servers_keep_is_what_the_api_tells(tmp_path):
    site = make_site(tmp_path, machine())
    handler = Handler(site.services)
    refused = {opt.REQUESTED_ADDRESS: address("10.10.0.77")}
    for kind, options in ((opt.DHCPDISCOVER, UEFI), (opt.DHCPREQUEST, refused)):
        handler.handle(encode(message(kind, options)), "0.0.0.0", "eth0")
    site.get("/images/nothing?token=hush")
    offered, nak, missing = site.get("/api/v1/machines/um790-1/events").json["packets"]
    assert (offered["at"], offered["mac"], offered["via"]) == (NOW, MAC, "dhcp")
    assert offered["asked"] == "DHCPDISCOVER by firmware, on eth0"
    assert offered["answered"].startswith(f"DHCPOFFER of {ADDRESS}, file ")
    assert (nak["answered"], "10.10.0.77" in nak["why"]) == ("DHCPNAK", True)
    assert (missing["asked"], missing["why"]) == (f"GET /images/nothing?token=***, from {ADDRESS}", "no such file")
