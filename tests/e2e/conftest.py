# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HOWTO's network with bootd in it, and machines in QEMU to plug into it.

The tests of bootd as a pod share one node with Kubernetes, which takes long to start and to bring bootd to. They come
last, in the order of their files' names: what the role has brought there goes with the last test of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.node import IMAGE_PLAYBOOK, Node
from e2e.site import Site
from lab import artifacts, bootstrap, needs
from lab.network import Lab
from programs.require import require

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def files() -> Path:
    """The directory with the kernel, the initramfs and the root file system that the image host serves."""
    require(*needs.ALL)
    return artifacts.build(ROOT / "build/lab")


@pytest.fixture
def site(files: Path, tmp_path: Path) -> Iterator[Site]:
    """A network of its own for the test; bootd is not started, and there is no machine."""
    with Lab() as lab:
        bootstrap.lay_out(lab)
        yield Site(lab, files, tmp_path)


@pytest.fixture
def site_of_proxy(files: Path, tmp_path: Path) -> Iterator[Site]:
    """The same beside a DHCP server, the router: bootd only says what to boot."""
    with Lab() as lab:
        bootstrap.lay_out(lab)
        # The router's name server is another program.
        bootstrap.start_leases(lab, bootstrap.ROUTER, tmp_path, "--port=0")
        yield Site(lab, files, tmp_path, "--dhcp-mode", "proxy")


@pytest.fixture(scope="session")
def node_with_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with Kubernetes and with bootd's image on it."""
    require(*needs.CLUSTER, *needs.IMAGE)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        node = Node(lab, tmp_path_factory.mktemp("node"))
        # First what it would do, on a node that has nothing; then all of it.
        assert node.play(IMAGE_PLAYBOOK, "--check") > 0
        assert node.play(IMAGE_PLAYBOOK) > 0
        yield node


@pytest.fixture(scope="session")
def node_with_bootd(node_with_image: Node) -> Node:
    """The same with bootd as a pod, and the HOWTO's machine in the cluster."""
    node_with_image.deploy()
    return node_with_image
