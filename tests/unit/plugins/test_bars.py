# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars on the terminal of ansible-playbook, and plain lines wherever else its output goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.plugin_utils import _bars
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import MAX_LINES, Bars, are_wanted, progress_bar
from ansible_collections.baremetal.netboot.plugins.plugin_utils._download_report import ImageProgress
from ansible_collections.baremetal.netboot.plugins.plugin_utils._wait_report import Progress
from programs.terminal import SECONDS, Terminal

NOW = 1_700_000_000.0
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


@pytest.mark.parametrize(("share", "drawn"), [(0, 0), (0.5, 10), (0.999, 19), (1, 20), (7, 20), (-1, 0)])
def test_bar_is_full_only_when_all_is_there(share, drawn):
    assert progress_bar(share) == "[" + "#" * drawn + "." * (20 - drawn) + "]"


@pytest.fixture
def written(monkeypatch):
    texts: list[str] = []
    monkeypatch.setattr(_bars.display, "display", lambda text, **how: texts.append(text) or assert_is_for_screen(how))
    return texts


def assert_is_for_screen(how):
    assert how == {"newline": False, "screen_only": True}


def test_bars_go_back_to_where_they_began(written):
    bars = Bars(wanted=True)
    bars.draw(["one", "two"])
    bars.clear()
    bars.clear()
    assert written == ["\r\x1b[J\x1b[?7l\none\ntwo\x1b[?7h\x1b[2A\r", "\r\x1b[J"]


def test_bars_are_bounded_and_hold_no_sequence_of_others(written):
    Bars(wanted=True).draw(["a\x1b[2J"] * 50)
    assert written[0].count("a?[2J") == MAX_LINES
    assert f"\x1b[{MAX_LINES}A" in written[0]


def test_bars_that_are_not_wanted_write_nothing(written):
    bars = Bars(wanted=False)
    bars.draw(["one"])
    bars.clear()
    assert written == []


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, True),
        ({"terminal": False}, False),
        ({"verbosity": 1}, False),
        ({"term": "dumb"}, False),
        ({"nocolor": True}, False),
        ({"callback": "ansible.posix.json"}, False),
        ({"hosts": ["a", "b"]}, False),
        ({"hosts": ["a", "b"], "run_once": True}, True),
    ],
)
def test_bars_are_for_one_task_on_a_terminal(monkeypatch, changed, wanted):
    given = {"terminal": True, "verbosity": 0, "term": "xterm", "nocolor": False, "callback": "default", "hosts": ["a"]}
    given |= {"run_once": False} | changed
    monkeypatch.setattr(_bars, "_HAS_TERMINAL", given["terminal"])
    monkeypatch.setattr(_bars.display, "verbosity", given["verbosity"])
    monkeypatch.setenv("TERM", given["term"])
    monkeypatch.setattr(_bars.constants, "ANSIBLE_NOCOLOR", given["nocolor"])
    monkeypatch.setattr(_bars.constants, "DEFAULT_STDOUT_CALLBACK", given["callback"])
    assert are_wanted(given["run_once"], {"ansible_play_batch": given["hosts"]}) is wanted


def machine(name, stage, **more):
    told = {"error": "", "waits_for": "", "progress": {}, **more}
    steps = [{"stage": stage, "at": NOW - 60}]
    return {
        "name": name,
        "namespace": "default",
        "attempt": 1,
        "stage": stage,
        "since": NOW - 60,
        "stages": steps,
        **told,
    }


def test_wait_has_a_bar_of_all_and_one_of_each_that_loads():
    progress = Progress(["a", "bb", "c", "d", "gone"], "installed")
    iso = {"what": "iso", "percent": 50}
    machines = [
        machine("a", "loading", waits_for="bb (installing)"),
        machine("bb", "installing", progress=iso),
        machine("c", "installed"),
        machine("d", "failed", error="no disk"),
    ]
    progress.update(machines, NOW, 65.0)
    assert progress.bars(NOW, 65.0) == [
        f"{progress_bar(0.2)} 1 of 5 installed, 1 failed, 65.0 s",
        f"  bb  installing for 60.0 s  {progress_bar(0.5)} 50 % iso",
        "  a   loading for 60.0 s  waits for bb (installing)",
        "  and 1 more",
    ]


def test_wait_for_many_shows_those_that_have_come_farthest():
    names = [f"worker-{number:03}" for number in range(200)]
    progress = Progress(names, "installed")
    progress.update([machine(name, "kernel" if name == "worker-150" else "known") for name in names], NOW, 1.0)
    lines = progress.bars(NOW, 1.0)
    assert len(lines) <= MAX_LINES
    assert lines[1].startswith("  worker-150  kernel")
    assert lines[-1] == "  and 191 more"


def test_fetch_has_a_bar_of_each_file_and_the_rate_of_all():
    progress = ImageProgress()
    files = {"kernel": ("done", 10_000_000, 10_000_000), "iso": ("fetching", 20_000_000, 90_000_000)}
    looks = [{"files": {name: {"doing": d, "bytes": b, "size": s} for name, (d, b, s) in files.items()}}]
    looks.append(json.loads(json.dumps(looks[0])))
    looks[1]["files"]["iso"]["bytes"] = 40_000_000
    assert progress.update(looks[0], 100.0, with_bars=True) == ["kernel: whole and right, 10.00 MB"]
    assert progress.bars(looks[0], 100.0)[0] == "30.00 MB of 100.00 MB, 0 bytes/s"
    assert progress.bars(looks[1], 102.0) == [
        "50.00 MB of 100.00 MB, 10.00 MB/s, 5.0 s left",
        f"  iso     {progress_bar(40 / 90)} 40.00 MB of 90.00 MB",
    ]
    assert progress.bars({"files": {"kernel": looks[0]["files"]["kernel"]}}, 103.0) == []


@pytest.fixture
def bootd():
    """A bootd whose machine is installing, and installed once the test says so; returns its URL and what says so."""
    is_over = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            stage = "installed" if is_over.is_set() else "installing"
            told = machine("um790-1", stage, progress={"what": "iso", "percent": 42})
            body = json.dumps({"machines": [told]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_unused):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", is_over
        server.shutdown()


@pytest.fixture
def play(tmp_path, bootd):
    url, _is_over = bootd
    wait = {"machines": ["um790-1"], "url": url, "poll": 0.2}
    tasks = [
        {"name": "Wait", "baremetal.netboot.wait_for_phone_home": wait},
        {"ansible.builtin.debug": {"msg": "went on"}},
    ]
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH", "LC_ALL") if name in os.environ}
    return [str(PLAYBOOK), "-i", "localhost,", "-c", "local", str(path)], {**kept, "HOME": str(tmp_path)}


def test_playbook_on_a_terminal_draws_bars_and_takes_them_away(play, bootd):
    with Terminal(*play) as terminal:
        terminal.read_until(f"{progress_bar(0.42)} 42 % iso")
        while terminal.output.count("42 % iso") < 3:
            assert terminal.read(SECONDS)
        bootd[1].set()
        assert terminal.wait() == 0
    shown = terminal.output
    after = shown[shown.rindex("installing for") :]
    assert (
        after.index("\x1b[J") < after.index("um790-1: installed") < after.index("went on") < after.index("PLAY RECAP")
    )


def test_process_that_ends_leaves_no_bar_below_the_prompt():
    """As when a run is interrupted: then no action is left to take its bars away."""
    argv = [sys.executable, "-c", f"import {_bars.__name__}; print('end')"]
    environ = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with Terminal([*argv], environ) as terminal:
        assert terminal.wait() == 0
    assert terminal.output == "end\r\n\x1b[J"
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "end\n"


def test_playbook_elsewhere_has_plain_lines(play, bootd):
    threading.Thread(target=lambda: (time.sleep(0.1), bootd[1].set())).start()
    argv, environ = play
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert "um790-1: installed" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert progress_bar(0.42) not in done.stdout
