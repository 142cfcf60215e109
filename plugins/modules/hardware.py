# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
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
    task. The objects are first checked as C(bootd check) does; where anything is wrong with any of them, all of it is
    told and nothing is written.
  - In a cluster the objects are listed once. Then only those that differ are written, several at a time, by
    server-side apply. Fields that others have set, and that are not in O(machines), stay as they are.
  - In a directory a file that changes is replaced in one step, so bootd never sees half of it.
  - A machine that has been installed stays as it is when it is written again. bootd has then set C(allowPXE) of its
    object to V(false), which this module leaves alone unless O(reprovision) is set.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - In a cluster only what differs is shown. Of fields that may hold passwords or tokens, such as C(userData),
        C(crypted_root_password), C(ipxe.contents) and C(kernelParams), it is only told whether they change.
  idempotent:
    support: full
options:
  store:
    description:
      - Where the objects are kept. V(kubernetes:NAMESPACE) is a namespace of a cluster, V(kubernetes) all of them.
        V(files:DIR) is a directory on the task's host with a file for each machine, named after it.
      - The directory has to exist, except in check mode.
    type: str
    default: kubernetes
  machines:
    description:
      - The Hardware objects. The filter P(baremetal.netboot.to_hardware#filter) makes them of an inventory.
      - In a cluster, objects that name no namespace are in that of O(store), or in C(default).
      - To remove machines, C(metadata.name) of each is enough.
    type: list
    elements: dict
  machine:
    description:
      - One Hardware object, in the place of O(machines).
    type: dict
  state:
    description:
      - V(present) writes the objects, V(absent) removes those of these names.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description:
      - Whether O(machines) is the whole truth, so that other machines are removed.
      - Only objects that this module has written are removed, which it knows by their label
        C(app.kubernetes.io/managed-by=baremetal.netboot), and in files by their first line.
    type: bool
    default: false
  reprovision:
    description:
      - Whether the machines that have been installed are to be installed again at their next boot from the network.
      - Machines that have not been installed are left as they are, so a second run changes nothing before they are.
      - In a directory, bootd keeps to itself what has been installed. There, give the machines another
        C(netboot_reprovision) in the inventory instead.
    type: bool
    default: false
  create_namespace:
    description:
      - Whether to make the namespaces of O(machines) that a cluster has not.
    type: bool
    default: false
  force:
    description:
      - Whether to take over fields that others have set to other values. Without it such a machine is an error that
        names the fields and who has set them.
      - Only in a cluster.
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
  - module: baremetal.netboot.hardware_info
  - module: baremetal.netboot.hardware_crd
  - module: baremetal.netboot.wait_for_phone_home
"""

EXAMPLES = r"""
- name: Write the machines of the inventory to the cluster, and remove those that have left it
  baremetal.netboot.hardware:
    store: kubernetes:tink-system
    machines: "{{ groups.netboot_machines | baremetal.netboot.to_hardware(hostvars) }}"
    prune: true

- name: Have two machines installed again
  baremetal.netboot.hardware:
    store: kubernetes:tink-system
    machines: "{{ ['um790-1', 'um790-2'] | baremetal.netboot.to_hardware(hostvars) }}"
    reprovision: true

- name: Write one machine that is described in its own words to a directory
  baremetal.netboot.hardware:
    store: files:/etc/bootd/hardware
    group: bootd
    machine:
      apiVersion: tinkerbell.org/v1alpha1
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

- name: Remove a machine
  baremetal.netboot.hardware:
    store: kubernetes:tink-system
    state: absent
    machine:
      metadata:
        name: um790-1
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
    namespace:
      description: The namespace of its object.
      type: str
      returned: in a cluster
      sample: tink-system
    path:
      description: Its file.
      type: str
      returned: in a directory
      sample: /etc/bootd/hardware/um790-1.yaml
    action:
      description: V(created), V(updated), V(removed) or V(unchanged).
      type: str
      sample: updated
"""

from functools import partial
from typing import Any, NoReturn

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import cluster as _hardware_cluster
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import files as _hardware_files
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import plan as _hardware_plan
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.arguments import (
    ARGUMENTS,
    MUTUALLY_EXCLUSIVE,
    REQUIRED_ONE_OF,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes


def run(module: AnsibleModule) -> dict[str, Any]:
    """Do what the parameters ask for and return the result; raises ValueError, OSError and HardwareError."""
    params = module.params
    machines = [params["machine"]] if params["machine"] is not None else params["machines"]
    if params["store"].partition(":")[0] == "kubernetes":
        return _hardware_cluster.run(
            partial(_kubernetes.client_for, module, connections=_hardware_cluster.AT_ONCE),
            machines,
            params,
            check=module.check_mode,
            diff=module._diff,
        )
    if params["state"] == "present" and (found := _hardware_plan.problems(machines)):
        raise ValueError("\n".join(found))
    if params["reprovision"]:
        raise ValueError("with store files:DIR, give the machines another netboot_reprovision instead")
    return _hardware_files.run(module, machines)


class Module(AnsibleModule):
    """Ansible's module, which sends no machines back, also not where it is Ansible that finds an argument wrong.

    There are secrets in them, and to send a thousand takes as long as the rest.
    """

    @property
    def told(self) -> dict[str, Any]:
        """Return the arguments that may be shown."""
        untold = ("machine", "machines", "api_key")
        return {"module_args": {name: value for name, value in self.params.items() if name not in untold}}

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        super().fail_json(msg, **{"invocation": self.told, **kwargs})


def main() -> None:
    module = Module(
        argument_spec=ARGUMENTS,
        mutually_exclusive=MUTUALLY_EXCLUSIVE,
        required_one_of=REQUIRED_ONE_OF,
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (ValueError, OSError, _hardware_cluster.HardwareError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(invocation=module.told, **result)


if __name__ == "__main__":
    main()
