# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe advises is what the documentation prints, which the wire tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._probe.advice import (
    as_text,
    leave_alone,
    say_nothing_of_booting,
)

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/beside-a-dhcp-server.md").read_text(encoding="utf-8")
MAC = "58:47:ca:71:d8:49"
SERVERS = {"dnsmasq", "Kea", "ISC dhcpd", "OPNsense", "RouterOS"}


def test_advice_is_for_each_of_the_servers():
    assert set(leave_alone([MAC])) == set(say_nothing_of_booting()) == SERVERS


@pytest.mark.parametrize(
    ("server", "cut"),
    [
        ("dnsmasq", str),
        ("Kea", lambda setting: setting.removesuffix(" in client-classes")),
        ("ISC dhcpd", lambda setting: setting.replace("NAME", "um790-1")),
        ("RouterOS", lambda setting: setting.partition("lease ")[2]),
    ],
)
def test_setting_that_leaves_a_machine_alone_is_the_documented_one(server, cut):
    assert cut(leave_alone([MAC])[server]) in PAGE


def test_opnsense_names_the_form_of_the_documentation():
    setting = leave_alone([MAC])["OPNsense"]
    assert "Services > Dnsmasq DNS & DHCP > Hosts" in setting
    assert "*Services > Dnsmasq DNS & DHCP > Hosts*: the machine's hardware address and the tick *Ignore*" in PAGE


def test_advice_without_machines_has_a_place_for_each():
    assert leave_alone([])["dnsmasq"] == "dhcp-host=MAC,ignore"


def test_advice_as_text_is_a_line_for_each_server():
    lines = as_text("Head", leave_alone([MAC]), "Tail").splitlines()
    assert lines[0] == "Head:"
    assert lines[1] == f"  dnsmasq: dhcp-host={MAC},ignore"
    assert len(lines) == 7
    assert lines[-1].startswith("Tail; docs/beside-a-dhcp-server.md")
