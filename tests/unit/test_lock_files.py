# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock files name what the requirements ask for, on every Python, by hash, and no host."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from steps.cores import supported
from steps.lock_files import CONTROLLER, CORES, DAEMON, HOST, LOCKS, ROOT, TESTS, entries, requirements

ALL = (DAEMON, *LOCKS, *CORES)
MADE_FROM = {
    DAEMON: ["requirements.txt"],
    HOST: ["requirements.txt", "meta/ee-requirements.txt"],
    CONTROLLER: ["tests/requirements-ansible.txt"],
    TESTS: ["tests/requirements.txt"],
    **{core: ["tests/requirements-plugins.txt"] for core in CORES},
}
# As Python 3.11 to 3.14 describe themselves on the machines that bootd runs on.
PLACES = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.1",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for minor in (11, 12, 13, 14)
    for machine in ("x86_64", "aarch64")
]


def each(paths):
    return pytest.mark.parametrize("lock", paths, ids=lambda path: path.name)


def holds(requirement: Requirement, place: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(place)


def at(lock, place: dict[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return version and hashes of what is installed from a lock at a place; no package may be named twice there."""
    chosen = [pin for pin in entries(lock) if holds(pin.requirement, place)]
    assert len(chosen) == len({pin.name for pin in chosen})
    return {pin.name: (pin.version, pin.hashes) for pin in chosen}


@each(ALL)
def test_every_entry_is_one_version_with_hashes(lock):
    pins = entries(lock)
    assert pins
    assert [pin.name for pin in pins if not pin.version] == []
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert {len(word) for pin in pins for word in pin.hashes} == {len("sha256:") + 64}


@each(ALL)
def test_lock_names_no_host(lock):
    text = lock.read_text(encoding="utf-8")
    assert re.search(r"://|--index|--extra-index|--find-links|--trusted-host| @ ", text) is None


@each(ALL)
def test_lock_is_within_the_requirements_everywhere(lock):
    """After a change of the requirements: make lock."""
    wanted = [requirement for name in MADE_FROM[lock] for requirement in requirements(ROOT / name)]
    for place in PLACES:
        pins = at(lock, place)
        for requirement in wanted:
            version, _hashes = pins[canonicalize_name(requirement.name)]
            assert version in requirement.specifier


def test_host_has_all_of_the_daemon_and_the_image_no_kubernetes_library():
    for place in PLACES:
        daemon, host = at(DAEMON, place), at(HOST, place)
        assert daemon.items() <= host.items()
        assert "kubernetes" in host
        assert "kubernetes" not in daemon


@each([lock for lock in ALL if lock != HOST])
def test_library_has_the_same_version_and_files_as_the_hosts(lock):
    for place in PLACES:
        host, pins = at(HOST, place), at(lock, place)
        both = set(host) & set(pins)
        assert {name: pins[name] for name in both} == {name: host[name] for name in both}


def test_every_supported_core_has_a_lock_of_that_core():
    cores = supported()
    assert [core.lock for core in cores] == list(CORES)
    for core in cores:
        (pin,) = [pin for pin in entries(core.lock) if pin.name == "ansible-core"]
        assert pin.version.startswith(f"{core.release}.")
        assert pin.requirement.marker is None
