# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_configuration
short_description: Manage the configurations that installers get from bootd
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Writes the configuration of each machine's installer to the place from which bootd gives it to that machine, while
    the machine is being installed, and to nobody else. Any number are written in one task.
  - In a cluster a configuration is a Secret, C(netboot-configuration-NAME), in the namespace of the machine. They are
    listed once. Then only those that differ are written, several at a time.
  - In a directory it is a file, C(NAME.yaml) or C(NAME.cfg), that only its owner may read. It is replaced in one step.
  - bootd puts the reports of installers that it knows into each configuration when it hands it out, so none are written
    here.
  - No secret of a configuration is ever shown, neither in results nor in diffs nor in logs of the host.
extends_documentation_fragment:
  - baremetal.netboot.attributes
  - baremetal.netboot.attributes.actiongroup_kubernetes
  - baremetal.netboot.kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Of a mapping all values are shown that are known to be harmless, by Harvester's own keys, such as
        C(install.mode) and C(install.vip). C((hidden)) stands for any other value, of passwords and tokens, of contents
        of files, and of keys that Harvester does not have. Where it was another one before, C((hidden, another)).
      - Of a Debian preseed file likewise, answers to questions that are known to be harmless. Of any other text, or
        where the host of the task has no PyYAML to read one with, only that something differs.
  idempotent:
    support: full
options:
  store:
    description:
      - Where the configurations are kept. V(kubernetes:NAMESPACE) is a namespace of a cluster, V(kubernetes) the
        namespace that each of them names. V(files:DIR) is the directory on the task's host that bootd was given as
        C(--config-dir).
      - The directory has to exist, except in check mode.
    type: str
    default: kubernetes
  configurations:
    description:
      - The configurations, each a mapping with the keys C(name), the machine's, C(namespace), the machine's,
        C(cluster), in the place of O(cluster), and C(content), the configuration.
      - C(content) is a mapping for installers that read YAML, or a text for those with a format of their own. A text
        is kept as it is, in C(NAME.cfg), or under the key C(configuration.cfg) of the Secret.
      - In a cluster, those that name no namespace are in that of O(store), or in C(default). In a directory the
        namespace counts for nothing.
      - The filter P(baremetal.netboot.harvester_config#filter) makes them of an inventory, and checks them as
        Harvester would. Here C(content) may be any mapping and any text.
      - To remove configurations, C(name) of each is enough.
    type: list
    elements: dict
    required: true
  state:
    description:
      - V(present) writes the configurations, V(absent) removes those of these names.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description:
      - Whether O(configurations) is the whole truth, so that those of other machines are removed.
      - Only what this module has written is removed, which it knows by the label
        C(app.kubernetes.io/managed-by=baremetal.netboot), and in files by their first line. With O(store=kubernetes)
        that is in the namespaces of O(configurations) only.
    type: bool
    default: false
  cluster:
    description:
      - The name of the cluster that those machines make up whose O(configurations) name none.
      - Mappings without C(token) get that of their cluster. It is made once for each cluster and then kept
        beside the configurations, in the Secret C(netboot-cluster-NAME) or the file C(.cluster-NAME), and never
        returned. All machines of one cluster have to be in one namespace for that.
      - It stays when configurations are removed, for the nodes of the cluster go on using it.
      - Without any cluster, a mapping without C(token) is written as it is, and so is every text.
    type: str
  create_namespace:
    description:
      - Whether to make the namespaces of O(configurations) that a cluster has not.
    type: bool
    default: false
  owner:
    description:
      - The user who shall own the files, by default the owner of their directory. It has to be the one bootd runs as.
    type: str
  group:
    description:
      - The group that shall own the files, by default the group of their directory. It may not read them.
    type: str
seealso:
  - module: baremetal.netboot.hardware
  - module: baremetal.netboot.wait_for_phone_home
"""

EXAMPLES = r"""
- name: Have the configuration of each machine of the inventory ready, and no others
  baremetal.netboot.boot_configuration:
    store: kubernetes:tink-system
    configurations: "{{ groups.netboot_machines | baremetal.netboot.harvester_config(hostvars) }}"
    prune: true

- name: Have the configuration of one machine ready, on a host whose bootd needs no cluster
  baremetal.netboot.boot_configuration:
    store: files:/etc/bootd/configurations
    configurations:
      - name: um790-1
        content:
          scheme_version: 1
          token: "{{ vault_cluster_token }}"
          os:
            hostname: um790-1
            password: "{{ vault_node_password_hash }}"
          install:
            mode: create
            device: /dev/nvme0n1
            iso_url: http://10.10.0.2/harvester/v1.5.0/harvester-v1.5.0-amd64.iso
            management_interface:
              interfaces:
                - hwAddr: 58:47:ca:71:d8:49
              method: dhcp
            vip: 10.10.0.100
            vip_mode: static

- name: Have the configuration ready of an installer that has a format of its own
  baremetal.netboot.boot_configuration:
    store: files:/etc/bootd/configurations
    configurations:
      - name: um790-4
        content: "{{ lookup('ansible.builtin.template', 'um790-4.cfg.j2') }}"

- name: Remove the configuration of a machine that is gone
  baremetal.netboot.boot_configuration:
    store: kubernetes:tink-system
    state: absent
    configurations:
      - name: um790-3
"""

RETURN = r"""
configurations:
  description:
    - What happened to the configuration of each machine, in the order of their names.
    - In check mode what would happen.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The machine.
      type: str
      sample: um790-1
    namespace:
      description: The namespace of its Secret.
      type: str
      returned: in a cluster
      sample: tink-system
    path:
      description: Its file.
      type: str
      returned: in a directory
      sample: /etc/bootd/configurations/um790-1.yaml
    action:
      description: V(created), V(updated), V(removed) or V(unchanged).
      type: str
      sample: updated
clusters:
  description:
    - What happened to the token of each cluster that needed one, in the order of their names. Whoever may know it reads
      it where it is kept.
  returned: where a configuration had none
  type: list
  elements: dict
  contains:
    name:
      description: The cluster.
      type: str
      sample: 10-10-0-30
    action:
      description: V(created) or V(unchanged).
      type: str
      sample: unchanged
"""

import os
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import (
    is_namespace,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import (
    cluster as _configurations_cluster,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import files as _configurations_files
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import plan as _configurations_plan
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations.plan import Step, Wanted
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

TOKEN_BYTES = 32
# Ansible's own word for what it does not tell.
UNTOLD = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def run(module: AnsibleModule) -> dict[str, Any]:
    """Do what the parameters ask for and return the result; raises ValueError, OSError and ConfigurationError."""
    params = module.params
    kind, colon, place = params["store"].partition(":")
    if kind == "files" and os.path.isabs(place):
        return in_directory(module, place)
    if kind != "kubernetes" or (colon and not is_namespace(place)):
        raise ValueError(
            f"store is {params['store']!r} but should be kubernetes, kubernetes:NAMESPACE, or files:DIR with an "
            "absolute path"
        )
    return in_cluster(module, place)


def in_cluster(module: AnsibleModule, namespace: str) -> dict[str, Any]:
    """Bring the Secrets about, in ``namespace`` where one is named; raises as ``run``."""
    params, default = module.params, namespace or "default"
    items = checked(module, params["configurations"], default)
    keys = [_configurations_plan.key_of(item, default) for item in items]
    strays = sorted({key[0] for key in keys} - {namespace})
    if namespace and strays:
        raise ValueError(f"store is {params['store']}, but there are configurations of {', '.join(strays)}")
    wish = _configurations_cluster.Wish(params["prune"], params["create_namespace"], module.check_mode)
    if params["state"] == "absent":
        client = _kubernetes.client_for(module, connections=_configurations_cluster.AT_ONCE)
        done = _configurations_cluster.absent(client, keys, wish)
        return result_of(module, [item.step for item in done], _secret_title, [])
    configurations = _configurations_plan.wanted(items, default, params["cluster"] or "")
    places = _configurations_plan.clusters_without_token(configurations)
    client = _kubernetes.client_for(module, connections=_configurations_cluster.AT_ONCE)
    live = _configurations_cluster.listed(client, {key[0] for key in keys} or {default})
    if wish.create_namespace:
        missing = {key[0] for key in keys if key not in live}
        _configurations_cluster.have_namespaces(client, missing, check=wish.check)

    def token_of(cluster: str, made: str) -> tuple[str, bool]:
        return _configurations_cluster.token_of(client, places[cluster], cluster, made, wish)

    configurations, clusters = completed(configurations, places, token_of)
    done = _configurations_cluster.present(client, configurations, live, wish)
    return result_of(module, [item.step for item in done], _secret_title, clusters)


def in_directory(module: AnsibleModule, directory: str) -> dict[str, Any]:
    """Bring the files about; raises as ``run``."""
    params = module.params
    # Of a machine's file nothing but its name tells whose it is.
    items = checked(module, [{**item, "namespace": None} for item in params["configurations"]], "")

    def title(step: Step) -> dict[str, str]:
        return {"name": step.key[1], "path": _configurations_files.path_of(directory, step)}

    if params["state"] == "absent":
        keys = [_configurations_plan.key_of(item, "") for item in items]
        return result_of(module, _configurations_files.absent(module, directory, keys), title, [])
    configurations = _configurations_plan.wanted(items, "", params["cluster"] or "")
    configurations, clusters = completed(
        configurations,
        _configurations_plan.clusters_without_token(configurations),
        lambda cluster, made: _configurations_files.token_of(module, directory, cluster, made),
    )
    done = _configurations_files.present(module, directory, configurations, prune=params["prune"])
    return result_of(module, done, title, clusters)


def checked(module: AnsibleModule, items: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """Return ``items`` unless there is something wrong with them; raises ValueError with all of that."""
    found = _configurations_plan.problems(items, namespace, contents=module.params["state"] == "present")
    if module.params["cluster"] is not None:
        found += _configurations_plan.problems_of_cluster(module.params["cluster"])
    if found:
        raise ValueError("\n".join(found))
    return items


def completed(
    configurations: list[Wanted], clusters: Iterable[str], token_of: Callable[[str, str], tuple[str, bool]]
) -> tuple[list[Wanted], list[dict[str, str]]]:
    """Return ``configurations`` with the tokens of ``clusters`` where they have none, and what became of those.

    ``token_of`` takes a cluster and a new token; it returns the one to use, and whether that is the new one.
    """
    tokens, told = {}, []
    for cluster in clusters:
        tokens[cluster], is_new = token_of(cluster, secrets.token_hex(TOKEN_BYTES))
        told.append({"name": cluster, "action": "created" if is_new else "unchanged"})
    return _configurations_plan.with_tokens(configurations, tokens), told


def result_of(
    module: AnsibleModule, done: list[Step], title: Callable[[Step], dict[str, str]], clusters: list[dict[str, str]]
) -> dict[str, Any]:
    """Return the module's result."""
    changed = [step for step in done if step.action != "unchanged"]
    result = {
        "changed": bool(changed) or any(item["action"] == "created" for item in clusters),
        "configurations": [{**title(step), "action": step.action} for step in done],
    }
    if clusters:
        result["clusters"] = clusters
    if module._diff:
        titles = [", ".join(title(step).values()) for step in changed]
        result["diff"] = [_configurations_plan.diff_of(step, name) for step, name in zip(changed, titles, strict=True)]
    return result


def _secret_title(step: Step) -> dict[str, str]:
    return {"name": step.key[1], "namespace": step.key[0]}


def unmask(module: AnsibleModule) -> set[str]:
    """Have results be shown that hold a word of a configuration, and return what has to be masked in errors.

    Ansible masks each value of an option that it is not to log: names of machines are among them, or ``static``.
    Results are made of names, paths of files and values that are known to be harmless.
    """
    items = [item for item in module.params["configurations"] if isinstance(item.get("content"), dict)]
    configurations = [Wanted(("", ""), item["content"]) for item in items]
    keys = ("name", "namespace", "cluster")
    names = {str(item.get(key)) for item in module.params["configurations"] for key in keys}
    module.no_log_values -= (_configurations_plan.values_of(configurations) | names) - {module.params["api_key"]}
    return _configurations_plan.secrets_of(configurations)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_kubernetes.ARGUMENTS,
            "store": {"type": "str", "default": "kubernetes"},
            "configurations": {"type": "list", "elements": "dict", "required": True, "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "prune": {"type": "bool", "default": False},
            "cluster": {"type": "str"},
            "create_namespace": {"type": "bool", "default": False},
            "owner": {"type": "str"},
            "group": {"type": "str"},
        },
        supports_check_mode=True,
    )
    masked = unmask(module)
    untold = {"configurations", "api_key"}
    told = {name: UNTOLD if name in untold and value else value for name, value in module.params.items()}
    try:
        result = run(module)
    except (ValueError, OSError, _configurations_cluster.ConfigurationError) as error:
        module.no_log_values |= masked
        module.fail_json(msg=str(error), invocation={"module_args": told})
    module.exit_json(invocation={"module_args": told}, **result)


if __name__ == "__main__":
    main()
