# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of a running bootd, ``bootd machines`` and ``bootd top`` tell one and the same of each machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from _bootd.daemon import main
from _bootd.decisions.stages import Progress, State, Step
from _bootd.stores.states.directory import StateDir
from samples.manifests import manifest

MODULE_UTILS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
SECONDS = 20


def states(now: float) -> dict[str, State]:
    hours = now - 7200
    found = (
        State("failed", since=hours, attempt=2, error="no disk", last="report failed", last_at=hours),
        State("loading", since=hours, attempt=1, waits_for="um790-3 (installing)", last="held", last_at=hours),
        State(
            "installing", hours, 1, (Step("known", hours),), progress=Progress("iso", 42, 100), last="sending iso 42 %"
        ),
        State("ready", since=hours, attempt=1, installs=1, switched_off={"52:54:00:00:00:04": ""}, last="ready"),
        State("offered", since=hours, attempt=1, firmware="uefi", facts={"product": "UM790"}, last="discover"),
    )
    return {f"tink-system/um790-{number}": state for number, state in enumerate(found, 1)}


@pytest.fixture
def running(tmp_path):
    """A bootd with a machine at each turn of its boot; returns its URL and the flags that say where its store is."""
    (tmp_path / "hw").mkdir()
    for number in range(1, 7):
        (tmp_path / f"hw/{number}.yaml").write_text(manifest(number), encoding="utf-8")
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.load()
        # Half an hour on, no machine's age shows another figure while this runs.
        state_dir.save(states(time.time() - 1800))
    flags = ["--store", f"files:{tmp_path}/hw", "--state-dir", f"{tmp_path}/state", "--address", "127.0.0.1"]
    serve = [*flags, "--bind", "127.0.0.1", "--dhcp-mode", "off", "--stage-limits", "installing=0,iso=0"]
    serve += [part for port in ("http", "tftp", "syslog") for part in (f"--{port}-port", "0")]
    argv = [sys.executable, "-m", "_bootd.daemon", "serve", *serve]
    with subprocess.Popen(argv, env={"PYTHONPATH": str(MODULE_UTILS)}, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(next(line for line in process.stdout if '"ready"' in line))
            yield f"http://127.0.0.1:{ready['http']}", flags[:4]
        finally:
            process.terminate()


def said(capsys, *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out


def test_api_machines_and_top_are_one_document(running, capsys):
    url, store = running
    with urllib.request.urlopen(f"{url}/api/v1/machines", timeout=SECONDS) as answer:
        documents = {item["name"]: item for item in json.load(answer)["machines"]}
    listed = json.loads(said(capsys, "machines", "--settings", "", *store, "--json"))["machines"]
    # A daemon knows since when it has known a machine that nothing was seen of; without one nobody does.
    assert (
        documents["um790-6"].pop("since") > 0 == next(item for item in listed if item["name"] == "um790-6").pop("since")
    )
    assert {item["name"]: item for item in listed} == documents
    assert documents["um790-1"]["summary"] == "no disk"
    assert documents["um790-2"]["summary"] == "waits for um790-3 (installing)"
    assert (documents["um790-4"]["summary"], documents["um790-4"]["netboot"]) == ("ready", False)

    table = rows(said(capsys, "machines", "--settings", "", *store))
    top = rows(said(capsys, "top", "--settings", "", "--url", url, "--once"))
    assert len(top) == 6
    assert top.pop("um790-3") == table.pop("um790-3").replace("sending iso 42 %", "[######..........] 42 % iso")
    assert (table.pop("um790-6").split()[4], len(top.pop("um790-6").split())) == ("-", 7)
    assert top == table


def rows(text: str) -> dict[str, str]:
    """The rows of a table by the names of the machines."""
    return {line.split()[0]: line for line in text.splitlines() if line.startswith("um790-")}
