# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself: it is apart from the host's network, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import ledger, mounts, namespaces
from lab.down import take_down_abandoned
from lab.network import Lab
from programs.require import require

TESTS = Path(__file__).resolve().parents[2]
# Ignored at first, as in a background job of a shell.
OWNER = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
from lab.network import Lab
with Lab("{name}") as lab:
    lab.host("node", "10.10.0.20/24")
    # Said from inside: one that is still on its way into the namespace would outlive an owner that is killed.
    lab.popen("node", ["sh", "-c", "echo up; exec sleep 1000"])
    while True:
        time.sleep(0.1)  # in pieces: Python heeds a signal that came just before a sleep when that is over
"""


@pytest.fixture(autouse=True)
def _root() -> None:
    require("root", "busybox", "ip", "nsenter", "sysctl")


def left_of(name: str) -> list[str]:
    """What there is of the lab: namespaces, and the ledger."""
    return [path.name for path in (*namespaces.DIRECTORY.iterdir(), *ledger.DIRECTORY.iterdir()) if name in path.name]


def inhabitants(namespace: str, number: int) -> list[int]:
    """The processes in a namespace, once there are so many."""
    end = time.monotonic() + 60
    while len(pids := list(namespaces.processes(namespace))) < number and time.monotonic() < end:
        time.sleep(0.02)
    return pids


def owner(name: str) -> subprocess.Popen[str]:
    """Another process that holds a lab with a process in it."""
    argv = [sys.executable, "-c", OWNER.format(name=name)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(TESTS)})
    assert process.stdout.readline() == "up\n"
    return process


def test_hosts_reach_each_other_and_nobody_else():
    with Lab() as lab:
        lab.host("one", "10.10.0.1/24")
        lab.host("two", "10.10.0.2/24")
        assert lab.run("one", ["busybox", "ping", "-c", "1", "-W", "5", "10.10.0.2"]).returncode == 0
        assert lab.run("one", ["ip", "route", "get", "192.0.2.1"], check=False).returncode != 0
        assert "fe80::" in lab.run("two", ["ip", "-6", "address", "show", "eth0", "-tentative"]).stdout


def test_down_ends_children_that_ignore_the_request(monkeypatch):
    monkeypatch.setattr(namespaces, "GRACE", 0.5)
    with Lab() as lab:
        lab.host("node")
        stubborn = lab.popen("node", ["sh", "-c", "trap '' TERM; echo up; sleep 1000"], stdout=subprocess.PIPE)
        assert stubborn.stdout.readline() == b"up\n"
        # Its parent is gone: only the namespace tells that it is the lab's.
        lab.run("node", ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &"])
        pids = inhabitants(lab.namespace("node"), 3)
        stubborn.stdout.close()
    assert len(pids) == 3
    assert not any(Path(f"/proc/{pid}/ns/net").exists() for pid in pids)
    assert left_of(lab.name) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_takes_the_lab_down(number):
    name = f"signal{number}"
    with owner(name) as process:
        process.send_signal(number)
        process.wait(20)
    assert process.returncode != 0
    assert left_of(name) == []


def test_name_of_a_lab_is_free_once_its_owner_is_dead():
    with owner("taken") as process:
        with pytest.raises(ledger.NameTaken, match=str(process.pid)):
            Lab("taken").__enter__()
        assert left_of("taken")
        process.kill()
        process.wait(20)
        with Lab("taken") as lab:
            assert lab.host("node")
    assert left_of("taken") == []


def test_take_down_abandoned_clears_what_a_killed_owner_left():
    with Lab() as alive, owner("killed") as process:
        process.kill()
        # Dead, but not reaped: that its number is still taken must not make it alive.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert left_of("killed")
        assert "killed" in take_down_abandoned()
        assert left_of("killed") == []
        assert left_of(alive.name)


def test_what_is_mounted_goes_with_the_lab_of_a_killed_owner(tmp_path):
    point = tmp_path / "a pod"
    point.mkdir()
    with owner("mounted") as process:
        ledger.Ledger("mounted").add_directory(tmp_path)
        subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
        process.kill()
        process.wait(20)
        assert mounts.below(tmp_path)
        take_down_abandoned()
    assert mounts.below(tmp_path) == []


def test_ending_comes_before_the_namespaces_go(tmp_path):
    seen = []
    with Lab() as lab:
        lab.host("node")
        lab.at_end(lambda: seen.append(namespaces.exists(lab.namespace("node"))), tmp_path)
    assert seen == [True]
    assert left_of(lab.name) == []
