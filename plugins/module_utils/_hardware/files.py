# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware objects in a directory: read what is there, write what has changed.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import manifest_files as _manifest_files
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.manifest_files import Change


def directory_of(store: str) -> str:
    """Return the directory of a ``files:DIR`` store; raises ValueError for other stores."""
    kind, _colon, path = store.partition(":")
    if kind != "files" or not os.path.isabs(path):
        raise ValueError(f"store is {store!r} but should be files:DIR with an absolute path")
    return path


def read_manifests(directory: str, *, may_be_missing: bool) -> dict[str, str]:
    """Return the content of the directory's manifests by file name; raises OSError."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        if may_be_missing:
            return {}
        raise
    found = {}
    for name in names:
        if name.endswith(_manifest_files.SUFFIX) and not name.startswith("."):
            with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                found[name] = file.read()
    return found


def apply(module: AnsibleModule, directory: str, change: Change) -> bool:
    """Bring one file about and return whether its content or its permissions changed, or would in check mode."""
    path = os.path.join(directory, change.file)
    if not module.check_mode:
        if change.action == "removed":
            os.unlink(path)
        elif change.action != "unchanged":
            write(module, path, change.after)
    changed = change.action != "unchanged"
    return set_permissions(module, path, changed) if os.path.exists(path) and change.action != "removed" else changed


def write(module: AnsibleModule, path: str, content: str) -> None:
    """Put ``content`` in place of the file at ``path`` in one step."""
    descriptor, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    module.atomic_move(temporary, path)


def set_permissions(module: AnsibleModule, path: str, changed: bool) -> bool:
    """Give a file the owner, group and mode that were asked for, and return whether anything has changed."""
    changed = module.set_owner_if_different(path, module.params["owner"], changed)
    changed = module.set_group_if_different(path, module.params["group"], changed)
    return module.set_mode_if_different(path, module.params["mode"], changed)


def diff_of(directory: str, change: Change) -> dict[str, Any]:
    """Return one file's part of the diff."""
    path = os.path.join(directory, change.file)
    before, after = _manifest_files.without_secrets(change)
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def run(module: AnsibleModule, machines: list[dict[str, Any]]) -> dict[str, Any]:
    """Do what the parameters ask for and return the result; raises ValueError and OSError."""
    params = module.params
    directory = directory_of(params["store"])
    found = _manifest_files.problems(machines)
    if found:
        raise ValueError("\n".join(found))
    present = read_manifests(directory, may_be_missing=module.check_mode)
    if params["state"] == "present":
        todo = _manifest_files.changes(machines, present, prune=params["prune"])
    else:
        todo = _manifest_files.removals(machines, present)
    outcomes = [apply(module, directory, change) for change in todo]
    return {
        "changed": any(outcomes),
        "machines": [
            {"name": change.machine, "path": os.path.join(directory, change.file), "action": change.action}
            for change in todo
        ],
        **({"diff": [diff_of(directory, item) for item in todo if item.action != "unchanged"]} if module._diff else {}),
    }
