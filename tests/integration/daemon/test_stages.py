# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running bootd holds a machine for another, follows what they load, gives up the silent, and asks for an answer."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.daemon.conftest import CLIENT, NODE
from integration.daemon.manifests import manifest
from integration.daemon.running import ROOT, Bootd
from lab.network import Lab

OTHER = "other"
FIRST, SECOND = "um790-1", "um790-2"
SCRIPTS = {FIRST: "/58-47-ca-71-d8-49/auto.ipxe", SECOND: "/58-47-ca-71-d8-50/auto.ipxe"}
HOSTS = {FIRST: CLIENT, SECOND: OTHER}
CONFIG_URL = re.compile(r"harvester\.install\.config_url=http://10\.10\.0\.20:7080(/\S+)")
ISO_BYTES = 64 * 1024 * 1024
LISTEN = """\
import socket
servers = [socket.create_server((address, 443)) for address in ("10.10.0.16", "10.10.0.30")]
while True:
    servers[0].accept()
"""


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Lab:
    lab.host(OTHER, "10.10.0.17/16")
    lab.run(CLIENT, ["ip", "address", "add", "10.10.0.30/32", "dev", "lo"])
    return lab


@pytest.fixture
def start(hosts: Lab, tmp_path: Path) -> Iterator[Callable[..., Bootd]]:
    """Return a function that starts bootd, with further flags, for two machines of which one is after the other."""
    running: list[Bootd] = []
    configurations, images = tmp_path / "configurations", tmp_path / "images"
    configurations.mkdir(mode=0o700)
    images.mkdir()
    with (images / "harvester.iso").open("wb") as iso:
        iso.truncate(ISO_BYTES)

    def start(*flags: str) -> Bootd:
        more = ("--config-dir", str(configurations), "--image-dir", str(images), *flags)
        daemon = Bootd(hosts, NODE, tmp_path, more=more)
        running.append(daemon)
        first, second = (
            manifest(FIRST, "58:47:ca:71:d8:49", "10.10.0.16"),
            manifest(SECOND, "58:47:ca:71:d8:50", "10.10.0.17"),
        )
        after = f"  annotations: {{netboot.baremetal/after: {FIRST}}}\nspec:"
        (daemon.manifests / "first.yaml").write_text(first, encoding="utf-8")
        (daemon.manifests / "second.yaml").write_text(second.replace("spec:", after, 1), encoding="utf-8")
        kept = configurations / f"{FIRST}.yaml"
        kept.write_text("install: {mode: create, vip: 10.10.0.30}\n", encoding="utf-8")
        kept.chmod(0o600)
        return daemon.start()

    yield start
    for daemon in running:
        daemon.stop()


def machine(daemon: Bootd, name: str) -> dict:
    return json.loads(daemon.get(f"/api/v1/machines/{name}")[1])


def script(daemon: Bootd, name: str) -> str:
    return daemon.get(SCRIPTS[name], HOSTS[name])[1]


def report(daemon: Bootd, name: str, outcome: str) -> None:
    argv = [str(ROOT / "bin/bootd"), "report-url", "--store", f"files:{daemon.manifests}", name]
    argv += ["--state-dir", str(daemon.state), "--address", daemon.address]
    url = json.loads(daemon.lab.run(NODE, argv).stdout)[name]
    daemon.lab.run(HOSTS[name], ["curl", "-sSf", "-X", "PUT", f"{url}/{outcome}"])


def wait_for(what: Callable[[], object], seconds: float = 15.0) -> float:
    """Return after how many seconds ``what()`` was true."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def test_second_machine_waits_until_the_first_answers(start, hosts):
    daemon = start()
    assert f"waits for {FIRST} (known)" in script(daemon, SECOND)
    assert "kernel http" in script(daemon, FIRST)
    report(daemon, FIRST, "started")
    assert f"waits for {FIRST} (installing)" in script(daemon, SECOND)
    # A restart forgets neither who waits nor for whom.
    daemon.stop()
    daemon.start()
    waiting = machine(daemon, SECOND)
    assert (waiting["stage"], waiting["waits_for"]) == ("loading", f"{FIRST} (installing)")
    report(daemon, FIRST, "succeeded")
    assert f"waits for {FIRST} (installed)" in script(daemon, SECOND)
    listener = hosts.popen(CLIENT, ["python3", "-c", LISTEN])
    try:
        wait_for(lambda: machine(daemon, FIRST)["stage"] == "ready")
    finally:
        listener.terminate()
        listener.wait()
    assert machine(daemon, FIRST)["last"]["what"] == "ready 10.10.0.16:443 10.10.0.30:443"
    assert "kernel http" in script(daemon, SECOND)
    released = machine(daemon, SECOND)
    assert (released["stage"], released["waits_for"]) == ("script", "")


def test_one_at_a_time_lets_the_next_one_go_when_a_machine_fails(start):
    daemon = start("--installs-at-once", "1")
    (daemon.manifests / "second.yaml").write_text(manifest(SECOND, "58:47:ca:71:d8:50", "10.10.0.17"), encoding="utf-8")
    wait_for(lambda: machine(daemon, SECOND)["after"] == [])
    assert "kernel http" in script(daemon, FIRST)
    assert f"its turn (at most 1 at once): {FIRST}" in script(daemon, SECOND)
    report(daemon, FIRST, "failed")
    assert "kernel http" in script(daemon, SECOND)


def test_silence_is_a_failure_with_its_reason_until_the_machine_goes_on(start):
    daemon = start("--stage-limits", "script=1,kernel=1,installing=2")
    given = script(daemon, FIRST)
    wait_for(lambda: machine(daemon, FIRST)["stage"] == "failed")
    assert "the kernel was not loaded" in machine(daemon, FIRST)["error"]
    daemon.get("/phone-home?mac=58-47-ca-71-d8-49&event=loaded&role=kernel&url=http://10.10.0.2/vmlinuz", CLIENT)
    followed = machine(daemon, FIRST)
    assert (followed["stage"], followed["error"]) == ("kernel", "")
    wait_for(lambda: machine(daemon, FIRST)["stage"] == "failed")
    assert "configuration was never fetched" in machine(daemon, FIRST)["error"]
    assert daemon.get(CONFIG_URL.search(given)[1], CLIENT)[0] == 200
    wait_for(lambda: machine(daemon, FIRST)["stage"] == "failed")
    assert "did not report that it started" in machine(daemon, FIRST)["error"]
    report(daemon, FIRST, "started")
    assert machine(daemon, FIRST)["stage"] == "installing"
    wait_for(lambda: machine(daemon, FIRST)["stage"] == "failed")
    assert "the installer reported no end" in machine(daemon, FIRST)["error"]
    report(daemon, FIRST, "succeeded")
    assert machine(daemon, FIRST)["stage"] == "installed"
    told = [line["reason"] for line in daemon.lines("machine_overdue")]
    assert len(told) == 4


def test_progress_of_a_slow_download_is_told_with_few_writes(start, hosts):
    daemon = start()
    script(daemon, FIRST)
    report(daemon, FIRST, "started")
    kept = daemon.state / "states.db-wal"
    argv = ["curl", "-sS", "-o", "/dev/null", "--limit-rate", "6M", "http://10.10.0.20:7080/images/harvester.iso"]
    loading = hosts.popen(CLIENT, argv, stdout=subprocess.DEVNULL)
    written: set[int] = set()

    def has_loaded_it() -> bool:
        written.add(kept.stat().st_mtime_ns)  # each commit appends to it
        return loading.poll() is not None

    wait_for(lambda: (machine(daemon, FIRST)["progress"] or {}).get("percent"), seconds=20)
    part = machine(daemon, FIRST)["progress"]
    assert (part["what"], part["size"]) == ("iso", ISO_BYTES)
    assert 0 < part["percent"] < 100
    wait_for(has_loaded_it, seconds=30)
    assert loading.returncode == 0
    wait_for(lambda: machine(daemon, FIRST)["progress"]["percent"] == 100)
    assert len(written) <= 5
