# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx serves what it should and nothing else, as a user who may do nothing; systemd judges its unit."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._images.nginx import (
    Nginx,
    configuration,
    listen_problem,
    path_problem,
    unit,
)
from programs.require import require

NOBODY = 65534
PATIENCE = 10.0
MAX_EXPOSURE = 1.5  # in systemd's figures, from 0 (safe) to 10
ISO = b"0123456789" * 1000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_nobody(argv: list[str]) -> list[str]:
    """Return the command that runs ``argv`` as the unit does: somebody who may do nothing."""
    if os.geteuid() != 0:
        return argv
    who = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
    return ["setpriv", *who, *argv]


@pytest.fixture(scope="module")
def server():
    """Serve a directory while the tests of this file run, and return the port."""
    require("nginx", "setpriv")
    # pytest's own directory lets nobody else in.
    place = Path(tempfile.mkdtemp(prefix="nginx-"))
    place.chmod(0o755)
    images, scratch = place / "images", place / "scratch"
    for path in (images / "v1", images / ".hidden", scratch):
        path.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(scratch, NOBODY, NOBODY)
    for name in ("v1/x.iso", "v1/.x.iso.part", "v1/.verified.json", ".hidden/x", "v1/index.html"):
        (images / name).write_bytes(ISO)
    (images / "v1/link").symlink_to("/etc/passwd")
    (images / "out").symlink_to("/etc")
    port = free_port()
    file = place / "nginx.conf"
    file.write_text(configuration(Nginx(str(images), "127.0.0.1", port, str(scratch))))
    process = subprocess.Popen(
        as_nobody(["nginx", "-e", "stderr", "-c", str(file)]), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    end = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                ask(port, "GET", "/healthz")
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < end, process.stderr.read().decode()
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stderr.close()
        shutil.rmtree(place)


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def test_nginx_serves_whole_files_and_parts(server):
    status, content, headers = ask(server, "GET", "/images/v1/x.iso")
    assert (status, content, headers["content-type"]) == (200, ISO, "application/vnd.efi-iso")
    assert headers["server"] == "nginx"
    status, content, headers = ask(server, "HEAD", "/images/v1/x.iso")
    assert (status, content, headers["content-length"]) == (200, b"", str(len(ISO)))
    status, content, headers = ask(server, "GET", "/images/v1/x.iso", Range="bytes=5-9")
    assert (status, content, headers["content-range"]) == (206, b"56789", f"bytes 5-9/{len(ISO)}")
    assert ask(server, "GET", "/images/v1/x.iso", Range="bytes=5-9", If_Range='"other"')[:2] == (200, ISO)


@pytest.mark.parametrize(
    "path",
    [
        "/images/v1/.x.iso.part",
        "/images/v1/.verified.json",
        "/images/v1/%2ex.iso.part",
        "/images/.hidden/x",
        "/images/v1/",
        "/images/",
        "/images/v1/gone.iso",
        "/images/v1/link",
        "/images/out/passwd",
        "/images/../nginx.conf",
        "/images/v1/..%2f..%2f..%2fnginx.conf",
        "/images../nginx.conf",
        "/",
        "/nginx.conf",
        "/index.html",
    ],
)
def test_nginx_serves_nothing_else(server, path):
    status, content, _headers = ask(server, "GET", path)
    assert status in (400, 404)
    assert ISO[:20] not in content
    assert b"x.iso" not in content


def test_nginx_lists_no_directory_even_with_an_index(server):
    """A page that somebody put there is a file like others, and no answer for its directory."""
    assert ask(server, "GET", "/images/v1/index.html")[0] == 200
    assert ask(server, "GET", "/images/v1/")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_nginx_takes_nothing(server, method):
    assert ask(server, method, "/images/v1/x.iso")[0] == 405


def exposure(text: str, directory: Path) -> float:
    path = directory / "image-server.service"
    path.write_text(text)
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)[1])


def test_unit_is_what_systemd_takes(tmp_path):
    require("systemd-analyze")
    nginx = Nginx("/srv/images", "0.0.0.0", 7081, "/run/image-server")
    program = shutil.which("true")
    text = unit(nginx, program=program, configuration_file="/etc/image-server/nginx.conf", name="image-server")
    path = tmp_path / "image-server.service"
    path.write_text(text)
    argv = ["systemd-analyze", "verify", "--man=no", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "image-server.service" not in done.stderr
    assert exposure(text, tmp_path) < MAX_EXPOSURE


@pytest.mark.parametrize(("port", "capability"), [(80, "CAP_NET_BIND_SERVICE"), (7081, "")])
def test_unit_has_a_capability_only_for_low_ports(port, capability):
    text = unit(Nginx("/srv/images", "::", port, "/run/x"), program="/n", configuration_file="/c", name="x")
    assert f"AmbientCapabilities={capability}\nCapabilityBoundingSet={capability}\n" in text


def test_unit_sees_images_at_home():
    text = unit(Nginx("/home/me/images", "::", 80, "/run/x"), program="/n", configuration_file="/c", name="x")
    assert "ProtectHome=read-only\n" in text


def test_configuration_listens_on_an_ipv6_address():
    assert "listen [fd00::1]:80;" in configuration(Nginx("/srv/images", "fd00::1", 80, "/run/x"))


@pytest.mark.parametrize(
    "path",
    ["", "srv", "/", "//", "/srv/../etc", "/srv/a b", "/srv/$host", '/srv/"', "/srv;", "/srv/\n", "/é"],
)
def test_path_problem(path):
    assert list(path_problem("path", path))


def test_problems_of_what_is_right():
    assert list(path_problem("path", "/srv/.images-1/v1.8_x@y")) == []
    assert list(listen_problem("::", 80)) == list(listen_problem("10.10.0.20", 65535)) == []
    assert len(list(listen_problem("eth0; }", 0))) == 2
