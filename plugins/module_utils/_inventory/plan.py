# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory's machines to Hardware objects, all of them checked at once. Pure.

A machine is a mapping of these keys (others are refused; other names that are understood in parentheses):

    name            of the object, and the host name where ``hostname`` is missing
    mac             in any common notation (mac_address)
    ip              IPv4 address, also with a prefix as in 10.10.0.16/24 (address, ip_address)
    netmask         255.255.255.0, 24 or /24 (prefix); or network, 10.10.0.0/24 (subnet)
    gateway  hostname  lease_time  iface_name  arch (x86_64)  disable_dhcp
    name_servers    list, or text separated by commas (dns, nameservers, dns_servers)
    time_servers    likewise (ntp, ntp_servers)
    domain_name     (domain)        vlan_id  (vlan)
    uefi            true unless given (firmware: uefi or bios)
    disks           path or list of them (disk, device, install_device)
    namespace  labels  annotations  manufacturer  facility_code  plan_slug
    os              distribution, or {distro, version} (operating_system, distro); os_version (version)
    image_url       where kernel and initrd are: osie.baseURL (base_url); kernel, initrd: their names
    kernel_args     text or list (kernel_params): osie.kernelParams; for Harvester metadata.instance.userdata
    config_url      of the installer's configuration, added to its kernel arguments
    userdata        metadata.instance.userdata as it is; user_data, vendor_data: spec.userData, spec.vendorData
    ipxe            {url} or {contents}, and {binary}
    allow_pxe       true unless given; allow_workflow: false
    reprovision     a new value here asks for another installation
    after           machines that have to be done first: list, or text separated by commas
    https_boot      its firmware trusts bootd's certificate: https URLs for UEFI HTTP boot
    local_boot      how it gets to its disk where netboot is off: menu, exit, sanboot, sanboot:0x81, 404 or lease
    bmc_ref         name of a Machine of Tinkerbell, with the login of the BMC: spec.bmcRef
    dhcp_options    more DHCP options: {name or code: value}
    tftp_server_name  boot_file_name  static_routes ([{destination, router}])
    interfaces      more interfaces, with the keys above that are about one; they don't netboot unless told to
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.extra_options import (
    DHCP_OPTIONS_ANNOTATION,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.interface import NO_ADDRESS
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.local_boot import LOCAL_BOOT_ANNOTATION
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import Document
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    AFTER_ANNOTATION,
    API_VERSION,
    HTTPS_BOOT_ANNOTATION,
    KIND,
    REPROVISION_ANNOTATION,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import is_hostname
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import Problem, printable, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import is_secret
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.base import Installer
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.registry import INSTALLERS, find
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.validation.objects import check
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import (
    as_written,
    canonical,
    inventory_key,
    read_machine,
    read_nic,
)

DEFAULT_ARCH = "x86_64"
BMC_KIND = {"apiGroup": "bmc.tinkerbell.org", "kind": "Machine"}
_PATH = re.compile(r"(?:spec|metadata)(?:\.[A-Za-z_]+(?:\[[0-9]+\])?)+")
# Fields of objects that messages name without their path, and the keys they come from.
_FIELDS = {
    "boot_file_name": "boot_file_name",
    "netboot.ipxe": "ipxe",
    "netboot.osie": "kernel",
    "operating_system.distro": "os",
    "tftp_server_name": "tftp_server_name",
    "userdata": "kernel_args",
}
_ELSEWHERE = "Where another DHCP server gives the addresses, write"
_FIELD = re.compile(rf"\b(?:{'|'.join(map(re.escape, _FIELDS))})\b")
_PREFIX = re.compile(r"/?([0-9]|[12][0-9]|3[0-2])", re.ASCII)


class PlanError(ValueError):
    """The inventory can't become Hardware objects; ``problems`` are all the reasons, and the message says them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Examined:
    """Machines as Hardware objects, as far as they can be made, with all that is wrong and what is worth knowing."""

    objects: list[dict[str, Any]]
    problems: list[Problem]
    notes: list[Problem]


def plan(machines: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the Hardware objects of ``machines``, in their order; a machine's keys win over ``defaults``.

    The same input gives the same objects with the same order of keys. Raises PlanError with every problem of every
    machine, each under the key that it comes from.
    """
    found = examine(machines, defaults)
    if found.problems:
        raise PlanError(found.problems)
    return found.objects


def examine(
    machines: Iterable[Mapping[str, Any]],
    defaults: Mapping[str, Any] | None = None,
    *,
    prefix: str = "",
    whole: str = "",
) -> Examined:
    """Return what ``plan`` would, and all problems and notes, in the order of the machines.

    A problem names a key as it was written, with ``prefix`` before it; ``document`` is the place of its machine. What a
    machine has under the key ``whole`` is its Hardware object as it is, and nothing else of it counts.
    """
    told: list[Problem] = []
    plans: list[_Plan | None] = []
    objects: list[Any] = []
    for place, item in enumerate(plain(list(machines))):
        is_whole = isinstance(item, dict) and whole in item
        plans.append(None if is_whole else _Plan(place, item, plain(defaults or {}), told, prefix))
        objects.append(item[whole] if is_whole else plans[-1].hardware())
    for problem in check(Document(item, number=place) for place, item in enumerate(objects)):
        origin = plans[problem.document]
        if origin is None:
            path = f"{prefix}{whole}.{problem.path}" if problem.path else prefix + whole
            told.append(replace(problem, path=path))
        elif not origin.knows(problem):
            told.append(origin.in_its_words(problem))
    told.sort(key=lambda problem: problem.document)
    return Examined(
        objects, [problem for problem in told if not problem.note], [problem for problem in told if problem.note]
    )


def draft(machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Hardware object of one machine as far as it can be made, whatever is wrong with it."""
    return _Plan(0, plain(machine), {}, []).hardware()


def plain(node: Any) -> Any:
    """Return ``node`` in the types of JSON: Ansible has mappings, lists and text of its own, and YAML reads dates."""
    if isinstance(node, Mapping):
        return {plain(key): plain(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [plain(item) for item in node]
    if isinstance(node, str):
        return "".join(node)
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    if isinstance(node, float):
        return float(node)
    if isinstance(node, datetime):
        return datetime.isoformat(node)
    return date.isoformat(node) if isinstance(node, date) else node


class _Plan:
    """One machine on its way to a Hardware object."""

    def __init__(self, place: int, machine: Any, defaults: Any, problems: list[Problem], prefix: str = "") -> None:
        self._place = place
        self._problems = problems
        self._prefix = prefix
        self._unread: set[str] = set()  # keys of which something has been told
        self.name = ""
        if not isinstance(machine, dict) or not isinstance(defaults, dict):
            self._told("", machine, "should be a mapping")
            machine, defaults = {}, {}
        self.name = printable(str(machine.get("name") or f"machines[{place}]"))
        # Each half by itself, so that "disk" of a machine wins over "disks" of its group.
        of_all, written_for_all = read_machine(defaults, self._told, prefix)
        own, written = read_machine(machine, self._told, prefix)
        self._values, self._written = of_all | own, written_for_all | written
        self._given = defaults | machine

    def _told(self, key: str, value: Any, message: str) -> None:
        text = "" if value is None or is_secret(f"spec.{key}") else shown(value)
        self._unread.add(canonical(key))
        path = self._prefix + key if key else ""
        self._problems.append(Problem(message, document=self._place, object=self.name, path=path, value=text))

    def knows(self, problem: Problem) -> bool:
        """Return whether ``problem`` follows from one that has been told: what could not be read is not missing."""
        key = inventory_key(problem.path)
        boots_nothing = key == "allow_pxe" and "os" in self._unread
        return key in self._unread or boots_nothing or (key == "netmask" and "network" in self._unread)

    def in_its_words(self, problem: Problem) -> Problem:
        """Return a problem of the object in the words that describe the machine."""
        key = inventory_key(problem.path)
        message = _PATH.sub(lambda found: self._name_of(inventory_key(found[0])), problem.message)
        if message == NO_ADDRESS:
            written = self._name_of(key.removesuffix("ip") + "disable_dhcp")
            message = f"missing: bootd has no address to give it. {_ELSEWHERE} {written}: true"
        message = _FIELD.sub(lambda found: self._name_of(_FIELDS[found[0]]), message)
        # Nobody wrote that it boots: every machine does.
        if key == "allow_pxe" and "allow_pxe" not in self._written and not problem.note:
            key, message = "kernel" if "os" in self._written else "os", message.replace("true, but", "missing:")
        given = self._given.get(self._written.get(key, key))
        # What stands in the object may be made of what was written: uefi is false where that is "legacy".
        value = shown(given) if problem.value and isinstance(given, (str, int)) else problem.value
        return replace(problem, object=self.name, path=self._name_of(key), value=value, message=message)

    def _name_of(self, key: str) -> str:
        return self._prefix + as_written(key, self._written)

    def hardware(self) -> dict[str, Any]:
        """Return the object; what can't be used is told, and left to the checks that follow."""
        given = self._values
        annotations = dict(given.get("annotations", {}))
        if "reprovision" in given:
            annotations[REPROVISION_ANNOTATION] = given["reprovision"]
        if given.get("after"):
            annotations[AFTER_ANNOTATION] = ",".join(given["after"])
        if "https_boot" in given:
            annotations[HTTPS_BOOT_ANNOTATION] = str(given["https_boot"]).lower()
        if "local_boot" in given:
            annotations[LOCAL_BOOT_ANNOTATION] = given["local_boot"]
        if given.get("dhcp_options"):
            annotations[DHCP_OPTIONS_ANNOTATION] = json.dumps(given["dhcp_options"])
        meta = {
            "name": given.get("name"),
            "namespace": given.get("namespace"),  # without one it is that of the store
            "labels": given.get("labels"),
            "annotations": annotations,
        }
        return _filled({"apiVersion": API_VERSION, "kind": KIND, "metadata": _filled(meta), "spec": self._spec()})

    def _spec(self) -> dict[str, Any]:
        given = self._values
        interfaces = [self._interface(given, "", first=True)]
        for place, item in enumerate(given.get("interfaces", [])):
            prefix = f"interfaces[{place}]."
            nic, written = read_nic(
                item, lambda key, value, message, prefix=prefix: self._told(prefix + key, value, message)
            )
            self._written |= {prefix + key: name for key, name in written.items()}
            interfaces.append(self._interface(nic, prefix, first=False))
        return _filled(
            {
                "disks": [{"device": device} for device in given.get("disks", [])],
                "metadata": self._metadata(),
                "interfaces": interfaces,
                "bmcRef": {**BMC_KIND, "name": given["bmc_ref"]} if given.get("bmc_ref") else None,
                "userData": given.get("user_data"),
                "vendorData": given.get("vendor_data"),
            }
        )

    def _metadata(self) -> dict[str, Any]:
        given = self._values
        system, installer = self._system(), self._installer()
        userdata = [given["userdata"]] if "userdata" in given else []
        if installer.arguments_in_userdata:
            userdata += self._kernel_arguments()
        if "config_url" in given and not installer.configuration_argument:
            distros = " or ".join(item.distro for item in INSTALLERS if item.configuration_argument)
            self._told("config_url", given["config_url"], f"only for {self._name_of('os')}: {distros}")
        instance = {"operating_system": system, "userdata": " ".join(userdata)}
        return _filled(
            {
                "facility": _filled({key: given.get(key) for key in ("facility_code", "plan_slug")}),
                "manufacturer": _filled({"slug": given.get("manufacturer")}),
                "instance": _filled(instance),
            }
        )

    def _system(self) -> dict[str, Any]:
        return _filled({**self._values.get("os", {}), **_filled({"version": self._values.get("os_version")})})

    def _installer(self) -> Installer:
        return find(self._system().get("distro") or "")

    def _kernel_arguments(self) -> list[str]:
        """Return the arguments for the kernel, with where its installer finds its configuration."""
        given, argument = self._values, self._installer().configuration_argument
        url = [f"{argument}={given['config_url']}"] if argument and "config_url" in given else []
        return [*given.get("kernel_args", []), *url]

    def _interface(self, given: Mapping[str, Any], prefix: str, *, first: bool) -> dict[str, Any]:
        hostname = given.get("name") if first and is_hostname(given.get("name", "")) else None
        address, netmask = self._network(given, prefix)
        dhcp = {
            "arch": given.get("arch", DEFAULT_ARCH if first else None),
            "hostname": given.get("hostname", hostname),
            "ip": _filled({"address": address, "gateway": given.get("gateway"), "netmask": netmask}),
            "lease_time": given.get("lease_time"),
            "mac": given.get("mac"),
            "name_servers": given.get("name_servers"),
            "time_servers": given.get("time_servers"),
            "uefi": given.get("uefi", True if first else None),
        }
        for key in ("domain_name", "iface_name", "vlan_id", "tftp_server_name", "boot_file_name"):
            dhcp[key] = given.get(key)
        dhcp["classless_static_routes"] = [
            {"destination_descriptor": route.get("destination"), "router": route.get("router")}
            for route in given.get("static_routes", [])
        ]
        interface = {"dhcp": _filled(dhcp), "disableDhcp": given.get("disable_dhcp")}
        return _filled({**interface, "netboot": self._netboot(given, first=first)})

    def _netboot(self, given: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
        osie = {"baseURL": given.get("image_url"), "kernel": given.get("kernel"), "initrd": given.get("initrd")}
        if not first:
            osie["kernelParams"] = given.get("kernel_args")
        elif not self._installer().arguments_in_userdata:
            osie["kernelParams"] = self._kernel_arguments()
        return _filled(
            {
                "allowPXE": given.get("allow_pxe", first),
                "allowWorkflow": given.get("allow_workflow", False),
                "ipxe": given.get("ipxe"),
                "osie": _filled(osie),
            }
        )

    def _network(self, given: Mapping[str, Any], prefix: str) -> tuple[str | None, str | None]:
        """Return address and netmask, from whichever of ``ip``, ``netmask`` and ``network`` say them."""
        address, slash, length = given.get("ip", "").partition("/")
        netmask = given.get("netmask", "")
        bits = _PREFIX.fullmatch(netmask)
        if bits:
            netmask = _dotted(bits[1])
        found = {"netmask": netmask} if netmask else {}
        if slash and _PREFIX.fullmatch(length):
            found["ip"] = _dotted(length)
        elif slash:
            address = given["ip"]  # for the check to tell
        network = given.get("network", "")
        message = values.route_destination(network) if network else ""
        if message:
            self._told_of(f"{prefix}network", network, message)
        elif network:
            found["network"] = _dotted(network.partition("/")[2])
            if address and not values.ipv4(address) and IPv4Address(address) not in IPv4Network(network):
                self._told_of(f"{prefix}ip", address, f"outside network {network}")
        if len(set(found.values())) > 1:
            others = " and ".join(f"{self._name_of(prefix + key)} {mask}" for key, mask in list(found.items())[1:])
            first, mask = next(iter(found.items()))
            self._told_of(f"{prefix}{first}", given[first], f"netmask {mask}, but {others}: they disagree")
        return address or None, next(iter(found.values()), None)

    def _told_of(self, key: str, value: Any, message: str) -> None:
        self._told(as_written(key, self._written), value, message)


def _dotted(length: str) -> str:
    return str(IPv4Network(f"0.0.0.0/{length}").netmask)


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return ``fields`` without those that hold nothing; false and 0 are something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
