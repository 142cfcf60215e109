# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hardware
short_description: Hosts from the Hardware objects of machines
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Makes a host of each Hardware object (C(tinkerbell.org/v1alpha1)), with what bootd has seen of its machine.
  - The configuration is a file whose name ends in C(hardware.yml) or C(hardware.yaml).
  - A host has the name of its object, or C(NAME.NAMESPACE) where several namespaces have an object of that name.
  - Its variables are C(ansible_host), the address; C(netboot_mac), C(netboot_ip), C(netboot_namespace),
    C(netboot_hostname), C(netboot_os), C(netboot_os_version) and C(netboot_labels), as the filter
    P(baremetal.netboot.to_hardware#filter) takes them; and C(netboot), what was seen of the machine, as
    M(baremetal.netboot.wait_for_phone_home) returns it, with C(stage), C(since), C(facts), C(error) and more.
  - Its groups are C(netboot_stage_STAGE), C(netboot_version_VERSION) of its operating system, and
    C(netboot_role_ROLE), where O(role_label) names the label that has the role. Characters that a group's name may not
    have become underscores, so that V(v1.2.0) is in C(netboot_version_v1_2_0).
  - What the objects hold is data. Nothing in it is ever taken for a template.
extends_documentation_fragment:
  - baremetal.netboot.kubernetes
  - baremetal.netboot.kubernetes.env
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [baremetal.netboot.hardware]
  store:
    description:
      - Where the objects are kept. V(kubernetes) is every namespace of a cluster, V(kubernetes:NAMESPACE) is one.
      - V(files:DIR) is a directory of manifests on the controller. What was seen of the machines is then read from
        O(state_dir).
    type: str
    default: kubernetes
  state_dir:
    description:
      - With a store of files, the state directory of bootd. Only its owner and root may read it.
      - Without it the stage of each machine is empty, and none is in a group of its stage.
    type: path
  label_selectors:
    description:
      - The labels that objects must have, as V(rack=b12), V(role in (server, agent\)) or V(!spare).
    type: list
    elements: str
    default: []
    aliases: [label_selector]
  unknown:
    description:
      - Whether to make hosts also of the machines that asked bootd, want to boot from the network, and have no Hardware
        object. They are the group C(netboot_unknown), and named by their MAC addresses, as in V(58-47-ca-71-d8-49).
      - Their variables are C(netboot_mac), and C(netboot) with what was seen of them, as
        RV(baremetal.netboot.hardware_info#module:unknown_machines) has it. They have no C(ansible_host).
      - Anybody on the network can have a host here, so patterns such as V(all) also mean strangers.
    type: bool
    default: false
  bootd_url:
    description:
      - With O(unknown), the URL of bootd, as in V(http://10.10.0.20:7080). Without it the pods of bootd are asked,
        through the API server; see O(baremetal.netboot.hardware_info#module:unknown).
    type: str
  use_proxy:
    description:
      - With O(bootd_url), whether to honour proxy settings in the environment of the controller.
    type: bool
    default: true
  role_label:
    description:
      - The label whose value is a machine's role.
    type: str
    default: netboot.baremetal/role
seealso:
  - module: baremetal.netboot.hardware_info
  - plugin: baremetal.netboot.to_hardware
    plugin_type: filter
"""

EXAMPLES = r"""
# site.hardware.yml: every machine of a namespace
plugin: baremetal.netboot.hardware
store: kubernetes:tink-system
kubeconfig: ~/.kube/config

# installed.hardware.yml: the machines of a rack, reached as Harvester's user, in groups by their maker
# plugin: baremetal.netboot.hardware
# store: kubernetes:tink-system
# label_selectors: [rack=b12]
# compose:
#   ansible_user: "'rancher'"
# groups:
#   usable: netboot.stage in ('installed', 'ready')
# keyed_groups:
#   - key: netboot.facts.manufacturer | default('')
#     prefix: maker
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/netboot
# cache_timeout: 60

# found.hardware.yml: also the machines that want to boot and are not known, to look at or to accept
# plugin: baremetal.netboot.hardware
# store: files:/etc/bootd/hardware
# unknown: true
# bootd_url: http://10.10.0.20:7080
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import (
    ApiError,
    ApiUnreachable,
    ConfigurationError,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.base import StoreError
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import described
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import (
    from_cluster,
    from_files,
    parse_store,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.unknown import (
    NEEDS_URL,
    NotAnswered,
    from_bootd,
    from_pods,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes
from ansible_collections.baremetal.netboot.plugins.plugin_utils._hosts import (
    UNKNOWN_GROUP,
    groups_of,
    host_names,
    unknown_hosts,
    unknown_variables_of,
    variables_of,
)

SUFFIXES = ("hardware.yml", "hardware.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the store, or the cache, and fills the inventory."""

    NAME = "baremetal.netboot.hardware"

    def verify_file(self, path: str) -> bool:
        """Return whether ``path`` may be this plugin's configuration."""
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the machines to ``inventory``; raises AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        configuration = self._read_config_data(path)
        self.load_cache_plugin()
        key = self._cache_key(path, configuration)
        machines = self._cached(key, self._machines, cache)
        for host, machine in host_names(machines).items():
            self._add(host, variables_of(machine), groups_of(machine, self.get_option("role_label")))
        if self.get_option("unknown"):
            for host, machine in unknown_hosts(self._cached(f"{key}_unknown", self._unknown, cache), machines):
                self._add(host, unknown_variables_of(machine), [UNKNOWN_GROUP])

    def _cache_key(self, path: str, configuration: Mapping[str, Any]) -> str:
        """Return a key that another configuration in the same file does not have."""
        text = json.dumps(configuration, sort_keys=True, default=str)
        return f"{self.get_cache_key(path)}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def _cached(self, key: str, read: Callable[[], list[dict[str, Any]]], cache: bool) -> list[dict[str, Any]]:
        """Return what the cache has under ``key``, where it is on, not to be renewed, and has it, or else ``read``."""
        wanted = self.get_option("cache")
        if wanted and cache:
            try:
                return self._cache[key]
            except KeyError:
                self.display.vvv(f"{self.NAME}: nothing in the cache")
        try:
            found = read()
        except (ApiError, ApiUnreachable, ConfigurationError, NotAnswered, StoreError, OSError, ValueError) as error:
            raise AnsibleParserError(str(error)) from error
        if wanted:
            self._cache[key] = found
        return found

    def _machines(self) -> list[dict[str, Any]]:
        """Return the machines of the store."""
        kind, place = parse_store(self.get_option("store"))
        selector = ",".join(self.get_option("label_selectors"))
        if kind == "files":
            found = from_files(place, self.get_option("state_dir") or "", selector=selector)
        else:
            with closing(self._client()) as client:
                found = from_cluster(client, place, selector=selector)
        self._warn(found.problems)
        return [described(entry) for entry in found.entries]

    def _unknown(self) -> list[dict[str, Any]]:
        """Return the machines that bootd does not know."""
        url = self.get_option("bootd_url")
        if url:
            return from_bootd(url, self.get_option("use_proxy"))
        if parse_store(self.get_option("store"))[0] == "files":
            raise ValueError(NEEDS_URL)
        with closing(self._client()) as client:
            found, problems = from_pods(client)
        self._warn(problems)
        return found

    def _client(self) -> Client:
        problem = _kubernetes.missing_library()
        if problem:
            raise ConfigurationError(problem)
        options = {name: self.get_option(name) for name in _kubernetes.ARGUMENTS}
        return _kubernetes.client_from(options, connections=1)

    def _warn(self, problems: Iterable[str]) -> None:
        for problem in problems:
            self.display.warning(problem)

    def _add(self, host: str, variables: Mapping[str, Any], groups: Iterable[str]) -> None:
        """Add one host with its variables and groups, those also that the configuration composes."""
        self.inventory.add_host(host)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        for group in groups:
            name = self.inventory.add_group(to_safe_group_name(group, force=True, silent=True))
            self.inventory.add_child(name, host)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)
