# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unknown machines as modules and inventories get them: whoever answers, every field is there and of its type."""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml

from _bootd.http.status import unknown_document
from _bootd.stores.unknown_machines import Unknown, UnknownMachines
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import unknown
from ansible_collections.baremetal.netboot.plugins.modules import hardware_info
from ansible_collections.baremetal.netboot.plugins.plugin_utils._hosts import unknown_hosts, unknown_variables_of
from samples.dhcp_messages import UUID, sighting
from servers.http_site import make_site, serving

MAC = "58:47:ca:71:d8:4f"
PODS = "/api/v1/pods"
PROXY = "/api/v1/namespaces/netboot/pods/{}%3A{}/proxy/api/v1/unknown"


def answer(*macs, last=10.0):
    table = UnknownMachines()
    for mac in macs:
        table.record(mac, sighting(vendor_class=b"PXEClient", uuid=UUID, relay="10.0.0.1"), last)
    return unknown_document(table.all())


def pod(name, port=None):
    ports = [] if port is None else [{"name": "tftp", "containerPort": 69}, {"name": "http", "containerPort": port}]
    return {"metadata": {"name": name, "namespace": "netboot"}, "spec": {"containers": [{"ports": ports}]}}


class Api:
    """Answers for an API server: documents by their paths; what has none is unreachable."""

    def __init__(self, documents):
        self._documents = documents

    def get(self, path, query=None):
        assert (path == PODS) == (query is not None)
        if path not in self._documents:
            raise ApiUnreachable(f"GET {path}: no route")
        return self._documents[path]


@pytest.fixture
def bootd(tmp_path):
    site = make_site(tmp_path, bind="127.0.0.1", http_port=0)
    site.services.unknown.record(MAC, sighting(hostname=b"\x1b[0m{{ 7 * 7 }}"), 10.0)
    with serving(site) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_running_bootd_is_asked(bootd):
    (machine,) = unknown.from_bootd(f"{bootd}/", use_proxy=False)
    assert (machine["mac"], machine["hostname"]) == (MAC, "\\x1b[0m{{ 7 * 7 }}")
    assert (machine["arch"], machine["firmware"], machine["asked"]) == (7, "uefi", {"dhcp": 1, "tftp": 0, "http": 0})


def test_who_is_no_bootd_is_told(bootd):
    for url in ("http://127.0.0.1:1", f"{bootd}/metrics", f"{bootd}/api/v1/machines?"):
        with pytest.raises(unknown.NotAnswered, match="no running bootd has answered: http://127"):
            unknown.from_bootd(url, use_proxy=False)


@pytest.mark.parametrize(
    "told",
    [
        {"mac": MAC},
        {"mac": MAC.upper(), "arch": "x", "asked": [], "last": None, "hostname": ["a"], "first": True},
        {"mac": MAC, "vendor_class": "x" * 10_000, "arch": {}, "asked": {"dhcp": "1"}, "more": "than that"},
    ],
)
def test_every_field_is_of_its_type_whoever_answers(told):
    api = Api({PODS: {"items": [pod("a")]}, PROXY.format("a", 7080): {"unknown": [told, {"mac": "x"}]}})
    ((machine,), problems) = unknown.from_pods(api)
    assert problems == []
    like = answer(MAC)["unknown"][0]
    assert set(machine) == set(like)
    for name, value in machine.items():
        assert (
            isinstance(value, (int, float) if isinstance(like[name], (int, float)) else type(like[name]))
            or value is None
        )
        assert not isinstance(value, str) or (len(value) <= unknown.MAX_TEXT and value.isprintable())


def test_the_fields_are_those_of_bootd_and_are_documented():
    (like,) = answer(MAC)["unknown"]
    ((machine,), _problems) = unknown.from_pods(
        Api({PODS: {"items": [pod("a")]}, PROXY.format("a", 7080): {"unknown": [like]}})
    )
    assert machine == like
    assert {item.name for item in fields(Unknown)} <= set(machine)
    documented = yaml.safe_load(hardware_info.RETURN)["unknown_machines"]["contains"]
    assert set(documented) == set(machine)


def test_pods_are_asked_at_their_ports_and_one_that_is_away_is_told():
    documents = {
        PODS: {"items": [pod("a", 80), pod("b"), pod("gone")]},
        PROXY.format("a", 80): answer(MAC, "02:00:00:00:00:01", last=10.0),
        PROXY.format("b", 7080): answer(MAC, last=20.0),
    }
    found, problems = unknown.from_pods(Api(documents))
    assert [(machine["mac"], machine["last"]) for machine in found] == [(MAC, 20.0), ("02:00:00:00:00:01", 10.0)]
    assert [problem.partition(": ")[0] for problem in problems] == ["pod netboot/gone"]


@pytest.mark.parametrize(
    ("pods", "said"), [([], "no pod has the labels app"), ([pod("a")], "pod netboot/a: GET /api/v1/namespaces/netboot")]
)
def test_where_no_pod_answers_that_is_told(pods, said):
    with pytest.raises(unknown.NotAnswered, match=said):
        unknown.from_pods(Api({PODS: {"items": pods}}))


def test_who_wants_to_boot_and_is_not_known_is_a_host():
    machines = [{"name": "a", "interfaces": [{"mac": "02:00:00:00:00:01", "ip": ""}]}]
    found = answer("02:00:00:00:00:01", MAC)["unknown"]
    phone = {**found[0], "mac": "02:00:00:00:00:02", "wants_to_boot": False}
    ((host, machine),) = unknown_hosts([*found, phone], machines)
    assert host == "58-47-ca-71-d8-4f"
    assert unknown_variables_of(machine) == {"netboot_mac": MAC, "netboot": machine}
