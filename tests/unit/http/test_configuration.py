# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's configuration is given to that machine while it is being installed, and to nobody else."""

from __future__ import annotations

import http.client
import time
from types import SimpleNamespace

import pytest
import yaml

from _bootd.decisions import events, tokens
from _bootd.decisions.events import Event
from _bootd.hardware.model import Netboot
from _bootd.ipxe.render import render
from servers.http_site import (
    ADDRESS,
    KEY,
    MAC,
    NOW,
    OTHER_ADDRESS,
    OTHER_MAC,
    SECRET,
    STRANGER,
    machine,
    make_site,
    serving,
)

CANARY = "canary-5f3a9e"
TEXT = f"""\
#cloud-config
token: {CANARY}
install:
  mode: create
  webhooks:
    - event: STARTED
      url: http://x/
"""
TOKEN = tokens.configuration_token(SECRET, KEY, 0, 0)
URL = f"/configuration/58-47-ca-71-d8-49/{TOKEN}"
REPORTS = f"http://10.10.0.20:7080/phone-home/58-47-ca-71-d8-49/{tokens.token(SECRET, KEY, 0, 0)}"


@pytest.fixture
def site(tmp_path):
    """Two machines; the first has a configuration and was given its script."""
    site = make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS))
    site.configurations.texts[KEY] = TEXT
    site.render = render
    record(site, events.Script(boot="harvester", via="http", bytes=10))
    return site


def record(site, detail: events.Detail, key: str = KEY, mac: str = MAC) -> None:
    site.journal.record(Event(key, mac, NOW, detail))


def report_path(site, outcome: str) -> str:
    return f"/phone-home/58-47-ca-71-d8-49/{site.token(installs=site.state().installs)}/{outcome}"


def nothing(site):
    """Return what a machine gets that nobody knows."""
    return site.get("/configuration/52-54-00-00-00-99/x", STRANGER)


def leaves_no_trace(site) -> bool:
    """Return whether neither log, states, nor anything that can be asked of bootd holds the secrets."""
    told = [
        site.stream.getvalue(),
        repr(site.state()),
        repr(site.journal.recent(KEY)),
        repr(site.services.configurations),
    ]
    for path in ("/", "/metrics", "/readyz", "/api/v1/machines", f"/api/v1/machines/{KEY}", "/api/v1/unknown"):
        told.append(site.get(path, STRANGER).text)
    return not any(word in text for word in (CANARY, TOKEN) for text in told)


def test_configuration_reaches_its_machine_with_our_webhooks_first(site):
    answer = site.get(URL)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.text.startswith("#cloud-config\n")
    document = yaml.safe_load(answer.text)
    assert document["token"] == CANARY
    assert [(hook["event"], hook["url"]) for hook in document["install"]["webhooks"]] == [
        ("STARTED", f"{REPORTS}/started"),
        ("SUCCEEDED", f"{REPORTS}/succeeded"),
        ("FAILED", f"{REPORTS}/failed"),
        ("STARTED", "http://x/"),
    ]
    assert leaves_no_trace(site)


def test_configuration_that_was_sent_is_recorded(site):
    answer = site.get(URL)
    assert site.events()[-1] == events.Configuration(bytes=len(answer.body))
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_head_tells_the_length_and_is_no_event(site):
    length = site.get(URL).headers["content-length"]
    before = site.events()
    answer = site.ask("HEAD", URL)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", length)
    assert site.events() == before
    assert site.ask("HEAD", URL, STRANGER).status == 404


def test_webhooks_of_the_document_are_urls_that_bootd_takes(site):
    document = yaml.safe_load(site.get(URL).text)
    for hook, stage in zip(document["install"]["webhooks"], ("installing", "installed"), strict=False):
        assert site.ask(hook["method"], hook["url"].removeprefix("http://10.10.0.20:7080")).status == 200
        assert site.state().stage == stage


WRONG = {
    "none": "",
    "guess": "A" * 43,
    "of a report": tokens.token(SECRET, KEY, 0),
    "of the next installation": tokens.configuration_token(SECRET, KEY, 1, 0),
    "of another machine": tokens.configuration_token(SECRET, "tink-system/other", 0, 0),
    "and more": f"{TOKEN}/x",
    "in other letters": TOKEN.swapcase(),
    "cut short": TOKEN[:-1],
    "no letter": "\u20ac",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG)
def test_wrong_token_gets_nothing(site, token):
    assert site.get(f"/configuration/58-47-ca-71-d8-49/{token}") == nothing(site)
    assert leaves_no_trace(site)


@pytest.mark.parametrize("source", [STRANGER, OTHER_ADDRESS, "127.0.0.1", "::1", ""])
def test_other_addresses_get_nothing_even_with_the_right_url(site, source):
    assert site.get(URL, source) == nothing(site)
    # A header that anybody can send does not make another address of it.
    assert site.get(URL, source, x_forwarded_for=ADDRESS) == nothing(site)
    assert leaves_no_trace(site)


def test_other_machine_gets_nothing_by_its_own_mac_and_the_others_token(site):
    record(site, events.Script(boot="harvester", via="http"), "tink-system/other", OTHER_MAC)
    assert site.get(f"/configuration/52-54-00-00-00-02/{TOKEN}", OTHER_ADDRESS) == nothing(site)
    own = tokens.configuration_token(SECRET, "tink-system/other", 0, 0)
    assert site.get(f"/configuration/58-47-ca-71-d8-49/{own}", OTHER_ADDRESS) == nothing(site)
    # Its own URL is right, and nothing is kept for it.
    assert site.get(f"/configuration/52-54-00-00-00-02/{own}", OTHER_ADDRESS) == nothing(site)


@pytest.mark.parametrize(
    "path", ["/configuration", "/configuration/", f"/configuration/{TOKEN}", "/configuration/x/y/z"]
)
def test_paths_that_are_none_get_the_same(site, path):
    assert site.get(path) == nothing(site)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_get_nothing(site, method):
    assert site.ask(method, URL) == nothing(site)


def test_trusted_proxy_speaks_for_the_machine(tmp_path):
    site = make_site(tmp_path, machine(), trusted_proxies=("192.0.2.0/24",))
    site.configurations.texts[KEY] = TEXT
    record(site, events.Script(boot="harvester", via="http"))
    assert site.get(URL, "192.0.2.1", x_forwarded_for=ADDRESS).status == 200
    assert site.get(URL, "192.0.2.1", x_forwarded_for=STRANGER).status == 404
    assert site.get(URL, "192.0.2.1").status == 404


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_who_has_the_address_of_the_machine_by_another_card_gets_nothing(tmp_path, mode):
    # The other DHCP server gave another computer what the object has.
    site = make_site(tmp_path, machine(), dhcp_mode=mode)
    site.configurations.texts[KEY] = TEXT
    cards = {ADDRESS: "02:00:00:00:00:99"}
    object.__setattr__(site.services, "neighbours", SimpleNamespace(mac_of=lambda address: cards.get(address, "")))
    assert [site.get(path).status for path in ("/auto.ipxe", URL)] == [404, 404]
    assert TOKEN not in site.get("/58-47-ca-71-d8-49/auto.ipxe").text
    assert site.get("/2009-04-04/user-data").status == 404
    cards[ADDRESS] = MAC
    assert TOKEN in site.get("/auto.ipxe").text
    assert site.get(URL).status == 200


DISCOVER = events.Discover(netboot=True, client="firmware")
BOOT_FILE = events.BootFile("ipxe.efi", "tftp", 1000)


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ([], 200),  # the script, by the fixture
        ([events.Loaded("", "kernel")], 200),
        ([events.Report(outcome="started")], 200),
        ([events.Report(outcome="failed")], 200),  # an installer that tries again
        ([DISCOVER], 200),  # anybody can send one
        ([DISCOVER, BOOT_FILE], 404),  # the next boot: no script yet
        ([events.Report(outcome="failed"), DISCOVER], 200),
        ([events.Report(outcome="failed"), DISCOVER, BOOT_FILE], 404),
        ([events.Report(outcome="succeeded")], 404),
        ([events.Report(outcome="started"), events.Report(outcome="succeeded")], 404),
    ],
)
def test_lifetime(site, seen, status):
    for detail in seen:
        record(site, detail)
    answer = site.get(URL)
    assert answer.status == status
    assert status == 200 or answer == nothing(site)
    assert leaves_no_trace(site)


def test_url_of_an_installation_that_succeeded_is_dead_for_the_next_one_too(site):
    assert site.get(URL).status == 200
    assert site.post(report_path(site, "succeeded")).status == 200
    assert site.get(URL) == nothing(site)
    record(site, events.Discover(netboot=True, client="firmware"))
    record(site, events.Script(boot="harvester", via="http"))
    assert site.get(URL) == nothing(site)
    assert site.get(f"/configuration/58-47-ca-71-d8-49/{tokens.configuration_token(SECRET, KEY, 1, 1)}").status == 200


def test_url_is_of_one_attempt_and_the_script_names_that_of_the_attempt_it_begins(site):
    record(site, events.Report(outcome="started"))
    record(site, DISCOVER)
    next_url = f"/configuration/58-47-ca-71-d8-49/{tokens.configuration_token(SECRET, KEY, 0, 1)}"
    assert (site.get(next_url), site.get(URL).status) == (nothing(site), 200)
    assert f"config_url=http://10.10.0.20:7080{next_url}" in site.get("/auto.ipxe").text
    assert (site.state().attempt, site.state().stage) == (1, "script")
    assert (site.get(URL), site.get(next_url).status) == (nothing(site), 200)


def test_report_urls_of_a_configuration_are_of_one_attempt(site):
    hooks = [hook["url"].removeprefix("http://10.10.0.20:7080") for hook in webhooks(site.get(URL))]
    record(site, DISCOVER)
    assert site.post(hooks[0]).status == 200
    record(site, BOOT_FILE)
    assert [site.post(hook).status for hook in hooks[:3]] == [404, 404, 404]
    # What bootd report-url prints is written into a configuration elsewhere, and has to do for the next attempt, too.
    assert site.post(report_path(site, "succeeded")).status == 200


def webhooks(answer) -> list[dict[str, str]]:
    return yaml.safe_load(answer.text)["install"]["webhooks"]


@pytest.mark.parametrize("seen", [[], [events.Report(outcome="started")], [events.Report(outcome="failed")]])
@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (59, 200), (61, 404), (-61, 404)])
def test_window_ends_an_hour_after_the_script(site, seen, minutes, status):
    for detail in seen:
        record(site, detail)
    site.now = NOW + minutes * 60
    assert site.get(URL).status == status
    reasons = [line["reason"] for line in site.lines() if line["event"] == "configuration_not_given"]
    assert all("60 minutes" in reason for reason in reasons)
    assert len(reasons) == (status == 404)


def test_window_opens_anew_with_each_script_of_its_own_machine(site):
    site.now = NOW + 7200
    site.get("/58-47-ca-71-d8-49/auto.ipxe", STRANGER)
    assert site.get(URL) == nothing(site)
    site.get("/auto.ipxe")
    assert site.get(URL).status == 200


def test_window_is_a_setting(tmp_path):
    site = make_site(tmp_path, machine(), configuration_window=60.0)
    site.configurations.texts[KEY] = TEXT
    record(site, events.Script(boot="harvester", via="http"))
    site.now = NOW + 61
    assert site.get(URL) == nothing(site)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_second_fetch_from_elsewhere_closes_the_window_and_marks_the_machine(site, method):
    assert site.get(URL).status == 200
    assert site.ask(method, URL, OTHER_ADDRESS).status == 404
    assert site.get(URL) == nothing(site)
    mark = f"{OTHER_ADDRESS}, which is no address of the machine, asked for its configuration with its token"
    assert site.get("/api/v1/machines/um790-1").json["configuration_closed"] == mark
    lines = [line for line in site.lines() if line["event"] == "configuration_window_closed"]
    assert [(line["level"], line["machine"], line["reason"]) for line in lines] == [("warning", KEY, mark)]
    assert leaves_no_trace(site)
    # What the installer reports goes on to count, and the next boot has another URL.
    assert site.state().stage == "kernel"
    record(site, DISCOVER)
    record(site, BOOT_FILE)
    assert site.state().configuration_closed == ""


def test_fetch_from_elsewhere_before_the_machine_has_it_does_not_keep_it_from_the_machine(site):
    assert site.get(URL, STRANGER) == nothing(site)
    assert site.get(URL).status == 200


def test_guesses_from_elsewhere_close_nothing(site):
    assert site.get(URL).status == 200
    for wrong in WRONG.values():
        site.get(f"/configuration/58-47-ca-71-d8-49/{wrong}", STRANGER)
    assert site.get(URL).status == 200


def test_machine_that_never_asked_for_its_script_gets_nothing(tmp_path):
    site = make_site(tmp_path, machine())
    site.configurations.texts[KEY] = TEXT
    assert site.get(URL) == nothing(site)


@pytest.mark.parametrize("netboot", [Netboot(), Netboot(allow_pxe=False), Netboot(allow_pxe=True, switched_off=True)])
def test_machine_whose_netboot_is_off_gets_nothing(site, netboot):
    site.catalog.replace([machine(netboot=netboot)])
    assert site.get(URL) == nothing(site)


def test_log_says_why_and_shows_neither_token_nor_configuration(site):
    site.get(URL, STRANGER)
    site.get(URL + "?" + "a=b")
    site.get("//configuration///58-47-ca-71-d8-49//" + TOKEN)
    site.get(URL + "\0")
    site.get("//configuration//58-47-ca-71-d8-49//" + TOKEN + "\0")
    site.get("configuration/58-47-ca-71-d8-49/" + TOKEN + "\0")
    site.get(URL + "/\n")
    lines = site.lines()
    (refusal,) = [line for line in lines if line["event"] == "configuration_not_given"]
    assert refusal["machine"] == KEY
    assert refusal["client"] == STRANGER
    assert refusal["reason"] == "asked for from an address that is not the machine's"
    uris = {line["uri"] for line in lines if line["event"] == "http"}
    assert uris == {"/configuration/***", "/configuration/***?a=b"}
    assert leaves_no_trace(site)


def test_script_names_the_url_to_its_machine_and_hides_it_from_others(site):
    wanted = f"harvester.install.config_url=http://10.10.0.20:7080{URL}"
    assert wanted in site.get("/auto.ipxe").text.split()
    assert wanted in site.get("/58-47-ca-71-d8-49/auto.ipxe").text.split()
    shown = site.get("/58-47-ca-71-d8-49/auto.ipxe", STRANGER).text
    assert "harvester.install.config_url=http://10.10.0.20:7080/configuration/58-47-ca-71-d8-49/..." in shown.split()
    assert "config_url" not in site.get("/auto.ipxe", OTHER_ADDRESS).text
    assert leaves_no_trace(site)


def test_script_of_an_installed_machine_has_no_url(site):
    site.catalog.replace([machine(netboot=Netboot(allow_pxe=True, switched_off=True))])
    assert "configuration/" not in site.get("/auto.ipxe").text


USER_DATA = "/2009-04-04/user-data"


def as_user_data(site, **fields):
    site.catalog.replace(
        [machine(user_data_from="configuration", **fields), machine("other", OTHER_MAC, OTHER_ADDRESS)]
    )


def test_user_data_is_the_configuration_where_the_annotation_says_so(site):
    as_user_data(site)
    assert site.get(USER_DATA) == site.get(URL)
    assert site.events()[-1].kind == "configuration"
    assert site.get(USER_DATA, OTHER_ADDRESS).text == "token: x\n"
    assert site.get(USER_DATA, STRANGER).status == 404
    assert leaves_no_trace(site)


def test_user_data_stays_what_the_object_says_without_the_annotation(site):
    assert site.get(USER_DATA).text == "token: x\n"


def test_user_data_from_the_configuration_lives_no_longer_than_that(site):
    as_user_data(site)
    record(site, events.Report(outcome="succeeded"))
    assert site.get(USER_DATA) == nothing(site)
    as_user_data(site, netboot=Netboot(allow_pxe=False))
    assert site.get(USER_DATA) == nothing(site)


def test_user_data_of_a_machine_without_configuration(site):
    as_user_data(site)
    site.configurations.texts.clear()
    assert site.get(USER_DATA) == nothing(site)


def test_configuration_over_a_socket_is_recorded_once_it_was_sent(tmp_path):
    site = make_site(tmp_path, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0)
    site.configurations.texts[KEY] = f"token: {CANARY}\nlist: [{'x, ' * 50000}]\n"
    record(site, events.Script(boot="harvester", via="http"))
    with serving(site) as port:
        for method, count in (("HEAD", 1), ("GET", 2)):
            status, body = ask_for(port, method)
            assert status == 200
            assert (len(body) > 100_000) is (method == "GET")
            # It is recorded when all has left, which the client may know a moment earlier.
            end = time.monotonic() + 10
            while len(site.events()) < count and time.monotonic() < end:
                time.sleep(0.01)
            assert len(site.events()) == count
    assert leaves_no_trace(site)


def ask_for(port: int, method: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, URL)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_configuration_of_another_system_is_given_as_it_was_written(site):
    text = "#cloud-config\n# written by hand\ninstall: {webhooks: []}\nhostname: um790-1   # not Harvester's\n"
    system = {"instance": {"operating_system": {"distro": "flatcar"}}}
    site.catalog.replace([machine(metadata=system)])
    site.configurations.texts[KEY] = text
    answer = site.get(URL)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["content-type"] == "application/yaml"


def test_configuration_of_another_system_may_be_any_text(site):
    text = "# kickstart\ntext\nrootpw --iscrypted x\n%post\n: echo\n%end\n"
    site.catalog.replace([machine(metadata={"instance": {"operating_system": {"distro": "fedora"}}})])
    site.configurations.texts[KEY] = text
    answer = site.get(URL)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
