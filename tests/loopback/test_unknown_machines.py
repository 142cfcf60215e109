# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bootd machines --unknown`` beside a daemon's HTTP server, which it asks."""

from __future__ import annotations

import json

import pytest

from _bootd.commands.unknown import table
from _bootd.daemon import main
from _bootd.http.status import unknown_document
from _bootd.stores.unknown_machines import UnknownMachines
from samples.dhcp_messages import UUID, sighting
from servers.http_site import machine, make_site, serving

MAC, PHONE = "58:47:ca:71:d8:4f", "02:00:00:00:00:01"
VENDOR_CLASS = b"PXEClient:Arch:00007:UNDI:003016"


def fill(unknown: UnknownMachines, now: float) -> None:
    relay = {"relay": "10.10.1.1", "relay_information": b"\1\4ge-1"}
    unknown.record(MAC, sighting(vendor_class=VENDOR_CLASS, uuid=UUID, hostname=b"\x1b[2Jnode", **relay), now - 7300)
    unknown.asked_for_file("tftp", MAC, "10.10.0.77", now - 5)
    unknown.record(PHONE, sighting("os", None, vendor_class=b"android", interface="eth0"), now - 60)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    site = make_site(tmp_path_factory.mktemp("http"), machine(), bind="127.0.0.1", http_port=0)
    fill(site.services.unknown, 1000.0)
    with serving(site) as port:
        yield port


def command(port: int, *more: str) -> int:
    return main(["machines", "--unknown", "--settings", "", "--http-port", str(port), *more])


@pytest.mark.parametrize(
    ("flags", "macs"),
    [
        ([], [MAC]),
        (["--all"], [MAC, PHONE]),
        ([PHONE.upper().replace(":", "-")], [PHONE]),
        (["10.10.0.77"], [MAC]),
    ],
)
def test_who_is_shown(port, capsys, flags, macs):
    assert command(port, "--json", *flags) == 0
    assert sorted(found["mac"] for found in json.loads(capsys.readouterr().out)["unknown"]) == sorted(macs)


def test_the_table_says_how_many_are_not_in_it(port, capsys):
    assert command(port) == 0
    out = capsys.readouterr().out
    assert MAC in out
    assert out.endswith("\n1 unknown machine; 1 that asked for an address only: --all shows them\n")


def test_one_that_is_not_there(port, capsys):
    assert command(port, "02:00:00:00:00:99") == 1
    assert capsys.readouterr().err == "bootd: 02:00:00:00:00:99: no unknown machine has this MAC address or address\n"


def test_a_daemon_that_does_not_run(capsys, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert command(1) == 2
    err = capsys.readouterr().err
    assert err.startswith("bootd: no answer from http://127.0.0.1:1/api/v1/unknown: [Errno 111] Connection refused;")


def test_no_daemon_of_ours(port, capsys):
    assert command(port, "--address", "hoster") == 2
    assert "--address is 'hoster'" in capsys.readouterr().err


def rows(width: int = 0) -> list[str]:
    unknown = UnknownMachines()
    fill(unknown, 10_000.0)
    return list(table(unknown_document(unknown.all())["unknown"], 0, 10_000.0, width))


def test_a_row_says_all_that_the_machine_said():
    title, first, _phone, *_count = rows()
    assert title.split() == "MAC ARCHITECTURE ASKED LAST VIA SAYS".split()
    assert first == (
        f"{MAC}  x64 UEFI      2      5s    10.10.1.1  PXEClient:Arch:00007:UNDI:003016, host name \\x1b[2Jnode, "
        "UUID 03020100-0504-0706-0809-0a0b0c0d0e0f, circuit ge-1, at 10.10.0.77"
    )


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_fits_and_moves_no_cursor(width):
    lines = rows(width)
    assert max(map(len, lines)) <= width
    assert all(line.isprintable() for line in lines)
