# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site where something is wrong with nearly every machine, each in another way: that of docs/troubleshooting.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from _bootd.decisions import events, stages
from _bootd.decisions.deadlines import Expected, overdue
from _bootd.hardware.model import machine_from_object
from _bootd.installers.registry import installer_of
from _bootd.ipxe.reports import read_report
from _bootd.process.settings import LIMITS
from _bootd.stores.states.directory import StateDir

ADDRESS = "10.10.0.20"
IMAGES = f"http://{ADDRESS}:7080/images"
KERNEL = f"{IMAGES}/v1.7.1/harvester-v1.7.1-vmlinuz-amd64"
WITHOUT_CONFIGURATION = "node-6"
PROGRAMS = ("snponly.efi", "undionly.kpxe")
UEFI = {"client": "firmware", "netboot": True, "firmware": "uefi", "arch": 7}
IPXE = {"client": "ipxe", "netboot": True, "firmware": "uefi", "arch": 7}


def said_by_ipxe(**query: str) -> events.Detail:
    """What iPXE tells by a query of its script."""
    detail = read_report(query)
    assert detail is not None
    return detail


# What was seen of each machine, with the seconds since: oldest first.
SEEN: dict[str, list[tuple[float, events.Detail]]] = {
    "node-1": [],
    "node-2": [(190, events.Discover(**UEFI)), (130, events.Discover(**UEFI))],
    "node-3": [
        (95, events.Discover(**UEFI)),
        (93, events.BootFile("snponly.efi", "tftp", 171000)),
        (91, events.Discover(**IPXE)),
        (90, events.Script("netboot.osie", "http", 1400)),
        (80, said_by_ipxe(event="error", role="kernel", errno="0x2d0c613b", url=KERNEL)),
    ],
    "node-4": [
        (1090, events.Discover(**UEFI)),
        (1085, events.BootFile("snponly.efi", "tftp", 171000)),
        (1080, events.Script("netboot.osie", "http", 1400)),
        (1070, events.Loaded(KERNEL, "kernel", 14190528, 14190528)),
        (1065, events.Lease("os", netboot=True)),
    ],
    "node-5": [
        (700, events.Discover(**UEFI)),
        (690, events.BootFile("snponly.efi", "tftp", 171000)),
        (680, events.Script("netboot.osie", "http", 1400)),
        (660, events.Loaded(KERNEL, "boot")),
        (650, events.Report("started")),
        (130, events.Report("succeeded")),
    ],
    "node-6": [(40, events.Discover(**UEFI)), (30, events.BootFile("snponly.efi", "tftp", 171000))],
}


def number(name: str) -> int:
    return int(name.removeprefix("node-"))


def mac(name: str) -> str:
    return f"58:47:ca:71:d8:{0x50 + number(name):02x}"


def hardware(name: str) -> dict[str, Any]:
    """The Hardware object of a machine; those of node-7 to node-9 have a mistake each."""
    address = {"address": f"10.10.0.{100 + number(name)}", "netmask": "255.255.255.0", "gateway": "10.10.0.1"}
    dhcp = {"mac": mac(name), "hostname": name, "arch": "x86_64", "uefi": True, "ip": address}
    dhcp["name_servers"] = ["10.10.0.1"]
    netboot = {"allowPXE": True, "osie": {"baseURL": IMAGES}}
    if name == "node-7":
        dhcp["mac"] = "58:47:ca:71:d8"
    if name == "node-8":
        dhcp["arch"] = "aarch64"
    if name == "node-9":
        netboot["allowPXE"] = False
    instance = {"operating_system": {"distro": "harvester", "version": "v1.7.1"}}
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": name},
        "spec": {
            "disks": [{"device": "/dev/nvme0n1"}],
            "metadata": {"instance": instance},
            "interfaces": [{"dhcp": dhcp, "netboot": netboot}],
        },
    }


def lay_out(directory: Path, now: float) -> Path:
    """Write the site to ``directory`` as bootd has it ``now``; return the file of its settings."""
    parts = {name: directory / name for name in ("hardware", "boot", "configurations", "images", "state")}
    for name in ("hardware", "boot", "configurations", "images"):
        parts[name].mkdir(mode=0o700)
    for name in (f"node-{count}" for count in range(1, 10)):
        (parts["hardware"] / f"{name}.yaml").write_text(yaml.safe_dump(hardware(name), sort_keys=False))
        if name != WITHOUT_CONFIGURATION:
            file = parts["configurations"] / f"{name}.yaml"
            file.write_text("scheme_version: 1\ninstall: {mode: create, device: /dev/nvme0n1}\n")
            file.chmod(0o600)
    for name in PROGRAMS:
        (parts["boot"] / name).write_bytes(bytes(171000))
    with StateDir(parts["state"]) as kept:
        kept.secret()
        kept.save({f"default/{name}": state_of(name, now) for name in SEEN})
    settings = directory / "settings"
    lines = {
        "STORE": f"files:{parts['hardware']}",
        "STATE_DIR": parts["state"],
        "BOOT_FILES": parts["boot"],
        "CONFIG_DIR": parts["configurations"],
        "IMAGE_DIR": parts["images"],
        "ADDRESS": ADDRESS,
        "INTERFACE": "eth0",
    }
    settings.write_text("".join(f"BOOTD_{name}={value}\n" for name, value in lines.items()))
    return settings


def state_of(name: str, now: float) -> stages.State:
    """Where a machine stands, after all that was seen of it."""
    state = stages.State()
    for ago, detail in SEEN[name]:
        state = stages.advance(state, events.Event(f"default/{name}", mac(name), now - ago, detail))
    installer = installer_of(machine_from_object(hardware(name)))
    expected = installer.expect(Expected(loads=True, configuration=True), None, f"http://{ADDRESS}:7080")
    reason = overdue(state, now - 60, LIMITS, expected)
    if reason:
        state = stages.advance(state, events.Event(f"default/{name}", mac(name), now - 60, events.Overdue(reason)))
    return state
