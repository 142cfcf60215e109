# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl against the running server: files in all the ways clients fetch them, reports in all the ways they send them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from _bootd.http.wsgi_environ import MAX_BODY
from programs.require import require
from servers.http_site import KEY, MAC, Site, machine, make_site, serving

SIZE = 20 * 1024 * 1024 + 12345
IMAGE = "images/harvester-v1.2.0-rootfs-amd64.squashfs"


@dataclass
class Running:
    """A served site, the file it has and a directory for what is fetched."""

    site: Site
    base: str
    content: bytes
    work: Path

    def curl(self, path: str, *options: str) -> subprocess.CompletedProcess[bytes]:
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--path-as-is",
            "--max-time",
            "60",
            *options,
            f"{self.base}{path}",
        ]
        return subprocess.run(command, check=False, capture_output=True, timeout=90)

    def status(self, path: str, *options: str) -> int:
        # curl takes the first --output for its one URL.
        found = self.curl(path, *options, "--output", "/dev/null", "--write-out", "%{http_code}")
        return int(found.stdout)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    require("curl")
    root = tmp_path_factory.mktemp("http")
    site = make_site(root, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0)
    content = os.urandom(SIZE)
    (root / IMAGE).write_bytes(content)
    (root / "boot/ipxe.efi").write_bytes(content[:1_000_000])
    with serving(site) as port:
        yield Running(site, f"http://127.0.0.1:{port}", content, root)


def test_whole_file(running):
    target = running.work / "whole"
    assert running.status(f"/{IMAGE}", "--output", str(target)) == 200
    assert target.read_bytes() == running.content


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("0-0", slice(0, 1)),
        ("1000-70000", slice(1000, 70001)),
        ("20000000-", slice(20_000_000, None)),
        ("-99", slice(-99, None)),
    ],
)
def test_range(running, wanted, part):
    found = running.curl(f"/{IMAGE}", "--range", wanted)
    assert found.stdout == running.content[part]


@pytest.mark.parametrize("have", [0, 1, 65536, SIZE - 1])
def test_resume(running, have):
    target = running.work / f"resumed-{have}"
    target.write_bytes(running.content[:have])
    assert running.status(f"/{IMAGE}", "--continue-at", "-", "--output", str(target)) == (206 if have else 200)
    assert target.read_bytes() == running.content


def test_resume_of_a_whole_file(running):
    target = running.work / "complete"
    target.write_bytes(running.content)
    assert running.status(f"/{IMAGE}", "--continue-at", "-", "--output", str(target)) == 416
    assert target.read_bytes() == running.content


def test_several_ranges_at_once(running):
    assert running.curl(f"/{IMAGE}", "--range", "0-1,5-6").stdout == running.content


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
def test_head_as_firmware_asks_before_it_fetches(running, version):
    head = running.curl("//ipxe//ipxe.efi", "--head", version).stdout.decode().lower()
    assert " 200 ok" in head
    assert "content-length: 1000000" in head
    assert running.curl("//ipxe//ipxe.efi", version).stdout == running.content[:1_000_000]


def test_conditional_fetch(running):
    tag, target = running.work / "tag", running.work / "conditional"
    assert running.status(f"/{IMAGE}", "--etag-save", str(tag), "--output", str(target)) == 200
    assert running.status(f"/{IMAGE}", "--etag-compare", str(tag)) == 304
    assert running.status(f"/{IMAGE}", "--header", 'If-None-Match: "other"') == 200
    assert running.status(f"/{IMAGE}", "--time-cond", str(target)) == 304
    assert running.status(f"/{IMAGE}", "--time-cond", "Mon, 01 Jan 2024 00:00:00 GMT") == 200


def test_connection_is_kept(running):
    found = running.curl(
        "/healthz",
        f"{running.base}/healthz",
        f"{running.base}/{IMAGE}",
        "--output",
        "/dev/null",
        "--output",
        "/dev/null",
        "--output",
        "/dev/null",
        "--write-out",
        "%{num_connects} ",
    )
    assert found.stdout.split() == [b"1", b"0", b"0"]


@pytest.mark.parametrize(
    "path", ["/images/../boot/ipxe.efi", "/images/%2e%2e/boot/ipxe.efi", "/images//etc/passwd", "/../../etc/passwd"]
)
def test_nothing_outside_can_be_had(running, path):
    assert running.status(path) == 404


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--data", "type=failure&reason=no disk"), 200),
        (("--json", '{"type": "failure", "reason": "no disk"}'), 200),
        (("--request", "POST"), 200),
        (("--json", "{"), 400),
        (("--form", "type=failure"), 415),
        (("--data", "x" * (MAX_BODY + 1)), 413),
        (("--header", "Transfer-Encoding: chunked", "--data", "type=failure"), 411),
        (("--header", "Content-Length: 3", "--header", "Transfer-Encoding: chunked", "--data", "abc"), 400),
        (("--header", "Expect: 100-continue", "--data", "type=failure"), 200),
        (("--header", "Content-Type: text/xml", "--data", "<a/>"), 400),
    ],
)
def test_phone_home(running, options, status):
    assert running.status("/phone-home", *options) == status


def test_large_body_is_refused_before_it_is_sent(running):
    body = running.work / "large"
    body.write_bytes(b"x" * 5_000_000)
    found = running.curl("/phone-home", "--data-binary", f"@{body}", "--write-out", "%{http_code} %{size_upload}")
    assert found.stdout.rpartition(b"\n")[2] == b"413 0"


def test_report_as_a_webhook_sends_it(running):
    base = f"/phone-home/{MAC}/{running.site.token()}"
    assert running.status(f"{base}/started") == 405  # curl GETs unless it is told otherwise
    assert running.status(f"{base}/started", "--request", "POST") == 200
    assert running.status(f"{base}/failed", "--json", '{"reason": "no disk"}') == 200
    assert running.site.state().error == "no disk"
    body = running.work / "report"
    body.write_bytes(b"{}")
    assert running.status(f"{base}/succeeded", "--upload-file", str(body)) == 200
    assert running.status(f"{base}/succeeded", "--request", "POST") == 200
    assert running.site.store.states[KEY].stage == "installed"
    assert running.status(f"{base}/failed", "--request", "POST") == 404


def test_forwarded_address_is_ignored(running):
    assert running.status("/auto.ipxe", "--header", "X-Forwarded-For: 10.10.0.99") == 200
