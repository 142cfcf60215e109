# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's code in one file."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

from ansible_collections.baremetal.netboot.plugins.plugin_utils._zipapp import PACKAGE, SUFFIXES, pack


def test_pack_holds_the_code_and_nothing_else(tmp_path):
    path = tmp_path / "bootd"
    path.write_bytes(pack(PACKAGE, "/usr/bin/python3"))
    with zipfile.ZipFile(path) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert path.read_bytes().startswith(b"#!/usr/bin/python3\nPK")
    del packed["__main__.py"]
    sources = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.suffix for path in sources} == SUFFIXES
    assert packed == {f"bootd/{source.relative_to(PACKAGE)}": source.read_bytes() for source in sources}


def test_pack_gives_the_same_bytes_again(tmp_path):
    for name in ("a", "b"):
        package = tmp_path / name
        (package / "room").mkdir(parents=True)
        # Made in another order, at another time.
        for file in sorted(["daemon.py", "room/server.py", "__init__.py"], reverse=name == "b"):
            (package / file).write_text(f"# {file}\n", encoding="utf-8")
            os.utime(package / file, (0, 1_000_000_000 if name == "b" else 1_700_000_000))
        (package / "__pycache__").mkdir()
        (package / "__pycache__/daemon.cpython-311.pyc").write_bytes(name.encode())
    assert pack(tmp_path / "a", "/usr/bin/python3") == pack(tmp_path / "b", "/usr/bin/python3")


def test_pack_can_be_run(tmp_path):
    path = tmp_path / "bootd"
    path.write_bytes(pack(PACKAGE, sys.executable))
    path.chmod(0o755)
    (tmp_path / "um790-1.yaml").write_text("{", encoding="utf-8")
    done = subprocess.run([path, "check", tmp_path / "um790-1.yaml"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "um790-1.yaml" in done.stdout
