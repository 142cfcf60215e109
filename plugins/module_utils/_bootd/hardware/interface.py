# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One of ``spec.interfaces``: addresses that fit each other, and a netboot block that says whether to boot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from . import values
from .field_check import Finding
from .model import is_text
from .problem import ABSENT

SHORT_LEASE = 60  # seconds
NO_ADDRESS = "missing: without it the machine gets no lease; disableDhcp: true where another DHCP server gives it one"
SCRIPT_START = "#!ipxe"

_TEXT_CHECKS: dict[str, Callable[[str], str]] = {
    "hostname": values.hostname,
    "domain_name": values.hostname,
    "vlan_id": values.vlan_id,
}
_LIST_CHECKS = {"name_servers": values.server, "time_servers": values.server}


def check_interface(item: dict[str, Any], path: str, *, boots_elsewhere: bool) -> Iterator[Finding]:
    """Yield what is wrong with one interface; ``boots_elsewhere``: some interface of the object has a netboot block."""
    dhcp = item.get("dhcp")
    if isinstance(dhcp, dict):
        yield from _check_dhcp(dhcp, f"{path}.dhcp", served=item.get("disableDhcp") is not True)
    elif dhcp is None:
        yield f"{path}.dhcp", ABSENT, "missing: without a MAC address no request finds this interface", False
    netboot = item.get("netboot")
    if isinstance(netboot, dict):
        yield from _check_netboot(netboot, f"{path}.netboot")
    elif netboot is None and item.get("disableDhcp") is not True:
        message = "missing: this interface never boots from the network; say allowPXE: true or false in it"
        yield f"{path}.netboot", ABSENT, message, boots_elsewhere


def _check_dhcp(dhcp: dict[str, Any], path: str, *, served: bool) -> Iterator[Finding]:
    mac = dhcp.get("mac")
    if mac is None or mac == "":
        yield f"{path}.mac", ABSENT, "missing: without a MAC address no request finds this interface", False
    elif isinstance(mac, str):
        yield from _told(f"{path}.mac", mac, values.mac(mac))
    for name, test in _TEXT_CHECKS.items():
        value = dhcp.get(name)
        if is_text(value) and value:
            yield from _told(f"{path}.{name}", value, test(value))
    for name, test in _LIST_CHECKS.items():
        entries = dhcp.get(name)
        for place, value in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(value, str):
                yield from _told(f"{path}.{name}[{place}]", value, test(value))
    yield from _check_lease(dhcp.get("lease_time"), f"{path}.lease_time")
    yield from _check_ip(dhcp.get("ip"), f"{path}.ip", served=served)
    yield from _check_boot_file(dhcp, path)
    yield from _check_routes(dhcp.get("classless_static_routes"), f"{path}.classless_static_routes")


def _told(path: str, value: Any, message: str) -> Iterator[Finding]:
    if message:
        yield path, value, message, False


def _check_lease(value: Any, path: str) -> Iterator[Finding]:
    if isinstance(value, int) and not isinstance(value, bool):
        message = values.lease_time(value)
        yield from _told(path, value, message)
        if not message and value < SHORT_LEASE:
            yield path, value, "a short lease: the machine asks again every few seconds", True


def _check_ip(ip: Any, path: str, *, served: bool) -> Iterator[Finding]:
    if ip is None and served:
        yield path, ABSENT, NO_ADDRESS, False
    if not isinstance(ip, dict):
        return
    family = ip.get("family")
    if family == 6:
        yield f"{path}.family", 6, "IPv6 is not served; should be 4, or left out", False
    elif isinstance(family, int) and not isinstance(family, bool) and family != 4:
        yield f"{path}.family", family, "should be 4, or left out", False
    address = _address(ip.get("address"))
    netmask = ip.get("netmask")
    mask = netmask if isinstance(netmask, str) else ""
    gateway = _address(ip.get("gateway"))
    yield from _check_present(ip, path, served=served)
    for name, test in (
        ("address", values.host_address),
        ("netmask", values.netmask),
        ("gateway", values.host_address),
    ):
        value = ip.get(name)
        if isinstance(value, str) and value:
            yield from _told(f"{path}.{name}", value, test(value))
    if address and not (mask and values.netmask(mask)):
        yield from _check_subnet(address, mask, gateway, path)


def _check_present(ip: dict[str, Any], path: str, *, served: bool) -> Iterator[Finding]:
    if not served:
        return
    if ip.get("address") in (None, ""):
        yield f"{path}.address", ABSENT, NO_ADDRESS, False
    if ip.get("netmask") in (None, ""):
        yield f"{path}.netmask", ABSENT, "missing: should be the subnet's, as in 255.255.255.0", False
    if ip.get("gateway") in (None, ""):
        message = "missing: the machine gets no default route, without which some installers stop"
        yield f"{path}.gateway", ABSENT, message, True


def _address(value: Any) -> str:
    return value if isinstance(value, str) and value and not values.host_address(value) else ""


def _check_subnet(address: str, mask: str, gateway: str, path: str) -> Iterator[Finding]:
    if gateway == address:
        yield f"{path}.gateway", gateway, "is the machine's own address", False
        return
    if not mask:
        return
    network = IPv4Network(f"{address}/{mask}", strict=False)
    if network.prefixlen < 31:
        yield from _told(f"{path}.address", address, _edge(address, network))
    if not gateway:
        return
    if IPv4Address(gateway) not in network:
        yield f"{path}.gateway", gateway, f"outside the machine's subnet {network}: it can't be reached", False
    elif network.prefixlen < 31:
        yield from _told(f"{path}.gateway", gateway, _edge(gateway, network))


def _edge(address: str, network: IPv4Network) -> str:
    ends = {str(network.network_address): "network", str(network.broadcast_address): "broadcast"}
    kind = ends.get(address)
    return f"is the {kind} address of {network}; should be one between" if kind else ""


def _check_boot_file(dhcp: dict[str, Any], path: str) -> Iterator[Finding]:
    server, file = dhcp.get("tftp_server_name") or "", dhcp.get("boot_file_name") or ""
    if bool(server) != bool(file):
        missing, present = ("boot_file_name", "tftp_server_name") if server else ("tftp_server_name", "boot_file_name")
        yield f"{path}.{missing}", ABSENT, f"missing: goes together with {present}", False


def _check_routes(routes: Any, path: str) -> Iterator[Finding]:
    for place, route in enumerate(routes if isinstance(routes, list) else ()):
        if not isinstance(route, dict):
            continue
        for name, test in (("destination_descriptor", values.route_destination), ("router", values.ipv4)):
            value = route.get(name)
            if value is None:
                yield f"{path}[{place}].{name}", ABSENT, "missing", False
            elif isinstance(value, str):
                yield from _told(f"{path}[{place}].{name}", value, test(value))


def _check_netboot(netboot: dict[str, Any], path: str) -> Iterator[Finding]:
    if netboot.get("allowPXE") is None:
        message = "missing, which counts as false: say true to boot from the network, false not to"
        yield f"{path}.allowPXE", ABSENT, message, False
    osie = netboot.get("osie")
    if isinstance(osie, dict):
        yield from _check_osie(osie, f"{path}.osie")
    ipxe = netboot.get("ipxe")
    if isinstance(ipxe, dict):
        yield from _check_ipxe(ipxe, f"{path}.ipxe")
    rpi = netboot.get("rpi")
    if isinstance(rpi, dict) and not rpi.get("serialNum"):
        yield f"{path}.rpi.serialNum", ABSENT, "missing", False


def _check_osie(osie: dict[str, Any], path: str) -> Iterator[Finding]:
    base = osie.get("baseURL")
    if is_text(base) and base:
        message = values.base_url(base)
        yield from _told(f"{path}.baseURL", base, message)
        if not message and base.startswith("https:"):
            yield f"{path}.baseURL", base, "iPXE as distributions ship it knows no HTTPS", True
    params = osie.get("kernelParams")
    for place, value in enumerate(params if isinstance(params, list) else ()):
        if is_text(value):
            yield from _told(f"{path}.kernelParams[{place}]", ABSENT, values.one_line(value))


def _check_ipxe(ipxe: dict[str, Any], path: str) -> Iterator[Finding]:
    url, contents, binary = ipxe.get("url"), ipxe.get("contents"), ipxe.get("binary")
    if is_text(url) and url:
        yield from _told(f"{path}.url", url, values.script_url(url))
    if is_text(contents) and contents and contents.split("\n", 1)[0].rstrip() != SCRIPT_START:
        yield (
            f"{path}.contents",
            ABSENT,
            f"should begin with a line {SCRIPT_START}, or iPXE takes it for an image",
            False,
        )
    if url and contents:
        yield f"{path}.url", ABSENT, "not used: contents comes first", True
    if is_text(binary) and ("/" in binary or not binary.isprintable() or " " in binary):
        yield f"{path}.binary", binary, "should be the name of a boot file, as in ipxe.efi", False
