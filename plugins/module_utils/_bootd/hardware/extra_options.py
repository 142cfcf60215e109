# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP options that an object names beside its fields: the annotation ``netboot.baremetal/dhcp-options``. Pure.

It holds a mapping, as YAML or JSON: ``{interface-mtu: 9000, "150": "ip:10.0.0.5", always: ["150"]}``. A key is the name
of an option, as ISC's and Kea's servers call it, or its code; a code that is not in OPTIONS has its type before its
value. ``always`` lists the keys of those that are sent to clients that do not ask for them too (option 55).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from ..dhcp import options as opt
from . import values
from .names import is_hostname
from .problem import ABSENT
from .yaml_reader import Unreadable, read_yaml

DHCP_OPTIONS_ANNOTATION = "netboot.baremetal/dhcp-options"
PATH = f"metadata.annotations.{DHCP_OPTIONS_ANNOTATION}"
ALWAYS = "always"
MAX_TEXT = 16384  # characters of the annotation
MAX_VALUE = 255  # bytes of one value: more would be split over two options (RFC 3396), which little firmware reads
MAX_BYTES = 1024  # of all values
EXAMPLES = "ip:10.0.0.5, uint16:9000, text:abc or hex:01ff"

# name -> code and type; RFC 2132 unless a line names another source.
OPTIONS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "time-offset": (2, "int32"),
        "time-servers": (4, "ip"),  # RFC 868's protocol; those of NTP are a field of the object
        "log-servers": (7, "ip"),
        "lpr-servers": (9, "ip"),
        "root-path": (17, "text"),
        "default-ip-ttl": (23, "uint8"),
        "interface-mtu": (26, "uint16"),
        "nis-domain": (40, "text"),
        "nis-servers": (41, "ip"),
        "netbios-name-servers": (44, "ip"),
        "netbios-node-type": (46, "uint8"),
        "pcode": (100, "text"),  # RFC 4833: time zone, as POSIX writes it
        "tcode": (101, "text"),  # RFC 4833: time zone, by its name
        "domain-search": (opt.DOMAIN_SEARCH, "domains"),  # RFC 3397
        "tftp-server-address": (150, "ip"),  # RFC 5859
        "loader-configfile": (209, "text"),  # RFC 5071
        "loader-pathprefix": (210, "text"),  # RFC 5071
        "loader-reboottime": (211, "uint32"),  # RFC 5071
    }
)

_DHCP = "spec.interfaces[0].dhcp"
_PROTOCOL = "it is part of how DHCP itself works"
_BOOT = "it is how bootd tells clients what to boot"
_LEASE = f"it is made of {_DHCP}.lease_time"
# Codes that an object can't give here, and why.
REFUSED: Mapping[int, str] = MappingProxyType(
    {
        opt.SUBNET_MASK: f"it is {_DHCP}.ip.netmask",
        opt.ROUTER: f"it is {_DHCP}.ip.gateway",
        opt.DOMAIN_NAME_SERVER: f"it is {_DHCP}.name_servers",
        opt.HOST_NAME: f"it is {_DHCP}.hostname",
        opt.DOMAIN_NAME: f"it is {_DHCP}.domain_name",
        opt.BROADCAST_ADDRESS: f"it is made of {_DHCP}.ip.address and {_DHCP}.ip.netmask",
        opt.NTP_SERVERS: f"it is {_DHCP}.time_servers",
        opt.LEASE_TIME: f"it is {_DHCP}.lease_time",
        opt.RENEWAL_TIME: _LEASE,
        opt.REBINDING_TIME: _LEASE,
        opt.TFTP_SERVER_NAME: f"it is {_DHCP}.tftp_server_name",
        opt.BOOT_FILE_NAME: f"it is {_DHCP}.boot_file_name",
        opt.CLASSLESS_STATIC_ROUTE: f"it is {_DHCP}.classless_static_routes",
        opt.VENDOR_SPECIFIC: _BOOT,
        opt.VENDOR_CLASS: _BOOT,
        opt.IPXE: _BOOT,
        opt.PAD: "it is padding",
        opt.END: "it is the end of all options",
        **dict.fromkeys(
            (
                opt.REQUESTED_ADDRESS,
                opt.OVERLOAD,
                opt.MESSAGE_TYPE,
                opt.SERVER_IDENTIFIER,
                opt.PARAMETER_REQUEST_LIST,
                opt.MESSAGE,
                opt.MAX_MESSAGE_SIZE,
                opt.CLIENT_IDENTIFIER,
                opt.USER_CLASS,
                80,  # rapid commit, RFC 4039
                81,  # the client's FQDN, RFC 4702
                opt.RELAY_AGENT_INFORMATION,
                90,  # authentication, RFC 3118
                opt.CLIENT_ARCHITECTURE,
                94,  # the client's network interface, RFC 4578
                opt.CLIENT_UUID,
                118,  # subnet selection, RFC 3011
            ),
            _PROTOCOL,
        ),
    }
)

# What people may call those that are refused.
_REFUSED_NAMES = {
    "subnet-mask": opt.SUBNET_MASK,
    "routers": opt.ROUTER,
    "domain-name-servers": opt.DOMAIN_NAME_SERVER,
    "host-name": opt.HOST_NAME,
    "domain-name": opt.DOMAIN_NAME,
    "broadcast-address": opt.BROADCAST_ADDRESS,
    "ntp-servers": opt.NTP_SERVERS,
    "vendor-encapsulated-options": opt.VENDOR_SPECIFIC,
    "dhcp-lease-time": opt.LEASE_TIME,
    "vendor-class-identifier": opt.VENDOR_CLASS,
    "tftp-server-name": opt.TFTP_SERVER_NAME,
    "boot-file-name": opt.BOOT_FILE_NAME,
    "bootfile-name": opt.BOOT_FILE_NAME,
    "classless-static-route": opt.CLASSLESS_STATIC_ROUTE,
}
_NAMES = {code: name for name, (code, _type) in OPTIONS.items()}
_CODE = re.compile(r"[0-9]{1,3}", re.ASCII)
_TYPED = re.compile(r"([a-z0-9]+):(.*)", re.DOTALL)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[ :-]?)+", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,10}", re.ASCII)


class Unfit(ValueError):
    """A value that an option can't have; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class ExtraOption:
    """One option, its value as it is sent. ``always``: also to a client that asks for other options only."""

    code: int
    value: bytes
    always: bool = False

    def __str__(self) -> str:
        return f"{_NAMES.get(self.code, self.code)}{' (always)' if self.always else ''}"


@dataclass(frozen=True, slots=True)
class ExtraOptions:
    """What an annotation says: the options that can be sent, and (key, value, message) of what is wrong."""

    options: tuple[ExtraOption, ...] = ()
    problems: tuple[tuple[str, Any, str], ...] = ()


def check_extra_options(text: str) -> Iterator[tuple[str, Any, str, bool]]:
    """Yield what is wrong with the annotation ``text`` of one object."""
    for key, value, message in read_extra_options(text).problems:
        yield f"{PATH}.{key}" if key else PATH, value, message, False


NO_OPTIONS = ExtraOptions()  # one for all: ten thousand objects have none


def read_extra_options(text: str) -> ExtraOptions:
    """Return what the annotation ``text``, "" for none, says; what is wrong is left out of the options."""
    if not text:
        return NO_OPTIONS
    try:
        given = _mapping(text)
    except Unfit as unfit:
        return ExtraOptions((), (("", ABSENT, str(unfit)),))
    found: dict[int, bytes] = {}
    problems: list[tuple[str, Any, str]] = []
    codes: dict[str, int] = {}
    for key, value in given.items():
        if key == ALWAYS:
            continue
        try:
            codes[key] = code = _code(key)
            if code in found:
                raise Unfit("given twice, by its name and by its code")
            found[code] = _octets(code, value)
        except Unfit as unfit:
            problems.append((key, value, str(unfit)))
    if sum(map(len, found.values())) > MAX_BYTES:
        return ExtraOptions(
            (), (*problems, ("", ABSENT, f"more than {MAX_BYTES} bytes in all; no reply has that room"))
        )
    always, wrong = _always(given.get(ALWAYS), codes)
    options = (ExtraOption(code, value, code in always) for code, value in found.items())
    return ExtraOptions(tuple(options), (*problems, *wrong))


def _mapping(text: str) -> dict[str, Any]:
    form = 'should be a mapping of options to values, as in {interface-mtu: 9000, "150": "ip:10.0.0.5"}'
    if len(text) > MAX_TEXT:
        raise Unfit(f"is longer than {MAX_TEXT} characters")
    try:
        documents = list(read_yaml(text))
    except Unreadable as error:
        raise Unfit(f"{form}; line {error.line + 1}: {error.message}") from None
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise Unfit(form)
    doubts = documents[0].doubts
    if doubts:
        raise Unfit(f"line {doubts[0][0] + 1}: {doubts[0][1]}")
    return documents[0].value


def _code(key: str) -> int:
    """Return the code of the option ``key``, a name or a code."""
    name = key.replace("_", "-").lower()
    if name in OPTIONS:
        return OPTIONS[name][0]
    if not _CODE.fullmatch(key) and name not in _REFUSED_NAMES:
        raise Unfit(f"is no option that bootd has a name for: {_meant(name)}")
    code = _REFUSED_NAMES[name] if name in _REFUSED_NAMES else int(key)
    if code > opt.END:
        raise Unfit("should be a code from 1 to 254")
    if code in REFUSED:
        raise Unfit(f"option {code} can't be given here: {REFUSED[code]}")
    return code


def _meant(name: str) -> str:
    near = [known for known in OPTIONS if name in known] or get_close_matches(name[:64], OPTIONS, n=1, cutoff=0.6)
    return f"should this be {near[0]}?" if near else "options without a name here go by their code"


def _always(given: Any, codes: Mapping[str, int]) -> tuple[set[int], list[tuple[str, Any, str]]]:
    """Return the codes that ``always`` lists, and what is wrong with it; ``codes`` are those of all other keys."""
    if given is None:
        return set(), []
    if not isinstance(given, list):
        return set(), [(ALWAYS, given, 'should be a list of keys of this mapping, as in ["150", interface-mtu]')]
    unknown = [key for key in given if str(key) not in codes]
    wrong = [(ALWAYS, key, "is not among the options given beside it") for key in unknown]
    return {codes[str(key)] for key in given if str(key) in codes}, wrong


def _octets(code: int, value: Any) -> bytes:
    """Return ``value`` of the option ``code`` as it is sent."""
    name = _NAMES.get(code, "")
    kind = OPTIONS[name][1] if name else ""
    typed = _TYPED.fullmatch(value) if isinstance(value, str) else None
    if typed and typed[1] in ((kind, "hex") if kind else _WRITERS):
        kind, value = typed[1], typed[2].strip()
    if not kind:
        raise Unfit(f"needs its type before it, as in {EXAMPLES}; types are {', '.join(_WRITERS)}")
    octets = _WRITERS[kind](value)
    if not octets:
        raise Unfit("is empty, which no option is")
    if len(octets) > MAX_VALUE:
        raise Unfit(f"takes {len(octets)} bytes; an option has room for {MAX_VALUE}")
    return octets


def _items(value: Any) -> list[str]:
    """Return a list of texts, or a text of them with commas or blanks between, as a list."""
    items = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unfit("should be text, or a list of texts")
    return items


def _addresses(value: Any) -> bytes:
    items = _items(value)
    for item in items:
        message = values.server(item)
        if message:
            raise Unfit(f"{item!r} {message}")
    return opt.from_ipv4(*items)


def _domains(value: Any) -> bytes:
    items = _items(value)
    for item in items:
        if not is_hostname(item.removesuffix(".")):
            raise Unfit(f"{item!r} should be a domain name")
    return opt.from_domains(items) or b""


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Unfit("should be text: put it in quotes")
    if not value.isprintable():
        raise Unfit("has control characters")
    return value.encode("utf-8")


def _bool(value: Any) -> bytes:
    known = {"true": b"\1", "false": b"\0"}
    octet = known.get(str(value).lower())
    if octet is None:
        raise Unfit("should be true or false")
    return octet


def _hex(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise Unfit("should be pairs of hexadecimal digits, as in hex:01ff")
    return bytes.fromhex(re.sub("[ :-]", "", value))


def _number(size: int, least: int, most: int) -> Callable[[Any], bytes]:
    """Return what writes a number from ``least`` to ``most`` in ``size`` bytes."""

    def write(value: Any) -> bytes:
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Unfit(f"should be a whole number from {least} to {most}")
        return value.to_bytes(size, "big", signed=least < 0)

    return write


# The types that a value can have.
_WRITERS: Mapping[str, Callable[[Any], bytes]] = MappingProxyType(
    {
        "ip": _addresses,
        "uint8": _number(1, 0, 0xFF),
        "uint16": _number(2, 0, 0xFFFF),
        "uint32": _number(4, 0, 0xFFFFFFFF),
        "int32": _number(4, -(1 << 31), (1 << 31) - 1),
        "bool": _bool,
        "text": _text,
        "domains": _domains,
        "hex": _hex,
    }
)
TYPES = tuple(_WRITERS)
