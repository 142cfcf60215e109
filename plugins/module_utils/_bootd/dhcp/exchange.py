# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the log says of one DHCP message of a known machine, and of its answer: at info only what is new."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from ..decisions.events import Decline
from ..hardware.model import Nic
from ..process.lately import Lately
from ..process.log import Log
from ..runtime.recent_packets import ANSWERED, NOTHING_TOLD, UNANSWERED
from . import options as opt
from .decide import ANOTHER_SERVER, DHCP_DISABLED, NO_RESERVATION, Answer, Silence
from .packet import NO_ADDRESS, Kind, Packet
from .sighting import shown_octets

UNKNOWN_TYPE = "unknown"  # the name of messages whose type RFC 2131 does not name
MAX_TOLD = 65536  # at least, of all machines: three for each, firmware, iPXE and its system, twice by a pair of relays
# Why a known machine gets nothing at all: that stays so until its object is changed.
_LEFT_ALONE = (DHCP_DISABLED, NO_RESERVATION)


class LastTold:
    """A ``digest`` of what one client was told last."""

    __slots__ = ("digest",)

    def __init__(self) -> None:
        self.digest: int | None = None

    def is_news(self, digest: int | None) -> bool:
        """Return whether what the client is told, by its ``digest``, differs from the last time."""
        if self.digest == digest:
            return False
        self.digest = digest
        return True


class Told:
    """What each client of a machine was told last, so that the log says once what stays as it is. For one thread.

    ``last`` is by what ``Exchange.client`` gives.
    """

    def __init__(self) -> None:
        self.last = Lately(MAX_TOLD, LastTold)

    def is_news(self, who: tuple[str, ...], digest: int | None) -> bool:
        """Return whether what the client ``who`` is told, by its ``digest``, differs from the last time."""
        return self.last.of(who).is_news(digest)


class Exchange:
    """The lines in the log about one message of a known machine; the names of the fields are those of Boots."""

    def __init__(self, request: Packet, nic: Nic, source: str, interface: str, log: Log, told: Told) -> None:
        """Take the message ``request`` of ``nic``, heard from the address ``source`` on ``interface``."""
        self.request = request
        self.nic = nic
        self.source = source
        self.interface = interface
        self.via = source if request.giaddr == NO_ADDRESS else request.giaddr
        self._log, self._told = log, told

    def client(self, kind: str) -> tuple[str, ...]:
        """Return what tells the client of this ``kind`` from others: its MAC, and the relay and interface it comes by.

        Relays come in pairs, and each forwards every message: what came by the other is no news.
        """
        return self.nic.interface.mac, kind, self.request.giaddr, self.interface

    def fields(self) -> dict[str, object]:
        """Return the fields that every line about the message has."""
        fields = fields_of(self.nic, self.via, self.interface, self.request.xid.to_bytes(4, "big"))
        return fields | ({"rehearsal": True} if self.request.is_rehearsal else {})

    def log_received(self) -> None:
        """Log the message that was received, at debug."""
        if not self._log.wants_debug:
            return
        request = self.request
        relay = request.options.get(opt.RELAY_AGENT_INFORMATION)
        self._log.debug(
            "recv",
            **self.fields(),
            type=type_name(request),
            secs=request.secs or None,
            **_relay_fields(relay),
        )

    def log_sent(self, answer: Answer, dropped: tuple[int, ...]) -> None:
        """Log the answer that is sent, at info where it is a refusal or says what the client was not told last.

        ``dropped`` are the options that the client had no room for.
        """
        is_news = self._is_news(answer, dropped)
        if not (is_news or self._log.wants_debug):
            return
        reply, leased = answer.reply, answer.leased
        tell_sent(
            self._log.info if is_news else self._log.debug,
            self.fields(),
            type_name(reply),
            client=leased.client if leased is not None else None,
            address=reply.yiaddr,
            next_server=reply.siaddr,
            filename=leased.filename if leased is not None else "",
            reason=log_reason(answer),
            dropped=dropped,
            relay_information=reply.options.get(opt.RELAY_AGENT_INFORMATION),
        )

    def log_silence(self, silence: Silence) -> None:
        """Log why there is no answer.

        At info that its address is in use, and once that it takes another server's, or that its object gives it none.
        """
        chosen = opt.ipv4(self.request.options.get(opt.SERVER_IDENTIFIER))
        server = chosen if silence.reason == ANOTHER_SERVER else None
        is_news = isinstance(silence.detail, Decline)
        if server is not None or silence.reason in _LEFT_ALONE:
            is_news = self._differs(UNANSWERED, silence.reason, server)
        if not (is_news or self._log.wants_debug):
            return
        (self._log.info if is_news else self._log.debug)(
            "ignore",
            **self.fields(),
            reason=silence.reason,
            address=silence.detail.address if silence.detail else None,
            server=server,
        )

    def _is_news(self, answer: Answer, dropped: tuple[int, ...]) -> bool:
        leased = answer.leased
        if leased is None:
            return not self.request.is_rehearsal
        # Not the address in the message: a DHCPINFORM is answered without one.
        address = self.nic.interface.address
        return self._differs(leased.client, address, leased.filename, log_reason(answer), dropped)

    def _differs(self, client: str, *what: object) -> bool:
        if self.request.is_rehearsal:
            return False
        return self._told.is_news(self.client(client), told_digest(*what))


def fields_of(nic: Nic, via: str, interface: str, xid: bytes) -> dict[str, object]:
    """Return the fields that every line about a message of ``nic`` has."""
    return {
        "mac": nic.interface.mac,
        "machine": nic.machine.name,
        "via": via,
        "iface": interface or None,
        "xid": xid.hex(":"),
    }


def told_digest(*what: object) -> int:
    """Return what tells ``what`` a client is told from anything else, within this process."""
    return hash(what)


def tell_sent(
    tell: Callable[..., None],
    fields: dict[str, object],
    kind: str,
    *,
    client: str | None,
    address: str,
    next_server: str,
    filename: str,
    reason: str | None,
    dropped: tuple[int, ...],
    relay_information: bytes | None,
) -> None:
    """Write the line about an answer of the type ``kind``; ``fields`` are those of every line about the message."""
    tell(
        "send",
        **fields,
        type=kind,
        client=client,
        address=unless_zero(address),
        next_server=unless_zero(next_server),
        filename=filename or None,
        reason=reason,
        dropped_options=list(dropped) or None,
        **_option_82(relay_information),
    )


def type_name(packet: Packet) -> str:
    """Return the name of the message's type, UNKNOWN_TYPE for all that RFC 2131 does not name."""
    return opt.MESSAGE_NAMES.get(packet.message_type or 0, UNKNOWN_TYPE)


def log_reason(answer: Answer) -> str | None:
    """Return why an address is refused, or why firmware gets nothing to boot: the log has to say that."""
    leased = answer.leased
    if leased is None:
        return answer.reason
    is_unbootable = leased.client == Kind.FIRMWARE.value and not (leased.netboot and leased.filename)
    return answer.reason if is_unbootable else None


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


@dataclass(frozen=True, slots=True)
class Origin:
    """The MAC in a message, "" for none, the address it came from, and the interface."""

    mac: str
    source: str
    interface: str


def packet_of(
    request: Packet, reason: str, origin: Origin, answer: Answer | None
) -> tuple[str, str, str, tuple[str | int | None, ...]]:
    """Return an entry of ``recent_packets`` but for its time."""
    outcome, told = UNANSWERED, NOTHING_TOLD
    if answer is not None:
        leased, reply = answer.leased, answer.reply
        given = (leased.client, leased.filename) if leased is not None else ("", "")
        outcome, told = ANSWERED, (type_name(reply), reply.yiaddr, *given)
    return "dhcp", outcome, type_name(request), (*told, reason, request.giaddr, origin.interface)
