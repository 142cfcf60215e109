# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of ``spec.metadata.instance``: what is to be installed on a machine. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.schema import (
    Schema,
    array,
    booleans,
    integers,
    string,
    strings,
    struct,
)


def instance() -> Schema:
    """Return the schema."""
    address = struct({**strings("address gateway netmask"), **booleans("management public"), **integers("family", 64)})
    return struct(
        {
            **booleans("allow_pxe always_pxe network_ready rescue"),
            **strings("crypted_root_password hostname id ipxe_script_url state userdata"),
            "ips": array(address),
            "operating_system": struct(strings("distro image_tag os_slug slug version")),
            "ssh_keys": array(string()),
            "storage": _storage(),
            "tags": array(string()),
        }
    )


def _storage() -> Schema:
    partition = struct({**strings("label type_guid"), **integers("number size start", 64)})
    disk = struct({**strings("device"), **booleans("wipe_table"), "partitions": array(partition)})
    file = struct({**strings("contents path"), **integers("gid mode uid", 64)})
    creation = struct({**booleans("force"), "options": array(string())})
    mount = struct({**strings("device format point"), "create": creation, "files": array(file)})
    raid = struct({**strings("level name"), **integers("spare", 64), "devices": array(string())})
    return struct({"disks": array(disk), "filesystems": array(struct({"mount": mount})), "raid": array(raid)})
