# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of states as a file: what damages it, who made it, and who else reads it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.decisions.stages import State
from _bootd.stores.base import StoreError
from _bootd.stores.states import database as state_database
from _bootd.stores.states.database import DatabaseRefused
from _bootd.stores.states.directory import StateDir
from programs.require import require
from samples.state_rows import allow_rows, execute, refuse_rows

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "plugins/module_utils")}
KEY = "tink-system/um790-1"
INSTALLED = State(stage="installed", installs=1, switched_off={"58:47:ca:71:d8:49": ""})
MANY = {f"default/m{number}": State(attempt=number + 1) for number in range(2000)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "state"
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})
    return path


def damage(path: Path, content: bytes) -> None:
    (path / "states.db").write_bytes(content)


def not_ours(path: Path, *statements: str) -> None:
    (path / "states.db").unlink()
    with closing(sqlite3.connect(path / "states.db")) as connection:
        for statement in statements:
            connection.execute(statement)


def half_of(path: Path) -> None:
    with StateDir(path) as state_dir:
        state_dir.save(MANY)
    whole = (path / "states.db").read_bytes()
    damage(path, whole[: len(whole) // 2])


def middle_of(path: Path) -> None:
    with StateDir(path) as state_dir:
        state_dir.save(MANY)
    whole = (path / "states.db").read_bytes()
    damage(path, whole[:20_000] + b"\xa5" * 20_000 + whole[40_000:])


DAMAGES = {
    "empty": lambda path: damage(path, b""),
    "zeros": lambda path: damage(path, bytes(100_000)),
    "text": lambda path: damage(path, b"states\n" * 10_000),
    "head": lambda path: damage(path, (path / "states.db").read_bytes()[:4096]),
    "half": half_of,
    "middle": middle_of,
    "of another program": lambda path: not_ours(path, "CREATE TABLE bookmarks (url TEXT)"),
    "no table": lambda path: execute(path, "DROP TABLE states"),
    "no text in the schema": lambda path: damage(
        path, (path / "states.db").read_bytes().replace(b"TABLE", b"T\x80BLE")
    ),
    "other columns": lambda path: execute(path, "ALTER TABLE states RENAME COLUMN document TO text"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_database_is_set_aside_and_every_machine_held_until_it_is_removed(path, name):
    DAMAGES[name](path)
    content = (path / "states.db").read_bytes()
    aside = path / "states.db.broken"
    with StateDir(path, exclusive=False) as reader:
        assert reader.load().is_unreadable("anybody")
    assert (path / "states.db").read_bytes() == content
    with StateDir(path) as state_dir:
        kept = state_dir.load()
        assert kept.states == {}
        assert kept.is_unreadable(KEY) and kept.is_unreadable("default/never-seen")
        assert [problem.where for problem in kept.problems] == [str(aside)]
        assert "netboot stays off for every machine until this file is removed" in kept.problems[0].message
        state_dir.save({"default/a": State(attempt=1)})
    assert aside.stat().st_size == len(content)
    with StateDir(path) as state_dir:
        again = state_dir.load()
    assert again.states == {"default/a": State(attempt=1)}
    assert again.is_unreadable(KEY) and again.is_unreadable("default/a")
    assert [problem.where for problem in again.problems] == [str(aside)]
    for file in path.glob("*.broken*"):
        file.unlink()
    with StateDir(path) as state_dir:
        kept = state_dir.load()
    assert (kept.problems, kept.is_unreadable(KEY)) == ([], False)


def test_second_damaged_database_does_not_replace_the_first(path):
    for _unused in range(2):
        damage(path, b"?" * 5000)
        with StateDir(path) as state_dir:
            state_dir.load()
    assert sorted(file.name for file in path.glob("*.broken")) == ["states.db.2.broken", "states.db.broken"]
    with StateDir(path) as state_dir:
        assert len(state_dir.load().problems) == 2


def test_damaged_database_that_can_not_be_set_aside_holds_every_machine(path, monkeypatch):
    damage(path, b"?" * 5000)
    monkeypatch.setattr(Path, "rename", refuse(errno.EROFS))
    with StateDir(path) as state_dir:
        kept = state_dir.load()
        assert kept.is_unreadable(KEY)
        assert "can't be set aside: Read-only file system" in kept.problems[0].message
        with pytest.raises(StoreError, match=r"could not be read: .*states\.db: file is not a database"):
            state_dir.save({KEY: State()})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
def test_database_damaged_anywhere_never_gives_a_machine_back_in_silence(tmp_path, data):
    """What is read is what was written, or its machine is held, or all are."""
    path = tmp_path / str(len(list(tmp_path.iterdir())))
    states = {f"default/m{number}": State(attempt=number + 1, last="x" * 200) for number in range(60)}
    with StateDir(path) as state_dir:
        state_dir.save(states)
    content = bytearray((path / "states.db").read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(1, 5000))] = data.draw(st.binary(min_size=1, max_size=40)) * 10
    damage(path, bytes(content))
    with StateDir(path) as state_dir:
        try:
            kept = state_dir.load()
        except DatabaseRefused:
            return  # the number of its schema was hit, and bootd does not start
    missing = [key for key in states if key not in kept.states and not kept.is_unreadable(key)]
    assert missing == []


def test_database_of_a_later_bootd_is_refused_and_left(path):
    execute(path, "PRAGMA user_version = 2")
    before = sorted(file.name for file in path.iterdir())
    for exclusive in (True, False):
        with (
            StateDir(path, exclusive=exclusive) as state_dir,
            pytest.raises(StoreError, match=r"states\.db: a later bootd made it \(schema 2; this one knows 1\)"),
        ):
            state_dir.load()
    assert [name for name in sorted(file.name for file in path.iterdir()) if "-" not in name] == before


def test_database_that_can_not_be_read_now_holds_every_machine_and_says_why(path, monkeypatch):
    monkeypatch.setattr(state_database, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path / "states.db")) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with StateDir(path) as state_dir:
            kept = state_dir.load()
            assert kept.is_unreadable(KEY)
            assert "can't be read" in kept.problems[0].message and "locked" in kept.problems[0].message
            assert "nothing is kept, until it can and bootd is restarted" in kept.problems[0].message
            other.close()
            # What was seen since would take the place of what is there, and of the installation that it tells of.
            with pytest.raises(StoreError, match="not written, since what is in it could not be read"):
                state_dir.save({KEY: State()})
        with StateDir(path) as state_dir:
            assert state_dir.load().states == {KEY: INSTALLED}
            state_dir.save({KEY: State()})


def test_write_that_is_refused_keeps_all_as_it_was_and_the_next_one_works(path):
    refuse_rows(path)
    with StateDir(path) as state_dir:
        with pytest.raises(StoreError, match=r"states\.db: No space left on device"):
            state_dir.save({KEY: State(), "default/a": State()})
        assert state_dir.load().states == {KEY: INSTALLED}
        allow_rows(path)
        state_dir.save({KEY: State()})
        assert state_dir.load().states == {KEY: State()}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["open", "fsync"])
def test_new_database_that_the_system_refuses_leaves_nothing(tmp_path, monkeypatch, number, call):
    with StateDir(tmp_path / "state") as state_dir:
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse(number))
            with pytest.raises(StoreError) as caught:
                state_dir.save({KEY: INSTALLED})
        assert os.strerror(number) in str(caught.value) and str(tmp_path) in str(caught.value)
        assert list(tmp_path.rglob(".tmp-*")) == []
        state_dir.save({KEY: INSTALLED})
        assert state_dir.load().states == {KEY: INSTALLED}


def test_database_removed_under_the_daemon_is_made_again_with_what_comes(path):
    with StateDir(path) as state_dir:
        state_dir.save({KEY: INSTALLED})
        for file in path.glob("states.db*"):
            file.unlink()
        state_dir.save({"default/a": INSTALLED})
        with StateDir(path, exclusive=False) as reader:
            assert reader.load().states == {"default/a": INSTALLED}


def test_log_of_a_database_that_is_gone_is_not_taken_for_the_next_one_s(path):
    kill_after_saving(path)
    (path / "states.db").unlink()
    with StateDir(path) as state_dir:
        state_dir.save({"default/a": INSTALLED})
    with StateDir(path) as state_dir:
        assert state_dir.load().states == {"default/a": INSTALLED}


def kill_after_saving(path: Path) -> None:
    """Leave a database with a log beside it."""
    program = (
        "import os, sys\n"
        "from _bootd.decisions.stages import State\n"
        "from _bootd.stores.states.directory import StateDir\n"
        "state_dir = StateDir(sys.argv[1])\n"
        "state_dir.open()\n"
        "state_dir.save({'default/killed': State(attempt=1)})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], env=ENVIRONMENT, check=False)
    assert (path / "states.db-wal").stat().st_size


def test_commits_are_synced_and_the_log_is_bounded(path):
    with closing(sqlite3.connect(path / "states.db", isolation_level=None)) as connection:
        connection.text_factory = bytes
        state_database._make_durable(connection)
        asked = ("journal_mode", "synchronous", "journal_size_limit", "wal_autocheckpoint")
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert found == [b"wal", 2, 4 * 1024 * 1024, 1000]
    with StateDir(path) as state_dir:
        for number in range(12):
            state_dir.save({key: State(attempt=number) for key in MANY})
            assert (path / "states.db-wal").stat().st_size < 8 * 1024 * 1024
    assert not (path / "states.db-wal").exists()


def test_without_shared_memory_commits_are_synced_all_the_same(tmp_path):
    """As on 9p; dot files lock, and know no shared memory."""
    uri = f"file:{tmp_path}/states.db?vfs=unix-dotfile"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.text_factory = bytes
        state_database._make_durable(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == b"delete"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 3


def test_where_nothing_is_durable_it_is_refused():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.text_factory = bytes
        with pytest.raises(StoreError, match="keeps nothing safe here: mode='memory'"):
            state_database._make_durable(connection)


# What a process that is neither root nor the owner reads.
READER = """
import sys
from _bootd.stores.base import StoreError
from _bootd.stores.states.directory import StateDir
try:
    print(sorted(StateDir(sys.argv[1], exclusive=False).load().states))
except StoreError as error:
    print(error)
"""


@pytest.fixture
def open_path():
    """A state directory that everybody can get to, unlike what pytest makes."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        path = Path(directory, "state")
        with StateDir(path) as state_dir:
            state_dir.save({KEY: INSTALLED})
        yield path


def read_as_nobody(path: Path) -> str:
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", READER, str(path)]
    return subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout.strip()


def open_up(path: Path) -> None:
    path.chmod(0o755)
    for file in path.iterdir():
        file.chmod(0o644)


def test_reader_that_may_not_write_reads_a_database_in_use_and_one_that_is_not(open_path):
    require("root", "setpriv")
    with StateDir(open_path) as state_dir:
        state_dir.save({"default/a": INSTALLED})
        open_up(open_path)
        assert read_as_nobody(open_path) == f"['default/a', '{KEY}']"
    assert not (open_path / "states.db-wal").exists()
    assert read_as_nobody(open_path) == f"['default/a', '{KEY}']"
    kill_after_saving(open_path)
    open_up(open_path)
    assert read_as_nobody(open_path) == f"['default/a', 'default/killed', '{KEY}']"
    (open_path / "states.db").chmod(0o600)
    assert read_as_nobody(open_path) == f"{open_path}/states.db: Permission denied"


def test_reader_on_a_read_only_mount_reads(path):
    require("root", "unshare")
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$0" -c "$2" "$1"'
    argv = ["unshare", "--mount", "sh", "-c", mount, sys.executable, str(path), READER]
    said = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == f"['{KEY}']", said.stderr


def test_files_that_a_reader_who_is_root_leaves_belong_to_the_daemon(path):
    require("root")
    for file in [path, *path.iterdir()]:
        os.chown(file, 65534, 65534)
    with StateDir(path, exclusive=False) as reader:
        assert reader.load().states == {KEY: INSTALLED}
    assert {file.stat().st_uid for file in path.iterdir()} == {65534}


def refuse(number: int):
    def call(*_args, **_more):
        raise OSError(number, os.strerror(number))

    return call
