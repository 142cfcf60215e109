# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One transfer, step by step, and against a network that loses, doubles and reorders."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from _bootd.tftp.content import BytesSource
from _bootd.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    Limits,
    Oack,
    Request,
    Terms,
    TftpError,
    encode,
    negotiate,
    parse,
)
from _bootd.tftp.transfer import MAX_IDLE, RETRIES, UNACKNOWLEDGED_IDLE, UNACKNOWLEDGED_RETRIES, Outcome, Transfer

OPTIONS = (("blksize", "8"), ("windowsize", "3"))
ASKED = 44  # octets of a request with these options
WINDOWED = Terms(blksize=8, windowsize=3, oack=OPTIONS)


def content(size):
    return bytes(octet % 251 for octet in range(size))


def blocks(datagrams):
    return [parse(datagram).block for datagram in datagrams]


def begun(size, terms=WINDOWED, at=0.0):
    """Return a transfer whose OACK was acknowledged at ``at``, and its first window."""
    transfer = Transfer(BytesSource(content(size)), terms, ASKED)
    transfer.start(at)
    return transfer, transfer.receive(Ack(0), at)


def test_start_without_options():
    transfer = Transfer(BytesSource(content(1000)), Terms(), ASKED)
    assert transfer.start(0.0) == [encode(Data(1, content(512)))]
    assert transfer.receive(Ack(1), 0.1) == [encode(Data(2, content(1000)[512:]))]
    assert transfer.outcome is None
    assert transfer.receive(Ack(2), 0.2) == []
    assert (transfer.outcome, transfer.bytes_acked) == (Outcome.COMPLETE, 1000)


@pytest.mark.parametrize("size", [0, 512, 1024])
def test_receive_size_that_is_a_multiple_of_the_block(size):
    transfer = Transfer(BytesSource(content(size)), Terms(), ASKED)
    sent = transfer.start(0.0)
    for block in range(1, size // 512 + 1):
        sent = transfer.receive(Ack(block), 0.0)
    assert sent == [encode(Data(size // 512 + 1, b""))]
    transfer.receive(Ack(size // 512 + 1), 0.0)
    assert (transfer.outcome, transfer.bytes_acked) == (Outcome.COMPLETE, size)


def test_start_with_options():
    transfer = Transfer(BytesSource(content(100)), WINDOWED, ASKED)
    assert transfer.start(0.0) == [encode(Oack(OPTIONS))]
    assert blocks(transfer.receive(Ack(0), 0.0)) == [1, 2, 3]
    assert blocks(transfer.receive(Ack(3), 0.0)) == [4, 5, 6]


def test_receive_ack_of_a_block_before_the_oack_was_acknowledged():
    transfer = Transfer(BytesSource(content(100)), WINDOWED, ASKED)
    transfer.start(0.0)
    assert transfer.receive(Ack(1), 0.0) == []
    assert not transfer.acknowledged


def test_receive_ack_inside_the_window_resumes_behind_it():
    transfer, _window = begun(100)
    assert blocks(transfer.receive(Ack(1), 0.0)) == [2, 3, 4]


def test_receive_last_window_ends_with_the_short_block():
    transfer, window = begun(20)
    assert [len(parse(datagram).payload) for datagram in window] == [8, 8, 4]
    assert transfer.receive(Ack(2), 0.0) == [encode(Data(3, content(20)[16:]))]
    transfer.receive(Ack(3), 0.0)
    assert transfer.outcome is Outcome.COMPLETE


@pytest.mark.parametrize("block", [4, 5, 100, 65535])
def test_receive_ack_of_a_block_not_sent(block):
    transfer, _window = begun(100)
    assert transfer.receive(Ack(block), 0.0) == []
    assert transfer.bytes_acked == 0


def test_receive_old_ack():
    transfer, _window = begun(200)
    transfer.receive(Ack(3), 0.0)
    transfer.receive(Ack(6), 0.0)
    assert transfer.receive(Ack(3), 0.0) == []


def test_receive_duplicate_ack_in_lockstep_is_never_answered():
    transfer = Transfer(BytesSource(content(5000)), Terms(), ASKED)
    transfer.start(0.0)
    transfer.receive(Ack(1), 0.0)
    assert [transfer.receive(Ack(1), now) for now in (0.0, 0.5, 0.9)] == [[], [], []]


def test_receive_duplicate_ack_in_windows_is_answered_once_in_a_while():
    transfer, _window = begun(500)
    transfer.receive(Ack(3), 0.0)
    assert blocks(transfer.receive(Ack(3), 0.1)) == [4, 5, 6]
    assert transfer.receive(Ack(3), 0.2) == []
    transfer.receive(Ack(6), 0.3)
    assert transfer.receive(Ack(6), 0.4) == []
    assert blocks(transfer.receive(Ack(6), 1.2)) == [7, 8, 9]


def test_receive_duplicate_acks_do_not_keep_a_transfer_alive():
    transfer, _window = begun(500)
    now = 0.0
    while transfer.outcome is None:
        now += 0.25
        transfer.receive(Ack(0), now)
        transfer.tick(now)
    assert (transfer.outcome, now) == (Outcome.TIMEOUT, MAX_IDLE)


@pytest.mark.parametrize("first", [[], [Ack(1)]])
def test_receive_error_ends_quietly(first):
    transfer = Transfer(BytesSource(content(5000)), Terms(), ASKED)
    transfer.start(0.0)
    for packet in first:
        transfer.receive(packet, 0.0)
    assert transfer.receive(Error(8, "User aborted the transfer"), 0.1) == []
    assert (transfer.outcome, transfer.acknowledged) == (Outcome.ABORTED, bool(first))
    assert transfer.reason == "client: error 8 User aborted the transfer"
    assert transfer.receive(Ack(1), 0.2) == transfer.tick(99.0) == []


@pytest.mark.parametrize("packet", [Data(1, b""), Oack(()), Request("again")])
def test_receive_packet_no_receiver_sends(packet):
    transfer, _window = begun(100)
    assert transfer.receive(packet, 0.0) == []
    assert transfer.outcome is None


def test_receive_block_numbers_roll_over():
    transfer = Transfer(BytesSource(bytes(8 * 65540)), Terms(blksize=8), ASKED)
    sent = transfer.start(0.0)
    for count in itertools.count(1):
        (block,) = blocks(sent)
        assert block == count % 65536
        sent = transfer.receive(Ack(block), 0.0)
        if transfer.outcome:
            break
    assert (count, transfer.bytes_acked) == (65541, 8 * 65540)


def test_receive_window_across_the_rollover():
    transfer, window = begun(8 * 65540, Terms(8, 64, None, OPTIONS))
    while 65535 not in blocks(window):
        window = transfer.receive(Ack(blocks(window)[-1]), 0.0)
    transfer.receive(Ack(65534), 0.0)
    assert blocks(transfer.receive(Ack(0), 0.0))[:2] == [1, 2]
    transfer.receive(Ack(4), 0.0)
    assert blocks(transfer.receive(Ack(5), 0.0)) == []
    assert transfer.outcome is Outcome.COMPLETE


def retransmissions(transfer):
    """Let time pass until the transfer is over; return when it sent something, and when it ended."""
    times = []
    while transfer.outcome is None:
        now = transfer.deadline
        assert transfer.tick(now - 0.001) == []
        if transfer.tick(now):
            times.append(now)
    return times, now


@pytest.mark.parametrize(
    ("timeout", "times", "end"),
    [
        (None, [1, 3, 7, 15, 23], MAX_IDLE),
        (1, [1, 2, 3, 4, 5], MAX_IDLE),
        (3, [3, 6, 9, 12, 15], MAX_IDLE),
        (255, [255, 510, 765, 1020, 1275], 1530),
    ],
)
def test_tick_backs_off_and_gives_up(timeout, times, end):
    transfer, _window = begun(100, Terms(8, 3, timeout, OPTIONS))
    assert retransmissions(transfer) == (times, end)
    assert len(times) == RETRIES
    assert (transfer.outcome, transfer.reason) == (Outcome.TIMEOUT, "no answer to block 1")


@pytest.mark.parametrize(
    ("terms", "asked", "times"),
    [
        pytest.param(WINDOWED, ASKED, [1], id="an OACK is as small as the request"),
        pytest.param(Terms(), 344, [1], id="a block, of a client that has sent a third of two"),
        pytest.param(Terms(), 343, [], id="a block, of a client that has sent less"),
    ],
)
def test_tick_sends_once_more_to_a_client_that_never_answered_where_that_amplifies_little(terms, asked, times):
    transfer = Transfer(BytesSource(content(5000)), terms, asked)
    assert len(transfer.start(0.0)) == 1
    assert retransmissions(transfer) == (times, UNACKNOWLEDGED_IDLE)
    assert transfer.outcome is Outcome.ABORTED


def test_tick_after_the_first_ack_sends_again_whatever_was_asked():
    transfer = Transfer(BytesSource(content(5000)), Terms(), 17)
    transfer.start(0.0)
    transfer.receive(Ack(1), 0.5)
    assert len(retransmissions(transfer)[0]) == RETRIES
    assert transfer.outcome is Outcome.TIMEOUT


def test_tick_sends_the_window_again():
    transfer, window = begun(100)
    assert transfer.tick(1.0) == window


def test_tick_starts_over_after_progress():
    transfer, _window = begun(200)
    for at in (1.0, 3.0, 7.0):
        transfer.tick(at)
    transfer.receive(Ack(3), 8.0)
    assert transfer.deadline == 9.0


def test_tick_last_ack_lost():
    transfer, window = begun(20)
    assert transfer.tick(1.0) == window
    transfer.receive(Ack(3), 1.1)
    assert (transfer.outcome, transfer.bytes_acked) == (Outcome.COMPLETE, 20)


def test_repeat_first_until_the_client_has_answered():
    transfer = Transfer(BytesSource(content(100)), WINDOWED, ASKED)
    first = transfer.start(0.0)
    assert transfer.repeat_first() == first
    transfer.receive(Ack(0), 0.0)
    assert transfer.repeat_first() == []


def test_abort_keeps_the_first_outcome():
    transfer, _window = begun(4)
    transfer.receive(Ack(1), 0.0)
    transfer.abort("gone")
    assert (transfer.outcome, transfer.reason) == (Outcome.COMPLETE, "")


class BrokenSource:
    size = 100

    def read(self, offset, length):
        if offset:
            raise TftpError(ErrorCode.UNDEFINED, "reading failed")
        return bytes(length)


def test_receive_source_that_fails():
    transfer = Transfer(BrokenSource(), Terms(), ASKED)
    transfer.start(0.0)
    assert transfer.receive(Ack(1), 0.0) == [encode(Error(0, "reading failed"))]
    assert transfer.outcome is Outcome.FAILED


@dataclass
class Receiver:
    """A client by the RFCs: in order, an ACK for each window, for a gap, and again when nothing comes."""

    terms: Terms
    received: bytearray = field(default_factory=bytearray)
    count: int = 0
    in_window: int = 0
    done: bool = False
    gap_told: bool = False

    def take(self, datagram):
        packet = parse(datagram)
        if isinstance(packet, Oack):
            assert packet.options == self.terms.oack
            return [] if self.count else [Ack(0)]
        assert isinstance(packet, Data)
        if packet.block != (self.count + 1) % 65536:
            return self._gap()
        assert not self.done
        self.count += 1
        self.received += packet.payload
        self.done = len(packet.payload) < self.terms.blksize
        self.in_window += 1
        self.gap_told = False
        return self.last_ack() if self.done or self.in_window >= self.terms.windowsize else []

    def _gap(self):
        if self.gap_told and not self.done:
            return []
        self.gap_told = True
        return self.last_ack()

    def ask_again(self, transfer, now, network):
        """Send the last ACK again, or the request where nothing was heard; return the answer to that."""
        if not self.count:
            return transfer.repeat_first()
        if not self.done:
            network.carry(now, "sender", *self.last_ack())
        return []

    def last_ack(self):
        self.in_window = 0
        return [Ack(self.count % 65536)]


class Network:
    """Carries datagrams with delay; `random` decides which are lost, doubled or late.

    Where it is `fair` it loses no more between two moments of progress than there are retransmissions.
    """

    def __init__(self, seed, loss, *, fair):
        self.random = random.Random(seed)
        self.loss = loss
        self.fair = fair
        self.spare = UNACKNOWLEDGED_RETRIES
        self.queue = []
        self.order = itertools.count()

    def carry(self, now, to, payload):
        for _copy in range(self.random.choices([1, 2, 3], [8, 1, 1])[0]):
            if self.random.random() < self.loss and (self.spare or not self.fair):
                self.spare -= 1
                continue
            delay = self.random.choice([0.001, 0.001, 0.002, 0.3, 1.5])
            heapq.heappush(self.queue, (now + delay, next(self.order), to, payload))


def simulate(transfer, receiver, network):
    now, silence = 0.0, 4.0
    for datagram in transfer.start(now):
        network.carry(now, "receiver", datagram)
    client_due = silence
    while transfer.outcome is None:
        arrival = network.queue[0][0] if network.queue else float("inf")
        now = max(now, min(arrival, transfer.deadline, client_due))
        replies, before = [], (transfer.acknowledged, transfer.bytes_acked)
        if arrival <= now:
            _at, _order, to, payload = heapq.heappop(network.queue)
            if to == "receiver":
                client_due = now + silence
                for ack in receiver.take(payload):
                    network.carry(now, "sender", ack)
            else:
                replies = transfer.receive(payload, now)
        elif client_due <= now:
            client_due = now + silence
            replies = receiver.ask_again(transfer, now, network)
        else:
            replies = transfer.tick(now)
        if (transfer.acknowledged, transfer.bytes_acked) != before:
            network.spare = RETRIES
        for datagram in replies:
            network.carry(now, "receiver", datagram)


options = st.one_of(
    st.just(()),
    st.tuples(
        st.tuples(st.just("blksize"), st.integers(8, 64).map(str)),
        st.tuples(st.just("windowsize"), st.integers(1, 70).map(str)),
    ),
    st.just((("tsize", "0"), ("timeout", "2"), ("windowsize", "5"))),
)
seeds = st.integers(0, 2**32)


@example(bytes(3000), (), 1, 0.9)
@given(st.binary(max_size=3000), options, seeds, st.sampled_from([0.0, 0.1, 0.5, 0.9]))
def test_transfer_delivers_the_identical_bytes(raw, options, seed, loss):
    terms = negotiate(options, len(raw), Limits(64, 64))
    transfer, receiver = Transfer(BytesSource(raw), terms, ASKED), Receiver(terms)
    simulate(transfer, receiver, Network(seed, loss, fair=True))
    assert transfer.outcome is Outcome.COMPLETE
    assert receiver.received == raw
    assert transfer.bytes_acked == len(raw)


@given(st.binary(max_size=2000), options, seeds, st.sampled_from([0.3, 0.7]))
def test_transfer_delivers_nothing_wrong_over_any_network(raw, options, seed, loss):
    terms = negotiate(options, len(raw), Limits(64, 64))
    transfer, receiver = Transfer(BytesSource(raw), terms, ASKED), Receiver(terms)
    simulate(transfer, receiver, Network(seed, loss, fair=False))
    assert raw.startswith(bytes(receiver.received))
    assert (transfer.outcome is Outcome.COMPLETE) <= (receiver.received == raw)
    assert transfer.outcome in (Outcome.COMPLETE, Outcome.TIMEOUT, Outcome.ABORTED)


@given(st.binary(max_size=400), st.lists(st.one_of(st.integers(0, 70), st.none()), max_size=60))
def test_transfer_survives_any_sequence_of_acks(raw, acks):
    transfer, now = Transfer(BytesSource(raw), WINDOWED, ASKED), 0.0
    sent = transfer.start(now)
    for ack in acks:
        now = transfer.deadline if ack is None else now
        sent += transfer.tick(now) if ack is None else transfer.receive(Ack(ack), now)
    assert all(isinstance(parse(datagram), Data | Oack) for datagram in sent)
    # What an ACK may cause is one window; silence, one window a retransmission.
    assert len(sent) <= (len(acks) + 1) * WINDOWED.windowsize
