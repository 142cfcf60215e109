# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bootd_deployment
short_description: Run bootd in a cluster
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Runs bootd as a Deployment on the network of its node, with a namespace, a service account and exactly the
    permissions that it asks for when it starts.
  - It boots the machines whose Hardware objects are in the same cluster. M(baremetal.netboot.hardware_crd) has to come
    first.
  - The pod may open ports below 1024 and raw sockets. It is not privileged, and writes to nothing but its state
    directory on the node, from which it serves what it knew last while the API server is away.
  - Objects of the same names that this module has not made are left alone. The task fails and names them.
  - It also fails, before anything is changed, when pods such as those of an ingress controller hold a port that bootd
    needs on each node that it may run on.
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
      - The key of the report URLs is hidden.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) makes the objects what they should be. V(absent) removes them, and the namespaces that this
        collection has made, unless they hold something else by now.
      - The CustomResourceDefinition, Hardware objects and the state directory on the node are never removed.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description:
      - The namespace bootd runs in. It is made if it is not there.
    type: str
    default: netboot
  image:
    description:
      - The container image.
      - Required with O(state=present).
    type: str
  image_key:
    description:
      - Any word that changes with the content of the image, so that another image of the same name restarts the pod.
    type: str
    default: ""
  image_pull_secrets:
    description:
      - Names of Secrets in O(namespace) with the credentials of the image's registry.
    type: list
    elements: str
    default: []
  store:
    description:
      - Where the Hardware objects are. V(kubernetes) for those of all namespaces, V(kubernetes:NAMESPACE) for those of
        one, which is made if it is not there.
    type: str
    default: kubernetes
  address:
    description:
      - The IPv4 address by which machines reach bootd. It is in every answer and every URL.
      - Required with O(state=present).
    type: str
  interface:
    description:
      - Answer DHCP only on this network interface of the node.
    type: str
    default: ""
  bind:
    description:
      - The address that the servers listen on.
    type: str
    default: 0.0.0.0
  http_port:
    description:
      - The HTTP port. Not 80 by default, which ingress controllers hold.
    type: int
    default: 7080
  tftp_port:
    description:
      - The TFTP port. Firmware knows no other than 69.
    type: int
    default: 69
  dhcp_port:
    description:
      - The DHCP port. Machines know no other than 67.
    type: int
    default: 67
  syslog_port:
    description:
      - The syslog port, to which iPXE tells what it does.
    type: int
    default: 514
  settings:
    description:
      - Further settings of bootd, named as the flags of C(bootd serve) with C(_) for C(-), as in C(lease_time=3600).
    type: dict
    default: {}
  nodes:
    description:
      - The names of the nodes that it may run on.
      - If not given, any that O(node_selector) matches.
    type: list
    elements: str
    default: []
  node_selector:
    description:
      - The labels of the nodes that it may run on. C(true) and C(false) become text, as labels are.
    type: dict
    default: {}
  tolerations:
    description:
      - Further tolerations of the pod. Those of a control plane it has.
    type: list
    elements: dict
    default: []
  replicas:
    description:
      - On how many nodes it runs. All of them serve files, one at a time answers DHCP.
    type: int
    default: 1
  resources:
    description:
      - What the pod asks for and what it may use, in Kubernetes' words.
    type: dict
    default:
      requests: {cpu: 50m, memory: 128Mi}
      limits: {memory: 256Mi}
  state_dir:
    description:
      - The directory on the node in which bootd keeps what it knows. It is made if it is not there, and stays.
    type: path
    default: /var/lib/bootd
  image_dir:
    description:
      - A directory on the node that is served below C(/images/).
    type: path
    default: ""
  force:
    description:
      - Whether to take over objects of the same names that this module has not made. They are then removed with
        O(state=absent).
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until bootd is ready on every node it should be on, or with O(state=absent) until it has ended.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to wait. The failure then says what was last seen, with the end of the pod's log.
    type: int
    default: 120
notes:
  - The key of the URLs to which installers report is made once. Removing the deployment removes it, and URLs that were
    handed out before are void.
seealso:
  - module: baremetal.netboot.hardware_crd
  - module: baremetal.netboot.hardware
"""

EXAMPLES = r"""
- name: Run bootd on the bootstrap node
  baremetal.netboot.bootd_deployment:
    image: registry.example/bootd:1
    address: 10.10.0.20
    interface: eth0
    nodes: [node1]
    wait: true

- name: Run it on two nodes behind a virtual address, for the machines of one namespace
  baremetal.netboot.bootd_deployment:
    image: registry.example/bootd:1
    address: 10.10.0.20
    store: kubernetes:tink-system
    node_selector:
      node-role.kubernetes.io/control-plane: "true"
    replicas: 2

- name: Remove it
  baremetal.netboot.bootd_deployment:
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
      sample: Deployment
    namespace:
      description: Its namespace, empty for an object of the whole cluster.
      type: str
      sample: netboot
    name:
      description: Its name.
      type: str
      sample: bootd
    action:
      description: V(created), V(updated), V(removed), V(unchanged), or V(kept) where it is not to be touched.
      type: str
      sample: created
    reason:
      description: Why it was kept.
      returned: when RV(objects[].action) is V(kept)
      type: str
      sample: it is not ours
image:
  description: The image.
  returned: success, with O(state=present)
  type: str
  sample: registry.example/bootd:1
nodes:
  description:
    - The nodes on which there are pods of bootd, ready or not.
    - Without O(wait) a new pod may have none yet.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: [node1]
notes:
  description:
    - Which pods, as of an ingress controller, hold the ports 80 and 443 of nodes. They are in nobody's way unless
      O(http_port) is one of these.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: [pod kube-system/rke2-ingress-nginx-controller-9x2kq holds TCP port 80 of node node1]
"""

import secrets
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import bootd, bootd_remains
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import Outcome, apply, remove, result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import deployment
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import (
    DEFAULT_NAMESPACE,
    DEFAULT_RESOURCES,
    DEFAULT_STATE_DIR,
    Settings,
    problems,
    settings_from,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.host_ports import (
    conflicts,
    host_ports,
    of_ingress,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import (
    NotReady,
    wait_for,
    wait_until_gone,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
    "image": {"type": "str"},
    "image_key": {"type": "str", "default": "", "no_log": False},
    "image_pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "store": {"type": "str", "default": "kubernetes"},
    "address": {"type": "str"},
    "interface": {"type": "str", "default": ""},
    "bind": {"type": "str", "default": "0.0.0.0"},
    "http_port": {"type": "int", "default": 7080},
    "tftp_port": {"type": "int", "default": 69},
    "dhcp_port": {"type": "int", "default": 67},
    "syslog_port": {"type": "int", "default": 514},
    "settings": {"type": "dict", "default": {}},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "node_selector": {"type": "dict", "default": {}},
    "tolerations": {"type": "list", "elements": "dict", "default": []},
    "replicas": {"type": "int", "default": 1},
    "resources": {"type": "dict", "default": DEFAULT_RESOURCES},
    "state_dir": {"type": "path", "default": DEFAULT_STATE_DIR},
    "image_dir": {"type": "path", "default": ""},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 120},
}
KEY_BYTES = 32


def present(client: Client, settings: Settings, *, check: bool, force: bool) -> list[Outcome]:
    """Have bootd run as ``settings`` say, with no rights that other settings needed."""
    key, token = (text or secrets.token_hex(KEY_BYTES) for text in bootd_remains.keys(client, settings))
    # A namespace of somebody else is used, and never taken over: it would go with all that is in it.
    made = apply(client, bootd.namespaces(settings), check=check)
    made += apply(client, bootd.objects(settings, key, token), check=check, force=force)
    wanted = {_place(document) for document in bootd.rights(settings)}
    stale = [document for document in bootd_remains.rights(client, settings) if _place(document) not in wanted]
    return made + remove(client, stale, check=check)


def absent(client: Client, settings: Settings, *, check: bool, seconds: float | None) -> list[Outcome]:
    """Have nothing be there that was made for bootd; waits ``seconds`` for its end, None: not at all."""
    waits = seconds is not None and not check
    (workload,) = remove(client, [deployment(settings)], check=check)
    if waits and workload.changed:
        # It writes its last states and gives its lease back, for which it needs its rights.
        wait_until_gone(client, workload.document, seconds)
    rights = bootd_remains.rights(client, settings)
    outcomes = [workload, *remove(client, [*bootd.own_objects(settings), *rights], check=check)]
    if workload.action != "kept":
        outcomes += bootd_remains.remove_lease(client, settings, check=check)
    places = {settings.namespace, *(document["metadata"].get("namespace", "") for document in rights)} - {""}
    for name in sorted(places):
        gone = bootd_remains.remove_namespace(client, settings, name, check=check)
        if waits and gone.changed:
            wait_until_gone(client, gone.document, seconds)
        outcomes.append(gone)
    return outcomes


def run(client: Client, params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Do what was asked for and return the result; raises ValueError, ApiError, ApiUnreachable, Conflict, NotReady."""
    settings, wait, seconds = settings_from(params), params["wait"], params["wait_timeout"]
    if params["state"] == "absent":
        return result_of(absent(client, settings, check=check, seconds=seconds if wait else None))
    found = problems(settings)
    if found:
        raise ValueError("\n".join(found))
    held = host_ports(bootd_remains.running_pods(client), settings)
    taken = conflicts(held, bootd_remains.candidates(client, settings), settings)
    if taken:
        raise ValueError("\n".join([*taken, "choose another port, or another node"]))
    outcomes = present(client, settings, check=check, force=params["force"])
    if wait and not check:
        wait_for(client, deployment(settings), seconds)
    nodes = bootd_remains.nodes(client, settings)
    return {**result_of(outcomes), "image": settings.image, "nodes": nodes, "notes": of_ingress(held)}


def _place(document: dict[str, Any]) -> tuple[str, str, str]:
    meta = document["metadata"]
    return document["kind"], meta.get("namespace", ""), meta["name"]


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
