# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The state directory: what bootd knows of each machine, and its secret. One daemon at a time.

    lock                            held with flock while a daemon runs; holds its process id
    secret                          32 bytes, readable by the owner only
    machines/NAMESPACE/NAME.json    one state each

Each file is written whole beside its place, synced, and renamed: after a crash at any moment it is the old or the new.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex

from ..hardware.names import is_usable_key
from ..stages import State
from ..state_document import from_json, to_json
from ..tokens import SECRET_BYTES, new_secret
from .base import StoreError, StoreProblem

MAX_STATE_BYTES = 1024 * 1024
_TEMPORARY = ".tmp-"
_BROKEN = ".broken"
_FILE_NAME = re.compile(r"([^.].*)\.json(?:(?:\.[0-9]+)?\.broken)?", re.DOTALL)
_RENEW = "remove it, and a new one is made (URLs that installers report to change with it)"


@dataclass(frozen=True, slots=True)
class KeptStates:
    """States by machine key, the keys of machines whose state is there but broken, and the problems with these."""

    states: dict[str, State] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    problems: list[StoreProblem] = field(default_factory=list)


class StateDir:
    """A state directory. ``exclusive=False`` reads beside the daemon that owns it: no lock, nothing put in order."""

    def __init__(self, path: str | Path, *, exclusive: bool = True) -> None:
        self.path = Path(path)
        self._named = str(path) != ""
        self._machines = self.path / "machines"
        self._exclusive = exclusive
        self._lock: int | None = None

    def __enter__(self) -> StateDir:
        self.open()
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def open(self) -> None:
        """Create what is missing and take the lock; raises StoreError where that can't be."""
        if not self._exclusive:
            return
        try:
            with _failures_of(self.path):
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._take_lock()
                self._machines.mkdir(mode=0o700, exist_ok=True)
                self._remove_leftovers()
                _sync_directory(self.path)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise StoreError(
                f"{self.path} is in use by the bootd with process id {holder}; each needs a state directory of its own"
            ) from None
        except OSError:
            os.close(lock)
            raise
        self._lock = lock
        # A full disk must not keep the daemon from starting: the lock holds without the number in it.
        with suppress(OSError):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _remove_leftovers(self) -> None:
        for directory in (self.path, *self._namespaces()):
            for name in os.listdir(directory):
                if name.startswith(_TEMPORARY):
                    (directory / name).unlink(missing_ok=True)

    def _namespaces(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return sorted(entry for entry in self._machines.iterdir() if entry.is_dir() and not entry.is_symlink())
        return []

    def secret(self) -> bytes:
        """Return the secret that report tokens are made with, created at the first call.

        Raises StoreError where it can't be read or kept, or others may have read it.
        """
        path = self.path / "secret"
        with _failures_of(path):
            with suppress(FileNotFoundError):
                return _read_secret(path)
            self._create_secret(path)
            return _read_secret(path)

    def _create_secret(self, path: Path) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = _write_temporary(self.path, new_secret())
        try:
            if os.geteuid() == 0:
                # Asked for by root, before the daemon's first start: it is the daemon that has to read it.
                owner = self.path.stat()
                os.chown(temporary, owner.st_uid, owner.st_gid)
            # Unlike a rename, a link never takes the place of a secret that another process has just made.
            with suppress(FileExistsError):
                os.link(temporary, path)
            _sync_directory(self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def load(self) -> KeptStates:
        """Return what is kept; raises StoreError where not even the directory can be read.

        The owner of the directory sets a broken file aside as ``NAME.json.broken``, which stays a problem until
        somebody removes it.
        """
        kept = KeptStates()
        if not self._exclusive and not self._named:
            return kept
        with _failures_of(self._machines):
            for namespace in self._namespaces():
                for path in _state_files(namespace):
                    self._load_one(path, kept)
        return kept

    def _load_one(self, path: Path, kept: KeptStates) -> None:
        key = f"{path.parent.name}/{_FILE_NAME.fullmatch(path.name)[1]}"
        reason = "could not be read and was set aside"
        if not path.name.endswith(_BROKEN):
            try:
                kept.states[key] = from_json(_read_bounded(path))
                return
            except OSError as error:
                reason = f"can't be read: {error.strerror}"
            except ValueError as error:
                reason = f"is not a state: {error}{self._set_aside(path)}"
        kept.lost.add(key)
        message = f"{reason}; netboot stays off for {key} until this file is removed and bootd restarted"
        kept.problems.append(StoreProblem(str(path), message))

    def _set_aside(self, path: Path) -> str:
        if not self._exclusive:
            return ""
        target = next(name for name in _aside_names(path) if not name.exists())
        try:
            path.rename(target)
        except OSError as error:
            return f"; can't be set aside: {error.strerror}"
        return f"; set aside as {target.name}"

    def save(self, key: str, state: State) -> None:
        """Keep ``state``: on disk when this returns; raises StoreError naming the path and the reason otherwise."""
        if not is_usable_key(key):
            raise StoreError(f"{key!r} can't be the name of a state file")
        namespace, _unused, name = key.partition("/")
        directory = self._machines / namespace
        path = directory / f"{name}.json"
        with _failures_of(path):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync_directory(self._machines)
            temporary = _write_temporary(directory, to_json(state).encode() + b"\n")
            try:
                temporary.rename(path)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            _sync_directory(directory)


@contextmanager
def _failures_of(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a StoreError that says where and why."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}") from error


def _state_files(directory: Path) -> list[Path]:
    """Return the state files of a namespace, and those set aside, by name."""
    return [directory / name for name in sorted(os.listdir(directory)) if _FILE_NAME.fullmatch(name)]


def _aside_names(path: Path) -> Iterator[Path]:
    yield path.with_name(f"{path.name}{_BROKEN}")
    for number in count(2):
        yield path.with_name(f"{path.name}.{number}{_BROKEN}")


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_STATE_BYTES + 1)
    if len(data) > MAX_STATE_BYTES:
        raise ValueError(f"larger than {MAX_STATE_BYTES} bytes")
    return data


def _read_secret(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        secret = file.read(SECRET_BYTES + 1)
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise StoreError(f"{path}: others may have read it; {_RENEW}")
    if len(secret) != SECRET_BYTES:
        raise StoreError(
            f"{path}: not {SECRET_BYTES} bytes long; remove it, and a new one is made (report URLs change)"
        )
    return secret


def _write_temporary(directory: Path, content: bytes) -> Path:
    """Write ``content`` to a new file in ``directory``, synced, and return its path; leaves nothing where it fails."""
    path = directory / f"{_TEMPORARY}{token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        error.filename = error.filename or str(path)
        raise
    return path


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
