# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots that are played against a real bootd: a clean one, planted faults, and what bootd keeps meanwhile."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy

import pytest

from programs.require import require
from servers.other_dhcp import other_dhcp
from servers.rehearsal_lab import (
    BESIDE,
    IMAGES,
    KERNEL_SHA256,
    MAC,
    NODE,
    URL,
    RehearsalLab,
    arm64_kernel,
    hardware,
    harvester,
    rehearsal_lab,
)

CONFIGURATION = "token: a secret of this test\ninstall: {mode: create}\n"
ROGUE, MACHINE = "rogue", "machine"
FIRST, SECOND, THIRD, OFF = hardware(1), harvester(2), hardware(3), hardware(4, netboot={"allowPXE": False})
ARM = hardware(5, dhcp={"arch": "aarch64"})
ARM["spec"]["interfaces"][0]["netboot"]["osie"]["kernel"] = "linux-arm64"
SHIM = hardware(6, netboot={"ipxe": {"binary": "shimx64.efi"}})
ALL = (FIRST, SECOND, THIRD, OFF, ARM, SHIM)
KEPT_SECONDS = 1.5  # in which bootd has written down whatever it was going to
PATIENCE = 60.0  # seconds until bootd has read what has changed


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[RehearsalLab]:
    require("root", "ip", "nsenter", "dnsmasq", "curl")
    with rehearsal_lab(tmp_path_factory.mktemp("rehearse")) as lab:
        lab.lab.host(ROGUE, "10.10.0.1/16")
        lab.lab.host(MACHINE, "10.10.0.22/16")
        lab.configure("um790-2", CONFIGURATION)
        lab.keep(*ALL)
        lab.bootd.start()
        # One machine is in the middle of its boot.
        lab.lab.run(MACHINE, ["curl", "-sS", f"{URL}/{MAC.format(1).replace(':', '-')}/auto.ipxe"])
        yield lab
        assert lab.bootd.stop() == 0


@pytest.fixture
def lab(running) -> Iterator[RehearsalLab]:
    """The lab as it should be, whatever a test has done to it."""
    yield running
    running.restore()
    running.configure("um790-2", CONFIGURATION)
    running.keep(*ALL)


def the_problem(result: dict, machine: str = "um790-1") -> dict:
    """Return the only problem; the machine fails by it."""
    (problem,) = result["problems"]
    assert problem["where"].startswith(f"{machine}, ")
    assert result["machines"][machine]["verdict"] == "fails"
    return problem


def steps(result: dict, machine: str) -> list[str]:
    return [step["step"] for step in result["machines"][machine]["steps"]]


def test_clean_lab_has_no_problem(lab):
    result = lab.rehearse(*ALL, checksums={"vmlinuz": KERNEL_SHA256})
    assert result["problems"] == []
    verdicts = {name: found["verdict"] for name, found in result["machines"].items()}
    assert verdicts == {f"um790-{number}": "disk" if number == 4 else "boots" for number in range(1, 7)}
    assert steps(result, "um790-1")[:4] == ["DHCP as uefi", "TFTP snponly.efi", "DHCP as ipxe", "HTTP auto.ipxe"]
    assert steps(result, "um790-2")[4:] == [
        "kernel harvester-v1.8.2-vmlinuz-amd64",
        "initrd harvester-v1.8.2-initrd-amd64",
        "rootfs harvester-v1.8.2-rootfs-amd64.squashfs",
        "configuration",
    ]
    assert steps(result, "um790-5")[:2] == ["DHCP as arm64", "TFTP ipxe-arm64.efi"]
    assert steps(result, "um790-6")[1:] == [
        *("TFTP shimx64.efi", "TFTP grubx64.efi", "TFTP grub.cfg"),
        *("kernel vmlinuz", "initrd initrd.img"),
    ]
    assert "a secret of this test" not in json.dumps(result)


@pytest.mark.parametrize(
    ("client", "first"),
    [
        ("bios", ["DHCP as bios", "TFTP undionly.kpxe", "DHCP as ipxe", "HTTP auto.ipxe"]),
        ("uefi-http", ["DHCP as uefi-http", "HTTP snponly.efi", "DHCP as ipxe", "HTTP auto.ipxe"]),
        ("ipxe", ["DHCP as ipxe", "HTTP auto.ipxe"]),
    ],
)
def test_machine_boots_as_any_kind_of_client(lab, client, first):
    result = lab.rehearse(FIRST, client=client)
    assert (result["problems"], steps(result, "um790-1")[: len(first)]) == ([], first)


def test_arm64_boots_by_http_too(lab):
    result = lab.rehearse(ARM, client="arm64-http")
    assert (result["problems"], steps(result, "um790-5")[:2]) == ([], ["DHCP as arm64-http", "HTTP ipxe-arm64.efi"])


def test_module_fails_and_says_which_machine_step_and_remedy(lab):
    (lab.images / "vmlinuz").unlink()
    result = lab.rehearse(FIRST, fail=True)
    assert (result["failed"], result["changed"]) == (True, False)
    message = result["msg"]
    assert message.startswith("um790-1, kernel vmlinuz: ")
    assert "404 no such file, expected a kernel; put it where netboot_image_url says" in message
    assert result["problems"][0]["who"] == "node"


def test_wrong_checksum_is_found(lab):
    (lab.images / "vmlinuz").write_bytes(IMAGES["vmlinuz"][:-1] + b"x")
    problem = the_problem(lab.rehearse(FIRST, checksums={"vmlinuz": KERNEL_SHA256}))
    assert KERNEL_SHA256.partition(":")[2] in problem["what"]


def test_kernel_for_another_processor_is_found(lab):
    (lab.images / "vmlinuz").write_bytes(arm64_kernel())
    problem = the_problem(lab.rehearse(FIRST))
    assert "it is for aarch64, and the machine has x86_64" in problem["what"]


def test_missing_boot_program_is_found(lab):
    (lab.bootd.boot_files / "snponly.efi").unlink()
    problem = the_problem(lab.rehearse(FIRST))
    assert (problem["where"], problem["who"]) == ("um790-1, TFTP snponly.efi", "node")


def test_rogue_server_with_another_next_server_is_found(lab, tmp_path):
    configuration = "dhcp-range=10.10.200.1,10.10.200.50,255.255.0.0,1h\ndhcp-boot=evil.efi,,10.10.0.66\nno-ping\n"
    with other_dhcp(lab.lab, ROGUE, tmp_path, "dnsmasq", configuration):
        result = lab.rehearse(FIRST)
    problem = the_problem(result)
    assert "10.10.0.1 " in problem["what"] and "evil.efi from 10.10.0.66" in problem["what"]
    assert problem["who"] == "network"


def test_machine_without_configuration_is_found(lab):
    (lab.configurations / "um790-2.yaml").unlink()
    problem = the_problem(lab.rehearse(SECOND), "um790-2")
    assert (problem["where"], problem["who"]) == ("um790-2, configuration", "inventory")


def test_netboot_that_is_switched_off_is_found(lab):
    lab.keep(hardware(1, netboot={"allowPXE": False}), *ALL[1:])
    problem = the_problem(eventually(lab, FIRST))
    assert "allowPXE is false" in problem["what"]


def test_machine_that_bootd_does_not_know_is_found(lab):
    problem = the_problem(lab.rehearse(hardware(9)), "um790-9")
    assert (problem["where"], problem["who"]) == ("um790-9, DHCP as uefi", "inventory")
    assert json.loads(lab.bootd.get("/api/v1/unknown")[1]) == {"unknown": []}


def test_two_machines_with_one_mac_are_found(lab):
    twin = hardware(3, dhcp={"mac": MAC.format(1)})
    result = lab.rehearse(FIRST, twin)
    assert {problem["where"] for problem in result["problems"]} >= {"um790-3, the object", "um790-3, DHCP as uefi"}
    assert MAC.format(1) in json.dumps(result["problems"])


def test_object_in_the_store_that_differs_is_found_by_field(lab):
    other = deepcopy(FIRST)
    card = other["spec"]["interfaces"][0]
    card["dhcp"]["ip"]["address"] = "10.10.0.99"
    card["netboot"]["osie"]["kernelParams"] = ["console=ttyS1", "quiet"]
    lab.keep(other, *ALL[1:])
    result = eventually(lab, FIRST)
    told = {problem["what"].partition(": ")[2] for problem in result["problems"]}
    assert "bootd's offer has the address 10.10.0.99, expected 10.10.0.22, as the inventory has it" in told
    assert any("command line lacks console and has quiet, console besides" in what for what in told), told


def test_machine_that_waits_for_others_is_no_problem_and_its_files_are_looked_at(lab):
    waiting = hardware(3, annotations={"netboot.baremetal/after": "um790-1"})
    lab.keep(FIRST, SECOND, waiting)
    end = time.monotonic() + PATIENCE
    while (result := lab.rehearse(FIRST, waiting))["machines"]["um790-3"]["verdict"] != "waits":
        assert time.monotonic() < end, result["table"]
    assert result["problems"] == []
    assert steps(result, "um790-3")[-2:] == ["kernel vmlinuz", "initrd initrd.img"]


def test_nothing_of_it_is_recorded(lab):
    time.sleep(KEPT_SECONDS)
    before = kept(lab)
    started = len(lab.bootd.lines())
    lab.rehearse(*ALL, hardware(9))
    for client in ("bios", "uefi-http"):
        lab.rehearse(*ALL, client=client)
    time.sleep(KEPT_SECONDS)
    assert kept(lab) == before
    about = [line for line in lab.bootd.lines()[started:] if line["event"] in ("recv", "send", "get", "http")]
    machines = [line for line in about if line.get("client") != "10.10.0.20" or line["event"] != "http"]
    assert machines and all(line.get("rehearsal") for line in machines)
    assert 'bootd_rehearsals_total{protocol="dhcp"}' in lab.bootd.get("/metrics")[1]


def test_bootd_s_own_host_can_rehearse(lab):
    result = lab.rehearse(FIRST, host=NODE)
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")


def test_server_of_others_counts_where_it_answers(lab, tmp_path):
    """One name is known to nobody here and one network has no route, one server has no such file, one is not there."""
    (tmp_path / "there.yaml").write_text("token: a secret of this test\n")
    at = {
        "um790-2": "http://bootstrap.example.invalid/there.yaml",
        "um790-7": "http://192.0.2.1/there.yaml",
        "um790-8": "http://10.10.0.22:8000/there.yaml",
        "um790-9": "http://10.10.0.22:8000/missing.yaml",
        "um790-10": "http://10.10.0.22:8001/there.yaml",
    }
    machines = []
    for name, url in at.items():
        machines.append(harvester(int(name.partition("-")[2])))
        machines[-1]["spec"]["metadata"]["instance"]["userdata"] = f"harvester.install.config_url={url}"
    lab.keep(*machines)
    server = [sys.executable, "-m", "http.server", "--directory", str(tmp_path), "8000"]
    with lab.lab.popen(MACHINE, server, stderr=subprocess.DEVNULL) as files:
        try:
            end = time.monotonic() + PATIENCE
            while (result := lab.rehearse(*machines))["machines"]["um790-8"]["verdict"] != "boots":
                assert time.monotonic() < end, result["table"]
        finally:
            files.terminate()
    verdicts = {name: found["verdict"] for name, found in result["machines"].items()}
    assert verdicts == {name: "fails" if name in ("um790-9", "um790-10") else "boots" for name in at}
    assert result["unseen"] == ["192.0.2.1", "bootstrap.example.invalid"]
    assert [(problem["where"], problem["who"]) for problem in result["problems"]] == [
        ("um790-9, configuration missing.yaml", "network"),
        ("um790-10, configuration there.yaml", "network"),
    ]


def test_bootd_that_is_not_there_is_one_problem(lab):
    result = lab.rehearse(*ALL, url="http://10.10.0.21:7080", host=BESIDE)
    (problem,) = result["problems"]
    assert (problem["where"], problem["who"]) == ("http://10.10.0.21:7080/api/v1/machines", "node")


def eventually(lab: RehearsalLab, *machines: dict) -> dict:
    """Rehearse until bootd has read its manifests anew, so that there is a problem."""
    end = time.monotonic() + PATIENCE
    while not (result := lab.rehearse(*machines))["problems"]:
        assert time.monotonic() < end
    return result


def kept(lab: RehearsalLab) -> dict[str, str]:
    """Return all that bootd keeps and tells of machines: its files by their digests, and its documents."""
    files = (path for path in lab.bootd.state.rglob("*") if path.is_file())
    found = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    names = [document["metadata"]["name"] for document in ALL]
    paths = ["/api/v1/machines", "/api/v1/unknown", *(f"/api/v1/machines/{name}/events" for name in names)]
    return found | {path: lab.bootd.get(path)[1] for path in paths}


LEASES = "dhcp-range=10.10.200.1,10.10.200.50,255.255.0.0,1h\nno-ping\n"
LED = f"""\
dhcp-userclass=set:ipxe,iPXE
dhcp-match=set:http,option:client-arch,16
dhcp-boot=tag:ipxe,{URL}/${{mac:hexhyp}}/auto.ipxe,,10.10.0.20
dhcp-boot=tag:!ipxe,tag:!http,snponly.efi,,10.10.0.20
dhcp-boot=tag:!ipxe,tag:http,{URL}/ipxe/snponly.efi,,10.10.0.20
dhcp-option-force=tag:!ipxe,tag:http,option:vendor-class,HTTPClient
"""


@pytest.mark.parametrize(("mode", "other"), [("proxy", LEASES), ("off", LEASES + LED)])
def test_machines_boot_beside_a_server_that_gives_the_addresses(tmp_path, mode, other):
    require("root", "ip", "nsenter", "dnsmasq")
    with rehearsal_lab(tmp_path, "--dhcp-mode", mode) as lab:
        lab.lab.host(ROGUE, "10.10.0.1/16")
        lab.configure("um790-2", CONFIGURATION)
        lab.keep(FIRST, SECOND)
        with other_dhcp(lab.lab, ROGUE, tmp_path / "dnsmasq", "dnsmasq", other):
            lab.bootd.start()
            for client in ("uefi", "uefi-http"):
                result = lab.rehearse(FIRST, SECOND, client=client, dhcp_mode=mode)
                verdicts = {name: found["verdict"] for name, found in result["machines"].items()}
                assert (result["problems"], verdicts) == ([], {"um790-1": "boots", "um790-2": "boots"})
        assert lab.bootd.stop() == 0
