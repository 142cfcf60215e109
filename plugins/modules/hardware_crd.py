# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_crd
short_description: Have a cluster know Hardware objects
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Installs the CustomResourceDefinition C(hardware.tinkerbell.org), with every field of Tinkerbell's from v0.8 to
    v0.25.
  - A definition that somebody else has installed, such as Tinkerbell itself, is used as it stands. It is never
    changed, and the result says what was found. The same goes for one that a newer release of this collection made.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) installs the definition, or updates one that an older release of this collection has installed.
      - V(absent) removes it if this collection installed it and there are no Hardware objects.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - With O(state=absent), whether to remove the definition although there are Hardware objects. All of them are
        lost with it, in every namespace.
    type: bool
    default: false
seealso:
  - module: baremetal.netboot.hardware
"""

EXAMPLES = r"""
- name: Have the cluster know Hardware objects
  baremetal.netboot.hardware_crd:

- name: See which definition a cluster has, and change nothing
  baremetal.netboot.hardware_crd:
    kubeconfig: /etc/rancher/rke2/rke2.yaml
  check_mode: true
  register: crd

- name: Say what Tinkerbell's definition does not know
  ansible.builtin.debug:
    var: crd.found.missing_fields

- name: Remove the definition once no Hardware object is left
  baremetal.netboot.hardware_crd:
    state: absent
"""

RETURN = r"""
action:
  description:
    - What happened to the definition, in check mode what would happen.
    - V(created), V(updated), V(removed), V(unchanged), or V(kept) where another is there that is not to be touched.
  returned: success
  type: str
  sample: kept
reason:
  description: Why it was kept.
  returned: when RV(action) is V(kept)
  type: str
  sample: it was installed by somebody else
found:
  description: The definition that was there before. Empty where there was none.
  returned: success
  type: dict
  contains:
    managed_by:
      description: The value of its label C(app.kubernetes.io/managed-by), empty where it has none.
      type: str
      sample: Helm
    managers:
      description: The programs that have written it, by the names of their field managers.
      type: list
      elements: str
      sample: [kubectl-client-side-apply]
    hints:
      description: The labels and annotations that tell of its version.
      type: dict
      sample: {"controller-gen.kubebuilder.io/version": v0.8.0}
    versions:
      description: The versions of the API that it serves.
      type: list
      elements: str
      sample: [v1alpha1]
    missing_fields:
      description:
        - The fields that this collection's definition has and that one has not. Kubernetes drops them when a Hardware
          object with them is written.
      type: list
      elements: str
      sample: [spec.agentID, spec.references, status.attributes]
"""

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import crd_merge
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import (
    Outcome,
    apply_one,
    get,
    labelled,
    remove_one,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.differences import diff_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import (
    GROUP,
    VERSION,
    hardware_crd,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import path_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import NotReady
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

HARDWARE = resource_path(f"{GROUP}/{VERSION}", "hardware")
NAMED = 3  # objects that a refusal names


class InUse(Exception):
    """There are Hardware objects, which would be lost."""


def present(client: Client, there: dict[str, Any] | None, ours: dict[str, Any], *, check: bool) -> Outcome:
    """Have the definition be there; ``there`` is the one that is."""
    plan = crd_merge.plan(there, ours)
    if not plan.write:
        return Outcome(ours, "kept", there, there, plan.reason)
    return apply_one(client, ours, check=check, force=False)


def absent(client: Client, ours: dict[str, Any], *, check: bool, force: bool) -> Outcome:
    """Have no definition of ours be there; raises InUse where there are objects, unless ``force``."""
    foreseen = remove_one(client, ours, check=True)
    if foreseen.changed and not force:
        names = objects(client)
        if names:
            more = " and others" if len(names) > NAMED else ""
            raise InUse(
                f"there are Hardware objects, which would be lost: {', '.join(names[:NAMED])}{more}; "
                "remove them first, or use force"
            )
    return foreseen if check else remove_one(client, ours, check=False)


def objects(client: Client) -> list[str]:
    """Return the names of some Hardware objects, more than are named if there are more."""
    page = client.get(HARDWARE, {"limit": NAMED + 1})
    return [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in page.get("items", [])]


def run(client: Client, state: str, *, check: bool, force: bool) -> dict[str, Any]:
    """Do what was asked for and return the result; raises ApiError, ApiUnreachable, Conflict, InUse and NotReady."""
    ours = labelled(hardware_crd())
    there = get(client, path_of(ours))
    if state == "present":
        outcome = present(client, there, ours, check=check)
    else:
        outcome = absent(client, ours, check=check, force=force)
    return {
        "changed": outcome.changed,
        "action": outcome.action,
        **({"reason": outcome.reason} if outcome.reason else {}),
        "found": crd_merge.found(there, ours),
        "diff": [diff_of(outcome.before, outcome.after)] if outcome.changed else [],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_kubernetes.ARGUMENTS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    client = _kubernetes.client_for(module, connections=1)
    try:
        result = run(client, module.params["state"], check=module.check_mode, force=module.params["force"])
    except (ApiError, ApiUnreachable, Conflict, InUse, NotReady) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
