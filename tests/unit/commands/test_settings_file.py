# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's settings as other commands read them: from the file that systemd reads for the daemon."""

from __future__ import annotations

import os
import shlex
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.commands import settings_file
from _bootd.commands.arguments import UsageError
from _bootd.commands.settings_file import environment_with, read_settings

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]))


def test_read_settings_as_systemd_does():
    lines = [
        *("# a comment", "; another", "", 'BOOTD_STORE="files:/etc/x"', " A=b", "KUBECONFIG='/a b'"),
        *(r'BOOTD_IMAGE_DIR="a \"b\""', "E="),
    ]
    assert read_settings("\n".join(lines).encode(), "f") == {
        "BOOTD_STORE": "files:/etc/x",
        "A": "b",
        "KUBECONFIG": "/a b",
        "BOOTD_IMAGE_DIR": 'a "b"',
        "E": "",
    }


@given(st.dictionaries(st.sampled_from(["BOOTD_A", "B", "C_1"]), PRINTABLE))
def test_read_settings_takes_back_what_was_quoted(settings):
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    assert read_settings(text.encode(), "f") == settings


@given(st.binary(max_size=200))
def test_read_settings_of_anything_is_settings_or_an_error_that_names_the_line(data):
    problem = "f:"
    try:
        read_settings(data, "f")
    except UsageError as error:
        problem = str(error)
    assert problem.startswith("f:")


@pytest.mark.parametrize("line", ["BOOTD_STORE", "=x", 'A="b', "A B=c"])
def test_read_settings_names_the_line_that_is_none(line):
    with pytest.raises(UsageError, match=r"^f:2: "):
        read_settings(f"A=b\n{line}\n".encode(), "f")


def test_environment_with_is_over_the_file(tmp_path, monkeypatch):
    path = tmp_path / "bootd"
    path.write_text("A=file\nB=file\n", encoding="utf-8")
    monkeypatch.setattr(settings_file, "SETTINGS_FILE", str(path))
    for named in (str(path), None):
        assert environment_with(named, {"A": "environment"}) == {"A": "environment", "B": "file"}
    assert environment_with("", {"A": "environment"}) == {"A": "environment"}


def test_environment_with_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_file, "SETTINGS_FILE", str(tmp_path / "none"))
    assert environment_with(None, {"A": "b"}) == {"A": "b"}
    with pytest.raises(FileNotFoundError):
        environment_with(str(tmp_path / "none"), {})


def test_environment_with_a_file_that_may_not_be_read_is_left_out_only_where_nothing_needs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_file, "SETTINGS_FILE", str(tmp_path))  # a directory: root may read any file
    with pytest.raises(IsADirectoryError):
        environment_with(None, {})
    assert environment_with(None, {}, needed=False) == {}
    assert stat.S_ISDIR(os.stat(tmp_path).st_mode)
