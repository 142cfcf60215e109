# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases in bootd's log: one that was sent again counts once."""

from __future__ import annotations

from lab.leases import leases


def ack(xid: str, filename: str = "", **more: object) -> dict[str, object]:
    return {"ts": 1.0, "level": "info", "event": "send", "type": "DHCPACK", "xid": xid, "filename": filename, **more}


def test_lease_that_was_sent_again_counts_once():
    first, second = ack("ff:26:3f:0a", "auto.ipxe"), ack("45:2d:00:01")
    again = {**first, "ts": 2.0, "level": "debug"}
    assert leases([first, again, again, second]) == [first, second]


def test_lease_of_another_boot_with_the_same_xid_counts():
    script, system = ack("c7:19:00:00", "auto.ipxe"), ack("45:2d:00:01")
    assert leases([script, system, script]) == [script, system, script]


def test_another_answer_to_the_same_request_counts():
    told = [ack("ff:26:3f:0a", "auto.ipxe"), ack("ff:26:3f:0a"), ack("ff:26:3f:0a", address="10.10.0.17")]
    assert leases(told) == told


def test_offers_and_received_messages_are_no_leases():
    assert leases([{**ack("01"), "type": "DHCPOFFER"}, {**ack("01"), "event": "recv"}, {"event": "ready"}]) == []
