# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of machine in every arrangement boots from the network, by the files and servers it is meant to."""

from __future__ import annotations

import json
import os

import pytest

from matrix.booting import MAC, ROOT
from matrix.cells import CELLS, UNTOLD
from matrix.page import compared, page
from matrix.versions import versions

PAGE = ROOT / "docs/boot-matrix.md"
COMMAND = "make boot-matrix"  # which sets WRITE
WRITE = "BOOT_MATRIX_PAGE"
IPXE_WAIT_SECONDS = 0.2  # from its first DISCOVER to the request for its script; 16 s where nobody advertises
MAX_BOOTS = 4  # of the cell with the shortest wait, while that is longer: the host was busy each time, or iPXE waits


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_machine_boots_and_reports(cell, cells, capsys):
    with capsys.disabled():
        seen = cells.result(cell, show=lambda line: print(f"\n{line}", end="", flush=True))
    client, arrangement = cell.client, cell.arrangement
    assert seen.fetched == client.fetches
    assert (seen.firmware, seen.processor) == (client.firmware, client.processor)
    assert bool(seen.secure_boot) == client.secure_boot, seen.secure_boot
    # As the machine's own system has it, whoever gave it out.
    assert (seen.leased_by, seen.mac) == (arrangement.leases, MAC)
    assert seen.address.startswith(arrangement.address)
    # Every message came through the relay, or none.
    assert seen.vias == (arrangement.relay or "0.0.0.0",)
    # Firmware, iPXE, the system: what bootd leases is what is written down, or nothing.
    assert set(seen.acks) == ({arrangement.address} if arrangement.reserved else set())


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_ipxe_waits_for_nothing(cells, firmware):
    """Comes after the cells. A busy host only ever adds to a wait, so the shortest of several tells what iPXE's is."""
    booted = [cell for cell in CELLS if cell.client.firmware == firmware and cell.client.is_told_a_script]
    booted = [cell for cell in booted if cells.json(cell).exists()]
    if not booted:
        pytest.skip(f"no cell with iPXE on {firmware} has booted")
    shortest = min(booted, key=lambda cell: ipxe_wait(cells, cell))
    seen = [ipxe_wait(cells, shortest)]
    while min(seen) >= IPXE_WAIT_SECONDS and len(seen) < MAX_BOOTS:
        cells.boot_again(shortest)
        seen.append(ipxe_wait(cells, shortest))
    assert min(seen) < IPXE_WAIT_SECONDS, seen


def ipxe_wait(cells, cell):
    return json.loads(cells.json(cell).read_text())["ipxe_wait_seconds"]


@pytest.mark.parametrize("cell", UNTOLD, ids=str)
def test_machine_that_can_not_boot_does_not_and_its_rehearsal_has_said_so(cell, cells, capsys):
    """The other direction: with what the other DHCP server needs left out, verdict and boot agree as well."""
    with capsys.disabled():
        seen = cells.result(cell, show=lambda line: print(f"\n{line}", end="", flush=True))
    assert seen is None


def test_page_says_what_was_seen(cells):
    """Comes last: by then every cell has booted."""
    missing = [str(cell) for cell in CELLS if not cells.json(cell).exists()]
    if missing:
        pytest.fail(f"no page without every cell; these did not boot: {', '.join(missing)}", pytrace=False)
    results = {str(cell): json.loads(cells.json(cell).read_text()) for cell in CELLS}
    text = page(results, versions())
    if os.environ.get(WRITE) == "write":
        PAGE.write_text(text)
    assert compared(PAGE.read_text()) == compared(text), f"the page is rewritten by `{COMMAND}`"
