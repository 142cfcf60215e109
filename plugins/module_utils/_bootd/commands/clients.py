# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The clients that ``bootd explain`` knows, and the DHCPDISCOVER that each of them really sends. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..decisions import architectures as arch
from ..dhcp import options as opt
from ..dhcp.packet import BOOTREQUEST, NO_ADDRESS, Packet

FIRMWARE, IPXE, IPXE_WITHOUT_HTTP, NONE = "firmware", "ipxe", "ipxe-without-http", "none"

# What is typed -> the kind of program, and its architecture where that is part of the name.
CLIENTS: Mapping[str, tuple[str, int | None]] = MappingProxyType(
    {
        "bios": (FIRMWARE, arch.X86_BIOS),
        "uefi": (FIRMWARE, arch.X64_UEFI),
        "uefi-http": (FIRMWARE, arch.X64_UEFI_HTTP),
        "arm64": (FIRMWARE, arch.ARM64_UEFI),
        "arm64-http": (FIRMWARE, arch.ARM64_UEFI_HTTP),
        IPXE: (IPXE, None),
        IPXE_WITHOUT_HTTP: (IPXE_WITHOUT_HTTP, None),
        NONE: (NONE, None),  # nothing that boots from the network, such as an operating system
    }
)

# What PXE firmware, HTTP boot firmware and iPXE ask for beside what every host does (option 55).
_WANTED = bytes((opt.SUBNET_MASK, opt.ROUTER, opt.DOMAIN_NAME_SERVER, opt.TFTP_SERVER_NAME, opt.BOOT_FILE_NAME))
# iPXE's features in option 175 (https://ipxe.org/howto/dhcpd), 1 where it has them: HTTP, TFTP, DNS, PXE, EFI.
_IPXE_HTTP = 19
_IPXE_FEATURES = (_IPXE_HTTP, 21, 23, 33, 36)


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: ``kind`` is FIRMWARE, IPXE, IPXE_WITHOUT_HTTP or NONE, ``arch`` its architecture (option 93)."""

    kind: str
    arch: int

    def describe(self) -> str:
        """Return words for people."""
        if self.kind == FIRMWARE:
            return f"firmware, {arch.describe(self.arch)}"
        return {IPXE: "iPXE", IPXE_WITHOUT_HTTP: "iPXE without HTTP"}.get(self.kind, "operating system")

    def discover(self, mac: str) -> Packet:
        """Return the DHCPDISCOVER that this client with ``mac`` sends."""
        return self._message(mac, opt.DHCPDISCOVER, NO_ADDRESS)

    def proxy_request(self, mac: str, address: str) -> Packet:
        """Return the DHCPREQUEST that it sends to port 4011 from ``address``."""
        return self._message(mac, opt.DHCPREQUEST, address)

    def _message(self, mac: str, message_type: int, address: str) -> Packet:
        options = {opt.MESSAGE_TYPE: bytes((message_type,)), opt.PARAMETER_REQUEST_LIST: _WANTED}
        if self.kind != NONE:
            by_http = self.kind == FIRMWARE and self.arch in arch.BY_HTTP
            name = "HTTPClient" if by_http else "PXEClient"
            options[opt.VENDOR_CLASS] = f"{name}:Arch:{self.arch:05d}:UNDI:003016".encode()
            options[opt.CLIENT_ARCHITECTURE] = self.arch.to_bytes(2, "big")
        if self.kind in (IPXE, IPXE_WITHOUT_HTTP):
            features = {code: b"\x01" for code in _IPXE_FEATURES if code != _IPXE_HTTP or self.kind == IPXE}
            options |= {opt.USER_CLASS: b"iPXE", opt.IPXE: opt.from_sub_options(features)}
        return Packet(op=BOOTREQUEST, xid=1, mac=mac, ciaddr=address, options=options)
