# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installer configurations as files of a directory, which only their owner may read: never in any moment anybody else.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.base import SUFFIXES
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.directory import HEADER
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import plan
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations.plan import Kept, Key, Step, Wanted

CLUSTER_PREFIX = ".cluster-"
MODE = "0600"


def present(module: AnsibleModule, directory: str, configurations: Iterable[Wanted], *, prune: bool) -> list[Step]:
    """Bring ``configurations`` about and return what became of each; raises OSError."""
    found = _read_all(directory, may_be_missing=module.check_mode)
    # Files without our first line are never removed. What is compared, and shown, is the rest.
    ours = [key for key, kept in found.items() if kept.text.startswith(HEADER)] if prune else []
    there = {key: replace(kept, text=kept.text.removeprefix(HEADER)) for key, kept in found.items()}
    return [_bring_about(module, directory, step) for step in plan.steps(configurations, there, ours=ours)]


def absent(module: AnsibleModule, directory: str, keys: Iterable[Key]) -> list[Step]:
    """Remove the files of the machines ``keys`` and return what became of each; raises OSError."""
    there = _read_all(directory, may_be_missing=module.check_mode)
    return [_bring_about(module, directory, step) for step in plan.removals(keys, there)]


def token_of(module: AnsibleModule, directory: str, cluster: str, made: str) -> tuple[str, bool]:
    """Return the cluster's token, which is ``made`` where there is none yet, and whether that is so; raises OSError."""
    path = os.path.join(directory, f"{CLUSTER_PREFIX}{cluster}")
    with suppress(FileNotFoundError):
        return _read_token(path), False
    if module.check_mode:
        return made, True
    temporary = _write_beside(directory, f"{made}\n")
    try:
        # Unlike a rename, a link never takes the place of a token that another run has just made.
        os.link(temporary, path)
    except FileExistsError:
        return _read_token(path), False
    finally:
        os.unlink(temporary)
    set_permissions(module, directory, path)
    return made, True


def path_of(directory: str, step: Step) -> str:
    """Return the file of a machine."""
    return os.path.join(directory, f"{step.key[1]}{step.suffix}")


def set_permissions(module: AnsibleModule, directory: str, path: str) -> bool:
    """Have the owner be the directory's, unless another was asked for; return whether anything has changed."""
    owner, group = module.params["owner"], module.params["group"]
    if os.geteuid() == 0:
        status = os.stat(directory)
        owner = owner if owner is not None else str(status.st_uid)
        group = group if group is not None else str(status.st_gid)
    changed = module.set_mode_if_different(path, MODE, False)
    changed = module.set_owner_if_different(path, owner, changed)
    return module.set_group_if_different(path, group, changed)


def _bring_about(module: AnsibleModule, directory: str, step: Step) -> Step:
    path = path_of(directory, step)
    others = [os.path.join(directory, f"{step.key[1]}{suffix}") for suffix in SUFFIXES]
    if step.action == "removed":
        if not module.check_mode:
            _unlink(others)
        return step
    others.remove(path)
    if step.action != "unchanged" and not module.check_mode:
        temporary = _write_beside(directory, HEADER + (step.after.text if step.after else ""))
        try:
            set_permissions(module, directory, temporary)
            os.rename(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
        _unlink(others)
    if os.path.exists(path) and set_permissions(module, directory, path) and step.action == "unchanged":
        return Step(step.key, "updated", step.before, step.after)
    return step


def _unlink(paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _write_beside(directory: str, content: str) -> str:
    """Return the path of a new file in ``directory`` with ``content``, which only its owner may read."""
    descriptor, path = tempfile.mkstemp(dir=directory, prefix=".tmp-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.unlink(path)
        raise
    return path


def _read_all(directory: str, *, may_be_missing: bool) -> dict[Key, Kept]:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        if may_be_missing:
            return {}
        raise
    found: dict[Key, Kept] = {}
    for name in sorted(names):
        stem, suffix = os.path.splitext(name)
        if suffix in SUFFIXES and not name.startswith("."):
            key = "", stem
            with open(os.path.join(directory, name), encoding="utf-8", errors="replace", newline="") as file:
                found[key] = Kept(file.read(), "" if key in found else suffix)
    return found


def _read_token(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        token = file.read().strip()
    if not token:
        raise ValueError(f"{path} is empty: remove it, and a new token is made")
    return token
