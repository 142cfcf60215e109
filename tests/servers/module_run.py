# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module as Ansible does, in the process of the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args


def run_module(
    module: ModuleType, capsys: pytest.CaptureFixture[str], arguments: Mapping[str, Any], *, check: bool = False
) -> dict[str, Any]:
    """Return the module's result; it may say nothing on standard error, where nothing is masked."""
    capsys.readouterr()
    modes = {"_ansible_check_mode": check, "_ansible_diff": True}
    with patch_module_args({**arguments, **modes}), pytest.raises(SystemExit):
        module.main()
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)
