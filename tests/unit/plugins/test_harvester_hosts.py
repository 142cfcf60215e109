# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of an inventory get a configuration of Harvester's."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import is_harvester
from samples import howto

URL = "harvester.install.config_url=http://10.10.0.2/config.yaml"
OWN = yaml.safe_load(howto.HARDWARE)


@pytest.mark.parametrize(
    "variables",
    [
        {"netboot_os": "harvester"},
        {"netboot_os": {"distro": "Harvester", "version": "v1.8.2"}, "netboot_kernel_args": "console=ttyS0"},
        {"netboot_hardware": {"spec": {"metadata": {"instance": {"operating_system": {"distro": "harvester"}}}}}},
    ],
)
def test_host_that_installs_harvester_gets_one(variables):
    assert is_harvester(variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"netboot_os": "debian"},
        {"netboot_os": "harvester", "netboot_config_url": "http://10.10.0.2/config.yaml"},
        {"netboot_os": "harvester", "netboot_kernel_args": f"console=tty1 {URL}"},
        {"netboot_os": "harvester", "netboot_kernel_args": ["console=tty1", URL]},
        {"netboot_os": "harvester", "netboot_userdata": URL},
        {"netboot_hardware": OWN},
    ],
)
def test_host_that_has_its_own_or_installs_something_else_gets_none(variables):
    assert not is_harvester(variables)
