# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Configurations as files: ``DIR/NAME.yaml``, ``DIR/NAMESPACE/NAME.yaml``, or ``.cfg``, read when they are asked for.

Only files that nobody but their owner may read are used: a configuration holds the cluster's token.
"""

from __future__ import annotations

import os
from contextlib import suppress

from ..hardware.names import is_usable_key
from ..process.log import Log
from ..process.served_files import open_inside
from ..stores.catalog import Catalog
from .base import MAX_BYTES, SUFFIXES, Configuration, ConfigurationReader, duplicate_reason, text_of

# The first line of the files that boot_configuration writes, which is no part of the configuration.
HEADER = "# Written by Ansible, baremetal.netboot.boot_configuration: changes made here will be lost.\n"
MAX_LOGGED = 1000  # files whose refusal is remembered, to be logged once


class ConfigDirectory:
    """Implements ``Configurations`` over a directory. ``catalog`` tells which names only one machine has."""

    def __init__(self, path: str, catalog: Catalog, log: Log) -> None:
        self._path = path
        self._catalog = catalog
        self._log = log
        self._logged: dict[str, str] = {}  # file -> why it is not used

    def read(self) -> None:
        """Load nothing: files are read when they are asked for."""

    def start(self) -> None:
        """Follow nothing: files are read when they are asked for."""

    def stop(self) -> None:
        """Follow nothing."""

    def get(self, key: str, read: ConfigurationReader) -> Configuration | None:
        """Return what the machine's file says; one that can't be used is logged, once for each reason."""
        if not is_usable_key(key):
            return None
        namespace, _slash, name = key.partition("/")
        for stem in (f"{namespace}/{name}", name):
            file = stem + SUFFIXES[0]
            try:
                found = _files(self._path, stem)
                if not found:
                    continue
                file, *others = found
                if others:
                    raise ValueError(duplicate_reason(os.path.basename(others[0])))
                # The namespace of a file without one is that of the machine, if there is only one of that name.
                if "/" not in file and not self._is_only(name):
                    raise ValueError(f"several machines have this name; move it to {namespace}/{file} or another's")
                data = _read(self._path, file)
                configuration = read(text_of(data).removeprefix(HEADER))
            except FileNotFoundError:
                continue  # just removed
            except OSError as error:
                self._refuse(file, error.strerror or str(error))
                return None
            except ValueError as error:
                self._refuse(file, str(error))
                return None
            self._logged.pop(file, None)
            return configuration
        return None

    def expects(self, key: str, read: ConfigurationReader) -> bool:
        """Return whether there is a configuration."""
        return self.get(key, read) is not None

    def knows(self, _key: str) -> bool:
        """Return False: it is read anew for every question."""
        return False

    def _is_only(self, name: str) -> bool:
        return sum(machine.name == name for machine in self._catalog.machines()) == 1

    def _refuse(self, file: str, reason: str) -> None:
        if self._logged.get(file) == reason:
            return
        if len(self._logged) >= MAX_LOGGED:
            self._logged.clear()
        self._logged[file] = reason
        self._log.error("configuration_refused", path=os.path.join(self._path, file), reason=reason)


def _files(directory: str, stem: str) -> list[str]:
    """Return which files of this stem are there, whatever they are; raises OSError."""
    found = []
    for file in (f"{stem}{suffix}" for suffix in SUFFIXES):
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(os.path.join(directory, file))
            found.append(file)
    return found


def _read(directory: str, file: str) -> bytes:
    """Return what the file holds, a byte more than is allowed at most; raises OSError and ValueError."""
    with open(open_inside(directory, file), "rb") as content:
        mode = os.fstat(content.fileno()).st_mode & 0o7777
        if mode & 0o077:
            raise ValueError(f"its permissions are {mode:04o}, so others may have read it; make them 0600")
        return content.read(MAX_BYTES + 1)
