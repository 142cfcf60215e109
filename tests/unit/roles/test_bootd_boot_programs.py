# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the role bootd takes boot programs from, and what it says of places that can't be."""

from __future__ import annotations

import pytest

from _bootd.decisions.architectures import DEFAULT_FILES
from unit.roles.test_bootd_image import value

SUM = "ab" * 32
FETCHED = {"url": "http://h/x.deb", "sha256": SUM, "name": "ipxe-arm64.efi", "member": "usr/lib/ipxe/ipxe-arm64.efi"}
BUILT = {"source": "http://h/ipxe.tar.xz", "sha256": SUM, "targets": {"bin-arm64-efi/snponly.efi": "snponly-arm64.efi"}}


def problems(**given: object) -> list[str]:
    return value("__bootd_boot_problems", **given)


def test_default_is_what_x86_machines_are_told_to_load():
    names = value("__bootd_boot_names")
    x86 = {DEFAULT_FILES[number] for number in (0, 7, 9, 16, 20)}
    assert x86 <= set(names)
    assert problems() == []


@pytest.mark.parametrize(
    "listed",
    [{"__bootd_boot_folder": {"files": [{"path": "/srv/own.efi"}]}}, {"__bootd_boot_on_controller": ["/srv/own.efi"]}],
    ids=["host", "controller"],
)
def test_names_of_all_places(listed):
    given = listed | {
        "bootd_boot_programs": ["/usr/lib/ipxe/snponly.efi"],
        "bootd_boot_programs_folder": "/srv",
        "bootd_boot_programs_urls": [FETCHED],
        "bootd_boot_programs_build": BUILT,
        "bootd_arch_map": {7: "own.efi", 11: "snponly-arm64.efi", 20: ""},
    }
    assert value("__bootd_boot_names", **given) == ["snponly.efi", "own.efi", "ipxe-arm64.efi", "snponly-arm64.efi"]
    assert problems(**given) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"bootd_boot_programs_build": {"sha256": SUM}},
            ["bootd_boot_programs_build: source is missing", "bootd_boot_programs_build: targets is missing"],
        ),
        (
            {"bootd_boot_programs_folder": "/nowhere"},
            ["bootd_boot_programs_folder: there are no files in /nowhere"],
        ),
        (
            {"bootd_boot_programs_urls": [{**FETCHED, "sha256": SUM.upper()}]},
            ["bootd_boot_programs_urls: sha256 of ipxe-arm64.efi should be 64 hexadecimal digits, in small letters"],
        ),
        (
            {"bootd_boot_programs_urls": [{**FETCHED, "name": "../x"}]},
            ["boot programs: ../x should be a file name of letters, digits, dots, dashes and underscores"],
        ),
        (
            {"bootd_boot_programs_urls": [FETCHED, FETCHED], "bootd_boot_programs": ["/a/b", "/c/b", "/c/bb"]},
            [
                "boot programs: b comes from more than one place, and is served under one name",
                "boot programs: ipxe-arm64.efi comes from more than one place, and is served under one name",
            ],
        ),
        (
            {"bootd_arch_map": {11: "ipxe-arm64.efi"}},
            ["bootd_arch_map: ipxe-arm64.efi is among none of the boot programs that the role brings"],
        ),
        (
            {"bootd_boot_programs_build": {**BUILT, "sha256": "x", "targets": {"all": "a.efi"}}},
            [
                "bootd_boot_programs_build: sha256 should be 64 hexadecimal digits, in small letters",
                "bootd_boot_programs_build: all is no target of iPXE such as bin-arm64-efi/snponly.efi",
            ],
        ),
    ],
)
def test_what_is_wrong_is_told(given, told):
    assert problems(**given) == told


def test_image_has_the_programs_of_all_places():
    given = {"bootd_boot_programs": ["/a/b.efi"], "bootd_boot_programs_urls": [FETCHED]}
    wanted = value("__bootd_image_wanted", __bootd_image_wheels={"files": []}, **given)
    boot = "/opt/bootd/image/context/boot"
    assert wanted == [f"{boot}/b.efi", f"{boot}/ipxe-arm64.efi"]


@pytest.mark.parametrize(("host", "cross"), [("x86_64", {"bin-arm64-efi": "aarch64-linux-gnu-"}), ("aarch64", {})])
def test_build_for_arm_is_by_debians_cross_compiler_unless_the_host_is_one(host, cross):
    assert value("__bootd_boot_cross", ansible_facts={"architecture": host}) == cross
