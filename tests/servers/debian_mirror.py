# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's apt-get and dpkg with a mirror and a system of their own, below one directory: nothing else is touched."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

_CONTROL = """\
Package: {name}
Version: 1.0
Architecture: all
Maintainer: The baremetal.netboot authors <nobody@example.com>
Description: stands for the package of this name
"""
_APT = """\
Dir::State "{base}/state";
Dir::State::status "{status}";
Dir::Cache "{base}/cache";
Dir::Etc "{base}/etc";
Dir::Log "{base}/log";
APT::Sandbox::User "";
"""


class DebianMirror:
    """A mirror that has ``packages``, which are empty, and a system that has none of them."""

    def __init__(self, directory: Path, packages: Iterable[str]) -> None:
        """Lay it out; ``directory`` has to be the home of whoever calls dpkg, which reads its settings there."""
        base, self._database = directory / "debian", directory / "debian/system/var/lib/dpkg"
        for name in ("mirror", "state", "cache", "etc/apt.conf.d", "etc/preferences.d", "log"):
            (base / name).mkdir(parents=True)
        for name in ("info", "updates"):
            (self._database / name).mkdir(parents=True)
        (self._database / "status").touch()
        listed = [_built(base / "mirror", name) for name in packages]
        (base / "mirror/Packages").write_text("\n".join(listed), encoding="utf-8")
        (base / "etc/sources.list").write_text(f"deb [trusted=yes] file:{base / 'mirror'} ./\n", encoding="utf-8")
        settings = [f"root={base / 'system'}", "force-not-root", f"log={base / 'log/dpkg.log'}", ""]
        (directory / ".dpkg.cfg").write_text("\n".join(settings), encoding="utf-8")
        (base / "apt.conf").write_text(_APT.format(base=base, status=self._database / "status"), encoding="utf-8")
        self.environment = {"HOME": str(directory), "APT_CONFIG": str(base / "apt.conf")}

    def installed(self) -> list[str]:
        """Return the names of the packages that the system has by now, sorted."""
        argv = ["dpkg-query", f"--admindir={self._database}", "--show", "--showformat=${Package} ${db:Status-Status}\n"]
        lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
        return sorted(line.split()[0] for line in lines if line.endswith(" installed"))


def _built(mirror: Path, name: str) -> str:
    """Build a package into the ``mirror`` and return its part of the list of packages."""
    control = mirror.parent / "built" / name / "DEBIAN/control"
    control.parent.mkdir(parents=True, mode=0o755)
    control.write_text(_CONTROL.format(name=name), encoding="utf-8")
    file = mirror / f"{name}.deb"
    argv = ["dpkg-deb", "--root-owner-group", "--build", str(control.parents[1]), str(file)]
    subprocess.run(argv, check=True, capture_output=True)
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return f"{_CONTROL.format(name=name)}Filename: ./{file.name}\nSize: {len(content)}\nSHA256: {digest}\n"
