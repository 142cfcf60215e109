# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""States survive: a process killed at any moment, a disk that is full, one that takes no more writes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from _bootd.stores.state_dir import StateDir
from require import require

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/module_utils")}
KILLS = 120
MACHINES = 4

# Saves states whose number only grows, each said on stdout once it is kept.
WRITER = f"""
import itertools, sys
from _bootd.stages import State
from _bootd.stores.state_dir import StateDir
state_dir = StateDir(sys.argv[1])
state_dir.open()
state_dir.secret()
kept = state_dir.load()
assert not kept.problems, kept.problems
first = max((state.attempt for state in kept.states.values()), default=0)
print("open", flush=True)
for number in itertools.count(first + 1):
    key = "default/m" + str(number % {MACHINES})
    state_dir.save({{key: State(attempt=number, last="x" * (number * 997 % 5000))}})
    print(key, number, flush=True)
"""


def killed_after(path: Path, lines: int, wait: float) -> dict[str, int]:
    """Run the writer, kill it ``wait`` seconds after its line ``lines``, and return what it had acknowledged."""
    argv = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(argv, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as writer:
        said = [writer.stdout.readline() for _unused in range(lines)]
        assert said[0] == "open\n", "it could not start after the last kill"
        try:
            writer.wait(wait)
        except subprocess.TimeoutExpired:
            writer.kill()
        said += writer.stdout.read().splitlines(keepends=True)
    whole = [line.split() for line in said[1:] if line.endswith("\n")]
    return {key: int(number) for key, number in whole}


def test_state_dir_killed_at_any_moment_loses_nothing_acknowledged(tmp_path):
    chance = random.Random(20261122)
    acknowledged: dict[str, int] = {}
    for _unused in range(KILLS):
        acknowledged |= killed_after(tmp_path / "state", chance.randrange(1, 12), chance.uniform(0, 0.004))
        with StateDir(tmp_path / "state", exclusive=False) as state_dir:
            kept = state_dir.load()
        assert kept.problems == []
        lost = {key: number for key, number in acknowledged.items() if kept.states[key].attempt < number}
        assert lost == {}
    assert len(acknowledged) == MACHINES


# Fills the disk that it has to itself, tries to save, makes room and tries again.
FULL_DISK = """
import os, subprocess, sys
from pathlib import Path
from _bootd.stages import State
from _bootd.stores.base import StoreError
from _bootd.stores.state_dir import StateDir
path = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], check=True)
with StateDir(path) as state_dir:
    secret = state_dir.secret()
    state_dir.save({"default/a": State(attempt=1)})
    try:
        (path / "ballast").write_bytes(bytes(1024 * 1024))
    except OSError:
        pass
    try:
        state_dir.save({"default/a": State(attempt=2, last="x" * 100_000)})
    except StoreError as error:
        print(error)
    print(state_dir.load().states["default/a"].attempt, len(list(path.rglob(".tmp-*"))))
with StateDir(path) as state_dir:
    print("started again", state_dir.secret() == secret)
    (path / "ballast").unlink()
    state_dir.save({"default/a": State(attempt=3)})
    print(state_dir.load().states["default/a"].attempt)
"""


def test_state_dir_on_a_full_disk_keeps_the_old_state_and_says_why(tmp_path):
    require("root", "unshare")
    (tmp_path / "state").mkdir()
    argv = ["unshare", "--mount", sys.executable, "-c", FULL_DISK, str(tmp_path / "state")]
    said = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    refusal, *rest = said.stdout.splitlines() or [said.stderr]
    assert "No space left on device" in refusal and str(tmp_path / "state/machines/default") in refusal
    assert rest == ["1 0", "started again True", "3"]


READ_ONLY = """
import subprocess, sys
from _bootd.stores.base import StoreError
from _bootd.stores.state_dir import StateDir
subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", sys.argv[1]], check=True)
try:
    StateDir(sys.argv[1]).open()
except StoreError as error:
    print(error)
"""


def test_state_dir_on_a_read_only_disk_says_so(tmp_path):
    require("root", "unshare")
    argv = ["unshare", "--mount", sys.executable, "-c", READ_ONLY, str(tmp_path)]
    said = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert "Read-only file system" in said.stdout and str(tmp_path) in said.stdout
