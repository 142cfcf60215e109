# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Tell everything that is wrong with an inventory of machines
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Looks at the variables of machines and of the host that runs bootd before anything is changed, and says everything
    that is wrong with them at once, a problem a line, with host, variable, value, and what would be right.
  - It finds what P(baremetal.netboot.to_hardware#filter) and P(baremetal.netboot.harvester_config#filter) find, and
    options of the roles that are misspelt or have values that a role would refuse, or bootd itself.
  - What is worth knowing and wrong in nobody's way is a warning, such as a variable that nothing reads.
  - Runs on the controller and connects to no host.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  machines:
    description:
      - The names of the hosts that are machines.
    type: list
    elements: str
    required: true
  bootstrap:
    description:
      - The name of the host that runs bootd. There has to be one.
    type: list
    elements: str
    required: true
  limit:
    description:
      - The hosts that the run is limited to. All of O(machines) are checked nevertheless, since their addresses and
        their places in a cluster depend on each other.
      - The host in O(bootstrap) has to be one of them.
    type: list
    elements: str
  fail:
    description:
      - Whether to fail when anything is wrong. Without, RV(problems) says what, and
        M(baremetal.netboot.preflight_report) tells it together with what else was found.
      - Where there is no host in O(bootstrap) that the run reaches, it fails nevertheless.
    type: bool
    default: true
seealso:
  - plugin: baremetal.netboot.to_hardware
    plugin_type: filter
  - plugin: baremetal.netboot.harvester_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the inventory before anything is changed
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Tell everything that is wrong
      baremetal.netboot.inventory_check:
        machines: "{{ groups.netboot_machines }}"
        bootstrap: "{{ groups.netboot_bootstrap }}"
"""

RETURN = r"""
machines:
  description:
    - Those of O(machines) that the run is about.
  returned: success
  type: list
  elements: str
limited:
  description:
    - Whether the run is limited to some hosts.
  returned: success
  type: bool
problems:
  description:
    - What is wrong.
  returned: when O(fail) is false
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong.
      type: str
      sample: '"10.10.0.17": the same IP address as um790-1'
    where:
      description: Which hosts, and which variable.
      type: str
      sample: um790-2 netboot_ip
    remedy:
      description: What would be right.
      type: str
    who:
      description: Always V(inventory).
      type: str
seen:
  description:
    - What M(baremetal.netboot.preflight_node) and M(baremetal.netboot.preflight_cluster) look at. Nothing in it is
      secret.
  returned: when O(fail) is false
  type: dict
  contains:
    machines:
      description:
        - All of O(machines) that can be read, each with C(name), C(namespace), C(distro), C(macs), C(addresses) and
          C(urls).
      type: list
      elements: dict
    vips:
      description: The virtual addresses of clusters, each with C(address), C(machines) and C(macs).
      type: list
      elements: dict
"""
