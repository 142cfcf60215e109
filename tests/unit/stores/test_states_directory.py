# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: what was saved is there, whatever lies around it, and refusals say why."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from _bootd.decisions.stages import State
from _bootd.stores.base import StoreError
from _bootd.stores.states import database as state_database
from _bootd.stores.states import directory as module
from _bootd.stores.states import files as state_files
from _bootd.stores.states.directory import StateDir
from _bootd.stores.states.document import to_json
from programs.require import require
from samples.state_rows import execute, put_row

ROOT = Path(__file__).resolve().parents[3]
KEY = "tink-system/um790-1"
INSTALLED = State(stage="installed", installs=1, switched_off={"58:47:ca:71:d8:49": ""})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "bootd"


def old_file(path: Path, content: bytes, key: str = KEY) -> Path:
    """Return a state file as bootd kept them before it had a database."""
    file = path / "machines" / f"{key}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_state_dir_is_private_whatever_the_umask(path):
    before = os.umask(0)
    try:
        fill(path)
    finally:
        os.umask(before)


def fill(path: Path) -> None:
    with StateDir(path) as state_dir:
        state_dir.secret()
        state_dir.save({KEY: INSTALLED, "default/other": INSTALLED})
        put_row(path, KEY, "broken")
        state_dir.load()
        modes = {entry.relative_to(path): stat.S_IMODE(entry.stat().st_mode) for entry in [path, *path.rglob("*")]}
    assert {"states.db", "states.db-wal", "states.db-shm"} <= {str(name) for name in modes}
    assert set(modes.values()) == {0o700, 0o600}


def test_save_and_load(path):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: State(stage="script")})
        state_dir.save({KEY: INSTALLED})
        state_dir.save({"default/um790.lab.example": State()})
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert kept.states == {KEY: INSTALLED, "default/um790.lab.example": State()}
    assert kept.problems == [] and kept.unreadable == set()


def test_load_of_a_new_directory_is_empty(path):
    with StateDir(path) as state_dir:
        assert state_dir.load().states == {}
    with StateDir(path.parent / "nowhere", exclusive=False) as state_dir:
        assert state_dir.load().states == {}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        "/a",
        "a/",
        "../a",
        "a/..",
        "a/../../b",
        "a/b/c",
        ".hidden/a",
        "a/.hidden",
        "a/b\n",
        "a/b\0",
        "a/" + "x" * 241,
    ]
    + ["é/a", "a/-", "~root/a"],
)
def test_save_key_that_is_no_file_name_is_refused(path, key):
    with StateDir(path) as state_dir:
        before = sorted(path.rglob("*"))
        with pytest.raises(StoreError, match="name"):
            state_dir.save({key: State()})
        assert sorted(path.rglob("*")) == before


def test_save_longest_name(path):
    key = f"default/{'x' * 240}"
    with StateDir(path) as state_dir:
        state_dir.save({key: INSTALLED})
        assert state_dir.load().states == {key: INSTALLED}


BROKEN = [b"", b"{", b"\x00" * 4096, b"[]", b'{"version": 9}', b"[" * 100_000, b"x" * 2_000_000, b"\xff\xfe{"]


@pytest.mark.parametrize("content", BROKEN)
@pytest.mark.parametrize("as_text", [False, True])
def test_load_broken_row_is_set_aside_and_stays_a_problem_until_its_file_is_removed(path, content, as_text):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED, "default/other": INSTALLED})
    put_row(path, KEY, content.decode("latin-1") if as_text else content)
    aside = path / "machines" / f"{KEY}.json.broken"
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert kept.states == {"default/other": INSTALLED}
    assert kept.unreadable == {KEY} and kept.is_unreadable(KEY) and not kept.is_unreadable("default/other")
    assert [problem.where for problem in kept.problems] == [f"{path}/states.db: {KEY}"]
    assert f"set aside as {aside}" in kept.problems[0].message
    assert f"stays off for {KEY} until that file is removed" in kept.problems[0].message
    assert aside.read_bytes()[:1000] == (content.decode("latin-1").encode() if as_text else content)[:1000]
    with StateDir(path) as state_dir:
        state_dir.save({KEY: State()})
    with StateDir(path) as state_dir:
        again = state_dir.load()
    assert (again.unreadable, [problem.where for problem in again.problems]) == ({KEY}, [str(aside)])
    aside.unlink()
    with StateDir(path) as state_dir:
        assert state_dir.load().problems == []


@pytest.mark.parametrize("value", [None, 5, 1.5, ""])
def test_load_row_that_holds_no_text_is_broken(path, value):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED, "default/other": INSTALLED})
    execute(path, "DROP TABLE states")
    execute(path, "CREATE TABLE states (key, document)")
    put_row(path, KEY, value)
    with StateDir(path) as state_dir:
        assert state_dir.load().unreadable == {KEY}


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a\n/b", b"\xff/a", 5])
def test_load_row_of_no_machine_is_told_and_left(path, tmp_path, key):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})
    put_row(path, key, "?")
    before = sorted(tmp_path.rglob("*"))
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert kept.states == {KEY: INSTALLED}
    assert len(kept.problems) == 1 and kept.unreadable == set()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["a", "a.json", "a.json.2", "a.json.broken", "a.lab.example"])
def test_load_knows_names_that_look_like_its_own(path, name):
    key = f"default/{name}"
    with StateDir(path) as state_dir:
        state_dir.save({key: INSTALLED})
        assert state_dir.load().states == {key: INSTALLED}
    for number in range(2):
        put_row(path, key, f"broken {number}")
        with StateDir(path) as state_dir:
            assert state_dir.load().unreadable == {key}
    old_file(path, to_json(INSTALLED).encode(), key)
    with StateDir(path) as state_dir:
        assert state_dir.load().states == {key: INSTALLED}
        assert state_dir.load().unreadable == {key}
    assert sorted(item.read_bytes() for item in path.rglob("*.broken")) == [b"broken 0", b"broken 1"]


def test_load_row_that_was_set_aside_and_not_forgotten_makes_one_file(path):
    """As by a bootd that was killed in between."""
    for _unused in range(2):
        with StateDir(path) as state_dir:
            state_dir.save({KEY: INSTALLED})
        put_row(path, KEY, "broken")
        with StateDir(path) as state_dir:
            assert state_dir.load().unreadable == {KEY}
    assert len(list(path.rglob("*.broken"))) == 1


def test_row_that_can_not_be_set_aside_is_before_it_is_written_over(path, monkeypatch):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})
    put_row(path, KEY, "broken")
    with StateDir(path) as state_dir:
        with monkeypatch.context() as patch:
            patch.setattr(state_files, "write_temporary", refuse(errno.ENOSPC))
            kept = state_dir.load()
            assert kept.unreadable == {KEY}
            assert "can't be set aside as a file: No space left on device" in kept.problems[0].message
            state_dir.save({"default/other": INSTALLED})
            with pytest.raises(StoreError, match="No space left on device"):
                state_dir.save({KEY: State(), "default/other": INSTALLED})
        state_dir.save({KEY: State()})
    with StateDir(path) as state_dir:
        assert state_dir.load().unreadable == {KEY}
    assert (path / "machines" / f"{KEY}.json.broken").read_bytes() == b"broken"


def test_load_file_of_no_machine_is_told_and_left_and_the_others_are_taken_over(path):
    odd = old_file(path, to_json(INSTALLED).encode(), "default/\u00e9")
    good = old_file(path, to_json(INSTALLED).encode())
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert (kept.states, kept.unreadable) == ({KEY: INSTALLED}, set())
    assert [problem.where for problem in kept.problems] == [str(odd)]
    assert (odd.exists(), good.exists()) == (True, False)


def test_load_file_that_may_not_be_read_is_set_aside(path):
    """In its place a directory, which root may not read either."""
    (path / "machines" / f"{KEY}.json").mkdir(parents=True)
    for _unused in range(2):
        with StateDir(path) as state_dir:
            assert state_dir.load().unreadable == {KEY}
            state_dir.save({KEY: State()})


def test_load_takes_over_the_files_of_an_earlier_bootd(path):
    old = {KEY: INSTALLED, "default/a": State(stage="script", last_at=5.0), "default/b": State(last_at=5.0)}
    files = [old_file(path, to_json(state).encode() + b"\n", key) for key, state in old.items()]
    old_file(path, b"broken", "default/c")
    (path / "machines/default/d.json.broken").write_bytes(b"broken before")
    with StateDir(path, exclusive=False) as reader:
        assert (reader.load().states, reader.load().unreadable) == (old, {"default/c", "default/d"})
        assert all(file.exists() for file in files)
    with StateDir(path) as state_dir:
        kept = state_dir.load()
        assert (kept.states, kept.unreadable, len(kept.problems)) == (old, {"default/c", "default/d"}, 2)
    assert [key for (key,) in execute(path, "SELECT key FROM states")] == sorted(old)
    assert sorted(file.name for file in (path / "machines").rglob("*.*")) == ["c.json.broken", "d.json.broken"]
    assert not (path / "machines/tink-system").exists()
    with StateDir(path) as state_dir:
        kept = state_dir.load()
        assert (kept.states, kept.unreadable) == (old, {"default/c", "default/d"})


@pytest.mark.parametrize(("of_file", "expected"), [(4.0, "script"), (5.0, "script"), (6.0, "installed")])
def test_load_of_file_and_row_takes_the_later(path, of_file, expected):
    """A file is older after a take-over that was killed, and newer after an earlier bootd has run once more."""
    with StateDir(path) as state_dir:
        state_dir.save({KEY: State(stage="script", last_at=5.0)})
    old_file(path, to_json(replace(INSTALLED, last_at=of_file)).encode())
    for _unused in range(2):
        with StateDir(path) as state_dir:
            assert state_dir.load().states[KEY].stage == expected
    assert not (path / "machines").exists()


def test_load_that_can_not_take_over_serves_the_files_and_tries_again(path, monkeypatch):
    file = old_file(path, to_json(INSTALLED).encode())
    with monkeypatch.context() as patch, StateDir(path) as state_dir:
        patch.setattr(state_database, "_create", refuse(errno.ENOSPC))
        kept = state_dir.load()
        assert kept.states == {KEY: INSTALLED}
        assert "1 state files are not taken over" in kept.problems[0].message
        assert "No space left on device" in kept.problems[0].message
        assert file.exists()
    with StateDir(path) as state_dir:
        assert state_dir.load().problems == []
    assert not file.exists()


def test_load_beside_the_daemon_changes_nothing(path):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED, "default/other": INSTALLED})
        put_row(path, KEY, "broken")
        leftover = path / ".tmp-1"
        leftover.touch()
        before = {file: file.read_bytes() for file in path.rglob("*") if file.name != "states.db-shm"}
        with StateDir(path, exclusive=False) as reader:
            kept = reader.load()
        assert (kept.unreadable, kept.states) == ({KEY}, {"default/other": INSTALLED})
        assert "will be set aside as a file when bootd starts" in kept.problems[0].message
        assert before == {file: file.read_bytes() for file in path.rglob("*") if file.name != "states.db-shm"}


def test_open_removes_what_a_crash_left_behind(path):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})
    (path / ".tmp-1").touch()
    (path / "machines" / "tink-system").mkdir(parents=True)
    (path / "machines" / "tink-system" / ".tmp-2").write_bytes(b"{")
    with StateDir(path) as state_dir:
        assert state_dir.load().states == {KEY: INSTALLED}
    assert list(path.rglob(".tmp-*")) == []


def test_open_second_daemon_is_refused_by_process_id(path):
    with StateDir(path), pytest.raises(StoreError, match=rf"process id {os.getpid()}"), StateDir(path):
        pytest.fail("two daemons on one state directory")
    with StateDir(path):
        pass


def test_open_after_a_daemon_that_was_killed(path):
    program = (
        "import os, sys\n"
        "from _bootd.stores.states.directory import StateDir\n"
        "StateDir(sys.argv[1]).open()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/module_utils")}
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=False)
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})


def test_open_where_a_file_stands_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), StateDir(tmp_path / "file"):
        pytest.fail("a file is no directory")


def test_open_that_fails_leaves_the_lock_to_others(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "sync_directory", refuse(errno.EIO))
        with pytest.raises(StoreError, match="Input/output"):
            StateDir(path).open()
    with StateDir(path):
        pass


def refuse(number: int):
    def call(*_args, **_more):
        raise OSError(number, os.strerror(number))

    return call


def test_secret_is_kept_and_random(path, tmp_path):
    with StateDir(path) as state_dir:
        secret = state_dir.secret()
        assert len(secret) == 32
        assert state_dir.secret() == secret
    with StateDir(path, exclusive=False) as state_dir:
        assert state_dir.secret() == secret
    with StateDir(tmp_path / "other") as state_dir:
        assert state_dir.secret() != secret


def test_secret_may_be_made_before_the_first_start(path):
    with StateDir(path, exclusive=False) as state_dir:
        secret = state_dir.secret()
    with StateDir(path) as state_dir:
        assert state_dir.secret() == secret


def test_secret_that_root_makes_belongs_to_the_directory_s_owner(path):
    require("root")
    path.mkdir(mode=0o700, parents=True)
    os.chown(path, 65534, 65534)
    with StateDir(path, exclusive=False) as state_dir:
        state_dir.secret()
    assert ((path / "secret").stat().st_uid, (path / "secret").stat().st_gid) == (65534, 65534)


def test_secret_made_by_two_at_once_is_one(path, monkeypatch):
    """The other process is as fast: its secret stands there when ours is about to be."""
    theirs = b"t" * 32
    with StateDir(path) as state_dir:
        link = os.link

        def late(source, target):
            Path(target).write_bytes(theirs)
            Path(target).chmod(0o600)
            link(source, target)

        monkeypatch.setattr(os, "link", late)
        assert state_dir.secret() == theirs
    assert list(path.glob(".tmp-*")) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_secret_that_others_may_read_is_refused(path, mode):
    with StateDir(path) as state_dir:
        state_dir.secret()
        (path / "secret").chmod(mode)
        with pytest.raises(StoreError, match="others may have read it"):
            state_dir.secret()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_secret_of_the_wrong_size_is_refused(path, size):
    with StateDir(path) as state_dir:
        state_dir.secret()
        (path / "secret").write_bytes(b"x" * size)
        with pytest.raises(StoreError, match="32 bytes"):
            state_dir.secret()


def test_secret_is_not_followed_through_a_link(path, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"x" * 32)
    elsewhere.chmod(0o600)
    with StateDir(path) as state_dir:
        (path / "secret").symlink_to(elsewhere)
        with pytest.raises(StoreError, match="secret"):
            state_dir.secret()
