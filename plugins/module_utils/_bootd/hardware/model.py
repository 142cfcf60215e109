# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The Hardware object (``tinkerbell.org/v1alpha1``) as bootd uses it: plain frozen data, read leniently.

``machine_from_object`` takes what is well formed and leaves the rest out, so that one bad field never takes a machine
out of service; ``validate.py`` is where bad fields are reported. CRD paths stand beside each field, DHCP option
numbers (RFC 2132) where the field becomes one.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeGuard

from .alike import shared
from .extra_options import DHCP_OPTIONS_ANNOTATION, ExtraOption, read_extra_options
from .local_boot import AS_USUAL, LOCAL_BOOT_ANNOTATION, LocalBoot, parse_local_boot
from .mac import parse_mac

API_VERSION = "tinkerbell.org/v1alpha1"
KIND = "Hardware"
DEFAULT_NAMESPACE = "default"

# A new value here asks for another installation of a machine whose netboot bootd has switched off.
REPROVISION_ANNOTATION = "netboot.baremetal/reprovision"
STATE_ANNOTATION = "netboot.baremetal/state"
# "true" or "false": whether UEFI HTTP boot is given https URLs, since its firmware trusts bootd's certificate.
HTTPS_BOOT_ANNOTATION = "netboot.baremetal/https-boot"
# With the value "configuration": the machine's configuration is its user data too.
USER_DATA_ANNOTATION = "netboot.baremetal/user-data"
# The machines, NAME or NAMESPACE/NAME with commas between, that have to be done before this one boots.
AFTER_ANNOTATION = "netboot.baremetal/after"
MAX_AFTER = 1000

_SWITCHES = {"true": True, "false": False}
_MAPPINGS = (dict, Mapping)  # dict first: asking the abstract class takes ten times as long

# Of spec.interfaces[].dhcp, called the same in Interface.
_TEXTS = ("hostname", "domain_name", "arch", "vlan_id", "tftp_server_name", "boot_file_name")
_texts_of = attrgetter(*_TEXTS)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Osie:
    """``spec.interfaces[].netboot.osie``: where kernel and initrd come from."""

    base_url: str = ""
    kernel: str = ""
    initrd: str = ""
    kernel_params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Netboot:
    """``spec.interfaces[].netboot``. ``allow_pxe`` is None where the object does not say: it then counts as false.

    ``switched_off`` is true where the object says true and bootd has turned it off since, after an installation, or
    ``by_hand``, because somebody asked for that.
    """

    allow_pxe: bool | None = None
    switched_off: bool = False
    by_hand: bool = False
    ipxe_url: str = ""
    ipxe_contents: str = ""
    ipxe_binary: str = ""
    osie: Osie = field(default_factory=Osie)


@dataclass(frozen=True, slots=True)
class Route:
    """One of ``dhcp.classless_static_routes`` (option 121)."""

    destination: str
    router: str


@dataclass(frozen=True, slots=True)
class Interface:
    """``spec.interfaces[]``. Addresses are dotted IPv4 strings, empty where absent or not IPv4."""

    mac: str  # dhcp.mac, lower-case colon form
    address: str = ""  # dhcp.ip.address -> yiaddr
    netmask: str = ""  # dhcp.ip.netmask -> 1
    gateway: str = ""  # dhcp.ip.gateway -> 3
    hostname: str = ""  # dhcp.hostname -> 12
    name_servers: tuple[str, ...] = ()  # -> 6
    time_servers: tuple[str, ...] = ()  # -> 42
    domain_name: str = ""  # -> 15 and 119
    lease_time: int = 0  # seconds -> 51; 0: not given
    arch: str = ""
    uefi: bool | None = None  # a hint only: option 93 of the request decides
    vlan_id: str = ""  # -> 43.116
    tftp_server_name: str = ""  # -> 66; with boot_file_name it replaces all netboot logic
    boot_file_name: str = ""  # -> 67
    static_routes: tuple[Route, ...] = ()  # -> 121
    extra_options: tuple[ExtraOption, ...] = ()  # from DHCP_OPTIONS_ANNOTATION, for every interface alike
    disable_dhcp: bool = False
    netboot: Netboot = field(default_factory=Netboot)


@dataclass(frozen=True, slots=True)
class Machine:
    """One Hardware object.

    ``metadata`` is ``spec.metadata`` as it stands (see ``text_at``); ``after`` are the keys of the machines that it
    waits for; ``source`` names the file and document, or the API, for messages; ``created`` orders objects that claim
    the same MAC or address: the smaller one is served.
    """

    name: str
    namespace: str = DEFAULT_NAMESPACE
    interfaces: tuple[Interface, ...] = ()
    disks: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    user_data: str | None = None
    reprovision: str = ""  # the value of REPROVISION_ANNOTATION
    after: tuple[str, ...] = ()  # from AFTER_ANNOTATION
    user_data_from: str = ""  # the value of USER_DATA_ANNOTATION
    https_boot: bool | None = None  # from HTTPS_BOOT_ANNOTATION, None where it does not say
    local_boot: LocalBoot = AS_USUAL  # from LOCAL_BOOT_ANNOTATION
    created: str = ""
    source: str = ""

    @property
    def key(self) -> str:
        """Return ``namespace/name``, the machine's name everywhere inside bootd."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Nic:
    """The network interface of a machine that a request named."""

    machine: Machine
    interface: Interface


def text_at(node: Any, *path: str) -> str:
    """Return the text at ``path`` in nested mappings, or "" where anything on the way is missing or no text."""
    for step in path:
        if not isinstance(node, _MAPPINGS):
            return ""
        node = node.get(step)
    return node if is_text(node) else ""


def is_text(value: Any) -> TypeGuard[str]:
    """Return whether ``value`` is a string that can be sent: JSON can also write half a character, as ``"\\ud800"``."""
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def boot_interface(machine: Machine) -> Interface | None:
    """Return the interface that stands for ``machine``: the first whose object asks for netboot, else the first."""
    asking = (item for item in machine.interfaces if item.netboot.allow_pxe or item.netboot.switched_off)
    return next(asking, machine.interfaces[0] if machine.interfaces else None)


def with_first(machine: Machine, macs: Container[str]) -> Machine:
    """Return ``machine`` with the interfaces that have one of ``macs`` before all others."""
    interfaces = tuple(sorted(machine.interfaces, key=lambda interface: interface.mac not in macs))
    return machine if interfaces == machine.interfaces else replace(machine, interfaces=interfaces)


def after_names(text: str) -> tuple[str, ...]:
    """Return the names in an annotation AFTER_ANNOTATION, at most MAX_AFTER, each once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))[:MAX_AFTER]


def is_hardware(document: Any) -> bool:
    """Return whether ``document`` is a Hardware object of the API version bootd reads, whatever its spec holds."""
    return (
        isinstance(document, _MAPPINGS) and document.get("kind") == KIND and document.get("apiVersion") == API_VERSION
    )


def machine_from_object(document: Mapping[str, Any], *, source: str = "", created: str = "") -> Machine:
    """Return the Machine that a Hardware object describes; fields that can't be used are left out."""
    meta = _mapping(document.get("metadata"))
    spec = _mapping(document.get("spec"))
    notes = _mapping(meta.get("annotations"))
    extra = read_extra_options(_text(notes, DHCP_OPTIONS_ANNOTATION)).options
    interfaces = tuple(
        [found for item in _sequence(spec.get("interfaces")) if (found := _interface(_mapping(item), extra))]
    )
    namespace = _text(meta, "namespace") or DEFAULT_NAMESPACE
    return Machine(
        name=_text(meta, "name"),
        namespace=namespace,
        interfaces=interfaces,
        disks=tuple([name for disk in _sequence(spec.get("disks")) if (name := text_at(disk, "device"))]),
        metadata=shared(_mapping(spec.get("metadata"))),
        user_data=_text(spec, "userData") or None,
        created=_text(meta, "creationTimestamp") or created,
        source=source,
        **(_of_annotations(notes, namespace) if notes else {}),
    )


def _of_annotations(notes: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """Return the fields of a Machine in ``namespace`` that its annotations give."""
    after = after_names(_text(notes, AFTER_ANNOTATION))
    return {
        "reprovision": _text(notes, REPROVISION_ANNOTATION),
        "after": tuple(name if "/" in name else f"{namespace}/{name}" for name in after),
        "user_data_from": _text(notes, USER_DATA_ANNOTATION),
        "https_boot": _SWITCHES.get(_text(notes, HTTPS_BOOT_ANNOTATION)),
        "local_boot": parse_local_boot(_text(notes, LOCAL_BOOT_ANNOTATION)) or AS_USUAL,
    }


def is_as_written(document: Mapping[str, Any], machine: Machine) -> bool:
    """Return whether ``machine``, read from ``document``, has all that stands there and is used in a boot.

    Much faster than ``validate``: it only tells that something was left out, not what.
    """
    spec = _mapping(document.get("spec"))
    items = spec.get("interfaces")
    if not isinstance(items, list) or len(items) != len(machine.interfaces):
        return False
    if (spec.get("userData") or None) != machine.user_data:
        return False
    notes = _mapping(_mapping(document.get("metadata")).get("annotations"))
    if notes and parse_local_boot(_text(notes, LOCAL_BOOT_ANNOTATION)) is None:
        return False
    if notes and read_extra_options(_text(notes, DHCP_OPTIONS_ANNOTATION)).problems:
        return False
    return all(map(_is_interface_as_written, items, machine.interfaces))


def _is_interface_as_written(item: Mapping[str, Any], read: Interface) -> bool:
    dhcp, netboot = item["dhcp"], item.get("netboot")
    ip = _mapping(dhcp.get("ip"))
    return (
        (ip.get("address") or "") == read.address
        and (ip.get("netmask") or "") == read.netmask
        and (ip.get("gateway") or "") == read.gateway
        and tuple([dhcp.get(name) or "" for name in _TEXTS]) == _texts_of(read)
        and _is_netboot_as_written(_mapping(netboot), read.netboot)
        and (dhcp.get("lease_time") or 0) == read.lease_time
        and (dhcp.get("name_servers") or []) == list(read.name_servers)
        and (dhcp.get("time_servers") or []) == list(read.time_servers)
        and (netboot is None or _mapping(netboot).get("allowPXE") is read.netboot.allow_pxe)
    )


def _is_netboot_as_written(node: Mapping[str, Any], read: Netboot) -> bool:
    ipxe, osie = _mapping(node.get("ipxe")), _mapping(node.get("osie"))
    return (
        (ipxe.get("url") or "") == read.ipxe_url
        and (ipxe.get("contents") or "") == read.ipxe_contents
        and (ipxe.get("binary") or "") == read.ipxe_binary
        and (osie.get("baseURL") or "") == read.osie.base_url
        and (osie.get("kernel") or "") == read.osie.kernel
        and (osie.get("initrd") or "") == read.osie.initrd
        and (osie.get("kernelParams") or []) == list(read.osie.kernel_params)
    )


def _interface(item: Mapping[str, Any], extra: tuple[ExtraOption, ...]) -> Interface | None:
    dhcp = _mapping(item.get("dhcp"))
    mac = parse_mac(_text(dhcp, "mac"))
    if mac is None:
        return None
    ip = _mapping(dhcp.get("ip"))
    lease = dhcp.get("lease_time", 0)
    if not isinstance(lease, int) or isinstance(lease, bool) or not 0 < lease <= 0xFFFFFFFF:
        lease = 0
    uefi = dhcp.get("uefi")
    routes = [_mapping(route) for route in _sequence(dhcp.get("classless_static_routes"))]
    return Interface(
        mac=mac,
        address=ipv4(_text(ip, "address")),
        netmask=ipv4(_text(ip, "netmask")),
        gateway=ipv4(_text(ip, "gateway")),
        hostname=_text(dhcp, "hostname"),
        name_servers=_addresses(dhcp.get("name_servers")),
        time_servers=_addresses(dhcp.get("time_servers")),
        domain_name=_text(dhcp, "domain_name"),
        lease_time=lease,
        arch=_text(dhcp, "arch"),
        uefi=uefi if isinstance(uefi, bool) else None,
        vlan_id=_text(dhcp, "vlan_id"),
        tftp_server_name=_text(dhcp, "tftp_server_name"),
        boot_file_name=_text(dhcp, "boot_file_name"),
        static_routes=tuple([Route(_text(item, "destination_descriptor"), _text(item, "router")) for item in routes]),
        extra_options=extra,
        disable_dhcp=item.get("disableDhcp") is True,
        netboot=_netboot(_mapping(item.get("netboot"))),
    )


def _netboot(node: Mapping[str, Any]) -> Netboot:
    allow = node.get("allowPXE")
    ipxe = _mapping(node.get("ipxe"))
    osie = _mapping(node.get("osie"))
    return _netboot_of(
        allow if isinstance(allow, bool) else None,
        _text(ipxe, "url"),
        _text(ipxe, "contents"),
        _text(ipxe, "binary"),
        _text(osie, "baseURL"),
        _text(osie, "kernel"),
        _text(osie, "initrd"),
        tuple([item for item in _sequence(osie.get("kernelParams")) if is_text(item)]),
    )


@lru_cache(maxsize=64)
def _netboot_of(
    allow_pxe: bool | None,
    url: str,
    contents: str,
    binary: str,
    base_url: str,
    kernel: str,
    initrd: str,
    params: tuple[str, ...],
) -> Netboot:
    """Return a Netboot; of ten thousand machines most have one that is equal to another's."""
    osie = Osie(base_url, kernel, initrd, params)
    return Netboot(allow_pxe, ipxe_url=url, ipxe_contents=contents, ipxe_binary=binary, osie=osie)


@lru_cache(maxsize=256)  # netmasks, gateways and name servers are the same again and again
def ipv4(text: str) -> str:
    """Return ``text`` where it is a plain IPv4 address, else ""."""
    return text if _IPV4.fullmatch(text) else ""


def _addresses(node: Any) -> tuple[str, ...]:
    return tuple([item for item in _sequence(node) if isinstance(item, str) and ipv4(item)])


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    # Of ten thousand objects most fields are absent.
    return value if value is not None and is_text(value) else ""


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if node is not None and isinstance(node, _MAPPINGS) else {}


def _sequence(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []
