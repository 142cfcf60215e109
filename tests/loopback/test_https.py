# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS: the same routes to clients that trust the certificate, renewed certificates, and who gets no further."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from _bootd.http import tls
from _bootd.http.server import HttpServer
from clients.http_client import BIG, eventually, site_with
from programs.require import require
from samples.certificates import make_certificate
from servers.http_site import MAC, Site, machine

ADDRESS = "127.0.0.1"


@pytest.fixture
def certificate(tmp_path):
    """The files with a certificate for the loopback interface, and with its key."""
    require("openssl")
    return make_certificate(tmp_path, "one", ADDRESS)


@pytest.fixture
def site(tmp_path, certificate) -> Site:
    """A site of the machine at 127.0.0.1, with a certificate."""
    return site_with(tmp_path, tls_cert=str(certificate[0]), tls_key=str(certificate[1]), https_port=0)


@contextmanager
def serving(site: Site) -> Iterator[HttpServer]:
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def curl(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    require("curl")
    return subprocess.run(["curl", "--silent", "--show-error", *map(str, arguments)], capture_output=True, timeout=60)


def trusting(certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def connect(server: HttpServer, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection((ADDRESS, server.https_port), 10), server_hostname=ADDRESS)


def serial(server: HttpServer) -> int:
    """The certificate that a new client is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(server, context) as client:
        return hash(client.getpeercert(binary_form=True))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_file_arrives_as_it_is(tmp_path, site, certificate, version):
    with serving(site) as server:
        url = f"https://{ADDRESS}:{server.https_port}/images/big"
        tls_version = f"--tlsv{version}", "--tls-max", version
        got = curl("--cacert", certificate[0], "--fail", "--output", tmp_path / "got", *tls_version, url)
        assert (got.returncode, got.stderr) == (0, b"")
        # The kernel sends the same to clients without encryption, all the while.
        assert curl("--fail", "--head", f"http://{ADDRESS}:{server.port}/images/big").returncode == 0
    assert (tmp_path / "got").read_bytes() == (tmp_path / "images/big").read_bytes()
    assert eventually(lambda: [seen.kind for seen in site.events()] == ["loaded"])


def test_head_ranges_and_kept_connections(site, certificate):
    with serving(site) as server:
        url = f"https://{ADDRESS}:{server.https_port}/images/big"
        head = curl("--cacert", certificate[0], "--head", url).stdout.lower()
        assert f"content-length: {BIG}".encode() in head
        part = curl("--cacert", certificate[0], "--range", "10-19", "--include", url, "--next", "--cacert", *(
            certificate[0], "--range", "10-19", "--write-out", "%{num_connects}", url
        )).stdout  # fmt: skip
        assert b"206 Partial Content" in part
        assert part.endswith(b"0"), "the second request took a connection of its own"


def test_older_tls_is_refused(site, certificate):
    with serving(site) as server:
        url = f"https://{ADDRESS}:{server.https_port}/healthz"
        old = ("--tlsv1.1", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        assert curl("--cacert", certificate[0], *old, url).returncode == 35
        assert curl("--cacert", certificate[0], url).returncode == 0


def test_client_that_does_not_trust_the_certificate_is_named(site):
    with serving(site) as server:
        assert curl(f"https://{ADDRESS}:{server.https_port}/healthz").returncode == 60
        assert eventually(lambda: [line for line in site.lines() if line["event"] == "no_handshake"])
    (line,) = (line for line in site.lines() if line["event"] == "no_handshake")
    assert line["machine"] == "um790-1"
    assert "does not trust the certificate" in line["reason"]


def test_client_is_named_by_the_address_that_it_took_elsewhere(tmp_path, certificate):
    certified = {"tls_cert": str(certificate[0]), "tls_key": str(certificate[1]), "https_port": 0}
    site = site_with(tmp_path, dhcp_mode="proxy", **certified)
    site.catalog.replace([machine(address="")])
    site.services.heard.note(MAC, ADDRESS, site.now)
    with serving(site) as server:
        assert curl(f"https://{ADDRESS}:{server.https_port}/healthz").returncode == 60
        assert eventually(lambda: [line for line in site.lines() if line["event"] == "no_handshake"])
    (line,) = (line for line in site.lines() if line["event"] == "no_handshake")
    assert (line["machine"], line["mac"]) == ("um790-1", MAC)


def test_plain_http_on_the_port_of_https_gets_no_answer(site):
    with serving(site) as server:
        assert curl(f"http://{ADDRESS}:{server.https_port}/healthz").returncode != 0
        assert curl(f"http://{ADDRESS}:{server.port}/healthz").returncode == 0


def test_renewed_certificate_is_taken_up(tmp_path, site, certificate, monkeypatch):
    monkeypatch.setattr(tls, "LOOK_SECONDS", 0.0)
    renewed = make_certificate(tmp_path, "two", ADDRESS)
    with serving(site) as server, connect(server, trusting(certificate[0])) as before:
        first = serial(server)
        # One file at a time, as tools write them: the certificate has another key for a moment.
        shutil.copy(renewed[0], tmp_path / "new")
        os.replace(tmp_path / "new", certificate[0])
        assert serial(server) == first
        assert [line["event"] for line in site.lines() if "certificate" in line["event"]] == ["certificate_not_renewed"]
        shutil.copy(renewed[1], tmp_path / "new")
        os.replace(tmp_path / "new", certificate[1])
        assert serial(server) != first
        # Who is connected stays so.
        before.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert before.recv(1000).startswith(b"HTTP/1.1 200")


def test_clients_without_a_handshake_are_bounded_and_lock_nobody_out(tmp_path, certificate):
    site = site_with(
        tmp_path, tls_cert=str(certificate[0]), tls_key=str(certificate[1]), https_port=0, http_connections=16
    )
    with serving(site) as server, ExitStack() as silent:
        for _unused in range(40):
            silent.enter_context(socket.create_connection((ADDRESS, server.https_port), 10))
        url = f"https://{ADDRESS}:{server.https_port}/healthz"
        assert curl("--cacert", certificate[0], "--fail", url).returncode == 0
        assert len(server.loop._slots.all()) <= 16


def test_connection_ends_where_no_handshake_comes(site, monkeypatch):
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS", 0.2)
    with serving(site) as server, socket.create_connection((ADDRESS, server.https_port), 10) as client:
        assert client.recv(10) == b""
        assert eventually(lambda: not server.loop._slots.all())


def test_end_with_open_connections_and_handshakes(site, certificate):
    with serving(site) as server:
        begun = socket.create_connection((ADDRESS, server.https_port), 10)
        kept = connect(server, trusting(certificate[0]))
        kept.sendall(b"GET /images/big HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(10)
    with begun, kept:
        assert begun.recv(10) == b""


def test_no_certificate_no_https(tmp_path):
    with serving(site_with(tmp_path)) as server:
        assert server.https_port == 0
