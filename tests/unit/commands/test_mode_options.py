# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags of DHCP modes: what they make, and that all that is wrong with them is told at once."""

from __future__ import annotations

import pytest

from _bootd.commands.arguments import UsageError, parse, settings_from
from _bootd.commands.mode_options import MAX_SCRIPT
from _bootd.process.settings import DHCP_MODES

SCRIPT = "#!ipxe\necho who are you, ${net0/mac}?\nshell\n"


def settings(*flags, environ=None):
    words = ["serve", "--store", "files:x", "--address", "10.10.0.20", *flags]
    return settings_from(parse(words, environ or {}))


def refused(*flags):
    with pytest.raises(UsageError) as error:
        settings(*flags)
    return str(error.value)


@pytest.mark.parametrize("mode", DHCP_MODES)
def test_every_mode(mode):
    made = settings("--dhcp-mode", mode)
    assert (made.dhcp_mode, made.proxy_port, made.dhcp_modes, made.unknown_script) == (mode, 4011, {}, "")


def test_modes_by_interface_and_subnet_also_from_the_environment():
    expected = {"eth1": "off", "10.20.0.0/24": "proxy"}
    assert settings("--dhcp-modes", "eth1=off,10.20.0.0/24=proxy").dhcp_modes == expected
    assert settings(environ={"BOOTD_DHCP_MODES": "eth1=off, 10.20.0.0/24=proxy"}).dhcp_modes == expected


def test_every_entry_that_is_wrong_is_told_with_all_else():
    told = refused("--dhcp-modes", "eth1=of,10.20.0.9/24=proxy", "--proxy-port", "x")
    assert "--proxy-port" in told
    assert "'eth1=of' should have a mode of reservation" in told
    assert "'10.20.0.9/24=proxy' does not begin with a subnet" in told


def test_a_mode_for_an_interface_that_is_not_listened_on_is_told():
    told = refused("--interface", "eth0", "--dhcp-modes", "eth1=off,eth0=proxy,10.0.0.0/8=off")
    what_to_do = "leave --interface out, or name subnets"
    assert told == f"--dhcp-modes eth1=off: bootd answers on --interface eth0 only; {what_to_do}"


@pytest.mark.parametrize("as_file", [True, False])
def test_the_script_of_unknown_machines(tmp_path, as_file):
    file = tmp_path / "unknown.ipxe"
    file.write_text(SCRIPT)
    given = str(file) if as_file else SCRIPT
    assert settings("--dhcp-mode", "auto-proxy", "--unknown-script", given).unknown_script == SCRIPT
    assert settings("--dhcp-modes", "eth1=auto-proxy", "--unknown-script", given).unknown_script == SCRIPT


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"echo hello\n", "its first line is not #!ipxe"),
        (b"", "its first line is not #!ipxe"),
        (b"#!ipxe-no\n", "its first line is not #!ipxe"),
        (b"#!ipxe\n" + b"#" * MAX_SCRIPT, f"it has more than {MAX_SCRIPT} bytes"),
        (b"#!ipxe\n\xff\n", "utf-8"),
        (None, "No such file"),
    ],
)
def test_what_is_no_script_is_told(tmp_path, content, told):
    file = tmp_path / "unknown.ipxe"
    if content is not None:
        file.write_bytes(content)
    message = refused("--dhcp-mode", "auto-proxy", "--unknown-script", str(file))
    assert told in message
    assert f"--unknown-script is {str(file)!r}" in message


def test_a_script_that_nobody_would_get_is_told():
    told = refused("--dhcp-mode", "proxy", "--unknown-script", SCRIPT)
    assert told == "--unknown-script goes with the mode auto-proxy: other modes boot no unknown machine"
