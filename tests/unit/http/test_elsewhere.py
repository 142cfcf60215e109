# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever is not the machine is answered, and changes nothing, whatever he asks for and whatever has happened."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.decisions.events import Event
from servers.http_site import KEY, MAC, NOW, OTHER_ADDRESS, OTHER_MAC, STRANGER, machine, make_site

DASHED = MAC.replace(":", "-")
GUESS = "A" * 43
ASKED = [
    *(f"/{MAC}/{name}" for name in ("auto.ipxe", "autoexec.ipxe")),
    f"/ipxe/{DASHED}/autoexec.ipxe",
    f"/ipxe/{DASHED}/ipxe.efi",
    f"/phone-home?mac={DASHED}&event=loaded&role=kernel&url=x",
    f"/phone-home?mac={DASHED}&event=error&role=boot&message=x",
    f"/phone-home?mac={DASHED}&event=facts&platform=pcbios",
    f"/phone-home?mac={DASHED}&type=failure&reason=x",
    *(f"/phone-home/{DASHED}/{GUESS}/{outcome}" for outcome in ("started", "succeeded", "failed")),
    f"/configuration/{DASHED}/{GUESS}",
    "/2009-04-04/user-data",
    "/images/vmlinuz",
    "/images/harvester.iso",
]
HAPPENED = [
    events.Discover(client="firmware", netboot=True),
    events.BootFile("ipxe.efi", "tftp", 1000),
    events.Script("harvester", "http", 10),
    events.Loaded("http://10.10.0.2/vmlinuz", "kernel"),
    events.Report("started"),
    events.Overdue("nothing came"),
    events.Report("failed", "no disk"),
    events.Report("succeeded"),
]


@pytest.fixture
def site(tmp_path):
    """A site with a machine that has a configuration, and another one that may look around."""
    site = make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS), installs_at_once=1)
    site.configurations.texts[KEY] = "token: x\ninstall: {mode: create}\n"
    for place, name in (("boot", "ipxe.efi"), ("images", "vmlinuz"), ("images", "harvester.iso")):
        (tmp_path / place / name).write_bytes(b"content")
    return site


@pytest.mark.parametrize("uri", ASKED)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_request_from_elsewhere_changes_nothing(site, uri, method):
    before = site.state()
    site.ask(method, uri, STRANGER)
    assert (site.state(), site.events()) == (before, [])


@given(
    st.lists(st.sampled_from(HAPPENED), max_size=8),
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "HEAD", "POST", "PUT"]),
            st.sampled_from(ASKED),
            st.sampled_from([STRANGER, OTHER_ADDRESS]),
        ),
        max_size=12,
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_requests_from_elsewhere_change_a_machine(site, happened, asked):
    for at, detail in enumerate(happened):
        site.journal.record(Event(KEY, MAC, NOW + at, detail))
    before, seen = site.state(), site.events()
    for method, uri, source in asked:
        assert site.ask(method, uri, source).status < 500
    assert (site.state(), site.events()) == (before, seen)


def test_look_at_a_script_holds_no_other_machine_back(site):
    assert "wait" not in site.get(f"/{MAC}/auto.ipxe", STRANGER).text
    assert site.journal.busy() == []
    assert "wait" not in site.get("/auto.ipxe", OTHER_ADDRESS).text
