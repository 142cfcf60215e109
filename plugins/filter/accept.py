# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: accept
short_description: Make hosts of machines that asked and were not known
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Says which of the unknown machines become hosts, with which variables. The playbook C(baremetal.netboot.accept) adds
    these hosts and writes their Hardware objects by P(baremetal.netboot.to_hardware#filter).
  - Refused are machines that did not ask, MAC addresses that have a Hardware object, and names and addresses that
    another one has. Everything that is wrong is told at once.
  - Of what an unknown machine says of itself only its architecture is used. Nothing that it says in words gets into a
    variable.
options:
  _input:
    description:
      - The machines to accept, each with C(mac), C(name), C(address), as in V(10.10.0.21/24), and, where it is to be
        booted from the network at once, C(allow_pxe). Variables C(netboot_...) may stand beside these.
      - Where another DHCP server gives the addresses, leave C(address) out, and have C(netboot_disable_dhcp) be true.
    type: list
    elements: dict
    required: true
  unknown:
    description:
      - The unknown machines, RV(baremetal.netboot.hardware_info#module:unknown_machines).
    type: list
    elements: dict
    required: true
  machines:
    description:
      - The machines that are known, RV(baremetal.netboot.hardware_info#module:machines).
    type: list
    elements: dict
    required: true
  unseen:
    description:
      - Whether to take also those that bootd has not heard.
    type: bool
    default: false
seealso:
  - module: baremetal.netboot.hardware_info
  - plugin: baremetal.netboot.to_hardware
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read who is known and who is not
  baremetal.netboot.hardware_info:
    store: files:/etc/bootd/hardware
    bootd_url: http://10.10.0.20:7080
    unknown: true
  register: found

- name: Show what would become of a machine
  ansible.builtin.debug:
    msg: "{{ wanted | baremetal.netboot.accept(found.unknown_machines, found.machines) }}"
  vars:
    wanted:
      - mac: 58:47:ca:71:d8:49
        name: um790-1
        address: 10.10.0.21/24
"""

RETURN = r"""
_value:
  description:
    - What becomes of them.
  type: dict
  contains:
    hosts:
      description: The variables of each new host, by its name.
      type: dict
      sample: {"um790-1": {"netboot_mac": "58:47:ca:71:d8:49", "netboot_ip": "10.10.0.21/24"}}
    present:
      description: The names of those that have been accepted before, with the same MAC address and any address given.
      type: list
      elements: str
      sample: []
    problems:
      description: What is wrong, a line for each thing. Where there are any, nothing else is to be used.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.module_utils._inventory import acceptance
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain


def accept(
    wanted: Iterable[Any],
    unknown: Iterable[Mapping[str, Any]],
    machines: Iterable[Mapping[str, Any]],
    unseen: bool = False,
) -> dict[str, Any]:
    """Return what becomes of the machines ``wanted``; raises AnsibleFilterError where they are no list."""
    if isinstance(wanted, (str, Mapping)) or not isinstance(wanted, Iterable):
        raise AnsibleFilterError(
            "accept takes a list of machines, each with mac and name, and an address where bootd gives it"
        )
    return asdict(
        acceptance.accept(plain(list(wanted)), plain(list(unknown)), plain(list(machines)), unseen=bool(unseen))
    )


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"accept": accept}
