# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: harvester_config
short_description: Make Harvester configurations of inventory hosts
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Makes the configuration with which Harvester's installer creates a cluster or joins one, of each host whose
    C(netboot_os) is V(harvester). Others are left out, and so are those whose C(netboot_config_url) or kernel arguments
    say where their configuration is.
  - What is known of the machine is not asked for again. MAC address, host name, address, disk, DNS and NTP servers,
    VLAN and the URL of the ISO come from the variables that P(baremetal.netboot.to_hardware#filter) takes, which begin
    with C(netboot_).
  - All hosts are checked, each by itself and against each other, for the version of Harvester that they install. When
    anything is wrong, the filter fails, and its message has a line for each problem, with host, variable, value, and
    what would be right. Harvester itself drops keys in silence that it does not know.
  - C(harvester_vip) is the cluster's own address, in the network of its machines and nobody else's, neither a machine's
    nor a gateway's nor bootd's. Hosts with the same one are one cluster; hosts without one belong to
    the only cluster there is.
  - C(harvester_mode) is V(create) or V(join). Where no host of a cluster says V(create), the first in the inventory
    that says nothing creates it, and the others join. All hosts of the inventory count for this, also those that a
    play leaves out with C(--limit). Where all of a cluster say V(join), it exists already, and its C(harvester_token)
    is needed.
  - C(harvester_token) is the secret that all nodes of a cluster have in common. Where it is not given, C(content) has
    none, and whoever writes the configurations fills in one for each cluster.
  - C(harvester_password) is the password of the user C(rancher), in clear or hashed as C(openssl passwd -6) does it.
    One in clear is hashed, with a salt that is made of the cluster's namespace and VIP, so that it does not change
    from run to run. C(harvester_ssh_authorized_keys) is a list of public keys, or a text with one in each line. One of
    the two has to be there.
  - C(harvester_vip_mode) is V(static) unless given, or V(dhcp) with the MAC address C(harvester_vip_hw_addr).
  - C(harvester_role) is V(default), V(management), V(worker) or V(witness), from Harvester v1.3 on.
  - C(harvester_management_method) is V(static) where address and netmask are known, else V(dhcp), unless given.
  - C(harvester_iso_url) is that of the release below C(netboot_image_url) unless given.
  - C(harvester_config) is plain Harvester configuration. It is merged over all this, in any spelling that Harvester
    takes. Lists replace lists, and null takes away what would be derived.
  - Ansible itself merges no variables, and a host's C(harvester_config) takes the place of its group's. What is to be
    merged has names of its own. Mappings whose names begin with C(harvester_config_) are merged over
    C(harvester_config) in the order of their names, as C(harvester_config_1_rack) of a group and
    C(harvester_config_2_host) of a host.
  - Where Harvester wants a number, text with one is taken, and empty text as if it were not given.
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
notes:
  - The result holds passwords and tokens. Tasks that take it should have C(no_log), as long as they are not modules of
    this collection.
seealso:
  - plugin: baremetal.netboot.to_hardware
    plugin_type: filter
"""

EXAMPLES = r"""
# inventory.yml
#
# netboot_machines:
#   hosts:
#     um790-1: {netboot_mac: "58:47:ca:71:d8:49", netboot_ip: 10.10.0.16}
#     um790-2: {netboot_mac: "58:47:ca:71:d8:4a", netboot_ip: 10.10.0.17}
#   vars:
#     netboot_network: 10.10.0.0/24
#     netboot_gateway: 10.10.0.1
#     netboot_dns: [10.10.0.1]
#     netboot_disk: /dev/nvme0n1
#     netboot_os: harvester
#     netboot_os_version: v1.8.2
#     netboot_image_url: http://10.10.0.2/harvester
#     harvester_vip: 10.10.0.10
#     harvester_password: "{{ vault_harvester_password }}"
#     harvester_config:
#       install:
#         skipchecks: true

- name: Show what each machine does, and nothing that is secret
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.content.install.mode }}"
  loop: "{{ groups.netboot_machines | baremetal.netboot.harvester_config(hostvars) }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description:
    - A configuration for each host that installs Harvester, in the order of the hosts.
  type: list
  elements: dict
  contains:
    name:
      description: The name of the machine.
      type: str
    namespace:
      description: The namespace of its Hardware object. Where none is named, that is up to who writes them.
      returned: where the inventory names one
      type: str
    cluster:
      description: The name of its cluster, made of the VIP, such as C(10-10-0-30).
      returned: where the cluster has a VIP
      type: str
    content:
      description: Harvester's configuration.
      type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import lines_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import (
    configurations_report,
    message_of,
)

_display = Display()


def harvester_config(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the configurations of ``hosts``; raises AnsibleFilterError with every problem of every host."""
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Iterable):
        raise AnsibleFilterError("harvester_config takes a list of host names, such as groups.netboot_machines")
    report = configurations_report(map(str, hosts), hostvars)
    if report.problems:
        raise AnsibleFilterError(message_of(report.problems))
    for line in lines_of(report.notes):
        _display.warning(line)
    return report.configurations


class FilterModule:
    """The filter, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"harvester_config": harvester_config}
