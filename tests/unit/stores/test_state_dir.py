# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: what was saved is there, whatever lies around it, and refusals say why."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from _bootd.stages import State
from _bootd.stores import state_dir as module
from _bootd.stores.base import StoreError
from _bootd.stores.state_dir import StateDir
from require import require

ROOT = Path(__file__).resolve().parents[3]
KEY = "tink-system/um790-1"
INSTALLED = State(stage="installed", installs=1, switched_off={"58:47:ca:71:d8:49": ""})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "bootd"


def state_file(path: Path, key: str = KEY) -> Path:
    return path / "machines" / f"{key}.json"


def test_state_dir_is_private(path):
    with StateDir(path) as state_dir:
        state_dir.secret()
        state_dir.save(KEY, INSTALLED)
    modes = {entry.relative_to(path): stat.S_IMODE(entry.stat().st_mode) for entry in [path, *path.rglob("*")]}
    assert set(modes.values()) == {0o700, 0o600}


def test_save_and_load(path):
    with StateDir(path) as state_dir:
        state_dir.save(KEY, State(stage="script"))
        state_dir.save(KEY, INSTALLED)
        state_dir.save("default/um790.lab.example", State())
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert kept.states == {KEY: INSTALLED, "default/um790.lab.example": State()}
    assert kept.problems == [] and kept.lost == set()


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
            state_dir.save(key, State())
        assert sorted(path.rglob("*")) == before


def test_save_longest_name(path):
    key = f"default/{'x' * 240}"
    with StateDir(path) as state_dir:
        state_dir.save(key, INSTALLED)
        assert state_dir.load().states == {key: INSTALLED}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\x00" * 4096, b"[]", b'{"version": 9}', b"[" * 100_000, b"x" * 2_000_000]
)
def test_load_broken_state_is_set_aside_and_stays_a_problem(path, content):
    with StateDir(path) as state_dir:
        state_dir.save(KEY, INSTALLED)
        state_dir.save("default/other", INSTALLED)
        state_file(path).write_bytes(content)
        kept = state_dir.load()
    aside = path / "machines" / f"{KEY}.json.broken"
    assert kept.states == {"default/other": INSTALLED}
    assert kept.lost == {KEY}
    assert [problem.where for problem in kept.problems] == [str(state_file(path))]
    assert aside.name in kept.problems[0].message
    assert aside.read_bytes() == content
    with StateDir(path) as state_dir:
        again = state_dir.load()
    assert (again.lost, len(again.problems)) == ({KEY}, 1)
    assert again.problems[0].where == str(aside)


@pytest.mark.parametrize("name", ["a", "a.json", "a.json.2", "a.json.broken", "a.lab.example"])
def test_load_knows_names_that_look_like_its_own(path, name):
    key = f"default/{name}"
    with StateDir(path) as state_dir:
        state_dir.save(key, INSTALLED)
        assert state_dir.load().states == {key: INSTALLED}
        for _unused in range(2):
            state_file(path, key).write_bytes(b"broken")
            assert state_dir.load().lost == {key}
        assert state_dir.load().lost == {key}


def test_load_second_broken_state_does_not_replace_the_first(path):
    with StateDir(path) as state_dir:
        for content in (b"one", b"two"):
            state_dir.save(KEY, INSTALLED)
            state_file(path).write_bytes(content)
            state_dir.load()
        assert sorted(item.read_bytes() for item in path.rglob("*.broken")) == [b"one", b"two"]
        assert state_dir.load().lost == {KEY}


def test_load_beside_the_daemon_changes_nothing(path):
    with StateDir(path) as state_dir:
        state_dir.save(KEY, INSTALLED)
        state_file(path).write_bytes(b"broken")
        leftover = path / "machines" / "tink-system" / ".tmp-1"
        leftover.touch()
        with StateDir(path, exclusive=False) as reader:
            assert reader.load().lost == {KEY}
        assert state_file(path).read_bytes() == b"broken"
        assert leftover.exists()


def test_open_removes_what_a_crash_left_behind(path):
    with StateDir(path) as state_dir:
        state_dir.save(KEY, INSTALLED)
    (path / ".tmp-1").touch()
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
        "from _bootd.stores.state_dir import StateDir\n"
        "StateDir(sys.argv[1]).open()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/module_utils")}
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=False)
    with StateDir(path) as state_dir:
        state_dir.save(KEY, INSTALLED)


def test_open_where_a_file_stands_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), StateDir(tmp_path / "file"):
        pytest.fail("a file is no directory")


def test_open_that_fails_leaves_the_lock_to_others(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "_sync_directory", refuse(errno.EIO))
        with pytest.raises(StoreError, match="Input/output"):
            StateDir(path).open()
    with StateDir(path):
        pass


def refuse(number: int):
    def call(*_args, **_more):
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["open", "fsync"])
def test_save_that_the_system_refuses_keeps_the_old_state(path, monkeypatch, number, call):
    with StateDir(path) as state_dir:
        state_dir.save(KEY, INSTALLED)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse(number))
            with pytest.raises(StoreError) as caught:
                state_dir.save(KEY, State())
        assert os.strerror(number) in str(caught.value)
        assert str(path) in str(caught.value)
        assert state_dir.load().states == {KEY: INSTALLED}
        assert list(path.rglob(".tmp-*")) == []
        state_dir.save(KEY, State())


def test_save_syncs_the_content_before_and_the_name_after(path, monkeypatch):
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename
    with StateDir(path) as state_dir:
        state_dir.save(KEY, State())
        monkeypatch.setattr(
            os, "fsync", lambda number: done.append(os.readlink(f"/proc/self/fd/{number}")) or fsync(number)
        )
        monkeypatch.setattr(Path, "rename", lambda self, target: done.append("rename") or rename(self, target))
        state_dir.save(KEY, INSTALLED)
    content, renamed, directory = done
    assert ".tmp-" in content
    assert renamed == "rename"
    assert directory == str(path / "machines" / "tink-system")


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
