# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers under way: how many there may be, and which is due when."""

from __future__ import annotations

import random

import pytest

from _bootd.decisions.boot import Wait
from _bootd.hardware.model import Interface, Machine, Nic
from _bootd.tftp.content import BytesSource, Content
from _bootd.tftp.decide import ServeScript
from _bootd.tftp.packet import Ack, Request, Terms
from _bootd.tftp.sessions import SLACK, Session, Sessions
from _bootd.tftp.transfer import Transfer

NIC = Nic(Machine("one"), Interface("02:00:00:00:00:01"))


def session(address, port=2000, *, at=0.0, acknowledged=False):
    source = BytesSource(bytes(5000))
    transfer = Transfer(source, Terms(), 400)
    transfer.start(at)
    if acknowledged:
        transfer.receive(Ack(1), at)
    decision = ServeScript(b"", "autoexec.ipxe", NIC, Wait("", ""))
    content = Content(source, 5000)
    return Session((address, port), Request("f"), decision, Terms(), transfer, content, None, started=at, last_heard=at)


@pytest.fixture
def sessions():
    return Sessions(limit=8)  # two of one address


def test_get_by_client_address_and_port(sessions):
    one, two = session("192.0.2.1", 1), session("192.0.2.1", 2)
    sessions.add(one)
    sessions.add(two)
    assert sessions.get(("192.0.2.1", 1)) is one
    assert sessions.get(("192.0.2.1", 2)) is two
    assert sessions.get(("192.0.2.1", 3)) is None


def test_full_by_source(sessions):
    for port in (1, 2):
        assert not sessions.full("192.0.2.1")
        sessions.add(session("192.0.2.1", port))
    assert sessions.full("192.0.2.1")
    assert not sessions.full("192.0.2.2")


def test_full_altogether(sessions):
    for host in range(8):
        assert not sessions.full("192.0.2.99")
        sessions.add(session(f"192.0.2.{host}"))
    assert sessions.full("192.0.2.99")


@pytest.mark.parametrize(("acknowledged", "replaced"), [((False, False), 0), ((True, False), 1), ((True, True), None)])
def test_replaceable_is_the_oldest_never_acknowledged_of_an_address_that_has_its_share(
    sessions, acknowledged, replaced
):
    own = [session("192.0.2.1", port, acknowledged=flag) for port, flag in enumerate(acknowledged)]
    sessions.add(session("192.0.2.2"))
    for item in own:
        assert sessions.replaceable("192.0.2.1") is None
        sessions.add(item)
    assert sessions.replaceable("192.0.2.1") is (None if replaced is None else own[replaced])


def test_replaceable_is_the_oldest_never_acknowledged_of_all_where_all_is_full(sessions):
    served = [session(f"192.0.2.{host}", acknowledged=True) for host in range(4)]
    forged = [session(f"192.0.2.{host}") for host in range(4, 8)]
    for item in (*served[:2], *forged[:2], *served[2:], *forged[2:]):
        assert sessions.replaceable("192.0.2.99") is None
        sessions.add(item)
    # One that proves itself is passed over from then on.
    forged[1].transfer.receive(Ack(1), 0.0)
    for item in (forged[0], forged[2], forged[3]):
        assert sessions.replaceable("192.0.2.99") is item
        sessions.remove(item)
        newer = session(item.client[0], 3000, acknowledged=True)
        sessions.add(newer)
    assert sessions.replaceable("192.0.2.99") is None
    assert sessions.full("192.0.2.99")
    assert set(served) <= set(sessions.all())


def test_schedule_does_not_grow_with_what_was_replaced(sessions):
    for number in range(5000):
        item = session("192.0.2.1", number % 65536)
        sessions.add(item)
        sessions.remove(item)
    assert len(sessions._schedule) <= SLACK + 2


def test_remove_makes_room(sessions):
    own = [session("192.0.2.1", port) for port in range(2)]
    for item in own:
        sessions.add(item)
    assert sessions.remove(own[0])
    assert not sessions.full("192.0.2.1")
    assert (sessions.get(own[0].client), sessions.all()) == (None, [own[1]])


def test_remove_twice(sessions):
    old, new = session("192.0.2.1"), session("192.0.2.1")
    sessions.add(old)
    assert sessions.remove(old)
    sessions.add(new)
    assert not sessions.remove(old)
    assert sessions.all() == [new]


def test_due_in_time(sessions):
    early, late = session("192.0.2.1", at=0.0), session("192.0.2.2", at=0.5)
    sessions.add(late)
    sessions.add(early)
    assert sessions.next_due() == 1.0
    assert sessions.due(0.9) == []
    assert sessions.due(1.0) == [early]
    assert sessions.due(2.0) == [late]
    assert sessions.next_due() is None


def test_due_after_the_deadline_moved_on(sessions):
    item = session("192.0.2.1")
    sessions.add(item)
    item.transfer.receive(Ack(1), 0.7)
    sessions.reschedule(item)
    assert sessions.due(1.0) == []
    assert sessions.due(1.7) == [item]


def test_due_after_the_deadline_came_nearer(sessions):
    item = session("192.0.2.1", acknowledged=True)
    sessions.add(item)
    for at in (1.0, 3.0, 7.0):
        assert sessions.due(at) == [item]
        item.transfer.tick(at)
        sessions.reschedule(item)
    item.transfer.receive(Ack(2), 7.5)
    sessions.reschedule(item)
    assert sessions.due(8.5) == [item]


def test_due_after_removal(sessions):
    item = session("192.0.2.1")
    sessions.add(item)
    sessions.remove(item)
    assert sessions.due(100.0) == []


@pytest.mark.parametrize("seed", range(5))
def test_due_never_forgets_a_session(seed):
    chance, sessions = random.Random(seed), Sessions()
    for host in range(40):
        sessions.add(session(f"192.0.2.{host}", acknowledged=True))
    now = 0.0
    while len(sessions):
        now = sessions.next_due()
        for item in sessions.due(now):
            assert item.transfer.deadline <= now
            item.transfer.tick(now)
            if chance.random() < 0.3:
                item.transfer.receive(Ack(chance.randint(1, 9)), now)
            if item.transfer.outcome is None:
                sessions.reschedule(item)
            else:
                sessions.remove(item)
    assert now > 30
