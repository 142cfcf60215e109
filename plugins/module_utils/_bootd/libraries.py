# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The libraries that bootd stands on: all checked at start, so that none is missed in the middle of a boot."""

from __future__ import annotations

from importlib.util import find_spec

# Import name -> the name to install it by.
REQUIRED = {
    "bottle": "bottle",
    "cheroot": "cheroot",
    "inotify_simple": "inotify_simple",
    "jinja2": "jinja2",
    "prometheus_client": "prometheus_client",
    "yaml": "PyYAML",
}


class MissingLibraries(Exception):
    """Libraries that can't be imported; the message names them and how to get them."""


def require() -> None:
    """Raise MissingLibraries where one of REQUIRED is not installed."""
    missing = [package for module, package in REQUIRED.items() if find_spec(module) is None]
    if missing:
        raise MissingLibraries(f"missing Python libraries; install them with: pip install {' '.join(missing)}")
