# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that sends what is no answer, or without an end, is a problem that is told, and never a fault or a wait."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._clients import http, tftp
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import TftpProblem

ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4\r\nabcd\r\n" * 5000


@contextmanager
def http_server(answer):
    """Yield the URL of a server that sends ``answer`` to whoever connects, whatever it asks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            client, _address = listening.accept()
            with client:
                client.recv(4096)
                try:
                    client.sendall(answer)
                except OSError:
                    pass  # it has heard enough

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/file"
        thread.join()


@contextmanager
def tftp_server(answer):
    """Yield the port of a server that sends ``answer`` to each packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))

        def serve():
            while client := udp.recvfrom(2048)[1]:
                if client[1] == own:
                    return
                udp.sendto(answer, client)

        own = udp.getsockname()[1]
        thread = threading.Thread(target=serve)
        thread.start()
        yield own
        udp.sendto(b"", ("127.0.0.1", own))
        thread.join()


def test_body_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(http, "MAX_SECONDS", 0.0)
    with http_server(ENDLESS) as url, pytest.raises(HttpProblem, match="too slowly"):
        http.fetch(url)


def test_file_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(http, "MAX_FILE", 1000)
    with http_server(ENDLESS) as url, pytest.raises(HttpProblem, match="more than 1000 octets"):
        http.digest(url, "sha256")


def test_no_more_is_read_than_the_limit():
    with http_server(ENDLESS) as url:
        assert http.fetch(url, limit=6).body == b"abcdab"


def test_size_of_a_thousand_digits_is_none():
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/%s\r\n\r\nx"
    with http_server(head % (b"9" * 5000)) as url:
        assert http.fetch(url).size is None


def test_redirection_leads_nowhere_but_to_http():
    head = b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/etc/passwd\r\nContent-Length: 0\r\n\r\n"
    with http_server(head) as url, pytest.raises(HttpProblem, match="it redirects to ftp://"):
        http.fetch(url)


@pytest.mark.parametrize(
    "answer",
    [b"\0\3\1", b"\0\6\1\2\3", b"\0\6blksize\0x\0", b"\0\6\xff\xff\0\1\0"],
    ids=["short DATA", "OACK without NUL", "no number", "no ASCII"],
)
def test_what_is_no_tftp_is_told(answer):
    with tftp_server(answer) as port, pytest.raises(TftpProblem):
        tftp.load("127.0.0.1", "ipxe.efi", port=port)


def test_transfer_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(tftp, "MAX_SECONDS", 0.0)
    with tftp_server(b"\0\3\0\1" + bytes(512)) as port, pytest.raises(TftpProblem, match="took over"):
        tftp.load("127.0.0.1", "ipxe.efi", port=port)


@pytest.mark.parametrize(("server", "name"), [("a..b", "ipxe.efi"), ("127.0.0.1", "\xe9.efi")])
def test_names_that_tftp_can_not_say_are_told(server, name):
    with pytest.raises(TftpProblem, match=r"no TFTP"):
        tftp.load(server, name, port=9)
