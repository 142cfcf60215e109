# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Checks of single values of a Hardware object: each returns what is wrong with the value, "" where nothing is."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from urllib.parse import urlsplit

from .mac import CANONICAL, parse_mac
from .names import is_hostname

_PREFIX = re.compile(r"/?([0-9]|[12][0-9]|3[0-2])", re.ASCII)
_BARE_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:/|\Z)", re.ASCII)
_ZEROS = re.compile(r"(?=(?:.*\.)?0[0-9])[0-9]+(?:\.[0-9]+){3}", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]")
MAX_LEASE = 0xFFFFFFFF  # seconds; this very value means for ever (RFC 2131 section 3.3)
MAX_VLAN = 4094
_THIS_NETWORK = IPv4Network("0.0.0.0/8")  # RFC 6890
SCRIPT_SCHEMES = ("http", "https", "ftp", "tftp")  # that iPXE loads from


def mac(text: str) -> str:
    """Check a MAC address against the form of Tinkerbell's schema, whose pattern lets other text around it pass."""
    if CANONICAL.fullmatch(text):
        first = int(text[:2], 16)
        if first & 1:
            return "is a multicast address; a network card has an even first byte"
        return "is no card's address" if text == "00:00:00:00:00:00" else ""
    meant = parse_mac(text.strip())
    if meant is None:
        # All 12 digits are there, something else is around or between them.
        digits = "".join(_HEX.findall(text)).lower()
        inner = re.search(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", text.lower())
        meant = parse_mac(inner[0]) if inner else parse_mac(digits)
    form = "should be six bytes as in 58:47:ca:71:d8:49, lower case, with colons"
    return f"{form}: {meant}" if meant else form


def ipv4(text: str) -> str:
    """Check that ``text`` is a plain IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return f"should be an IPv4 address as in 10.10.0.16{_ipv4_hint(text)}"
    return ""


def _ipv4_hint(text: str) -> str:
    address, slash, prefix = text.strip().partition("/")
    if slash and not ipv4(address) and _PREFIX.fullmatch(prefix):
        return f": {address}, with netmask {IPv4Network(f'0.0.0.0/{prefix}').netmask}"
    if _is_ipv6(address):
        return "; IPv6 is not served"
    if _ZEROS.fullmatch(text):
        return ", without leading zeros"
    if text != text.strip():
        return ", without spaces around it"
    return ""


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def host_address(text: str) -> str:
    """Check that ``text`` is an IPv4 address that one machine can have."""
    message = ipv4(text)
    if message:
        return message
    address = IPv4Address(text)
    kinds = {
        "the unspecified address": address.is_unspecified or address in _THIS_NETWORK,
        "a loopback address": address.is_loopback,
        "a multicast address": address.is_multicast,
        "the broadcast address": text == "255.255.255.255",
        "a reserved address": address.is_reserved,
        "a link-local address": address.is_link_local,
    }
    kind = next((name for name, applies in kinds.items() if applies), None)
    return f"is {kind}; should be one that a machine can have" if kind else ""


def netmask(text: str) -> str:
    """Check that ``text`` is a netmask in dotted form whose ones come first."""
    prefix = _PREFIX.fullmatch(text)
    if prefix:
        return f"should be in dotted form: {IPv4Network(f'0.0.0.0/{prefix[1]}').netmask}"
    if ipv4(text):
        return "should be a netmask as in 255.255.255.0"
    bits = int(IPv4Address(text))
    inverse = bits ^ 0xFFFFFFFF
    if inverse & (inverse + 1):
        return "is no netmask: its ones are not all at the front, as in 255.255.255.0"
    return "is a netmask that no network has" if bits == 0 else ""


def server(text: str) -> str:
    """Check that ``text`` is the IPv4 address of a server, as the lists of DHCP options carry it."""
    message = ipv4(text)
    if message and is_hostname(text) and not _is_ipv6(text):
        return f"{message}: DHCP carries addresses here, not names"
    if not message and IPv4Address(text).is_unspecified:
        return "is no server's address"
    return message


def hostname(text: str) -> str:
    """Check that ``text`` is a host name."""
    if is_hostname(text):
        return ""
    return "should be a host name: letters, digits and dashes, labels of at most 63, separated by dots"


def lease_time(seconds: int) -> str:
    """Check that ``seconds`` is a lease time that DHCP option 51 can carry."""
    if 0 < seconds <= MAX_LEASE:
        return ""
    if seconds == 0:
        return "a lease of 0 seconds ends at once; leave it out for the default, or write 86400 for a day"
    return f"should be seconds from 1 to {MAX_LEASE}; 86400 is a day"


def vlan_id(text: str) -> str:
    """Check that ``text`` is the number of one VLAN; 0 means untagged."""
    if re.fullmatch(r"0|[1-9][0-9]{0,3}", text, re.ASCII) and int(text) <= MAX_VLAN:
        return ""
    return f"should be the number of one VLAN, from 0 to {MAX_VLAN}"


def script_url(text: str) -> str:
    """Check that ``text`` is a URL that iPXE can load a script from."""
    return _url(text, SCRIPT_SCHEMES)


def base_url(text: str) -> str:
    """Check that ``text`` is a URL to which paths can be appended."""
    message = _url(text, ("http", "https"))
    if not message and ("?" in text or "#" in text):
        return "paths are appended to it, so it can't have a query or a fragment"
    return message


def _url(text: str, schemes: tuple[str, ...]) -> str:
    stripped = text.strip()
    message = _url_form(stripped, schemes)
    if text != stripped:
        return f"has spaces around it; {message}" if message else "has spaces around it"
    return message


def _url_form(text: str, schemes: tuple[str, ...]) -> str:
    if not text.isprintable() or not text.isascii() or " " in text:
        return "has spaces, control characters or other characters that must be percent-encoded in a URL"
    form = f"should be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"{form}: {error}"
    if parts.scheme not in schemes:
        return f"{form}: {schemes[0]}://{text}?" if _BARE_HOST.match(text) else form
    if not host:
        return f"{form}, then a host"
    return f"{form}; no server has port 0" if port == 0 else ""


def one_line(text: str) -> str:
    """Check that kernel arguments are one line; the message says where they are not, never what they are: a token."""
    body = text.removesuffix("\n")
    for place, char in enumerate(body):
        if char in "\r\n":
            return f"has a line break at character {place + 1}; kernel arguments are one line"
        if not char.isprintable():
            return f"has a control character at character {place + 1}"
    return ""


def route_destination(text: str) -> str:
    """Check that ``text`` is a network in prefix form, as routes have it (RFC 3442)."""
    address, slash, prefix = text.partition("/")
    if ipv4(address) or not slash or not re.fullmatch(r"[0-9]{1,2}", prefix, re.ASCII) or int(prefix) > 32:
        return "should be a network as in 192.168.1.0/24"
    network = IPv4Network(text, strict=False)
    return "" if str(network.network_address) == address else f"has bits set outside its prefix: {network}"
