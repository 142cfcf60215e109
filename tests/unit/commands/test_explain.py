# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bootd explain`` prints is what each kind of firmware really does, and whether the file is there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from _bootd.commands.explain import ExplainContext, explain
from _bootd.daemon import main
from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot, Nic
from _bootd.stores.base import StoreProblem
from _bootd.stores.catalog import Catalog
from _bootd.stores.states.directory import StateDir
from samples import howto

MAC = "58:47:ca:71:d8:49"
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"


def explained(nic: Nic | None = None, arch: int = 7, **options: object) -> list[str]:
    catalog = Catalog()
    catalog.upsert((nic or howto.nic()).machine)
    context = ExplainContext(options.pop("settings", howto.SETTINGS), **options)
    return list(explain(catalog, MAC, arch, context))


def steps(lines: list[str]) -> list[str]:
    """The first line of each step."""
    return [line for place, line in enumerate(lines) if place and not lines[place - 1]]


@pytest.mark.parametrize(
    ("arch", "asks"),
    [
        (7, "firmware: TFTP RRQ 58-47-ca-71-d8-49/snponly.efi"),
        (0, "firmware: TFTP RRQ 58-47-ca-71-d8-49/undionly.kpxe"),
        (16, "firmware: HTTP GET http://10.10.0.20:7080/ipxe/58-47-ca-71-d8-49/snponly.efi"),
    ],
)
def test_explain_follows_the_firmware(arch, asks):
    lines = explained(arch=arch)
    first, *rest = steps(lines)
    assert first.startswith("firmware, ")
    assert rest == [asks, "iPXE: DHCPDISCOVER", "iPXE: GET the script", "operating system: DHCPDISCOVER"]
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


def test_explain_netboot_off_by_http_is_the_403_that_it_gets():
    lines = explained(howto.nic(Netboot(False)), 16)
    assert "  refused: 403: netboot is off for um790-1: netboot.allowPXE is false" in lines
    assert "0.0.0.0" not in "\n".join(lines)


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


@pytest.mark.parametrize(("arch", "name"), [(7, "snponly.efi"), (16, "snponly.efi"), (0, "undionly.kpxe")])
def test_explain_looks_whether_the_file_is_there(tmp_path, arch, name):
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
    settings = replace(howto.SETTINGS, boot_files=(str(first), str(second)))
    missing = f"  can't send {name}: it is in none of {first}, {second}"
    assert missing in explained(arch=arch, settings=settings)
    (second / name).write_bytes(b"x" * 300)
    assert f"  sends {name}, 300 octets, from {second}/{name}" in explained(arch=arch, settings=settings)
    assert f"  sends {name}, if it is there: --boot-files names the directories to look in" in explained(arch=arch)


def test_explain_says_what_a_machine_waits_for():
    nic = howto.nic()
    machine = replace(nic.machine, after=("tink-system/other",))
    catalog = Catalog()
    catalog.replace([machine, Machine("other", "tink-system", (Interface("02:00:00:00:00:09"),))])
    states = {"tink-system/other": State("installing")}

    def head() -> list[str]:
        context = ExplainContext(howto.SETTINGS, state_of=lambda key: states.get(key, State()))
        return list(explain(catalog, MAC, 7, context))[2:4]

    waits = "  but waits in iPXE until these are done: tink-system/other"
    assert head() == [waits, "  and now waits for other (installing)"]
    states["tink-system/other"] = State("installed")
    assert head() == [waits, "  which they are"]


def test_explain_unknown_machine_names_what_could_not_be_read():
    problems = [StoreProblem("a.yaml", "no YAML")] * 20
    lines = list(explain(Catalog(), MAC, 7, ExplainContext(howto.SETTINGS, problems=problems)))
    assert lines[0] == f"{MAC}: no Hardware object has this MAC address."
    assert lines[3:] == ["  a.yaml: no YAML"] * 10


def test_explain_command_takes_the_state_directory_into_account(tmp_path, capsys):
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw/a.yaml").write_text(howto.HARDWARE, encoding="utf-8")
    argv = ["explain", MAC, "--store", f"files:{tmp_path}/hw", "--boot-files", "", "--state-dir"]
    assert main([*argv, ""]) == 0
    assert "--state-dir names the directory of the daemon" in capsys.readouterr().out
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.secret()
        state_dir.save({"tink-system/um790-1": State("installed", installs=1, switched_off={MAC: ""})})
    assert main([*argv, str(tmp_path / "state")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "  netboot is off for um790-1: it is installed"


def test_explain_command_names_a_manifest_that_is_broken(tmp_path, capsys):
    broken = yaml.safe_load(howto.HARDWARE)
    broken["spec"]["interfaces"][0]["dhcp"]["mac"] = "58:47:ca:71:d8"
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(broken), encoding="utf-8")
    assert main(["explain", MAC, "--store", f"files:{tmp_path}", "--state-dir", ""]) == 1
    out = capsys.readouterr().out
    assert "These can't be used" in out
    assert str(tmp_path / "a.yaml") in out
