# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_info
short_description: Read the Hardware objects of machines, and where the machines stand
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Reads Hardware objects (C(tinkerbell.org/v1alpha1)) and what bootd has seen of their machines.
  - Asks once, whatever the number of machines.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  store:
    description:
      - Where the objects are kept. V(kubernetes) is every namespace of a cluster, V(kubernetes:NAMESPACE) is one.
      - V(files:DIR) is a directory of manifests on the task's host. What was seen of the machines is then read from
        O(state_dir).
    type: str
    default: kubernetes
  state_dir:
    description:
      - With a store of files, the state directory of bootd on the task's host. Only its owner and root may read it.
      - Without it the objects are returned, and the stage of each machine is empty.
    type: path
  names:
    description:
      - The machines to return, by the names of their objects, or as C(NAMESPACE/NAME). All by default.
    type: list
    elements: str
  label_selectors:
    description:
      - The labels that objects must have to be returned, as V(rack=b12), V(role in (server, agent\)) or V(!spare).
    type: list
    elements: str
    default: []
    aliases: [label_selector]
  unknown:
    description:
      - Whether to return also the machines that asked bootd and have no Hardware object. A running bootd is asked,
        which has them in its memory only. The playbook C(baremetal.netboot.accept) writes Hardware objects of them.
      - Without O(bootd_url) the pods of bootd in the cluster are asked, through its API server, for which one needs the
        rights to list C(pods) and to get C(pods/proxy). So this also works from where bootd can't be reached.
    type: bool
    default: false
  bootd_url:
    description:
      - With O(unknown), the URL of bootd. With a store of files there has to be one.
    type: str
  use_proxy:
    description:
      - With O(bootd_url), whether to honour proxy settings in the environment of the task's host.
    type: bool
    default: true
  resources:
    description:
      - Whether to return the objects themselves, too. Their C(userData) and C(vendorData) may hold passwords, so use
        C(no_log) with it.
    type: bool
    default: false
seealso:
  - plugin: baremetal.netboot.accept
    plugin_type: filter
  - module: baremetal.netboot.hardware
  - module: baremetal.netboot.wait_for_phone_home
  - plugin: baremetal.netboot.hardware
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: See where the machines of a rack stand
  baremetal.netboot.hardware_info:
    store: kubernetes:tink-system
    label_selectors: [rack=b12]
  register: rack

- name: Tell which of them are not installed
  ansible.builtin.debug:
    msg: "{{ rack.machines | rejectattr('stage', 'in', ['installed', 'ready']) | map(attribute='name') }}"

- name: Read the machines of a bootd that serves files
  baremetal.netboot.hardware_info:
    store: files:/etc/bootd/hardware
    state_dir: /var/lib/bootd
  become: true
  register: all

- name: Find the machines that want to boot and are not known
  baremetal.netboot.hardware_info:
    store: files:/etc/bootd/hardware
    unknown: true
    bootd_url: http://10.10.0.20:7080
  become: true
  register: found

- name: Tell their MAC addresses
  ansible.builtin.debug:
    msg: "{{ found.unknown_machines | selectattr('wants_to_boot') | map(attribute='mac') }}"
"""

RETURN = r"""
machines:
  description: The machines in the order of their namespaces and names. Holds nothing that could be a secret.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the object.
      type: str
      sample: um790-1
    namespace:
      description: Its namespace.
      type: str
      sample: tink-system
    mac:
      description: The MAC address of the interface that the machine boots from.
      type: str
      sample: 58:47:ca:71:d8:49
    ip:
      description: Its IPv4 address.
      type: str
      sample: 10.10.0.16
    hostname:
      description: The host name that it is given.
      type: str
      sample: um790-1
    interfaces:
      description: All its interfaces, each with C(mac) and C(ip).
      type: list
      elements: dict
      sample: [{"mac": "58:47:ca:71:d8:49", "ip": "10.10.0.16"}]
    stage:
      description: Where the machine stands. Empty where nobody could be asked, see O(state_dir).
      type: str
      sample: installed
    since:
      description: Since when it stands there, in seconds since the epoch, 0 where nothing was seen of it.
      type: float
      sample: 1697053479.3
    attempt:
      description: How many times the machine has booted from the network.
      type: int
      sample: 1
    stages:
      description: Each stage of this attempt and when it was reached, in seconds since the epoch.
      type: list
      elements: dict
      sample: [{"stage": "known", "at": 1697053442.8}, {"stage": "offered", "at": 1697053442.8}]
    installs:
      description: How many times it has been installed.
      type: int
      sample: 1
    firmware:
      description: V(uefi) or V(bios), as far as it was seen.
      type: str
      sample: uefi
    facts:
      description: What iPXE reported of the machine.
      type: dict
      sample: {"manufacturer": "Micro Computer (HK) Tech Limited", "product": "UM790 Pro"}
    bytes:
      description: How many bytes bootd has sent it in this attempt.
      type: dict
      sample: {"tftp": 1017856, "http": 854}
    last:
      description: The last thing that was seen of it, and when.
      type: dict
      sample: {"what": "report succeeded", "at": 1697053479.3}
    summary:
      description: What is worth knowing of it in one line, an error, what it waits for, or what was seen last.
      type: str
      sample: report succeeded
    progress:
      description:
        - What bootd sends it, as C(what), C(bytes), C(size) and C(percent). Empty where it loads nothing from bootd.
      type: dict
      sample: {"what": "iso", "bytes": 2684354560, "size": 6291456000, "percent": 42}
    error:
      description: Why it failed, or the last error iPXE told of.
      type: str
      sample: ''
    overdue:
      description: The stage in which nothing came of it any more, where that is why it failed.
      type: str
      sample: ''
    configuration_closed:
      description:
        - Why it can't get its configuration any more in this attempt, for people. Somebody else had its URL.
      type: str
      sample: ''
    waits_for:
      description: What it waits for in iPXE, for people.
      type: str
      sample: um790-1 (installing)
    after:
      description: The machines that have to be done before it, as C(NAMESPACE/NAME).
      type: list
      elements: str
      sample: [tink-system/um790-1]
    last_stage:
      description: The stage after which nothing more is to come of it.
      type: str
      sample: ready
    netboot:
      description: Whether it would be booted from the network now.
      type: bool
      sample: false
    reason:
      description: Why, or why not.
      type: str
      sample: 'netboot is off for um790-1: it is installed'
    allow_pxe:
      description: C(allowPXE) of that interface as the object has it. None where it has not.
      type: bool
      sample: false
    os:
      description: The distribution that is installed.
      type: str
      sample: harvester
    os_version:
      description: Its version.
      type: str
      sample: v1.2.0
    role:
      description: The value of the label C(netboot.baremetal/role), empty where there is none.
      type: str
      sample: server
    labels:
      description: The labels of the object.
      type: dict
      sample: {"rack": "b12"}
    problems:
      description: What is wrong with the object, so that bootd does not serve it as written.
      type: list
      elements: str
      sample: []
missing:
  description: Those of O(names) that no object has.
  returned: success
  type: list
  elements: str
  sample: []
unknown_machines:
  description:
    - The machines that asked and have no Hardware object, the one seen last first.
    - What they say of themselves anybody can make up. It is on one line, cut off, and has no secrets.
  returned: when O(unknown) is true
  type: list
  elements: dict
  contains:
    mac:
      description: The MAC address.
      type: str
      sample: 58:47:ca:71:d8:4f
    client:
      description: Who asked, V(firmware), V(ipxe), or V(os) for anything else. Empty where no DHCP was heard of it.
      type: str
      sample: firmware
    wants_to_boot:
      description: Whether firmware or iPXE asked, or a boot file was asked for.
      type: bool
      sample: true
    vendor_class:
      description: DHCP option 60.
      type: str
      sample: PXEClient:Arch:00007:UNDI:003016
    arch:
      description: DHCP option 93. None where it named none.
      type: int
      sample: 7
    architecture:
      description: The same in words.
      type: str
      sample: x64 UEFI
    firmware:
      description: V(uefi) or V(bios), as the architecture says.
      type: str
      sample: uefi
    user_class:
      description: DHCP option 77.
      type: str
      sample: iPXE
    uuid:
      description: DHCP option 97, as C(dmidecode) prints it.
      type: str
      sample: 03000200-0400-0500-0006-000700080009
    hostname:
      description: DHCP option 12, the name it asked for.
      type: str
      sample: ''
    relay:
      description: The relay it came through.
      type: str
      sample: 10.10.1.1
    circuit_id:
      description: Where the relay heard it, DHCP option 82.1.
      type: str
      sample: ge-1/0/7
    remote_id:
      description: Whom the relay heard, DHCP option 82.2.
      type: str
      sample: ''
    interface:
      description: The interface that bootd heard it on.
      type: str
      sample: eth1
    address:
      description: The address it has from another DHCP server, or asked for a file from.
      type: str
      sample: ''
    first:
      description: When it was seen first, in seconds since the epoch.
      type: float
      sample: 1697053479.3
    last:
      description: And last.
      type: float
      sample: 1697053491.3
    count:
      description: How often.
      type: int
      sample: 3
    asked:
      description: How often by which protocol.
      type: dict
      sample: {"dhcp": 3, "tftp": 0, "http": 0}
resources:
  description: The objects of RV(machines), in the same order.
  returned: when O(resources) is true
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.base import StoreError
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import unknown
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import described, named
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import (
    Found,
    from_cluster,
    from_files,
    parse_store,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes


def read_unknown(module: AnsibleModule) -> list[dict[str, Any]]:
    """Return the unknown machines; raises NotAnswered, and ValueError, ApiError and ApiUnreachable."""
    url, kind = module.params["bootd_url"], parse_store(module.params["store"])[0]
    if url:
        return unknown.from_bootd(url, module.params["use_proxy"])
    if kind == "files":
        raise ValueError(unknown.NEEDS_URL)
    found, problems = unknown.from_pods(_kubernetes.client_for(module, connections=1))
    for problem in problems:
        module.warn(problem)
    return found


def read(module: AnsibleModule) -> Found:
    """Return what the store holds; raises ValueError, OSError, StoreError, ApiError and ApiUnreachable."""
    params = module.params
    kind, place = parse_store(params["store"])
    selector = ",".join(params["label_selectors"])
    if kind == "files":
        return from_files(place, params["state_dir"] or "", selector=selector)
    names = params["names"] or []
    # Of several the API can't be asked by name.
    name = names[0].rpartition("/")[2] if len(names) == 1 else ""
    return from_cluster(_kubernetes.client_for(module, connections=1), place, selector=selector, name=name)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Return the result; raises as ``read`` does."""
    found = read(module)
    for problem in found.problems:
        module.warn(problem)
    entries, missing = found.entries, []
    if module.params["names"] is not None:
        entries, missing = named(entries, module.params["names"])
    result = {"changed": False, "machines": [described(entry) for entry in entries], "missing": missing}
    if module.params["unknown"]:
        result["unknown_machines"] = read_unknown(module)
    if module.params["resources"]:
        result["resources"] = [entry.document for entry in entries]
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_kubernetes.ARGUMENTS,
            "store": {"type": "str", "default": "kubernetes"},
            "state_dir": {"type": "path"},
            "names": {"type": "list", "elements": "str"},
            "label_selectors": {"type": "list", "elements": "str", "default": [], "aliases": ["label_selector"]},
            "unknown": {"type": "bool", "default": False},
            "bootd_url": {"type": "str"},
            "use_proxy": {"type": "bool", "default": True},
            "resources": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (ValueError, OSError, StoreError, ApiError, ApiUnreachable, unknown.NotAnswered) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
