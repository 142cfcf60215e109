# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Answers that all machines of one make share, so that a machine's first message is answered without a decision. Pure.

Most machines of a site differ in their MAC, their address and their names, and in nothing else that DHCP reads. So what
one of them was answered is a pattern: the answer to another, whose message is the same but for the machine's own values
(``OWN``), has its own values in their places. What a pattern gives is compared with what is decided for the first
machines that it fits, and one that was wrong is never used.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields, replace
from operator import attrgetter, itemgetter
from socket import inet_aton

from ..decisions.boot import Program
from ..decisions.events import Discover, Lease
from ..decisions.policy import script_url
from ..hardware.mac import dashed
from ..hardware.model import Interface, Nic
from ..installers.registry import installer_of
from ..process.tallies import Tally
from ..runtime.recent_packets import ANSWERED
from . import options as opt
from .decide import Answer, network_of, usable
from .exchange import log_reason, told_digest, type_name
from .packet import NO_ADDRESS, Packet, identify
from .prepared import Kept, Prepared
from .reply import Context, boot_offer, program_of
from .transport import Route

MAX_MACHINES = 32768  # whose make is remembered
MAX_MAKES = 4096
MAX_SHAPES = 2048  # of messages, of 3 KiB each
MAX_LAYOUTS = 8  # of messages of one size
MAX_SIZES = 512
PROOFS = 2  # further machines for which a pattern has to give what is decided, before it is used

# Options of a request that are the machine's own, and are echoed or not looked at. REQUESTED_ADDRESS is compared.
OWN = (
    opt.HOST_NAME,
    opt.REQUESTED_ADDRESS,
    opt.CLIENT_IDENTIFIER,
    81,  # its FQDN (RFC 4702), which nothing here reads
    opt.CLIENT_UUID,
)
OWN_OF_RELAY = (opt.CIRCUIT_ID, opt.REMOTE_ID)  # the port of its switch
_ECHOED = (opt.CLIENT_IDENTIFIER, opt.CLIENT_UUID, opt.RELAY_AGENT_INFORMATION)
# Places in a message (RFC 2131 section 2).
_XID_AND_SECS, _YIADDR, _OUI, _REST_OF_MAC, _FILE, _OPTIONS = slice(4, 10), slice(16, 20), 31, 34, 108, 240
_MAC = slice(28, 34)

# Of an interface, all but what is its own, and ``netboot``, of which only some counts.
_shared_of = attrgetter(
    *(item.name for item in fields(Interface) if item.name not in ("mac", "address", "hostname", "netboot"))
)
# Words that no object has, to see where those of an object go.
_NAME, _URL, _SERIAL = "\0name\0", "\0url\0", ":f1:9d:5b"


def make_of(nic: Nic) -> Hashable:
    """Return all that an answer to ``nic`` depends on but for its MAC's serial part, its address and its names."""
    interface, machine, netboot = nic.interface, nic.machine, nic.interface.netboot
    return (
        _shared_of(interface),
        len(interface.hostname.encode("utf-8")),
        network_of(interface),
        usable(interface.address),
        netboot.allow_pxe,
        netboot.switched_off,
        netboot.by_hand,
        netboot.ipxe_binary,
        bool(netboot.ipxe_contents),
        bool(netboot.osie.kernel or netboot.osie.base_url),
        bool(script_url(nic)),
        installer_of(machine).distro,
        machine.https_boot,
        machine.local_boot,
    )


class Layout:
    """Where in messages of one size the machine's own values are; ``own`` by the option's code."""

    def __init__(self, message: bytes) -> None:
        """Take the layout of a message that can be decoded."""
        self.own: dict[int, slice] = {}
        found = opt.spans(message, _OPTIONS)
        for code in OWN:
            if len(places := found.get(code, [])) == 1:
                self.own[code] = places[0]
        cuts = list(self.own.values())
        if len(places := found.get(opt.RELAY_AGENT_INFORMATION, [])) == 1:
            self.own[opt.RELAY_AGENT_INFORMATION] = places[0]
            inside = opt.spans(message[: places[0].stop], places[0].start)
            cuts += [inside[code][0] for code in OWN_OF_RELAY if len(inside.get(code, [])) == 1]
        starts, stops = [0, _XID_AND_SECS.stop, _REST_OF_MAC], [_XID_AND_SECS.start, _OUI]
        for cut in sorted(cuts, key=attrgetter("start")):
            stops.append(cut.start)
            starts.append(cut.stop)
        self.shared = [slice(start, stop) for start, stop in zip(starts, [*stops, len(message)], strict=True)]
        self.shared_of = itemgetter(*self.shared)  # what all messages of a shape have


@dataclass(slots=True)
class Pattern:
    """What machines of one make are answered to messages of one shape.

    ``payload`` is the answer to the machine with ``mac``; ``echoed`` are pairs of places, in the answer and in the
    message, ``named`` where the MAC stands in text, ``host_name`` where option 12 has its value. ``filename`` and
    ``reason`` are cut where the MAC, or the name (odd) and the URL of the script (even), go.
    """

    mac: str
    payload: bytes
    echoed: tuple[tuple[slice, slice], ...]
    named: tuple[slice, ...]
    host_name: slice | None
    requested: slice | None  # where the message has the address that must be the machine's own
    filename: tuple[str, ...]
    reason: tuple[tuple[str, ...], ...]
    tells_reason: bool
    heard: str
    kind: type[Discover | Lease]
    told: tuple[str, bool, str, int | None]  # Leased, but for the file
    loads: Program | None
    is_ipxe: bool
    types: tuple[str, str]  # of the message and of the answer
    giaddr: str
    interface: str
    next_server: str
    relay_information: slice | None  # where the message has option 82
    dropped: tuple[int, ...]
    counted: tuple[Tally, ...]
    way: Route | None  # where all answers leave by one
    proofs: int = 0

    @property
    def is_proven(self) -> bool:
        """Return whether it has given what is decided as often as it has to."""
        return self.proofs >= PROOFS

    def answer(self, message: bytes, nic: Nic) -> Prepared | None:
        """Return the answer to ``message`` of ``nic``; None where that asks for an address that it has not."""
        interface = nic.interface
        packed, mac, address = inet_aton(interface.address), interface.mac, interface.address
        if self.requested is not None and message[self.requested] != packed:
            return None
        payload = bytearray(self.payload)
        payload[4:8], payload[16:20], payload[28:34] = message[4:8], packed, message[28:34]
        machine = dashed(mac)
        if self.named:
            octets = machine.encode("ascii")
            for place in self.named:
                payload[place] = octets
        if self.host_name is not None:
            payload[self.host_name] = interface.hostname.encode("utf-8")
        for place, source in self.echoed:
            payload[place] = message[source]
        filename = machine.join(self.filename)
        reason = self.reason_for(nic)
        client = self.told[0]
        told = told_digest(address, filename, reason if self.tells_reason else None, self.dropped)
        asked, answered = self.types
        return Prepared(
            nic,
            nic.machine.key,
            bytes(payload),
            self.heard,
            self.kind(*self.told, filename),
            self.loads,
            self.is_ipxe,
            ((mac, client, self.giaddr, self.interface), told),  # see Exchange.client
            ("dhcp", ANSWERED, asked, (answered, address, client, filename, reason, self.giaddr, self.interface)),
            self.counted,
        )

    def reason_for(self, nic: Nic) -> str:
        """Return why ``nic`` is answered so, for people."""
        url = script_url(nic) if len(self.reason) > 1 else ""
        return url.join([nic.machine.name.join(part) for part in self.reason])

    def prove(self, message: bytes, nic: Nic, decided: Prepared) -> None:
        """Compare what this gives with what was ``decided`` for ``message`` of ``nic``."""
        if self.proofs < 0 or nic.interface.mac == self.mac:
            return
        self.proofs = self.proofs + 1 if self.answer(message, nic) == decided else -1


@dataclass(slots=True)
class Shape:
    """Messages that are the same but for the machine's own values, by which make: the ``program`` that sends them.

    ``patterns`` are by whether it is what the machine was told a moment ago to load.
    """

    program: Program
    patterns: dict[bool, Pattern]


class Makes:
    """The patterns of answers by the messages and the makes of machines that they are for. For one thread only."""

    def __init__(self) -> None:
        self._makes: dict[str, tuple[Nic, bytes]] = {}  # by MAC
        self._numbers: dict[Hashable, tuple[bytes, str]] = {}  # of makes, with the MAC that was the first of each
        self._common: set[bytes] = set()  # makes of which more than one machine was heard
        self._layouts: dict[int, list[tuple[bytes, Layout]]] = {}  # with their numbers, by the messages' size
        self._shapes = Kept[Shape](MAX_SHAPES)
        self._next = 0

    def clear(self) -> None:
        """Forget all patterns."""
        self._shapes.clear()

    def shape_of(self, message: bytes, heard: bytes, nic: Nic) -> Shape | None:
        """Return the shape of ``message`` of ``nic`` where one like it was answered; ``heard`` is always as long."""
        layouts = self._layouts.get(len(message))
        if layouts is None:
            return None
        make = self._make_of(nic)
        for number, layout in layouts:
            shape = self._shapes.find(b"".join((number, make, heard, *layout.shared_of(message))))
            if shape is not None:
                return shape
        return None

    def learn(
        self, message: bytes, heard: bytes, request: Packet, answer: Answer, prepared: Prepared, made: Made
    ) -> None:
        """Note how ``message``, which is the ``request``, was answered."""
        nic = prepared.nic
        if self._make_of(nic) not in self._common:
            return  # where each machine is of a make of its own, nothing is gained
        shape = self.shape_of(message, heard, nic)
        has_program = made.context.has_program
        if shape is not None and (known := shape.patterns.get(has_program)) is not None:
            known.prove(message, nic, prepared)
            return
        layout = Layout(message)
        pattern = _pattern_of(message, layout, request, answer, prepared, made)
        if pattern is None:
            return
        if shape is None:
            shape = Shape(program_of(identify(request)), {})
            number = self._number_of(layout, len(message))
            key = b"".join((number, self._make_of(nic), heard, *layout.shared_of(message)))
            self._shapes.keep(key, shape)
        shape.patterns[has_program] = pattern

    def _make_of(self, nic: Nic) -> bytes:
        mac = nic.interface.mac
        known = self._makes.get(mac)
        if known is not None and known[0] is nic:
            return known[1]
        make = make_of(nic)
        if make not in self._numbers:
            if len(self._numbers) >= MAX_MAKES:
                self._numbers.clear()
                self._makes.clear()
                self._common.clear()
            self._numbers[make] = (self._new_number(), mac)
        number, first = self._numbers[make]
        if first != mac:
            self._common.add(number)
        self._makes[mac] = (nic, number)
        if len(self._makes) > MAX_MACHINES:
            del self._makes[next(iter(self._makes))]
        return number

    def _number_of(self, layout: Layout, size: int) -> bytes:
        layouts = self._layouts.setdefault(size, [])
        for number, known in layouts:
            if known.shared == layout.shared:
                return number
        number = self._new_number()
        if len(self._layouts) > MAX_SIZES:
            self._layouts = {size: layouts}
        if len(layouts) >= MAX_LAYOUTS:
            del layouts[0]
        layouts.append((number, layout))
        return number

    def _new_number(self) -> bytes:
        """Return a number that was never given before."""
        self._next += 1
        return self._next.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Made:
    """What an answer was made by beside the message and the machine, and the options that it had no room for."""

    context: Context
    interface: str
    dropped: tuple[int, ...]


def _pattern_of(
    message: bytes, layout: Layout, request: Packet, answer: Answer, prepared: Prepared, made: Made
) -> Pattern | None:
    """Return the pattern of an answer, None where others of its make might be answered otherwise."""
    nic, detail, payload = prepared.nic, answer.detail, prepared.payload
    is_request = request.message_type == opt.DHCPREQUEST
    if not isinstance(detail, (Discover, Lease)) or not prepared.heard or request.ciaddr != NO_ADDRESS:
        return None
    asked, replied = opt.spans(message, _OPTIONS), opt.spans(payload, _OPTIONS)
    if opt.OVERLOAD in asked or (is_request and opt.REQUESTED_ADDRESS not in layout.own):
        return None
    # The parts of a split option (RFC 3396) are not told apart here.
    if len(asked.get(opt.RELAY_AGENT_INFORMATION, [])) > 1 or any(len(places) > 1 for places in replied.values()):
        return None
    place_of = {code: places[0] for code, places in replied.items()}
    machine = _stand_in(nic)
    boot = boot_offer(machine, identify(request), made.context)
    named = _named(boot.file, dashed(machine.interface.mac), detail.filename, payload, place_of)
    if named is None:
        return None
    host_name = place_of.get(opt.HOST_NAME)
    if host_name is not None and payload[host_name] != nic.interface.hostname.encode("utf-8"):
        return None
    return Pattern(
        mac=nic.interface.mac,
        payload=payload,
        echoed=tuple((place_of[code], layout.own[code]) for code in _ECHOED if code in place_of and code in layout.own),
        named=named,
        host_name=host_name,
        requested=layout.own[opt.REQUESTED_ADDRESS] if is_request else None,
        filename=tuple(boot.file.split(dashed(machine.interface.mac))),
        reason=tuple(tuple(part.split(_NAME)) for part in boot.reason.split(_URL)),
        tells_reason=log_reason(answer) is not None,
        heard=prepared.heard,
        kind=type(detail),
        told=(detail.client, detail.netboot, detail.firmware, detail.arch),
        loads=prepared.program,
        is_ipxe=prepared.is_ipxe,
        types=(type_name(request), type_name(answer.reply)),
        giaddr=request.giaddr,
        interface=made.interface,
        next_server=answer.reply.siaddr,
        relay_information=layout.own.get(opt.RELAY_AGENT_INFORMATION),
        dropped=made.dropped,
        counted=prepared.counted,
        way=prepared.way if prepared.way is not None and not prepared.way.to.mac else None,
    )


def _stand_in(nic: Nic) -> Nic:
    """Return a machine of the make of ``nic`` whose MAC, name and URL of a script stand for those of any."""
    interface = nic.interface
    netboot = replace(interface.netboot, ipxe_url=_URL if script_url(nic) else "")
    return Nic(
        replace(nic.machine, name=_NAME), replace(interface, mac=f"{interface.mac[:8]}{_SERIAL}", netboot=netboot)
    )


def _named(file: str, mark: str, told: str, payload: bytes, place_of: dict[int, slice]) -> tuple[slice, ...] | None:
    """Return where in ``payload`` the MAC stands in text: in the header's field and in option 67.

    ``file`` is that of a machine whose MAC, in text, is ``mark``, and ``told`` what stands in ``payload``; None where
    they are not alike.
    """
    octets, marked, size = told.encode("utf-8"), file.encode("utf-8"), len(mark)
    if len(octets) != len(marked):
        return None
    starts = [_FILE] if payload.startswith(octets, _FILE) else []
    if opt.BOOT_FILE_NAME in place_of:
        if not payload.startswith(octets, place_of[opt.BOOT_FILE_NAME].start):
            return None
        starts.append(place_of[opt.BOOT_FILE_NAME].start)
    places: list[slice] = []
    found = marked.find(mark.encode("ascii"))
    while found >= 0:
        places += [slice(start + found, start + found + size) for start in starts]
        found = marked.find(mark.encode("ascii"), found + size)
    return tuple(places)
