# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test plugins and roles on every ansible-core that the collection supports and for which there is a Python.

Each has a virtual environment of its own, made from its lock. The core of build/venv is left out: the steps unit and
sanity test that. Ends with a line that tells which cores were tested and which could not be. Exit status 1 when one
failed, and 0 when one can't be tested.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from steps import interpreters
from steps.interpreters import Version
from steps.lock_files import HOST, entries
from steps.table import HOME, ROOT, copy_tree, environment

LOCKS = ROOT / "tests/locks"
UNITS = ("tests/unit/plugins", "tests/unit/roles", "tests/unit/deploy", "tests/unit/images")
# What differs between cores. The other sanity tests judge files by rules that the step sanity has looked at already.
SANITY = ("action-plugin-docs", "ansible-doc", "ignores", "import", "runtime-metadata", "validate-modules")
# Rules are added to it, and none is taken away: the newest core has all. The step sanity leaves it to this one.
SANITY_OF_NEWEST = ("pylint",)


@dataclass(frozen=True)
class Core:
    """A release of ansible-core, as in ``2.20``, and the Pythons that its controller side runs on."""

    release: str
    oldest: Version
    newest: Version

    @property
    def lock(self) -> Path:
        return LOCKS / f"core-{self.release}.lock"


def version_of(text: str) -> Version:
    """Return ``3.12`` or ``2.19.14`` as its first two numbers."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def supported() -> list[Core]:
    """Return the cores of cores.txt, the oldest first."""
    lines = [line.split() for line in (LOCKS / "cores.txt").read_text(encoding="utf-8").splitlines()]
    words = [line for line in lines if line and not line[0].startswith("#")]
    cores = [Core(release, version_of(oldest), version_of(newest)) for release, oldest, newest in words]
    return sorted(cores, key=lambda core: version_of(core.release))


def choose(cores: Sequence[Core], found: Sequence[Version]) -> dict[str, Version | None]:
    """Return for each release the Python to test it with, None if there is none.

    The newest release gets the newest Python and the others their oldest, so that many pairs are met.
    """
    chosen: dict[str, Version | None] = {}
    for core in cores:
        fit = [version for version in found if core.oldest <= version <= core.newest]
        chosen[core.release] = (max if core is cores[-1] else min)(fit, default=None)
    return chosen


def has_newest() -> bool:
    """Return whether this step tests the newest core, and so by the rules of all."""
    cores = supported()
    newest = cores[-1].release
    if version_of(newest) == version_of(metadata.version("ansible-core")):
        return False
    return choose(cores, list(interpreters.usable(interpreters.candidates())))[newest] is not None


def commands(core: Core, python: Version, venv: Path, sanity_tests: Sequence[str]) -> list[tuple[list[str], Path]]:
    """Return the programs that test ``core`` in ``venv``, each with the directory that it runs in."""
    name = f"core-{core.release}"
    pytest = ["pytest", "-o", f"cache_dir=build/cache/{name}", *UNITS]
    sanity = ["ansible-test", "sanity", "--local", "--color", "no", "--python", "{}.{}".format(*python)]
    chosen = [word for test in sanity_tests for word in ("--test", test)]
    return [
        (pytest, ROOT),
        ([str(venv / "bin/python"), "tests/setup/ansible_test_pip.py"], ROOT),
        ([*sanity, "--exclude", "tests/", *chosen], copy_tree(name)),
    ]


def test(core: Core, python: Version, path: Path, sanity_tests: Sequence[str]) -> bool:
    """Run the tests on ``core`` with the Python at ``path``, all of them; return whether each passed."""
    name = f"core-{core.release}"
    venv = ROOT / f"build/venv-{name}"
    settings = {**environment(venv / "bin", HOME / name), "PYTHON": str(path)}
    Path(settings["HOME"]).mkdir(parents=True, exist_ok=True)
    make = ["tests/setup/venv", "--in", str(venv.relative_to(ROOT)), *(str(lock) for lock in (HOST, core.lock))]
    if not run(make, ROOT, settings):
        return False
    wanted = commands(core, python, venv, sanity_tests)
    outcomes = [run(argv, directory, settings) for argv, directory in wanted]
    return all(outcomes)


def run(argv: list[str], directory: Path, settings: dict[str, str]) -> bool:
    print(f"$ {' '.join(argv)}", flush=True)
    status = subprocess.run(argv, cwd=directory, env=settings, check=False).returncode
    if status:
        print(f"-> exit status {status}", flush=True)
    return status == 0


def locked(core: Core) -> str:
    """Return the version of ansible-core in a lock, as in ``2.20.10``."""
    (version,) = [pin.version for pin in entries(core.lock) if pin.name == "ansible-core"]
    return version


def main() -> int:
    cores = supported()
    pythons = interpreters.usable(interpreters.candidates())
    own = version_of(metadata.version("ansible-core"))
    tested, failed, by_others, left_out = [], [], [], []
    for core in cores:
        python = choose(cores, list(pythons))[core.release]
        if version_of(core.release) == own:
            print(f"ansible-core {core.release} is that of build/venv: the steps unit and sanity test it")
            by_others.append(core.release)
        elif python is None:
            wanted = "{}.{} to {}.{}".format(*core.oldest, *core.newest)
            print(f"ansible-core {core.release} is NOT tested: it needs a Python of {wanted}, and there is none")
            left_out.append(core.release)
        else:
            name = "{} on Python {}.{}".format(locked(core), *python)
            print(f"== ansible-core {name}: {pythons[python]}", flush=True)
            sanity_tests = SANITY + (SANITY_OF_NEWEST if core is cores[-1] else ())
            passed = test(core, python, pythons[python], sanity_tests)
            (tested if passed else failed).append(name)
    parts = (
        ("passed", tested),
        ("FAILED", failed),
        ("NOT TESTED, no Python for", left_out),
        ("by unit and sanity", by_others),
    )
    print("ansible-core: " + "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
