# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_vip
short_description: Give a cluster a virtual IP address with kube-vip
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Runs kube-vip as a DaemonSet, with a service account and the permissions it needs. It puts the address on one node,
    and on another when that one fails, so that bootd and the API server keep theirs.
  - Objects of the same names that this module has not made are left alone. The task fails and names them.
  - See U(https://kube-vip.io/docs/) for what kube-vip does.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - Predicted by the API server itself, with a dry run.
  diff_mode:
    support: full
    details:
      - Passwords of BGP peers are hidden.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes kube-vip's objects what they should be, V(absent) removes them.
    type: str
    choices: [present, absent]
    default: present
  address:
    description:
      - The virtual IP address.
      - Required with O(state=present) and O(control_plane=true).
    type: str
  interface:
    description:
      - The network interface on which the nodes have the address.
      - If not given, that of the default route is used with O(mode=arp), and V(lo) with O(mode=bgp), since several
        nodes then have the address at once.
    type: str
  mode:
    description:
      - How the network learns where the address is. V(arp) by announcements on the nodes' own network, V(bgp) by
        routes that the nodes tell their routers.
    type: str
    choices: [arp, bgp]
    default: arp
  control_plane:
    description:
      - Whether the nodes have O(address) itself, one of them at a time with O(mode=arp).
    type: bool
    default: true
  port:
    description:
      - The port of the API server on the nodes.
    type: int
    default: 6443
  services:
    description:
      - Whether to give Services of type C(LoadBalancer) their addresses.
    type: bool
    default: false
  service_election:
    description:
      - Whether a node is elected for each Service on its own, so that they are spread, and not one for all.
    type: bool
    default: false
  load_balancer_class:
    description:
      - The C(loadBalancerClass) of the Services to look after. All others are left to others.
      - With an empty string those without a class are looked after too.
    type: str
    default: baremetal.netboot/kube-vip
  image:
    description:
      - The container image, without its tag, which is O(version).
    type: str
    default: ghcr.io/kube-vip/kube-vip
  version:
    description:
      - The tag of the image, such as V(v1.1.2). A digest may follow, as in C(v1.1.2@sha256:...).
    type: str
    default: v1.1.2
  name:
    description:
      - The name of the objects, which begins those of all others. Another one lets it run beside a kube-vip that is
        there already.
    type: str
    default: kube-vip
  namespace:
    description:
      - The namespace of the DaemonSet, which has to exist.
    type: str
    default: kube-system
  node_selector:
    description:
      - The labels of the nodes to run on. C(true) and C(false) become text, as labels are.
      - If not given, it runs on those of the control plane.
    type: dict
    default: {}
  prometheus_server:
    description:
      - Where kube-vip serves its metrics, on the nodes' own network.
    type: str
    default: ':2112'
  bgp:
    description:
      - With whom to speak BGP.
      - Required with O(mode=bgp).
    type: dict
    suboptions:
      asn:
        description:
          - The nodes' own autonomous system.
        type: int
        default: 65000
      router_id:
        description:
          - The IPv4 address by which a node is known to its peers.
          - If not given, it is each node's own.
        type: str
      peers:
        description:
          - The routers.
        type: list
        elements: dict
        required: true
        suboptions:
          address:
            description:
              - The IP address of the router.
            type: str
            required: true
          asn:
            description:
              - The autonomous system of the router.
            type: int
            required: true
          password:
            description:
              - The password (RFC 2385) that the router asks for. It is kept in a Secret.
            type: str
          multihop:
            description:
              - Whether the router is not on the nodes' own network.
            type: bool
            default: false
      source_interface:
        description:
          - The interface to speak from.
        type: str
      source_address:
        description:
          - The address to speak from.
        type: str
  extra_env:
    description:
      - More of kube-vip's environment variables, which also overrule those that this module sets.
      - They stand in the DaemonSet and in diffs for all to see, so put no passwords here.
    type: dict
    default: {}
  force:
    description:
      - Whether to take over objects of the same names that this module has not made. They are then removed with
        O(state=absent).
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until kube-vip runs on every node it should, or with O(state=absent) on none.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to wait.
    type: int
    default: 120
notes:
  - kube-vip's own leases are left behind when it is removed. They hold nothing but who was elected last.
"""

EXAMPLES = r"""
- name: Give the bootstrap node the address that machines boot from
  baremetal.netboot.kube_vip:
    address: 10.10.0.20
    interface: eth0
    wait: true

- name: Let it look after Services too that ask for it by their class
  baremetal.netboot.kube_vip:
    address: 10.10.0.20
    interface: eth0
    services: true
    service_election: true

- name: Tell two routers of the address
  baremetal.netboot.kube_vip:
    address: 10.20.0.1
    mode: bgp
    bgp:
      asn: 65010
      peers:
        - {address: 10.10.0.2, asn: 65000, password: "{{ bgp_password }}"}
        - {address: 10.10.0.3, asn: 65000, password: "{{ bgp_password }}"}

- name: Remove it
  baremetal.netboot.kube_vip:
    state: absent
    wait: true
"""

RETURN = r"""
objects:
  description:
    - What happened to each object, in the order in which it did.
    - In check mode what would happen.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      sample: DaemonSet
    namespace:
      description: Its namespace, empty for an object of the whole cluster.
      type: str
      sample: kube-system
    name:
      description: Its name.
      type: str
      sample: kube-vip-ds
    action:
      description: V(created), V(updated), V(removed), V(unchanged), or V(kept) where it is not ours.
      type: str
      sample: created
    reason:
      description: Why it was kept.
      returned: when RV(objects[].action) is V(kept)
      type: str
      sample: it is not ours
"""

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import kube_vip
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import Outcome, apply, remove, result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip_settings import (
    DEFAULT_CLASS,
    DEFAULT_IMAGE,
    DEFAULT_VERSION,
    Settings,
    problems,
    settings_from,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import (
    NotReady,
    wait_for,
    wait_until_gone,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

PEER = {
    "address": {"type": "str", "required": True},
    "asn": {"type": "int", "required": True},
    "password": {"type": "str", "no_log": True},
    "multihop": {"type": "bool", "default": False},
}
BGP = {
    "asn": {"type": "int", "default": 65000},
    "router_id": {"type": "str"},
    "peers": {"type": "list", "elements": "dict", "required": True, "options": PEER},
    "source_interface": {"type": "str"},
    "source_address": {"type": "str"},
}
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "address": {"type": "str"},
    "interface": {"type": "str"},
    "mode": {"type": "str", "choices": ["arp", "bgp"], "default": "arp"},
    "control_plane": {"type": "bool", "default": True},
    "port": {"type": "int", "default": 6443},
    "services": {"type": "bool", "default": False},
    "service_election": {"type": "bool", "default": False},
    "load_balancer_class": {"type": "str", "default": DEFAULT_CLASS},
    "image": {"type": "str", "default": DEFAULT_IMAGE},
    "version": {"type": "str", "default": DEFAULT_VERSION},
    "name": {"type": "str", "default": "kube-vip"},
    "namespace": {"type": "str", "default": "kube-system"},
    "node_selector": {"type": "dict", "default": {}},
    "prometheus_server": {"type": "str", "default": ":2112"},
    "bgp": {"type": "dict", "options": BGP},
    "extra_env": {"type": "dict", "default": {}},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 120},
}


def present(client: Client, settings: Settings, *, check: bool, force: bool, seconds: int) -> list[Outcome]:
    """Have kube-vip run as ``settings`` say, and nothing of other settings be left; 0 ``seconds``: don't wait."""
    documents = kube_vip.objects(settings)
    made = apply(client, documents, check=check, force=force)
    removed = remove(client, kube_vip.leftovers(settings), check=check)
    if seconds and not check:
        wait_for(client, workload_of(documents), seconds)
    return made + [outcome for outcome in removed if outcome.changed]


def absent(client: Client, settings: Settings, *, check: bool, seconds: int) -> list[Outcome]:
    """Have no object of kube-vip be there that this module has made; 0 ``seconds``: don't wait."""
    documents = kube_vip.objects(settings) + kube_vip.leftovers(settings)
    workload = workload_of(documents)
    ended = remove(client, [workload], check=check)
    if seconds and not check and ended[0].action != "kept":
        # While it may still write its lease: the next node then need not wait for that to run out.
        wait_until_gone(client, workload, seconds)
    return ended + remove(client, [document for document in documents if document is not workload], check=check)


def workload_of(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the DaemonSet among ``documents``."""
    return next(document for document in documents if document["kind"] == "DaemonSet")


def run(client: Client, params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Do what was asked for and return the result; raises ValueError, ApiError, ApiUnreachable, Conflict, NotReady."""
    settings = settings_from(params)
    seconds = params["wait_timeout"] if params["wait"] else 0
    if params["state"] == "absent":
        return result_of(absent(client, settings, check=check, seconds=seconds))
    found = problems(settings)
    if found:
        raise ValueError("\n".join(found))
    return result_of(present(client, settings, check=check, force=params["force"], seconds=seconds))


def main() -> None:
    module = AnsibleModule(argument_spec={**_kubernetes.ARGUMENTS, **ARGUMENTS}, supports_check_mode=True)
    client = _kubernetes.client_for(module, connections=1)
    try:
        result = run(client, module.params, check=module.check_mode)
    except (ValueError, ApiError, ApiUnreachable, Conflict, NotReady) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
