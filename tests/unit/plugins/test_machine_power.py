# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password of a BMC is in what the module prints, which is all that Ansible can show."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.netboot.plugins.module_utils._power import work
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError, without_secrets
from ansible_collections.baremetal.netboot.plugins.modules import machine_power

PASSWORD = "correct-horse"
BMC = {"type": "redfish", "address": "127.0.0.1", "port": 1, "username": "admin", "password": PASSWORD}


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs the module, whose BMC repeats the password, and returns what it prints."""

    def refuse(bmc):
        raise PowerError(without_secrets(f"no login with {bmc.password}", bmc.password))

    monkeypatch.setattr(work.redfish, "Redfish", refuse)

    def run_module(**changed):
        machines = [{"name": "um790-1", "bmc": {**BMC, **changed}}, {"name": "um790-2", "bmc": {**BMC, "port": 2}}]
        with patch_module_args({"machines": machines, "state": "cycled"}), pytest.raises(SystemExit):
            machine_power.main()
        return capsys.readouterr().out

    return run_module


@pytest.mark.parametrize(
    "changed",
    [{}, {"address": f"https://admin:{PASSWORD}@10.0.0.1"}, {"port": "x"}, {"pasword": "x"}, {"type": "ilo"}],
    ids=["refused", "in the URL", "wrong port", "unknown word", "unknown type"],
)
def test_password_is_not_printed(run, changed):
    told = run(**changed)
    assert json.loads(told)["failed"]
    assert PASSWORD not in told
