# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks as datagrams: those that are kept are octet for octet those read anew, and their memory is bounded."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp import blocks as tftp_blocks
from _bootd.tftp.blocks import KEPT, SETTLED, STEPS, KeptFiles, ReadBlocks, Version, octets_of, room_of
from _bootd.tftp.content import BootFile, BytesSource, Content, FileSource
from _bootd.tftp.packet import Ack, Data, Terms, TftpError, encode
from _bootd.tftp.transfer import Transfer

PAGE = room_of(0, 512)


def later():
    """Return a time at which the files of a test have long been as they are."""
    return time.time() + 2 * SETTLED


@contextmanager
def opened(raw):
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.flush()
        yield file.fileno()


def content_of(descriptor):
    file = BootFile(descriptor, 0.0, lambda _file: None)
    return Content(FileSource(descriptor, file.size), file.size, file, as_stored=True)


def blocks_of(descriptor, blksize, files):
    version = Version.of(descriptor)
    return files.blocks_of(descriptor, version, ReadBlocks(FileSource(descriptor, version.size), blksize), blksize)


def datagrams(raw, blksize, acked, count):
    """Return the datagrams of a window, each by itself."""
    first = range(acked, min(acked + count, len(raw) // blksize + 1))
    return [encode(Data((at + 1) % 65536, raw[at * blksize : (at + 1) * blksize])) for at in first]


raws = st.binary(max_size=3000)
blksizes = st.integers(8, 600)


@given(raws, blksizes, st.integers(0, 99), st.integers(1, 64))
def test_read_blocks_window(raw, blksize, acked, count):
    acked %= len(raw) // blksize + 1
    window = ReadBlocks(BytesSource(raw), blksize).window(acked, count)
    assert bytes(window) == b"".join(datagrams(raw, blksize, acked, count))


@given(raws, blksizes, st.lists(st.tuples(st.integers(0, 99), st.integers(1, 64)), min_size=1, max_size=8))
def test_kept_window_is_octet_for_octet_the_one_read_anew(raw, blksize, asked):
    with opened(raw) as descriptor:
        kept = blocks_of(descriptor, blksize, KeptFiles(clock=later))
        plain = ReadBlocks(BytesSource(raw), blksize)
        for acked, count in asked:
            at = acked % (len(raw) // blksize + 1)
            assert bytes(kept.window(at, count)) == plain.window(at, count)


ALL = -1  # stands for the number of the last block that was sent
acks = st.lists(st.one_of(st.just(ALL), st.integers(0, 70), st.none()), max_size=40)


def take(transfer, block, now):
    """Have `transfer` take an ACK as the server does; return what it sends, and whether that was by the short way."""
    step = transfer.step
    if step is None or step.ack != encode(Ack(block)) or not (step.file.is_current or transfer.is_current()):
        sent = transfer.receive(Ack(block), now)
        if sent and transfer.outcome is None:
            transfer.follow()
        return sent, False
    transfer.stepped_at, transfer.step, octets = now, step.next or transfer.go_on(step), step.octets
    return [bytes(octets[at : at + transfer.datagram]) for at in range(0, len(octets), transfer.datagram)], True


@given(raws, blksizes, st.integers(1, 9), acks)
def test_transfer_of_a_kept_file_sends_what_one_of_a_read_file_does(raw, blksize, windowsize, acks):
    terms = Terms(blksize, windowsize, None, (("blksize", str(blksize)),))
    with opened(raw) as descriptor:
        files, content = KeptFiles(clock=later), content_of(descriptor)
        kept, quick = (Transfer(content.source, terms, 44, content.in_blocks(blksize, files)) for _twice in range(2))
        plain = Transfer(BytesSource(raw), terms, 44)
        assert kept.start(0.0) == quick.start(0.0) == plain.start(0.0)
        for ack in (0, *acks):
            files.begin_round()
            now = plain.deadline if ack is None else 0.0
            if ack is None:
                sent = [each.tick(now) for each in (kept, quick, plain)]
            else:
                block = plain._sent % 65536 if ack == ALL else ack
                sent = [take(quick, block, now)[0], *(each.receive(Ack(block), now) for each in (kept, plain))]
            assert sent[0] == sent[1] == sent[2]
            states = [(each.outcome, each.bytes_acked, each.deadline) for each in (kept, quick, plain)]
            assert states[0] == states[1] == states[2]


def test_ack_of_all_that_was_sent_is_taken_the_short_way_while_a_window_is_in_memory():
    raw = os.urandom(60 * 8 + 3)
    with opened(raw) as descriptor:
        files, content = KeptFiles(clock=later), content_of(descriptor)
        transfer = Transfer(content.source, Terms(8, 4, None, (("windowsize", "4"),)), 44, content.in_blocks(8, files))
        transfer.start(0.0)
        sent, short = take(transfer, 0, 0.0)[0], []
        while transfer.outcome is None:
            files.begin_round()
            window, is_short = take(transfer, len(sent), 0.0)
            sent += window
            short.append(is_short)
    # All but the last two: the window with the block that is not full, and the ACK of it.
    assert short == [True] * 14 + [False] * 2
    assert sent == datagrams(raw, 8, 0, 61)


@pytest.mark.parametrize("block", [0, 1, 3, 5, 9, 65535])
def test_ack_of_other_than_all_that_was_sent_is_not_taken_the_short_way(block):
    """An old ACK that came twice would have all behind it sent twice (RFC 1123, section 4.2.3.1)."""
    with opened(bytes(900)) as descriptor:
        content = content_of(descriptor)
        blocks = content.in_blocks(8, KeptFiles(clock=later))
        transfer = Transfer(content.source, Terms(8, 4, None, (("windowsize", "4"),)), 44, blocks)
        transfer.start(0.0)
        transfer.receive(Ack(0), 0.0)
        transfer.follow()
        assert not take(transfer, block, 0.0)[1]
        transfer.receive(Ack(4), 0.0)
        transfer.follow()
        assert take(transfer, 8, 0.0)[1]


def test_file_that_was_written_to_is_not_sent_the_short_way():
    with opened(bytes(900)) as descriptor:
        files, content = KeptFiles(clock=later), content_of(descriptor)
        transfer = Transfer(content.source, Terms(8), 44, content.in_blocks(8, files))
        transfer.start(0.0)
        transfer.follow()
        assert transfer.step is None  # the client had acknowledged nothing
        take(transfer, 1, 0.0)
        assert take(transfer, 2, 0.0) == ([encode(Data(3, bytes(8)))], True)
        os.pwrite(descriptor, b"n" * 900, 0)
        files.begin_round()
        assert take(transfer, 3, 0.0) == ([encode(Data(4, b"n" * 8))], False)


def test_steps_go_on_across_the_rollover():
    with opened(bytes(8 * 65540)) as descriptor:
        files, content = KeptFiles(clock=later), content_of(descriptor)
        transfer = Transfer(content.source, Terms(8), 44, content.in_blocks(8, files))
        sent, short = transfer.start(0.0), 0
        while transfer.outcome is None:
            block = len(sent)
            window, is_short = take(transfer, block % 65536, 0.0)
            sent += window
            short += is_short
        assert sent == datagrams(bytes(8 * 65540), 8, 0, 70_000)
        assert short > 64000  # all but those that had the file read further
        # The first steps were forgotten for later ones.
        assert files.steps <= STEPS


def test_steps_are_bounded_and_forgotten_with_their_file(monkeypatch):
    monkeypatch.setattr(tftp_blocks, "STEPS", 5)
    files = KeptFiles(limit=2 * PAGE, clock=later)
    with opened(bytes(900)) as one, opened(bytes(900)) as two:
        users = [blocks_of(descriptor, 8, files) for descriptor in (one, two)]
        for blocks in users:
            blocks.window(0, 64)
        steps = [blocks.step(sent, 1) for blocks in users for sent in range(4)]
        assert [step.sent for step in steps] == 2 * [0, 1, 2, 3]
        assert files.steps == 2
        assert users[0].step(1, 1) is not steps[1]
        assert users[1].step(3, 1) is steps[-1]
        for blocks in users:
            blocks.close()
        assert blocks_of(one, 16, files) is not None
        assert files.steps == 2, "those of the file that was used last"


def test_window_across_the_rollover():
    raw = bytes(8 * 65540)
    with opened(raw) as descriptor:
        kept = blocks_of(descriptor, 8, KeptFiles(clock=later))
        assert bytes(kept.window(65530, 11)) == b"".join(datagrams(raw, 8, 65530, 11))


def test_octets_of():
    assert octets_of(0, 512) == 4
    assert octets_of(511, 512) == 515
    assert octets_of(512, 512) == 512 + 4 + 4


def test_transfers_share_a_file_of_one_block_size():
    files = KeptFiles(clock=later)
    with opened(bytes(5000)) as descriptor:
        for blksize in (512, 512, 1024):
            blocks_of(descriptor, blksize, files)
        assert files.size == room_of(5000, 512) + room_of(5000, 1024)


@pytest.mark.parametrize("length", [0, 700, 1000])
def test_file_written_to_is_read_anew_from_the_next_round_on(length):
    with opened(bytes(1000)) as descriptor:
        files = KeptFiles(clock=later)
        users = [blocks_of(descriptor, 512, files) for _unused in range(2)]
        for blocks in users:
            assert bytes(blocks.window(0, 1)) == encode(Data(1, bytes(512)))
        time.sleep(0.02)  # a step of the kernel's clock, by which files are dated
        os.ftruncate(descriptor, length)
        if length == 1000:
            os.pwrite(descriptor, b"new", 512)
        files.begin_round()
        for blocks in users:
            if length < 1000:
                with pytest.raises(TftpError, match="shorter"):
                    blocks.window(1, 1)
            else:
                assert bytes(blocks.window(1, 1))[4:7] == b"new"
        assert files.size == 0


def test_file_that_cannot_be_looked_at_is_read_anew():
    with opened(bytes(1000)) as descriptor:
        other = os.dup(descriptor)
        files = KeptFiles(clock=later)
        blocks = blocks_of(other, 512, files)
        os.close(other)
        with pytest.raises(TftpError, match="reading failed"):
            blocks.window(0, 1)
        assert files.size == 0


def test_file_that_becomes_shorter_while_it_is_read():
    with opened(bytes(100_000)) as descriptor:
        files = KeptFiles(clock=later)
        blocks = blocks_of(descriptor, 512, files)
        blocks.window(0, 1)
        os.ftruncate(descriptor, 50_000)
        # In the same round, so nobody has looked again; what was read before is as it was.
        assert bytes(blocks.window(0, 1)) == encode(Data(1, bytes(512)))
        with pytest.raises(TftpError, match="shorter"):
            blocks.window(100, 64)


def test_file_that_changed_just_now_is_not_kept():
    with opened(b"x") as descriptor:
        changed = os.fstat(descriptor).st_ctime_ns / 1e9
        assert blocks_of(descriptor, 512, KeptFiles(clock=lambda: changed + SETTLED - 0.1)) is None
        assert blocks_of(descriptor, 512, KeptFiles(clock=lambda: changed - 100)) is None
        assert blocks_of(descriptor, 512, KeptFiles(clock=lambda: changed + SETTLED + 0.1)) is not None


def test_room_is_made_by_the_file_used_longest_ago_that_no_transfer_uses():
    files = KeptFiles(limit=3 * PAGE, clock=later)
    with opened(b"1") as one, opened(b"2") as two, opened(b"3") as three, opened(b"4") as four:
        used = [blocks_of(descriptor, 512, files) for descriptor in (one, two, three)]
        assert blocks_of(four, 512, files) is None  # all are in use
        used[1].close()
        used[0].close()
        blocks_of(one, 512, files).close()  # so that two was used longest ago
        filled = used[2].window(0, 1)
        assert blocks_of(four, 512, files) is not None
        kept = [version.inode for version, _blksize in files._files]
        assert kept == [os.fstat(each).st_ino for each in (three, one, four)]
        assert bytes(filled) == encode(Data(1, b"3"))


def test_no_room_is_made_where_it_would_not_be_enough():
    files = KeptFiles(limit=3 * PAGE, clock=later)
    with opened(b"1") as one, opened(bytes(PAGE)) as two, opened(bytes(2 * PAGE)) as large:
        blocks_of(one, 512, files).close()
        used = blocks_of(two, 512, files)
        assert blocks_of(large, 512, files) is None
        assert files.size == 3 * PAGE
        used.close()


def test_file_larger_than_the_room_is_not_kept():
    with opened(bytes(5000)) as descriptor:
        assert blocks_of(descriptor, 512, KeptFiles(limit=PAGE, clock=later)) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([8, 512, 1468]), st.booleans()), max_size=40))
def test_memory_stays_within_its_limit(asked):
    files, under_way = KeptFiles(limit=8 * PAGE, clock=later), []
    with tempfile.TemporaryFile() as file:
        for size, blksize, ends in asked:
            version = Version(1, size, size * 1500, 0, 0)
            blocks = files.blocks_of(file.fileno(), version, ReadBlocks(BytesSource(b""), blksize), blksize)
            if blocks is not None:
                under_way.append(blocks)
            if ends and under_way:
                under_way.pop(0).close()
            assert files.size == sum(kept.room for kept in files._files.values()) <= 8 * PAGE
    assert KEPT == 64 << 20
