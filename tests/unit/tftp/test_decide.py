# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request gets, by machine and by policy."""

from __future__ import annotations

import pytest

from _bootd.decisions.boot import BootContext, decide_script
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.stores.catalog import Catalog
from _bootd.tftp.decide import Refuse, ServeFile, ServeScript, decide
from _bootd.tftp.packet import ErrorCode, Request

ON, OFF = "58:47:ca:71:d8:49", "02:00:00:00:00:02"
ADDRESS = {ON: "10.10.0.16", OFF: "10.10.0.17"}


@pytest.fixture
def catalog():
    catalog = Catalog()
    for name, mac, allow in (("on", ON, True), ("off", OFF, False)):
        netboot = Netboot(allow_pxe=allow, ipxe_contents="#!ipxe\nshell\n")
        catalog.upsert(Machine(name, interfaces=(Interface(mac, ADDRESS[mac], netboot=netboot),)))
    return catalog


CONTEXT = BootContext("http://10.10.0.20:7080")


def script_for(nic):
    script = decide_script(nic, CONTEXT)
    return script, f"#!ipxe\necho {nic.machine.name} {script.kind}\n"


def decision_on(catalog, filename, source="192.0.2.1", **request):
    return decide(
        Request(filename, **request),
        source,
        catalog,
        CONTEXT,
        script_for,
        lambda script, mac: f"#!ipxe\necho {mac} {script.kind}\n",
    )


@pytest.mark.parametrize(
    ("filename", "source"),
    [("ipxe.efi", ADDRESS[ON]), ("/58-47-CA-71-D8-49/ipxe.efi", "192.0.2.1"), (f"{ON}/ipxe.efi", ADDRESS[OFF])],
)
def test_decide_file_of_a_machine_that_may_netboot(catalog, filename, source):
    assert decision_on(catalog, filename, source) == ServeFile("ipxe.efi", catalog.by_mac(ON))


@pytest.mark.parametrize(
    ("filename", "source"),
    [("ipxe.efi", ADDRESS[OFF]), (f"{OFF}/ipxe.efi", "192.0.2.1"), (f"{OFF}/ipxe.efi", ADDRESS[ON])],
)
def test_decide_file_of_a_machine_whose_netboot_is_off(catalog, filename, source):
    decision = decision_on(catalog, filename, source)
    assert (decision.code, decision.nic) == (ErrorCode.ACCESS_VIOLATION, catalog.by_mac(OFF))
    assert "netboot.allowPXE is false" in decision.reason


# iPXE asks before it has opened a card of its own; its disk it starts without.
NETWORK = b"isset ${netX/ip} || dhcp || echo bootd: no address by DHCP\n"


@pytest.mark.parametrize("filename", ["autoexec.ipxe", "x86_64/autoexec.ipxe"])
@pytest.mark.parametrize(
    ("mac", "script"),
    [
        (ON, b"#!ipxe\n" + NETWORK + b"echo on netboot.ipxe.contents\n"),
        (OFF, b"#!ipxe\necho off local disk\n"),
    ],
)
def test_decide_autoexec_is_the_script_of_the_machine(catalog, filename, mac, script):
    for asked, source in ((filename, ADDRESS[mac]), (f"{mac}/{filename}", "192.0.2.1")):
        assert decision_on(catalog, asked, source) == ServeScript(
            script, filename, catalog.by_mac(mac), script_for(catalog.by_mac(mac))[0]
        )


@pytest.mark.parametrize("name", ["ipxe.efi", "autoexec.ipxe"])
def test_decide_unknown_machine(catalog, name):
    assert decision_on(catalog, name) == Refuse(ErrorCode.NOT_FOUND, "no Hardware object has 192.0.2.1")
    # A MAC that nobody has is not made good for by the address it comes from.
    decision = decision_on(catalog, f"02:00:00:00:00:99/{name}", ADDRESS[ON])
    assert decision == Refuse(ErrorCode.NOT_FOUND, "no Hardware object has 02:00:00:00:00:99")


@pytest.mark.parametrize("name", ["ipxe.efi", "autoexec.ipxe", "../x"])
def test_decide_write_is_refused(catalog, name):
    decision = decision_on(catalog, name, ADDRESS[ON], write=True)
    assert decision == Refuse(ErrorCode.ACCESS_VIOLATION, "nothing can be written here", catalog.by_mac(ON))


@pytest.mark.parametrize(("mode", "kind"), [("octet", ServeFile), ("netascii", ServeFile), ("mail", Refuse)])
def test_decide_mode(catalog, mode, kind):
    assert isinstance(decision_on(catalog, "ipxe.efi", ADDRESS[ON], mode=mode), kind)


def test_decide_unknown_mode_names_the_machine(catalog):
    assert decision_on(catalog, f"{ON}/ipxe.efi", mode="mail").nic is catalog.by_mac(ON)


@pytest.mark.parametrize(
    ("name", "source"),
    [("../etc/passwd", ADDRESS[ON]), (f"{ON}/../../etc/passwd", "192.0.2.1"), ("a\\..", ADDRESS[ON])],
)
def test_decide_name_that_leads_out_is_refused_with_the_machine_named(catalog, name, source):
    decision = decision_on(catalog, name, source)
    assert decision == Refuse(ErrorCode.ACCESS_VIOLATION, "not a file name served here", catalog.by_mac(ON))
