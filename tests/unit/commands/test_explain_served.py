# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the running daemon explains to anybody is what ``bootd explain`` says, without secrets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from _bootd.commands.clients import CLIENTS, Client
from _bootd.commands.explain import as_document, explain
from _bootd.commands.explain_served import ServedSnapshot, explain_served
from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Netboot, Nic, Osie
from _bootd.http.app import create_app
from _bootd.stores.base import StoreProblem
from servers.http_site import KEY, MAC, machine, make_site, stub_render

SECRET = "a-word-that-nobody-may-read"


def explained(site, wanted=""):
    return explain_served(site.services, site.catalog.get(KEY), wanted)


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, machine())


@pytest.mark.parametrize("kind", CLIENTS)
def test_it_is_what_the_command_says(site, kind):
    (found,) = explained(site, kind)["clients"].values()
    snapshot = ServedSnapshot.of(site.services)
    own = machine()
    told = as_document(
        explain(Nic(own, own.interfaces[0]), Client(CLIENTS[kind][0], found["client"]["arch"]), snapshot, 0.0), snapshot
    )
    del told["machine"]
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(told))


@pytest.mark.parametrize(
    ("netboot", "distro"),
    [
        (Netboot(True, ipxe_contents=f"#!ipxe\necho {SECRET}\n"), "harvester"),
        (Netboot(True, osie=Osie("http://x/", "k", "i", (f"word={SECRET}",))), ""),
        (Netboot(True, osie=Osie(kernel_params=(f"word={SECRET}",))), "harvester"),
        (Netboot(True, ipxe_url=f"http://user:{SECRET}@x/boot.ipxe"), ""),
    ],
    ids=["contents", "parameters", "parameters of Harvester", "URL"],
)
def test_nothing_secret_is_told(tmp_path, netboot, distro):
    instance = {
        "operating_system": {"distro": distro, "version": "v1.2.0"},
        "userdata": f"harvester.x={SECRET}",
        "crypted_root_password": f"$6${SECRET}",
    }
    own = machine(netboot=netboot, metadata={"instance": instance}, user_data=SECRET)
    site = make_site(tmp_path, own)
    site.configurations.texts[KEY] = f"token: {SECRET}\n"
    text = json.dumps(explained(site))
    assert "auto.ipxe" in text
    assert SECRET not in text


def test_which_client_the_machine_is(site):
    assert explained(site)["own"] == "uefi"
    seen = events.Discover(netboot=True, client="firmware", firmware="bios", arch=0)
    site.journal.record(Event(KEY, MAC, 1.0, seen))
    assert explained(site)["own"] == "bios"


def test_whether_there_is_a_configuration(site):
    assert explained(site, "none")["configuration"] == {
        "present": False,
        "loads": [],
        "problems": [],
        "made": False,
    }
    site.configurations.texts[KEY] = "token: x\n"
    assert explained(site, "none")["configuration"]["present"] is True


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://10.10.0.20:7080/images/v1.8.2/a.iso", ["http://10.10.0.20:7080/images/v1.8.2/a.iso"]),
        (f"http://10.10.0.2/a.iso?token={SECRET}", ["http://10.10.0.2/a.iso"]),
        (f"http://reader:{SECRET}@10.10.0.2/a.iso", []),
    ],
)
def test_which_image_its_configuration_has_the_installer_load_and_no_login(tmp_path, url, told):
    system = {"operating_system": {"distro": "harvester", "version": "v1.8.2"}}
    site = make_site(tmp_path, machine(metadata={"instance": system}))
    site.configurations.texts[KEY] = f"install: {{iso_url: '{url}'}}\n"
    assert explained(site, "none")["configuration"]["loads"] == told
    site.configurations.texts[KEY] = f"a: b\ntoken: [{SECRET}\n"
    found = explained(site, "none")["configuration"]
    assert found["present"] is True
    assert found["problems"] == ["it is no YAML that can be used, from line 3 on"]


def test_problems_of_the_machine_are_told_and_no_others(site):
    site.problems += [
        StoreProblem("a.yaml:3", f"{KEY} spec.interfaces[0].dhcp.mac: x"),
        StoreProblem("b.yaml:3", f"{KEY}-2 spec.interfaces[0].dhcp.mac: x"),
    ]
    assert [item["where"] for item in explained(site, "uefi")["clients"]["uefi"]["problems"]] == ["a.yaml:3"]


def test_by_http(site):
    site.app = create_app(site.services, (), stub_render, explain_served)
    assert set(site.get("/api/v1/machines/um790-1/explain?client=bios").json["clients"]) == {"bios"}
    refused = site.get("/api/v1/machines/um790-1/explain?client=sparc")
    assert (refused.status, refused.json["reason"].split(" but")[0]) == (400, "client is sparc")
    assert site.get("/api/v1/machines/um790-9/explain").status == 404


def test_a_machine_may_be_called_explain(site):
    own = replace(machine("explain"), namespace="tink-system")
    site.catalog.replace([own])
    assert site.get("/api/v1/machines/tink-system/explain").json["name"] == "explain"
