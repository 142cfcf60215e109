# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let ansible-test make its environments with Python's own pip.

ansible-test makes them without pip and downloads a bootstrap script from its makers' host, unless a cached copy is
in the home directory. This writes that copy: a script that takes pip from ensurepip, and the version it wants from
the package index the user has configured.
"""

from __future__ import annotations

import re
from pathlib import Path

import ansible_test

BOOTSTRAP = """\
import subprocess
import sys

# In a child, because ensurepip points pip's configuration at /dev/null in its own process.
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
pinned = [argument for argument in sys.argv[1:] if argument.startswith("pip==")]
if pinned:
    subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", *pinned])
"""


def main() -> None:
    requirements = Path(ansible_test.__path__[0]) / "_internal/python_requirements.py"
    version = re.search(r"pip='([0-9.]+)'", requirements.read_text(encoding="utf-8"))
    if version is None:
        raise SystemExit(f"{requirements} names no pip version")
    cache = Path.home() / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{version[1].replace('.', '_')}.py").write_text(BOOTSTRAP, encoding="utf-8")


if __name__ == "__main__":
    main()
