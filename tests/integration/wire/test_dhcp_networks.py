# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP through a relay, on several interfaces, beside a second address, and without the right to raw sockets."""

from __future__ import annotations

import json
import re
from base64 import b64decode

import pytest

from _bootd.dhcp.options import sub_options
from programs.require import require
from servers.dhcp_lab import SERVER, dhcp_lab, remembered

RELAY, BEHIND = "10.10.0.30", "192.168.77"


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "dhcrelay", "tcpdump")
    with dhcp_lab(tmp_path) as lab:
        yield lab


@pytest.fixture
def remote(lab):
    """A machine behind a relay: its name and MAC."""
    name, mac = lab.reserve(f"{BEHIND}.50")
    lab.lab.host("relay", f"{RELAY}/24")
    lab.lab.host(name)
    lab.lab.run(name, ["ip", "link", "delete", "eth0"])
    lab.lab.attach("relay", "eth1", name, "eth0", f"{BEHIND}.1/24")
    lab.set_mac(name, mac)
    lab.lab.run("boot", ["ip", "route", "add", f"{BEHIND}.0/24", "via", RELAY])
    return name, mac


def test_relay_gets_its_option_82_back(lab, remote):
    """With -a and -D the relay drops every reply whose option 82 is not its own, bit for bit."""
    name, mac = remote
    with lab.relay("relay", "eth1", "-a", "-D"), lab.bootd("--interface", "eth0") as bootd:
        with lab.replies("relay", count=2) as replies:
            lease = lab.udhcpc(name)
        assert (lease["ip"], lease["serverid"]) == (f"{BEHIND}.50", SERVER)
        received, sent = bootd.line(event="recv", mac=mac), bootd.line(event="send", mac=mac)
        assert received["via"] == sent["via"] == f"{BEHIND}.1"
        assert received["circuitID"] == "eth1"
        assert received["option(82)"] == sent["option(82)"]
        assert sub_options(b64decode(sent["option(82)"]))[1] == b"eth1"
        # At giaddr port 67, from the address that machines know, though the interface has another one before it.
        for line in replies:
            assert re.search(rf" {re.escape(SERVER)}\.67 > {re.escape(BEHIND)}\.1\.67: ", line), line


def test_relay_without_option_82(lab, remote):
    name, mac = remote
    with lab.relay("relay", "eth1"), lab.bootd() as bootd:
        assert lab.udhcpc(name)["ip"] == f"{BEHIND}.50"
        assert "option(82)" not in bootd.line(event="send", mac=mac)


def test_relay_carries_a_refusal(lab, remote):
    name, _mac = remote
    with lab.relay("relay", "eth1", "-a", "-D"), lab.bootd():
        said = lab.dhclient(name, remembered("10.10.0.77", "10.10.0.99"))
        assert "DHCPNAK from" in said
        assert f"bound to {BEHIND}.50" in said


@pytest.fixture
def two_networks(lab):
    """A machine on the switch, and one on a cable of its own to the bootstrap node."""
    near, near_mac = lab.reserve("10.10.0.60")
    far, far_mac = lab.reserve("10.20.0.60")
    lab.plug(near, near_mac)
    lab.lab.host(far)
    lab.lab.run(far, ["ip", "link", "delete", "eth0"])
    lab.lab.attach("boot", "eth1", far, "eth0", "10.20.0.20/24")
    lab.set_mac(far, far_mac)
    return near, far


@pytest.mark.parametrize("broadcast", [(), ("-B",)])
def test_replies_leave_by_the_interface_the_request_came_in_on(lab, two_networks, broadcast):
    near, far = two_networks
    with lab.bootd() as bootd:
        for host, address, interface in ((near, "10.10.0.60", "eth0"), (far, "10.20.0.60", "eth1")):
            lease = lab.udhcpc(host, *broadcast)
            assert (lease["ip"], lease["serverid"]) == (address, SERVER)
            assert bootd.line(event="send", machine=host)["iface"] == interface


def test_one_interface_only(lab, two_networks):
    near, far = two_networks
    with lab.bootd("--interface", "eth0") as bootd:
        assert lab.udhcpc(far, "-t", "2", "-T", "1") == {}
        assert lab.udhcpc(near)["ip"] == "10.10.0.60"
        assert not bootd.lines(machine=far)


def lay_again(lab, interface="eth1", host="far", address="10.20.0.20/24"):
    """Lay the cable between ``boot`` and ``host`` again, as new interfaces with new indexes."""
    lab.lab.attach("boot", interface, host, "eth0", address)


@pytest.fixture
def far(lab):
    """A machine on a cable of its own, eth1 of the bootstrap node: its name and MAC."""
    name, mac = lab.reserve("10.20.0.60")
    lab.lab.host(name)
    lab.lab.run(name, ["ip", "link", "delete", "eth0"])
    lay_again(lab, host=name)
    lab.set_mac(name, mac)
    return name, mac


@pytest.mark.parametrize("prefix", [(), ("setpriv", "--bounding-set=-net_raw")])
def test_interface_that_is_deleted_and_made_again_is_served_again(lab, far, prefix):
    """As a bridge, VLAN or bond is by a restart of the network: the new one has another index."""
    require("curl", "setpriv")
    name, mac = far

    def ready():
        url = f"http://{SERVER}:7080/readyz"
        return json.loads(lab.lab.run("boot", ["curl", "-sS", "-m", "5", url]).stdout)

    with lab.bootd("--interface", "eth1", prefix=prefix) as bootd:
        assert lab.udhcpc(name)["ip"] == "10.20.0.60"
        for count in (1, 2):
            lab.lab.run("boot", ["ip", "link", "delete", "eth1"])
            bootd.wait_for(lambda count=count: len(bootd.lines(event="interface_gone")) == count)
            assert ready()["ready"] is False
            assert ready()["problems"] == [{"where": "dhcp", "message": "the interface eth1 is gone"}]
            lay_again(lab, host=name)
            lab.set_mac(name, mac)
            bootd.wait_for(lambda count=count: len(bootd.lines(event="interface_back")) == count)
            assert ready()["ready"] is True
            assert lab.udhcpc(name)["ip"] == "10.20.0.60"
        assert bootd.lines(event="interface_gone")[0]["level"] == "warning"
        assert not bootd.lines(event="fault")


def test_address_that_goes_and_comes_back_is_served_again(lab):
    """TFTP, HTTP and syslog are bound to an address and to no interface: they hear again without anybody's doing."""
    require("curl")
    name, _mac = lab.reserve("10.10.0.60")
    lab.lab.host("near", "10.10.0.60/24")

    def status(*url):
        done = lab.lab.run("near", ["curl", "-s", "-m", "3", "-o", "/dev/null", *url], check=False)
        return done.returncode

    tftp, http = f"tftp://{SERVER}/nosuch", f"http://{SERVER}:7080/healthz"
    with lab.bootd("--interface", "eth0", "--bind", SERVER) as bootd:
        assert (status(http), status(tftp)) == (0, 68)  # 68: TFTP says that there is no such file
        lab.lab.run("boot", ["ip", "address", "delete", f"{SERVER}/24", "dev", "eth0"])
        assert status(http) != 0
        lab.lab.run("boot", ["ip", "address", "add", f"{SERVER}/24", "dev", "eth0"])
        assert (status(http), status(tftp)) == (0, 68)
        lab.lab.run("near", ["logger", "--udp", "--server", SERVER, "--port", "514", "heard again"])
        assert bootd.line(event="syslog", machine=name)["msg"].endswith("heard again")


def test_without_raw_sockets_clients_are_answered_by_broadcast(lab):
    require("setpriv")
    name, mac = lab.reserve("10.10.0.60")
    lab.plug(name, mac)
    with lab.bootd("--interface", "eth0", prefix=["setpriv", "--bounding-set=-net_raw"]) as bootd:
        assert bootd.line(event="dhcp_broadcasts")
        with lab.replies(name, count=2) as replies:
            assert lab.udhcpc(name)["ip"] == "10.10.0.60"
        assert all(" 255.255.255.255.68: " in line for line in replies)


def test_advertised_address_of_a_load_balancer(lab):
    """The address that machines are told may be on no interface of the node at all."""
    name, mac = lab.reserve("10.10.0.60")
    lab.plug(name, mac)
    with lab.bootd(address="10.10.0.200"):
        assert lab.udhcpc(name, "-B")["serverid"] == "10.10.0.200"
