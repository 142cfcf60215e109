# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release's ISO that is there already: the files that machines boot from are taken out of it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._images.folder_source import (
    read_text,
    size_of,
    stream_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import ISO_PATHS
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import Away, Missing, SourceError, Stream
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS

LIST_SECONDS = 120
PACKAGES = ("bsdtar (package libarchive-tools or bsdtar)", "7z (package p7zip-full or 7zip)", "xorriso")


@dataclass(frozen=True)
class Reader:
    """A program that reads ISOs: how it lists one file, where in that the size is, how it writes the file to stdout."""

    program: str
    listing: Callable[[str, str], list[str]]
    size: re.Pattern[str]
    content: Callable[[str, str], list[str]]

    def size_of(self, iso: str, path: str) -> int | None:
        """Return the size of ``path`` in ``iso``, None where there is no such file; raises SourceError."""
        argv = [self.program, *self.listing(iso, path)]
        try:
            # run_command knows no time limit, and a listing of a broken ISO may never end.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                argv,
                capture_output=True,
                text=True,
                errors="replace",
                env=_environment(),
                timeout=LIST_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"{iso} can't be read by {self.program}: {error}") from error
        found = self.size.search(done.stdout)
        return int(found[1]) if found else None


# In the order of how fast they are; all are in the distributions. Each line of a listing ends in the path.
READERS = (
    Reader(
        "bsdtar",
        lambda iso, path: ["-tvqf", iso, path],
        re.compile(r"^-\S+ +\S+ +\S+ +\S+ +([0-9]+) ", re.MULTILINE),
        lambda iso, path: ["-xqOf", iso, path],
    ),
    Reader(
        "7z",
        lambda iso, path: ["l", "-slt", "-ba", iso, path],
        re.compile(r"^Size = ([0-9]+)$", re.MULTILINE),
        lambda iso, path: ["e", "-so", "-bd", iso, path],
    ),
    Reader(
        "xorriso",
        lambda iso, path: ["-report_about", "SORRY", "-indev", iso, "-lsl", f"/{path}", "--"],
        re.compile(r"^-\S+ +\S+ +\S+ +\S+ +([0-9]+) ", re.MULTILINE),
        lambda iso, path: [
            "-report_about",
            "SORRY",
            "-osirrox",
            "on",
            "-indev",
            iso,
            "-concat",
            "append",
            "-",
            f"/{path}",
        ],
    ),
)


class IsoSource:
    """The files of ``iso``, and itself. Its checksums lie beside it, as ``names`` calls them."""

    def __init__(self, iso: Path, names: Mapping[str, str]) -> None:
        self._iso = iso
        self._names = names
        self._reader: Reader | None = None
        self.place = str(iso)

    def url(self, role: str) -> str:
        """Return where a file is; of one in the ISO, the ISO and where it is in that."""
        return str(self._iso) + (f"({role})" if role != "iso" else "")

    def checksums(self) -> str:
        """Return the text of the checksum file; raises SourceError."""
        return read_text(self._iso.with_name(self._names[CHECKSUMS]))

    def size(self, role: str) -> int | None:
        """Return the size of a file; raises SourceError."""
        return size_of(self._iso) if role == "iso" else self._inside(role)[1]

    def open(self, role: str, offset: int = 0, validator: str = "") -> Stream:
        """Return a file: one that is in the ISO always whole; raises SourceError."""
        if role == "iso":
            return stream_of(self._iso, offset, validator)
        path, size = self._inside(role)
        reader = self._chosen()
        argv = [reader.program, *reader.content(str(self._iso), path)]
        # run_command keeps all output in memory, and these are gigabytes, read as they come.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
        return Stream(_output_of(process, f"{reader.program} reading {self._iso}"), _end_of(process), 0, size)

    def _inside(self, role: str) -> tuple[str, int]:
        """Return path and size of a file in the ISO; raises SourceError."""
        if role not in ISO_PATHS:
            raise Missing(f"{self._iso} is no source of {role}")
        size_of(self._iso)
        for path in ISO_PATHS[role]:
            size = self._chosen().size_of(str(self._iso), path)
            if size is not None:
                return path, size
        raise Missing(f"{self._iso} has none of {', '.join(ISO_PATHS[role])}")

    def _chosen(self) -> Reader:
        if self._reader is None:
            self._reader = next((reader for reader in READERS if shutil.which(reader.program)), None)
        if self._reader is None:
            raise SourceError(f"nothing is there that reads an ISO: install one of {', '.join(PACKAGES)}")
        return self._reader


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _output_of(process: subprocess.Popen[bytes], what: str) -> Callable[[memoryview], int]:
    def read_into(block: memoryview) -> int:
        count = process.stdout.readinto(block) if process.stdout else 0
        if not count and process.wait() != 0:
            raise Away(f"{what} ended with exit status {process.returncode}")
        return count

    return read_into


def _end_of(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    def close() -> None:
        if process.poll() is None:
            process.kill()
        if process.stdout:
            process.stdout.close()
        process.wait()

    return close
