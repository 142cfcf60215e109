# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bootd explain`` prints is what each kind of firmware really does, and whether the file is there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from _bootd.commands.clients import CLIENTS, FIRMWARE, Client
from _bootd.commands.explain import as_document, as_text, explain
from _bootd.commands.snapshot import Snapshot
from _bootd.decisions import architectures
from _bootd.decisions.stages import State
from _bootd.hardware.extra_options import ExtraOption
from _bootd.hardware.local_boot import parse_local_boot
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie
from _bootd.http.status import machine_document
from _bootd.process.settings import Settings
from _bootd.stores.catalog import Catalog
from samples import howto

MAC = "58:47:ca:71:d8:49"
OTHER_MAC = "58:47:ca:71:d8:4a"
KEY = "tink-system/um790-1"
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"


def snapshot_of(*machines: Machine, **about: object) -> Snapshot:
    catalog = Catalog()
    catalog.replace(machines)
    return Snapshot(**{"settings": howto.SETTINGS, "catalog": catalog, **about})


def explained(nic: Nic | None = None, arch: int | None = 7, kind: str = FIRMWARE, **about: object) -> list[str]:
    """The lines of ``bootd explain`` for ``kind`` of ``arch``; None for the machine's own firmware."""
    nic = nic or howto.nic()
    snapshot = snapshot_of(nic.machine, **about)
    client = None if arch is None else Client(kind, arch)
    return list(as_text(explain(nic, client, snapshot, 0.0), snapshot))


def steps(lines: list[str]) -> list[str]:
    """The first line of each step."""
    return [line for place, line in enumerate(lines) if place and not lines[place - 1]]


def default_file(arch: int) -> str:
    return architectures.boot_file([arch], {})


@pytest.mark.parametrize("arch", [11, 19])
def test_explain_takes_the_kernel_for_what_the_machine_says_it_is(arch):
    nic = howto.nic(operating_system={"distro": "harvester", "version": "v1.3.0"})
    lines = explained(nic, arch=arch)
    differs = "it is aarch64, as it says itself, although dhcp.arch of its object is x86_64"
    assert f"  but {differs}; files are chosen by what it says" in lines
    assert any("harvester-v1.3.0-vmlinuz-arm64" in line for line in lines)
    assert not any("vmlinuz-amd64" in line for line in lines)
    for own in (7, None):
        lines = explained(nic, arch=own)
        assert not any("as it says itself" in line for line in lines)
        assert any("harvester-v1.3.0-vmlinuz-amd64" in line for line in lines)


@pytest.mark.parametrize(
    ("arch", "asks"),
    [
        (7, "TFTP RRQ 58-47-ca-71-d8-49/"),
        (0, "TFTP RRQ 58-47-ca-71-d8-49/"),
        (11, "TFTP RRQ 58-47-ca-71-d8-49/"),
        (16, "HTTP GET http://10.10.0.20:7080/ipxe/58-47-ca-71-d8-49/"),
    ],
)
def test_explain_follows_the_firmware(arch, asks):
    lines = explained(arch=arch)
    first, loads, *rest = steps(lines)
    assert first == f"firmware, {architectures.describe(arch)}: DHCPDISCOVER"
    assert loads.startswith(f"firmware: {asks}") and loads.endswith(default_file(arch))
    script = f"iPXE: HTTP GET {SCRIPT}"
    assert rest == ["iPXE: DHCPDISCOVER", script, "operating system: DHCPDISCOVER"]
    assert "  because um790-1 installs Harvester (operating_system.distro)" in lines
    assert f"  file {SCRIPT}" in lines
    assert "0.0.0.0" not in "\n".join(lines)


@pytest.mark.parametrize("arch", [6, 10, 15, 300])
def test_explain_shows_no_stage_that_can_not_be_reached(arch):
    lines = explained(arch=arch)
    assert steps(lines)[1:] == [
        "iPXE: not reached, since this firmware is given nothing to load",
        "operating system: DHCPDISCOVER",
    ]
    assert [line for line in lines if line.startswith("  |")] == []


def test_explain_names_the_further_options_of_an_object():
    extra = (ExtraOption(26, b"\x23\x28"), ExtraOption(150, b"\x0a\0\0\5"), ExtraOption(224, b"x", always=True))
    nic = howto.nic()
    interface = replace(nic.interface, extra_options=extra)
    lines = explained(Nic(replace(nic.machine, interfaces=(interface,)), interface))
    told = "  further options, where it asks for them: interface-mtu, tftp-server-address, 224 (always)"
    assert lines.count(told) == 3  # firmware, iPXE, the operating system
    assert not [line for line in explained() if "further options" in line]


def test_explain_netboot_off_by_http_is_the_403_that_it_gets():
    lines = explained(howto.nic(Netboot(False)), 16)
    assert "  refused: 403: netboot is off for um790-1: netboot.allowPXE is false" in lines
    assert "0.0.0.0" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("word", "arch", "said"),
    [
        ("404", 16, "refused: 404"),
        ("404", 7, "refused"),
        ("exit", 7, "sends snponly.efi, if it is there: --boot-files names the directories to look in"),
        ("sanboot", 0, "sends undionly.kpxe, if it is there: --boot-files names the directories to look in"),
    ],
)
def test_explain_names_the_way_to_the_disk_and_follows_it(word, arch, said):
    there = howto.nic(Netboot(False))
    machine = replace(there.machine, local_boot=parse_local_boot(word))
    lines = explained(Nic(machine, there.interface), arch)
    assert (
        f"  because netboot is off for um790-1: netboot.allowPXE is false, and its way to the disk is {word}" in lines
    )
    assert [line for line in lines if line.strip().startswith(said)]
    refused = [line for line in lines if line.startswith("  refused: 404")]
    script = [line for line in lines if line == "  | echo bootd: starting the local disk"]
    assert (bool(refused), bool(script)) == (word == "404", word != "404")


def test_explain_netboot_off_by_pxe_asks_for_no_file():
    told = steps(explained(howto.nic(Netboot(False))))
    assert not [step for step in told if "TFTP" in step]
    assert "iPXE, if the network card carries it: DHCPDISCOVER" in told


@pytest.mark.parametrize("server", ["10.10.0.5", "tftp.example.org"])
def test_explain_file_of_another_server(server):
    nic = howto.nic()
    card = replace(nic.interface, tftp_server_name=server, boot_file_name="pi/start4.elf")
    lines = explained(Nic(replace(nic.machine, interfaces=(card,)), card))
    assert f"  next server {server}, file pi/start4.elf" in lines
    assert f"firmware: loads pi/start4.elf from {server}, and what comes then is not up to bootd" in lines
    assert not [line for line in lines if "iPXE" in line]


@pytest.mark.parametrize("arch", [7, 16, 0])
def test_explain_looks_whether_the_file_is_there(tmp_path, arch):
    name = default_file(arch)
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
    settings = replace(howto.SETTINGS, boot_files=(str(first), str(second)))
    missing = f"  can't send {name}: it is in none of {first}, {second}"
    lines = explained(arch=arch, settings=settings)
    assert missing in lines
    assert steps(lines)[2] == "iPXE, once that file is there: DHCPDISCOVER"
    (second / name).write_bytes(b"x" * 300)
    assert f"  sends {name}, 300 octets, from {second}/{name}" in explained(arch=arch, settings=settings)
    assert f"  sends {name}, if it is there: --boot-files names the directories to look in" in explained(arch=arch)


SIGNED = Netboot(True, ipxe_binary="shimx64.efi", osie=Osie(base_url="http://10.10.0.20:7080/images"))


def boot_files(tmp_path, **contents: bytes) -> Settings:
    for name, content in contents.items():
        (tmp_path / f"{name}.efi").write_bytes(content)
    return replace(howto.SETTINGS, boot_files=(str(tmp_path),))


def test_explain_shows_the_chain_of_shim_and_grub_step_by_step(tmp_path):
    settings = boot_files(tmp_path, shimx64=b"shim", grubx64=b"net/tftp.c")
    lines = explained(howto.nic(SIGNED), settings=settings)
    assert steps(lines)[1:] == [
        "firmware: TFTP RRQ 58-47-ca-71-d8-49/shimx64.efi",
        "shim: TFTP RRQ 58-47-ca-71-d8-49/grubx64.efi",
        "GRUB: TFTP RRQ grub/grub.cfg",
        "operating system: DHCPDISCOVER",
    ]
    chain = "shimx64.efi (shim), which starts grubx64.efi (GRUB), which asks for its configuration"
    assert f"  because PXE loads {chain}" in lines
    (linux,) = [line for line in lines if "if linux" in line]
    assert "(tftp,10.10.0.20)/58-47-ca-71-d8-49/images/v1.2.0/harvester-v1.2.0-vmlinuz-amd64" in linux


def test_explain_says_what_grub_needs_of_the_other_server_of_a_proxy(tmp_path):
    settings = boot_files(tmp_path, shimx64=b"shim", grubx64=b"net/tftp.c")
    needs = (
        "GRUB: TFTP RRQ grub/grub.cfg at its lease's next server, which the other DHCP server has to say is 10.10.0.20"
    )
    assert needs in explained(howto.nic(SIGNED), settings=replace(settings, dhcp_mode="proxy"))
    assert "GRUB: TFTP RRQ grub/grub.cfg" in explained(howto.nic(SIGNED), settings=settings)


def test_explain_says_which_file_of_the_chain_is_missing(tmp_path):
    lines = explained(howto.nic(SIGNED), settings=boot_files(tmp_path, shimx64=b"shim"))
    assert f"  can't send grubx64.efi: it is in none of {tmp_path}" in lines
    assert "GRUB, once that file is there: TFTP RRQ grub/grub.cfg" in lines


def test_explain_says_what_a_grub_without_http_can_not_reach(tmp_path):
    settings = boot_files(tmp_path, shimx64=b"shim", grubx64=b"net/tftp.c")
    elsewhere = howto.nic(replace(SIGNED, osie=Osie(base_url="http://10.10.0.2/harvester")))
    (told,) = [line for line in explained(elsewhere, settings=settings) if "no module" in line]
    assert told == (
        "GRUB: has no module for HTTP, so http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64 is out of "
        "its reach; what is below http://10.10.0.20:7080/images/ comes by TFTP"
    )
    by_http = explained(howto.nic(SIGNED), 16, settings=settings)
    assert "GRUB: has no module for HTTP: it asks for nothing, and stays at its prompt" in by_http
    # As that of Debian 13.
    boot_files(tmp_path, grubx64=b"net/tftp.c HTTP/1.1")
    assert not [line for line in explained(elsewhere, settings=settings) if "no module" in line]
    lines = explained(howto.nic(SIGNED), 16, settings=settings)
    assert "GRUB: HTTP GET http://10.10.0.20:7080/grub/grub.cfg" in lines
    (linux,) = [line for line in lines if "if linux" in line]
    assert "(http,10.10.0.20:7080)/images/v1.2.0/harvester-v1.2.0-vmlinuz-amd64" in linux


def test_explain_follows_the_signed_shim_of_ipxe_to_ipxe():
    signed = howto.nic(Netboot(True, ipxe_binary="snponly-shimx64.efi"))
    assert steps(explained(signed))[1:4] == [
        "firmware: TFTP RRQ 58-47-ca-71-d8-49/snponly-shimx64.efi",
        "shim: TFTP RRQ 58-47-ca-71-d8-49/snponly.efi",
        "iPXE: DHCPDISCOVER",
    ]


def test_explain_says_what_a_machine_waits_for():
    nic = howto.nic()
    machine = replace(nic.machine, after=("tink-system/other",))
    states = {"tink-system/other": State("installing")}
    snapshot = snapshot_of(machine, Machine("other", "tink-system", (Interface("02:00:00:00:00:09"),)), states=states)

    def head() -> list[str]:
        return list(as_text(explain(snapshot.find(MAC)[0], None, snapshot, 0.0), snapshot))[2:4]

    waits = "  but waits in iPXE until these are done: tink-system/other"
    assert head() == [waits, "  and now waits for other (installing)"]
    states["tink-system/other"] = State("installed")
    assert head() == [waits, "  which they are"]


@pytest.mark.parametrize("kind", [name for name, (_kind, arch) in CLIENTS.items() if arch is None])
def test_explain_client_that_is_no_firmware(kind):
    lines = explained(arch=7, kind=kind)
    assert "firmware" not in lines[lines.index("") + 1]
    assert steps(lines)[-1] == "operating system: DHCPDISCOVER"
    assert (SCRIPT in "\n".join(lines)) == (kind != "none")


def test_explain_none_gets_its_lease_and_no_more():
    (step,) = steps(explained(arch=7, kind="none"))
    assert step == "operating system: DHCPDISCOVER"


@pytest.mark.parametrize(
    ("interface", "seen", "arch"),
    [
        ({"uefi": False}, "", 0),
        ({"uefi": True}, "", 7),
        ({"uefi": True}, "bios", 0),
        ({"arch": "aarch64"}, "", 11),
        ({"arch": "", "uefi": None}, "", 7),
        ({"arch": "", "uefi": None}, "bios", 0),
        ({"arch": "", "uefi": False}, "", 0),
    ],
)
def test_explain_is_about_the_machines_own_firmware(interface, seen, arch):
    nic = howto.nic()
    card = replace(nic.interface, **interface)
    own = Nic(replace(nic.machine, interfaces=(card,)), card)
    first = steps(explained(own, arch=None, states={own.machine.key: State(firmware=seen)}))[0]
    assert first == f"firmware, {architectures.describe(arch)}: DHCPDISCOVER"


def test_explain_says_where_the_machine_stands():
    state = State("failed", since=-7200.0, attempt=3, error="no disk", last="x", last_at=1.0)
    (line,) = [line for line in explained(states={KEY: state}) if line.startswith("  stage")]
    assert line.startswith("  stage failed for ") and line.endswith(", attempt 3: no disk")


def test_explain_document_has_the_steps_and_the_machine_as_the_api_has_it():
    nic = howto.nic()
    snapshot = snapshot_of(nic.machine, states={KEY: State("offered", attempt=2)})
    document = json.loads(json.dumps(as_document(explain(nic, Client(FIRMWARE, 16), snapshot, 0.0), snapshot)))
    assert document["machine"] == machine_document(nic.machine, State("offered", attempt=2))
    assert document["client"] == {"kind": "firmware", "arch": 16}
    discover, load, _discover, script, _os = document["steps"]
    assert discover["gets"]["address"] == "10.10.0.16"
    assert load["asks"] == f"HTTP GET {discover['gets']['file']}"
    assert script["gets"]["script"].startswith("#!ipxe\n")
    off = Nic(replace(nic.machine, interfaces=(card := replace(nic.interface, netboot=Netboot(False)),)), card)
    refused = as_document(explain(off, Client(FIRMWARE, 16), snapshot_of(off.machine), 0.0), snapshot)["steps"][1]
    assert (refused["gets"], refused["refused"][:5]) == ({}, "403: ")
