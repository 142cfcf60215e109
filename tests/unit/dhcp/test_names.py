# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever DHCP tells a machine to load, TFTP and HTTP know the machine by, also behind an address translation."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from _bootd.decisions.boot import BootContext, Program, Script, decide_script
from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import decide
from _bootd.hardware.mac import parse_mac
from _bootd.stores.catalog import Catalog
from _bootd.tftp.decide import ServeFile, ServeScript
from _bootd.tftp.decide import decide as decide_tftp
from _bootd.tftp.packet import Request
from samples.dhcp_messages import BIOS, CONTEXT, HTTP_BOOT, IPXE, MAC, UEFI, message, nic

TRANSLATED = "192.0.2.1"  # no machine's
NO_HTTP = {opt.IPXE: b"\x15\1\1"}
BOOT = BootContext(CONTEXT.http_base)


def no_text(_script: Script, _mac: str, _program: Program) -> str:
    raise AssertionError("no machine here is unknown")


def told(client: dict[int, bytes], allow: bool = True) -> str:
    return decide(message(opt.DHCPDISCOVER, client), nic(allow_pxe=allow), CONTEXT).reply.file.decode()


@pytest.mark.parametrize(
    ("client", "kind", "name"),
    [
        (UEFI, ServeFile, "snponly.efi"),
        (BIOS, ServeFile, "undionly.kpxe"),
        (IPXE | NO_HTTP, ServeFile, "snponly.efi"),
        (IPXE | NO_HTTP | {opt.CLIENT_ARCHITECTURE: b"\0\6"}, ServeScript, "autoexec.ipxe"),
    ],
)
def test_tftp_name_tells_who_asks(client, kind, name):
    catalog = Catalog()
    catalog.replace([nic().machine])
    request = Request(write=False, filename=told(client), mode="octet", options=())
    found = decide_tftp(
        request, TRANSLATED, catalog, BOOT, lambda who, asks, _cpu: (decide_script(who, BOOT, asks), "text"), no_text
    )
    assert isinstance(found, kind)
    assert (found.name, found.nic.interface.mac) == (name, MAC)


@pytest.mark.parametrize(("client", "place"), [(HTTP_BOOT, 2), (IPXE, 1)])
@pytest.mark.parametrize("allow", [True, False])
def test_url_tells_who_asks(client, place, allow):
    assert parse_mac(urlsplit(told(client, allow)).path.split("/")[place]) == MAC
