# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases there are, the names of their files and their URLs."""

from __future__ import annotations

import pytest

from _bootd.installers.harvester.releases import (
    ARCHES,
    BOOT_ROLES,
    problem,
    release_files,
    release_url,
    series,
)
from _bootd.ipxe.artifacts import role_of

# https://github.com/harvester/harvester/releases/tag/v1.8.2, and what the documentation links to.
V182_AMD64 = {
    "kernel": "harvester-v1.8.2-vmlinuz-amd64",
    "initrd": "harvester-v1.8.2-initrd-amd64",
    "rootfs": "harvester-v1.8.2-rootfs-amd64.squashfs",
    "iso": "harvester-v1.8.2-amd64.iso",
    "net_install_iso": "harvester-v1.8.2-amd64-net-install.iso",
    "checksums": "harvester-v1.8.2-amd64.sha512",
}


def test_release_files_of_a_release():
    assert release_files("v1.8.2") == V182_AMD64


def test_release_files_of_arm64_have_no_net_install_iso():
    files = release_files("v1.3.0", "arm64")
    assert files["rootfs"] == "harvester-v1.3.0-rootfs-arm64.squashfs"
    assert set(V182_AMD64) - set(files) == {"net_install_iso"}


@pytest.mark.parametrize(("version", "has"), [("v1.2.2", False), ("v1.3.0-rc1", True), ("v1.9", True), ("main", True)])
def test_release_files_net_install_iso_since(version, has):
    assert ("net_install_iso" in release_files(version)) is has


@pytest.mark.parametrize("minor", range(1, 10))
@pytest.mark.parametrize("arch", ARCHES)
def test_release_files_roles_are_told_from_names(minor, arch):
    """What bootd records of a file that it serves agrees with what we call it."""
    if arch == "arm64" and minor < 3:
        with pytest.raises(ValueError, match="for arm64 exists from"):
            release_files(f"v1.{minor}.0", arch)
        return
    files = release_files(f"v1.{minor}.0", arch)
    assert [role_of(files[role]) for role in BOOT_ROLES] == list(BOOT_ROLES)


@pytest.mark.parametrize(
    ("version", "arch", "word"),
    [
        ("v1.0.3", "amd64", "before v1.1 is not supported"),
        ("v1.8.2", "x86_64", "should be one of amd64, arm64"),
        ("v1.8.2/..", "amd64", "should be as v1.8.2"),
        ("..", "amd64", "should be as v1.8.2"),
        ("v1..8", "amd64", "should be as v1.8.2"),
        ("", "amd64", "should be as v1.8.2"),
        ("v1.8.2\n", "amd64", "should be as v1.8.2"),
        (".hidden", "amd64", "should be as v1.8.2"),
    ],
)
def test_problem_of_what_is_no_release(version, arch, word):
    assert word in problem(version, arch)
    with pytest.raises(ValueError, match=word):
        release_files(version, arch)


@pytest.mark.parametrize(
    ("version", "found"),
    [("v1.8.2", (1, 8)), ("v1.9.0-rc6", (1, 9)), ("v1.8", (1, 8)), ("v1.10.0", (1, 10)), ("master", None)],
)
def test_series(version, found):
    assert series(version) == found


def test_release_url():
    assert release_url("v1.8.2") == "https://releases.rancher.com/harvester/v1.8.2"
    assert release_url("v1.8.2", "http://mirror/h/") == "http://mirror/h/v1.8.2"
