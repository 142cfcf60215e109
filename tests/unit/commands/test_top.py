# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bootd top``: what is on the screen, the daemon that goes away, and a terminal that is left as it was."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from _bootd.commands.machine_table import trouble_first
from _bootd.commands.top import Seen, View, fetch, frame
from _bootd.daemon import main
from _bootd.decisions import events
from _bootd.decisions.events import Event, Progress
from _bootd.decisions.stages import State
from _bootd.http.status import machine_document
from _bootd.stores.base import StoreProblem
from programs.terminal import Terminal
from samples.dhcp_messages import sighting
from servers.http_site import KEY, MAC, OTHER_ADDRESS, OTHER_MAC, machine, make_site, serving

MODULE_UTILS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
NOW = 1_000_000.0
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def shown(name: str, stage: str = "known", **fields: object) -> dict[str, object]:
    return machine_document(machine(name), State(stage, since=NOW - 60, **fields))


def lines(*machines, width=0, height=0, now=5.0, **more):
    view = View("http://10.10.0.20:7080", Seen(machines, at=NOW, read_at=5.0, **more.pop("told", {})), **more)
    return list(frame(view, now, width, height))


def test_troubles_come_first_then_what_is_on_its_way():
    machines = [
        shown("ready", "ready"),
        shown("known"),
        shown("iso", "installing"),
        shown("waits", "loading", waits_for="iso (installing)"),
        shown("no-image", "script", error="boot error: no route"),
        shown("gone", "failed", error="nothing came"),
    ]
    ordered = [item["name"] for item in sorted(machines, key=trouble_first)]
    assert ordered == ["gone", "no-image", "waits", "iso", "known", "ready"]
    assert [line.split()[0] for line in lines(*machines)[3:]] == ordered


def test_frame_draws_how_much_a_machine_has_of_what_it_loads():
    line = lines(shown("a", "installing", progress=Progress("iso", 50, 100), last="sending iso 50 %"))[-1]
    assert line.endswith("[########........] 50 % iso")
    line = lines(shown("a", "failed", error="no disk", progress=Progress("iso", 50, 100)))[-1]
    assert line.endswith("no disk")


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("height", [8, 10, 24])
def test_frame_fits_the_terminal_and_says_how_many_it_leaves_out(width, height):
    machines = [shown(f"worker-{number:03}", "failed", error="x" * 300) for number in range(50)]
    told = {"unknown": 2, "problems": ["a.yaml: " + "y" * 300, "b.yaml: no YAML"]}
    found = lines(*machines, width=width, height=height, told=told, away="no answer from " + "z" * 300)
    assert len(found) <= height
    assert max(map(len, found)) <= width
    shown_names = sum(line.startswith("worker-") for line in found)
    assert f"... and {50 - shown_names} more" in found
    assert found[-1] == "q: end"


def test_frame_of_a_few_machines_leaves_none_out():
    found = lines(shown("a"), shown("b"), width=80, height=7)
    assert [line.split()[0] for line in found if line][1:] == ["NAME", "a", "b", "q:"]


def test_frame_says_what_is_wrong_beside_the_machines():
    found = lines(shown("a"), told={"unknown": 1, "problems": ["a.yaml: no YAML", "b.yaml: no YAML"]})
    assert found[1] == "a.yaml: no YAML and 1 more"
    assert found[2].startswith("1 unknown machine wants to boot")


def test_ages_go_on_while_the_daemon_is_away():
    found = lines(shown("a", "installing"), now=185.0, away="no answer from http://10.10.0.20:7080")
    assert found[1] == "3m old: no answer from http://10.10.0.20:7080"
    assert found[-1].split()[4] == "4m"  # a minute by the daemon's clock, and three since


def test_frame_before_the_first_answer():
    assert list(frame(View("http://x"), 0.0)) == ["bootd at http://x", "asking..."]
    assert list(frame(View("http://x", away="no answer"), 0.0)) == ["bootd at http://x", "no answer"]


@pytest.fixture
def site(tmp_path):
    made = make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS))
    made.journal.record(Event(KEY, MAC, NOW, events.Discover(netboot=True, client="firmware")))
    made.services.unknown.record("02:00:00:00:00:99", sighting(arch=7), 1.0)
    made.problems.append(StoreProblem("a.yaml", "no YAML"))
    return made


def test_what_is_fetched_is_the_documents_of_the_api(site):
    with serving(site) as port:
        seen = fetch(f"http://127.0.0.1:{port}")
    assert seen.machines == site.get("/api/v1/machines").json["machines"]
    assert (seen.unknown, seen.problems[0]) == (1, "a.yaml: no YAML")


def test_top_once_prints_one_frame(site, capsys):
    with serving(site) as port:
        assert main(["top", "--url", f"http://127.0.0.1:{port}/", "--once", "--stage", "offered"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert [line.split()[0] for line in told.splitlines() if "offered" in line][1:] == ["um790-1"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--url", "http://127.0.0.1:1"], "no answer from http://127.0.0.1:1/api/v1/machines: "),
        (["--url", "10.10.0.20"], "--url is '10.10.0.20' but should be a URL"),
        (["--settings", "", "--stage", "gone"], "--stage is gone but should be of known"),
    ],
)
def test_top_that_can_not_ask_says_so(capsys, flags, said):
    assert main(["top", "--once", *flags]) == 2
    assert said in capsys.readouterr().err


def test_another_server_is_not_taken_for_bootd(site, capsys):
    with serving(site) as port:
        assert main(["top", "--once", "--url", f"http://127.0.0.1:{port}/api/v1/machines?"]) == 2
    assert f"http://127.0.0.1:{port}" in capsys.readouterr().err


def top(url):
    argv = [sys.executable, "-m", "_bootd.daemon", "top", "--url", url]
    return Terminal(argv, {"PYTHONPATH": str(MODULE_UTILS)}, lines=12)


def test_top_follows_the_daemon_and_goes_on_while_it_is_away(site):
    with ExitStack() as daemon:
        url = f"http://127.0.0.1:{daemon.enter_context(serving(site))}"
        with top(url) as terminal:
            terminal.read_until("2 machines: 1 known, 1 offered")
            site.journal.record(Event(KEY, MAC, NOW + 1, events.BootFile("ipxe.efi", "tftp", 9)))
            terminal.read_until("2 machines: 1 known, 1 loading")
            daemon.close()
            terminal.read_until(f"old: no answer from {url}")
            terminal.press("q")
            assert terminal.wait() == 0


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM])
def test_top_leaves_the_terminal_as_it_was(site, end):
    with serving(site) as port, top(f"http://127.0.0.1:{port}") as terminal:
        terminal.read_until("q: end")
        assert ENTER in terminal.output
        assert terminal.modes_now() != terminal.modes
        if isinstance(end, str):
            terminal.press(end)
        else:
            terminal.process.send_signal(end)
        status = terminal.wait()
        assert (status, terminal.output.endswith(LEAVE)) == (0 if isinstance(end, str) else 128 + end, True)
        assert terminal.modes_now() == terminal.modes
