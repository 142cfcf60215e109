# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever is not the machine is answered, and changes nothing, whatever he asks for and whatever has happened."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.decisions import events, tokens
from _bootd.decisions.events import Event
from servers.http_site import KEY, MAC, NOW, OTHER_ADDRESS, OTHER_MAC, SECRET, STRANGER, machine, make_site

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


@pytest.mark.parametrize("uri", ASKED)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_rehearsal_changes_nothing_from_the_machine_s_own_address_either(site, uri, method):
    before = site.state()
    site.ask(method, uri.replace(GUESS, site.token()), x_rehearsal="1")
    assert (site.state(), site.events(), site.services.unknown.all()) == (before, [], [])
    assert metric(site, "http") == 1


def metric(site, protocol):
    lines = site.services.metrics.render().decode().splitlines()
    wanted = f'bootd_rehearsals_total{{protocol="{protocol}"}} '
    return next(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))


def test_rehearsal_is_answered_as_the_machine_is(site):
    asked = f"/{DASHED}/auto.ipxe", f"/ipxe/{DASHED}/ipxe.efi"
    rehearsed = [site.get(uri, STRANGER, x_rehearsal="1") for uri in asked]
    assert [(answer.status, answer.body) for answer in rehearsed] == [
        (answer.status, answer.body) for answer in (site.get(uri, STRANGER) for uri in asked)
    ]


def test_rehearsal_of_a_machine_that_no_object_has_is_no_unknown_machine(site):
    assert site.get("/52-54-00-00-00-99/auto.ipxe", STRANGER, x_rehearsal="1").status == 404
    assert site.services.unknown.all() == []


def test_rehearsal_is_given_no_secret_and_closes_no_window(site):
    """Nothing that was sent would be written down, so that who has the URL could take it unseen."""
    site.journal.record(Event(KEY, MAC, NOW, events.Script("harvester", "http", 10)))
    state = site.state()
    token = tokens.configuration_token(SECRET, KEY, state.installs, state.attempt)
    uri = f"/configuration/{DASHED}/{token}"
    assert site.get(uri, x_rehearsal="1").status == 404
    assert site.get("/2009-04-04/user-data", x_rehearsal="1").status == 404
    script = site.get(f"/{DASHED}/auto.ipxe", x_rehearsal="1").text
    assert (tokens.HIDDEN in script, token in script) == (True, False)
    assert site.get(uri).status == 200
    taken = site.state()
    assert site.get(uri, x_rehearsal="1").status == 404
    assert site.state() == taken
    assert site.get(uri).status == 200


def test_stranger_who_has_the_url_is_noted_whatever_it_says_of_a_rehearsal(site):
    """A rehearsal is shown no token, so the mark would only hide that somebody has it."""
    site.journal.record(Event(KEY, MAC, NOW, events.Script("harvester", "http", 10)))
    state = site.state()
    uri = f"/configuration/{DASHED}/{tokens.configuration_token(SECRET, KEY, state.installs, state.attempt)}"
    assert site.get(uri).status == 200
    assert site.get(uri.replace(uri[-4:], "aaaa"), STRANGER, x_rehearsal="1").status == 404
    assert site.state().configuration_closed == ""
    assert site.get(uri, STRANGER, x_rehearsal="1").status == 404
    assert STRANGER in site.state().configuration_closed
    assert site.get(uri).status == 404


def test_rehearsed_report_is_said_not_to_be_kept(site):
    answer = site.post(f"/phone-home/{DASHED}/{site.token()}/succeeded", x_rehearsal="1")
    assert (answer.status, answer.json) == (200, {"kept": False})


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
