# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The file of the daemon's settings, read by commands that ask about a daemon: what systemd's EnvironmentFile takes.

A line is NAME=VALUE, the value quoted as for a shell, where it has to be. A name without BOOTD_ is a variable of the
daemon's environment like any other, such as KUBECONFIG.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from .arguments import SETTINGS_FILE, UsageError

MAX_BYTES = 1024 * 1024


def environment_with(path: str | None, environ: Mapping[str, str], *, needed: bool = True) -> Mapping[str, str]:
    """Return ``environ`` over what the file at ``path`` says, None for SETTINGS_FILE, where it is there.

    Raises UsageError naming the line that can't be read, and OSError where the file can't be; not for SETTINGS_FILE
    where it is not ``needed``.
    """
    if path == "":
        return environ
    try:
        with Path(path or SETTINGS_FILE).open("rb") as file:
            data = file.read(MAX_BYTES)
    except OSError as error:
        if path is None and (isinstance(error, FileNotFoundError) or not needed):
            return environ
        raise
    return {**read_settings(data, path or SETTINGS_FILE), **environ}


def read_settings(data: bytes, path: str) -> dict[str, str]:
    """Return the variables that ``data`` sets; raises UsageError naming ``path`` and the line that can't be read."""
    found: dict[str, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        name, equals, value = line.strip().partition("=")
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise UsageError(f"{path}:{number}: {error}") from None
        if not equals or not name.isidentifier():
            raise UsageError(f"{path}:{number}: not NAME=VALUE")
        found[name] = " ".join(words)
    return found
