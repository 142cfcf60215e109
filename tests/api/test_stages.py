# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, silence and readiness over a real API server: what the objects say, and what a wait makes of it."""

from __future__ import annotations

import socket

import pytest

from _bootd.hardware.model import AFTER_ANNOTATION
from api.processes import environment, finish_task, start_task
from api.site import MACHINE, ask, report
from cluster.kube import wait_for
from programs.require import require

SECOND = "um790-2"
SCRIPT, SECOND_SCRIPT = "/58-47-ca-71-d8-49/auto.ipxe", "/58-47-ca-71-d8-50/auto.ipxe"
ADDRESS, SECOND_ADDRESS = "127.0.10.9", "127.0.10.10"  # of the machines, on this host's loopback


@pytest.fixture
def pair(site):
    """A namespace with two machines, the second after the first."""
    second = site.document(SECOND, "58:47:ca:71:d8:50", SECOND_ADDRESS)
    second["metadata"]["annotations"] = {AFTER_ANNOTATION: MACHINE}
    site.apply(site.document(address=ADDRESS))
    site.apply(second)
    return site


def test_second_machine_is_released_when_the_first_answers(pair):
    require("root")
    bootd = pair.bootd("--ready-checks", "on").start()
    ask(bootd, SCRIPT, ADDRESS)
    assert f"waits for {MACHINE} (script)" in ask(bootd, SECOND_SCRIPT, SECOND_ADDRESS)[1]
    wait_for(lambda: pair.state(SECOND).get("waitsFor") == f"{MACHINE} (script)", "the object says what it waits for")
    assert pair.state(SECOND)["stage"] == "loading"
    report(bootd, pair, "succeeded")
    wait_for(lambda: pair.state().get("stage") == "installed", "the first is installed")
    # What another bootd finds is in the objects only.
    bootd.kill()
    for file in bootd.state.glob("states.db*"):
        file.unlink()
    bootd.start()
    assert f"waits for {MACHINE} (installed)" in ask(bootd, SECOND_SCRIPT, SECOND_ADDRESS)[1]
    with socket.create_server((ADDRESS, 443)):
        wait_for(lambda: pair.state().get("stage") == "ready", "the first is ready")
    assert "vmlinuz" in ask(bootd, SECOND_SCRIPT, SECOND_ADDRESS)[1]
    wait_for(lambda: pair.state(SECOND).get("stage") == "script", "the second goes on")
    assert "waitsFor" not in pair.state(SECOND)


def test_wait_ends_when_the_first_machine_falls_silent(pair, tmp_path):
    bootd = pair.bootd("--stage-limits", "script=1").start()
    ask(bootd, SECOND_SCRIPT, SECOND_ADDRESS)
    options = {"store": f"kubernetes:{pair.namespace}", "machines": [MACHINE, SECOND], "stage": "ready", "timeout": 60}
    process = start_task("wait_for_phone_home", options, environment(pair.api.kubeconfig, tmp_path))
    assert "loading" in next(line for line in process.stdout if SECOND in line)
    ask(bootd, SCRIPT, ADDRESS)
    _lines, result = finish_task(process)
    assert result["elapsed"] < 30
    first, second = result["summary"]
    assert (first["stage"], first["failed"], second["stage"], second["failed"]) == ("failed", True, "loading", False)
    assert first["reason"].startswith("nothing came for")
    assert "the kernel was not loaded" in first["reason"]
    assert second["reason"].startswith(f"waits for {MACHINE} (")
    assert "2 of 2 machines did not reach the stage ready" in result["msg"]
