# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test needs from the machine it runs on."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from programs.known import missing


def require(*needs: str) -> None:
    """Skip the running test, or fail it under ``BOOTD_TEST_REQUIRE_ALL=1``, when the machine lacks one of `needs`."""
    sentences = missing(*needs)
    if sentences:
        fail_or_skip("; ".join(sentences))


def fail_or_skip(reason: str) -> NoReturn:
    """Skip the running test for ``reason``, or fail it under ``BOOTD_TEST_REQUIRE_ALL=1``."""
    if os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
