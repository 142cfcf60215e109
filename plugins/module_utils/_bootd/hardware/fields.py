# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The fields of a Hardware object, ``tinkerbell.org/v1alpha1``, of all releases of Tinkerbell from v0.8 to v0.25.

A mapping gives its fields and their shapes; ``[shape]`` is a list; ``Named(shape)`` a mapping of free names to it; a
type is a value of it; ``object`` is anything. The schema only ever grew, so one table serves for every release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping with any keys, whose values have ``shape``."""

    shape: Any


_OPERATING_SYSTEM = dict.fromkeys(("distro", "image_tag", "os_slug", "slug", "version"), str)

_DHCP = {
    "arch": str,
    "boot_file_name": str,
    "classless_static_routes": [{"destination_descriptor": str, "router": str}],
    "domain_name": str,
    "hostname": str,
    "iface_name": str,
    "ip": {"address": str, "family": int, "gateway": str, "netmask": str},
    "lease_time": int,
    "mac": str,
    "name_servers": [str],
    "tftp_server_name": str,
    "time_servers": [str],
    "uefi": bool,
    "vlan_id": str,
}

_NETBOOT = {
    "allowPXE": bool,
    "allowWorkflow": bool,
    "ipxe": {"binary": str, "contents": str, "url": str},
    "osie": {"baseURL": str, "initrd": str, "kernel": str, "kernelParams": [str]},
    "pxelinux": {"config": str},
    "rpi": {"configTxt": str, "firmwarePath": str, "serialNum": str},
}

_STORAGE = {
    "disks": [
        {
            "device": str,
            "partitions": [{"label": str, "number": int, "size": int, "start": int, "type_guid": str}],
            "wipe_table": bool,
        }
    ],
    "filesystems": [
        {
            "mount": {
                "create": {"force": bool, "options": [str]},
                "device": str,
                "files": [{"contents": str, "gid": int, "mode": int, "path": str, "uid": int}],
                "format": str,
                "point": str,
            }
        }
    ],
    "raid": [{"devices": [str], "level": str, "name": str, "spare": int}],
}

_INSTANCE = {
    "allow_pxe": bool,
    "always_pxe": bool,
    "crypted_root_password": str,
    "hostname": str,
    "id": str,
    "ips": [
        {"address": str, "family": int, "gateway": str, "management": bool, "netmask": str, "public": bool},
    ],
    "ipxe_script_url": str,
    "network_ready": bool,
    "operating_system": _OPERATING_SYSTEM,
    "rescue": bool,
    "ssh_keys": [str],
    "state": str,
    "storage": _STORAGE,
    "tags": [str],
    "userdata": str,
}

_METADATA = {
    "bonding_mode": int,
    "custom": {"preinstalled_operating_system_version": _OPERATING_SYSTEM, "private_subnets": [str]},
    "facility": {"facility_code": str, "plan_slug": str, "plan_version_slug": str},
    "instance": _INSTANCE,
    "manufacturer": {"id": str, "slug": str},
    "state": str,
}

SPEC = {
    "agentID": str,
    "auto": {"enrollmentEnabled": bool},
    "bmcRef": {"apiGroup": str, "kind": str, "name": str},
    "disks": [{"device": str}],
    "interfaces": [{"dhcp": _DHCP, "disableDhcp": bool, "isoboot": {"sourceISO": str}, "netboot": _NETBOOT}],
    "metadata": _METADATA,
    "references": Named(dict.fromkeys(("group", "name", "namespace", "resource", "version"), str)),
    "resources": Named(object),
    "tinkVersion": int,
    "userData": str,
    "vendorData": str,
}

# ``status`` is written by controllers, and ``metadata`` is Kubernetes' own: neither is looked at closely.
HARDWARE = {
    "apiVersion": str,
    "kind": str,
    "metadata": {
        "annotations": Named(str),
        "creationTimestamp": object,
        "deletionGracePeriodSeconds": object,
        "deletionTimestamp": object,
        "finalizers": object,
        "generateName": object,
        "generation": object,
        "labels": Named(str),
        "managedFields": object,
        "name": str,
        "namespace": str,
        "ownerReferences": object,
        "resourceVersion": object,
        "selfLink": object,
        "uid": object,
    },
    "spec": SPEC,
    "status": object,
}
