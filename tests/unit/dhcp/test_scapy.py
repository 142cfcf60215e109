# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another implementation reads what bootd writes, and bootd what it writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import decide
from _bootd.dhcp.packet import decode, encode, udp_packet
from samples.dhcp_messages import ADDRESS, BIOS, CONTEXT, HTTP_BOOT, IPXE, LINUX, MAC, SERVER, UEFI, message, nic

RAW_MAC = bytes.fromhex(MAC.replace(":", ""))


def options_of(packet) -> dict[str, object]:
    """Return scapy's view of the options: name, or number where it has none, to value."""
    listed = [item for item in packet[DHCP].options if isinstance(item, tuple)]
    return {item[0]: item[1] if len(item) == 2 else list(item[1:]) for item in listed}


def read(payload: bytes):
    """Return ``payload`` as scapy takes it apart on its way through the IP layer, checksums verified."""
    raw = udp_packet((SERVER, 67), (ADDRESS, 68), payload)
    packet = IP(raw)
    again = IP(raw)
    del again.chksum
    del again[UDP].chksum
    rebuilt = IP(bytes(again))
    assert (packet.chksum, packet[UDP].chksum) == (rebuilt.chksum, rebuilt[UDP].chksum)
    assert (packet.src, packet.dst, packet[UDP].sport, packet[UDP].dport) == (SERVER, ADDRESS, 67, 68)
    return packet


def test_scapy_reads_an_offer():
    request = message(opt.DHCPDISCOVER, UEFI | {opt.RELAY_AGENT_INFORMATION: b"\1\4eth0"}, flags=0x8000)
    packet = read(encode(decide(request, nic(), CONTEXT).reply))
    bootp = packet[BOOTP]
    assert (bootp.op, bootp.xid, int(bootp.flags)) == (2, 0x64E2D4FE, 0x8000)
    assert (bootp.yiaddr, bootp.siaddr, bootp.chaddr[:6]) == (ADDRESS, SERVER, RAW_MAC)
    assert bootp.file.rstrip(b"\0") == b"58-47-ca-71-d8-49/snponly.efi"
    options = options_of(packet)
    assert options["message-type"] == opt.DHCPOFFER
    assert options["server_id"] == SERVER
    assert options["lease_time"] == 3600
    assert options["subnet_mask"] == "255.255.255.0"
    assert options["router"] == "10.10.0.1"
    assert options["vendor_class_id"] == b"PXEClient"
    assert list(options)[-1] == "relay_agent_information"


@given(
    st.sampled_from([UEFI, BIOS, HTTP_BOOT, IPXE, LINUX, {}]),
    st.sampled_from([True, False]),
    st.dictionaries(st.sampled_from([61, 82, 97]), st.binary(min_size=1, max_size=60)),
    st.sampled_from(["", "example.org"]),
)
def test_scapy_reads_every_reply(client, allow, echoed, domain):
    request = message(opt.DHCPDISCOVER, client | echoed)
    reply = decide(request, nic(allow_pxe=allow, domain_name=domain), CONTEXT).reply
    payload = encode(reply)
    packet = read(payload)
    options = options_of(packet)
    assert options["message-type"] == opt.DHCPOFFER
    assert len(options) == len(reply.options)
    assert packet[BOOTP].file.rstrip(b"\0") == reply.file
    assert packet[DHCP].options[-1] in ("end", "pad")


@given(
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFF),
    st.ip_addresses(v=4).map(str),
    st.sampled_from(["discover", "request", "inform", "release", "decline"]),
    st.lists(st.integers(1, 254), min_size=1, max_size=40),
)
def test_bootd_reads_what_scapy_writes(xid, secs, giaddr, kind, asked):
    bootp = BOOTP(op=1, xid=xid, secs=secs, giaddr=giaddr, chaddr=RAW_MAC, flags="B")
    options = [("message-type", kind), ("vendor_class_id", b"PXEClient"), ("param_req_list", asked), "end"]
    packet = decode(bytes(bootp / DHCP(options=options)))
    assert (packet.xid, packet.secs, packet.giaddr, packet.mac, packet.flags) == (xid, secs, giaddr, MAC, 0x8000)
    assert opt.MESSAGE_NAMES[packet.message_type] == f"DHCP{kind.upper()}"
    assert packet.options[opt.PARAMETER_REQUEST_LIST] == bytes(asked)
    assert packet.options[opt.VENDOR_CLASS] == b"PXEClient"


def test_scapy_takes_the_frame_for_its_own():
    """The frame that goes to a client without an address is the one scapy would have made."""
    payload = encode(decide(message(opt.DHCPDISCOVER, LINUX), nic(), CONTEXT).reply)
    ours = udp_packet((SERVER, 67), (ADDRESS, 68), payload)
    theirs = bytes(IP(src=SERVER, dst=ADDRESS, id=0, flags="DF") / UDP(sport=67, dport=68) / payload)
    assert ours == theirs
    assert Ether(dst=MAC) / IP(ours)
