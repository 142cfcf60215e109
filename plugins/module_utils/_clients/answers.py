# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a DHCP server answered, as data: its addresses, its message, and the options of it by name. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import NO_ADDRESS, Packet
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import printable


@dataclass(frozen=True, slots=True)
class Answer:
    """One DHCPOFFER: to which ``mac`` and ``kind`` of client, and ``seconds`` after its DHCPDISCOVER was sent.

    ``server_mac`` is where its frame came from, ``source`` its IP address: a router's where there is a relay between.
    """

    mac: str
    kind: str
    seconds: float
    server_mac: str
    source: str
    message: Packet

    @property
    def server(self) -> str:
        """The server's own address, as it names it (option 54), else where the packet came from."""
        return opt.ipv4(self.message.options.get(opt.SERVER_IDENTIFIER)) or self.source

    @property
    def address(self) -> str:
        """The address that it offers, "" where it offers none, as a proxy DHCP server does."""
        return "" if self.message.yiaddr == NO_ADDRESS else self.message.yiaddr

    @property
    def siaddr(self) -> str:
        """The next server, dotted, "" where it names none."""
        return "" if self.message.siaddr == NO_ADDRESS else self.message.siaddr

    @property
    def file(self) -> str:
        """The boot file: option 67 where there is one, else the field of the header; "" where there is none."""
        return shown(self.message.options.get(opt.BOOT_FILE_NAME)) or shown(self.message.file)

    @property
    def sname(self) -> str:
        """The name of the boot server: option 66 where there is one, else the field of the header."""
        return shown(self.message.options.get(opt.TFTP_SERVER_NAME)) or shown(self.message.sname)

    @property
    def options(self) -> dict[str, object]:
        """Its options by name."""
        return named_options(self.message.options)


def shown(value: bytes | None) -> str:
    """Return a stranger's text with all escaped that a terminal would obey, or that would look like another line."""
    return printable(opt.text(value))


def named_options(options: Mapping[int, bytes]) -> dict[str, object]:
    """Return ``options`` by their RFC's names and with values for people.

    An option without a name here is ``option_CODE``; a value that has not the form it should have is hexadecimal.
    """
    found: dict[str, object] = {}
    for code in sorted(options):
        name, read = _OPTIONS.get(code, (f"option_{code}", _none))
        value = read(options[code])
        found[name] = options[code].hex() if value is None else value
    return found


def _none(_octets: bytes) -> object:
    return None


def _address(octets: bytes) -> object:
    return opt.ipv4(octets)


def _addresses(octets: bytes) -> object:
    parts = [opt.ipv4(octets[start : start + 4]) for start in range(0, len(octets), 4)]
    return [part for part in parts if part is not None] if parts and None not in parts else None


def _text(octets: bytes) -> object:
    try:
        text = opt.text_octets(octets).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _number(octets: bytes) -> object:
    return int.from_bytes(octets, "big") if len(octets) in (1, 2, 4) else None


def _message_type(octets: bytes) -> object:
    return opt.MESSAGE_NAMES.get(octets[0]) if len(octets) == 1 else None


# Code -> name and reader: RFC 2132's names, and where another RFC has the option, its.
_OPTIONS: Mapping[int, tuple[str, Callable[[bytes], object]]] = MappingProxyType(
    {
        opt.SUBNET_MASK: ("subnet_mask", _address),
        opt.ROUTER: ("router", _addresses),
        opt.DOMAIN_NAME_SERVER: ("domain_name_server", _addresses),
        opt.LOG_SERVER: ("log_server", _addresses),
        opt.HOST_NAME: ("host_name", _text),
        13: ("boot_file_size", _number),
        opt.DOMAIN_NAME: ("domain_name", _text),
        17: ("root_path", _text),
        26: ("interface_mtu", _number),
        opt.BROADCAST_ADDRESS: ("broadcast_address", _address),
        opt.NTP_SERVERS: ("network_time_protocol_servers", _addresses),
        opt.VENDOR_SPECIFIC: ("vendor_specific_information", _none),
        opt.LEASE_TIME: ("ip_address_lease_time", _number),
        opt.MESSAGE_TYPE: ("dhcp_message_type", _message_type),
        opt.SERVER_IDENTIFIER: ("server_identifier", _address),
        opt.MESSAGE: ("message", _text),
        opt.RENEWAL_TIME: ("renewal_time", _number),
        opt.REBINDING_TIME: ("rebinding_time", _number),
        opt.VENDOR_CLASS: ("vendor_class_identifier", _text),
        opt.CLIENT_IDENTIFIER: ("client_identifier", _none),
        opt.TFTP_SERVER_NAME: ("tftp_server_name", _text),
        opt.BOOT_FILE_NAME: ("bootfile_name", _text),
        opt.RELAY_AGENT_INFORMATION: ("relay_agent_information", _none),
        opt.CLIENT_UUID: ("client_machine_identifier", _none),
        opt.DOMAIN_SEARCH: ("domain_search", _none),
        opt.CLASSLESS_STATIC_ROUTE: ("classless_static_route", _none),
        150: ("tftp_server_address", _addresses),
        opt.IPXE: ("ipxe_encapsulated_options", _none),
    }
)
