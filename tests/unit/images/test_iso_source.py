# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files come out of real ISOs, by each program that can read one."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._images import iso_source
from ansible_collections.baremetal.netboot.plugins.module_utils._images.choose import source_from
from ansible_collections.baremetal.netboot.plugins.module_utils._images.iso_source import READERS
from ansible_collections.baremetal.netboot.plugins.module_utils._images.outcome import result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._images.present import Failed, Wish, present
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import SourceError
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import release_from
from programs.require import require
from servers.image_mirror import content_of

# As the boot menus of Harvester's ISOs have them (package/harvester-os/iso/boot/grub2/grub.cfg), old and new.
LAYOUTS = {
    "by architecture": {
        "kernel": "boot/x86_64/loader/linux",
        "initrd": "boot/x86_64/loader/initrd",
        "rootfs": "rootfs.squashfs",
    },
    "before": {"kernel": "boot/kernel", "initrd": "boot/initrd", "rootfs": "rootfs.squashfs"},
}
ALL = ("kernel", "initrd", "rootfs", "iso")


def make_iso(directory, layout):
    """Return an ISO in ``directory``, with its checksums beside it."""
    tree = directory / "tree"
    release = release_from("v1.8.2", "amd64", ALL, {})
    lines = []
    for role, path in layout.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content_of(role, 100_000))
        lines.append((hashlib.sha512(content_of(role, 100_000)).hexdigest(), release.files[role]))
    iso = directory / release.files["iso"]
    argv = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "COS_LIVE", "-o", str(iso), str(tree)]
    subprocess.run(argv, check=True, capture_output=True)
    lines.append((hashlib.sha512(iso.read_bytes()).hexdigest(), iso.name))
    iso.with_name(release.checksums).write_text("".join(f"{digest}  {name}\n" for digest, name in lines))
    return iso


def run(iso, images, roles=ALL, *, check=False):
    release = release_from("v1.8.2", "amd64", roles, {})
    source = source_from(release, {"source": str(iso), "source_directory": "{version}"}, {})
    return result_of(present(Wish(release, images, check=check, retries=0), source, print))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.program)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_iso_has_all_a_machine_boots_from(tmp_path, monkeypatch, reader, layout):
    require("xorriso", reader.program)
    monkeypatch.setattr(iso_source, "READERS", (reader,))
    iso, images = make_iso(tmp_path, layout), tmp_path / "images/v1.8.2"
    foreseen = run(iso, images, check=True)
    assert not images.exists()
    result = run(iso, images)
    assert result["files"] == foreseen["files"]
    assert {item["action"] for item in result["files"]} == {"fetched"}
    for role in layout:
        name = release_from("v1.8.2", "amd64", ALL, {}).files[role]
        assert (images / name).read_bytes() == content_of(role, 100_000)
    assert run(iso, images)["changed"] is False


def test_iso_that_lacks_a_file_says_where_it_was_looked_for(tmp_path):
    require("xorriso")
    iso = make_iso(tmp_path, LAYOUTS["before"] | {"kernel": "boot/vmlinuz"})
    with pytest.raises(Failed, match=r"has none of boot/x86_64/loader/linux, boot/kernel, boot/aarch64"):
        run(iso, tmp_path / "images/v1.8.2")


def test_iso_that_is_none_is_told(tmp_path):
    require("xorriso")
    iso = make_iso(tmp_path, LAYOUTS["before"])
    iso.write_bytes(b"<html>not found</html>")
    with pytest.raises(Failed, match=r"has none of .*\n.*has none of"):
        run(iso, tmp_path / "images/v1.8.2", ("kernel", "rootfs"))


def test_iso_without_a_program_that_reads_it(tmp_path, monkeypatch):
    iso = tmp_path / "x.iso"
    iso.write_bytes(b"")
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    source = source_from(release_from("v1.8.2", "amd64", ALL, {}), {"source": str(iso), "source_directory": ""}, {})
    assert source.size("iso") == 0
    with pytest.raises(
        SourceError, match=r"install one of bsdtar \(package libarchive-tools or bsdtar\), 7z .*, xorriso"
    ):
        source.size("kernel")


def test_iso_reader_that_breaks_off_leaves_nothing_to_serve(tmp_path, monkeypatch):
    require("xorriso", "bsdtar")
    iso, images = make_iso(tmp_path, LAYOUTS["before"]), tmp_path / "images/v1.8.2"
    (bsdtar,) = [reader for reader in READERS if reader.program == "bsdtar"]
    argv = ["-xqOf", str(tmp_path / "gone.iso"), "boot/kernel"]
    broken = iso_source.Reader("bsdtar", bsdtar.listing, bsdtar.size, lambda _iso, _path: argv)
    monkeypatch.setattr(iso_source, "READERS", (broken,))
    with pytest.raises(Failed, match=r"bsdtar reading .* ended with exit status 1"):
        run(iso, images, ("kernel",))
    served = [path.name for path in images.iterdir() if not path.name.startswith(".")]
    assert served == ["harvester-v1.8.2-amd64.sha512"]
