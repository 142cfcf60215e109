# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
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
from cluster.kube import CRDS, ApiServer, ScriptedServer, api_server, own_api_server


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    """An API server that all tests share; each uses a namespace of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(api_server())
        server.install_crd(hardware_crd())
        yield server


@pytest.fixture(scope="session")
def _other_api() -> Iterator[ScriptedServer]:
    with ExitStack() as stack:
        yield stack.enter_context(own_api_server())


@pytest.fixture
def other_api(_other_api: ScriptedServer) -> ScriptedServer:
    """An API server that may be killed, up again should the last test have left it so; with our CRD or none."""
    if not _other_api.answers(CRDS):
        _other_api.start()
    return _other_api


@pytest.fixture
def own_api(other_api: ScriptedServer) -> ScriptedServer:
    """The same with our CRD."""
    other_api.install_crd(hardware_crd())
    return other_api


@pytest.fixture
def bare_api(other_api: ScriptedServer) -> Iterator[ScriptedServer]:
    """The same without any CRD of Hardware; a test may install one."""
    other_api.remove_crd(hardware_crd())
    yield other_api
    other_api.remove_crd(hardware_crd())


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
def own_site(own_api: ScriptedServer, tmp_path: Path) -> Iterator[Site]:
    """The same on an API server that may be killed."""
    yield from _site(own_api, tmp_path)
