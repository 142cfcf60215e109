# Copyright: (c) 2026, The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware
short_description: Manage the Hardware objects of machines
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Writes Hardware objects (C(tinkerbell.org/v1alpha1)) to the store from which bootd serves them, any number in one
    task.
  - A file that changes is replaced in one step, so bootd never sees half of it.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - C(userData) and C(vendorData), which may hold passwords, are shown as digests.
  idempotent:
    support: full
options:
  store:
    description:
      - Where the objects are kept. V(files:DIR) is a directory on the task's host with a file for each machine, named
        after it.
      - The directory has to exist, except in check mode.
    type: str
    required: true
  machines:
    description:
      - The Hardware objects. The filter P(baremetal.netboot.to_hardware#filter) makes them of an inventory.
    type: list
    elements: dict
    required: true
  state:
    description:
      - V(present) writes the objects, V(absent) removes the files of machines of these names.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description:
      - Whether O(machines) is the whole truth, so that other machines are removed.
      - Only files that this module has written are removed, which it knows by their first line.
    type: bool
    default: false
  owner:
    description:
      - The user who shall own the files.
    type: str
  group:
    description:
      - The group that shall own the files. bootd has to be able to read them.
    type: str
  mode:
    description:
      - The permissions of the files, in octal digits.
    type: str
    default: '0640'
seealso:
  - plugin: baremetal.netboot.to_hardware
    plugin_type: filter
  - module: baremetal.netboot.wait_for_phone_home
"""

EXAMPLES = r"""
- name: Write the machines of the inventory, and remove those that have left it
  baremetal.netboot.hardware:
    store: files:/etc/bootd/hardware
    machines: "{{ groups.netboot_machines | baremetal.netboot.to_hardware(hostvars) }}"
    prune: true
    group: bootd

- name: Write one machine that is described in its own words
  baremetal.netboot.hardware:
    store: files:/etc/bootd/hardware
    machines:
      - apiVersion: tinkerbell.org/v1alpha1
        kind: Hardware
        metadata:
          name: um790-1
        spec:
          interfaces:
            - dhcp:
                mac: 58:47:ca:71:d8:49
                ip:
                  address: 10.10.0.16
                  netmask: 255.255.255.0
              netboot:
                allowPXE: true
"""

RETURN = r"""
machines:
  description:
    - What happened to each machine, in the order of their names.
    - In check mode what would happen.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The machine.
      type: str
      sample: um790-1
    path:
      description: Its file.
      type: str
      sample: /etc/bootd/hardware/um790-1.yaml
    action:
      description: V(created), V(updated), V(removed) or V(unchanged).
      type: str
      sample: updated
"""

import os
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.netboot.plugins.module_utils import _manifest_files
from ansible_collections.baremetal.netboot.plugins.module_utils._manifest_files import Change


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
    return {
        "before_header": path,
        "after_header": path,
        "before": _manifest_files.without_secrets(change.before),
        "after": _manifest_files.without_secrets(change.after),
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Do what the parameters ask for and return the result; raises ValueError and OSError."""
    params = module.params
    directory = directory_of(params["store"])
    found = _manifest_files.problems(params["machines"])
    if found:
        raise ValueError("\n".join(found))
    present = read_manifests(directory, may_be_missing=module.check_mode)
    if params["state"] == "present":
        todo = _manifest_files.changes(params["machines"], present, prune=params["prune"])
    else:
        todo = _manifest_files.removals(params["machines"], present)
    outcomes = [apply(module, directory, change) for change in todo]
    return {
        "changed": any(outcomes),
        "machines": [
            {"name": change.machine, "path": os.path.join(directory, change.file), "action": change.action}
            for change in todo
        ],
        "diff": [diff_of(directory, change) for change in todo if change.action != "unchanged"],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "store": {"type": "str", "required": True},
            "machines": {"type": "list", "elements": "dict", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "prune": {"type": "bool", "default": False},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "mode": {"type": "str", "default": "0640"},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
