# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module dhcp_probe beside bootd, dnsmasq, Kea and ISC dhcpd: who is found, what is sent, and no lease taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

from lab.command import CommandFailed
from programs.require import fail_or_skip, require
from servers.dhcp_lab import SERVER, DhcpLab, dhcp_lab, wait_for_line
from servers.other_dhcp import OtherDhcp, fetch, other_dhcp, printed

ROOT = Path(__file__).resolve().parents[3]
OTHER, NODE = "10.10.0.1", "10.10.0.9"
MAC, ADDRESS = "58:47:ca:71:d8:49", "10.10.0.16"  # of the documentation's example
UNKNOWN = "02:00:00:00:03:01"
ADDRESSES_ONLY = """\
dhcp-range=10.10.0.200,10.10.0.250,255.255.255.0,1h
dhcp-option=option:router,10.10.0.1
no-ping
"""
WITH_A_FILE = ADDRESSES_ONLY + "dhcp-boot=evil.efi,,10.10.0.5\n"
WITH_PXE = ADDRESSES_ONLY + "pxe-service=X86-64_EFI,evil,evil,10.10.0.5\npxe-prompt=go,0\n"
MODULE = "ansible_collections.baremetal.netboot.plugins.modules.dhcp_probe"
ALL_KINDS = ["plain", "bios", "uefi", "uefi-http", "arm64", "arm64-http", "ipxe"]


@dataclass
class Site:
    """A switch with bootd's host ``boot``, the host ``router`` of another server, and ``node``, where probes run."""

    lab: DhcpLab
    directory: Path
    servers: int = 0

    @contextmanager
    def other(self, name: str, configuration: str) -> Iterator[OtherDhcp]:
        """Run the server ``name`` on ``router`` while the block runs."""
        self.servers += 1
        with other_dhcp(self.lab.lab, "router", self.leases.parent, name, configuration) as running:
            yield running

    @property
    def leases(self) -> Path:
        """The file of leases of the server that runs now."""
        return self.directory / f"other{self.servers}/leases"

    def probe(self, host: str = "node", *, prefix: tuple[str, ...] = (), **arguments: object) -> dict:
        """Run the module on ``host``, by the command ``prefix``, and return its result."""
        given = {"interface": "eth0", "timeout": 1.0, "fail": False, **arguments}
        file = self.directory / "arguments.json"
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
        done = self.lab.lab.run(host, [*prefix, sys.executable, "-m", MODULE, str(file)], env=ENVIRONMENT, check=False)
        assert done.stderr == ""
        return json.loads(done.stdout)

    def call(self, code: str) -> object:
        """Return what the expression ``code`` gives on ``node``, with the clients' modules at hand."""
        program = f"import json; from {CLIENTS} import dhcp; print(json.dumps({code}))"
        return json.loads(self.lab.lab.run("node", [sys.executable, "-c", program], env=ENVIRONMENT).stdout)

    @contextmanager
    def capture(self, host: str) -> Iterator[Path]:
        """Capture all DHCP that ``host`` sends while the block runs; the file is whole when it ends."""
        file = self.directory / "sent.pcap"
        argv = ["tcpdump", "-i", "eth0", "-Q", "out", "-U", "--immediate-mode", "-w", str(file), "udp"]
        with self.lab.lab.popen(host, argv, stderr=subprocess.PIPE) as tcpdump:
            wait_for_line(tcpdump.stderr, b"tcpdump: listening on")
            try:
                yield file
            finally:
                tcpdump.terminate()


CLIENTS = "ansible_collections.baremetal.netboot.plugins.module_utils._clients"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "build/link")}


@contextmanager
def a_site(directory: Path) -> Iterator[Site]:
    require("root", "ip", "nsenter", "tcpdump", "dnsmasq", "setpriv")
    with dhcp_lab(directory) as lab:
        lab.lab.host("router", f"{OTHER}/24")
        lab.lab.host("node", f"{NODE}/24")
        lab.reserve(ADDRESS, mac=MAC)
        yield Site(lab, directory)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def beside_bootd(tmp_path_factory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("bootd")) as made, made.lab.bootd():
        yield made


@pytest.fixture(scope="module")
def beside_proxy(tmp_path_factory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("proxy")) as made, made.lab.bootd("--dhcp-mode", "proxy"):
        yield made


def mac_of(site: Site, host: str) -> str:
    (link,) = json.loads(site.lab.lab.run(host, ["ip", "-json", "link", "show", "eth0"]).stdout)
    return link["address"]


def does(found: dict) -> dict[str, str]:
    """What the machine does, by kind."""
    return {item["kind"]: item["does"] for item in found["machines"]}


def test_nobody_answers(site):
    found = site.probe(timeout=0.5, expect="none")
    assert (found["servers"], found["problems"], found["changed"]) == ([], [], False)
    assert does(found) == dict.fromkeys(["plain", "bios", "uefi", "uefi-http"], "gets no answer")


@pytest.mark.parametrize("host", ["node", "boot"])
def test_bootd_alone_answers_its_machine(beside_bootd, host):
    """From another host, and from its own, which hears no frame that it sends itself."""
    found = beside_bootd.probe(host, macs=[MAC], kinds=ALL_KINDS, expect="only", servers=[SERVER])
    assert found["problems"] == []
    (server,) = found["servers"]
    assert (server["address"], server["mac"]) == (SERVER, mac_of(beside_bootd, "boot"))
    assert server["kinds"] == ALL_KINDS
    path, lease = MAC.replace(":", "-"), f"takes {ADDRESS} from {SERVER}"
    assert does(found) == {
        "plain": lease,
        "bios": f"{lease} and boots {path}/undionly.kpxe from {SERVER} by TFTP",
        "uefi": f"{lease} and boots {path}/snponly.efi from {SERVER} by TFTP",
        "uefi-http": f"{lease} and boots http://{SERVER}:7080/ipxe/{path}/snponly.efi",
        "arm64": f"{lease} and boots {path}/ipxe-arm64.efi from {SERVER} by TFTP",
        "arm64-http": f"{lease} and boots http://{SERVER}:7080/ipxe/{path}/ipxe-arm64.efi",
        "ipxe": f"{lease} and boots http://{SERVER}:7080/{path}/auto.ipxe",
    }


def test_bootd_knows_nothing_of_a_random_machine(beside_bootd):
    assert beside_bootd.probe(timeout=0.5, expect="only", servers=[SERVER])["servers"] == []
    (silent,) = beside_bootd.probe(timeout=0.5, macs=[UNKNOWN], expect="only", servers=[SERVER])["problems"]
    assert silent["what"] == f"The DHCP server {SERVER} answers none of {UNKNOWN}"


def test_rogue_is_found_named_and_explained(beside_bootd):
    with beside_bootd.other("dnsmasq", WITH_A_FILE), beside_bootd.capture("node") as sent:
        found = beside_bootd.probe(macs=[MAC], expect=f"only {SERVER}", fail=True)
        assert found["failed"]
        rogue, ours = found["servers"]
        assert (rogue["address"], rogue["mac"]) == (OTHER, mac_of(beside_bootd, "router"))
        assert ours["address"] == SERVER
        assert {offer["file"] for offer in rogue["offers"]} == {"evil.efi"}
        said = found["msg"]
        assert f"The DHCP server {OTHER} (MAC {rogue['mac']}) answers, and only {SERVER} should." in said
        assert f"UEFI PXE with {MAC} takes {ADDRESS} from {SERVER}" in said
        assert f"dhcp-host={MAC},ignore" in said
        alone = {offer["kind"]: offer["alone"] for offer in rogue["offers"]}
        assert alone["uefi"].endswith("and boots evil.efi from 10.10.0.5 by TFTP")
        assert beside_bootd.leases.read_text() == ""
    messages = [Ether(bytes(frame)) for frame in rdpcap(str(sent))]
    # Each of the four twice, as ordinary clients do, and nothing else: no DHCPREQUEST, so no lease.
    assert len(messages) == 8
    assert {
        dict(option for option in frame[DHCP].options if len(option) == 2)["message-type"] for frame in messages
    } == {1}
    assert {frame.src for frame in messages} == {mac_of(beside_bootd, "node")}
    assert {frame[BOOTP].chaddr[:6].hex(":") for frame in messages} == {MAC}


def test_rogue_that_speaks_pxe_is_seen_to_win_over_a_proxy(beside_proxy):
    with beside_proxy.other("dnsmasq", WITH_PXE):
        found = beside_proxy.probe(macs=[MAC], kinds=["plain", "uefi"], expect="addresses", servers=[SERVER])
    (problem,) = found["problems"]
    assert "says what to boot, and should give addresses only" in problem["what"]
    (uefi,) = [item for item in found["machines"] if item["kind"] == "uefi"]
    assert (uefi["boot_from"], uefi["because"]) == (OTHER, "an address with PXE's options comes before all")


def test_server_that_gives_addresses_only_goes_with_a_proxy(beside_proxy):
    with beside_proxy.other("dnsmasq", ADDRESSES_ONLY):
        found = beside_proxy.probe(macs=[MAC], kinds=ALL_KINDS, expect="addresses", servers=[SERVER])
    assert found["problems"] == []
    took = {item["kind"]: (item["address_from"], item["boot_from"]) for item in found["machines"]}
    assert took == {kind: (OTHER, SERVER if kind != "plain" else "") for kind in ALL_KINDS}


def test_proxy_without_a_server_that_gives_addresses_is_a_problem(beside_proxy):
    (problem,) = beside_proxy.probe(macs=[MAC], timeout=0.5, expect="addresses", servers=[SERVER])["problems"]
    assert problem["what"] == "No DHCP server gives addresses"


@pytest.mark.parametrize("name", ["Kea", "ISC dhcpd"])
def test_deny_list_keeps_the_other_server_from_the_machine(site, name):
    """With the settings that the documentation prints and the probe advises; other machines are answered as ever."""
    require("apt-get", "dpkg-deb")
    try:
        fetch(name)
    except CommandFailed as error:
        fail_or_skip(str(error))
    with site.other(name, printed()[name, "reservation"]) as other:
        # dhcpd first pings for a second, and meanwhile hears nothing more of this client: it is asked a second time.
        found = site.probe(macs=[MAC, UNKNOWN], kinds=["plain", "uefi"], timeout=1.0 if name == "Kea" else 3.0)
        said = other.said
    (server,) = found["servers"]
    assert server["address"] == OTHER
    assert {(offer["mac"], offer["kind"]) for offer in server["offers"]} == {(UNKNOWN, "plain"), (UNKNOWN, "uefi")}
    # Kea logs each lease, dhcpd has a file of them.
    assert "DHCP4_LEASE_ALLOC" not in said
    assert name == "Kea" or "\nlease " not in site.leases.read_text()


def test_many_machines_are_asked_for_at_once(beside_bootd):
    macs = [MAC, *(f"02:00:00:00:04:{number:02x}" for number in range(99))]
    with beside_bootd.other("dnsmasq", ADDRESSES_ONLY):
        found = beside_bootd.probe(macs=macs, kinds=["plain", "uefi"], timeout=3.0)
    answers = {server["address"]: len(server["offers"]) for server in found["servers"]}
    # dnsmasq has 51 addresses, and offers one to whoever asks.
    assert answers == {SERVER: 2, OTHER: 200}


def test_relay_is_answered_at_its_own_address(site):
    """RFC 2131 section 4.1: what is in giaddr is where the offer goes."""
    with site.other("dnsmasq", ADDRESSES_ONLY):
        code = f'[a.message.giaddr for a in dhcp.exchange("eth0", "{UNKNOWN}", "uefi", timeout=2, relay="{NODE}")]'
        assert site.call(code) == [NODE]


def test_exchange_ends_once_it_has_enough(beside_bootd):
    code = f'len(dhcp.exchange("eth0", "{MAC}", "uefi", timeout=60, enough=lambda a: a.server == "{SERVER}"))'
    assert beside_bootd.call(code) == 1


def test_what_keeps_the_probe_from_asking_is_said(site):
    said = site.probe(interface="eth9")["msg"]
    assert said.startswith("there is no interface 'eth9' here, but ")
    assert "eth0" in said
    said = site.probe(prefix=("setpriv", "--bounding-set", "-net_raw"))["msg"]
    assert said == "to send and hear frames on eth0 takes root or CAP_NET_RAW: set become to true on the task"
    site.lab.lab.run("node", ["ip", "link", "set", "eth0", "down"])
    said = site.probe()["msg"]
    site.lab.lab.run("node", ["ip", "link", "set", "eth0", "up"])
    assert said == "the interface eth0 is down: bring it up, as with `ip link set eth0 up`"
