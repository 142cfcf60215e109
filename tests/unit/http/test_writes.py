# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netboot switched, and a failure forgotten, over HTTP: by whoever has the token, and nobody else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Netboot
from _bootd.http.admin import TRIES, read_token
from _bootd.stores.switches import as_served
from servers.http_site import KEY, MAC, NOW, STRANGER, machine, make_site, serve_switches

TOKEN = "0123456789abcdef" * 4
OFF, ON = b'{"on": false}', b'{"on": true}'
NETBOOT, RETRY = "/api/v1/machines/um790-1/netboot", "/api/v1/machines/um790-1/retry"


@pytest.fixture
def site(tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    return site_of(tmp_path, machine(), admin_token_file=str(token))


def site_of(root, own, **settings):
    found = make_site(root, own, **settings)
    serve_switches(found)
    return found


def post(site, path, body=b"", token=TOKEN, **headers):
    return site.post(path, body, source=STRANGER, authorization=f"Bearer {token}", **headers)


def test_netboot_off_and_on_again(site):
    answer = post(site, NETBOOT, OFF)
    assert (answer.status, answer.json["netboot"]) == (200, False)
    assert answer.json["reason"] == "netboot is off for um790-1: it was switched off by hand"
    assert answer.json["last"]["what"] == f"netboot off {STRANGER}"
    assert site.store.states[KEY].switched_off == {MAC: ""}
    assert "exit" in site.get(f"/{MAC.replace(':', '-')}/auto.ipxe").text or site.state().switched_off
    answer = post(site, NETBOOT, ON)
    assert (answer.status, answer.json["netboot"]) == (200, True)
    assert site.store.states[KEY].switched_off == {}
    told = [line for line in site.lines() if line["event"] == "changed_by_hand"]
    assert [(line["machine"], line["client"], line["what"]) for line in told] == [
        ("um790-1", STRANGER, f"netboot off {STRANGER}"),
        ("um790-1", STRANGER, f"netboot on {STRANGER}"),
    ]


def test_netboot_on_of_an_installed_machine_asks_for_another_installation(site):
    site.journal.record(Event(KEY, MAC, 1.0, events.Report("succeeded")), durable=True)
    assert site.get("/api/v1/machines/um790-1").json["reason"].endswith("it is installed")
    answer = post(site, NETBOOT, ON)
    assert (answer.json["netboot"], answer.json["stage"]) == (True, "known")


def test_what_is_so_already_is_no_change(site):
    assert post(site, NETBOOT, ON).status == 200
    assert post(site, NETBOOT, OFF).status == post(site, NETBOOT, OFF).status == 200
    assert [event.detail.kind for event in site.journal.recent(KEY)] == ["netboot"]


def test_another_value_of_the_annotation_has_the_last_word(site):
    post(site, NETBOOT, OFF)
    state = site.state()
    again = as_served(replace(machine(), reprovision="2"), state.switched_off, by_hand=bool(state.switched_by))
    assert again.interfaces[0].netboot.allow_pxe is True


def test_what_an_owner_has_switched_off_stays_off(tmp_path, site):
    site.catalog.replace([machine(netboot=Netboot(allow_pxe=False), source="a.yaml")])
    answer = post(site, NETBOOT, ON)
    assert (answer.status, "its object (a.yaml)" in answer.json["reason"]) == (409, True)
    assert site.events() == []
    assert tmp_path


def test_retry(site):
    refused = post(site, RETRY)
    assert (refused.status, refused.json["reason"]) == (409, "um790-1 has not failed, its stage is known")
    for at, detail in enumerate((events.Script("harvester", "http", 1), events.Report("failed", "no disk"))):
        site.journal.record(Event(KEY, MAC, NOW + at, detail))
    answer = post(site, RETRY)
    assert (answer.status, answer.json["stage"], answer.json["error"]) == (200, "known", "")
    assert site.store.states[KEY].stage == "known"


@pytest.mark.parametrize("path", [NETBOOT, RETRY])
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN[:-1]}", 403),
        (f"Bearer {TOKEN}0", 403),
        ("Bearer \xff", 403),
    ],
)
def test_without_the_token_nothing_is_changed(site, path, authorization, status):
    headers = {} if authorization is None else {"authorization": authorization}
    answer = site.post(path, OFF, **headers)
    assert answer.status == status
    assert answer.headers.get("www-authenticate") == ('Bearer realm="bootd"' if status == 401 else None)
    assert site.events() == []
    assert site.store.states == {}


# Of machines, which have no admin token: their reports, and an installer's question, by whatever method it asks.
OF_MACHINES = ("/phone-home", "/phone-home/<mac>/<token>/<outcome>", "/configuration", "/configuration/<rest:path>")


def test_every_other_route_that_takes_more_than_a_question_asks_for_the_token(site):
    routes = {(route.method, route.rule) for route in site.app._app.routes if route.method not in ("GET", "HEAD")}
    writes = {(method, rule) for method, rule in routes if rule not in OF_MACHINES}
    assert {(method, rule.rpartition("/")[2]) for method, rule in writes} == {("POST", "netboot"), ("POST", "retry")}
    for method, rule in writes:
        path = re.sub("<[^>]+>", "um790-1", rule)
        assert [site.ask(method, path, STRANGER, OFF).status, post(site, path, OFF, "x" * 64).status] == [401, 403]
    assert (site.events(), site.store.states) == ([], {})


@pytest.mark.parametrize("where", [f"?token={TOKEN}", f"?access_token={TOKEN}"])
def test_a_token_in_the_url_or_a_cookie_does_not_count(site, where):
    assert site.post(NETBOOT + where, OFF).status == 401
    assert site.post(NETBOOT, OFF, cookie=f"token={TOKEN}").status == 401


def test_a_bootd_without_a_token_takes_no_writes(tmp_path):
    site = site_of(tmp_path, machine())
    answer = post(site, NETBOOT, OFF)
    assert (answer.status, "--admin-token-file" in answer.json["reason"]) == (403, True)
    assert site.get("/api/v1/health").json["takes_writes"] is False
    assert site.events() == []


def test_a_token_that_was_renewed_counts_at_once_and_one_that_is_away_lets_nobody_in(site, tmp_path):
    (tmp_path / "token").write_text("f" * 64, encoding="ascii")
    assert post(site, NETBOOT, OFF).status == 403
    assert post(site, NETBOOT, OFF, token="f" * 64).status == 200
    (tmp_path / "token").unlink()
    assert post(site, NETBOOT, ON, token="f" * 64).status == 503


def test_whoever_guesses_is_slowed_down_and_nobody_else(site):
    answers = [site.post(NETBOOT, OFF, authorization="Bearer x").status for _try in range(int(TRIES[1]) + 2)]
    assert answers == [403] * int(TRIES[1]) + [429] * 2
    assert [post(site, NETBOOT, body).status for body in (OFF, ON) * 10] == [200] * 20


def test_guesses_from_behind_its_own_address_lock_nobody_out_who_has_the_token(site):
    guesses = [post(site, NETBOOT, OFF, token="x" * 64).status for _try in range(int(TRIES[1]) + 1)]
    assert guesses[-1] == 429
    assert post(site, NETBOOT, OFF).status == 200


@pytest.mark.parametrize("path", [NETBOOT, RETRY])
def test_rehearsal_writes_nothing_also_with_the_token(site, path):
    site.journal.record(Event(KEY, MAC, NOW, events.Report("failed")), durable=True)
    before, seen = site.state(), site.events()
    answer = post(site, path, OFF, x_rehearsal="1")
    assert (answer.status, "X-Rehearsal" in answer.json["reason"]) == (400, True)
    assert (site.state(), site.events()) == (before, seen)


@pytest.mark.parametrize("body", [b"", b"on", b"[]", b'{"on": 1}', b'{"on": true, "x": 1}', b"[" * 2000, b"\xff"])
def test_a_body_that_is_not_understood(site, body):
    assert post(site, NETBOOT, body).status == 400
    assert site.events() == []


def test_other_methods_and_machines(site):
    assert post(site, "/api/v1/machines/um790-9/netboot", OFF).status == 404
    assert post(site, "/api/v1/machines", OFF).status == 405
    assert site.ask("DELETE", NETBOOT).status == 405
    assert site.get(NETBOOT).status == 404


def test_a_write_that_is_not_kept_is_not_acknowledged(site):
    site.store.broken = True
    answer = post(site, NETBOOT, OFF)
    assert (answer.status, answer.json["reason"]) == (503, "not kept: no space left on device")


def test_the_token_is_nowhere(site):
    post(site, NETBOOT, OFF)
    site.post(NETBOOT, OFF, authorization=f"Bearer {TOKEN[:-1]}")
    shown = [site.stream.getvalue(), repr(site.services), *(site.get(path).text for path in ("/api/v1/health", "/"))]
    assert TOKEN[:-1] not in "".join(shown)


@pytest.mark.parametrize("text", ["short", "a" * 31, "word word word word word word word", "a" * 1025, "", "\xff" * 40])
def test_what_is_no_token(tmp_path, text):
    (tmp_path / "token").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="a token "):
        read_token(str(tmp_path / "token"))
