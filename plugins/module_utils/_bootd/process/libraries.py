# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The libraries that bootd needs: all checked at start, so that none is missed in the middle of a boot."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

# Import name -> the name to install it by.
REQUIRED = {
    "aiohttp": "aiohttp",
    "bottle": "bottle",
    "inotify_simple": "inotify_simple",
    "jinja2": "jinja2",
    "prometheus_client": "prometheus_client",
    "yaml": "PyYAML",
}
# For the kubernetes store in a pod; a kubeconfig takes the kubernetes library too, see kube/connect.py.
CLUSTER = {"urllib3": "urllib3"}
KUBECONFIG = {"kubernetes": "kubernetes"}


class MissingLibraries(Exception):
    """Libraries that can't be imported; the message names them and how to get them."""


def require(more: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise MissingLibraries where one of REQUIRED, or of ``more``, is not installed."""
    wanted = {**REQUIRED, **more}
    missing = [package for module, package in wanted.items() if find_spec(module) is None]
    if missing:
        raise MissingLibraries(f"missing Python libraries; install them with: pip install {' '.join(missing)}")
