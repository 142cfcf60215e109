# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever names another machine is sent its boot file and its script, and moves it nowhere."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from _bootd.decisions.stages import State
from _bootd.tftp.packet import Ack, Error, Request
from servers.tftp_lab import MAC, OFF, ON, UNKNOWN, Client, tftp_lab

CONTENT = b"boot program" * 100
NAMED = MAC[ON].replace(":", "-")


@pytest.fixture
def root(tmp_path):
    """A directory with a boot program."""
    (tmp_path / "ipxe.efi").write_bytes(CONTENT)
    return tmp_path


def fetch(client: Client, name: str, options: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Take the file ``name`` to its end, in blocks of 512 octets."""
    block, whole = client.ask(Request(name, options=options)), b""
    while True:
        whole += block.payload
        client.send(Ack(block.block))
        if len(block.payload) < 512:
            return whole
        block = client.receive()


@pytest.mark.parametrize("source", [OFF, UNKNOWN])
@pytest.mark.parametrize("after", [(), ("default/off",)])
def test_machine_named_from_elsewhere_stays_where_it_is(root, source, after):
    with tftp_lab(root) as lab, Client(lab, source) as client:
        lab.services.catalog.upsert(replace(lab.services.catalog.get("default/on"), after=after))
        assert fetch(client, f"{NAMED}/ipxe.efi") == CONTENT
        fetch(client, f"{NAMED}/autoexec.ipxe")
        lab.line(filename="autoexec.ipxe", status="complete")
        assert lab.services.journal.recent("default/on") == []
        assert lab.services.journal.state("default/on") == State(since=lab.services.journal.opened_at)


@pytest.mark.parametrize("name", ["ipxe.efi", "autoexec.ipxe", "grub/grub.cfg"])
def test_who_has_the_address_of_a_machine_by_another_card_is_not_sent_what_it_boots(root, name):
    with tftp_lab(root, dhcp_mode="proxy") as lab, Client(lab, ON) as client:
        cards = {ON: "02:00:00:00:00:99"}
        neighbours = SimpleNamespace(mac_of=lambda address: cards.get(address, ""))
        object.__setattr__(lab.services, "neighbours", neighbours)
        assert isinstance(client.ask(Request(name)), Error)
        assert lab.services.journal.recent("default/on") == []
        cards[ON] = MAC[ON]
        assert fetch(client, name)


def test_machine_behind_a_trusted_proxy_that_translates_addresses_is_followed(root):
    with tftp_lab(root, trusted_proxies=(f"{UNKNOWN}/32",)) as lab, Client(lab, UNKNOWN) as client:
        assert fetch(client, f"{NAMED}/ipxe.efi") == CONTENT
        lab.line(filename="ipxe.efi", status="complete")
        assert lab.services.journal.state("default/on").stage == "loading"


@pytest.mark.parametrize("source", [ON, UNKNOWN])
def test_rehearsal_is_answered_and_moves_no_machine(root, source):
    mark = (("rehearsal", "1"),)
    with tftp_lab(root) as lab, Client(lab, source) as client:
        assert fetch(client, f"{NAMED}/ipxe.efi", mark) == CONTENT
        assert fetch(client, f"{NAMED}/autoexec.ipxe", mark)
        assert lab.line(filename="autoexec.ipxe", status="complete")["rehearsal"] is True
        assert isinstance(client.ask(Request("02-00-00-00-00-99/ipxe.efi", options=mark)), Error)
        assert lab.services.journal.recent("default/on") == []
        assert lab.services.unknown.all() == []
        assert b'bootd_rehearsals_total{protocol="tftp"} 3.0' in lab.services.metrics.render()


def test_rehearsal_of_a_machine_that_has_to_wait_says_so_and_takes_no_place(root):
    with tftp_lab(root, installs_at_once=1) as lab, Client(lab, ON) as client:
        lab.services.catalog.upsert(replace(lab.services.catalog.get("default/on"), after=("default/off",)))
        script = fetch(client, f"{NAMED}/autoexec.ipxe", (("rehearsal", "1"),))
        assert b"waits for" in script
        assert lab.services.journal.recent("default/on") == []
