# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP probes, held against what another implementation makes and reads of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP, Ether

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.arp import answer_in, probe_frame

OWN, OTHER, ADDRESS = "02:00:00:00:00:20", "02:00:00:00:00:66", "10.10.0.30"


def test_probe_names_no_sender_address():
    """RFC 5227 section 2.1.1: the sender IP address is all zero, so that nobody's cache takes it up."""
    frame = Ether(probe_frame(OWN, ADDRESS))
    assert (frame.dst, frame.src) == ("ff:ff:ff:ff:ff:ff", OWN)
    assert (frame[ARP].op, frame[ARP].hwsrc, frame[ARP].psrc, frame[ARP].pdst) == (1, OWN, "0.0.0.0", ADDRESS)


def test_answer_is_read():
    reply = Ether(src=OTHER, dst=OWN) / ARP(op=2, hwsrc=OTHER, psrc=ADDRESS, hwdst=OWN, pdst="0.0.0.0")
    assert answer_in(bytes(reply)) == (ADDRESS, OTHER)
    assert answer_in(bytes(reply) + bytes(18)) == (ADDRESS, OTHER)  # as Ethernet pads it


def test_question_is_no_answer():
    assert answer_in(bytes(Ether() / ARP(op=1, hwsrc=OTHER, psrc=ADDRESS, pdst=ADDRESS))) is None


@given(st.binary(max_size=80))
def test_anything_else_is_none(frame):
    assert answer_in(frame) is None or len(frame) >= 42
