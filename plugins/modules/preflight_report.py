# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_report
short_description: Tell what all checks found, in one report
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Takes the results of tasks that looked, shows a line for each check, and then everything that is wrong, by who can
    put it right, each with where it is and what to do.
  - Fails when there is anything.
  - A task that failed itself, or did not reach its host, is a problem too. So such tasks have C(failed_when=false) and
    C(ignore_unreachable=true), and nothing is lost.
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
  results:
    description:
      - What was registered, in the order in which it is shown.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the check is called. A result with C(checks) has names of its own.
        type: str
        required: true
      result:
        description:
          - What was registered. Its C(problems) are what is wrong, each with C(what), C(where), C(remedy) and C(who).
        type: dict
        required: true
      looked_at:
        description: What it looked at, for the report; of a task that was skipped, why.
        type: str
        default: ""
      who:
        description: Who can put it right that the task came to nothing.
        type: str
        choices: [inventory, network, node, cluster, machine]
        default: node
  fail:
    description:
      - Whether to fail when anything is wrong.
    type: bool
    default: true
  so_far:
    description:
      - What has been done up to now, for the message of the failure.
    type: str
    default: nothing has been changed
seealso:
  - module: baremetal.netboot.preflight_node
  - module: baremetal.netboot.preflight_cluster
"""

EXAMPLES = r"""
- name: Look who holds the ports
  baremetal.netboot.bootd_ports:
    service_manager: systemd
    fail: false
  register: ports
  failed_when: false

- name: Tell what was found
  baremetal.netboot.preflight_report:
    results:
      - {name: ports, result: "{{ ports }}", looked_at: those that bootd needs}
"""

RETURN = r"""
problems:
  description: Everything that is wrong, by who can put it right.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong.
      type: str
      sample: there is no network interface eth9
    where:
      description: Where.
      type: str
      sample: bootstrap bootd_interface
    remedy:
      description: What to do.
      type: str
      sample: "name one that is there: eth0 10.10.0.20/24"
    who:
      description: Who can do it, V(inventory), V(network), V(node), V(cluster) or V(machine).
      type: str
      sample: inventory
report:
  description: The lines that were shown.
  returned: success
  type: list
  elements: str
"""
