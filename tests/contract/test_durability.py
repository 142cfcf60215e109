# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""States survive: a process killed at any moment, a disk that is full, one that takes no more writes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from _bootd.decisions.stages import State
from _bootd.stores.states.directory import KeptStates, StateDir
from _bootd.stores.states.document import to_json
from programs.require import require

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/module_utils")}
KILLS = 120
MACHINES = 4

# Saves states whose number only grows, two machines a batch, said on stdout once they are kept.
WRITER = f"""
import itertools, sys
from _bootd.decisions.stages import State
from _bootd.stores.states.directory import StateDir
state_dir = StateDir(sys.argv[1])
state_dir.open()
state_dir.secret()
kept = state_dir.load()
assert not kept.problems, kept.problems
first = max((state.attempt for state in kept.states.values()), default=0)
print("open", flush=True)
for number in itertools.count(first + 1):
    keys = ["default/m" + str((number + one) % {MACHINES}) for one in (0, 1)]
    state_dir.save({{key: State(attempt=number, last="x" * (number * 997 % 5000)) for key in keys}})
    print(*keys, number, flush=True)
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
    return {key: int(number) for *keys, number in whole for key in keys}


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
        last = max((state.attempt for state in kept.states.values()), default=0)
        assert sum(state.attempt == last for state in kept.states.values()) in (0, 2), "half a batch was kept"
    assert len(acknowledged) == MACHINES


# Takes over the files of an earlier bootd, and is killed where it is told to be.
HEIR = """
import os, sys
from pathlib import Path
from _bootd.stores.states.database import StateDatabase
from _bootd.stores.states.directory import StateDir
place, unlinked, unlink, write = sys.argv[2], [], Path.unlink, StateDatabase.write
def killed_write(*args, **more):
    if place == "before":
        os.kill(os.getpid(), 9)
    write(*args, **more)
    if place == "after":
        os.kill(os.getpid(), 9)
def killed_unlink(path, *args, **more):
    if path.suffix == ".json":
        unlinked.append(path)
    if place == str(len(unlinked)):
        os.kill(os.getpid(), 9)
    unlink(path, *args, **more)
StateDatabase.write, Path.unlink = killed_write, killed_unlink
with StateDir(sys.argv[1]) as state_dir:
    state_dir.load()
"""


def take_over(path: Path, place: str, seconds: float | None = None) -> int:
    """Return the exit status of a bootd that takes over the files, killed at ``place`` or after ``seconds``."""
    with subprocess.Popen([sys.executable, "-c", HEIR, str(path), place], env=ENVIRONMENT) as heir:
        try:
            return heir.wait(seconds)
        except subprocess.TimeoutExpired:
            heir.kill()
        return heir.wait()


def test_state_dir_killed_while_it_takes_over_files_loses_none(tmp_path):
    chance = random.Random(20261130)
    places = [(place, None) for place in ("before", "after", "1", "2", "200")]
    for number, (place, seconds) in enumerate([*places, *(("", chance.uniform(0.03, 0.4)) for _unused in range(25))]):
        path = tmp_path / str(number)
        (path / "machines/default").mkdir(parents=True)
        states = {f"default/m{one}": State(attempt=one + 1, last_at=float(number)) for one in range(200)}
        for key, state in states.items():
            (path / "machines" / f"{key}.json").write_text(to_json(state))
        status = take_over(path, place, seconds)
        assert status == -9 or not place
        with StateDir(path, exclusive=False) as state_dir:
            assert state_dir.load() == KeptStates(states)
        with StateDir(path) as state_dir:
            assert state_dir.load() == KeptStates(states)
        assert list(path.rglob("*.json")) == []


# Fills the disk that it has to itself, tries to save, makes room and tries again.
FULL_DISK = """
import os, subprocess, sys
from pathlib import Path
from _bootd.decisions.stages import State
from _bootd.stores.base import StoreError
from _bootd.stores.states.directory import StateDir
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
    print("started again", state_dir.secret() == secret, state_dir.load().states["default/a"].attempt)
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
    assert "No space left on device" in refusal and str(tmp_path / "state/states.db") in refusal
    assert rest == ["1 0", "started again True 1", "3"]


READ_ONLY = """
import subprocess, sys
from _bootd.stores.base import StoreError
from _bootd.stores.states.directory import StateDir
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
