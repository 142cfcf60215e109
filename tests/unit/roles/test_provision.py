# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook provision, in check mode: what is told, what is shown before anything is fetched, and --limit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.20:7080/images",
    "harvester_vip": "10.10.0.30",
    "harvester_password": "correct horse",
}
WRITTEN = re.compile(r"^\+\+\+ after: (.+)$", re.MULTILINE)


def provision(directory: Path, *arguments: str, **common: Any) -> subprocess.CompletedProcess[str]:
    """Run the playbook in check mode; the images would come from where there are none."""
    bootstrap = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "bootd_address": "10.10.0.20",
        "bootd_service_manager": "foreground",
        "bootd_python": sys.executable,
        "bootd_store": f"files:{directory}/hardware",
        "bootd_config_dir": f"{directory}/configurations",
        "bootd_settings": {"image_dir": f"{directory}/images"},
        "hardware_file_group": "root",
        "image_server_source": f"{directory}/nothing",
        "image_server_releases": [{"version": "v1.8.2"}],
    }
    machines = {
        "um790-1": {"netboot_mac": "58:47:ca:71:d8:49", "netboot_ip": "10.10.0.16"},
        "um790-2": {"netboot_mac": "58:47:ca:71:d8:4a", "netboot_ip": "10.10.0.17"},
    }
    groups = {
        "netboot_bootstrap": {"hosts": {"bootstrap": bootstrap}},
        "netboot_machines": {"hosts": machines, "vars": {**COMMON, **common}},
    }
    (directory / "inventory.json").write_text(json.dumps(groups), encoding="utf-8")
    (directory / "configurations").mkdir()
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    argv = ["-i", "inventory.json", "baremetal.netboot.provision", "--check", "--diff", *arguments]
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", *argv],
        cwd=directory,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def objects_in(text: str) -> list[str]:
    return [path.rpartition("/")[2] for path in WRITTEN.findall(text) if "/hardware/" in path]


def test_objects_are_shown_before_anything_is_fetched(tmp_path):
    done = provision(tmp_path)
    assert objects_in(done.stdout) == ["um790-1.yaml", "um790-2.yaml"]
    assert done.stdout.index("um790-2.yaml") < done.stdout.index("Have the images")
    assert "correct horse" not in done.stdout + done.stderr


def test_limit_does_the_machines_within_it_alone(tmp_path):
    done = provision(tmp_path, "--limit", "um790-2,bootstrap", "-e", "hardware_prune=true", netboot_reprovision="now")
    assert objects_in(done.stdout) == ["um790-2.yaml"]
    assert "netboot.baremetal/after: um790-1" in done.stdout


def test_limit_without_the_host_of_bootd_ends_with_what_to_write(tmp_path):
    done = provision(tmp_path, "--limit", "um790-2")
    assert done.returncode == 2
    assert "write --limit um790-2,bootstrap" in done.stdout
    assert objects_in(done.stdout) == []


def test_everything_that_is_wrong_is_told_once_and_nothing_else_happens(tmp_path):
    done = provision(tmp_path, harvester_data_disk="/dev/sdb", harvester_vip="10.10.0.1", netboot_os_version="1.8.2")
    said = done.stdout + done.stderr
    lines = [
        "  um790-1, um790-2 harvester_data_disk: unknown",
        "      should this be harvester_config.install.data_disk?",
        '  um790-1, um790-2 harvester_vip: "10.10.0.1": is the gateway of um790-1',
        "      should be one that nobody else has",
    ]
    assert [line for line in said.splitlines() if line in lines] == lines
    assert [said.count(line) for line in lines] == [1, 1, 1, 1]
    assert said.count("releases begin with a v") == 1
    assert done.returncode == 2
    assert "PLAY [Boot the machines]" not in said
