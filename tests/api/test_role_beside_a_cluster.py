# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role has bootd run on a host with its machines in a cluster, as beside KinD."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from api.site import MACHINE, Site

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
ADDRESS = "127.0.10.7"
READY = f"http://{ADDRESS}:7080/readyz"
PLAY = """\
- hosts: all
  gather_facts: false
  roles: [baremetal.netboot.bootd]
"""


@pytest.fixture
def role(site: Site, tmp_path: Path):
    """Return a function that runs the role and returns how many tasks changed something; bootd is gone afterwards."""
    home = tmp_path / "host"
    home.mkdir()
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    given = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "bootd_service_manager": "foreground",
        "bootd_store": f"kubernetes:{site.namespace}",
        "bootd_kubeconfig": str(site.api.kubeconfig),
        "bootd_address": ADDRESS,
        "bootd_bind": ADDRESS,
        "bootd_interface": "lo",
        "bootd_tftp_port": 6969,
        "bootd_dhcp_port": 6767,
        "bootd_syslog_port": 5514,
        "bootd_settings": {"router_advertisements": False},
        "bootd_packages": [],
        "bootd_boot_programs": [],
        "bootd_python": sys.executable,
        "bootd_ready_checks": False,
        "bootd_install_dir": str(home / "bootd"),
        "bootd_state_dir": str(home / "state"),
        "bootd_pid_file": str(home / "pid"),
        "bootd_log_file": str(home / "log"),
    }
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"), "LC_ALL": "C.UTF-8"}

    def run(*options: str, **more: object) -> int:
        argv = [PROGRAMS / "ansible-playbook", "-i", "host,", "-e", json.dumps({**given, **more}), *options, "play.yml"]
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(re.search(r"changed=(\d+)", done.stdout)[1])

    yield run
    run(bootd_state="absent", bootd_purge=True)
    assert list(home.iterdir()) == []


def test_role_has_a_host_serve_the_machines_of_a_cluster(role, site, tmp_path):
    assert role("--check") > 0
    assert role() > 0
    with urlopen(READY, timeout=5) as answer:
        ready = json.load(answer)
    assert (ready["ready"], ready["machines"]) == (True, 1)
    assert site.machine(MACHINE)["metadata"]["namespace"] == site.namespace
    assert sorted(path.name for path in (tmp_path / "host").iterdir()) == ["bootd", "log", "pid", "state"]
    assert not [path for path in tmp_path.rglob("*") if "kubernetes:" in path.name]
    assert role() == 0
