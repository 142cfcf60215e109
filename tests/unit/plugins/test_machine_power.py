# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password of a BMC is in what the module prints, and it asks anew where the machines stand."""

from __future__ import annotations

import json
from contextlib import contextmanager
from io import BytesIO

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.netboot.plugins.module_utils._power import standing, work
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


class Idle:
    """A BMC of a machine that is off and does what it is told."""

    power = "off"

    def __init__(self, _bmc):
        pass

    def state(self):
        return self.power

    def eject(self):
        return []

    def boot_once(self, _firmware, _boot):
        pass

    def on(self):
        self.power = "on"

    def close(self):
        pass


@pytest.mark.parametrize("stage", ["known", "kernel"])
def test_machine_that_has_begun_since_the_playbook_asked_is_left_alone(capsys, monkeypatch, stage):
    asked = []

    @contextmanager
    def open_url(url, **_how):
        asked.append(url)
        seen = {"name": "um790-1", "namespace": "tink-system", "stage": stage, "netboot": True}
        yield BytesIO(json.dumps({"machines": [seen]}).encode())

    monkeypatch.setattr(standing, "open_url", open_url)
    monkeypatch.setattr(work.redfish, "Redfish", Idle)
    given = {
        "machines": [{"name": "um790-1", "bmc": BMC, "stage": "known"}],
        "state": "network_boot",
        "url": "http://10.10.0.20:7080",
    }
    with patch_module_args(given), pytest.raises(SystemExit):
        machine_power.main()
    machine = json.loads(capsys.readouterr().out)["machines"]["um790-1"]
    assert asked == ["http://10.10.0.20:7080/api/v1/machines"]
    began = stage == "kernel"
    assert machine["left_alone"] == ("it is on its way (kernel)" if began else "")
    assert machine["steps"] == ([] if began else ["eject", "boot_once", "switch_on"])
