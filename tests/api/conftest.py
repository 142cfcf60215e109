# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server with the Hardware CRD, and bootd beside it on loopback."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from api.site import Site
from kube import ApiServer, api_server, own_api_server


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    """An API server that all tests share; each uses a namespace of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(api_server())
        server.install_crd(hardware_crd())
        yield server


@pytest.fixture(scope="module")
def own_api() -> Iterator[ApiServer]:
    """An API server that may be killed."""
    with ExitStack() as stack:
        server = stack.enter_context(own_api_server())
        server.install_crd(hardware_crd())
        yield server


def _site(server: ApiServer, directory: Path) -> Iterator[Site]:
    site = Site(server, f"netboot-{secrets.token_hex(3)}", directory)
    try:
        yield site
    finally:
        site.close()


@pytest.fixture
def site(api: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """A namespace with one machine, um790-1, and no bootd yet."""
    yield from _site(api, tmp_path)


@pytest.fixture
def own_site(own_api: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """The same on an API server that may be killed."""
    yield from _site(own_api, tmp_path)
