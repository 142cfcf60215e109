# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machine states in an SQLite database: one row for each machine, one transaction for each batch.

    states.db        key (NAMESPACE/NAME) and document (state_document) of each machine
    states.db-wal    what was committed since the last checkpoint; belongs to states.db, and is copied with it
    states.db-shm    an index of that, which needs no backup

A commit returns after the write-ahead log was synced (https://www.sqlite.org/wal.html, ``synchronous=FULL``). The
database is made under another name and renamed, so one without its table is damaged, and never taken for a new one.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

from ..base import StoreError

NAME = "states.db"
SCHEMA = 1  # PRAGMA user_version
MAX_DOCUMENT = 1024 * 1024  # bytes
TEMPORARY = ".tmp-"
BUSY_SECONDS = 5.0
WAL_BYTES = 4 * 1024 * 1024  # what a checkpoint leaves of the log; one begins each 1000 pages of 4096 bytes
ROWS = 400  # of one statement: SQLite before 3.32 binds 999 values. Each step gives the interpreter up once

_TABLE = "CREATE TABLE states (key TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)"
_SELECT = f"SELECT key, substr(CAST(document AS BLOB), 1, {MAX_DOCUMENT + 1}) FROM states ORDER BY key"
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DatabaseDamaged(StoreError):
    """The file is there, and is no database of states."""


class DatabaseRefused(StoreError):
    """There is nothing wrong with the file, and this bootd must not use it."""


class StateDatabase:
    """The database in ``directory``. Safe to use from any thread; one process writes, others may read meanwhile."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._unread = ""  # why what is in it is not known, and must therefore not be written over

    def close(self) -> None:
        """Bring the log into the database, as far as that is possible now, and let go of both."""
        with self._lock:
            self._close()

    def read(self) -> list[tuple[bytes, bytes]]:
        """Return key and document of every row, for the process that writes; [] where there is no database.

        Raises DatabaseDamaged, DatabaseRefused, or another StoreError where it can't be read now.
        """
        if not self.path.exists():
            return []
        try:
            with self._lock, _failures_of(self.path):
                rows, self._unread = self._read(), ""
            return rows
        except StoreError as error:
            self._unread = str(error)
            raise

    def _read(self) -> list[tuple[bytes, bytes]]:
        try:
            return _rows(self._opened(), check=True)
        except sqlite3.Error as error:
            self._close()
            if _code(error) not in _FULL:
                raise
        # No room for an index of the log: held in memory it does for reading.
        with closing(_connect(self.path, "rw")) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            return _rows(connection, check=True)

    def read_shared(self) -> list[tuple[bytes, bytes]]:
        """Return what ``read`` does, for a process beside the one that writes, which it does not disturb."""
        with _failures_of(self.path):
            try:
                os.close(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC))  # which says better than SQLite why it can't
            except FileNotFoundError:
                return []
            try:
                with closing(_connect(self.path, "ro")) as connection:
                    return _rows(connection)
            except sqlite3.OperationalError:
                if _size(_sibling(self.path, "-wal")):
                    raise
            # The directory can't be written, and nobody has a log here: the file is all there is.
            with closing(_connect(self.path, "ro", immutable="1")) as connection:
                return _rows(connection)

    def write(self, documents: Mapping[str, str], remove: Collection[str] = ()) -> None:
        """Keep ``documents`` by machine key, and no longer those of ``remove``: all on disk on return, or none.

        Raises StoreError naming the file and the reason, which may be that ``read`` could not read it.
        """
        if self._unread:
            raise StoreError(f"not written, since what is in it could not be read: {self._unread}")
        values = [text for row in documents.items() for text in row]
        with self._lock, _failures_of(self.path):
            try:
                connection = self._opened()
                connection.execute("BEGIN IMMEDIATE")
                for start in range(0, len(values), 2 * ROWS):
                    some = values[start : start + 2 * ROWS]
                    connection.execute(_upsert(len(some) // 2), some)
                connection.executemany("DELETE FROM states WHERE key = ?", [(key,) for key in remove])
                connection.execute("COMMIT")
            except BaseException:
                # What a failed write has left in the connection goes with it; the next batch opens another.
                self._close()
                raise

    def set_aside(self, target: Path) -> None:
        """Rename the database to ``target``, and its log likewise; raises OSError."""
        with self._lock:
            self._close()
            self.path.rename(target)
            # After the database: a log that goes first would leave an older state of it behind, which looks well.
            for suffix in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    _sibling(self.path, suffix).rename(_sibling(target, suffix))
            self._unread = ""
            sync_directory(self.path.parent)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and _inode(self.path) != self._inode:
            self._close()  # somebody has removed it, and what is written to it now would be lost with it
        if self._connection is None:
            if not self.path.exists():
                _create(self.path)
            connection = _connect(self.path, "rw")
            try:
                _check_schema(connection)
                _make_durable(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._inode = connection, _inode(self.path)
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            with suppress(sqlite3.Error):
                connection.close()


def sync_directory(path: Path) -> None:
    """Have the names in the directory ``path`` outlive a power cut; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{token_hex(8)}")
    # SQLite gives its other files the mode of this one.
    os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with closing(_connect(temporary, "rw")) as connection:
            connection.execute("PRAGMA synchronous=EXTRA")
            connection.executescript(f"BEGIN; {_TABLE}; PRAGMA user_version={SCHEMA}; COMMIT")
        # The log of a database that is gone would be taken for this one's.
        for part in ("-wal", "-shm"):
            _sibling(path, part).unlink(missing_ok=True)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _connect(path: Path, mode: str, **more: str) -> sqlite3.Connection:
    query = "&".join(f"{name}={value}" for name, value in {"mode": mode, **more}.items())
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions begin where it says so below
        check_same_thread=False,  # the lock of StateDatabase sees to that
    )
    connection.text_factory = bytes  # a row that is no UTF-8 costs itself only
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _make_durable(connection: sqlite3.Connection) -> None:
    """Have commits outlive a power cut; raises DatabaseRefused where SQLite can't promise it."""
    # File systems without shared memory (9p, some of FUSE) have no write-ahead log: a journal keeps as well, slower.
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0].decode()
    wanted = {"wal": 2, "delete": 3}.get(mode)  # FULL; EXTRA, which syncs the directory of a removed journal as well
    connection.execute(f"PRAGMA synchronous={wanted or 3}")
    found = connection.execute("PRAGMA synchronous").fetchone()[0]
    if wanted is None or found != wanted:
        raise DatabaseRefused(f"SQLite {sqlite3.sqlite_version} keeps nothing safe here: {mode=}, synchronous={found}")
    connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")


def _check_schema(connection: sqlite3.Connection) -> None:
    """Raise DatabaseDamaged where this is not the table of states, DatabaseRefused where a later bootd made it."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA:
        raise DatabaseRefused(
            f"a later bootd made it (schema {found}; this one knows {SCHEMA}). Start that one again; a new file in its "
            "place would forget which machines are installed"
        )
    columns = [row[1] for row in connection.execute("PRAGMA table_info(states)")]
    if found != SCHEMA or columns != [b"key", b"document"]:
        raise DatabaseDamaged("no table of states in it")


def _rows(connection: sqlite3.Connection, *, check: bool = False) -> list[tuple[bytes, bytes]]:
    _check_schema(connection)
    if check and (told := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != b"ok":
        raise DatabaseDamaged(told.decode(errors="replace"))
    return [(_bytes(key), _bytes(document)) for key, document in connection.execute(_SELECT)]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()  # NULL, too, is what no bootd has written


def _upsert(rows: int) -> str:
    values = ",".join(["(?,?)"] * rows)
    return f"INSERT INTO states VALUES {values} ON CONFLICT (key) DO UPDATE SET document = excluded.document"


@contextmanager
def _failures_of(path: Path) -> Iterator[None]:
    """Turn what SQLite or the operating system refuses into a StoreError that says where and why."""
    try:
        yield
    except StoreError as error:
        raise type(error)(f"{path}: {error}") from error
    except sqlite3.Error as error:
        if _code(error) in _DAMAGED:
            raise DatabaseDamaged(f"{path}: {error}") from error
        reason = os.strerror(errno.ENOSPC) if _code(error) in _FULL else str(error)
        raise StoreError(f"{path}: {reason}") from error
    except UnicodeDecodeError as error:  # of a name or a statement in the file, which Python has wanted as text
        raise DatabaseDamaged(f"{path}: {error}") from error
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}") from error


def _code(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", 0)
    return code if code in _FULL else code & 0xFF  # the rest of an extended code says where it was met


def _sibling(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
