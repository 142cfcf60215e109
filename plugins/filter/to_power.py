# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: to_power
short_description: Make of inventory hosts the machines that machine_power takes
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Returns how the power of each host's machine is reached, and what it boots by, for
    M(baremetal.netboot.machine_power).
  - C(netboot_bmc) is a mapping that says how. Its keys are those of
    O(baremetal.netboot.machine_power#module:machines[].bmc), such as C(type), which is V(redfish), V(ipmi) or V(wol),
    C(address), C(username) and C(password). Keep the password in a vault.
  - Where it is not given, the C(spec.bmcRef) of the machine's Hardware object counts, which C(netboot_bmc_ref) makes.
  - All hosts are checked as P(baremetal.netboot.to_hardware#filter) does it.
options:
  _input:
    description:
      - The names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts, C(hostvars).
    type: dict
    required: true
  seen:
    description:
      - Where bootd says that the machines stand, as its C(/api/v1/machines) and
        RV(baremetal.netboot.hardware_info#module:machines) have it. With it no machine is cycled that is installed or
        on its way. One that is not among these counts as one that bootd has heard nothing of.
    type: list
    elements: dict
  namespace:
    description:
      - The namespace of the machines whose objects name none, which is that of the store.
    type: str
    default: ''
seealso:
  - module: baremetal.netboot.machine_power
  - plugin: baremetal.netboot.power
    plugin_type: role
"""

EXAMPLES = r"""
# inventory.yml
#
# netboot_machines:
#   hosts:
#     um790-1: {bmc: 10.10.9.16, netboot_mac: "58:47:ca:71:d8:49", netboot_ip: 10.10.0.16}
#     um790-2: {bmc: 10.10.9.17, netboot_mac: "58:47:ca:71:d8:4a", netboot_ip: 10.10.0.17}
#   vars:
#     netboot_bmc: {type: redfish, address: "{{ bmc }}", username: admin, password: "{{ vault_bmc_password }}"}
#     netboot_network: 10.10.0.0/24
#     netboot_gateway: 10.10.0.1

- name: Switch all machines off
  baremetal.netboot.machine_power:
    machines: "{{ groups.netboot_machines | baremetal.netboot.to_power(hostvars) }}"
    state: "off"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The machines, in the order of the hosts. They have passwords in them.
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import BMC_KIND, plain
from ansible_collections.baremetal.netboot.plugins.module_utils._power.standing import standing_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import BMC, boots_by_uefi, first_dhcp
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import machines_report, message_of


def to_power(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    seen: Iterable[Mapping[str, Any]] | None = None,
    namespace: str = "",
) -> list[dict[str, Any]]:
    """Return the machines of ``hosts``; raises AnsibleFilterError with every problem of every host."""
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Iterable):
        raise AnsibleFilterError("to_power takes a list of host names, such as groups.netboot_machines")
    report = machines_report(map(str, hosts), hostvars)
    if report.problems:
        raise AnsibleFilterError(message_of(report.problems))
    known = None if seen is None else list(seen)
    machines = report.machines.objects.items()
    return [
        _machine(name, item, hostvars[name], namespace) | _stands(name, item, namespace, known)
        for name, item in machines
    ]


def _machine(name: str, hardware: Mapping[str, Any], variables: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    own = text_at(hardware, "metadata", "namespace") or namespace
    machine = {
        "name": name,
        **({"namespace": own} if own else {}),
        "mac": text_at(first_dhcp(hardware), "mac"),
        "firmware": "uefi" if boots_by_uefi(hardware) else "bios",
    }
    bmc, reference = plain(variables.get(BMC)), text_at(hardware, "spec", "bmcRef", "name")
    if bmc:
        machine["bmc"] = bmc
    elif reference and text_at(hardware, "spec", "bmcRef", "kind") in ("", BMC_KIND["kind"]):
        machine["bmc_ref"] = reference
    return machine


def _stands(
    name: str, hardware: Mapping[str, Any], namespace: str, known: list[Mapping[str, Any]] | None
) -> dict[str, Any]:
    if known is None:
        return {}
    return asdict(standing_of(name, text_at(hardware, "metadata", "namespace") or namespace, known))


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_power": to_power}
