# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words in which an inventory describes a machine's BMC, and everything that is wrong with them at once. Pure.

    type            redfish, ipmi or wol
    address         host name or address; for Redfish also a URL, as in https://10.10.9.16
    port            by default 443 for Redfish, 623 for IPMI, 9 for Wake-on-LAN
    username, password
    system          Redfish: the Id of the system, where the BMC has several
    validate_certs  Redfish: true unless given; ca_path: a file of authorities to trust
    boot            pxe unless given, or http: UEFI HTTP boot, with Redfish only
    broadcast       Wake-on-LAN: where the packet goes, 255.255.255.255 unless given
    interface       Wake-on-LAN: the address of the interface that sends it

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address
from typing import Any
from urllib.parse import urlsplit

REDFISH, IPMI, WOL = "redfish", "ipmi", "wol"
TYPES = (REDFISH, IPMI, WOL)
BOOTS = ("pxe", "http")
PORTS = {REDFISH: 443, IPMI: 623, WOL: 9}
OTHER_NAMES = {"user": "username", "host": "address"}
SECRET = "password"
_LOGIN = ("address", "username", SECRET)
_MEANT_FOR = {
    "address": (REDFISH, IPMI),
    "username": (REDFISH, IPMI),
    SECRET: (REDFISH, IPMI),
    "system": (REDFISH,),
    "validate_certs": (REDFISH,),
    "ca_path": (REDFISH,),
    "broadcast": (WOL,),
    "interface": (WOL,),
}
NAMES = ("type", "port", "boot", *_MEANT_FOR)
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_MAX_PORT = 65535
_MAX_IPMI_PASSWORD = 20  # bytes; IPMI 2.0, section 22.30


@dataclass(frozen=True)
class Bmc:
    """How to reach a BMC, and how its machine is to boot; what does not apply is empty."""

    type: str
    address: str = ""
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    system: str = ""
    validate_certs: bool = True
    ca_path: str = ""
    boot: str = "pxe"
    broadcast: str = "255.255.255.255"
    interface: str = ""


def read(words: Mapping[str, Any]) -> Bmc:
    """Return what ``words`` say; raises ValueError, whose message names everything that is wrong with them."""
    wrong = [f"{name} {message}" if name else message for name, message in problems(words)]
    if wrong:
        raise ValueError("; ".join(wrong))
    given = _given(words)
    kind = str(given["type"])
    values: dict[str, Any] = {name: str(value) for name, value in given.items()}
    values["port"] = int(given.get("port", PORTS[kind]))
    values["validate_certs"] = _switch(given.get("validate_certs", True))
    return Bmc(**values)


def problems(words: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the words: the name, "" for all of them, and what would be right. No value is shown."""
    if not isinstance(words, Mapping):
        yield "", f"should be a mapping, with type ({', '.join(TYPES)}), address, username and password"
        return
    for name in words:
        known = OTHER_NAMES.get(str(name), str(name))
        if known not in NAMES:
            near = get_close_matches(str(name), NAMES, n=1, cutoff=0.7)
            yield (
                str(name)[:64],
                f"unknown: should this be {near[0]}?" if near else f"unknown: none of {', '.join(NAMES)}",
            )
    given = _given(words)
    kind = given.get("type")
    if kind not in TYPES:
        yield "type", f"{'missing: ' if kind is None else ''}should be one of {', '.join(TYPES)}"
        kind = None
    for name in _LOGIN if kind in (REDFISH, IPMI) else ():
        if name not in given:
            yield name, "missing"
    for name in given:
        if kind and name in _MEANT_FOR and kind not in _MEANT_FOR[name]:
            yield name, f"only for {' and '.join(_MEANT_FOR[name])}, and this is {kind}"
    yield from _values(given, kind)


def shared(bmcs: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, of machines whose words are the values, which have one BMC: name to the others with it.

    To cycle one of them would cycle the other.
    """
    places: dict[tuple[str, ...], list[str]] = {}
    for name, words in bmcs.items():
        given = _given(words) if isinstance(words, Mapping) else {}
        if given.get("type") in (REDFISH, IPMI) and "address" in given:
            place = ("type", "address", "port", "system")
            places.setdefault(tuple(str(given.get(key, "")).lower() for key in place), []).append(name)
    return {name: [other for other in names if other != name] for names in places.values() for name in names[1:]}


def _values(given: Mapping[str, Any], kind: Any) -> Iterator[tuple[str, str]]:
    for name in ("username", SECRET, "system", "ca_path"):
        if name in given and not isinstance(given[name], (str, int)):
            yield name, "should be text: put it in quotes"
        elif isinstance(given.get(name), bool):
            yield name, "should be text: put it in quotes, for YAML takes yes, no, on and off for true or false"
    if kind == IPMI and len(str(given.get(SECRET, "")).encode()) > _MAX_IPMI_PASSWORD:
        yield SECRET, f"longer than the {_MAX_IPMI_PASSWORD} bytes that IPMI has room for"
    if given.get("boot") == "http" and kind in (IPMI, WOL):
        yield "boot", f"http only with {REDFISH}: {kind} can't ask for it"
    for name, check in _CHECKS.items():
        message = check(given[name], kind) if name in given else ""
        if message:
            yield name, message


def _given(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words by their first names, without those that say nothing."""
    named = {OTHER_NAMES.get(str(name), str(name)): value for name, value in words.items()}
    return {name: value for name, value in named.items() if name in NAMES and value not in (None, "")}


def _address(value: Any, kind: Any) -> str:
    """Return what is wrong with an address, "" for nothing."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return "should be a host name or an address"
    if "@" in value:
        return "should have no user and password in it: they have words of their own"
    if "://" not in value:
        return "should be a host name or an address, without a path" if "/" in value else ""
    if kind != REDFISH:
        return "should be a host name or an address, not a URL"
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query or parts.fragment:
        return "should be a URL of a host and nothing more, as in https://10.10.9.16"
    return ""


def _port(value: Any, _kind: Any) -> str:
    text = str(value)
    fits = not isinstance(value, bool) and text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= _MAX_PORT
    return "" if fits else f"should be a number from 1 to {_MAX_PORT}"


def _ipv4(value: Any, _kind: Any) -> str:
    try:
        fits = isinstance(value, str) and bool(IPv4Address(value))
    except AddressValueError:
        fits = False
    return "" if fits else "should be an IPv4 address"


def _switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _SWITCHES.get(str(value).strip().lower())


# What is wrong with a value by itself, "" for nothing; the second argument is the type.
_CHECKS: dict[str, Callable[[Any, Any], str]] = {
    "address": _address,
    "port": _port,
    "validate_certs": lambda value, _kind: "should be true or false" if _switch(value) is None else "",
    "boot": lambda value, _kind: "" if value in BOOTS else f"should be {' or '.join(BOOTS)}",
    "broadcast": _ipv4,
    "interface": _ipv4,
}
