# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A message of a known machine as the log shows it: what came, what went, or why nothing did."""

from __future__ import annotations

from base64 import b64encode

from ..catalog import Nic
from ..logs import Log
from . import options as opt
from .client import Kind
from .decide import Answer, Silence
from .packet import NO_ADDRESS, Packet

UNKNOWN_TYPE = "unknown"


class Exchange:
    """One message of a known machine, and its lines in the log; the names of the fields are those of Boots.

    ``fields`` are those that every line about it has.
    """

    def __init__(self, request: Packet, nic: Nic, source: str, interface: str, log: Log) -> None:
        """Take the message ``request`` of ``nic``, heard from the address ``source`` on ``interface``."""
        self.request = request
        self.nic = nic
        self.fields: dict[str, object] = {
            "mac": request.mac,
            "machine": nic.machine.name,
            "via": source if request.giaddr == NO_ADDRESS else request.giaddr,
            "iface": interface or None,
            "xid": request.xid.to_bytes(4, "big").hex(":"),
        }
        self._log = log

    def log_received(self) -> None:
        """Say what came."""
        request = self.request
        relay = request.options.get(opt.RELAY_AGENT_INFORMATION)
        self._log.info(
            "recv",
            **self.fields,
            type=type_name(request),
            secs=request.secs or None,
            **_relay_fields(relay),
        )

    def log_sent(self, answer: Answer, dropped: tuple[int, ...]) -> None:
        """Say what went; ``dropped`` are the options that the client had no room for."""
        reply = answer.reply
        # Where firmware gets nothing to boot, the log has to say why.
        leased = answer.leased
        filename = leased.filename if leased is not None else ""
        unbootable = leased is not None and leased.client == Kind.FIRMWARE.value and not (leased.netboot and filename)
        self._log.info(
            "send",
            **self.fields,
            type=type_name(reply),
            address=_present(reply.yiaddr),
            next_server=_present(reply.siaddr),
            filename=filename or None,
            reason=answer.reason if unbootable or reply.message_type == opt.DHCPNAK else None,
            dropped_options=list(dropped) or None,
            **_option_82(reply.options.get(opt.RELAY_AGENT_INFORMATION)),
        )

    def log_silence(self, silence: Silence) -> None:
        """Say why nothing went."""
        self._log.info(
            "ignore", **self.fields, reason=silence.reason, address=silence.seen.address if silence.seen else None
        )


def type_name(packet: Packet) -> str:
    """Return the name of the message's type, UNKNOWN_TYPE for all that RFC 2131 does not name."""
    return opt.MESSAGE_NAMES.get(packet.message_type or 0, UNKNOWN_TYPE)


def _present(address: str) -> str | None:
    return None if address == NO_ADDRESS else address


def _option_82(value: bytes | None) -> dict[str, object]:
    return {"option(82)": b64encode(value).decode("ascii")} if value else {}


def _relay_fields(value: bytes | None) -> dict[str, object]:
    """Return what a relay says in option 82, raw and taken apart."""
    if not value:
        return {}
    parts = opt.sub_options(value)
    found = {
        "circuitID": _printable(parts.get(opt.CIRCUIT_ID)),
        "remoteID": _printable(parts.get(opt.REMOTE_ID)),
        "link_selection": opt.ipv4(parts.get(opt.LINK_SELECTION)),
        "server_id_override": opt.ipv4(parts.get(opt.SERVER_ID_OVERRIDE)),
    }
    return _option_82(value) | {name: text for name, text in found.items() if text}


def _printable(value: bytes | None) -> str:
    """Return ``value`` as text where it is some, else in hexadecimal: many relays send a bare MAC address."""
    if not value:
        return ""
    return value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() else value.hex(":")
