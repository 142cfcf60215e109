# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines report, with a token and without one."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.decisions import events, tokens
from _bootd.decisions.boot import BootContext
from _bootd.http.wsgi_environ import MAX_BODY
from _bootd.tftp.decide import TakeReport, decide
from _bootd.tftp.packet import Request
from servers.http_site import (
    ADDRESS,
    KEY,
    MAC,
    OTHER_ADDRESS,
    OTHER_KEY,
    OTHER_MAC,
    SECRET,
    STRANGER,
    machine,
    make_site,
)

FORM = "application/x-www-form-urlencoded"
DASHED = MAC.replace(":", "-")


@pytest.fixture
def site(tmp_path):
    """Return a site with two machines that install."""
    return make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS))


def report(site, outcome, token=None, mac=DASHED, method="POST", body=b"", **headers):
    token = site.token() if token is None else token
    return site.ask(method, f"/phone-home/{mac}/{token}/{outcome}", STRANGER, body, **headers)


# Without a token


def test_phone_home_facts(site):
    answer = site.get("/phone-home?mac=58-47-ca-71-d8-49&event=facts&platform=efi&product=UM790%20Pro&serial=&evil=1")
    assert (answer.status, answer.json) == (200, {"kept": True})
    assert site.events() == [events.Facts({"platform": "efi", "product": "UM790 Pro"})]
    assert site.state().firmware == "uefi"


def test_phone_home_facts_without_an_event_name(site):
    site.get("/phone-home?mac=58-47-ca-71-d8-49&platform=pcbios&product=a%0Ab%1B")
    assert site.events() == [events.Facts({"platform": "pcbios", "product": "a b"})]


def test_phone_home_loaded(site):
    assert site.get("/phone-home?event=loaded&role=kernel&url=http%3A//10.10.0.2/vmlinuz").status == 200
    assert site.events() == [events.Loaded(url="http://10.10.0.2/vmlinuz", role="kernel")]
    assert site.state().stage == "kernel"


def test_phone_home_error(site):
    site.get("/phone-home?event=error&role=initrd&errno=0x2d0c613b&url=http://10.10.0.2/initrd")
    assert "https://ipxe.org/2d0c613b" in site.state().error


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("event=nonsense", 400),
        ("event=loaded&role=nonsense&url=x", 400),
        ("&".join("a=b" for _unused in range(100)), 400),
        ("a=" + "b" * 10_000, 400),
    ],
)
def test_phone_home_query(site, query, status):
    assert site.get(f"/phone-home?{query}").status == status
    assert site.events() == []


@pytest.mark.parametrize("query", ["%ff%fe=%00", "", "type=failure&reason=no%20disk", "type=succeeded"])
@pytest.mark.parametrize("source", [ADDRESS, STRANGER])
def test_phone_home_by_get_shows_a_line_of_help(site, query, source):
    answer = site.get(f"/phone-home?{query}", source)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "by POST" in answer.text
    assert site.events() == []


@pytest.mark.parametrize(
    ("source", "query", "key", "counts"),
    [
        (ADDRESS, "event=facts&platform=efi", KEY, True),
        (ADDRESS, f"mac={OTHER_MAC}&event=facts&platform=efi", KEY, True),  # the address counts
        (STRANGER, f"mac={DASHED}&event=facts&platform=efi", KEY, False),
        (STRANGER, "event=facts&platform=efi", None, False),
        (STRANGER, "mac=52-54-00-00-00-99&event=facts&platform=efi", None, False),
    ],
)
def test_phone_home_query_finds_the_machine_and_counts_from_its_address(site, source, query, key, counts):
    answer = site.get(f"/phone-home?{query}", source)
    assert answer.status == (200 if key else 404)
    assert not key or answer.json == {"kept": counts}
    assert [name for name in (KEY, OTHER_KEY) if site.events(name)] == ([key] if counts else [])
    told = [(line["machine"], line["client"]) for line in site.lines() if line["event"] == "report_not_counted"]
    assert told == ([(key, source)] if key and not counts else [])


def test_phone_home_query_counts_through_a_trusted_proxy_that_translates_addresses(tmp_path):
    site = make_site(tmp_path, machine(), trusted_proxies=(f"{STRANGER}/32",))
    assert site.get(f"/phone-home?mac={DASHED}&event=loaded&role=kernel&url=x", STRANGER).json == {"kept": True}
    assert site.state().stage == "kernel"


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        (
            FORM,
            b"body=Device+connected+to+DHCP+system&type=provisioning.104.01",
            ("provisioning.104.01", "Device connected to DHCP system"),
        ),
        ("application/json", b'{"type": "failure", "reason": "no disk"}', ("failure", "no disk")),
        ("", b'{"instance_id": "x"}', ("phone-home", "")),
        ("", b"", ("phone-home", "")),
        ("application/json", b'{"password": "c2VjcmV0"}', ("password", "")),
    ],
)
def test_phone_home_body(site, kind, body, detail):
    answer = site.post("/phone-home", body, content_type=kind) if kind else site.post("/phone-home", body)
    assert answer.status == 200
    assert site.events() == [events.PhoneHome(type=detail[0], reason=detail[1])]
    assert "c2VjcmV0" not in site.stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[" * MAX_BODY, 400),
        ("text/xml", b"<a/>", 400),
        ("multipart/form-data; boundary=a", b"--a--", 415),
        ("", b"a" * (MAX_BODY + 1), 413),
    ],
)
def test_phone_home_body_refused(site, kind, body, status):
    answer = site.post("/phone-home", body, content_type=kind)
    assert (answer.status, site.events()) == (status, [])
    assert answer.json["reason"]


def test_phone_home_of_a_stranger(site):
    assert site.post("/phone-home", source=STRANGER).status == 404


def test_phone_home_failure_is_shown_and_decides_nothing(site):
    site.post("/phone-home", b'{"type": "failure", "reason": "no disk"}')
    shown = site.get("/api/v1/machines/um790-1").json
    assert (shown["error"], shown["stage"], shown["netboot"]) == ("no disk", "known", True)


@pytest.mark.parametrize("kind", ["provisioning.104.01", "succeeded", "installed", "phone-home"])
def test_phone_home_without_a_token_never_switches_netboot_off(site, kind):
    site.post("/phone-home", json.dumps({"type": kind, "instance_id": "x", "outcome": "succeeded"}).encode())
    assert (site.state().stage, site.state().switched_off, site.state().installs) == ("known", {}, 0)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_phone_home_other_methods(site, method):
    answer = site.ask(method, "/phone-home?event=facts&platform=efi")
    assert (answer.status, site.events()) == (405, [])
    assert "POST" in answer.headers["allow"]


# With a token


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("mac", [DASHED, MAC, "5847CA71D849"])
def test_report_succeeded(site, method, mac):
    answer = report(site, "succeeded", mac=mac, method=method)
    assert (answer.status, answer.json) == (200, {"kept": True})
    assert site.state().stage == "installed"
    assert site.state().switched_off == {MAC: ""}
    # Kept means in the store, not only in memory.
    assert site.store.states[KEY] == site.state()


@pytest.mark.parametrize("outcome", tokens.OUTCOMES)
@pytest.mark.parametrize("token", [None, "A" * 43])
def test_report_by_get_shows_a_line_of_help_and_the_log_says_whose_it_was(site, outcome, token):
    answer = report(site, outcome, token, method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, PUT")
    assert "by POST" in answer.text
    assert (site.events(), site.store.states) == ([], {})
    lines = [line for line in site.lines() if line["event"] == "report_not_counted"]
    assert [(line["machine"], line["level"]) for line in lines] == ([(KEY, "warning")] if token is None else [])
    assert site.token() not in site.stream.getvalue()


def test_report_keeps_no_secret_that_it_quotes(site):
    url = tokens.configuration_url("http://10.10.0.20:7080", MAC, site.token())
    report(site, "failed", body=f"can not fetch {url}: password: hush".encode(), content_type="text/plain")
    assert (
        site.state().error == "can not fetch http://10.10.0.20:7080/configuration/58-47-ca-71-d8-49/***: password: ***"
    )
    site.get(f"/phone-home?event=error&role=kernel&url={quote(url, safe='')}&message=token%3Dhush")
    site.post("/phone-home", f'{{"type": "failure", "reason": "GET {url}"}}'.encode())
    site.get("/phone-home?product=secret%3Dhush&platform=efi")
    told = [site.stream.getvalue(), repr(site.state()), repr(site.journal.recent(KEY))]
    told += [site.get(path, STRANGER).text for path in ("/api/v1/machines", "/metrics")]
    assert not [text for text in told if "hush" in text or site.token() in text]


def test_report_of_each_outcome(site):
    assert report(site, "started").status == 200
    assert site.state().stage == "installing"
    assert report(site, "failed", body=b'{"reason": "no disk"}', content_type="application/json").status == 200
    assert (site.state().stage, site.state().error, site.state().switched_off) == ("failed", "no disk", {})
    assert report(site, "started").status == 200
    assert report(site, "succeeded").status == 200
    assert (site.state().stage, site.state().error) == ("installed", "")


def test_report_is_logged_with_its_reason(site):
    report(site, "failed", body=b"no disk", content_type="text/plain")
    said = {"event": "report", "machine": KEY, "mac": MAC, "outcome": "failed", "reason": "no disk"}
    assert [line for line in site.lines() if said.items() <= line.items()]


def test_report_carries_the_reprovision_annotation(site):
    site.catalog.upsert(replace(machine(), reprovision="2"))
    report(site, "succeeded")
    assert site.state().switched_off == {MAC: "2"}


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("application/json", b'{"message": "no disk"}', "no disk"),
        (FORM, b"reason=no+disk", "no disk"),
        ("text/plain", b"no disk\n", "no disk"),
        ("application/json", b"{broken", "{broken"),
        ("", b"", "the installer reported a failure, and no reason"),
    ],
)
def test_report_failed_reason(site, kind, body, reason):
    assert report(site, "failed", body=body, content_type=kind).status == 200
    assert site.state().error == reason


def test_report_multipart_is_refused(site):
    answer = report(site, "succeeded", body=b"--a--", content_type="multipart/form-data; boundary=a")
    assert (answer.status, site.state().stage) == (415, "known")


# T19: every outcome with no, a wrong, another machine's, a truncated, a future and a used token.
WRONG = {
    "none": "-",
    "wrong": "A" * 43,
    "other machine's": tokens.token(SECRET, OTHER_KEY, 0),
    "truncated": tokens.token(SECRET, KEY, 0)[:-1],
    "longer": tokens.token(SECRET, KEY, 0) + "A",
    "of the installation after": tokens.token(SECRET, KEY, 1),
    "of the installation before": tokens.token(SECRET, KEY, -1),
    "other secret": tokens.token(b"x" * 32, KEY, 0),
    "not ASCII": "\u00fc" * 43,
}


@pytest.mark.parametrize("outcome", tokens.OUTCOMES)
@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_report_wrong_token(site, method, token, outcome):
    answer = report(site, outcome, token, method=method)
    unknown = report(site, outcome, token, mac="52-54-00-00-00-99", method=method)
    no_mac = report(site, outcome, token, mac="nonsense", method=method)
    # Nobody learns which machines there are.
    assert (answer.status, answer.body) == (unknown.status, unknown.body) == (no_mac.status, no_mac.body)
    assert answer.status == 404
    assert (site.events(), site.store.states) == ([], {})


@pytest.mark.parametrize(("outcome", "status"), [("succeeded", 200), ("started", 404), ("failed", 404)])
def test_report_with_the_token_just_used(site, outcome, status):
    report(site, "succeeded")
    before = site.state()
    # An installer that did not get the answer says it once more; nothing undoes an installation.
    assert report(site, outcome).status == status
    after = site.state()
    assert (after.stage, after.installs, after.steps) == (before.stage, 1, before.steps)


def test_report_with_a_used_token_after_the_machine_was_asked_to_install_again(site):
    report(site, "succeeded")
    site.catalog.upsert(replace(machine(), reprovision="once more"))
    site.journal.reconcile(site.catalog)
    assert site.state().stage == "known"
    assert report(site, "succeeded").status == 404
    assert report(site, "succeeded", site.token(installs=1)).status == 200
    assert site.state().installs == 2


@pytest.mark.parametrize("outcome", ["", "Succeeded", "finished", "succeeded/more"])
def test_report_unknown_outcome(site, outcome):
    assert (report(site, outcome).status, site.events()) == (404, [])


@pytest.mark.parametrize("outcome", tokens.OUTCOMES)
def test_report_that_can_not_be_kept(site, outcome):
    site.store.broken = True
    answer = report(site, outcome)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    site.store.broken = False
    assert report(site, outcome).status == 200
    assert site.store.states[KEY].installs == (outcome == "succeeded")


def test_report_head_and_other_methods_change_nothing(site):
    for method in ("HEAD", "DELETE", "OPTIONS", "PATCH"):
        assert report(site, "succeeded", method=method).status == 405
    assert site.events() == []


def test_report_token_is_never_logged(site):
    site.store.broken = True
    for mac in (DASHED, "nonsense", "52-54-00-00-00-99"):
        for path in (
            "/phone-home/{}/{}/succeeded",
            "//phone-home//{}//{}//failed/",
            "/phone-home/{}/{}",
            "/Phone-Home/{}/{}/x",
        ):
            site.post(path.format(mac, site.token()), source=STRANGER)
    assert site.token() not in site.stream.getvalue()
    uris = {line["uri"] for line in site.lines() if "uri" in line}
    assert f"/phone-home/{DASHED}/***/succeeded" in uris


# From GRUB


def test_report_of_grub_is_recorded_once_and_answered_with_nothing_to_show(site):
    path = f"/{MAC.replace(':', '-')}/phone-home?event=error&role=kernel&url=http:%2F%2Fh%2Fvmlinuz&message=no%20way"
    for method in ("HEAD", "GET"):
        answer = site.ask(method, path)
        assert (answer.status, answer.body) == (200, b"")
    assert site.events() == [events.BootError("no way", "http://h/vmlinuz")]


def test_report_of_grub_from_elsewhere_does_not_count(site):
    assert site.get(f"/{MAC}/phone-home?event=facts&platform=efi", STRANGER).status == 200
    assert site.events() == []


def test_report_of_grub_that_can_not_be_read_shows_nothing_either(site):
    for query in ("&".join(f"f{number}=x" for number in range(70)), "event=facts&product=" + "x" * 10_000):
        for method in ("HEAD", "GET"):
            answer = site.ask(method, f"/{MAC}/phone-home?{query}")
            assert (answer.status, answer.body) == (200, b"")
    assert site.events() == []
    assert {line["event"] for line in site.lines()}.isdisjoint({"fault", "report_not_counted"})


FIELDS = ("event", "role", "url", "message", "errno", "product", "serial", "platform", "uuid")
SAID = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["facts", "loaded", "error", "kernel", "password=hunter2", "a\x1b[2Jb\n", "Q35 + ICH9", "x" * 300]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["facts", "loaded", "error"]),
    fields=st.dictionaries(st.sampled_from(FIELDS), SAID, max_size=6),
    raw=st.sampled_from(["", "&product=Standard PC (Q35 + ICH9, 2009)&serial=", "&product=+&serial=a&serial=b"]),
)
def test_report_of_grub_is_the_same_by_tftp_and_by_http(site, kind, fields, raw):
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"event": kind, **fields}.items()) + raw
    none = events.PhoneHome("none", "")
    site.journal.record(events.Event(KEY, MAC, site.now, none))
    assert site.get(f"/{DASHED}/phone-home?{query}").status == 200
    request = Request(f"{DASHED}/phone-home?{query}")
    by_tftp = decide(request, ADDRESS, site.catalog, BootContext("http://h"), unasked, unasked)
    assert site.events()[-1] == (by_tftp.told if isinstance(by_tftp, TakeReport) else none)


def unasked(*_arguments):
    raise AssertionError("a report has no script")
