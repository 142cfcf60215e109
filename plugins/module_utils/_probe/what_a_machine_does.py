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
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS

# Sub-options of option 43 that make an offer one of PXE's boot servers, by edk2's DISCOVER_VENDOR_OPTION_BIT_MAP.
_BOOT_SERVERS = 8
_OF_PXE = (opt.PXE_DISCOVERY_CONTROL, 7, _BOOT_SERVERS, opt.PXE_BOOT_MENU, opt.PXE_MENU_PROMPT)
_LOAD_AT_ONCE = 8  # in PXE_DISCOVERY_CONTROL: no menu and no prompt
_LOCAL_BOOT = 0  # in PXE_BOOT_MENU: the type of the item that leaves network boot
_IPXE_PRIORITY = 1  # in option 175
_PROXY_WAIT = 2.0  # seconds that iPXE waits for a proxy's offer (its PROXYDHCP_WAIT_TIME)

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
    def first(is_lease: bool, is_kind: Callable[[Answer], bool]) -> Answer | None:
        return next((offer for offer in offers if bool(offer.address) == is_lease and is_kind(offer)), None)

    with_menu, lease = first(True, _is_pxe_server), first(True, _is_no_pxe)
    if with_menu:
        return _verdict(with_menu, with_menu, _pxe_boot(with_menu), "an address with PXE's options comes before all")
    if lease and (proxy := first(False, _is_pxe_server)):
        return _verdict(lease, proxy, _pxe_boot(proxy), "a proxy's PXE options come before others' boot files")
    if with_class := first(True, _is_bare_pxe):
        return _verdict(with_class, with_class, _asks_again(with_class), "PXEClient beside an address comes first here")
    if lease and (proxy := first(False, _is_bare_pxe)):
        return _verdict(lease, proxy, _asks_again(proxy), "a proxy is asked before others' boot files count")
    if with_file := first(True, lambda offer: _is_no_pxe(offer) and bool(offer.file)):
        return _verdict(with_file, with_file, _by_tftp(with_file), "of addresses, the first with a boot file is taken")
    if lease is None and any(_is_pxe(offer) for offer in offers):
        return Verdict("is told what to boot, but nobody gives it an address: it boots nothing")
    return Verdict(NOTHING)


def _http_boot(offers: Sequence[Answer]) -> Verdict:
    uris = [offer for offer in offers if _is_http(offer) and "://" in offer.file]
    plain = [offer for offer in offers if offer.address and not _is_http(offer)]
    by_address = [offer for offer in uris if _names_an_address(offer.file)]
    choices = (
        *((offer, offer) for offer in sorted(by_address, key=_has_name_server) if offer.address),
        *((offer, offer) for offer in uris if offer.address and _has_name_server(offer)),
        *((lease, uri) for lease in sorted(plain, key=_has_name_server) for uri in by_address if not uri.address),
        *((lease, uri) for lease in plain if _has_name_server(lease) for uri in uris if not uri.address),
        *((lease, uri) for lease in plain if _has_name_server(lease) for uri in uris),
    )
    if not choices:
        if uris:
            return Verdict("is told a URL, but nobody gives it an address that goes with it: it boots nothing")
        return Verdict(NOTHING)
    lease, told = choices[0]
    because = "an address with HTTPClient and a URL comes before all" if lease is told else "only a proxy names a URL"
    return _verdict(lease, told, _Boot(f"boots {told.file}", told.file), because)


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
        return Verdict(f"takes {lease.address} from {lease.server}, but is told no script", because, lease.address)
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
        items.append((int.from_bytes(value[:2], "big"), opt.text(value[3 : 3 + value[2]])))
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
    file = opt.text(offer.message.file) or offer.file
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


def _is_no_pxe(offer: Answer) -> bool:
    return not _is_pxe(offer)


def _has_name_server(offer: Answer) -> bool:
    return opt.DOMAIN_NAME_SERVER in offer.message.options


def _names_an_address(url: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(urlsplit(url).hostname or ""))
    except ValueError:
        return False


def _priority(offer: Answer | None) -> int:
    return (_of_ipxe(offer, _IPXE_PRIORITY) or b"\0")[0] if offer is not None else -1


def _waits_for_no_proxy(offer: Answer) -> bool:
    return any(_of_ipxe(offer, opt.IPXE_NO_PXEDHCP))


def _of_ipxe(offer: Answer, code: int) -> bytes:
    return opt.sub_options(offer.message.options.get(opt.IPXE)).get(code, b"")
