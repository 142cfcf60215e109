# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The state directory: what bootd knows of each machine, and its secret. One daemon at a time.

    lock                                   held with flock while a daemon runs; holds its process id
    secret                                 32 bytes, readable by the owner only
    states.db, states.db-wal               the states, see state_database
    machines/NAMESPACE/NAME.json.broken    a state that could not be read
    states.db.broken                       a whole database that could not be read

What could not be read may say that a machine is installed, so netboot is off until somebody has looked at the file
that it was set aside as, and removed it: for its machine, or for all.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ...decisions.stages import State
from ...decisions.tokens import SECRET_BYTES
from ...hardware.names import is_usable_key
from ...process.pieces import in_pieces
from ..base import StoreError, StoreProblem
from . import database as state_database
from .database import DatabaseDamaged, DatabaseRefused, StateDatabase, sync_directory
from .document import from_json, to_json
from .files import BROKEN, StateFiles, aside_names, read_bounded, write_temporary

_RENEW = "remove it, and a new one is made (URLs that installers report to change with it)"

_DATABASE_ASIDE = (
    "all states were in it; it could not be read and was set aside. It may say that machines are installed, so netboot "
    "stays off for every machine until this file is removed and bootd restarted. Before that put a copy of it back as "
    f"{state_database.NAME}, or set allowPXE to false on each machine that must not be installed again"
)


@dataclass(slots=True)
class KeptStates:
    """States by machine key, the keys of machines whose state is there but can't be read, and the problems met.

    ``all_unreadable``: no state could be read, so every machine may have had one. ``recovered``: the machines of which
    a state is known again since.
    """

    states: dict[str, State] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    problems: list[StoreProblem] = field(default_factory=list)
    all_unreadable: bool = False
    recovered: set[str] = field(default_factory=set)

    def is_unreadable(self, key: str) -> bool:
        """Return whether the machine's state can't be read: it may be installed, so its netboot has to stay off."""
        return key not in self.recovered and (self.all_unreadable or key in self.unreadable)


class StateDir:
    """A state directory. ``exclusive=False`` reads beside the daemon that owns it: no lock, nothing put in order."""

    def __init__(self, path: str | Path, *, exclusive: bool = True) -> None:
        self.path = Path(path)
        self._named = str(path) != ""
        self._files = StateFiles(self.path)
        self._database = StateDatabase(self.path)
        self._exclusive = exclusive
        self._rows_to_set_aside: dict[str, bytes] = {}  # documents of rows that can't be read, and have no file yet
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
                self._files.remove_leftovers()
                sync_directory(self.path)
                sync_directory(self.path.absolute().parent)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the states and the lock."""
        self._database.close()
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
        temporary = write_temporary(self.path, os.urandom(SECRET_BYTES))
        try:
            if os.geteuid() == 0:
                # Asked for by root, before the daemon's first start: it is the daemon that has to read it.
                owner = self.path.stat()
                os.chown(temporary, owner.st_uid, owner.st_gid)
            # Unlike a rename, a link never takes the place of a secret that another process has just made.
            with suppress(FileExistsError):
                os.link(temporary, path)
            sync_directory(self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def load(self) -> KeptStates:
        """Return what is kept; raises StoreError where it can't be used at all.

        The owner of the directory sets aside what is broken, and takes over the files of an earlier bootd.
        """
        kept = KeptStates()
        if not self._exclusive and not self._named:
            return kept
        with _failures_of(self.path):
            rows = self._rows(kept)
            self._read_set_aside(kept)
            self._read_rows(rows, kept)
            self._read_files(kept)
        return kept

    def save(self, states: Mapping[str, State]) -> None:
        """Keep ``states`` by machine key: all on disk when this returns, or none; raises StoreError saying why."""
        for key in states:
            if not is_usable_key(key):
                raise StoreError(f"{key!r} can't be the name of a machine")
        with _failures_of(self.path):
            for key in self._rows_to_set_aside.keys() & states.keys():
                # A state of what was seen since takes its place, and does not say that there was another.
                self._files.write_aside(key, self._rows_to_set_aside[key])
                del self._rows_to_set_aside[key]
        documents: dict[str, str] = {}
        for some in in_pieces(list(states.items())):
            documents |= {key: to_json(state) for key, state in some}
        self._database.write(documents)

    def _rows(self, kept: KeptStates) -> list[tuple[bytes, bytes]]:
        """Return the rows of the database, none where it can't be read, which is every machine's problem."""
        path = self._database.path
        try:
            return self._database.read() if self._exclusive else self._database.read_shared()
        except DatabaseDamaged as error:
            kept.all_unreadable = True
            message = f"no database of states: {error}"
            if self._exclusive and not (refused := self._set_database_aside()):
                return []  # a problem as long as it lies there
            if self._exclusive:
                message += f"; can't be set aside: {refused}"
        except DatabaseRefused:
            raise
        except StoreError as error:
            if not self._exclusive:
                raise
            kept.all_unreadable = True
            message = f"can't be read: {error}"
        message += "; netboot stays off for every machine, and nothing is kept, until it can and bootd is restarted"
        kept.problems.append(StoreProblem(str(path), message))
        return []

    def _set_database_aside(self) -> str:
        """Set the database aside; return why that can't be, "" where it is done."""
        target = next(name for name in aside_names(self._database.path) if not name.exists())
        try:
            self._database.set_aside(target)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _read_set_aside(self, kept: KeptStates) -> None:
        """Note what lies there set aside, by this start or an earlier one."""
        with suppress(FileNotFoundError):
            for name in sorted(os.listdir(self.path)):
                if name.startswith(state_database.NAME) and name.endswith(BROKEN):
                    kept.all_unreadable = True
                    kept.problems.append(StoreProblem(str(self.path / name), _DATABASE_ASIDE))
        for key, path in self._files.set_aside():
            kept.unreadable.add(key)
            message = f"could not be read and was set aside; {_off(key)} until this file is removed and bootd restarted"
            kept.problems.append(StoreProblem(str(path), message))

    def _read_rows(self, rows: list[tuple[bytes, bytes]], kept: KeptStates) -> None:
        broken: list[str] = []
        for name, document in rows:
            key = name.decode(errors="replace")
            where = f"{self._database.path}: {key}"
            try:
                if not is_usable_key(key):
                    raise ValueError("the key is no machine's name")
                if len(document) > state_database.MAX_DOCUMENT:
                    raise ValueError(f"larger than {state_database.MAX_DOCUMENT} bytes")
                kept.states[key] = from_json(document)
            except ValueError as error:
                told = f"is not a state: {error}"
                if not is_usable_key(key):
                    kept.problems.append(StoreProblem(where, f"{told}; left where it is"))
                    continue
                kept.unreadable.add(key)
                told += self._set_row_aside(key, document, broken)
                kept.problems.append(
                    StoreProblem(where, f"{told}; {_off(key)} until that file is removed and bootd restarted")
                )
        if broken:
            # What can't be forgotten now is set aside again by the next start, as the same file.
            with suppress(StoreError):
                self._database.write({}, remove=broken)

    def _set_row_aside(self, key: str, document: bytes, broken: list[str]) -> str:
        if not self._exclusive:
            return ", and will be set aside as a file when bootd starts"
        try:
            path = self._files.write_aside(key, document)
        except OSError as error:
            self._rows_to_set_aside[key] = document
            return f", and can't be set aside as a file: {error.strerror}"
        broken.append(key)
        return f"; set aside as {path}"

    def _read_files(self, kept: KeptStates) -> None:
        """Take over the states of an earlier bootd, where there is nothing later of the machine."""
        later: dict[str, State] = {}
        done: list[Path] = []
        for key, path in self._files.kept():
            if not is_usable_key(key):
                kept.problems.append(StoreProblem(str(path), "not named after a machine; left where it is"))
                continue
            try:
                state = from_json(read_bounded(path))
            except OSError as error:
                told = f"can't be read: {error.strerror}{self._set_file_aside(path)}"
            except ValueError as error:
                told = f"is not a state: {error}{self._set_file_aside(path)}"
            else:
                done.append(path)
                if key not in kept.states or state.last_at > kept.states[key].last_at:
                    later[key] = kept.states[key] = state
                continue
            kept.unreadable.add(key)
            message = f"{told}; {_off(key)} until this file is removed and bootd restarted"
            kept.problems.append(StoreProblem(str(path), message))
        if not done or not self._exclusive:
            return
        try:
            self.save(later)
            self._files.forget(done)
        except (OSError, StoreError) as error:
            # They are read again by the next start, and until then what is newer in the database counts.
            kept.problems.append(StoreProblem(str(self.path), f"{len(done)} state files are not taken over: {error}"))

    def _set_file_aside(self, path: Path) -> str:
        if not self._exclusive:
            return ""
        try:
            return f"; set aside as {self._files.rename_aside(path).name}"
        except OSError as error:
            return f"; can't be set aside: {error.strerror}"


@contextmanager
def _failures_of(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a StoreError that says where and why."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}") from error


def _off(key: str) -> str:
    return f"netboot stays off for {key}"


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
