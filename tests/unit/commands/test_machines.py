# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bootd machines``: a table that fits a terminal, the documents of the API, and the daemon left in peace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from _bootd.commands.machine_table import age, table
from _bootd.daemon import main
from _bootd.decisions.stages import STAGES, State
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.http.status import machine_document
from _bootd.stores.states.directory import StateDir
from programs.require import require
from samples.manifests import manifest

MODULE_UTILS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
NOW = 1_000_000.0
NOBODY = 65534


def shown(name: str = "um790-1", state: State | None = None) -> dict[str, object]:
    netboot = Netboot(allow_pxe=True)
    machine = Machine(name, "tink-system", (Interface("58:47:ca:71:d8:49", "10.10.100.116", netboot=netboot),))
    return machine_document(machine, state or State())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86400 * 400, "400d"), (-5, "0s")],
)
def test_age_is_short(seconds, text):
    assert age(seconds) == text


def test_table_on_a_wide_terminal_has_a_line_for_each_machine():
    busy = State("installing", since=NOW - 300, attempt=2, last="sending iso 42 %", last_at=NOW)
    title, one, two, empty, count = table([shown(state=busy), shown("um790-2")], NOW)
    assert title.split() == "NAME MAC ADDRESS STAGE FOR TRY PXE LAST SEEN".split()
    assert one == "um790-1  58:47:ca:71:d8:49  10.10.100.116  installing  5m   2    on   sending iso 42 %"
    assert two.split() == "um790-2 58:47:ca:71:d8:49 10.10.100.116 known - - on".split()
    assert (empty, count) == ("", "2 machines: 1 known, 1 installing")


@pytest.mark.parametrize("stage", STAGES)
def test_table_fits_80_columns(stage):
    error = "nothing came for 900 s: the rootfs did not arrive, though the kernel was loaded from http://10.10.0.2/x"
    state = State(stage, since=NOW - 86400 * 99, attempt=12, error=error if stage == "failed" else "", last="a" * 200)
    lines = list(table([shown("worker-042", state), shown("worker-043")], NOW, 80))
    assert max(map(len, lines)) <= 80
    assert lines[2].startswith("  nothing came" if stage == "failed" else "  aaa")
    assert lines[2].endswith("...")
    assert lines[3].startswith("worker-043")


def test_table_shows_what_a_machine_waits_for_or_why_it_failed():
    waiting = shown(state=State("loading", waits_for="um790-1 (installing)", last="held"))
    assert "waits for um790-1 (installing)" in list(table([waiting], NOW))[1]
    assert "no disk" in list(table([shown(state=State("failed", error="no disk", last="report failed"))], NOW))[1]


def test_table_says_why_a_machine_has_no_address():
    line = list(table([machine_document(Machine("a"), State())], NOW))[1]
    assert line.endswith("a has no interface that can be used")


def test_table_of_nothing():
    assert list(table([], NOW))[1:] == ["", "0 machines"]


@pytest.fixture
def site(tmp_path):
    """Manifests of three machines, and the states of two of them."""
    (tmp_path / "hw").mkdir()
    for number in (1, 2, 3):
        (tmp_path / f"hw/{number}.yaml").write_text(manifest(number), encoding="utf-8")
    with StateDir(tmp_path / "state") as state_dir:
        failed = State("failed", since=time.time() - 60, attempt=2, error="no disk", last="x", last_at=time.time())
        state_dir.save({"tink-system/um790-1": State("ready", attempt=1), "tink-system/um790-2": failed})
    return tmp_path


def command(site, *more: str) -> int:
    flags = ("--settings", "", "--store", f"files:{site}/hw", "--state-dir", f"{site}/state")
    return main(["machines", *flags, *more])


def test_machines_as_json_are_the_documents_of_the_api(site, capsys):
    assert command(site, "--json") == 0
    machines = json.loads(capsys.readouterr().out)["machines"]
    assert [(item["name"], item["stage"], item["error"]) for item in machines] == [
        ("um790-1", "ready", ""),
        ("um790-2", "failed", "no disk"),
        ("um790-3", "known", ""),
    ]
    assert set(machines[0]) == set(shown())


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--stage", "failed"], ["um790-2"]),
        (["--stage", "known,ready"], ["um790-1", "um790-3"]),
        (["um790-3"], ["um790-3"]),
        (["tink-system/um790-1", "52:54:00:00:00:02"], ["um790-1", "um790-2"]),
        (["um790-1", "--stage", "failed"], []),
    ],
)
def test_machines_that_are_asked_for(site, capsys, flags, names):
    assert command(site, "--json", *flags) == 0
    assert [item["name"] for item in json.loads(capsys.readouterr().out)["machines"]] == names


def test_machines_that_are_not_there(site, capsys):
    assert command(site, "um790-1", "um790-9") == 1
    told = capsys.readouterr()
    assert "um790-1" in told.out
    assert told.err.startswith("bootd: um790-9: no Hardware object has this name; is um790-")


def test_machines_tells_of_what_it_could_not_read(site, capsys):
    (site / "hw/9.yaml").write_text("{", encoding="utf-8")
    assert main(["machines", "--settings", "", "--store", f"files:{site}/hw", "--state-dir", ""]) == 0
    told = capsys.readouterr().err
    assert "1 problem in the store, so machines may be missing here: bootd check tells each" in told
    assert "where machines stand is not known here" in told


def test_machines_reads_beside_the_daemon_and_leaves_nothing_behind(site, capsys):
    with StateDir(site / "state") as state_dir:  # the daemon's, with its lock and its log
        state_dir.load()
        state_dir.save({"tink-system/um790-3": State("offered")})
        before = sorted(path.name for path in (site / "state").iterdir())
        assert command(site, "--json", "um790-3") == 0
        assert json.loads(capsys.readouterr().out)["machines"][0]["stage"] == "offered"
        assert sorted(path.name for path in (site / "state").iterdir()) == before
        state_dir.save({"tink-system/um790-3": State("loading")})
    assert command(site, "--json", "um790-3") == 0
    assert json.loads(capsys.readouterr().out)["machines"][0]["stage"] == "loading"


def test_machines_asked_for_by_root_leaves_the_daemon_what_it_can_open(site, capsys):
    """SQLite makes a log and its index for whoever reads: with root's as their owner the daemon could not start."""
    require("root")
    for path in (site / "state", *(site / "state").iterdir()):
        os.chown(path, NOBODY, NOBODY)
    assert command(site, "--json") == 0
    assert {path.stat().st_uid for path in (site / "state").iterdir()} == {NOBODY}
    capsys.readouterr()


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody may enter: another run of pytest, when it begins, closes those above ``tmp_path``."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


@pytest.mark.parametrize("closed", ["hw", "state"])
def test_machines_says_who_may_read_what_one_may_not(site, closed, public):
    require("root")  # who alone can become somebody else
    place = shutil.copytree(site, public / "site")
    place.chmod(0o755)
    (place / "state").chmod(0o755)
    (place / "state/states.db").chmod(0o644)
    (place / closed).chmod(0o700)
    # All is imported first: nobody may not read where this Python is.
    modules = "import os, sys; from _bootd.daemon import main; import _bootd.commands.machines"
    code = f"{modules}; os.setuid(int(sys.argv[1])); sys.exit(main(sys.argv[2:]))"
    flags = ["--settings", "", "--store", f"files:{place}/hw", "--state-dir", f"{place}/state"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(NOBODY), "machines", *flags],
        env={"PYTHONPATH": str(MODULE_UTILS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"bootd: {place}/{closed}")
    assert done.stderr.endswith(
        "Permission denied; only root and the daemon's own user may read it: ask as one of them, as with sudo\n"
    )
