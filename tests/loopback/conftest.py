# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of boot files, and TFTP servers of them."""

from __future__ import annotations

import pytest

from servers.tftp_lab import CONTENT, tftp_lab


@pytest.fixture
def root(tmp_path):
    (tmp_path / "ipxe.efi").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture(params=["classic", "single_port"])
def lab(request, root):
    with tftp_lab(root, tftp_single_port=request.param == "single_port") as lab:
        yield lab
