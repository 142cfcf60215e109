# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_server
short_description: Serve a directory of images with nginx
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Serves the files of a directory below C(/images/), as C(bootd) itself does, for those who would rather have another
    server do that.
  - It serves GET and HEAD, whole files and parts of them, and lists no directory. Hidden files, which may be half, and
    links are never served.
  - nginx runs as a service of systemd with a configuration of its own, beside the distribution's, or as a Deployment in
    a cluster. It may only read, and has no privilege.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - In a cluster predicted by the API server itself, with a dry run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - Whether it is to run. V(absent) removes what the module has made, but neither images nor the namespace.
    type: str
    choices: [present, absent]
    default: present
  manager:
    description:
      - Who runs nginx.
    type: str
    choices: [systemd, kubernetes]
    default: systemd
  path:
    description:
      - The directory of images, on the host or on the node. It has to exist.
      - Required with O(state=present).
    type: path
  port:
    description:
      - The TCP port of the host or of the node. C(bootd) has 7080.
    type: int
    default: 7081
  bind:
    description:
      - The address of the host or of the node to listen on.
    type: str
    default: 0.0.0.0
  name:
    description:
      - The name of the service or of the objects.
    type: str
    default: image-server
  nginx:
    description:
      - The program, of version 1.19.5 or newer, with O(manager=systemd).
    type: path
    default: /usr/sbin/nginx
  namespace:
    description:
      - The namespace it runs in. It is made if it is not there.
    type: str
    default: netboot
  image:
    description:
      - The container image, which has to have C(nginx) on its path.
    type: str
    default: docker.io/library/nginx:1.28
  image_pull_secrets:
    description:
      - Names of Secrets in O(namespace) with the credentials of the image's registry.
    type: list
    elements: str
    default: []
  nodes:
    description:
      - The names of the nodes that have the images.
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
      - On how many nodes it runs.
    type: int
    default: 1
  resources:
    description:
      - What the pod asks for and what it may use, in Kubernetes' words.
    type: dict
    default:
      requests: {cpu: 50m, memory: 32Mi}
      limits: {memory: 128Mi}
  force:
    description:
      - Whether to take over objects of the same names that this module has not made.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until it serves, or with O(state=absent) and O(manager=kubernetes) until its pods are gone.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds to wait. The failure then says what was last seen.
    type: int
    default: 60
seealso:
  - module: baremetal.netboot.harvester_image
"""

EXAMPLES = r"""
- name: Serve the images by a service of systemd
  baremetal.netboot.image_server:
    path: /srv/images

- name: Serve them from a node of a cluster
  baremetal.netboot.image_server:
    manager: kubernetes
    path: /srv/images
    nodes: [node1]

- name: Serve them no more
  baremetal.netboot.image_server:
    state: absent
"""

RETURN = r"""
files:
  description: What happened to each file, in check mode what would happen.
  returned: success, with O(manager=systemd)
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /etc/systemd/system/image-server.service
    action:
      description: V(created), V(updated), V(removed) or V(unchanged).
      type: str
      sample: created
objects:
  description: What happened to each object, in check mode what would happen.
  returned: success, with O(manager=kubernetes)
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      sample: Deployment
    namespace:
      description: Its namespace, empty for the namespace itself.
      type: str
      sample: netboot
    name:
      description: Its name.
      type: str
      sample: image-server
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

import time
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import image_server
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import apply, remove, result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.image_server_settings import (
    DEFAULT_IMAGE,
    DEFAULT_NAME,
    DEFAULT_NAMESPACE,
    DEFAULT_PORT,
    DEFAULT_RESOURCES,
    problems,
    settings_from,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import (
    NotReady,
    wait_for,
    wait_until_gone,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images import service as services
from ansible_collections.baremetal.netboot.plugins.module_utils._images.service import Service, ServiceError
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

PAUSE = 0.2  # seconds between two questions whether it serves
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "manager": {"type": "str", "choices": ["systemd", "kubernetes"], "default": "systemd"},
    "path": {"type": "path"},
    "port": {"type": "int", "default": DEFAULT_PORT},
    "bind": {"type": "str", "default": "0.0.0.0"},
    "name": {"type": "str", "default": DEFAULT_NAME},
    "nginx": {"type": "path", "default": "/usr/sbin/nginx"},
    "namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
    "image": {"type": "str", "default": DEFAULT_IMAGE},
    "image_pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "node_selector": {"type": "dict", "default": {}},
    "tolerations": {"type": "list", "elements": "dict", "default": []},
    "replicas": {"type": "int", "default": 1},
    "resources": {"type": "dict", "default": DEFAULT_RESOURCES},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
}


def in_cluster(client: Client, params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Do what was asked for; raises ValueError, ApiError, ApiUnreachable, Conflict, NotReady."""
    settings, waits = settings_from(params), params["wait"] and not check
    if params["state"] == "absent":
        outcomes = remove(client, image_server.objects(settings), check=check)
        if waits and any(outcome.changed for outcome in outcomes):
            wait_until_gone(client, image_server.deployment(settings), params["wait_timeout"])
        return result_of(outcomes)
    found = list(problems(settings))
    if found:
        raise ValueError("\n".join(found))
    # A namespace of somebody else is used, and never taken over.
    outcomes = apply(client, [image_server.namespace(settings)], check=check)
    outcomes += apply(client, image_server.objects(settings), check=check, force=params["force"])
    if waits:
        wait_for(client, image_server.deployment(settings), params["wait_timeout"])
    return result_of(outcomes)


def on_host(service: Service, params: dict[str, Any], run: services.Run, *, check: bool) -> dict[str, Any]:
    """Do what was asked for; raises ValueError, ServiceError, OSError."""
    if params["state"] == "absent":
        return services.absent(service, run, check=check)
    found = list(problems(settings_from(params)))
    if found:
        raise ValueError("\n".join(found))
    files = service.files(params["path"], params["bind"], params["port"])
    result = services.present(service, files, run, check=check)
    if params["wait"] and not check:
        wait_until_served(service, params, run)
    return result


def wait_until_served(service: Service, params: dict[str, Any], run: services.Run) -> None:
    """Return as soon as nginx answers; raises ServiceError with the end of its log."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(params["bind"], params["bind"])
    end = time.monotonic() + params["wait_timeout"]
    while True:
        try:
            with open_url(f"http://{host}:{params['port']}/healthz", timeout=5, use_proxy=False):
                return
        except OSError as error:
            if time.monotonic() > end:
                log = services.last_words(service, run)
                told = f"{service.unit} does not serve: {error}; the end of its log:\n{log}"
                raise ServiceError(told) from error
        time.sleep(PAUSE)


def main() -> None:
    module = AnsibleModule(
        argument_spec={**_kubernetes.ARGUMENTS, **ARGUMENTS},
        required_if=[("state", "present", ["path"])],
        supports_check_mode=True,
    )
    params, check = module.params, module.check_mode
    try:
        if params["manager"] == "kubernetes":
            result = in_cluster(_kubernetes.client_for(module, connections=1), params, check=check)
        else:
            result = on_host(Service(params["name"], params["nginx"]), params, module.run_command, check=check)
    except (ValueError, OSError, ServiceError, ApiError, ApiUnreachable, Conflict, NotReady) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
