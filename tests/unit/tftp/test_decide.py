# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request gets, by machine and by policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.boot import BootContext, Program, Unusable, decide_script
from _bootd.decisions.events import BootError, Facts, Loaded
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.stores.catalog import Catalog
from _bootd.tftp.decide import Refuse, ServeFile, ServeScript, TakeReport, decide, missing
from _bootd.tftp.packet import ErrorCode, Request, TftpError

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


def script_for(nic, program, cpu=""):
    script = decide_script(nic, replace(CONTEXT, cpu=cpu), program)
    head = "#!ipxe\n" if program is Program.IPXE else ""
    return script, f"{head}echo {nic.machine.name} {script.kind}{cpu and f' on {cpu}'}\n"


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
            script, filename, catalog.by_mac(mac), script_for(catalog.by_mac(mac), Program.IPXE)[0]
        )


@pytest.mark.parametrize(
    ("filename", "source"),
    [
        # What Debian 12's signed image asks for, beside GRUB itself, and GRUB's own names with the MAC in any notation.
        ("/grub/grub.cfg", ADDRESS[ON]),
        ("/58-47-ca-71-d8-49/grub.cfg", "192.0.2.1"),
        ("/grub/grub.cfg-01-58-47-ca-71-d8-49", "192.0.2.1"),
        ("grub2/grub.cfg-01-58:47:CA:71:D8:49", ADDRESS[OFF]),
        ("grub.cfg-5847ca71d849", "192.0.2.1"),
        ("grub.cfg-0A0A0010", ADDRESS[ON]),
        ("EFI/BOOT/grub.cfg", ADDRESS[ON]),
    ],
)
def test_decide_grub_configuration_is_what_grub_is_to_do(catalog, filename, source):
    decision = decision_on(catalog, filename, source)
    assert (decision.nic, decision.content) == (catalog.by_mac(ON), b"echo on netboot.ipxe.contents\n")
    assert isinstance(decision.script.boots, Unusable)  # the object has a script for iPXE


def test_decide_grub_configuration_knows_the_processor_that_grub_says_it_has(catalog):
    decision = decision_on(catalog, f"{ON}/grub.cfg-cpu-arm64")
    assert (decision.nic, decision.content) == (catalog.by_mac(ON), b"echo on netboot.ipxe.contents on aarch64\n")
    assert decision.script.told_cpu
    assert not decision_on(catalog, f"{ON}/grub.cfg").script.told_cpu


def test_decide_grub_configuration_of_a_machine_whose_netboot_is_off(catalog):
    decision = decision_on(catalog, f"grub/grub.cfg-01-{OFF}")
    assert (decision.nic, decision.content) == (catalog.by_mac(OFF), b"echo off local disk\n")


def test_decide_image_of_a_machine_that_may_netboot(catalog):
    name = "images/v1.2.0/vmlinuz"
    assert decision_on(catalog, name, ADDRESS[ON]) == ServeFile("v1.2.0/vmlinuz", catalog.by_mac(ON), image=True)
    assert decision_on(catalog, f"{ON}/{name}").image is True
    assert decision_on(catalog, name, ADDRESS[OFF]).code == ErrorCode.ACCESS_VIOLATION
    assert decision_on(catalog, name).code == ErrorCode.NOT_FOUND
    assert decision_on(catalog, "images/../x", ADDRESS[ON]).code == ErrorCode.ACCESS_VIOLATION
    assert decision_on(catalog, "images", ADDRESS[ON]).image is False


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "event=facts&uuid=u&platform=efi&product=Standard PC (Q35 + ICH9, 2009)&serial=",
            Facts({"uuid": "u", "platform": "efi", "product": "Standard PC (Q35 + ICH9, 2009)"}),
        ),
        ("event=loaded&role=kernel&url=http:%2F%2Fh%2Fvmlinuz", Loaded("http://h/vmlinuz", "kernel")),
        ("event=error&role=script&message=no%20way", BootError("no way")),
    ],
)
def test_decide_report_of_grub(catalog, query, told):
    decision = decision_on(catalog, f"{ON}/phone-home?{query}")
    assert isinstance(decision, TakeReport)
    assert (decision.told, decision.nic) == (told, catalog.by_mac(ON))


def test_decide_report_is_printable_and_without_secrets(catalog):
    query = "event=facts&serial=a%1b%5b2J%0ab&product=password%3Dhunter2&manufacturer=" + "x" * 300
    told = decision_on(catalog, f"{ON}/phone-home?{query}").told
    assert told == Facts({"serial": "a [2J b", "product": "password=***", "manufacturer": "x" * 256})


def test_decide_report_of_too_many_fields(catalog):
    decision = decision_on(catalog, f"{ON}/phone-home?event=facts&platform=efi" + "&a=b" * 70)
    assert (decision.code, decision.reason) == (ErrorCode.NOT_FOUND, "more than 64 fields")


def test_decide_report_that_is_none(catalog):
    assert decision_on(catalog, f"{ON}/phone-home?event=success").code == ErrorCode.NOT_FOUND
    assert decision_on(catalog, "phone-home?event=facts&platform=efi").code == ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        # Seen of shim 16.1 and of GRUB 2.06.
        ("revocations_sku.efi", True),
        ("shim_certificate_0.efi", True),
        ("grub/x86_64-efi/command.lst", True),
        ("grub/locale/de.mo", True),
        ("grubx64.efi", False),
        ("grub/x86_64-efi/http.mod", False),
    ],
)
def test_missing_tells_what_clients_go_on_without(catalog, name, usual):
    refusal = missing(decision_on(catalog, name, ADDRESS[ON]), TftpError(ErrorCode.NOT_FOUND, "file not found"))
    assert refusal == Refuse(ErrorCode.NOT_FOUND, f"{name}: file not found", catalog.by_mac(ON), usual)


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
