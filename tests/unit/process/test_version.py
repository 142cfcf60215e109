# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``bootd --version``: the collection's, wherever bootd runs, and also where libraries are missing."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from _bootd.daemon import main
from _bootd.process.libraries import REQUIRED
from _bootd.process.version import DOCUMENTATION, VERSION, version_text
from ansible_collections.baremetal.netboot.plugins.plugin_utils._zipapp import PACKAGE, pack

GALAXY = yaml.safe_load((Path(__file__).resolve().parents[3] / "galaxy.yml").read_text(encoding="utf-8"))


def test_version_is_the_collections():
    assert GALAXY["version"] == VERSION
    assert f"{GALAXY['repository']}/blob/main/docs" == DOCUMENTATION


def test_version_text_names_python_and_each_library():
    first, second = version_text().splitlines()
    assert first == f"bootd {VERSION} (Python {platform.python_version()})"
    for name in REQUIRED.values():
        assert f"{name} {importlib.metadata.version(name)}" in second
    assert "SQLite 3." in second


def test_version_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr() == (version_text(), "")


def test_version_of_the_packed_daemon_without_any_library(tmp_path):
    path = tmp_path / "bootd"
    path.write_bytes(pack(PACKAGE, sys.executable))
    argv = [sys.executable, "-I", "-S", path, "--version"]  # -S: nothing that was installed
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == version_text().splitlines()[0]
    assert "aiohttp not installed" in second
