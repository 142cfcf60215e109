# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the stand-in installer reads a configuration, and what it refuses."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from lab.initramfs import SOURCES
from programs.require import require

HOOKS = [
    {"event": "STARTED", "method": "put", "url": "http://10.10.0.20:7080/a?{{.MACAddr}}", "payload": '{"a": "it\'s"}'},
    {"event": "SUCCEEDED", "method": "POST", "url": "http://10.10.0.20:7080/b", "headers": {"X-A": ["b"]}},
]
CONFIG = {
    "scheme_version": 1,
    "os": {
        "hostname": "um790-1",
        "password": "$6$salt$a'b\"c",
        "labels": {"topology.kubernetes.io/zone": "a"},
        "dns_nameservers": ["10.10.0.1", "10.10.0.2"],
    },
    "install": {
        "mode": "create",
        "device": "/dev/nvme0n1",
        "management_interface": {"interfaces": [{"hwAddr": "58:47:ca:71:d8:49"}], "bond_options": {}},
        "webhooks": HOOKS,
        "wipe_disks_list": [],
    },
}
READ = {
    "scheme_version": "1",
    "os.hostname": "um790-1",
    "os.password": "$6$salt$a'b\"c",
    "os.labels.topology.kubernetes.io/zone": "a",
    "os.dns_nameservers[0]": "10.10.0.1",
    "os.dns_nameservers[1]": "10.10.0.2",
    "install.mode": "create",
    "install.device": "/dev/nvme0n1",
    "install.management_interface.interfaces[0].hwAddr": "58:47:ca:71:d8:49",
    "install.management_interface.bond_options": "",
    "install.webhooks[0].event": "STARTED",
    "install.webhooks[0].method": "put",
    "install.webhooks[0].url": HOOKS[0]["url"],
    "install.webhooks[0].payload": HOOKS[0]["payload"],
    "install.webhooks[1].event": "SUCCEEDED",
    "install.webhooks[1].method": "POST",
    "install.webhooks[1].url": HOOKS[1]["url"],
    "install.webhooks[1].headers.X-A[0]": "b",
    "install.wipe_disks_list": "",
}


class Indented(yaml.SafeDumper):
    """Writes lists as most people do: indented below their key."""

    def increase_indent(self, flow: bool = False, **_unused: bool) -> None:
        super().increase_indent(flow, False)


def read(text: str) -> subprocess.CompletedProcess[str]:
    require("busybox")
    argv = ["busybox", "awk", "-f", str(SOURCES / "configuration.awk"), str(SOURCES / "keys"), "-"]
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("dumper", [yaml.SafeDumper, Indented])
@pytest.mark.parametrize("indent", [2, 4])
def test_configuration_is_read_as_paths_and_values(indent, dumper):
    done = read(yaml.dump(CONFIG, Dumper=dumper, sort_keys=False, width=1000, indent=indent))
    assert done.stderr == ""
    assert dict(line.split("\t") for line in done.stdout.splitlines()) == READ


def test_configuration_may_have_comments_and_blocks():
    text = "#cloud-config\nos:\n  write_files:  # two\n\n  - content: |\n      a: b\n\n      c\n    path: /etc/a\n"
    assert read(text).stdout == "os.write_files[0].content\ta: b  c\nos.write_files[0].path\t/etc/a\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("install:\n  devise: /dev/sda\n", "line 2: install.devise: unknown key"),
        ("vip: 10.10.0.30\n", "vip: unknown key"),
        ("install:\n  mode: create\n  webhooks:\n  - evnt: STARTED\n", "install.webhooks[0].evnt: unknown key"),
        ("install:\n  mode: create\n  mode: join\n", "install.mode: twice"),
        ("install:\n    mode: create\n  device: /dev/sda\n", "indented as nothing before it"),
        ("install: {mode: create}\n", "cannot read {mode: create}"),
        ("install:\n\tmode: create\n", "a tab"),
        ("<html>not found</html>\n", "no key"),
        ("", "nothing in it"),
    ],
)
def test_configuration_that_can_not_be_right_is_refused(text, told):
    done = read(text)
    assert done.returncode == 1
    assert told in done.stderr
