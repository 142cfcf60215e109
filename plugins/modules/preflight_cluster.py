# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_cluster
short_description: Look whether a cluster is ready for bootd and its machines
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Looks whether the API answers, whether its clock agrees, and whether the user of the kubeconfig may do all that the
    roles do there, by asking for each right.
  - Looks whether other Hardware objects have the MAC or the address of one of the machines, whether somebody else has
    objects with the names of bootd's, and whether pods hold ports that bootd needs.
  - Changes nothing, and does not fail because of what it finds, which is in RV(problems).
    M(baremetal.netboot.preflight_report) tells it.
  - The role P(baremetal.netboot.preflight#role) uses it.
extends_documentation_fragment:
  - baremetal.netboot.kubernetes
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  inventory_name:
    description:
      - What to call the host that this runs on, whose clock is compared with that of the API server.
    type: str
    default: the host
  deploys:
    description:
      - Whether bootd is to run as a pod of the cluster. Without, it runs on a host, as the user of the kubeconfig.
    type: bool
    default: true
  store:
    description:
      - Where the machines are, as in the option of that name of M(baremetal.netboot.bootd_deployment).
    type: str
    default: kubernetes
  namespace:
    description:
      - The namespace of bootd.
    type: str
    default: netboot
  node:
    description:
      - The name of the node that bootd is to run on. Empty for any that O(node_selector) matches.
    type: str
    default: ""
  node_selector:
    description:
      - The labels of the nodes that it may run on.
    type: dict
    default: {}
  replicas:
    description:
      - How many nodes it is to run on.
    type: int
    default: 1
  http_port:
    description: The HTTP port.
    type: int
    default: 7080
  tftp_port:
    description: The TFTP port.
    type: int
    default: 69
  dhcp_port:
    description: The DHCP port.
    type: int
    default: 67
  syslog_port:
    description: The syslog port.
    type: int
    default: 514
  settings:
    description:
      - Further settings of bootd, of which C(dhcp_mode), C(dhcp_modes) and C(proxy_port) count.
    type: dict
    default: {}
  machines:
    description:
      - The machines, as M(baremetal.netboot.inventory_check) returns them. C(name), C(macs) and C(addresses) count.
    type: list
    elements: dict
    default: []
  max_skew:
    description:
      - For how many seconds clocks may differ.
    type: float
    default: 5.0
seealso:
  - module: baremetal.netboot.preflight_node
  - module: baremetal.netboot.preflight_report
"""

EXAMPLES = r"""
- name: Look whether the cluster is ready
  baremetal.netboot.preflight_cluster:
    kubeconfig: /etc/rancher/rke2/rke2.yaml
    store: kubernetes:tink-system
  register: seen
"""

RETURN = r"""
checks:
  description: Each check.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What it is called.
      type: str
      sample: rights
    looked_at:
      description: What was looked at.
      type: str
      sample: 40 rights on https://10.10.0.20:6443
    skipped:
      description: Why it was not made, empty where it was.
      type: str
    problems:
      description: What it found, as in RV(problems).
      type: list
      elements: dict
problems:
  description: Everything that is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    what:
      description: What is wrong.
      type: str
      sample: the kubeconfig's user may not list nodes in all namespaces, to see where bootd may run
    where:
      description: Where.
      type: str
      sample: the cluster at https://10.10.0.20:6443
    remedy:
      description: What to do.
      type: str
    who:
      description: Who can do it, V(inventory), V(node) or V(cluster).
      type: str
      sample: cluster
"""

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import (
    DEFAULT_NAMESPACE,
    Settings,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import cluster
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import result_of

ARGUMENTS = {
    "inventory_name": {"type": "str", "default": "the host"},
    "deploys": {"type": "bool", "default": True},
    "store": {"type": "str", "default": "kubernetes"},
    "namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
    "node": {"type": "str", "default": ""},
    "node_selector": {"type": "dict", "default": {}},
    "replicas": {"type": "int", "default": 1},
    "http_port": {"type": "int", "default": 7080},
    "tftp_port": {"type": "int", "default": 69},
    "dhcp_port": {"type": "int", "default": 67},
    "syslog_port": {"type": "int", "default": 514},
    "settings": {"type": "dict", "default": {}},
    "machines": {"type": "list", "elements": "dict", "default": []},
    "max_skew": {"type": "float", "default": 5.0},
}
_OF_SETTINGS = ("store", "namespace", "replicas", "http_port", "tftp_port", "dhcp_port", "syslog_port")


def main() -> None:
    module = AnsibleModule(argument_spec={**_kubernetes.ARGUMENTS, **ARGUMENTS}, supports_check_mode=True)
    params = module.params
    settings = Settings(
        **{name: params[name] for name in _OF_SETTINGS},
        nodes=[params["node"]] if params["node"] else [],
        node_selector={str(name): str(value) for name, value in params["node_selector"].items()},
        settings={str(name): str(value) for name, value in params["settings"].items()},
    )
    client = _kubernetes.client_for(module, connections=1)
    try:
        checks = cluster.look(
            client,
            settings,
            params["inventory_name"],
            params["machines"],
            params["max_skew"],
            deploys=params["deploys"],
        )
    except (ApiError, ApiUnreachable) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result_of(checks))


if __name__ == "__main__":
    main()
