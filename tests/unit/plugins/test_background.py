# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process in the background, found again by its pid file."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._node.background_process import Background, last_lines

PROGRAM = """\
import signal
import sys

if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture
def background(program, tmp_path):
    return Background(str(program), str(tmp_path / "pid"))


@pytest.fixture
def start(background, tmp_path):
    """Return a function that starts the program and returns its process once it has said that it is ready."""
    processes = []

    def start_program(*words, **environment):
        argv = [sys.executable, "-S", background.program, *words]
        process = background.start(argv, {**environment, "PATH": os.environ["PATH"]}, str(tmp_path / "log"))
        processes.append(process)
        while "ready" not in (tmp_path / "log").read_text(encoding="utf-8"):
            assert process.poll() is None
        return process

    yield start_program
    for process in processes:
        process.kill()
        process.wait()


def test_start_makes_a_process_that_can_be_found_again(start, background, program, tmp_path):
    assert background.pid() is None
    process = start("serve", BOOTD_ADDRESS="10.10.0.20", OTHER="x")
    again = Background(str(program), str(tmp_path / "pid"))
    assert again.pid() == process.pid
    assert again.command_line(process.pid) == [sys.executable, "-S", str(program), "serve"]
    assert again.environment(process.pid, "BOOTD_") == {"BOOTD_ADDRESS": "10.10.0.20"}
    assert os.getsid(process.pid) == process.pid
    assert last_lines(str(tmp_path / "log"), 5) == ["ready"]
    assert last_lines(str(tmp_path / "log"), 5, start=len("ready\n")) == []


@pytest.mark.parametrize("word", ["", "deaf"])
def test_stop_returns_when_the_process_is_gone(start, background, word, monkeypatch):
    monkeypatch.setattr(f"{Background.__module__}.STOP_TIMEOUT", 0.2)
    process = start(word)
    background.stop(process.pid)
    assert process.wait(10) == (-9 if word else -15)
    assert background.pid() is None
    assert not background.pid_file.exists()


def test_pid_of_another_program_does_not_count(background, tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "pid").write_text(f"{other.pid}\n", encoding="ascii")
        assert background.pid() is None
        other.communicate(b"\n")


@pytest.mark.parametrize("content", ["", "x", "99999999", "0"])
def test_pid_of_a_file_that_names_no_process(background, tmp_path, content):
    (tmp_path / "pid").write_text(content, encoding="ascii")
    assert background.pid() is None
