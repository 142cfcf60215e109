# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs bootd's code into one executable file.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "module_utils/_bootd"
SUFFIXES = {".py", ".html", ".css", ".js", ".svg"}  # code, and the page that it serves
_START = "import sys\n\nfrom bootd.daemon import main\n\nsys.exit(main())\n"
# The same code gives the same bytes, whenever and wherever it is packed; zip files begin with this date.
_DATE = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16


def pack(package: Path, interpreter: str) -> bytes:
    """Return a zip application (PEP 441) of ``package``, named bootd in it, that ``interpreter`` runs."""
    buffer = io.BytesIO(f"#!{interpreter}\n".encode())
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _START.encode())
        for path in sorted(path for path in package.rglob("*") if path.suffix in SUFFIXES):
            _add(archive, f"bootd/{path.relative_to(package).as_posix()}", path.read_bytes())
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, also where it is packed elsewhere
    entry.external_attr = _REGULAR_FILE
    archive.writestr(entry, content)
