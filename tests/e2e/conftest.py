# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HOWTO's network with bootd in it, and machines in QEMU to plug into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.site import Site
from lab import artifacts, needs
from lab.network import Lab
from require import require

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
        yield Site(lab, files, tmp_path)
