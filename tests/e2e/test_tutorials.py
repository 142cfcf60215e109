# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorials with one machine: what they have their reader type is typed, and what they say is seen.

The machine has a BIOS: what a BIOS machine is told, by bootd alone and beside another DHCP server, is looked at here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from docsite.alone import commands, typed
from lab import artifacts, bootd, bootstrap
from lab.leases import leases
from lab.machine import Machine
from lab.network import Lab
from lab.tutorial import ROOT, Tutorial
from programs.require import require
from servers.debian_mirror import DebianMirror
from steps.lock_files import CONTROLLER, HOST, pins

SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
POWER = ("baremetal.netboot.provision", "TASK [Wait until the machines have phoned home]")
EXPLAINED = ("bootd explain um790-1", "netboot is off for um790-1: it is installed")
VERSION = "v1.7.1"


class Reader:
    """Somebody with a host, a machine that is off, and a release."""

    def __init__(self, lab: Lab, files: Path, directory: Path) -> None:
        bootstrap.lay_out(lab)
        self._lab, self._directory = lab, directory
        artifacts.publish(files, directory / "release", VERSION)
        self.machine = Machine(lab, directory, "um790-1", "58:47:ca:71:d8:49", "bios")

    def follow(self, name: str) -> dict[str, object]:
        """Do what a tutorial says; whatever is not as it says is shown.

        Returns what bootd's API says of the machine when it is explained: later on bootd may have been taken away.
        """
        known: dict[str, object] = {}
        images = {
            # With a line for each packet, which no reader of the tutorial needs.
            "bootd_settings": {"image_dir": str(self._directory / "images"), "log_level": "debug"},
            "image_server_releases": [{"version": VERSION, "source": str(self._directory / "release")}],
        }
        tutorial = Tutorial(self._lab, name, self._directory, images)
        wrong = tutorial.run(
            {POWER: self.machine.power_on, EXPLAINED: lambda: known.update(bootd.machines(self._lab)[0])}
        )
        assert not wrong, "\n".join(wrong)
        return known

    def is_bootd_gone(self) -> bool:
        """Whether nobody answers in bootd's place, and nothing of its programs is left."""
        return bootd.machines(self._lab) == [] and not (self._directory / "node/opt").exists()

    def sent(self) -> list[dict[str, object]]:
        """The lines of bootd's log about the DHCP messages that it sent to the machine itself, oldest first."""
        lines = (self._directory / "node/bootd.log").read_text(encoding="utf-8").splitlines()
        sent = [line for line in map(json.loads, lines) if line.get("event") == "send"]
        return [line for line in sent if not line.get("rehearsal")]


@pytest.fixture
def reader(files: Path, tmp_path: Path) -> Iterator[Reader]:
    with Lab() as lab:
        yield Reader(lab, files, tmp_path)


@pytest.fixture
def reader_beside_dnsmasq(files: Path, tmp_path: Path) -> Iterator[Reader]:
    with Lab() as lab:
        reader = Reader(lab, files, tmp_path)
        bootstrap.start_leases(lab, bootstrap.ROUTER, tmp_path, "--port=0")
        yield reader


def test_one_machine(reader, tmp_path):
    known = reader.follow("one-machine")
    assert len((tmp_path / "password.txt").read_text().strip()) == 20
    # iPXE is the firmware: it asks for its script after the restart too, and is told to boot the disk.
    assert [line.get("filename", "") for line in leases(reader.sent())] == [SCRIPT, "", SCRIPT, ""]
    assert [step["stage"] for step in known["stages"]] == [
        *("known", "offered", "script", "kernel", "installing", "installed", "ready"),
    ]
    assert all(before["at"] <= after["at"] for before, after in pairwise(known["stages"]))
    assert (known["netboot"], known["attempt"], known["firmware"]) == (False, 1, "bios")
    assert known["facts"]["serial"] == "um790-1"
    assert reader.is_bootd_gone()


def test_beside_a_dhcp_server(reader_beside_dnsmasq):
    reader = reader_beside_dnsmasq
    known = reader.follow("beside-a-dhcp-server")
    # After the restart netboot is off, and the script says to boot the disk.
    assert "Booting from SAN device 0x80" in reader.machine.console
    assert [line for line in reader.sent() if "address" in line] == []
    assert {(line["type"], line.get("filename", "")) for line in reader.sent()} == {("DHCPOFFER", SCRIPT)}
    assert (known["netboot"], known["firmware"]) == (False, "bios")


def locked(directory: Path) -> Path:
    """Return a file by which pip takes the releases that were tested."""
    file = directory / "constraints.txt"
    file.write_text(
        "".join(f"{name}=={version}\n" for lock in (HOST, CONTROLLER) for name, version in pins(lock).items())
    )
    return file


# Of this process, /opt is a new one, in which what the old one has is found by links: an index of packages, say.
OPT_OF_ITS_OWN = [
    "mkdir opt && mount --rbind /opt opt && mount -t tmpfs none /opt",
    'find "$PWD/opt" -mindepth 1 -maxdepth 1 -exec ln -s {} /opt/ ";"',
]


def test_ansible_is_had_as_one_machine_says(tmp_path):
    require("root", "apt-get", "dpkg-deb", "unshare")
    debian = DebianMirror(tmp_path, ["python3-venv"])
    typed(["apt-get update"], tmp_path, **debian.environment)
    pip = {"PIP_CONSTRAINT": str(locked(tmp_path)), "PIP_NO_COMPILE": "1", "PIP_CACHE_DIR": f"{Path.home()}/.cache/pip"}
    lines = commands("one-machine", "apt-get install", "python3 -m venv", ". /opt", "pip install")
    said = typed(
        [*OPT_OF_ITS_OWN, *lines, "which ansible-playbook", "ansible-playbook --version"],
        tmp_path,
        before=["unshare", "--mount"],
        **debian.environment,
        **pip,
    )
    assert debian.installed() == ["python3-venv"]
    assert said.split("/opt/ansible/bin/ansible-playbook\n")[1].startswith("ansible-playbook [core ")
    assert not Path("/opt/ansible").exists()


def test_air_gapped(files, tmp_path):
    """The first half fetches what the locks name; the second has no connection."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    carry = tmp_path / "carry"
    subprocess.run([galaxy, "collection", "build", "--output-path", carry / "collections", ROOT], check=True)
    artifacts.publish(files, carry / "images", VERSION)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        at_site = {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "bootd_python": "",  # an environment of its own, from what was carried
            "bootd_settings": {"image_dir": str(tmp_path / "images")},
        }
        # pip is to say nothing of what this host has set for it.
        environment = {"PIP_CONSTRAINT": str(locked(tmp_path)), "PIP_QUIET": "2"}
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path / "collections")
        tutorial = Tutorial(lab, "air-gapped", tmp_path, at_site, environment)
        wrong = tutorial.run({}, inside_from="python3 -m venv ansible")
        assert not wrong, "\n".join(wrong)
