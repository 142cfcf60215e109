# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests' Python keeps of what it has compiled out of zip archives."""

from __future__ import annotations

import zipfile
import zipimport
from importlib.util import module_from_spec

import kept_zip_code
import pytest

SOURCE = "def where(): return where.__code__.co_filename\nVALUE = {value}\n"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The directory, empty."""
    directory = tmp_path / "kept"
    directory.mkdir()
    monkeypatch.setattr(kept_zip_code, "DIRECTORY", str(directory))
    return directory


def loaded(archive, value):
    """Return the module that an archive was just made of."""
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("module.py", SOURCE.format(value=value))
    zipimport._zip_directory_cache.clear()
    spec = zipimport.zipimporter(str(archive)).find_spec("module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_kept_is_taken_for_the_same_source_alone(kept, tmp_path, monkeypatch):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    assert loaded(first, 1).VALUE == 1
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr(kept_zip_code, "_compile", None)  # nothing is compiled again
    assert loaded(second, 1).where() == str(second / "module.py")
    monkeypatch.undo()
    monkeypatch.setattr(kept_zip_code, "DIRECTORY", str(kept))
    assert loaded(second, 2).VALUE == 2
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("left", [b"", b"nonsense", b"\xe3\x00"])
def test_what_a_crash_has_left_is_made_anew(kept, tmp_path, left):
    loaded(tmp_path / "first.zip", 4)
    (file,) = kept.iterdir()
    file.write_bytes(left)
    assert loaded(tmp_path / "second.zip", 4).VALUE == 4
    assert file.read_bytes() != left


@pytest.mark.usefixtures("kept")
def test_what_else_python_says_is_passed_on(monkeypatch):
    said = []
    monkeypatch.setattr(kept_zip_code, "_compile", lambda *all: said.append(all) or compile("1", "x", "eval"))
    kept_zip_code.kept_or_compiled("a.zip/b.py", b"x = 1", "b")
    assert said == [("a.zip/b.py", b"x = 1", "b")]


def test_who_may_not_write_there_does_without(kept, tmp_path):
    kept.rmdir()
    assert loaded(tmp_path / "module.zip", 3).VALUE == 3
