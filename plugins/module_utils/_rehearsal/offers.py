# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine makes of the DHCP offers that it gets: what it loads and from where, and what stands against it. Pure.

A client takes the address from one server, and may be told what to boot by another that gives none (PXE specification
2.1, section 2.2.4). Of two that give addresses it takes whichever is first, so that two are one too many.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import OFF, PROXY
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.decide import Answer as Decided
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import NO_ADDRESS, Packet, encode
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.proxy import decide_in_mode
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import (
    Bootd,
    Intended,
    lease_differences,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.steps import (
    ERROR,
    INVENTORY,
    NETWORK,
    NODE,
    NOTE,
    OK,
    WRITE_OBJECTS,
    Step,
)

# What iPXE puts into a name by itself (https://ipxe.org/cfg/mac).
_MAC_SETTING = re.compile(r"\$\{(?:net0/|netX/)?mac:hexhyp\}")
_PROBE = (
    "baremetal.netboot.dhcp_probe shows all that it offers, and how such servers are told to leave bootd's machines"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a machine loads next: a name by TFTP from ``server``, or a URL; ``file`` is "" for nothing.

    ``answered``: somebody has told it anything at all. ``next_server`` is that of the lease, which GRUB loads from.
    ``asks_again``: it asks port 4011 before it loads anything. ``by_another``: a server that is not bootd leads it to
    bootd.
    """

    file: str = ""
    server: str = ""
    answered: bool = False
    next_server: str = ""
    asks_again: bool = False
    by_another: bool = False

    @property
    def by_url(self) -> bool:
        """Whether it is a URL."""
        return "://" in self.file

    def leads_to(self, bootd: Bootd) -> bool:
        """Return whether it is bootd who has the file."""
        try:
            host = urlsplit(self.file).hostname if self.by_url else self.server
        except ValueError:  # a stranger's offer may name anything
            return False
        return host == bootd.address


def told_by(message: Packet, source: str, *, ipxe: bool = False) -> Told:
    """Return what ``message``, which came from the server ``source``, has a client load that reads it as firmware."""
    file = opt.text(message.file) or opt.text(message.options.get(opt.BOOT_FILE_NAME))
    named = opt.text(message.options.get(opt.TFTP_SERVER_NAME)) or opt.text(message.sname)
    server = message.siaddr if message.siaddr != NO_ADDRESS else named or source
    gives_none = message.yiaddr == NO_ADDRESS
    vendor = opt.text(message.options.get(opt.VENDOR_CLASS))
    # PXE firmware that reads of no file to load at once, and of no menu, asks the proxy.
    asks = gives_none and vendor == "PXEClient" and opt.VENDOR_SPECIFIC not in message.options and not ipxe
    return Told(file, server, answered=True, asks_again=asks)


def is_of(answer: Answer, bootd: Bootd) -> bool:
    """Return whether ``answer`` is bootd's: a relay may stand for it as the server (RFC 5107)."""
    through = answer.message.giaddr != NO_ADDRESS and answer.server == answer.message.giaddr
    return answer.server == bootd.address or (through and answer.siaddr == bootd.address)


def judge(
    name: str, machine: Intended, request: Packet, answers: Sequence[Answer], bootd: Bootd, *, again: bool = False
) -> tuple[Told, list[Step]]:
    """Return what ``machine`` makes of ``answers`` to its ``request``, and the steps called ``name`` that say it.

    ``again``: it has asked before, so that the lease and the other servers have been looked at.
    """
    own = next((answer for answer in answers if is_of(answer, bootd)), None)
    # Whoever else answers on this link answers no machine that is on another.
    others = [answer for answer in answers if not is_of(answer, bootd)] if machine.is_here else []
    ipxe = bool(request.options.get(opt.USER_CLASS))
    lease = next((answer for answer in (own, *others) if answer is not None and answer.address), None)
    steps = [] if again else list(_of_others(name, machine, own, others, bootd))
    if own is not None:
        told = told_by(own.message, own.source, ipxe=ipxe)
        differs = [] if again or not own.address else lease_differences(machine, request, own.message, bootd)
        steps[:0] = _of_own(name, machine, own, told, differs)
    else:
        # Where bootd's DHCP is off, another server says what to load.
        leading = (told_by(answer.message, answer.source, ipxe=ipxe) for answer in others)
        told = next((item for item in leading if item.file and item.leads_to(bootd)), Told(answered=bool(others)))
        if told.file:
            told = replace(told, file=_as_of(machine, told.file, bootd), by_another=True)
            steps[:0] = [Step(name, NOTE, f"bootd answers no DHCP; another server has it load {told.file} from bootd")]
        elif machine.mode == OFF or not machine.is_here:
            told = _own_path(machine, request, bootd, ipxe=ipxe)
            steps = [_not_led(name, machine, others, told, bootd)]
        else:
            steps[:0] = [_without_bootd(name, machine, others, bootd)]
    next_server = (lease.siaddr or lease.source) if lease is not None else ""
    return replace(told, next_server=next_server), steps


def _of_own(
    name: str, machine: Intended, own: Answer, told: Told, differs: Sequence[tuple[str, str, str]]
) -> Iterator[Step]:
    loads = f"loads {told.file}" + ("" if told.by_url else f" from {told.server}") if told.file else "no boot file"
    loads = "asks port 4011" if told.asks_again and not told.file else loads
    what = f"bootd offers {own.address or 'no address'}, {loads}"
    size = len(encode(own.message))
    if not differs:
        yield Step(name, OK, what, own.seconds, size)
    for field, expected, came in differs:
        yield Step(
            name,
            ERROR,
            f"bootd's offer has the {field} {came}",
            own.seconds,
            size,
            expected=f"{expected}, as the inventory has it",
            remedy=f"{WRITE_OBJECTS}; or another object has {machine.mac}",
            who=INVENTORY,
        )


def _of_others(
    name: str, machine: Intended, own: Answer | None, others: Sequence[Answer], bootd: Bootd
) -> Iterator[Step]:
    leases = own is not None and bool(own.address)
    for answer in others:
        told = told_by(answer.message, answer.source)
        loads = f"{told.file} from {told.server}" if told.file else "nothing to boot"
        what = f"{answer.server} ({answer.server_mac}) offers {answer.address or 'no address'}, {loads}"
        if own is not None and answer.address and leases:
            expected, remedy = "no other DHCP server: the machine takes whichever answers first", _PROBE
        elif told.file and not told.leads_to(bootd):
            expected, remedy = f"nothing to boot but bootd's, {bootd.address}", _PROBE
        else:
            if own is not None:
                yield Step(name, NOTE, what, answer.seconds)
            continue
        yield Step(name, ERROR, what, answer.seconds, expected=expected, remedy=remedy, who=NETWORK)
    if own is not None and not leases and machine.is_here and not any(answer.address for answer in others):
        yield Step(
            name,
            ERROR,
            "nobody offers an address",
            expected="one from another DHCP server, since bootd gives none here",
            remedy="look whether the network's DHCP server runs, and has an address for this machine",
            who=NETWORK,
        )


def _as_of(machine: Intended, file: str, bootd: Bootd) -> str:
    """Return the name by which to ask bootd for ``file``, which another server names, as this machine would.

    bootd tells by a machine's address who asks for a name without a MAC, and a rehearsal has its own address.
    """
    file = _MAC_SETTING.sub(machine.path, file)
    if machine.path in file.lower():
        return file
    base = f"{bootd.http_base}/"
    programs = f"{base}ipxe/"
    for start in (programs, base) if "://" in file else ("",):
        if file.startswith(start):
            return f"{start}{machine.path}/{file.removeprefix(start).lstrip('/')}"
    return file


def _own_path(machine: Intended, request: Packet, bootd: Bootd, *, ipxe: bool) -> Told:
    """Return what bootd would tell the ``machine``, were it asked in the mode proxy: it needs no address for that."""
    decided = decide_in_mode(request, machine.nic, bootd.context, PROXY)
    if not isinstance(decided, Decided):
        return Told(answered=True)
    return replace(told_by(decided.reply, bootd.address, ipxe=ipxe), asks_again=False)


def _not_led(name: str, machine: Intended, others: Sequence[Answer], told: Told, bootd: Bootd) -> Step:
    """Return the step of a machine whose DHCP is another server's, and that none leads to bootd here."""
    file = told.file if told.by_url else f"{told.file} from {bootd.address}"
    has = f"what bootd has for it is {file}" if told.file else "bootd has nothing for it to load"
    if not machine.is_here:
        address = machine.nic.interface.address
        return Step(name, NOTE, f"{address} is in no network of this interface, so its DHCP can't be asked here; {has}")
    if not told.file:
        return Step(name, NOTE, f"bootd's DHCP is off here; {has}")
    elsewhere = [answer for answer in others if told_by(answer.message, answer.source).file]
    said = "nobody else answers it" if not others else "no other server has it load anything"
    if elsewhere:
        wrong = told_by(elsewhere[0].message, elsewhere[0].source)
        said = f"{elsewhere[0].server} has it load {wrong.file}" + ("" if wrong.by_url else f" from {wrong.server}")
    return Step(
        name,
        ERROR,
        f"bootd's DHCP is off here, and {said}; {has}",
        expected="the network's DHCP server to have it load that",
        remedy="set it there, as docs/beside-a-dhcp-server.md shows for each server, or have bootd say it: "
        "bootd_dhcp_mode: proxy. The steps after this one are what bootd has for the machine",
        who=NETWORK,
    )


def _without_bootd(name: str, machine: Intended, others: Sequence[Answer], bootd: Bootd) -> Step:
    came = "nobody answers" if not others else "bootd does not answer"
    reason = str(machine.seen.get("reason", "")) or "bootd has no object with this MAC"
    seen = f"; of the machine it says: {reason}" if machine.seen else f"; {reason}"
    return Step(
        name,
        ERROR,
        f"{came}{seen}",
        expected=f"an offer of bootd, {bootd.address}",
        remedy=WRITE_OBJECTS
        if not machine.seen
        else "look whether this host is on the machine's network, and bootd listens there (bootd_interface, a relay)",
        who=INVENTORY if not machine.seen else NODE,
    )
