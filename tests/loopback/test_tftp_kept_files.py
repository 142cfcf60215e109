# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files whose blocks the TFTP server keeps in memory: they are sent as those are that it reads as it sends."""

from __future__ import annotations

import os
import socket
import time
from contextlib import ExitStack

import pytest

from _bootd.tftp import blocks
from _bootd.tftp.packet import Ack, Data, Error, Request
from _bootd.tftp.transfer import Transfer
from servers.tftp_lab import CONTENT, UNKNOWN, Client, answers, fetch, tftp_lab

OPTIONS = (("blksize", "512"), ("windowsize", "4"))
NAME = "02-00-00-00-00-01/ipxe.efi"
SO_NO_CHECK = 11  # <asm-generic/socket.h>: no checksums, without which the kernel cuts nothing
TICK = 0.02  # seconds: a step of the kernel's clock, by which files are dated


@pytest.fixture(autouse=True)
def _kept_at_once(monkeypatch):
    monkeypatch.setattr(blocks, "SETTLED", 0.0)
    time.sleep(TICK)


def kept(lab):
    """Return how much memory the server has files in."""
    return lab.server._loop._kept.size


def test_clients_of_one_file_share_it(lab):
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(lab, UNKNOWN)) for _unused in range(20)]
        for client in clients:
            client.ask(Request(NAME, "octet", OPTIONS))
            client.send(Ack(0))
        received = [[client.receive() for _block in range(4)] for client in clients]
        for client in clients:
            client.send(Ack(4))
        for client, window in zip(clients, received, strict=True):
            window += [client.receive() for _block in range(2)]
            assert [data.block for data in window] == [1, 2, 3, 4, 5, 6]
            assert b"".join(data.payload for data in window) == CONTENT
            client.send(Ack(6))
    lab.wait_for_count(20, "tftp_transfers", status="complete")
    assert kept(lab) == blocks.room_of(len(CONTENT), 512)


def test_file_written_to_while_it_is_sent(lab):
    with Client(lab) as client, Client(lab, UNKNOWN) as other:
        client.ask(Request("ipxe.efi"))
        other.ask(Request(NAME, "octet", OPTIONS))
        assert kept(lab)
        with (lab.root / "ipxe.efi").open("r+b") as file:
            file.write(b"n" * len(CONTENT))
        client.send(Ack(1))
        assert client.receive() == Data(2, b"n" * 512)
        other.send(Ack(0))
        assert other.receive() == Data(1, b"n" * 512)
    assert kept(lab) == 0


def test_file_written_to_between_two_steps(lab):
    """Most ACKs are one comparison, and the block behind it was made for another client: that looks at the file too."""
    request, blksize = Request("long.efi", "octet", (("blksize", "512"),)), 512
    (lab.root / "long.efi").write_bytes(b"o" * 40 * blksize)
    time.sleep(TICK)
    with Client(lab) as client:
        assert fetch(client, request) == b"o" * 40 * blksize  # now it is in memory
    with Client(lab) as client:
        client.ask(request)
        for block in range(5):
            client.send(Ack(block))
            assert client.receive() == Data(block + 1, b"o" * blksize)
        with (lab.root / "long.efi").open("r+b") as file:
            file.write(b"n" * 40 * blksize)
        client.send(Ack(5))
        assert client.receive() == Data(6, b"n" * blksize)


def test_file_that_shrinks_ends_with_an_error(lab):
    with Client(lab) as client:
        client.ask(Request("ipxe.efi"))
        os.truncate(lab.root / "ipxe.efi", 700)
        client.send(Ack(1))
        assert client.receive() == Error(0, "the file became shorter while it was sent")
        lab.line(status="failed")


def test_file_that_is_replaced_is_sent_as_it_was_and_then_as_it_is(lab):
    with Client(lab) as client:
        first = client.ask(Request("ipxe.efi"))
        (lab.root / "new").write_bytes(b"new")
        (lab.root / "new").rename(lab.root / "ipxe.efi")
        client.send(Ack(1))
        assert first.payload + client.receive().payload == CONTENT[:1024]
    time.sleep(TICK)
    with Client(lab) as client:
        assert fetch(client, Request("ipxe.efi", "octet", OPTIONS)) == b"new"


def test_fault_in_bootd_costs_one_transfer(lab, monkeypatch):
    def broken(*_unused):
        raise RuntimeError("no such block")

    with Client(lab) as client, Client(lab, UNKNOWN) as other:
        client.ask(Request("ipxe.efi"))
        client.send(Ack(1))
        client.receive()
        other.ask(Request(NAME))
        with monkeypatch.context() as patched:
            patched.setattr(blocks.FileBlocks, "is_current", broken)
            client.send(Ack(2))
            assert lab.line(event="fault", protocol="tftp")["reason"] == "RuntimeError: no such block"
            lab.line(status="aborted", reason="a fault in bootd")
        other.send(Ack(1))
        assert other.receive() == Data(2, CONTENT[512:1024])
    assert lab.count("handler_failures", protocol="tftp") == 1
    assert answers(lab)


def test_fault_while_the_windows_of_a_round_are_sent_costs_one_transfer(root, monkeypatch):
    def broken(*_unused):
        raise RuntimeError("no such window")

    with tftp_lab(root) as lab, Client(lab) as client, Client(lab, UNKNOWN) as other:
        for each, name in ((client, "ipxe.efi"), (other, NAME)):
            each.ask(Request(name))
            each.send(Ack(1))
            each.receive()
        with monkeypatch.context() as patched:
            patched.setattr(Transfer, "go_on", broken)
            client.send(Ack(2))
            assert lab.line(event="fault", protocol="tftp")["reason"] == "RuntimeError: no such window"
            lab.line(status="aborted", reason="a fault in bootd")
        other.send(Ack(2))
        assert other.receive() == Data(3, CONTENT[1024:1536])
        assert lab.count("handler_failures", protocol="tftp") == 1
        assert answers(lab)


def test_windows_that_the_kernel_cuts_no_more_in_the_middle_of_a_transfer(root):
    with tftp_lab(root) as lab, Client(lab, UNKNOWN) as client:
        client.ask(Request(NAME, "octet", (("blksize", "512"), ("windowsize", "2"))))
        client.send(Ack(0))
        received = [client.receive() for _block in range(2)]
        (session,) = lab.server._sessions.all()
        for _unused in range(100):
            if session.transfer.step is not None:
                break
            time.sleep(TICK)  # the window was sent just now
        session.channel._socket.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        for block in (2, 4):
            client.send(Ack(block))
            received += [client.receive() for _block in range(2)]
        client.send(Ack(6))
        assert [data.block for data in received] == [1, 2, 3, 4, 5, 6]
        assert b"".join(data.payload for data in received) == CONTENT
        lab.line(status="complete")
        assert lab.count("dropped", protocol="tftp", reason="send_failed") == 0


def test_step_that_finds_the_send_buffer_full_is_sent_all_the_same(root, monkeypatch):
    write, refused = os.write, []

    def full(descriptor, octets):
        if isinstance(octets, memoryview):
            refused.append(bytes(octets))
            raise BlockingIOError
        return write(descriptor, octets)

    with tftp_lab(root) as lab, Client(lab, UNKNOWN) as client:
        client.ask(Request(NAME, "octet", (("blksize", "512"),)))
        monkeypatch.setattr(os, "write", full)
        received = []
        for block in range(6):
            client.send(Ack(block))
            received.append(client.receive())
        client.send(Ack(6))
        assert b"".join(data.payload for data in received) == CONTENT
        lab.line(status="complete")
        assert refused
        assert lab.count("dropped", protocol="tftp", reason="send_failed") == 0


def test_error_behind_the_ack_of_a_step_ends_the_transfer(lab):
    with Client(lab, UNKNOWN) as client:
        client.ask(Request(NAME, "octet", (("blksize", "512"),)))
        for block in (0, 1, 2):
            client.send(Ack(block))
            assert client.receive().block == block + 1
        client.send(Ack(3))
        client.send(Error(3, "disk full"))
        lab.line(status="aborted", bytesSent=3 * 512)
