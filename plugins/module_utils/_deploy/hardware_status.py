# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of ``status``: what Tinkerbell has seen of a machine, through its BMC for the most part. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.schema import (
    Schema,
    array,
    integers,
    string,
    strings,
    struct,
)

# Said of every part of a machine.
_MADE = "model serialNumber vendor"
_PART = f"{_MADE} firmwareVersion"


def status() -> Schema:
    """Return the schema."""
    return struct({"attributes": struct({"outOfBand": _inventory()}), "state": string()})


def _inventory() -> Schema:
    return struct(
        {
            "baseboard": _part("description"),
            "bios": _part("releaseDate"),
            "blockDevices": array(_block_device()),
            "bmc": _part("", nic=_network_interface()),
            "chassis": struct(strings(_MADE)),
            "collectionMethod": string(),
            "cpu": _cpu(),
            "gpuDevices": array(_part("class description driver")),
            "lastUpdated": string(format="date-time"),
            "memory": _memory(),
            "networkInterfaces": array(_network_interface()),
            "pciDevices": array(struct(strings("class driver model vendor"))),
            "product": struct({**strings(f"{_MADE} name"), "status": _health()}),
            "psus": array(_part("description", **integers("powerCapacityWatts", 64))),
            "storageControllers": array(_part("description")),
            "tpms": array(_part("interfaceType")),
        }
    )


def _part(names: str, **more: Schema) -> Schema:
    """Return the schema of a part that tells its health."""
    return struct({**strings(f"{_PART} {names}"), "status": _health(), **more})


def _health() -> Schema:
    return struct({**strings("health postCodeStatus state"), **integers("postCode", 32)})


def _block_device() -> Schema:
    sizes = integers("physicalBlockSizeBytes sizeBytes", 64)
    return _part("controllerType driveType name smartStatus wwn", **sizes)


def _cpu() -> Schema:
    socket = struct(
        {**strings(f"{_PART} slot"), **integers("clockSpeedMHz cores threads", 32), "capabilities": array(string())}
    )
    return struct({"sockets": array(socket), **integers("totalCores totalThreads", 32)})


def _memory() -> Schema:
    module = struct(
        {**strings(f"{_PART} formFactor partNumber slot"), **integers("sizeBytes", 64), **integers("speedMHz", 32)}
    )
    return struct({"modules": array(module), **integers("totalBytes usableBytes", 64)})


def _network_interface() -> Schema:
    port = struct(
        {
            **strings("linkStatus mac portID"),
            **integers("mtu speedMbps", 32),
            "enabledCapabilities": array(string()),
        }
    )
    return struct({**strings(f"{_PART} name"), "ports": array(port)})
