# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvester's configuration as a table: every key of every version, and what its value may be.

The keys are those of the structs in pkg/config/config.go of harvester/harvester-installer (v1.0 to v1.8) and in
pkg/installer/config/config.go of harvester/harvester (from v1.9), by their JSON names; see ``spelling`` for the others
that the installer takes. Where a version counts, ``source`` says who tells it: ``docs`` is
versioned_docs/version-*/install/harvester-configuration.md of harvester/docs, ``struct`` the Go file, of the release
that is named, else as it stands at the ends of the branches v1.0 to v1.8 and at v1.9.0-rc6.
What several keys have to agree on is in ``agreement``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import (
    OLDEST,
    Version,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.webhooks import EVENTS
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester import rules
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.hook_templates import (
    METHODS,
    template,
    template_url,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.nested_values import containerd_registry
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.rules import Rule, between, each, one_of
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema_names import (
    ADDONS,
    is_secret_setting,
    system_setting,
)

TEXT, WHOLE, SWITCH, TEXTS, SCALARS, MULTIPATH = "text", "whole", "switch", "texts", "scalars", "multipath"
NameRule = Callable[[object, Version], str]


@dataclass(frozen=True, slots=True)
class Field:
    """A key: the shape of its value, the versions that know it, and the rule of a value that has this shape.

    ``since`` is the first version that knows it, ``until`` the first that does not, ``instead`` the path of what took
    its place. The value of a ``secret`` is never shown. ``names`` is the rule of the names in SCALARS, ``values`` those
    of what some names there hold. ``secret_name`` says which of them hold secrets, for diffs; messages show none
    of them where the field is ``secret``. ``source`` is what the versions were read from.
    """

    shape: Any
    rule: Rule | None = None
    since: Version = OLDEST
    until: Version | None = None
    instead: str = ""
    secret: bool = False
    names: NameRule | None = None
    values: Mapping[str, Rule] | None = None
    secret_name: Callable[[str], bool] | None = None
    source: str = "struct"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of mappings with these fields."""

    fields: dict[str, Field]


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping with names of the user's choice, or of ``known``, to mappings with these fields."""

    fields: dict[str, Field]
    known: dict[str, Version] | None = None


def _text(rule: Rule | None = None, **more: Any) -> Field:
    return Field(TEXT, rule, **more)


def _texts(rule: Rule | None = None, **more: Any) -> Field:
    return Field(TEXTS, rule and each(rule), **more)


def _switch(**more: Any) -> Field:
    return Field(SWITCH, **more)


_NETWORK = {
    "interfaces": Field(Items({"name": _text(), "hwAddr": Field("mac", rules.mac)})),
    "method": _text(one_of("dhcp", "static")),
    "ip": _text(rules.host_address),
    "subnetMask": _text(rules.netmask),
    "gateway": _text(rules.host_address),
    # No field of the struct, and in every example: the default route is always the management interface's.
    "defaultRoute": _switch(source="docs v1.1, pxe-boot-install"),
    "bondOptions": Field(SCALARS),
    "mtu": Field(WHOLE, between(576, 9000, 0)),
    "vlanId": Field(WHOLE, between(0, 4094), since=(1, 1), source="docs v1.1"),
}

# Of v1.0, which had any number of them.
_ANY_NETWORK = {**_NETWORK, "method": _text(one_of("dhcp", "static", "none"))}

_WEBHOOK = {
    "event": _text(one_of(*EVENTS)),
    "method": _text(lambda value: one_of(*METHODS)(str(value).upper())),
    "headers": Field("headers", secret=True),
    "url": _text(template_url, secret=True),
    "payload": _text(template, secret=True),
    "insecure": _switch(),
    "basicAuth": Field({"user": _text(), "password": _text(secret=True)}),
}

_PERCENT_CPU = between(0, 12)
_MERGED_INTO = "guaranteedInstanceManagerCPU"
_LONGHORN = {
    "guaranteedEngineManagerCPU": Field(
        WHOLE, _PERCENT_CPU, since=(1, 2), until=(1, 4), instead=_MERGED_INTO, source="docs v1.3, v1.4"
    ),
    "guaranteedReplicaManagerCPU": Field(
        WHOLE, _PERCENT_CPU, since=(1, 2), until=(1, 4), instead=_MERGED_INTO, source="docs v1.3, v1.4"
    ),
    "guaranteedInstanceManagerCPU": Field(WHOLE, _PERCENT_CPU, since=(1, 2, 2), source="struct v1.2.2, docs v1.4"),
    "storageReservedPercentageForDefaultDisk": Field(WHOLE, between(0, 30), since=(1, 7), source="docs v1.7"),
}
_CHART = {
    "storageClass": Field({"replicaCount": Field(WHOLE, between(1, 3))}, since=(1, 2), source="struct v1.2.0"),
    "longhorn": Field({"defaultSettings": Field(_LONGHORN)}, since=(1, 2), source="docs v1.3"),
    "enableGoCoverDir": _switch(since=(1, 2)),
}

INSTALL = {
    "automatic": _switch(),
    "skipchecks": _switch(since=(1, 3), source="docs v1.3"),
    "mode": _text(one_of("create", "join", "install")),
    "networks": Field(Named(_ANY_NETWORK), until=(1, 1), instead="management_interface", source="docs v1.0, v1.1"),
    "managementInterface": Field(_NETWORK, since=(1, 1), instead="networks", source="docs v1.1"),
    "role": _text(one_of("default", "management", "worker", "witness"), since=(1, 3), source="docs v1.3"),
    "vip": _text(rules.host_address),
    "vipHwAddr": Field("mac", rules.mac),
    "vipMode": _text(one_of("static", "dhcp")),
    "clusterDns": _text(rules.ipv4, since=(1, 5), source="docs v1.5"),
    "clusterPodCidr": _text(rules.network, since=(1, 5), source="docs v1.5"),
    "clusterServiceCidr": _text(rules.network, since=(1, 5), source="docs v1.5"),
    "ipFamilies": _texts(one_of("IPv4"), since=(1, 10), source="struct of master, in no release yet"),
    "device": _text(rules.device),
    "dataDisk": _text(rules.device, since=(1, 0, 1), source="docs v1.0"),
    "isoUrl": _text(rules.iso_url),
    "configUrl": _text(),
    "forceEfi": _switch(),
    "forceMbr": _switch(),
    "forceGpt": _switch(since=(1, 1)),
    "noFormat": _switch(),
    "silent": _switch(),
    "debug": _switch(),
    "powerOff": _switch(),
    "tty": _text(),
    "wipeDisks": _switch(
        since=(1, 2, 2),
        until=(1, 5),
        instead="wipe_all_disks or wipe_disks_list",
        source="struct v1.2.2, docs v1.5",
    ),
    "wipeAllDisks": _switch(since=(1, 5), source="docs v1.5"),
    "wipeDisksList": _texts(rules.device, since=(1, 5), source="docs v1.5"),
    "persistentPartitionSize": _text(rules.size, since=(1, 2), source="docs v1.3"),
    "rawDiskImagePath": _text(since=(1, 2)),
    "withNetImages": _switch(since=(1, 3), source="docs v1.3"),
    "cordoned": _switch(since=(1, 9), source="docs v1.9"),
    "addons": Field(
        Named({"enabled": _switch(), "valuesContent": _text(secret=True)}, ADDONS), since=(1, 2), source="docs v1.3"
    ),
    "harvester": Field(_CHART, since=(1, 2), source="struct v1.2.0, docs v1.3"),
    "webhooks": Field(Items(_WEBHOOK)),
}

_FILE = {
    "encoding": _text(one_of(*rules.ENCODINGS)),
    "content": Field("content", secret=True),
    "owner": _text(),
    "path": _text(rules.path),
    "permissions": Field("permissions", rules.permissions),
}

OS = {
    "sshAuthorizedKeys": _texts(rules.ssh_key),
    "writeFiles": Field(Items(_FILE)),
    "hostname": _text(rules.hostname),
    "modules": _texts(),
    "sysctls": Field(SCALARS),
    "ntpServers": _texts(rules.host),
    "dnsNameservers": _texts(rules.ipv4),
    "wifi": Field(Items({"name": _text(), "passphrase": _text(secret=True)}), until=(1, 7)),
    "password": _text(rules.password, secret=True),
    "environment": Field(SCALARS, secret=True),
    "labels": Field(SCALARS, rules.label_value, names=lambda name, _version: rules.label_name(str(name))),
    "sshd": Field(
        {"sftp": _switch(), "disablePasswordAuth": _switch(since=(1, 8), source="docs v1.8")},
        since=(1, 2, 2),
        source="struct v1.2.2, docs v1.3",
    ),
    "persistentStatePaths": _texts(rules.state_path, since=(1, 2), source="docs v1.3"),
    "afterInstallChrootCommands": _texts(since=(1, 2), secret=True, source="docs v1.3"),
    "externalStorageConfig": Field(
        {"enabled": _switch(), "multiPathConfig": Field(MULTIPATH)}, since=(1, 4), source="docs v1.4"
    ),
    "additionalKernelArguments": _text(since=(1, 4), secret=True, source="docs v1.4"),
}

_CLUSTER_NETWORK = {"enable": _switch(), "description": _text(), "config": Field(SCALARS)}

CONFIGURATION = {
    "schemeVersion": Field(WHOLE, between(1, 1), since=(1, 1), source="docs v1.1"),
    "serverUrl": _text(rules.server_url),
    "token": _text(rules.token, secret=True),
    "sans": _texts(since=(1, 6), source="docs v1.6"),
    "os": Field(OS),
    "install": Field(INSTALL),
    "systemSettings": Field(
        SCALARS,
        secret=True,
        names=system_setting,
        values={"containerd-registry": containerd_registry},
        secret_name=is_secret_setting,
    ),
    "clusterNetworks": Field(Named(_CLUSTER_NETWORK), until=(1, 1), source="docs v1.0, v1.1"),
    # The installer's own, which it fills in by itself.
    "runtimeVersion": _text(),
    "rancherVersion": _text(),
    "systemDefaultRegistry": _text(since=(1, 9)),
    "harvesterChartVersion": _text(),
    "monitoringChartVersion": _text(),
    "loggingChartVersion": _text(since=(1, 1), source="struct v1.1.0"),
    "kubeovnChartVersion": _text(since=(1, 6)),
}
