# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq, Kea and ISC dhcpd, set up word for word as `docs/beside-a-dhcp-server.md` prints it, and their clients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.command import CommandFailed
from programs.require import fail_or_skip, require
from servers.dhcp_lab import SERVER, Bootd, DhcpLab, dhcp_lab
from servers.other_dhcp import NAMES, fetch, other_dhcp, printed

# The example of the page.
OTHER, MAC, ADDRESS = "10.10.0.1", "58:47:ca:71:d8:49", "10.10.0.16"
PROGRAMS = ("undionly.kpxe", "snponly.efi", "ipxe-arm64.efi")
POOL = re.compile(r"10\.10\.0\.2[0-5]\d")
ASKED = ("-O", "bootfile", "-O", "60")
IPXE = ("-x", "0x4d:69505845")
SCRIPT = "http://10.10.0.20:7080/${mac:hexhyp}/auto.ipxe"


def firmware(arch: int, kind: str = "PXEClient") -> tuple[str, ...]:
    """The flags that make udhcpc ask as firmware with option 93 ``arch`` does."""
    return ("-V", f"{kind}:Arch:{arch:05}:UNDI:003016", "-x", f"0x5d:{arch:04x}", *ASKED)


@dataclass(frozen=True)
class Site:
    """bootd and another server on one switch, and the machine of the page plugged in as ``um790-1``."""

    lab: DhcpLab
    bootd: Bootd
    files: Path


@pytest.fixture(scope="module")
def blocks() -> dict[tuple[str, str], str]:
    found = printed()
    assert set(found) == {(name, mode) for name in NAMES for mode in ("off", "reservation")}
    return found


@pytest.fixture(scope="module", params=NAMES)
def off(request, blocks, tmp_path_factory) -> Iterator[Site]:
    yield from site(request.param, "off", blocks, tmp_path_factory.mktemp("off"))


@pytest.fixture(scope="module", params=NAMES)
def reservation(request, blocks, tmp_path_factory) -> Iterator[Site]:
    yield from site(request.param, "reservation", blocks, tmp_path_factory.mktemp("reservation"))


def need(name: str) -> None:
    """Skip the test, or fail it, where the server ``name`` or a client can't be had."""
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "tcpdump", "tftp", "curl", "dnsmasq", "apt-get", "dpkg-deb")
    try:
        fetch(name)
    except CommandFailed as error:
        fail_or_skip(str(error))


def site(name: str, mode: str, blocks: dict[tuple[str, str], str], directory: Path) -> Iterator[Site]:
    need(name)
    files = directory / "files"
    files.mkdir()
    for program in PROGRAMS:
        (files / program).write_bytes(program.encode() * 100)
    with dhcp_lab(directory) as lab:
        lab.lab.host("router", f"{OTHER}/24")
        lab.reserve(ADDRESS, mac=MAC)
        lab.plug("um790-1", MAC)
        lab.plug("laptop", "02:00:00:00:03:01")
        with (
            other_dhcp(lab.lab, "router", directory / name, name, blocks[name, mode]),
            lab.bootd("--interface", "eth0", "--dhcp-mode", mode, "--boot-files", str(files)) as bootd,
        ):
            yield Site(lab, bootd, files)


def file_of(lease: dict[str, str]) -> str | None:
    """What a lease names for booting: in the field `file`, or in option 67."""
    return lease.get("boot_file") or lease.get("bootfile")


@pytest.mark.parametrize(
    ("arch", "program"), [(0, "undionly.kpxe"), (7, "snponly.efi"), (9, "snponly.efi"), (11, "ipxe-arm64.efi")]
)
def test_off_firmware_is_told_a_file_and_gets_it_from_bootd(off, tmp_path, arch, program):
    lease = off.lab.udhcpc("um790-1", *firmware(arch))
    assert (lease["ip"], lease["serverid"]) == (ADDRESS, OTHER)
    assert (lease["siaddr"], file_of(lease)) == (SERVER, program)
    got = tmp_path / "got"
    off.lab.lab.run("um790-1", ["tftp", "-m", "binary", SERVER, "-c", "get", program, str(got)])
    assert got.read_bytes() == (off.files / program).read_bytes()


@pytest.mark.parametrize(("arch", "program"), [(16, "snponly.efi"), (19, "ipxe-arm64.efi")])
def test_off_firmware_that_boots_by_http_is_told_a_url_and_gets_it_from_bootd(off, arch, program):
    lease = off.lab.udhcpc("um790-1", *firmware(arch, "HTTPClient"))
    url = f"http://{SERVER}:7080/ipxe/{program}"
    assert (lease["ip"], lease["vendor"], file_of(lease)) == (ADDRESS, "HTTPClient", url)
    got = off.lab.lab.run("um790-1", ["curl", "--silent", "--show-error", "--fail", url]).stdout
    assert got.encode() == (off.files / program).read_bytes()


@pytest.mark.parametrize("arch", [0, 7, 16])
def test_off_ipxe_is_told_the_url_of_its_script_and_gets_it_from_bootd(off, arch):
    lease = off.lab.udhcpc("um790-1", *firmware(arch), *IPXE)
    assert (lease["ip"], file_of(lease)) == (ADDRESS, SCRIPT)
    # What iPXE makes of it.
    url = SCRIPT.replace("${mac:hexhyp}", MAC.replace(":", "-"))
    got = off.lab.lab.run("um790-1", ["curl", "--silent", "--show-error", "--fail", url]).stdout
    assert got.startswith("#!ipxe\n")


def test_off_operating_system_of_the_machine_is_told_nothing_to_boot(off):
    lease = off.lab.udhcpc("um790-1", "-O", "bootfile")
    assert (lease["ip"], file_of(lease)) == (ADDRESS, None)


@pytest.mark.parametrize("flags", [firmware(7), (*firmware(7), *IPXE), firmware(16, "HTTPClient")])
def test_off_machine_that_is_none_of_bootds_is_told_nothing_to_boot(off, flags):
    lease = off.lab.udhcpc("laptop", *flags)
    assert POOL.fullmatch(lease["ip"])
    assert (file_of(lease), lease.get("vendor")) == (None, None)


@pytest.mark.parametrize("flags", [firmware(7), (*firmware(0), *IPXE), ()])
def test_reservation_machine_hears_nobody_but_bootd(reservation, flags):
    with reservation.lab.replies("um790-1", count=2) as replies:
        lease = reservation.lab.udhcpc("um790-1", *flags)
    assert (lease["ip"], lease["serverid"]) == (ADDRESS, SERVER)
    assert len(replies) == 2
    assert all(f" {SERVER}.67 > " in line for line in replies), replies


@pytest.mark.parametrize("name", NAMES)
def test_reservation_machine_gets_nothing_even_where_the_other_server_is_alone(blocks, tmp_path, name):
    """Beside bootd a server that first looks whether an address is free is too late to be seen."""
    need(name)
    with dhcp_lab(tmp_path) as lab:
        lab.lab.host("router", f"{OTHER}/24")
        lab.plug("um790-1", MAC)
        lab.plug("laptop", "02:00:00:00:03:01")
        with other_dhcp(lab.lab, "router", tmp_path / "other", name, blocks[name, "reservation"]):
            assert lab.udhcpc("um790-1", "-t", "2", "-T", "2") == {}
            assert lab.udhcpc("laptop", "-t", "2", "-T", "2")["serverid"] == OTHER


def test_reservation_dhclient_on_the_machine_is_answered_by_bootd(reservation):
    said = reservation.lab.dhclient("um790-1")
    assert f"DHCPACK of {ADDRESS} from {SERVER}" in said
    assert f"from {OTHER}\n" not in said


def test_reservation_others_get_their_address_from_the_other_server(reservation):
    with reservation.lab.replies("laptop", count=2) as replies:
        lease = reservation.lab.udhcpc("laptop", *firmware(7))
    assert POOL.fullmatch(lease["ip"])
    # It may ask again while the server still looks whether the address is free.
    assert len(replies) >= 2
    assert all(f" {OTHER}.67 > " in line for line in replies), replies
