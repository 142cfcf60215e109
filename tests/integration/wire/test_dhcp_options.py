# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network options, and those that an object names itself, as ISC dhclient and udhcpc read them."""

from __future__ import annotations

import json
import re

import pytest

from _bootd.hardware.extra_options import OPTIONS
from programs.require import require
from servers.dhcp_lab import SERVER, dhcp_lab

FIELDS = {
    "ip": {"address": "10.10.0.50", "netmask": "255.255.255.0", "gateway": "10.10.0.1"},
    "name_servers": ["10.10.0.53", "10.10.0.54"],
    "time_servers": ["10.10.0.123"],
    "domain_name": "lab.example",
    "classless_static_routes": [
        {"destination_descriptor": "10.20.0.0/16", "router": "10.10.0.254"},
        {"destination_descriptor": "10.229.0.128/25", "router": "10.10.0.254"},
    ],
    "vlan_id": "99",
}
# What is written in the object: what dhclient writes of it into its file of leases.
EXTRA: dict[str, tuple[object, str]] = {
    "time-offset": (-3600, "-3600"),
    "time-servers": ("10.10.0.37", "10.10.0.37"),
    "log-servers": (["10.10.0.1", "10.10.0.2"], "10.10.0.1,10.10.0.2"),
    "lpr-servers": ("10.10.0.9", "10.10.0.9"),
    "root-path": ("/srv/root", '"/srv/root"'),
    "default-ip-ttl": (65, "65"),
    "interface-mtu": (1400, "1400"),
    "nis-domain": ("nis.example", '"nis.example"'),
    "nis-servers": ("10.10.0.41", "10.10.0.41"),
    "netbios-name-servers": ("10.10.0.44", "10.10.0.44"),
    "netbios-node-type": (8, "8"),
    "pcode": ("EST5EDT4", '"EST5EDT4"'),
    "tcode": ("Europe/Zurich", '"Europe/Zurich"'),
    "domain-search": (["lab.example", "b.lab.example", "example"], '"lab.example.", "b.lab.example.", "example."'),
    "tftp-server-address": (["10.10.0.5"], "10.10.0.5"),
    "loader-configfile": ("a.cfg", '"a.cfg"'),
    "loader-pathprefix": ("/pxe/", '"/pxe/"'),
    "loader-reboottime": (30, "30"),
}
UEFI = ("-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007", "-x", "0x5e:010310")
ASK = (
    "-O",
    "mtu",
    "-O",
    "staticroutes",
    "-O",
    "search",
    "-O",
    "domain",
    "-O",
    "ntpsrv",
    "-O",
    "tftp",
    "-O",
    "bootfile",
)


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhclient")
    with dhcp_lab(tmp_path) as lab:
        yield lab


def options_of(**given: object) -> dict[str, str]:
    return {
        "netboot.baremetal/dhcp-options": json.dumps({name: value for name, (value, _read) in EXTRA.items()} | given)
    }


def test_dhclient_reads_every_option_as_it_was_written(lab):
    """Its names and its decoder are ISC's own; what it keeps of a lease says how it understood the octets."""
    assert set(EXTRA) == set(OPTIONS)
    name, mac = lab.reserve("10.10.0.50", dhcp=FIELDS, annotations=options_of())
    lab.plug(name, mac)
    asked = ["subnet-mask", "routers", "domain-name-servers", "domain-name", "ntp-servers", *EXTRA]
    routes = "option rfc3442 code 121 = array of unsigned integer 8;\n"
    with lab.bootd() as bootd:
        lab.dhclient(name, configuration=f"{routes}request {', '.join(asked)}, rfc3442;\n")
        assert "dropped_options" not in bootd.line(event="send", type="DHCPACK", mac=mac)
    read = dict(re.findall(r"  option (\S+) (.*);\n", lab.dhclient_leases(name)))
    assert {option: read.get(option) for option in EXTRA} == {option: text for option, (_value, text) in EXTRA.items()}
    assert (read["domain-name-servers"], read["ntp-servers"]) == ("10.10.0.53,10.10.0.54", "10.10.0.123")
    assert (read["domain-name"], read["routers"]) == ('"lab.example"', "10.10.0.1")
    # RFC 3442: who reads these routes ignores the router, so the default route is among them.
    assert read["rfc3442"] == "16,10,20,10,10,0,254,25,10,229,0,128,10,10,0,254,0,10,10,0,1"


def test_udhcpc_is_told_what_it_asks_for_and_what_is_always_sent(lab):
    options = options_of(**{"224": "text:always", "225": "text:asked", "always": ["224"]})
    name, mac = lab.reserve("10.10.0.50", dhcp=FIELDS, annotations=options)
    lab.plug(name, mac)
    with lab.bootd():
        lease = lab.udhcpc(name, *ASK)
        assert lease["mtu"] == "1400"
        assert lease["search"] == "lab.example b.lab.example example"
        assert (lease["domain"], lease["ntpsrv"]) == ("lab.example", "10.10.0.123")
        assert lease["staticroutes"] == "10.20.0.0/16 10.10.0.254 10.229.0.128/25 10.10.0.254 0.0.0.0/0 10.10.0.1"
        assert bytes.fromhex(lease["opt224"]) == b"always"
        assert not {"opt225", "logsrv", "timezone"} & set(lease)
        assert bytes.fromhex(lab.udhcpc(name, "-O", "225")["opt225"]) == b"asked"


def test_options_that_do_not_fit_are_given_up_and_told(lab):
    """udhcpc takes 576 bytes. The boot file is in the header, so it is loaded all the same."""
    given = {"netboot.baremetal/dhcp-options": json.dumps({"224": f"text:{'x' * 200}", "always": ["224"]})}
    name, mac = lab.reserve("10.10.0.50", dhcp=FIELDS | {"name_servers": ["10.10.0.53"] * 10}, annotations=given)
    lab.plug(name, mac)
    with lab.bootd() as bootd:
        lease = lab.udhcpc(name, *UEFI, *ASK)
        assert (lease["siaddr"], lease["boot_file"]) == (SERVER, f"{mac.replace(':', '-')}/snponly.efi")
        assert "opt224" not in lease
        assert 224 in bootd.line(event="send", type="DHCPACK", mac=mac)["dropped_options"]


def test_vlan_is_told_to_firmware_in_43_116(lab):
    """As iPXE scripts for Tinkerbell read it: ${43.116:string}."""
    name, mac = lab.reserve("10.10.0.50", dhcp=FIELDS)
    lab.plug(name, mac)
    with lab.bootd():
        assert bytes.fromhex(lab.udhcpc(name, *UEFI, "-O", "43")["opt43"]) == b"\6\1\x08" + b"\x74\x0299" + b"\xff"
        assert "opt43" not in lab.udhcpc(name, "-O", "43")


@pytest.mark.parametrize(("server", "siaddr"), [("10.10.0.7", "10.10.0.7"), ("tftp.lab.example", "0.0.0.0")])
def test_boot_file_of_another_server_is_what_firmware_and_ipxe_are_told(lab, server, siaddr):
    """The newer CRD's tftp_server_name and boot_file_name: in the header where it has room, and in options 66, 67."""
    boot = {"tftp_server_name": server, "boot_file_name": "pi/start4.elf"}
    name, mac = lab.reserve("10.10.0.50", dhcp=FIELDS | boot)
    lab.plug(name, mac)
    ipxe = (*UEFI, "-x", "0x4d:69505845", "-x", "0xaf:130101")
    with lab.bootd():
        # iPXE first: after firmware was told, it would be what firmware has loaded.
        for client in (ipxe, UEFI):
            lease = lab.udhcpc(name, *client, "-O", "tftp", "-O", "bootfile")
            assert lease.get("siaddr", "0.0.0.0") == siaddr
            assert (lease["tftp"], lease["bootfile"], lease["boot_file"]) == (server, "pi/start4.elf", "pi/start4.elf")
