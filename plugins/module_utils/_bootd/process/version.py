# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which bootd this is, and what it runs on."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

from .libraries import CLUSTER, KUBECONFIG, REQUIRED

VERSION = "0.1.0"  # the collection's, see galaxy.yml: a test compares
DOCUMENTATION = "https://github.com/baremetal-netboot/netboot/blob/main/docs"


def version_text() -> str:
    """Return two lines: bootd's version and Python's, and those of the libraries, also where some are missing."""
    libraries = {**REQUIRED, **CLUSTER, **KUBECONFIG}.values()
    found = [f"{name} {_installed(name)}" for name in libraries]
    found.append(f"SQLite {sqlite3.sqlite_version}")
    return f"bootd {VERSION} (Python {platform.python_version()})\n{', '.join(found)}\n"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
