# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine does with offers, one and several: of bootd, of a router, of somebody's dnsmasq."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import decode
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._probe.what_a_machine_does import (
    says_what_to_boot,
    what_a_machine_does,
)
from samples import dnsmasq_offers
from samples.offers import (
    ADDRESS,
    BOOTD,
    DNS,
    HTTP,
    LOAD_AT_ONCE,
    NO_PROXY,
    OTHER,
    OTHERS_ADDRESS,
    PXE,
    THIRD,
    offer,
)

PXE_KINDS = ["bios", "uefi", "arm64"]
HTTP_KINDS = ["uefi-http", "arm64-http"]
SCRIPT = f"http://{BOOTD}:7080/auto.ipxe"
URL = f"http://{BOOTD}:7080/ipxe/snponly.efi"
NOTHING = "finds nothing to boot here, and goes on to its next boot device"

# As bootd answers in the mode reservation, as a proxy, and as a router does that knows nothing of booting.
FROM_BOOTD = offer(BOOTD, ADDRESS, "snponly.efi", siaddr=BOOTD, options=PXE | LOAD_AT_ONCE)
FROM_PROXY = offer(BOOTD, file="snponly.efi", siaddr=BOOTD, options=PXE)
FROM_ROUTER = offer(OTHER, OTHERS_ADDRESS, options=DNS)
# dnsmasq with `dhcp-boot=undionly.kpxe,,10.10.0.5`.
FROM_ROGUE = offer(OTHER, OTHERS_ADDRESS, "undionly.kpxe", siaddr="10.10.0.5")


def does(kind, *offers):
    return what_a_machine_does(kind, offers)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nobody_answers(kind):
    assert does(kind).text == "gets no answer"


def test_system_takes_the_first_address():
    verdict = does("plain", offer(BOOTD, ADDRESS, seconds=0.02), offer(OTHER, OTHERS_ADDRESS, seconds=0.003))
    assert verdict.text == "takes 10.10.0.207 from 10.10.0.1"
    assert verdict.because == "it takes the first offer, which came after 3 ms"
    assert (verdict.address, verdict.address_from, verdict.boot_from) == (OTHERS_ADDRESS, OTHER, "")
    assert does("plain", FROM_PROXY).text == "gets no address"


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_boots_the_file_that_comes_with_its_address(kind):
    verdict = does(kind, FROM_ROGUE)
    assert verdict.text == "takes 10.10.0.207 from 10.10.0.1 and boots undionly.kpxe from 10.10.0.5 by TFTP"
    assert (verdict.address_from, verdict.boot_from) == (OTHER, OTHER)
    assert (verdict.file, verdict.file_from, verdict.because) == ("undionly.kpxe", "10.10.0.5", "")


@pytest.mark.parametrize("kind", PXE_KINDS)
@pytest.mark.parametrize("late", [0.001, 3.0])
def test_pxe_takes_pxe_options_beside_an_address_first(kind, late):
    """edk2, PxeBcSelectDhcp4Offer, "1. DhcpPxe10 offer": whoever was faster."""
    rogue = offer(OTHER, OTHERS_ADDRESS, "undionly.kpxe", seconds=late)
    verdict = does(kind, rogue, FROM_BOOTD)
    assert verdict.text == "takes 10.10.0.16 from 10.10.0.20 and boots snponly.efi from 10.10.0.20 by TFTP"
    assert verdict.because == "an address with PXE's options comes before all"


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_takes_the_faster_of_two_with_pxe_options(kind):
    rogue = offer(OTHER, OTHERS_ADDRESS, "pxelinux.0", seconds=0.001, options=PXE | LOAD_AT_ONCE)
    assert does(kind, FROM_BOOTD, rogue).boot_from == OTHER


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_puts_a_routers_address_and_a_proxys_file_together(kind):
    """ "6. DhcpOnly offer and ProxyBinl offer"."""
    verdict = does(kind, FROM_ROUTER, FROM_PROXY)
    assert verdict.text == (
        "takes 10.10.0.207 from 10.10.0.1 and asks 10.10.0.20 at port 4011 what to boot, whose offer names snponly.efi"
    )
    assert (verdict.address_from, verdict.boot_from) == (OTHER, BOOTD)
    # "3. DhcpOnly offer and ProxyPxe10 offer": as bootd answers BIOS.
    at_once = offer(BOOTD, file="undionly.kpxe", siaddr=BOOTD, options=PXE | LOAD_AT_ONCE)
    assert does(kind, FROM_ROUTER, at_once).text == (
        "takes 10.10.0.207 from 10.10.0.1 and boots undionly.kpxe from 10.10.0.20 by TFTP"
    )


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_follows_pxeclient_beside_an_address_and_no_proxy(kind):
    """ "5. DhcpBinl offer" comes before a proxy."""
    verdict = does(kind, offer(OTHER, OTHERS_ADDRESS, options=PXE), FROM_PROXY)
    assert verdict.text == "takes 10.10.0.207 from 10.10.0.1 and asks 10.10.0.1 at port 4011 what to boot"


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_of_two_addresses_takes_the_one_with_a_file(kind):
    """ "7. DhcpOnly offer with bootfilename"."""
    verdict = does(kind, FROM_ROUTER, offer(THIRD, "10.10.0.99", "a.efi", seconds=2.0))
    assert (verdict.address_from, verdict.file, verdict.file_from) == (THIRD, "a.efi", THIRD)


@pytest.mark.parametrize("kind", PXE_KINDS)
def test_pxe_without_an_address_boots_nothing(kind):
    assert does(kind, FROM_PROXY).text == "is told what to boot, but nobody gives it an address: it boots nothing"
    assert does(kind, FROM_ROUTER).text == NOTHING


def test_pxe_menu_of_the_local_disk():
    """dnsmasq's `pxe-service=X86-64_EFI,local disk,0`, as it was captured."""
    message = decode(dnsmasq_offers.LOCAL_BOOT.payload)
    verdict = does("uefi", Answer(message.mac, "uefi", 0.1, "02:00:00:00:00:20", BOOTD, message))
    assert verdict.text == "takes 10.10.0.50 from 10.10.0.20 and boots its own disk"


def test_pxe_menu_is_told():
    menu = b"\x80\0\x07netboot" + b"\0\0\x05local"
    verdict = does("uefi", offer(OTHER, OTHERS_ADDRESS, options=PXE | {43: bytes((9, len(menu))) + menu}))
    assert verdict.text == "takes 10.10.0.207 from 10.10.0.1 and shows a boot menu: netboot, local"


def test_pxe_takes_its_file_from_the_first_boot_server_of_the_list():
    """edk2, PxeBcDhcp4BootInfo: with the menu off, the list comes before siaddr."""
    servers = bytes((6, 1, 8, 8, 7, 0, 0, 1, 10, 10, 0, 7))
    verdict = does("uefi", offer(OTHER, OTHERS_ADDRESS, "a.efi", siaddr="10.10.0.5", options=PXE | {43: servers}))
    assert verdict.file_from == "10.10.0.7"


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_http_boot_follows_httpclient_and_a_url(kind):
    ours = offer(BOOTD, ADDRESS, URL, options=HTTP | DNS)
    verdict = does(kind, FROM_ROGUE, FROM_ROUTER, ours)
    assert verdict.text == f"takes 10.10.0.16 from 10.10.0.20 and boots {URL}"
    assert (verdict.boot_from, verdict.file, verdict.file_from) == (BOOTD, URL, "")


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_http_boot_puts_an_address_and_a_proxys_url_together(kind):
    proxy = offer(BOOTD, file=URL, options=HTTP)
    assert does(kind, FROM_ROUTER, proxy).text == f"takes 10.10.0.207 from 10.10.0.1 and boots {URL}"
    assert does(kind, proxy).text.startswith("is told a URL, but nobody gives it an address")
    # A name in the URL takes a name server in the lease.
    named = offer(BOOTD, file="http://boot.lab.example/a.efi", options=HTTP)
    assert does(kind, FROM_ROUTER, named).address_from == OTHER
    assert does(kind, offer(OTHER, OTHERS_ADDRESS), named).address_from == ""


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_http_boot_takes_no_url_without_httpclient_and_no_file_that_is_none(kind):
    assert does(kind, offer(OTHER, OTHERS_ADDRESS, URL)).text == NOTHING
    assert does(kind, offer(OTHER, OTHERS_ADDRESS, "snponly.efi", options=HTTP)).text == NOTHING


def test_ipxe_goes_on_at_once_where_no_proxy_is_to_be_waited_for():
    ours = offer(BOOTD, ADDRESS, SCRIPT, seconds=0.002, options=NO_PROXY)
    verdict = does("ipxe", ours, offer(OTHER, OTHERS_ADDRESS, "pxelinux.0", seconds=0.5))
    assert verdict.text == f"takes 10.10.0.16 from 10.10.0.20 and boots {SCRIPT}"
    assert verdict.because == "this offer says that no proxy is to be waited for"


def test_ipxe_takes_the_last_offer_before_it_goes_on():
    ours = offer(BOOTD, ADDRESS, SCRIPT, seconds=0.5, options=NO_PROXY)
    assert does("ipxe", FROM_ROGUE, ours).boot_from == BOOTD
    late = offer(BOOTD, ADDRESS, SCRIPT, seconds=3.0, options=NO_PROXY)
    assert does("ipxe", FROM_ROGUE, late).text == (
        "takes 10.10.0.207 from 10.10.0.1 and boots undionly.kpxe from 10.10.0.5 by TFTP"
    )


def test_ipxe_takes_its_script_from_a_proxy_where_the_address_comes_without():
    proxy = offer(BOOTD, file=SCRIPT, options=PXE, seconds=0.005)
    assert does("ipxe", FROM_ROUTER, proxy).text == f"takes 10.10.0.207 from 10.10.0.1 and boots {SCRIPT}"
    assert does("ipxe", FROM_ROUTER).text == "takes 10.10.0.207 from 10.10.0.1, but is told no script"
    assert does("ipxe", proxy).text == "gets no address"


def test_a_proxy_that_names_another_server_is_named_beside_it():
    proxy = offer(BOOTD, file="a.efi", siaddr=THIRD, options=PXE | LOAD_AT_ONCE)
    assert does("uefi", FROM_ROUTER, proxy).text == (
        "takes 10.10.0.207 from 10.10.0.1 and boots a.efi from 10.10.0.2 by TFTP, as 10.10.0.20 says"
    )


def test_a_next_server_alone_says_nothing_of_booting():
    assert not says_what_to_boot(offer(OTHER, OTHERS_ADDRESS, siaddr=OTHER))
    assert says_what_to_boot(FROM_ROGUE)
    assert says_what_to_boot(offer(OTHER, OTHERS_ADDRESS, options=PXE))
    assert says_what_to_boot(offer(OTHER, OTHERS_ADDRESS, options=HTTP))


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        6: st.binary(max_size=8),
        43: st.binary(max_size=60),
        54: st.binary(max_size=5),
        60: st.sampled_from([b"PXEClient", b"HTTPClient", b"udhcp", b""]),
        67: st.binary(max_size=20) | st.just(URL.encode()) | st.just(b"http://["),
        175: st.binary(max_size=12),
    },
)
OFFERS = st.builds(
    lambda server, address, seconds, options: offer(server, address, seconds=seconds, options=options),
    st.sampled_from([BOOTD, OTHER, THIRD]),
    st.sampled_from(["0.0.0.0", ADDRESS, OTHERS_ADDRESS]),
    st.floats(0, 10),
    OPTIONS,
)


@given(st.sampled_from(sorted(KINDS)), st.lists(OFFERS, max_size=5, unique_by=lambda item: item.seconds))
def test_any_offers_lead_to_a_verdict_by_one_of_them(kind, offers):
    verdict = does(kind, *offers)
    assert verdict.text
    assert verdict.address in {"", *(item.address for item in offers)}
    assert {verdict.address_from, verdict.boot_from} <= {"", *(item.server for item in offers)}
    assert verdict == does(kind, *reversed(offers))
