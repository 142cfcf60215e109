# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's archive as apt reads it: as the host does, or for another architecture or release, with lists of their own.

The host's dpkg and apt never hear of the other ones: nothing of those is installed, their packages are only unpacked.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .alone import alone
from .command import CommandFailed, run

SUITE = "bookworm"  # of the host that runs the lab
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
OLD = 86400.0  # seconds, after which lists are fetched again
PATIENCE = 600.0  # seconds, for a slow mirror


@dataclass(frozen=True, slots=True)
class Archive:
    """What apt knows with ``options``."""

    options: tuple[str, ...] = ()

    @functools.cache  # noqa: B019  (an archive is data; apt reads all of its lists for each question)
    def show(self, package: str) -> str:
        """The newest record of ``package``, as `apt-cache show` prints it."""
        try:
            return run(["apt-cache", *self.options, "show", "--no-all-versions", package]).stdout
        except CommandFailed as error:
            raise CommandFailed(f"apt knows no {package}; run `apt-get update`\n{error}") from error

    def version(self, package: str) -> str:
        """The version of ``package`` that is current."""
        found = re.search(r"^Version: (\S+)", self.show(package), re.MULTILINE)
        if not found:
            raise CommandFailed(f"apt knows no version of {package}; run `apt-get update`")
        return found[1]

    def download(self, directory: Path, *packages: str) -> list[Path]:
        """Fetch ``packages``, names or NAME=VERSION, to ``directory``, which has no others."""
        # apt would drop to a user of its own, who may not write here.
        argv = ["apt-get", *self.options, "-o", "APT::Sandbox::User=root", "download", *packages]
        run(argv, cwd=directory, timeout=PATIENCE)
        return sorted(directory.glob("*.deb"))


HOST = Archive()


def archive(cache: Path, arch: str, suite: str = SUITE) -> Archive:
    """The archive's ``suite`` for ``arch``, its lists below ``cache``, a day old at most."""
    root = (cache / f"apt-{suite}-{arch}").absolute()
    lists = root / "lists"
    lists.mkdir(parents=True, exist_ok=True)
    (root / "cache").mkdir(exist_ok=True)
    (root / "status").touch()
    sources = root / "sources.list"
    sources.write_text(f"deb [signed-by={KEYS}] {_mirror()} {suite} main\n")
    settings = {
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "Dir::State::Lists": lists,
        "Dir::State::Status": root / "status",
        "Dir::Cache": root / "cache",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
    }
    options = tuple(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))
    fetched = root / "fetched"
    with alone(fetched) as missing:
        if missing or time.time() - fetched.stat().st_mtime > OLD:
            run(["apt-get", *options, "-o", "APT::Sandbox::User=root", "update"], timeout=PATIENCE)
            fetched.touch()
    return Archive(options)


def unpack(packages: Sequence[Path], directory: Path) -> Path:
    """Unpack ``packages`` into ``directory`` and return it."""
    for package in packages:
        run(["dpkg-deb", "--extract", str(package), str(directory)])
    return directory


def _mirror() -> str:
    """The mirror that the host uses for its own packages."""
    wanted = ["Created-By: Packages", "Label: Debian"]
    lines = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]).stdout.split()
    if not lines:
        raise CommandFailed("apt has no source of Debian's archive; run `apt-get update`")
    return lines[0]
