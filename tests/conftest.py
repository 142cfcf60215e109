# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up shared by all tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).resolve().parents[1]

# No deadline: a slow machine is not a wrong program. In CI the examples are the same each time, so a red run is
# about the change; elsewhere they vary and find more.
set_hypothesis_home_dir(ROOT / "build/cache/hypothesis")
settings.register_profile("project", deadline=None)
settings.register_profile("ci", settings.get_profile("project"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1" else "project")


def pytest_configure() -> None:
    """Make the checkout importable as ``ansible_collections.baremetal.netboot``."""
    subprocess.run([ROOT / "tests/setup/link"], check=True)
