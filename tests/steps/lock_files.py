# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock files: what they name, and from which requirements each was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DAEMON = ROOT / "roles/bootd/files/requirements.lock"
HOST = ROOT / "roles/bootd/files/requirements-host.lock"
CONTROLLER = ROOT / "tests/locks/ansible.lock"
TESTS = ROOT / "tests/locks/tests.lock"
CORES = tuple(sorted((ROOT / "tests/locks").glob("core-*.lock")))
# What build/venv is made of, in this order.
LOCKS = (HOST, CONTROLLER, TESTS)


@dataclass(frozen=True)
class Pin:
    """One version of one package, on the Pythons and platforms of its marker; ``hashes`` as in ``sha256:...``."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The version of ``==``, "" where the line has a range."""
        (specifier,) = self.requirement.specifier
        return specifier.version if specifier.operator == "==" else ""


def entries(lock: Path) -> list[Pin]:
    """Return every entry of a lock file; a package may have several, for different Pythons."""
    return [_pin(line) for line in _lines(lock)]


def pins(lock: Path) -> dict[str, str]:
    """Return the versions that a lock file names for the Python that runs this."""
    chosen = [pin for pin in entries(lock) if pin.requirement.marker is None or pin.requirement.marker.evaluate()]
    return {pin.name: pin.version for pin in chosen}


def requirements(path: Path) -> list[Requirement]:
    """Return the ranges of a requirements file and of those that it includes."""
    found: list[Requirement] = []
    for line in _lines(path):
        if line.startswith("-r "):
            found += requirements(path.with_name(line.removeprefix("-r ")))
        else:
            found.append(Requirement(line))
    return found


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file in pip's format, continued ones joined and comments left out."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    yield from (line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def _pin(line: str) -> Pin:
    requirement, *hashes = line.split("--hash=")
    return Pin(Requirement(requirement.strip()), tuple(word.strip() for word in hashes))
