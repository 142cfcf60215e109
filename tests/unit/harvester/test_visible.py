# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diff shows all of a configuration that is known to be harmless, and never what may be a password."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import (
    CONFIGURATION,
    SCALARS,
    Field,
    Items,
    Named,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.visible import visible

CANARY = "canary-5f3a9e"
HIDDEN, ANOTHER = "(hidden)", "(hidden, another)"
WHOLE: dict[str, Any] = {
    "scheme_version": 1,
    "token": CANARY,
    "sans": ["cluster.example.org"],
    "os": {
        "hostname": "um790-1",
        "password": f"$6${CANARY}",
        "ssh_authorized_keys": ["ssh-ed25519 AAAA me@laptop", "github:me"],
        "write_files": [{"path": "/etc/x", "permissions": "0600", "content": CANARY}],
        "environment": {"http_proxy": f"http://me:{CANARY}@proxy", "LANG": CANARY},
        "labels": {"rack": "r1", "gpu": True},
        "sshd": {"sftp": True},
        "after_install_chroot_commands": [f"echo {CANARY}"],
        "additionalKernelArguments": f"token={CANARY}",
        "externalStorageConfig": {"enabled": True, "multiPathConfig": [{"vendor": "a", "product": "b"}]},
        "wifi": [{"name": "lan", "passphrase": CANARY}],
    },
    "install": {
        "mode": "create",
        "vip": "10.10.0.10",
        "iso_url": "http://10.10.0.2/harvester.iso",
        "config_url": f"http://10.10.0.2/config?token={CANARY}",
        "management_interface": {"method": "static", "mtu": 9000, "interfaces": [{"hwAddr": "52:54:00:00:00:01"}]},
        "addons": {"rancher_logging": {"enabled": True, "values_content": CANARY}},
        "webhooks": [
            {
                "event": "STARTED",
                "method": "POST",
                "url": f"http://h/{CANARY}",
                "headers": {"Authorization": [CANARY]},
                "basicAuth": {"user": "me", "password": CANARY},
            }
        ],
    },
    "system_settings": {
        "log-level": "debug",
        "containerd-registry": CANARY,
        "backup-target": CANARY,
        "http-proxy": CANARY,
        "not-known-here": CANARY,
    },
}
SHOWN: dict[str, Any] = {
    "scheme_version": 1,
    "token": HIDDEN,
    "sans": ["cluster.example.org"],
    "os": {
        "hostname": "um790-1",
        "password": HIDDEN,
        "ssh_authorized_keys": ["ssh-ed25519 AAAA me@laptop", "github:me"],
        "write_files": [{"path": "/etc/x", "permissions": "0600", "content": HIDDEN}],
        "environment": {"http_proxy": HIDDEN, "LANG": HIDDEN},
        "labels": {"rack": "r1", "gpu": True},
        "sshd": {"sftp": True},
        "after_install_chroot_commands": HIDDEN,
        "additionalKernelArguments": HIDDEN,
        "externalStorageConfig": {"enabled": True, "multiPathConfig": [{"vendor": "a", "product": "b"}]},
        "wifi": [{"name": "lan", "passphrase": HIDDEN}],
    },
    "install": {
        "mode": "create",
        "vip": "10.10.0.10",
        "iso_url": "http://10.10.0.2/harvester.iso",
        "config_url": HIDDEN,
        "management_interface": {"method": "static", "mtu": 9000, "interfaces": [{"hwAddr": "52:54:00:00:00:01"}]},
        "addons": {"rancher_logging": {"enabled": True, "values_content": HIDDEN}},
        "webhooks": [
            {
                "event": "STARTED",
                "method": "POST",
                "url": HIDDEN,
                "headers": {"Authorization": HIDDEN},
                "basicAuth": {"user": "me", "password": HIDDEN},
            }
        ],
    },
    "system_settings": {
        "log-level": "debug",
        "containerd-registry": HIDDEN,
        "backup-target": HIDDEN,
        "http-proxy": HIDDEN,
        "not-known-here": HIDDEN,
    },
}


def test_visible_is_all_but_what_may_be_secret():
    assert visible(WHOLE) == SHOWN


def test_visible_says_that_a_secret_is_another_one_and_not_which():
    before = copy.deepcopy(WHOLE)
    before["token"] = "old"
    before["os"]["write_files"][0]["content"] = "old"
    before["install"]["webhooks"][0]["headers"]["Authorization"] = ["old"]
    shown = visible(WHOLE, before)
    assert shown["token"] == ANOTHER
    assert shown["os"]["write_files"][0]["content"] == ANOTHER
    assert shown["install"]["webhooks"][0]["headers"]["Authorization"] == ANOTHER
    assert shown["os"]["password"] == HIDDEN


@pytest.mark.parametrize(
    "document",
    [
        {"machine": {"token": CANARY, "ca": {"key": CANARY}}, "cluster": {"id": CANARY}},  # Talos
        {"users": [{"name": CANARY, "passwd": CANARY}], "runcmd": [CANARY], "ssh_pwauth": True},  # cloud-init
        {"os": CANARY, "install": [CANARY]},
        {
            "os": {
                "hostname": {"x": CANARY},
                "ntp_servers": [{"x": CANARY}],
                "labels": {"a": [CANARY]},
                "ssh_authorized_keys": f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
            }
        },
        {"os": {"passwords": CANARY, "pin": 5}, "toke": CANARY},
        {"install": {"server_url": CANARY, "sans": [CANARY], "iso_url": f"https://me:{CANARY}@h/x.iso"}},
    ],
)
def test_visible_shows_names_only_of_what_it_does_not_know(document):
    shown = str(visible(document))
    assert CANARY not in shown
    assert all(key in shown for key in document)
    assert "'pin': 5" not in shown


def test_visible_shows_switches_of_any_format():
    assert visible({"ssh_pwauth": True, "x": None, "y": 7}) == {"ssh_pwauth": True, "x": None, "y": HIDDEN}


def fields(shape: Any, path: str = "") -> list[tuple[str, Field]]:
    """Return all fields of the table that hold values, by their paths."""
    found = []
    for name, field in (shape.fields if isinstance(shape, (Items, Named)) else shape).items():
        below = f"{path}.{name}".lstrip(".")
        inner = field.shape
        found += [(below, field)] if isinstance(inner, str) else fields(inner, below)
    return found


def test_secret_are_these_fields_and_no_others():
    assert {path for path, field in fields(CONFIGURATION) if field.secret} == {
        "token",
        "os.writeFiles.content",
        "os.wifi.passphrase",
        "os.password",
        "os.environment",
        "os.afterInstallChrootCommands",
        "os.additionalKernelArguments",
        "install.addons.valuesContent",
        "install.webhooks.headers",
        "install.webhooks.url",
        "install.webhooks.payload",
        "install.webhooks.basicAuth.password",
        "systemSettings",
    }
    assert [path for path, field in fields(CONFIGURATION) if field.secret_name] == ["systemSettings"]
    assert CONFIGURATION["systemSettings"].shape == SCALARS


@given(st.recursive(st.just(CANARY), lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(max_size=5), x)))
def test_visible_of_a_secret_is_a_word_whatever_its_shape(value):
    for document in ({"token": value}, {"unheard": value}, {"os": {"password": value}}):
        assert CANARY not in str(visible(document))
