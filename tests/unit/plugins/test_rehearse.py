# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module's options may be, and what it says of many problems."""

from __future__ import annotations

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.netboot.plugins.modules import rehearse
from ansible_collections.baremetal.netboot.plugins.modules.rehearse import (
    MAX_NAMED,
    BadOption,
    bootd_at,
    checked,
    message,
    read,
)

PROBLEM = {"what": "it has no kernel", "where": "um790-1, kernel", "remedy": "put it there", "who": "node"}


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://10.10.0.20:7080", "http://10.10.0.20:7080"),
        ("http://10.10.0.20:7080/", "http://10.10.0.20:7080"),
        ("http://10.10.0.20", "http://10.10.0.20:80"),
    ],
)
def test_url(url, base):
    found = bootd_at(url, 69)
    assert (found.address, found.http_base) == ("10.10.0.20", base)


@pytest.mark.parametrize(
    "url", ["", "10.10.0.20:7080", "https://10.10.0.20", "http://10.10.0.20/images", "http://", "http://10.10.0.20:x"]
)
def test_url_that_is_none_of_bootd_is_named(url):
    with pytest.raises(BadOption, match="url: "):
        bootd_at(url, 69)


def test_checksums():
    given = {"vmlinuz": f"sha256:{'ab' * 32}", "http://h/initrd": f"sha512:{'CD' * 64}"}
    assert checked(given) == given


@pytest.mark.parametrize("value", ["", "ab" * 32, "md5:" + "ab" * 16, "sha256:abc", "sha512:" + "ab" * 32, 7])
def test_checksum_that_is_none_is_named(value):
    with pytest.raises(BadOption, match=r"checksums\[vmlinuz\]: "):
        checked({"vmlinuz": value})


def test_all_that_is_wrong_with_the_options_is_told_at_once():
    with pytest.raises(BadOption) as told:
        read(
            {
                "url": "10.10.0.20:7080",
                "tftp_port": 69,
                "checksums": {"a": "md5:1", "b": "x"},
                "interface": "eth0",
                "dhcp_mode": "reservation",
                "dhcp_modes": {"10.10.0.0/24": "prox"},
            }
        )
    names = [line.partition(":")[0] for line in str(told.value).splitlines()]
    assert names == ["url", "checksums[a]", "checksums[b]", "dhcp_modes"]


def test_modes_are_read_as_yaml_has_them():
    """It reads off without quotes as false."""
    params = {"url": "http://127.0.0.1:7080", "tftp_port": 69, "checksums": {}, "interface": "eth0"}
    _bootd, _checksums, where = read({**params, "dhcp_mode": "proxy", "dhcp_modes": {"eth0": False}})
    assert where.mode_of("10.10.0.16") == "off"


def test_message_has_the_first_problems_and_counts_the_others():
    assert message([PROBLEM]) == "um790-1, kernel: it has no kernel; put it there"
    lines = message([PROBLEM] * (MAX_NAMED + 3)).splitlines()
    assert (len(lines), lines[-1]) == (MAX_NAMED + 1, "and 3 more: see problems and table")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no URL", None])
def test_objects_are_not_sent_back_for_there_are_secrets_in_them(capsys, monkeypatch, url):
    monkeypatch.setattr(rehearse, "HAS_TFTPY", True)
    machine = {"metadata": {"name": "um790-1"}, "spec": {"userData": "a-word-that-nobody-may-read"}}
    arguments = {"machines": [machine], "interface": "eth0", "fail": False, **({"url": url} if url else {})}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        rehearse.main()
    told = capsys.readouterr().out
    assert "a-word-that-nobody-may-read" not in told
