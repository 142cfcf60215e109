# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a release's files, and its checksum file."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.installers.harvester.releases import (
    ARCHES,
    BOOT_ROLES,
    digest_of,
    parse_checksums,
    problem,
    release_files,
    release_url,
    rendered,
    series,
    source_names,
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
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,60}", fullmatch=True)
digests = st.binary(min_size=64, max_size=64).map(bytes.hex)


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


def test_source_names_of_a_mirror_that_renames():
    """netboot.xyz keeps the files without the version in their names."""
    templates = {"kernel": "harvester-vmlinuz-{arch}", "checksums": "harvester-{arch}.sha512"}
    found = source_names(V182_AMD64, templates, "v1.8.2", "amd64")
    assert found == V182_AMD64 | {"kernel": "harvester-vmlinuz-amd64", "checksums": "harvester-amd64.sha512"}


@pytest.mark.parametrize(
    ("templates", "word"),
    [
        ({"kernl": "x"}, "kernl is none of"),
        ({"kernel": "{versoin}"}, "in braces, and nothing else"),
        ({"kernel": "{version"}, "in braces, and nothing else"),
        ({"kernel": "../{version}"}, "should be that of a file"),
        ({"kernel": ".{version}"}, "should be that of a file"),
    ],
)
def test_source_names_refuses(templates, word):
    with pytest.raises(ValueError, match=word):
        source_names(V182_AMD64, templates, "v1.8.2", "amd64")


def test_rendered_takes_no_format_specification():
    with pytest.raises(ValueError, match="nothing else"):
        rendered("{version.__class__}", "v1.8.2", "amd64")


def test_parse_checksums_reads_what_sha512sum_writes(tmp_path):
    for name in ("a", "b-1.iso"):
        (tmp_path / name).write_text(name)
    told = {name: hashlib.sha512(name.encode()).hexdigest() for name in ("a", "b-1.iso")}
    for mode in ("--text", "--binary"):
        output = subprocess.run(
            ["sha512sum", mode, "a", "b-1.iso"], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout
        assert parse_checksums(output) == told


@given(st.dictionaries(names, digests, min_size=1), st.sampled_from(" *"), st.booleans())
def test_parse_checksums_reads_any_table(table, mark, upper):
    lines = [f"{digest.upper() if upper else digest} {mark}{name}" for name, digest in table.items()]
    assert parse_checksums("\n".join(lines) + "\n") == table
    assert parse_checksums("\r\n".join(lines)) == table


@given(st.text())
def test_parse_checksums_of_anything_is_a_table_or_a_value_error(text):
    try:
        found = parse_checksums(text)
    except ValueError:
        return
    assert found
    assert all(len(digest) == 128 and "/" not in name for name, digest in found.items())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "it has no line"),
        ("<html>Not found</html>", "line 1 is no line of sha512sum"),
        (f"{'0' * 127}  a", "line 1 is no line"),
        (f"{'0' * 64}  a", "line 1 is no line"),
        (f"{'0' * 128} a", "line 1 is no line"),
        (f"{'0' * 128}  a\n{'0' * 128}  ../a", "line 2 names '../a'"),
        (f"{'0' * 128}  .a", "line 1 names '.a'"),
        (f"{'0' * 128}  a\n{'1' * 128}  a", "line 2 has another digest of a"),
    ],
)
def test_parse_checksums_refuses(text, word):
    with pytest.raises(ValueError, match=word):
        parse_checksums(text)


def test_digest_of_takes_the_first_name_there_is():
    assert digest_of({"a": "1", "b": "2"}, ["c", "b", "a"]) == "2"
    assert digest_of({"a": "1"}, ["c"]) == ""
