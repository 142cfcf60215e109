# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine does with the offers it gets: whose address it takes, what it boots, and why. Pure.

Which of several offers wins is up to the client: UEFI PXE as edk2's PxeBcSelectDhcp4Offer has it (PxeBcDhcp4.c), which
is that of the PXE specification 2.1 and taken for BIOS ROMs too, UEFI HTTP boot as edk2's HttpBootSelectDhcpOffer
(HttpBootDhcp4.c), iPXE as its dhcp.c. Operating systems mostly take the first.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS

# Sub-options of option 43 that make an offer one of PXE's boot servers, by edk2's DISCOVER_VENDOR_OPTION_BIT_MAP.
_BOOT_SERVERS = 8
_OF_PXE = (opt.PXE_DISCOVERY_CONTROL, 7, _BOOT_SERVERS, opt.PXE_BOOT_MENU, opt.PXE_MENU_PROMPT)
_LOAD_AT_ONCE = 8  # in PXE_DISCOVERY_CONTROL: no menu and no prompt
_LOCAL_BOOT = 0  # in PXE_BOOT_MENU: the type of the item that leaves network boot
_IPXE_PRIORITY = 1  # in option 175
_PROXY_WAIT = 2.0  # seconds that iPXE waits for a proxy's offer (its PROXYDHCP_WAIT_TIME)

_OWN_URL = "an address with HTTPClient and a URL comes before all"
_PROXYS_URL = "a proxy's URL goes with another's address"

NOTHING = "finds nothing to boot here, and goes on to its next boot device"
UNHEARD = "gets no answer"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one machine does. ``because`` says why it is this offer and not another, "" where there was no other.

    ``address_from`` and ``boot_from`` are the servers whose offers give it its address and tell it what to boot.
    ``file`` is what it loads, ``file_from`` where from by TFTP. All are "" where there is none.
    """

    text: str
    because: str = ""
    address: str = ""
    address_from: str = ""
    boot_from: str = ""
    file: str = ""
    file_from: str = ""


@dataclass(frozen=True, slots=True)
class _Boot:
    """What an offer has a client boot: words for it, and the file and its TFTP server where it names them."""

    text: str
    file: str = ""
    file_from: str = ""


def what_a_machine_does(kind: str, answers: Iterable[Answer]) -> Verdict:
    """Return what a machine of ``kind``, of ``kinds.KINDS``, does with ``answers``, all to the same question of it."""
    client = KINDS[kind]
    offers = sorted(answers, key=lambda answer: answer.seconds)
    if not offers:
        return Verdict(UNHEARD)
    if not client.boots:
        verdict = _system(offers)
    elif client.ipxe:
        verdict = _ipxe(offers)
    else:
        verdict = _http_boot(offers) if client.http else _pxe(offers)
    return verdict if len({offer.server for offer in offers}) > 1 else replace(verdict, because="")


def says_what_to_boot(answer: Answer) -> bool:
    """Return whether an offer has more to it than an address: a boot file, or a boot server's vendor class.

    A next server alone is none: dnsmasq and others put themselves there.
    """
    return bool(answer.file) or _is_pxe(answer) or _is_http(answer)


def _system(offers: Sequence[Answer]) -> Verdict:
    lease = next((offer for offer in offers if offer.address), None)
    if lease is None:
        return Verdict("gets no address")
    because = f"it takes the first offer, which came after {lease.seconds * 1000:.0f} ms"
    return Verdict(f"takes {lease.address} from {lease.server}", because, lease.address, lease.server)


def _pxe(offers: Sequence[Answer]) -> Verdict:
    leases = [offer for offer in offers if offer.address]
    proxies = [offer for offer in offers if not offer.address]
    without_pxe = [offer for offer in leases if not _is_pxe(offer)]
    for lease, told, read, because in (
        (_with(leases, _is_pxe_server), None, _pxe_boot, "an address with PXE's options comes before all"),
        (
            without_pxe,
            _with(proxies, _is_pxe_server),
            _pxe_boot,
            "a proxy's PXE options come before others' boot files",
        ),
        (_with(leases, _is_bare_pxe), None, _asks_again, "PXEClient beside an address comes first here"),
        (without_pxe, _with(proxies, _is_bare_pxe), _asks_again, "a proxy is asked before others' boot files count"),
        (_with(without_pxe, _has_file), None, _by_tftp, "of addresses, one with a boot file is taken"),
    ):
        teller = lease if told is None else told
        if lease and teller:
            return _verdict(lease[0], teller[0], read(teller[0]), because + _faster(lease, teller))
    if not leases and any(_is_pxe(offer) for offer in offers):
        return Verdict("is told what to boot, but nobody gives it an address: it boots nothing")
    return Verdict(NOTHING)


def _http_boot(offers: Sequence[Answer]) -> Verdict:
    uris = _with(offers, lambda offer: _is_http(offer) and "://" in offer.file)
    own = [offer for offer in uris if offer.address]
    proxies = [offer for offer in uris if not offer.address]
    plain = [offer for offer in offers if offer.address and not _is_http(offer)]
    for lease, told, because in (
        (_with(own, _is_by_address, _has_no_name_server), None, _OWN_URL),
        (_with(own, _is_by_address, _has_name_server), None, _OWN_URL),
        (_with(own, _has_name_server), None, _OWN_URL),
        (_with(plain, _has_no_name_server), _with(proxies, _is_by_address), _PROXYS_URL),
        (_with(plain, _has_name_server), _with(proxies, _is_by_address), _PROXYS_URL),
        (_with(plain, _has_name_server), proxies, _PROXYS_URL),
        (_with(plain, _has_name_server), own, "its address comes from where it gets a name server for the URL"),
    ):
        teller = lease if told is None else told
        if lease and teller:
            boot = _Boot(f"boots {teller[0].file}", teller[0].file)
            return _verdict(lease[0], teller[0], boot, because + _faster(lease, teller))
    if uris:
        return Verdict("is told a URL, but nobody gives it an address that goes with it: it boots nothing")
    return Verdict(NOTHING)


def _with(offers: Sequence[Answer], *are: Callable[[Answer], bool]) -> list[Answer]:
    """Return those of ``offers`` for which all of ``are`` are true."""
    return [offer for offer in offers if all(holds(offer) for holds in are)]


def _faster(*candidates: Sequence[Answer]) -> str:
    """Return what is to be added to a reason where more than one server would have done: then speed decides."""
    for offers in candidates:
        if len({offer.server for offer in offers}) > 1:
            others = ", ".join(dict.fromkeys(offer.server for offer in offers[1:] if offer.server != offers[0].server))
            return f"; {others} offers the like, and the faster one is taken"
    return ""


def _ipxe(offers: Sequence[Answer]) -> Verdict:
    """Follow iPXE from offer to offer until it goes on."""
    lease: Answer | None = None
    proxy: Answer | None = None
    because = "it takes the offer that came last before it went on"
    for offer in offers:
        if lease is not None and offer.seconds > _PROXY_WAIT:
            break
        if offer.address and _priority(offer) >= _priority(lease):
            lease = offer
        if _is_pxe(offer) and _priority(offer) >= _priority(proxy):
            proxy = offer
        if lease is not None and _waits_for_no_proxy(lease):
            proxy, because = None, "this offer says that no proxy is to be waited for"
            break
        if lease is not None and proxy is not None:
            break
    if lease is None:
        return Verdict("gets no address")
    told = next((offer for offer in (lease, proxy) if offer is not None and offer.file), None)
    if told is None:
        text = f"takes {lease.address} from {lease.server}, but is told no script"
        return Verdict(text, because, lease.address, lease.server)
    if told is lease and proxy is not None and proxy is not lease and proxy.file:
        because = "a file beside its address comes before a proxy's"
    return _verdict(lease, told, _script(told), because)


def _verdict(lease: Answer, told: Answer, boot: _Boot, because: str) -> Verdict:
    """Return what a machine does that takes its address from ``lease`` and what to boot from ``told``."""
    beside = "" if lease.server == told.server or told.server in boot.text else f", as {told.server} says"
    text = f"takes {lease.address} from {lease.server} and {boot.text}{beside}"
    return Verdict(text, because, lease.address, lease.server, told.server, boot.file, boot.file_from)


def _pxe_boot(offer: Answer) -> _Boot:
    """Return what PXE's options in ``offer`` make of it (PXE specification 2.1, section 2.2)."""
    parts = opt.sub_options(offer.message.options.get(opt.VENDOR_SPECIFIC))
    control = (parts.get(opt.PXE_DISCOVERY_CONTROL) or b"\0")[0]
    items = _menu(parts.get(opt.PXE_BOOT_MENU, b""))
    if control & _LOAD_AT_ONCE and offer.file:
        # Its server is the first of the list where there is one: after two octets of type comes their number.
        listed = opt.ipv4(parts.get(_BOOT_SERVERS, b"")[3:7])
        return _by_tftp(offer, listed or "")
    if items and all(number == _LOCAL_BOOT for number, _title in items):
        return _Boot("boots its own disk")
    if items:
        return _Boot(f"shows a boot menu: {', '.join(title for _number, title in items)}")
    return _by_tftp(offer) if offer.file else _asks_again(offer)


def _menu(value: bytes) -> list[tuple[int, str]]:
    """Return type and title of each item of PXE_BOOT_MENU, as far as they can be read."""
    items = []
    while len(value) >= 3 and len(value) >= 3 + value[2]:
        items.append((int.from_bytes(value[:2], "big"), shown(value[3 : 3 + value[2]])))
        value = value[3 + value[2] :]
    return items


def _by_tftp(offer: Answer, listed: str = "") -> _Boot:
    # Firmware reads siaddr, and where that is 0 takes who sent the offer; option 66 it does not look at.
    server = listed or offer.siaddr or offer.server
    return _Boot(f"boots {offer.file} from {server} by TFTP", offer.file, server)


def _asks_again(offer: Answer) -> _Boot:
    named = f", whose offer names {offer.file}" if offer.file else ""
    return _Boot(f"asks {offer.siaddr or offer.server} at port 4011 what to boot{named}", offer.file)


def _script(offer: Answer) -> _Boot:
    # iPXE reads the header's field first, and option 67 where that is empty.
    file = shown(offer.message.file) or offer.file
    if "://" in file:
        return _Boot(f"boots {file}", file)
    server = offer.siaddr or offer.server
    return _Boot(f"boots {file} from {server} by TFTP", file, server)


def _vendor_class(offer: Answer) -> bytes:
    return offer.message.options.get(opt.VENDOR_CLASS, b"")


def _is_pxe(offer: Answer) -> bool:
    return _vendor_class(offer).startswith(b"PXEClient")


def _is_http(offer: Answer) -> bool:
    return _vendor_class(offer).startswith(b"HTTPClient")


def _is_pxe_server(offer: Answer) -> bool:
    parts = opt.sub_options(offer.message.options.get(opt.VENDOR_SPECIFIC))
    return _is_pxe(offer) and any(code in parts for code in _OF_PXE)


def _is_bare_pxe(offer: Answer) -> bool:
    return _is_pxe(offer) and not _is_pxe_server(offer)


def _has_file(offer: Answer) -> bool:
    return bool(offer.file)


def _has_name_server(offer: Answer) -> bool:
    return opt.DOMAIN_NAME_SERVER in offer.message.options


def _has_no_name_server(offer: Answer) -> bool:
    return not _has_name_server(offer)


def _is_by_address(offer: Answer) -> bool:
    """Return whether the URL in ``offer`` names its host by address."""
    try:
        return bool(ipaddress.IPv4Address(urlsplit(offer.file).hostname or ""))
    except ValueError:
        return False


def _priority(offer: Answer | None) -> int:
    return (_of_ipxe(offer, _IPXE_PRIORITY) or b"\0")[0] if offer is not None else -1


def _waits_for_no_proxy(offer: Answer) -> bool:
    return any(_of_ipxe(offer, opt.IPXE_NO_PXEDHCP))


def _of_ipxe(offer: Answer, code: int) -> bytes:
    return opt.sub_options(offer.message.options.get(opt.IPXE)).get(code, b"")
