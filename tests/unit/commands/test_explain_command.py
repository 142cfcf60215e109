# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bootd explain`` as it is typed: which machine is meant, what is told where there is none, whose settings count."""

from __future__ import annotations

import json
import os
import time

import pytest
import yaml

from _bootd.commands import explain
from _bootd.commands.daemon_api import NoAnswer
from _bootd.daemon import main
from _bootd.decisions.stages import State
from _bootd.stores.states.directory import StateDir
from samples import howto

MAC = "58:47:ca:71:d8:49"
OTHER_MAC = "58:47:ca:71:d8:4a"
KEY = "tink-system/um790-1"
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"


@pytest.fixture
def hardware(tmp_path):
    """A directory with the machine of the walk-through."""
    directory = tmp_path / "hw"
    directory.mkdir()
    (directory / "um790-1.yaml").write_text(howto.HARDWARE, encoding="utf-8")
    return directory


def command(hardware, asked: str = MAC, *more: str, state: object = "") -> int:
    return main(["explain", asked, "--settings", "", "--store", f"files:{hardware}", "--state-dir", str(state), *more])


@pytest.mark.parametrize("asked", [MAC, "58-47-CA-71-D8-49", "5847.ca71.d849", "um790-1", KEY, "10.10.0.16"])
def test_explain_command_takes_any_name_of_the_machine(hardware, capsys, asked):
    assert command(hardware, asked) == 0
    assert capsys.readouterr().out.startswith("um790-1 (tink-system/um790-1)")


def test_explain_command_takes_the_state_directory_into_account(hardware, tmp_path, capsys):
    assert command(hardware) == 0
    assert "--state-dir names the directory of the daemon" in capsys.readouterr().out
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.secret()
        state_dir.save({KEY: State("installed", installs=1, switched_off={MAC: ""})})
    assert command(hardware, state=tmp_path / "state") == 0
    assert capsys.readouterr().out.splitlines()[1] == "  netboot is off for um790-1: it is installed"


def test_explain_command_explains_each_interface_of_a_machine(hardware, capsys):
    two = yaml.safe_load(howto.HARDWARE)
    (first,) = two["spec"]["interfaces"]
    ip = {**first["dhcp"]["ip"], "address": "10.10.0.17"}
    two["spec"]["interfaces"].append({"dhcp": {"mac": "02:00:00:00:00:02", "ip": ip}, "netboot": {"allowPXE": False}})
    (hardware / "um790-1.yaml").write_text(yaml.safe_dump(two), encoding="utf-8")
    assert command(hardware, "um790-1") == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("um790-1 (")]
    assert [head.split(", ")[1] for head in heads] == [MAC, "02:00:00:00:00:02"]
    assert command(hardware, "02:00:00:00:00:02", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["explanations"]
    assert one["mac"] == "02:00:00:00:00:02"


PACKETS = [
    {
        "at": 0,
        "mac": MAC,
        "via": "dhcp",
        "asked": "DHCPDISCOVER",
        "answered": "DHCPOFFER of 10.10.0.16",
        "why": "a\x1b[2J",
    },
    {"at": 1, "mac": OTHER_MAC, "via": "dhcp", "asked": "DHCPDISCOVER", "answered": "", "why": ""},
    {"at": 2, "mac": MAC, "via": "tftp", "asked": "RRQ x", "answered": "", "why": "its address may be forged"},
]


def test_explain_command_tells_the_last_packets_that_the_daemon_beside_it_knows(hardware, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(explain, "ask", lambda where: (asked.append(where), ({"packets": PACKETS}, 0.0))[1])
    assert command(hardware, MAC, "--address", "127.0.0.1") == 0
    *_steps, title, offered, forged = capsys.readouterr().out.splitlines()
    assert asked == ["http://127.0.0.1:7080/api/v1/machines/tink-system/um790-1/events"]
    assert title == "its last packets, which bootd remembers until it is restarted:"
    assert offered.endswith(r" ago  DHCP  DHCPDISCOVER: DHCPOFFER of 10.10.0.16, because a\x1b[2J")
    assert forged.endswith(" ago  TFTP  RRQ x: no answer, because its address may be forged")
    assert command(hardware, MAC, "--address", "127.0.0.1", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["explanations"]
    assert one["packets"] == [PACKETS[0], PACKETS[2]]


def test_explain_command_tells_the_last_packets_of_a_machine_without_an_object(hardware, capsys, monkeypatch):
    monkeypatch.setattr(explain, "ask", lambda where: ({"packets": PACKETS}, 0.0) if "/unknown/" in where else None)
    assert command(hardware, OTHER_MAC, "--address", "127.0.0.1") == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith(" ago  DHCP  DHCPDISCOVER: no answer")


@pytest.mark.parametrize("document", [{}, {"packets": None}, {"packets": [1]}, {"packets": [{}]}, None])
def test_explain_command_does_without_packets(hardware, capsys, monkeypatch, document):
    def ask(where):
        if document is None:
            raise NoAnswer(where)
        return document, 0.0

    monkeypatch.setattr(explain, "ask", ask)
    assert command(hardware, MAC, "--address", "127.0.0.1") == 0
    assert "packets" not in capsys.readouterr().out


def test_explain_command_asks_no_daemon_elsewhere(hardware, capsys, monkeypatch):
    monkeypatch.setattr(explain, "ask", None)
    assert command(hardware, MAC, "--address", "192.0.2.7", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["explanations"]
    assert one["packets"] is None


def broken_mac(hardware) -> None:
    broken = yaml.safe_load(howto.HARDWARE)
    broken["spec"]["interfaces"][0]["dhcp"]["mac"] = "58:47:ca:71:d8"
    (hardware / "um790-1.yaml").write_text(yaml.safe_dump(broken), encoding="utf-8")


@pytest.mark.parametrize("asked", ["um790-1", KEY])
def test_explain_command_gives_the_reason_where_the_manifest_is_broken(hardware, capsys, asked):
    broken_mac(hardware)
    assert command(hardware, asked) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{asked}: its object is broken, so that bootd can't serve it as it stands:\n")
    text = (hardware / "um790-1.yaml").read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, line in enumerate(text, 1) if "mac:" in line]
    assert f"\n  {hardware}/um790-1.yaml:{line}: {KEY} spec.interfaces[0].dhcp.mac: " in out
    assert "spec.interfaces[0].dhcp.mac" in out and '"58:47:ca:71:d8"' in out
    assert "no Hardware object" not in out


def test_explain_command_gives_the_reason_where_the_file_is_no_yaml(hardware, capsys):
    text = howto.HARDWARE.replace("  disks:", " - disks:")
    (hardware / "um790-1.yaml").write_text(text, encoding="utf-8")
    (hardware / "other.yaml").write_text("{", encoding="utf-8")
    for asked in ("um790-1", MAC, "10.10.0.16"):
        assert command(hardware, asked, "--json") == 1
        document = json.loads(capsys.readouterr().out)
        assert document["broken"] is True
        (problem,) = document["problems"]
        assert problem["where"].startswith(f"{hardware}/um790-1.yaml:")
        assert problem["message"]


def test_explain_command_takes_no_part_of_a_name_for_the_name(hardware, capsys):
    (hardware / "um790-1.yaml").rename(hardware / "um790-10.yaml")
    (hardware / "um790-10.yaml").write_text(f"# um790-10, {OTHER_MAC}0\n{{", encoding="utf-8")
    for asked in ("um790-1", OTHER_MAC):
        assert command(hardware, asked, "--json") == 1
        assert json.loads(capsys.readouterr().out)["broken"] is False
    assert command(hardware, "um790-10", "--json") == 1
    assert json.loads(capsys.readouterr().out)["broken"] is True


def test_explain_command_says_that_a_machine_of_a_broken_manifest_was_served_before(hardware, tmp_path, capsys):
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.save({KEY: State("installing")})
    broken_mac(hardware)
    assert command(hardware, "um790-1", state=tmp_path / "state") == 1
    assert f"bootd has served {KEY} before (stage installing)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("um790-2", "um790-2: no Hardware object has this name.\nIs um790-1 meant?\n"),
        (OTHER_MAC, f"{OTHER_MAC}: no Hardware object has this MAC address.\nIs {MAC} (um790-1) meant?\n"),
        ("10.10.9.9", "10.10.9.9: no Hardware object has this address.\nIt gets no DHCP reply"),
        ("zebra", "zebra: no Hardware object has this name.\nIt gets no DHCP reply"),
    ],
)
def test_explain_command_unknown_machine_names_the_nearest(hardware, capsys, asked, said):
    assert command(hardware, asked) == 1
    assert capsys.readouterr().out.startswith(said)


def test_explain_command_points_to_the_unknown_machines(hardware, capsys):
    """By a MAC address in whatever notation: of a name there is none."""
    sentence = f"bootd machines --unknown {OTHER_MAC} tells whether it has asked"
    for mode in ("reservation", "auto-proxy"):
        assert command(hardware, "um790-2", "--dhcp-mode", mode) == 1
        assert "--unknown" not in capsys.readouterr().out
        assert command(hardware, OTHER_MAC.replace(":", "-").upper(), "--dhcp-mode", mode) == 1
        assert capsys.readouterr().out.splitlines()[-1].startswith(sentence)


def test_explain_command_unknown_machine_names_what_could_not_be_read(hardware, capsys):
    for number in range(20):
        (hardware / f"{number:02}.yaml").write_text("{", encoding="utf-8")
    assert command(hardware, "02:00:00:00:00:99") == 1
    out = capsys.readouterr().out
    assert "These can't be used, and the machine may be one of them:\n" in out
    assert out.count("  " + str(hardware)) == 10
    assert "  and 10 more: run bootd check\n" in out


def test_explain_command_tells_the_problems_of_a_machine_that_is_served(hardware, capsys):
    text = howto.HARDWARE.replace("lease_time: 86400", "lease_time: -5")
    (hardware / "um790-1.yaml").write_text(text, encoding="utf-8")
    assert command(hardware) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  problem: ")]
    assert "um790-1.yaml" in line and "lease_time: -5" in line


def test_explain_command_tells_what_only_a_check_finds(hardware, capsys):
    """Such as what its installer refuses: the machine is served, and will not get far."""
    text = howto.HARDWARE.replace("arch: x86_64", "arch: aarch64")
    (hardware / "um790-1.yaml").write_text(text, encoding="utf-8")
    assert command(hardware, "um790-1") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  problem: ")]
    number = text.splitlines().index("        arch: aarch64") + 1
    assert line.startswith(f"  problem: {hardware}/um790-1.yaml:{number}: {KEY} spec.interfaces[0].dhcp.arch: ")


@pytest.mark.parametrize("asked", ["um790-1", "um790-2", MAC])
def test_explain_command_of_a_clash_shows_who_is_served(hardware, capsys, asked):
    (hardware / "b.yaml").write_text(howto.HARDWARE.replace("um790-1", "um790-2").replace("0.16", "0.17"), "utf-8")
    os.utime(hardware / "um790-1.yaml", (1, 1))
    assert command(hardware, asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"um790-1 (tink-system/um790-1), {MAC}")
    (problem,) = [line for line in lines if line.startswith("  problem: ")]
    assert f"tink-system/um790-2: the mac {MAC} belongs to tink-system/um790-1" in problem


def test_explain_command_takes_everything_from_the_daemons_settings(hardware, tmp_path, capsys):
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/own.efi").write_bytes(b"x" * 7)
    settings = tmp_path / "bootd.env"
    settings.write_text(
        f'# written by a role\nBOOTD_STORE="files:{hardware}"\nBOOTD_ADDRESS="10.10.0.20"\nBOOTD_HTTP_PORT=80\n'
        f'BOOTD_STATE_DIR="{tmp_path}/state"\nBOOTD_BOOT_FILES={tmp_path}/boot\nBOOTD_ARCH_MAP="7=own.efi"\n'
        "BOOTD_LOG_FORMAT=json\n",
        encoding="utf-8",
    )
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.save({KEY: State("offered", attempt=4, last="discover", last_at=1.0)})
    assert main(["explain", "um790-1", "--settings", str(settings)]) == 0
    out = capsys.readouterr().out
    assert ", attempt 4, last seen: discover\n" in out
    assert f"sends own.efi, 7 octets, from {tmp_path}/boot/own.efi" in out
    assert "file http://10.10.0.20/58-47-ca-71-d8-49/auto.ipxe" in out
    assert main(["explain", "um790-1", "--settings", str(settings), "--address", "10.9.9.9"]) == 0
    assert "file http://10.9.9.9/58-47-ca-71-d8-49/auto.ipxe" in capsys.readouterr().out


def test_explain_counts_the_limit_of_installations_of_the_daemons_settings(hardware, tmp_path, monkeypatch, capsys):
    other = howto.HARDWARE.replace("um790-1", "um790-2").replace(MAC, "58:47:ca:71:d8:4a").replace("0.16", "0.17")
    (hardware / "b.yaml").write_text(other, encoding="utf-8")
    with StateDir(tmp_path / "state") as state_dir:
        state_dir.save({"tink-system/um790-2": State("script", since=time.time())})
    monkeypatch.setenv("BOOTD_INSTALLS_AT_ONCE", "1")
    assert command(hardware, "um790-1", state=tmp_path / "state") == 0
    assert "  and now waits for its turn (at most 1 at once): um790-2\n" in capsys.readouterr().out
