# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bootd_process with a program that stands in for bootd."""

from __future__ import annotations

import json
import socket
import sys

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.netboot.plugins.module_utils._node.background_process import Background
from ansible_collections.baremetal.netboot.plugins.modules import bootd_process

PROGRAM = """\
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

print("as", os.environ["BOOTD_ADDRESS"], sys.argv[1], flush=True)
if os.environ["BOOTD_ADDRESS"] == "bad":
    sys.exit("bootd: --address is bad")


class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if os.environ.get("BOOTD_READY", "yes") == "yes" else 503)
        self.end_headers()


server = HTTPServer(("127.0.0.1", int(os.environ["BOOTD_HTTP_PORT"])), Ready)
print("port", server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bootd.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def processes(monkeypatch):
    """End what a test starts: the module lets go of a process that is to stay."""
    started = []
    start = Background.start

    def keep(*arguments):
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(Background, "start", keep)
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def run(capsys, tmp_path, program, port, processes):
    """Return a function that runs the module."""

    def run_module(*, check=False, address="a", **options):
        settings = {"address": address, "http_port": port, **options.pop("settings", {})}
        arguments = {
            "command": [sys.executable, "-S", str(program)],
            "settings": settings,
            "pid_file": str(tmp_path / "pid"),
            "log_file": str(tmp_path / "log"),
            "ready_url": f"http://127.0.0.1:{port}/readyz",
            "ready_timeout": 20,
            **options,
        }
        before = len(processes)
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            bootd_process.main()
        assert not check or len(processes) == before
        return json.loads(capsys.readouterr().out)

    return run_module


def test_main_starts_once(run, tmp_path):
    foreseen = run(check=True)
    assert foreseen["changed"]
    assert not (tmp_path / "log").exists()
    first = run()
    assert first["changed"]
    assert first["diff"] == foreseen["diff"]
    assert (tmp_path / "log").read_text(encoding="utf-8").startswith("as a serve\n")
    second = run()
    assert not second["changed"]
    assert second["pid"] == first["pid"]


@pytest.mark.parametrize("change", ["setting", "new setting", "code"])
def test_main_starts_anew_when_something_has_changed(run, program, change):
    first = run()
    options = {}
    if change == "setting":
        options["address"] = "b"
    elif change == "new setting":
        options["settings"] = {"interface": "eth0"}
    else:
        program.write_text(PROGRAM + "# newer\n", encoding="utf-8")
    foreseen = run(check=True, **options)
    assert foreseen["changed"]
    assert foreseen["pid"] == first["pid"]
    assert foreseen["diff"]["before"] == first["diff"]["after"]
    result = run(**options)
    assert result["changed"]
    assert result["pid"] != first["pid"]
    assert not run(**options)["changed"]


def test_main_gives_the_kubeconfig_and_starts_anew_with_another(run, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("one", encoding="utf-8")
    first = run(kubeconfig=str(kubeconfig))
    environment = Background(sys.executable, str(tmp_path / "pid")).environment(first["pid"], "KUBECONFIG")
    assert environment == {"KUBECONFIG": str(kubeconfig)}
    assert not run(kubeconfig=str(kubeconfig))["changed"]
    kubeconfig.write_text("another", encoding="utf-8")
    assert run(kubeconfig=str(kubeconfig))["changed"]


def test_main_stops(run, tmp_path):
    assert not run(state="stopped")["changed"]
    first = run()
    foreseen = run(state="stopped", check=True)
    assert foreseen["changed"]
    assert not run()["changed"]
    result = run(state="stopped")
    assert result["diff"] == foreseen["diff"] == {"before": first["diff"]["after"], "after": ""}
    assert not (tmp_path / "pid").exists()


def test_main_tells_the_end_of_the_log_of_a_process_that_ended(run, tmp_path):
    (tmp_path / "log").write_text("from an earlier day\n", encoding="utf-8")
    result = run(address="bad")
    assert result["failed"]
    assert "bootd ended with exit status 1" in result["msg"]
    assert "as bad serve\nbootd: --address is bad" in result["msg"]
    assert "earlier" not in result["msg"]


def test_main_tells_that_it_is_not_ready_in_time(run, port):
    result = run(settings={"ready": "no"}, ready_timeout=0)
    assert result["failed"]
    assert f"bootd is not ready after 0 s: http://127.0.0.1:{port}/readyz: " in result["msg"]
