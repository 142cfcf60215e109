# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read out of a boot's logs, and the page that is made of it."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from matrix.cells import CELLS, SETTINGS
from matrix.clients import CLIENTS
from matrix.page import compared, page
from matrix.seen import seen

MAC, DASHED = "58:47:ca:71:d8:49", "58-47-ca-71-d8-49"
LINES = [
    {"event": "ready"},
    {"event": "recv", "type": "DHCPDISCOVER", "via": "10.20.0.1"},
    {"event": "send", "type": "DHCPOFFER", "address": "10.20.0.16"},
    {"event": "send", "type": "DHCPACK", "address": "10.20.0.16"},
    {"event": "recv", "type": "DHCPREQUEST", "via": "10.20.0.16"},
    {"event": "send", "type": "DHCPACK"},
    # Firmware that asks for the size, and shim that asks for what need not be there, load nothing.
    {"event": "get", "uri": f"{DASHED}/snponly.efi", "status": "aborted"},
    {"event": "get", "uri": f"{DASHED}/snponly.efi", "status": "complete"},
    {"event": "get", "uri": f"{DASHED}/revocations.efi", "status": "refused"},
    {"event": "get", "uri": f"grub/grub.cfg-01-{DASHED}", "status": "complete"},
    {"event": "http", "method": "HEAD", "uri": "/images/vmlinuz", "status": 200},
    {"event": "http", "method": "GET", "uri": f"/phone-home?mac={DASHED}", "status": 200},
    {"event": "http", "method": "GET", "uri": "/images/nothing", "status": 404},
    {"event": "http", "method": "GET", "uri": "/images/vmlinuz?a=b", "status": 200},
    {"event": "http", "status": 400, "reason": "not HTTP"},
]
CONSOLE = f"""\
[    0.0] Linux version 6.1.0 report: nothing\r
[3.14] report: address 10.20.0.16 of eth0 {MAC}, name um790-1\r
[3.20] report: lease from 10.10.0.20\r
[3.21] report: firmware uefi\r
[3.22] report: processor x86_64\r
[3.23] report: kernel secureboot: Secure boot enabled\r
[3.30] report: succeeded 200\r
"""


def test_what_was_seen():
    found = seen(LINES, CONSOLE)
    assert found.fetched == (("snponly.efi", "TFTP"), ("grub.cfg-01-MAC", "TFTP"), ("vmlinuz", "HTTP"))
    assert (found.address, found.mac, found.leased_by) == ("10.20.0.16", MAC, "10.10.0.20")
    assert (found.firmware, found.processor) == ("uefi", "x86_64")
    assert found.secure_boot == ("secureboot: Secure boot enabled",)
    assert found.acks == ("10.20.0.16",)
    assert found.vias == ("10.20.0.1",)


def test_nothing_that_was_not_seen_is_made_up():
    found = seen([], "")
    assert set(asdict(found).values()) == {(), ""}


@pytest.fixture
def results():
    return {str(cell): asdict(seen(LINES, CONSOLE)) for cell in CELLS}


def test_page_says_what_was_fetched_how_and_whose_lease_it_was(results):
    text = page(results, [("edk2", "2022.11-6")])
    rows = [line for line in text.splitlines() if line.startswith(f"| {CLIENTS[0].title} |")]
    wanted = "`snponly.efi`, `grub.cfg-01-MAC` by TFTP; `vmlinuz` by HTTP<br>lease from bootd through 10.20.0.1"
    assert len(rows) == 1 and f'| {wanted}<br>"secureboot: Secure boot enabled" |' in rows[0]
    assert "| edk2 | 2022.11-6 |" in text


def test_page_without_a_cell_is_none(results):
    del results[str(CELLS[-1])]
    with pytest.raises(KeyError):
        page(results, [])


def test_versions_and_only_they_are_not_compared(results):
    old, new = page(results, [("edk2", "1")]), page(results, [("edk2", "2")])
    assert old != new and compared(old) == compared(new)
    results[str(CELLS[0])] |= {"leased_by": "10.10.0.3"}
    assert compared(page(results, [("edk2", "1")])) != compared(old)


def test_what_another_server_has_to_be_told_has_a_reference():
    told = [str(cell) for cell in CELLS if cell.setting]
    assert told == [f"{client}-{arrangement}" for client, arrangement in SETTINGS]
    assert all("](http" in setting.why for setting in SETTINGS.values())
