# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what is installed in other versions than the locks name: where a test fails now, look there first."""

from __future__ import annotations

import platform
from importlib import metadata

from steps.lock_files import LOCKS, pins


def main() -> None:
    locked = {name: version for lock in LOCKS for name, version in pins(lock).items()}
    installed = {name: version for name in locked if (version := version_of(name))}
    others = {name: version for name, version in installed.items() if version != locked[name]}
    print(f"Python {platform.python_version()}; {len(others)} of {len(installed)} packages are not as locked:")
    for name in sorted(others):
        print(f"  {name:<28}{locked[name]:<16}-> {others[name]}")


def version_of(name: str) -> str:
    """Return the installed version of a package, "" if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()
