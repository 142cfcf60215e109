# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in installer takes from a configuration."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from lab.initramfs import SOURCES
from require import require

HOOKS = [
    {"event": "STARTED", "method": "put", "url": "http://10.10.0.20:7080/a?{{.MACAddr}}", "payload": '{"a": "it\'s"}'},
    {"event": "SUCCEEDED", "method": "POST", "url": "http://10.10.0.20:7080/b"},
]
CONFIG = {
    "scheme_version": 1,
    "os": {"device": "not this one", "webhooks": [{"event": "STARTED"}]},
    "install": {"mode": "create", "device": "/dev/nvme0n1", "webhooks": HOOKS, "iso_url": "http://10.10.0.2/x.iso"},
    "after": {"device": "nor this one"},
}


def settings(config: dict[str, object], **style: object) -> list[list[str]]:
    require("busybox")
    text = yaml.safe_dump(config, sort_keys=False, width=1000, **style)
    argv = ["busybox", "awk", "-f", str(SOURCES / "config.awk")]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("indent", [2, 4])
def test_config_gives_device_and_webhooks(indent):
    assert settings(CONFIG, indent=indent) == [
        ["device", "/dev/nvme0n1"],
        ["webhook", "STARTED", "PUT", HOOKS[0]["url"], HOOKS[0]["payload"]],
        ["webhook", "SUCCEEDED", "POST", HOOKS[1]["url"], ""],
    ]


def test_config_with_one_wrong_webhook_has_none():
    wrong = {**CONFIG["install"], "webhooks": [*HOOKS, {"event": "INSTALLED", "method": "POST", "url": "http://x/"}]}
    assert settings({"install": wrong}) == [["device", "/dev/nvme0n1"]]
