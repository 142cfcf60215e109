# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the log says of one DHCP message of a known machine, and of its answer."""

from __future__ import annotations

from base64 import b64encode

from ..hardware.model import Nic
from ..process.log import Log
from . import options as opt
from .decide import ANOTHER_SERVER, Answer, Silence
from .packet import NO_ADDRESS, Kind, Packet
from .sighting import shown_octets

UNKNOWN_TYPE = "unknown"  # the name of messages whose type RFC 2131 does not name


class Exchange:
    """The lines in the log about one message of a known machine; the names of the fields are those of Boots.

    ``fields`` are those that every line about it has.
    """

    def __init__(self, request: Packet, nic: Nic, source: str, interface: str, log: Log) -> None:
        """Take the message ``request`` of ``nic``, heard from the address ``source`` on ``interface``."""
        self.request = request
        self.nic = nic
        self.source = source
        self.fields: dict[str, object] = {
            "mac": request.mac,
            "machine": nic.machine.name,
            "via": source if request.giaddr == NO_ADDRESS else request.giaddr,
            "iface": interface or None,
            "xid": request.xid.to_bytes(4, "big").hex(":"),
            **({"rehearsal": True} if request.is_rehearsal else {}),
        }
        self._log = log

    def log_received(self) -> None:
        """Log the message that was received."""
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
        """Log the answer that is sent; ``dropped`` are the options that the client had no room for."""
        reply = answer.reply
        # Where firmware gets nothing to boot, the log has to say why.
        leased = answer.leased
        filename = leased.filename if leased is not None else ""
        unbootable = leased is not None and leased.client == Kind.FIRMWARE.value and not (leased.netboot and filename)
        self._log.info(
            "send",
            **self.fields,
            type=type_name(reply),
            address=unless_zero(reply.yiaddr),
            next_server=unless_zero(reply.siaddr),
            filename=filename or None,
            reason=answer.reason if unbootable or reply.message_type == opt.DHCPNAK else None,
            dropped_options=list(dropped) or None,
            **_option_82(reply.options.get(opt.RELAY_AGENT_INFORMATION)),
        )

    def log_silence(self, silence: Silence) -> None:
        """Log why there is no answer."""
        chosen = opt.ipv4(self.request.options.get(opt.SERVER_IDENTIFIER))
        self._log.info(
            "ignore",
            **self.fields,
            reason=silence.reason,
            address=silence.detail.address if silence.detail else None,
            server=chosen if silence.reason == ANOTHER_SERVER else None,
        )


def type_name(packet: Packet) -> str:
    """Return the name of the message's type, UNKNOWN_TYPE for all that RFC 2131 does not name."""
    return opt.MESSAGE_NAMES.get(packet.message_type or 0, UNKNOWN_TYPE)


def unless_zero(address: str) -> str | None:
    """Return ``address``, None where it is 0.0.0.0."""
    return None if address == NO_ADDRESS else address


def _option_82(value: bytes | None) -> dict[str, object]:
    return {"option(82)": b64encode(value).decode("ascii")} if value else {}


def _relay_fields(value: bytes | None) -> dict[str, object]:
    """Return option 82 for the log: as it was sent, and the sub-options that have a meaning here."""
    if not value:
        return {}
    parts = opt.sub_options(value)
    found = {
        "circuitID": shown_octets(parts.get(opt.CIRCUIT_ID)),
        "remoteID": shown_octets(parts.get(opt.REMOTE_ID)),
        "link_selection": opt.ipv4(parts.get(opt.LINK_SELECTION, parts.get(opt.CISCO_LINK_SELECTION))),
        "server_id_override": opt.ipv4(parts.get(opt.SERVER_ID_OVERRIDE, parts.get(opt.CISCO_SERVER_ID_OVERRIDE))),
    }
    return _option_82(value) | {name: text for name, text in found.items() if text}
