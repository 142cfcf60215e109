# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines the role power takes by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEFAULTS = Path(__file__).resolve().parents[3] / "roles/power/defaults/main.yml"
GROUPS = {
    "netboot_bootstrap": {"hosts": {"node": {}}},
    "netboot_machines": {"hosts": {"um790-1": {}, "um790-2": {}}},
}


@pytest.mark.parametrize(
    ("limit", "machines"), [("all", ["um790-1", "um790-2"]), ("node,um790-2", ["um790-2"]), ("node", [])]
)
def test_machines_outside_the_limit_are_not_powered(tmp_path, limit, machines):
    (tmp_path / "inventory.json").write_text(json.dumps(GROUPS), encoding="utf-8")
    asked = ["node", "-m", "ansible.builtin.debug", "-a", "var=power_machines", "-e", f"@{DEFAULTS}"]
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", "-i", "inventory.json", *asked, "--limit", limit],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout.partition("=>")[2])["power_machines"] == machines
