# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when the store changes."""

from __future__ import annotations

import pytest

from _bootd.runtime.store_changes import StoreChanges
from samples.dhcp_messages import sighting
from servers.http_site import MAC, OTHER_MAC, machine, make_site


def test_machines_that_are_known_now_leave_the_unknown_ones(tmp_path, monkeypatch):
    site = make_site(tmp_path)
    unknown = site.services.unknown
    for mac in (MAC, OTHER_MAC):
        unknown.record(mac, sighting(), 1.0)
    site.catalog.upsert(machine())
    with monkeypatch.context() as patch:
        # A store that changes all day has no use for the texts of those that stay unknown.
        patch.setattr(unknown, "all", lambda: pytest.fail("texts are made of every machine"), raising=True)
        StoreChanges(site.services).changed()
    assert [entry.mac for entry in unknown.all()] == [OTHER_MAC]
