# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot programs that are missing are told when machines come to need them, and in ``/readyz`` as long as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from _bootd.hardware.model import Machine
from _bootd.runtime.boot_programs import missing_programs, program_files, there_and_missing
from _bootd.runtime.store_changes import StoreChanges
from servers.http_site import Site, machine, make_site

NAME = "arm.efi"


def arm64(number: int) -> Machine:
    found = machine(f"arm-{number}", f"02:00:00:00:00:0{number}", f"10.10.1.{number}")
    return replace(found, interfaces=(replace(found.interfaces[0], arch="aarch64", uefi=True),))


def site_of(tmp_path: Path, machines: int) -> Site:
    return make_site(tmp_path, machine(), *map(arm64, range(1, machines + 1)), arch_map={11: NAME})


def logged(site: Site) -> list[str]:
    return [line["reason"] for line in site.lines() if line["event"] == "boot_program_missing"]


def test_missing_programs_names_file_place_firmware_machines_and_what_to_do(tmp_path):
    (problem,) = missing_programs(site_of(tmp_path, 5).services)
    assert problem.where == str(tmp_path / "boot")
    assert problem.message == (
        "arm.efi is missing for ARM 64-bit UEFI, the firmware of arm-1, arm-2, arm-3 and 2 more; "
        "--arch-map 11=FILE or netboot.ipxe.binary names another"
    )


def test_missing_programs_are_those_of_the_whole_chain(tmp_path):
    site = make_site(tmp_path, arm64(1), arch_map={11: "shimaa64.efi"})
    first, second = missing_programs(site.services)
    assert first.message.startswith("shimaa64.efi is missing for ARM 64-bit UEFI, the firmware of arm-1;")
    assert second.message.startswith("grubaa64.efi is missing, which shimaa64.efi loads, for ARM 64-bit UEFI,")
    (tmp_path / "boot/shimaa64.efi").write_bytes(b"x")
    assert missing_programs(site.services) == [second]


def test_missing_programs_where_the_architecture_has_none(tmp_path):
    (problem,) = missing_programs(make_site(tmp_path, arm64(1), arch_map={11: ""}).services)
    assert problem.message.startswith("there is no network boot program for ARM 64-bit UEFI, the firmware of arm-1;")


def test_missing_programs_looks_in_every_directory(tmp_path):
    site = site_of(tmp_path, 1)
    other = tmp_path / "other"
    other.mkdir()
    (other / NAME).write_bytes(b"x")
    assert len(missing_programs(site.services)) == 1
    settings = replace(site.settings, boot_files=(*site.settings.boot_files, str(other)))
    assert missing_programs(replace(site.services, settings=settings)) == []


def test_ready_tells_missing_programs_until_they_are_there(tmp_path):
    site = site_of(tmp_path, 1)
    answer = site.get("/readyz")
    # One architecture lacks its program: the machines of all others boot, so this is no reason to leave the service.
    assert (answer.status, answer.json["ready"], answer.json["problems"]) == (200, True, [])
    (warning,) = answer.json["warnings"]
    assert warning["message"].startswith("arm.efi is missing")
    (tmp_path / "boot" / NAME).write_bytes(b"x")
    assert site.get("/readyz").json["warnings"] == []


def test_missing_programs_are_logged_once_when_machines_come_to_need_them(tmp_path):
    site = site_of(tmp_path, 0)
    changes = StoreChanges(site.services)
    changes.changed()
    assert logged(site) == []
    site.catalog.upsert(arm64(1))
    changes.changed()
    changes.changed()
    (reason,) = logged(site)
    assert reason.startswith("arm.efi is missing for ARM 64-bit UEFI, the firmware of arm-1;")


def test_all_architectures_are_told_in_one_line(tmp_path):
    (tmp_path / "snponly.efi").write_bytes(b"x")
    found = program_files({6: "ipxe32.efi", 20: ""}, [str(tmp_path)])
    assert there_and_missing(found) == (
        "snponly.efi for x64 UEFI",
        "undionly.kpxe for x86 BIOS; ipxe32.efi for x86 UEFI; ipxe-arm64.efi for ARM 64-bit UEFI",
    )
    assert [(item.file, item.architectures) for item in found if item.there] == [("snponly.efi", (7, 9, 16))]
    assert there_and_missing([]) == ("", "")


def test_unknown_machines_that_boot_may_be_of_any_architecture(tmp_path):
    site = make_site(tmp_path, machine(), dhcp_mode="auto-proxy")
    (tmp_path / "boot/undionly.kpxe").write_bytes(b"x")
    told = [problem.message for problem in missing_programs(site.services)]
    assert told == [
        "snponly.efi is missing for unknown machines with x64 UEFI",
        "ipxe-arm64.efi is missing for unknown machines with ARM 64-bit UEFI",
    ]
