# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words in which an inventory describes a machine: their other names, and what kind of value each takes.

Inventories come from YAML, INI and templates, so a switch may be ``"yes"`` and a number text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.extra_options import (
    PATH as DHCP_OPTIONS_PATH,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.local_boot import LOCAL_BOOT_ANNOTATION
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    AFTER_ANNOTATION,
    HTTPS_BOOT_ANNOTATION,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import shown

Told = Callable[[str, Any, str], None]  # takes the key, the value, and what would be right

_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_FIRMWARE = {"uefi": True, "efi": True, "bios": False, "legacy": False, "pcbios": False}
_ARCHES = {"amd64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64"}


class Unfit(ValueError):
    """A value of the wrong kind; the message says what would be right."""


def text(value: Any) -> str:
    """Return a string or a whole number as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool):
        raise Unfit("should be text: put it in quotes, for YAML takes yes, no, on and off for true or false")
    raise Unfit("should be text: put it in quotes" if isinstance(value, float) else "should be text")


def texts(value: Any) -> list[str]:
    """Return a list of strings, or a string of them separated by commas or spaces, as a list without empty ones."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list):
        return [text(item) for item in value if not is_empty(item)]
    raise Unfit("should be a list, or text with commas or spaces between")


def text_values(value: Any) -> dict[str, str]:
    """Return a mapping of names to text, whose empty values count as not given."""
    found = {}
    for name, item in mapping(value).items():
        try:
            if not is_empty(item):
                found[text(name)] = text(item)
        except Unfit as unfit:
            raise Unfit(f"{text_or_shown(name)} {unfit}") from None
    return found


def words(value: Any) -> list[str]:
    """Return kernel arguments, a list or one string of them, as a list."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    return texts(value)


def mark(value: Any) -> str:
    """Return text that asks for something by being another than before."""
    if isinstance(value, bool):
        raise Unfit("should be text that is new each time, such as the date")
    return text(value)


def switch(value: Any) -> bool:
    """Return a truth value, also one written as text."""
    found = value if isinstance(value, bool) else _SWITCHES.get(str(value).strip().lower())
    if found is None:
        raise Unfit("should be true or false")
    return found


def whole(value: Any) -> int:
    """Return a whole number, also one written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 20:
        return int(value)
    raise Unfit("should be a whole number")


def firmware(value: Any) -> bool:
    """Return whether a kind of firmware is UEFI; also takes the answer itself."""
    found = value if isinstance(value, bool) else (_FIRMWARE | _SWITCHES).get(str(value).strip().lower())
    if found is None:
        raise Unfit("should be uefi or bios")
    return found


def arch(value: Any) -> str:
    """Return an architecture by the name that Hardware objects use."""
    name = text(value)
    return _ARCHES.get(name.lower(), name)


def mac(value: Any) -> str:
    """Return a MAC address, in any common notation, as Hardware objects have it."""
    if not isinstance(value, str):
        message = "should be text: put it in quotes, for YAML takes digits and colons for a number of base 60"
        meant = _mac_of_number(value)
        raise Unfit(f'{message}: "{meant}"' if meant else message)
    return parse_mac(value.strip()) or value


def _mac_of_number(value: Any) -> str | None:
    """Return the MAC address that YAML 1.1 has read as a number, None where it is none: 52:54:00:12:34:56, or bare."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    if not 60**5 <= value < 100 * 60**5:
        return parse_mac(str(value))
    return ":".join(f"{part:02}" for part in (value // 60**5, *(value // 60**place % 60 for place in (4, 3, 2, 1, 0))))


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping."""
    if not isinstance(value, dict):
        raise Unfit("should be a mapping")
    return value


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return a list of mappings."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unfit("should be a list of mappings")
    return value


def system(value: Any) -> dict[str, Any]:
    """Return an operating system, the name of a distribution or a mapping, as a mapping."""
    if isinstance(value, str):
        return {"distro": value}
    if not isinstance(value, dict):
        raise Unfit("should be the name of an operating system, as in harvester, or a mapping with distro and version")
    known = _with(("distro", "version"), value)
    return {name: text(item) for name, item in known.items() if not is_empty(item)}


def ipxe(value: Any) -> dict[str, Any]:
    """Return what iPXE is to load."""
    return _with(("url", "contents", "binary"), mapping(value))


def routes(value: Any) -> list[dict[str, Any]]:
    """Return static routes."""
    return [_with(("destination", "router"), item) for item in mappings(value)]


def is_empty(value: Any) -> bool:
    """Return whether a value says nothing, as that of a template with ``default('')`` does."""
    return value is None or (isinstance(value, str) and not value.strip())


def text_or_shown(name: Any) -> str:
    """Return a name for people, whatever it is."""
    return shown(name).strip('"')


def _with(names: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    unknown = [shown(name) for name in value if name not in names]
    if unknown:
        raise Unfit(f"can have {', '.join(names)}, not {', '.join(unknown)}")
    return value


_NIC: dict[str, Callable[[Any], Any]] = {
    "mac": mac,
    "ip": text,
    "netmask": text,
    "network": text,
    "gateway": text,
    "hostname": text,
    "domain_name": text,
    "name_servers": texts,
    "time_servers": texts,
    "lease_time": whole,
    "vlan_id": text,
    "arch": arch,
    "uefi": firmware,
    "iface_name": text,
    "tftp_server_name": text,
    "boot_file_name": text,
    "static_routes": routes,
    "disable_dhcp": switch,
    "allow_pxe": switch,
    "allow_workflow": switch,
    "image_url": text,
    "kernel": text,
    "initrd": text,
    "kernel_args": words,
    "ipxe": ipxe,
}
_MACHINE: dict[str, Callable[[Any], Any]] = {
    **_NIC,
    "name": text,
    "namespace": text,
    "labels": text_values,
    "annotations": text_values,
    "reprovision": mark,
    "after": texts,
    "local_boot": text,
    "bmc_ref": text,
    "https_boot": switch,
    "dhcp_options": mapping,
    "disks": texts,
    "os": system,
    "os_version": text,
    "userdata": text,
    "config_url": text,
    "user_data": text,
    "vendor_data": text,
    "manufacturer": text,
    "facility_code": text,
    "plan_slug": text,
    "interfaces": mappings,
}
_OTHER_NAMES = {
    "address": "ip",
    "base_url": "image_url",
    "device": "disks",
    "disk": "disks",
    "distro": "os",
    "dns": "name_servers",
    "dns_servers": "name_servers",
    "domain": "domain_name",
    "firmware": "uefi",
    "install_device": "disks",
    "ip_address": "ip",
    "kernel_params": "kernel_args",
    "mac_address": "mac",
    "nameservers": "name_servers",
    "ntp": "time_servers",
    "ntp_servers": "time_servers",
    "operating_system": "os",
    "prefix": "netmask",
    "subnet": "network",
    "version": "os_version",
    "vlan": "vlan_id",
}
# What messages call a key that nobody wrote: the name in the documentation.
_DOCUMENTED = {"disks": "disk", "name_servers": "dns", "time_servers": "ntp", "uefi": "firmware"}
NAMES = frozenset(_MACHINE) | _OTHER_NAMES.keys()

# Field of a Hardware object -> the key it comes from; those of an interface are relative to it.
_FIELDS = {
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    f"metadata.annotations.{AFTER_ANNOTATION}": "after",
    f"metadata.annotations.{LOCAL_BOOT_ANNOTATION}": "local_boot",
    f"metadata.annotations.{HTTPS_BOOT_ANNOTATION}": "https_boot",
    "spec.metadata.instance.operating_system.distro": "os",
    "spec.metadata.instance.operating_system.version": "os_version",
    "spec.metadata.instance.userdata": "kernel_args",
    "spec.bmcRef.name": "bmc_ref",
    "spec.userData": "user_data",
    "spec.vendorData": "vendor_data",
}
_NIC_FIELDS = {
    "dhcp.ip": "ip",
    "dhcp.ip.address": "ip",
    "netboot.allowPXE": "allow_pxe",
    "netboot.allowWorkflow": "allow_workflow",
    "netboot.osie.baseURL": "image_url",
    "netboot.osie.kernelParams": "kernel_args",
    "dhcp.classless_static_routes": "static_routes",
    "disableDhcp": "disable_dhcp",
}
_NIC_FIELD = re.compile(r"spec\.interfaces\[([0-9]+)\]\.(.+)")
_DISK = re.compile(r"spec\.disks\[[0-9]+\]\.device")
_BLOCKS = re.compile(r"(?:dhcp\.ip\.|dhcp\.|netboot\.osie\.|netboot\.)")


def inventory_key(path: str) -> str:
    """Return the key of the inventory that the field at ``path`` of a Hardware object comes from."""
    if path.startswith(DHCP_OPTIONS_PATH):
        return "dhcp_options" + path.removeprefix(DHCP_OPTIONS_PATH)
    nic = _NIC_FIELD.fullmatch(path)
    if nic is None:
        return "disks" if _DISK.fullmatch(path) else _FIELDS.get(path, path.removeprefix("metadata."))
    number, field = int(nic[1]), nic[2]
    name, bracket, place = field.replace("].destination_descriptor", "].destination").partition("[")
    key = _NIC_FIELDS.get(name) or _BLOCKS.sub("", name, count=1)
    return (f"interfaces[{number - 1}]." if number else "") + key + bracket + place


def canonical(key: str) -> str:
    """Return ``key``, which may be below another one, by its first name."""
    parent, dot, name = key.rpartition(".")
    return parent + dot + _OTHER_NAMES.get(name, name)


def as_written(key: str, written: Mapping[str, str]) -> str:
    """Return ``key``, which may have a place in a list or more below it, by the name it was written under.

    ``written`` gives these names; what is not in it was not written, and gets the name that the documentation has.
    """
    parent, dot, name = key.rpartition("].")
    head = re.split(r"[.\[]", name, maxsplit=1)[0]
    return parent + dot + written.get(parent + dot + head, _DOCUMENTED.get(head, head)) + name[len(head) :]


def read_machine(description: Mapping[str, Any], told: Told, prefix: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """Return a machine's description under the keys above, and the names these were written under.

    ``told`` hears of what can't be used; messages have ``prefix`` before other keys.
    """
    return _read(description, _MACHINE, told, prefix)


def read_nic(description: Mapping[str, Any], told: Told) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the description of one more interface of a machine, likewise."""
    return _read(description, _NIC, told)


def _read(
    description: Mapping[str, Any], kinds: Mapping[str, Callable[[Any], Any]], told: Told, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    for given, value in description.items():
        key = _OTHER_NAMES.get(given, given)
        if key not in kinds:
            told(text_or_shown(given), None, f"unknown{_suggestion(given, kinds)}")
        elif is_empty(value):
            continue
        elif key in written:
            told(given, value, f"the same as {prefix}{written[key]}, which is also given")
        else:
            written[key] = given
            try:
                values[key] = kinds[key](value)
            except Unfit as unfit:
                told(given, value, str(unfit))
    if "os" in values:
        # One key for the version, so that a machine's wins over its group's wherever either is written.
        system_given = values.pop("os")
        if "distro" in system_given:
            values["os"] = {"distro": system_given["distro"]}
        if "version" in system_given and "os_version" not in values:
            values["os_version"] = system_given["version"]
            written["os_version"] = f"{written['os']}.version"
    return values, written


def _suggestion(given: Any, kinds: Mapping[str, Any]) -> str:
    names = [*kinds, *(name for name, key in _OTHER_NAMES.items() if key in kinds)]
    near = get_close_matches(str(given).lower()[:64], names, n=1, cutoff=0.65)
    return f": should this be {near[0]}?" if near else ""
