# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of servers and machines, and what is a problem under which expectation."""

from __future__ import annotations

import json

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._probe.report import (
    ADDRESSES,
    ANY,
    NONE,
    ONLY,
    Asked,
    Expectation,
    machines,
    problems,
    servers,
)
from samples.offers import ADDRESS, BOOTD, LOAD_AT_ONCE, MAC, OTHER, OTHERS_ADDRESS, PXE, offer, server_mac

BOOTD_OFFER = offer(BOOTD, ADDRESS, "snponly.efi", siaddr=BOOTD, options=PXE | LOAD_AT_ONCE)
BOOTD_PLAIN = offer(BOOTD, ADDRESS, kind="plain")
ROGUE = offer(OTHER, OTHERS_ADDRESS, "undionly.kpxe", seconds=0.002)
ROUTER = offer(OTHER, OTHERS_ADDRESS, seconds=0.002)
ROUTER_PLAIN = offer(OTHER, OTHERS_ADDRESS, kind="plain", seconds=0.002)


def asked(uefi=(), plain=()):
    """Return the questions as ``uefi`` and as ``plain`` with these answers."""
    return [Asked.of(MAC, "plain", plain), Asked.of(MAC, "uefi", uefi)]


def expected(what, *meant, macs_given=True):
    return Expectation("eth0", what, meant, macs_given)


def test_servers_are_listed_with_their_offers():
    first, second = servers(asked([BOOTD_OFFER, ROGUE], [ROUTER_PLAIN]))
    assert (first["address"], first["mac"], first["through"]) == (OTHER, server_mac(OTHER), [])
    assert (first["kinds"], second["kinds"]) == (["plain", "uefi"], ["uefi"])
    assert (second["address"], len(second["offers"])) == (BOOTD, 1)
    told = first["offers"][1]
    assert (told["kind"], told["file"], told["seconds"]) == ("uefi", "undionly.kpxe", 0.002)
    assert told["alone"] == "takes 10.10.0.207 from 10.10.0.1 and boots undionly.kpxe from 10.10.0.1 by TFTP"
    assert told["options"]["server_identifier"] == OTHER
    json.dumps([first, second])


def test_machines_are_listed_with_what_they_do():
    plain, uefi = machines(asked([BOOTD_OFFER, ROGUE]))
    assert (plain["kind"], plain["does"], plain["address"]) == ("plain", "gets no answer", "")
    assert uefi["does"] == "takes 10.10.0.16 from 10.10.0.20 and boots snponly.efi from 10.10.0.20 by TFTP"
    assert uefi["because"] == "an address with PXE's options comes before all"
    assert (uefi["address_from"], uefi["boot_from"]) == (BOOTD, BOOTD)


@pytest.mark.parametrize(
    ("what", "meant", "uefi", "plain", "count"),
    [
        (ANY, (), [ROGUE], [ROUTER_PLAIN], 0),
        (NONE, (), [], [], 0),
        (NONE, (), [ROGUE], [ROUTER_PLAIN], 1),
        (NONE, (), [ROGUE, BOOTD_OFFER], [], 2),
        (NONE, (BOOTD,), [BOOTD_OFFER], [], 1),
        (ONLY, (BOOTD,), [BOOTD_OFFER], [BOOTD_PLAIN], 0),
        (ONLY, (BOOTD,), [BOOTD_OFFER, ROGUE], [BOOTD_PLAIN], 1),
        (ONLY, (BOOTD,), [BOOTD_OFFER], [BOOTD_PLAIN, ROUTER_PLAIN], 1),
        (ONLY, (BOOTD, OTHER), [BOOTD_OFFER, ROGUE], [ROUTER_PLAIN], 0),
        (ONLY, (BOOTD,), [], [], 1),
        (ONLY, (BOOTD,), [ROGUE], [], 2),
        (ADDRESSES, (BOOTD,), [BOOTD_OFFER, ROUTER], [ROUTER_PLAIN], 0),
        (ADDRESSES, (BOOTD,), [BOOTD_OFFER, ROGUE], [ROUTER_PLAIN], 1),
        (ADDRESSES, (), [ROUTER], [offer(OTHER, OTHERS_ADDRESS, "undionly.kpxe", kind="plain")], 0),
        (ADDRESSES, (BOOTD,), [offer(BOOTD, file="snponly.efi", options=PXE)], [], 1),
    ],
)
def test_what_is_a_problem(what, meant, uefi, plain, count):
    found = problems(asked(uefi, plain), expected(what, *meant))
    assert len(found) == count
    assert all(set(item) == {"what", "where", "remedy", "who"} and item["where"] == "eth0" for item in found)


def test_stranger_is_named_and_explained():
    (found,) = problems(asked([ROGUE, BOOTD_OFFER], [ROUTER_PLAIN, BOOTD_PLAIN]), expected(ONLY, BOOTD))
    head, system, firmware = found["what"].splitlines()
    assert head == "The DHCP server 10.10.0.1 (MAC 02:00:0a:0a:00:01) answers, and only 10.10.0.20 should."
    assert system.startswith("  An operating system with 58:47:ca:71:d8:49 takes 10.10.0.207 from 10.10.0.1, since it")
    assert firmware == (
        "  UEFI PXE with 58:47:ca:71:d8:49 takes 10.10.0.16 from 10.10.0.20 and boots snponly.efi from 10.10.0.20 by "
        "TFTP, since an address with PXE's options comes before all."
    )
    assert found["remedy"].startswith(
        "Have it leave each of these machines alone, or switch it off:\n  dnsmasq: dhcp-host="
    )
    assert f"dhcp-host={MAC},ignore" in found["remedy"]
    assert found["who"] == "network"


def test_machines_that_do_the_same_are_one_line():
    many = [f"58:47:ca:71:d8:{number:02x}" for number in range(5)]
    questions = [Asked.of(mac, "uefi", [offer(OTHER, f"10.10.0.{7 + int(mac[-1])}", "a", mac=mac)]) for mac in many]
    (found,) = problems(questions, expected(NONE))
    assert len(found["what"].splitlines()) == 2
    assert f"UEFI PXE with {many[0]}, {many[1]}, {many[2]} and 2 more takes 10.10.0.7 from" in found["what"]


def test_boot_settings_of_a_server_that_is_to_give_addresses_are_to_be_taken_out():
    (found,) = problems(asked([ROGUE, BOOTD_OFFER]), expected(ADDRESSES, BOOTD))
    assert "says what to boot, and should give addresses only" in found["what"]
    assert found["remedy"].startswith("Take out there, as far as it is set:\n  dnsmasq: the lines dhcp-boot,")


def test_silence_of_a_server_that_is_meant_is_told_only_for_machines_that_it_may_know():
    (found,) = problems(asked(), expected(ONLY, BOOTD))
    assert found["what"] == f"The DHCP server {BOOTD} answers none of {MAC}"
    assert found["who"] == "node"
    assert problems(asked(), expected(ONLY, BOOTD, macs_given=False)) == []


def test_advice_for_a_random_mac_names_none():
    (found,) = problems(asked([ROGUE]), expected(NONE, macs_given=False))
    assert MAC not in found["remedy"]


def test_answers_through_a_relay_are_told_so():
    message = ROGUE.message
    relayed = type(ROGUE)(MAC, "uefi", 0.1, "02:00:00:00:00:99", "10.10.0.254", message)
    assert servers(asked([relayed]))[0]["through"] == ["10.10.0.254"]
    (found,) = problems(asked([relayed]), expected(NONE))
    assert "10.10.0.1 (MAC 02:00:00:00:00:99, heard through 10.10.0.254)" in found["what"]
