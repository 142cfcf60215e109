# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that people and programs read."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import STAGES, State
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.http.status import boot_interface, find, machine_document
from _bootd.process.version import VERSION
from _bootd.stores.base import StoreProblem
from samples.dhcp_messages import sighting
from servers.http_site import ADDRESS, KEY, MAC, NOW, OTHER_ADDRESS, OTHER_MAC, machine, make_site


@pytest.fixture
def site(tmp_path):
    """Return a site with two machines."""
    return make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot()))


def test_machines_nothing_was_seen_of(site):
    answer = site.get("/api/v1/machines")
    assert answer.headers["content-type"] == "application/json"
    first, second = answer.json["machines"]
    assert second == {
        "name": "um790-1",
        "namespace": "tink-system",
        "mac": MAC,
        "ip": ADDRESS,
        "firmware": "",
        "stage": "known",
        "since": NOW,
        "attempt": 0,
        "stages": [],
        "facts": {},
        "bytes": {"tftp": 0, "http": 0},
        "progress": {},
        "error": "",
        "overdue": "",
        "configuration_closed": "",
        "waits_for": "",
        "after": [],
        "last_stage": "ready",
        "last": {"what": "", "at": 0.0},
        "summary": "",
        "netboot": True,
        "reason": "um790-1 installs Harvester (operating_system.distro)",
    }
    assert (first["name"], first["netboot"]) == ("other", False)
    assert "allowPXE is missing" in first["reason"]


def test_machine_after_a_boot(site):
    seen = [
        Event(KEY, MAC, 1.0, events.Discover(netboot=True, client="firmware", firmware="uefi")),
        Event(KEY, MAC, 2.0, events.BootFile(name="ipxe.efi", via="tftp", bytes=100)),
        Event(KEY, MAC, 3.0, events.Facts({"product": "UM790 Pro"})),
    ]
    for event in seen:
        site.journal.record(event)
    shown = site.get("/api/v1/machines/um790-1").json
    assert shown["firmware"] == "uefi"
    assert [step["stage"] for step in shown["stages"]] == ["known", "offered", "loading"]
    assert (shown["stage"], shown["since"], shown["attempt"]) == ("loading", 2.0, 1)
    assert (shown["bytes"], shown["facts"]) == ({"tftp": 100, "http": 0}, {"product": "UM790 Pro"})
    assert shown["last"] == {"what": "facts UM790 Pro", "at": 3.0}


@pytest.mark.parametrize("name", ["um790-1", "tink-system/um790-1", "tink-system//um790-1/"])
def test_machine_by_name(site, name):
    answer = site.get(f"/api/v1/machines/{name}")
    assert (answer.status, answer.json["mac"]) == (200, MAC)


@pytest.mark.parametrize("name", ["um790", "default/um790-1", "a/b/c", "%00"])
def test_machine_by_name_missing(site, name):
    answer = site.get(f"/api/v1/machines/{name}")
    assert answer.status == 404
    assert "reason" in answer.json


def test_find_a_name_of_two_namespaces():
    one, two, plain = Machine("a", "one"), Machine("a", "two"), Machine("a")
    assert find([one], "a") is one
    assert find([one, two], "a") is None
    assert find([one, plain, two], "a") is plain
    assert find([one, two], "two/a") is two


def test_boot_interface_is_the_one_that_asks_for_netboot():
    storage = Interface("52:54:00:00:00:0a")
    pxe = Interface("52:54:00:00:00:0b", netboot=Netboot(allow_pxe=True))
    done = Interface("52:54:00:00:00:0c", netboot=Netboot(allow_pxe=False, switched_off=True))
    assert boot_interface(Machine("a", interfaces=(storage, pxe))) is pxe
    assert boot_interface(Machine("a", interfaces=(storage, done))) is done
    assert boot_interface(Machine("a", interfaces=(storage,))) is storage


@pytest.mark.parametrize(
    ("metadata", "last"),
    [
        ({"instance": {"operating_system": {"distro": "harvester"}}}, "ready"),
        ({"instance": {"operating_system": {"distro": "debian"}}}, "installed"),
        ({"instance": {}}, "installed"),
        ({}, "installed"),
    ],
)
def test_machine_document_tells_the_last_stage_that_will_come(metadata, last):
    """Only Harvester is asked whether it answers; whoever waits for another system would wait for ever."""
    assert machine_document(Machine("a", metadata=metadata), State())["last_stage"] == last


def test_machine_document_of_an_installed_machine_shows_the_card_it_booted_from():
    storage = Interface("52:54:00:00:00:0a", address="10.10.0.9", netboot=Netboot(allow_pxe=False))
    booted = Interface("52:54:00:00:00:0b", address="10.10.0.16", netboot=Netboot(False, switched_off=True))
    shown = machine_document(Machine("a", interfaces=(storage, booted)), State("installed"))
    assert (shown["mac"], shown["ip"]) == ("52:54:00:00:00:0b", "10.10.0.16")
    assert shown["reason"] == "netboot is off for a: it is installed"


def test_machine_document_without_interfaces():
    shown = machine_document(Machine("a"), State())
    assert (shown["mac"], shown["netboot"]) == ("", False)
    assert "no interface" in shown["reason"]


def test_machines_hold_no_secret(site):
    secretive = replace(machine(), user_data="token: SECRET", metadata={"instance": {"userdata": "SECRET"}})
    site.catalog.upsert(secretive)
    site.get(f"/phone-home/{MAC}/{site.token()}/started")
    shown = site.get("/api/v1/machines").text
    assert "SECRET" not in shown
    assert site.token() not in shown


def test_unknown(site):
    record = site.services.unknown.record
    record("52:54:00:00:00:98", sighting(vendor_class=b"PXEClient", relay="10.0.0.1"), 1.0)
    record("52:54:00:00:00:99", sighting("os"), 2.0)
    found = site.get("/api/v1/unknown").json["unknown"]
    assert [entry["mac"] for entry in found] == ["52:54:00:00:00:99", "52:54:00:00:00:98"]
    assert found[1] == {
        "mac": "52:54:00:00:00:98",
        "client": "firmware",
        "wants_to_boot": True,
        "vendor_class": "PXEClient",
        "arch": 7,
        "architecture": "x64 UEFI",
        "firmware": "uefi",
        "user_class": "",
        "uuid": "",
        "hostname": "",
        "relay": "10.0.0.1",
        "circuit_id": "",
        "remote_id": "",
        "interface": "",
        "address": "",
        "first": 1.0,
        "last": 1.0,
        "count": 1,
        "asked": {"dhcp": 1, "tftp": 0, "http": 0},
    }


@pytest.mark.parametrize("path", ["/52-54-00-00-00-99/auto.ipxe", "/ipxe/52-54-00-00-00-99/ipxe.efi"])
def test_who_asks_for_a_file_and_is_unknown_is_listed(site, path):
    assert site.get(path, source="10.10.0.99").status == 404
    (found,) = site.get("/api/v1/unknown").json["unknown"]
    assert (found["mac"], found["address"], found["asked"]["http"]) == ("52:54:00:00:00:99", "10.10.0.99", 1)


def test_who_looks_at_machines_is_not_listed(site):
    for path in (
        "/auto.ipxe",
        "/api/v1/machines",
        "/metadata",
        "/images/x",
        "/phone-home?mac=52:54:00:00:00:99&uuid=1",
    ):
        site.get(path, source="10.10.0.99")
    assert site.get("/api/v1/unknown").json["unknown"] == []


def test_ready_also_with_a_file_that_can_not_be_read(site):
    document = site.get("/readyz").json
    del document["boot_programs"]
    assert document == {"ready": True, "machines": 2, "problems": [], "warnings": []}
    site.problems.append(StoreProblem("hardware/a.yaml", "line 3: not YAML"))
    answer = site.get("/readyz")
    # Its last good machines are served, so this must not take the daemon out of service.
    assert (answer.status, answer.json["problems"]) == (
        200,
        [{"where": "hardware/a.yaml", "message": "line 3: not YAML"}],
    )


def test_server_that_hears_nobody_for_now_is_not_ready_and_needs_no_restart(site):
    """Nothing is gained by starting bootd again while its interface is gone: liveness stays, readiness does not."""
    pulse = site.services.health.pulse("dhcp")
    pulse.gap = "the interface br0 is gone"
    answer = site.get("/readyz")
    assert (answer.status, answer.json["ready"]) == (503, False)
    assert answer.json["problems"] == [{"where": "dhcp", "message": "the interface br0 is gone"}]
    answer = site.get("/healthz")
    assert (answer.status, answer.text) == (200, "dhcp: the interface br0 is gone\n")
    pulse.gap = ""
    answer = site.get("/readyz")
    assert (answer.status, answer.json["ready"], answer.json["problems"]) == (200, True, [])
    assert site.get("/healthz").text == "ok\n"


def test_health_and_greeting(site):
    assert site.get("/healthz").text == "ok\n"
    assert "/api/v1/machines" in site.get("/").text


def test_health_names_each_server_that_answers_nobody(site):
    site.services.health.pulse("tftp")
    with pytest.raises(SystemExit):
        site.services.health.pulse("dhcp").run(lambda: sys.exit("in the middle of token: hush"))
    answer = site.get("/healthz")
    assert (answer.status, answer.text) == (503, "dhcp: its thread has ended: SystemExit\n")


def test_index_lists_every_route_of_the_api_and_its_documentation(site):
    for path in ("/api/v1", "/api/v1/"):
        index = site.get(path).json
        assert index["version"] == VERSION
        assert index["documentation"].endswith("/docs/api.md")
        listed = [endpoint["path"] for endpoint in index["endpoints"]]
    routes = [route.rule.replace(":path", "") for route in site.app._app.routes]
    theirs = ("/api/v1", "/page/", "/healthz", "/readyz", "/metrics")
    assert sorted(listed) == sorted(["/", *(route for route in routes if route.startswith(theirs))])
    assert all(endpoint["description"] for endpoint in index["endpoints"])
    assert all(path in site.get("/").text for path in listed)


@pytest.mark.parametrize("path", ["/api", "/api/v2", "/api/v1/machine", "/api/v1/event"])
def test_api_has_nothing_there(site, path):
    answer = site.get(path)
    assert (answer.status, "/api/v1" in answer.json["reason"]) == (404, True)


def test_metrics_tell_the_stage_of_every_machine(site):
    site.journal.record(Event(KEY, MAC, 1.0, events.Discover(netboot=True, client="firmware")))
    site.journal.record(Event("tink-system/gone", MAC, 1.0, events.Discover(netboot=True, client="firmware")))
    lines = [line for line in site.get("/metrics").text.splitlines() if line.startswith("bootd_machines{")]
    told = {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}
    assert told == {**dict.fromkeys(STAGES, 0.0), "known": 1.0, "offered": 1.0}
    site.catalog.remove(KEY)
    assert 'bootd_machines{stage="offered"} 0.0' in site.get("/metrics").text


def test_metrics_tell_the_build_and_the_process_and_hold_no_noise(site):
    site.get("/healthz")
    text = site.get("/metrics").text
    build = f'bootd_build_info{{python="{platform.python_version()}",version="{VERSION}"}} 1.0'
    assert build in text
    assert "process_start_time_seconds " in text
    assert "_created" not in text


def test_metrics_are_named_as_prometheus_has_it(site):
    """https://prometheus.io/docs/practices/naming/: a prefix, base units, and ``_total`` for what only rises."""
    site.get("/healthz")
    kinds = dict(line.split()[2:4] for line in site.get("/metrics").text.splitlines() if line.startswith("# TYPE"))
    assert len(kinds) > 10
    for name, kind in kinds.items():
        assert re.fullmatch(r"(?:bootd|process)(?:_[a-z0-9]+)+", name)
        assert name.endswith("_total") == (kind == "counter")
        assert not re.search(r"(milli|micro)seconds|kilobytes|_ms$|_count$", name)


def test_metrics(site):
    site.get("/healthz")
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'bootd_http_requests_total{route="/healthz",status="200"} 1.0' in answer.text


@pytest.mark.parametrize("path", ["/api/v1/machines", "/readyz", "/metrics", "/healthz", "/", "/api/v1"])
def test_api_is_read_only(site, path):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert site.ask(method, path).status == 405
    assert site.ask("HEAD", path).status == 200
