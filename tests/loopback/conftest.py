# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of boot files and TFTP servers of them; sites of HTTP servers, and what these hold."""

from __future__ import annotations

import pytest

from _bootd.http.connection import Connection
from _bootd.http.limits import ConnectionSlots
from clients.http_client import site_with
from servers.tftp_lab import CONTENT, tftp_lab


@pytest.fixture
def site(tmp_path):
    """Return a site of the machine at 127.0.0.1, with one large image."""
    return site_with(tmp_path)


@pytest.fixture
def held(monkeypatch):
    """Return a function that tells how many connections count against the limit; event streams are counted apart."""
    made, plain = [], ConnectionSlots.__init__

    def init(slots, *arguments):
        made.append(slots)
        plain(slots, *arguments)

    monkeypatch.setattr(ConnectionSlots, "__init__", init)
    return lambda: len(made[0].all())


@pytest.fixture
def taken(monkeypatch):
    """Return the clients that aiohttp was given."""
    clients = []
    plain = Connection.connection_made

    def made(self, transport):
        clients.append(transport.get_extra_info("peername"))
        plain(self, transport)

    monkeypatch.setattr(Connection, "connection_made", made)
    return clients


@pytest.fixture
def root(tmp_path):
    (tmp_path / "ipxe.efi").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture(params=["classic", "single_port"])
def lab(request, root):
    with tftp_lab(root, tftp_single_port=request.param == "single_port") as lab:
        yield lab
