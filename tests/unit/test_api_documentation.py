# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/api.md and docs/commands.md say what the code does: each route, field and type."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from _bootd.commands.boot_steps import Step
from _bootd.commands.check import check_paths
from _bootd.commands.clients import CLIENTS, FIRMWARE, Client
from _bootd.commands.explain import as_document, explain, missing_document, packets_of
from _bootd.commands.explain_served import explain_served
from _bootd.commands.snapshot import Snapshot
from _bootd.decisions import events
from _bootd.decisions.events import Event, Progress
from _bootd.decisions.stages import LOADS, STAGES, State
from _bootd.http.status import machine_document
from _bootd.ipxe.reports import FACTS
from _bootd.stores.base import StoreProblem
from _bootd.stores.catalog import Catalog
from samples import howto
from samples.dhcp_messages import sighting
from servers.http_site import KEY, MAC, machine, make_site

DOCS = Path(__file__).resolve().parents[2] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
# What stands in the column "type" of each value.
TYPES = {"text": str, "number": (int, float), "list": list, "object": dict, "true": bool, "true or false": bool}
NESTED = ("bytes", "last", "progress")  # whose fields have rows of their own


def section(text: str, title: str) -> str:
    """The part of ``text`` below the heading that ends with ``title``."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found


def rows(text: str) -> dict[str, str]:
    """The types of the fields in the tables of ``text``, by name."""
    return dict(re.findall(r"^\| `([a-z_.]+)` \| ([a-z ]+) \|", text, re.MULTILINE))


def flat(document: dict[str, object]) -> dict[str, object]:
    """The fields of ``document``, those of NESTED as NAME.FIELD beside it."""
    found: dict[str, object] = {}
    for name, value in document.items():
        if name in NESTED and isinstance(value, dict):
            found |= {f"{name}.{field}": inner for field, inner in value.items()}
        if name not in ("bytes", "last"):
            found[name] = value
    return found


def assert_is_as_documented(document: dict[str, object], table: dict[str, str]) -> None:
    assert sorted(document) == sorted(table)
    for name, value in document.items():
        kind = table[name].removesuffix(" or null")
        assert isinstance(value, TYPES[kind]) or (value is None and table[name].endswith(" or null")), name
        assert isinstance(value, bool) <= (TYPES[kind] is bool), name


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, machine())


def test_every_route_is_documented_and_none_that_is_not_there(site):
    routes = {re.sub(r":path>", ">", route.rule) for route in site.app._app.routes} - {"/api", "/api/<name>"}
    documented = set(re.findall(r"`(/[^` ]*)`", "\n".join(re.findall(r"^\|([^|]*)\|", API, re.MULTILINE))))
    assert documented == routes


def test_index_says_what_the_documentation_says(site):
    listed = {item["path"]: item["description"] for item in site.get("/api/v1").json["endpoints"]}
    assert dict(re.findall(r"^\| `(/[^` ]*)` \| ([^|]*) \|$", API.partition("## ")[0], re.MULTILINE)) == listed
    assert_is_as_documented(site.get("/api/v1").json, rows(section(API, "`/api/v1`")))


@pytest.mark.parametrize("state", [State(), State("script", progress=Progress("kernel", 1, 2), facts={"nic": "x"})])
def test_every_field_of_a_machine_is_documented_with_its_type(state):
    document = flat(machine_document(machine(), state))
    table = rows(section(API, "`/api/v1/machines`"))
    if not document["progress"]:
        table = {name: kind for name, kind in table.items() if not name.startswith("progress.")}
    assert_is_as_documented(document, table)


def test_stages_facts_and_loads_are_documented():
    text = section(API, "`/api/v1/machines`")
    for name in (*STAGES, *FACTS, *LOADS, "uefi", "bios"):
        assert f"`{name}`" in text


def test_every_field_of_an_unknown_machine_is_documented(site):
    for arch in (7, None):
        site.services.unknown.record("02:00:00:00:00:99", sighting(arch=arch), 1.0)
        (found,) = site.get("/api/v1/unknown").json["unknown"]
        assert_is_as_documented(found, rows(section(API, "`/api/v1/unknown`")))


def test_every_field_of_readyz_is_documented(site):
    site.problems.append(StoreProblem("a.yaml", "no YAML"))
    document = site.get("/readyz").json
    assert_is_as_documented(document, rows(section(API, "`/readyz`")))
    assert set(document["problems"][0]) == {"where", "message"}
    assert "has `where`, a file, directory or object, and `message`" in section(API, "`/readyz`")


def test_examples_are_what_is_answered(site):
    for event in (
        Event(KEY, MAC, 1.0, events.Discover(netboot=True, client="firmware", firmware="uefi")),
        Event(KEY, MAC, 2.0, events.Script("harvester", "http", 1)),
        Event(KEY, MAC, 3.0, events.Progress("kernel", 1, 2)),
    ):
        site.journal.record(event)
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", API, re.DOTALL)]
    missing, one, ready = examples
    assert set(missing) == set(site.get("/api/v1/machines/um790-9").json)
    answered = site.get("/api/v1/machines/um790-1").json
    assert list(one) == list(answered)
    for name in NESTED:
        assert list(one[name]) == list(answered[name])
    assert one["progress"]["percent"] == Progress("kernel", one["progress"]["bytes"], one["progress"]["size"]).percent
    assert list(ready) == list(site.get("/readyz").json)


def test_every_field_of_events_health_and_explain_is_documented(site):
    site.journal.record(Event(KEY, MAC, 1.0, events.Progress("kernel", 1, 2)))
    site.get("/auto.ipxe")
    seen = site.get("/api/v1/machines/um790-1/events").json
    of_events, of_packets = section(API, "`/api/v1/machines/<name>/events`").split("\n`packets` are")
    assert list(seen) == ["events", "packets"]
    assert_is_as_documented(seen["events"][0], rows(of_events))
    assert_is_as_documented(seen["packets"][0], rows(of_packets))
    health = site.get("/api/v1/health").json
    own = {name: value for name, value in health.items() if name not in site.get("/readyz").json}
    assert_is_as_documented(own, rows(section(API, "`/api/v1/health`")))
    explained = explain_served(site.services, site.catalog.get(KEY))
    assert_is_as_documented(explained, rows(section(API, "`/api/v1/machines/<name>/explain`")))
    assert set(explained["clients"]) == set(CLIENTS)


def test_every_field_of_check_is_documented(tmp_path):
    (tmp_path / "a.yaml").write_text("{", encoding="utf-8")
    (problem,) = check_paths([str(tmp_path)]).document()["problems"]
    assert_is_as_documented(problem, rows(section(COMMANDS, "`bootd check`")))


def test_every_field_of_explain_is_documented():
    text = section(COMMANDS, "`bootd explain`")
    found, step, missing = (rows(part) for part in re.split(r"^\| field of a step|^and, with exit", text, flags=re.M))
    nic = howto.nic()
    snapshot = make_snapshot(nic.machine)
    document = as_document(explain(nic, Client(FIRMWARE, 7), snapshot, 0.0), snapshot)
    assert_is_as_documented(document | {"packets": packets_of(nic, snapshot)}, found)
    assert_is_as_documented(document["steps"][0], step)
    assert set(step) == set(Step.__slots__)
    assert_is_as_documented(missing_document("x", snapshot), missing)
    named = re.findall(r"^\| `([a-z0-9-]+)` \| [^|]* \| (?:\d|`--arch`| \|)", text, re.MULTILINE)
    assert {*named, "none"} == set(CLIENTS)
    for kind, arch in CLIENTS.values():
        assert f"`{kind}`" in text
        assert arch is None or f"| {arch} |" in text


def make_snapshot(*machines):
    catalog = Catalog()
    catalog.replace(machines)
    return Snapshot(howto.SETTINGS, catalog, {})
