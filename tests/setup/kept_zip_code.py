# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what Python compiles out of zip archives, as it keeps what it compiles of other files.

Ansible packs each module with all that it imports into a zip archive and starts Python on it: half of the processor
time of a task is to compile these files, the same ones each time. tests/setup/venv has its Python import this as it
starts.
"""

from __future__ import annotations

import _imp
import contextlib
import marshal
import os
import sys
import zipimport
from importlib.util import MAGIC_NUMBER
from types import CodeType

# In the virtual environment, which is made anew for another Python.
DIRECTORY = os.path.join(sys.prefix, "kept-zip-code")
_compile = zipimport._compile_source


def kept_or_compiled(pathname: str, source: bytes, *more: object) -> CodeType:
    """Return the code of ``source``, which is known by its hash as in .pyc files (PEP 552), and by its length.

    ``more`` is what later Pythons say beside.
    """
    digest = _imp.source_hash(int.from_bytes(MAGIC_NUMBER, "little"), source)
    name = os.path.join(DIRECTORY, f"{digest.hex()}-{len(source)}-{sys.flags.optimize}")
    try:
        with open(name, "rb") as file:
            code = marshal.loads(file.read())
    except (OSError, EOFError, ValueError, TypeError):  # not kept yet, or what a crash of the host has left of it
        code = _compile(pathname, source, *more)
        _keep(name, code)
    else:
        _imp._fix_co_filename(code, pathname)  # it was in another archive
    return code


def _keep(name: str, code: CodeType) -> None:
    """Write it down whole or not at all; who may not write there does without."""
    unfinished = f"{name}.{os.getpid()}"
    with contextlib.suppress(OSError):
        with open(unfinished, "xb") as file:
            file.write(marshal.dumps(code))
        os.replace(unfinished, name)


zipimport._compile_source = kept_or_compiled
