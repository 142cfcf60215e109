# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one rule for paths that clients ask for, by TFTP and by HTTP."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware.mac import split_mac
from _bootd.http.middleware import normalize_path
from _bootd.process.served_files import is_relative, tidied
from _bootd.tftp.decide import parse_name
from _bootd.tftp.packet import TftpError

MAC = "58:47:ca:71:d8:49"
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")
paths = st.text(st.sampled_from("./\\ab%:-"), max_size=24) | st.text(TEXT, max_size=24)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", ""),
        ("/", ""),
        ("ipxe.efi", "ipxe.efi"),
        ("//grubx64.efi", "grubx64.efi"),
        ("grub//grub.cfg", "grub/grub.cfg"),
        ("./x/./y/.", "x/y"),
        ("\\EFI\\BOOT\\grubx64.efi", "EFI/BOOT/grubx64.efi"),
        ("\\/./\\a", "a"),
        ("../a", "../a"),
        ("a/...", "a/..."),
    ],
)
def test_tidied(path, name):
    assert tidied(path) == name


@given(paths)
def test_tidied_again_changes_nothing(path):
    assert tidied(tidied(path)) == tidied(path)


@given(paths)
def test_name_that_may_be_served_does_not_leave_the_root(path):
    name = tidied(path)
    if is_relative(name):
        assert posixpath.normpath(posixpath.join("/root", name)) == f"/root/{name}"
        assert "\\" not in name
        assert name.isprintable()


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "./a", "a\\b", "..", "a/../b", ".a", "a/.b", "a\nb", "a\0"])
def test_is_relative_not(name):
    assert not is_relative(name)


@given(paths)
def test_tftp_and_http_read_a_path_alike(path):
    environ = {"PATH_INFO": f"/ipxe/{path}".encode().decode("latin-1")}
    if not normalize_path(environ):
        return
    below = environ["PATH_INFO"].encode("latin-1").decode().removeprefix("/ipxe").removeprefix("/")
    mac, name = split_mac(below)
    try:
        wanted = parse_name(path)
    except TftpError:
        # TFTP strips what follows a name by mistake; HTTP has no such thing.
        assert not is_relative(name)
    else:
        assert (wanted.mac, wanted.name) == (mac, name)


@pytest.mark.parametrize("text", [MAC, "58-47-CA-71-D8-49", "5847.ca71.d849", "5847ca71d849"])
def test_split_mac(text):
    assert split_mac(f"{text}/sub/file") == (MAC, "sub/file")
    assert split_mac(text) == (None, text)
    assert split_mac(f"sub/{text}/file") == (None, f"sub/{text}/file")
