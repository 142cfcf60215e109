# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot-file directory is all that can be read through it."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from _bootd.tftp.content import BootFiles
from _bootd.tftp.packet import ErrorCode, TftpError


@pytest.fixture
def root(tmp_path):
    """Return a directory of boot files with neighbours that must stay out of reach."""
    root = tmp_path / "data"
    (root / "grub").mkdir(parents=True)
    (root / "ipxe.efi").write_bytes(b"ipxe")
    (root / "grub/grub.cfg").write_bytes(b"grub")
    (tmp_path / "data-private").mkdir()
    (tmp_path / "data-private/secret").write_bytes(b"secret")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def content(files, name):
    found = files.open(name)
    try:
        raw = os.read(found.descriptor, 1000)
        assert found.size == len(raw)
        return raw
    finally:
        found.close()


def refusal(files, name):
    with pytest.raises(TftpError) as caught:
        files.open(name)
    return caught.value.code


@pytest.mark.parametrize(("name", "raw"), [("ipxe.efi", b"ipxe"), ("grub/grub.cfg", b"grub")])
def test_open_file(root, name, raw):
    assert content(BootFiles([str(root)]), name) == raw


@pytest.mark.parametrize("name", ["missing", "grub/missing", "missing/x", "ipxe.efi/x", "a" * 256])
def test_open_missing(root, name):
    assert refusal(BootFiles([str(root)]), name) == ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "name", ["../secret", "grub/../../secret", "../data-private/secret", "/etc/passwd", "grub", ".", "a\0b", ""]
)
def test_open_what_is_not_a_file_inside(root, name):
    assert refusal(BootFiles([str(root)]), name) == ErrorCode.ACCESS_VIOLATION


@pytest.mark.parametrize(
    "target", ["../secret", "../data-private/secret", "/etc/passwd", "/dev/zero", "/proc/self/environ"]
)
def test_open_link_that_leads_out(root, target):
    (root / "link").symlink_to(target)
    assert refusal(BootFiles([str(root)]), "link") == ErrorCode.ACCESS_VIOLATION


def test_open_directory_link_that_leads_out(root):
    (root / "dir").symlink_to("../data-private")
    assert refusal(BootFiles([str(root)]), "dir/secret") == ErrorCode.ACCESS_VIOLATION


def test_open_link_to_itself(root):
    (root / "loop").symlink_to("loop")
    assert refusal(BootFiles([str(root)]), "loop") == ErrorCode.ACCESS_VIOLATION


def test_open_link_that_stays_inside(root):
    (root / "..data").symlink_to("grub")
    (root / "grub.cfg").symlink_to("..data/grub.cfg")
    assert content(BootFiles([str(root)]), "grub.cfg") == b"grub"


def test_open_directory_given_as_a_link(root, tmp_path):
    (tmp_path / "current").symlink_to(root.name)
    assert content(BootFiles([str(tmp_path / "current")]), "ipxe.efi") == b"ipxe"


def test_open_pipe_does_not_wait(root):
    os.mkfifo(root / "pipe")
    assert refusal(BootFiles([str(root)]), "pipe") == ErrorCode.ACCESS_VIOLATION


def test_open_socket(root, monkeypatch):
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert refusal(BootFiles([str(root)]), "socket") == ErrorCode.ACCESS_VIOLATION


def test_open_first_directory_wins(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "ipxe.efi").write_bytes(b"other")
    (other / "more").write_bytes(b"more")
    files = BootFiles([str(tmp_path / "missing"), str(root), str(other)])
    assert [content(files, name) for name in ("ipxe.efi", "more")] == [b"ipxe", b"more"]


def test_open_directory_that_is_replaced(root):
    files = BootFiles([str(root)])
    assert content(files, "ipxe.efi") == b"ipxe"
    root.rename(root.parent / "old")
    assert refusal(files, "ipxe.efi") == ErrorCode.NOT_FOUND
    root.mkdir()
    (root / "ipxe.efi").write_bytes(b"newer")
    assert content(files, "ipxe.efi") == b"newer"


def test_open_without_directories():
    assert refusal(BootFiles([]), "ipxe.efi") == ErrorCode.NOT_FOUND


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_open_without_descriptors_left_is_no_verdict_on_the_file(root, monkeypatch, number):
    def exhausted(*_arguments, **_options):
        raise OSError(number, "exhausted")

    files = BootFiles([str(root)])
    monkeypatch.setattr(os, "open", exhausted)
    with pytest.raises(OSError, match="exhausted"):
        files.open("ipxe.efi")


def test_open_leaves_no_descriptor_behind(root):
    files = BootFiles([str(root)])
    before = len(os.listdir("/proc/self/fd"))
    for name in ("missing", "../secret", "grub", "ipxe.efi"):
        try:
            files.open(name).close()
        except TftpError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_open_file_is_opened_once_for_all_who_are_sent_it_and_closed_by_the_last(root):
    files, before = BootFiles([str(root / "missing"), str(root)]), len(os.listdir("/proc/self/fd"))
    found = [files.open("ipxe.efi") for _unused in range(3)]
    assert len({id(each) for each in found}) == 1
    assert len(os.listdir("/proc/self/fd")) == before + 1
    for each in found[1:]:
        each.close()
    assert os.read(found[0].descriptor, 9) == b"ipxe"
    found[0].close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert content(files, "ipxe.efi") == b"ipxe"


def written_to(file):
    file.write_bytes(b"new")


def replaced(file):
    (file.parent / "new").write_bytes(b"new")
    (file.parent / "new").rename(file)


def hidden(file):
    (file.parents[1] / "first").mkdir()
    (file.parents[1] / "first" / file.name).write_bytes(b"new")


@pytest.mark.parametrize("change", [written_to, replaced, hidden])
def test_open_what_is_sent_and_has_changed(root, change):
    files = BootFiles([str(root.parent / "first"), str(root)])
    old = files.open("ipxe.efi")
    change(root / "ipxe.efi")
    new = files.open("ipxe.efi")
    assert (new.size, os.read(new.descriptor, 9)) == (3, b"new")
    old.close()
    again = files.open("ipxe.efi")
    assert again is new
    new.close()
    again.close()


def removed(root):
    (root / "ipxe.efi").unlink()


def led_out(root):
    removed(root)
    (root / "ipxe.efi").symlink_to("../secret")


def made_a_directory(root):
    removed(root)
    (root / "ipxe.efi").mkdir()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (removed, ErrorCode.NOT_FOUND),
        (led_out, ErrorCode.ACCESS_VIOLATION),
        (made_a_directory, ErrorCode.ACCESS_VIOLATION),
    ],
)
def test_open_what_is_sent_and_is_not_served_any_more(root, change, code):
    files = BootFiles([str(root)])
    old = files.open("ipxe.efi")
    change(root)
    assert refusal(files, "ipxe.efi") == code
    old.close()


def test_open_judges_the_place_of_what_is_sent_again_after_a_second(root):
    at = [0.0]
    files = BootFiles([str(root)], clock=lambda: at[0])
    old = files.open("grub/grub.cfg")
    (root / "grub").rename(root.parent / "elsewhere")  # which changes nothing of the file itself
    (root / "grub").symlink_to("../elsewhere")
    at[0] = 1.0
    assert refusal(files, "grub/grub.cfg") == ErrorCode.ACCESS_VIOLATION
    old.close()
