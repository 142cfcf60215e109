# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test needs from the machine it runs on."""

from __future__ import annotations

import os

import pytest

from tools import missing


def require(*needs: str) -> None:
    """Skip the running test, or fail it under ``BOOTD_TEST_REQUIRE_ALL=1``, when the machine lacks one of `needs`."""
    sentences = missing(*needs)
    if not sentences:
        return
    reason = "; ".join(sentences)
    if os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
