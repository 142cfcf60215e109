# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a port: real sockets of this process on loopback, and processes made up of files."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._node.port_holders import Holder, holders, is_taken
from ansible_collections.baremetal.netboot.plugins.modules.bootd_ports import ARGUMENTS, is_own, look

ADDRESS = "127.66.0.1"  # of loopback, and nobody else's: a port that is free just now stays free
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
BOOTD = ("python3", "/usr/local/bin/bootd", "serve")


@pytest.fixture(params=["tcp", "udp"])
def held(request):
    """A protocol, and a port of loopback that this process holds."""
    with socket.socket(socket.AF_INET, KINDS[request.param]) as one:
        one.bind((ADDRESS, 0))
        if request.param == "tcp":
            one.listen(1)
        yield request.param, one.getsockname()[1]


def params(**given):
    return {**{name: option.get("default") for name, option in ARGUMENTS.items()}, **given}


def free_ports():
    """Return four ports that nobody has just now, by option."""
    names = ("http_port", "tftp_port", "dhcp_port", "syslog_port")
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _unused in names]
    for one in sockets:
        one.bind((ADDRESS, 0))
    ports = {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}
    for one in sockets:
        one.close()
    return ports


def test_is_taken_while_somebody_has_it(held):
    protocol, port = held
    assert is_taken(protocol, ADDRESS, port)
    assert is_taken(protocol, "0.0.0.0", port)
    assert not is_taken(protocol, "127.0.0.2", port)


def test_is_taken_says_nothing_of_other_hindrances():
    assert not is_taken("udp", "192.0.2.1", 6767)
    assert not is_taken("udp", ADDRESS, 6767, "no-such-interface")


def test_holders_names_this_process(held):
    (found,) = holders(*held)
    assert found.pid == os.getpid()
    assert not found.is_bootd


def test_holders_are_listeners_and_not_their_clients():
    with socket.create_server((ADDRESS, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((ADDRESS, port)), server.accept()[0]:
            server.close()
            assert holders("tcp", port) == []


def test_holders_has_none_where_processes_hide(tmp_path):
    (tmp_path / "net").mkdir()
    line = "0: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n"
    (tmp_path / "net/udp").write_text(f"head\n{line}")
    assert holders("udp", 67, tmp_path) == []
    process = tmp_path / "12"
    (process / "fd").mkdir(parents=True)
    (process / "fd/3").symlink_to("socket:[4711]")
    for name, content in {
        "cmdline": "dnsmasq\0-k\0",
        "comm": "dnsmasq\n",
        "cgroup": "0::/x\n",
        "environ": "A=1\0",
    }.items():
        (process / name).write_text(content)
    assert holders("udp", 67, tmp_path) == [Holder(12, "dnsmasq", ("dnsmasq", "-k"), "0::/x\n")]
    assert holders("udp", 68, tmp_path) == []
    (process / "environ").write_text("A=1\0KUBERNETES_SERVICE_HOST=10.96.0.1\0")
    assert holders("udp", 67, tmp_path)[0].in_pod


SERVICE = Holder(7, "python3", BOOTD, "0::/system.slice/bootd.service")
# As roles/bootd/files/bootd starts it in the image.
IN_IMAGE = ("python3", "-I", "/opt/bootd/lib", "serve")
POD = Holder(7, "python3", IN_IMAGE, "0::/kubepods.slice/cri-containerd-1.scope", in_pod=True)


@pytest.mark.parametrize(("manager", "own", "other"), [("systemd", SERVICE, POD), ("kubernetes", POD, SERVICE)])
def test_is_own_where_its_service_manager_runs_it(manager, own, other):
    assert is_own(own, manager, 0)
    assert not is_own(other, manager, 0)
    assert not is_own(replace(own, command=("nginx",)), manager, 0)


def test_is_own_in_the_foreground_by_its_number():
    assert is_own(Holder(7, "python3", BOOTD, ""), "foreground", 7)
    assert not is_own(Holder(8, "python3", BOOTD, ""), "foreground", 7)


def test_look_tells_port_holder_and_what_to_do(held):
    protocol, port = held
    name = {"tcp": "http", "udp": "tftp"}[protocol]
    given = params(service_manager="foreground", bind=ADDRESS, **{**free_ports(), f"{name}_port": port})
    found, (told,) = look(given, 0)
    assert told["what"].startswith(f"{protocol.upper()} port {port} ({name}) is held by ")
    assert told["what"].endswith(f"(process {os.getpid()})")
    assert told["remedy"].startswith("stop it")
    assert told["who"] == "node"
    assert [item["name"] for item in found if not item["free"]] == [name]
    assert look(given, os.getpid())[1] == []


def test_look_leaves_the_dhcp_port_alone_where_dhcp_is_off(held):
    protocol, port = held
    given = {**params(service_manager="systemd", bind=ADDRESS), **free_ports()}
    names = [item["name"] for item in look({**given, "dhcp_mode": "off"}, 0)[0]]
    assert names == ["http", "tftp", "syslog"]
    assert [item["name"] for item in look(given, 0)[0]] == [*names, "dhcp"]
    unquoted = {**given, "dhcp_mode": "off", "dhcp_modes": {"eth1": False}}
    assert [item["name"] for item in look(unquoted, 0)[0]] == names
    beside = {**given, "dhcp_mode": "off", "dhcp_modes": {"eth1": "proxy"}, "proxy_port": free_ports()["dhcp_port"]}
    assert [item["name"] for item in look(beside, 0)[0]] == [*names, "dhcp", "proxy"]
    if protocol == "udp":
        assert look({**given, "dhcp_port": port}, 0)[1]
        assert not look({**given, "dhcp_port": port, "dhcp_mode": "off"}, 0)[1]
