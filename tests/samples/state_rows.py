# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of a state directory, as the program ``sqlite3`` in somebody's hands sees and changes it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

FULL = "No space left on device"


def execute(state_dir: Path, statement: str, *values: object) -> list[tuple]:
    """Run one statement on the database and return its rows."""
    with closing(sqlite3.connect(state_dir / "states.db")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def put_row(state_dir: Path, key: object, document: object) -> None:
    """Have ``document`` in the row of the machine ``key``, whatever it is."""
    execute(state_dir, "INSERT OR REPLACE INTO states VALUES (?, ?)", key, document)


def refuse_rows(state_dir: Path, reason: str = FULL) -> None:
    """Have SQLite refuse all that is written from now on."""
    execute(state_dir, f"CREATE TRIGGER refuse BEFORE INSERT ON states BEGIN SELECT RAISE(ABORT, '{reason}'); END")


def allow_rows(state_dir: Path) -> None:
    """Take ``refuse_rows`` back."""
    execute(state_dir, "DROP TRIGGER refuse")
