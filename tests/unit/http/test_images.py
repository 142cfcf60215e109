# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot programs and images: who gets them, how, and that nothing else leaves the machine."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest

from _bootd.decisions import events
from _bootd.hardware.model import Netboot
from _bootd.http import files
from _bootd.http.file_body import FileBody, Shrunk
from _bootd.http.site import SLOT
from servers.http_site import MAC, OTHER_ADDRESS, OTHER_KEY, OTHER_MAC, STRANGER, machine, make_site

CONTENT = bytes(range(256)) * 10
KERNEL = "harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"


@pytest.fixture
def site(tmp_path):
    """Return a site with a machine that netboots, one that does not, and files in its directories and beside them."""
    off = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=False))
    site = make_site(tmp_path, machine(), off)
    (tmp_path / "boot/ipxe.efi").write_bytes(CONTENT)
    kernel = tmp_path / "images" / KERNEL
    kernel.parent.mkdir(parents=True)
    kernel.write_bytes(CONTENT)
    (tmp_path / "images/empty").touch()
    (tmp_path / "images/.hidden").write_bytes(b"secret")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "images-private").mkdir()
    (tmp_path / "images-private/secret").write_bytes(b"secret")
    (tmp_path / "images/link").symlink_to("../secret")
    (tmp_path / "images/dir").symlink_to("../images-private")
    (tmp_path / "images/inside").symlink_to(KERNEL)
    os.mkfifo(tmp_path / "images/pipe")
    return site


@pytest.mark.parametrize(
    "path", ["/ipxe/ipxe.efi", "//ipxe//ipxe.efi", "/./ipxe/./ipxe.efi", "/ipxe\\ipxe.efi", f"/ipxe/{MAC}/ipxe.efi"]
)
def test_firmware(site, path):
    answer = site.get(path)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-type"] == "application/efi"
    assert answer.headers["accept-ranges"] == "bytes"
    assert site.events() == [events.BootFile(name="ipxe.efi", via="http", bytes=len(CONTENT))]
    assert (site.state().stage, site.state().bytes) == ("loading", {"http": len(CONTENT)})


@pytest.mark.parametrize("mac", [MAC, "58-47-ca-71-d8-49", "58-47-CA-71-D8-49", "5847.ca71.d849", "5847ca71d849"])
@pytest.mark.parametrize("path", ["/ipxe/{}/ipxe.efi", "/ipxe//{}//ipxe.efi", "/ipxe\\{}\\ipxe.efi"])
def test_firmware_by_the_mac_whatever_the_source(site, path, mac):
    # Behind address translation the source is nobody's.
    assert site.get(path.format(mac), STRANGER).body == CONTENT


@pytest.mark.parametrize(
    ("path", "source", "status", "said"),
    [
        ("/ipxe/ipxe.efi", STRANGER, 404, f"no Hardware object has {STRANGER}"),
        ("/ipxe/52-54-00-00-00-99/ipxe.efi", STRANGER, 404, "no Hardware object has 52:54:00:00:00:99"),
        ("/ipxe/ipxe.efi", OTHER_ADDRESS, 403, "netboot.allowPXE is false"),
        (f"/ipxe/{OTHER_MAC}/ipxe.efi", STRANGER, 403, "netboot.allowPXE is false"),
        (f"/ipxe/{MAC}/missing.efi", STRANGER, 404, "no such file"),
        ("/ipxe", STRANGER, 404, ""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_firmware_refused(site, path, source, status, said, method):
    answer = site.ask(method, path, source)
    assert answer.status == status
    assert method == "HEAD" or said in answer.text
    assert site.events() == site.events(OTHER_KEY) == []


def test_firmware_head_has_the_headers_of_get(site):
    # Firmware that boots by HTTP asks for the size first and for the file then.
    head, get = site.ask("HEAD", "/ipxe/ipxe.efi"), site.get("/ipxe/ipxe.efi")
    assert (head.status, head.body, head.headers) == (200, b"", get.headers)
    assert len(site.events()) == 1


def test_image_of_a_known_machine_is_recorded(site):
    assert site.get(f"/images/{KERNEL}").body == CONTENT
    url = f"http://10.10.0.20:7080/images/{KERNEL}"
    assert site.events() == [events.Loaded(url=url, role="kernel", bytes=len(CONTENT), size=len(CONTENT))]
    assert (site.state().stage, site.state().bytes) == ("kernel", {"http": len(CONTENT)})


def test_files_are_timed_by_how_they_end_and_programs_are_decisions(site):
    site.get("/ipxe/ipxe.efi")
    site.get("/ipxe/ipxe.efi", OTHER_ADDRESS)
    site.get(f"/images/{KERNEL}", range="bytes=0-1")
    environ = {"PATH_INFO": f"/images/{KERNEL}", "REMOTE_ADDR": STRANGER, SLOT: site}
    setup_testing_defaults(environ)
    site.app(environ, lambda *_unused: None).close()  # as when the client is gone
    lines = site.get("/metrics").text.splitlines()
    for line in (
        'bootd_decisions_total{decision="boot_file",protocol="http"} 1.0',
        'bootd_decisions_total{decision="refused",protocol="http"} 1.0',
        'bootd_transfer_duration_seconds_count{protocol="http",status="complete"} 2.0',
        'bootd_transfer_duration_seconds_count{protocol="http",status="aborted"} 1.0',
        'bootd_answer_duration_seconds_count{protocol="http"} 4.0',
    ):
        assert line in lines


@pytest.mark.parametrize("source", [STRANGER, OTHER_ADDRESS])
def test_image_is_for_anybody(site, source):
    assert site.get(f"/images/{KERNEL}", source).body == CONTENT


def test_image_link_that_stays_inside(site):
    assert site.get("/images/inside").body == CONTENT


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "harvester/../../secret",
        "../images-private/secret",
        "....//secret",
        "..\\secret",
        "/etc/passwd",
        "./harvester",
        ".hidden",
        "harvester/.hidden",
        "harvester",
        "link",
        "dir/secret",
        "pipe",
        "",
        "..",
        "%2e%2e/secret",
        "..%2fsecret",
        "a" * 300,
        "a/" * 3000,
        "missing",
        f"{KERNEL}/more",
    ],
)
@pytest.mark.parametrize("below", ["/images/", "/ipxe/", "//images//"])
def test_image_nothing_else_can_be_had(site, below, name):
    answer = site.get(below + name)
    assert answer.status in (403, 404)
    assert b"secret" not in answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x7fb"])
def test_image_name_with_control_characters(site, name):
    assert site.get(f"/images/{name}").status == 400


def test_image_without_directory(tmp_path):
    assert make_site(tmp_path, machine(), image_dir="").get("/images/a").status == 404


def test_image_leaves_no_descriptor_behind(site):
    before = len(os.listdir("/proc/self/fd"))
    for headers in ({}, {"range": "bytes=0-1"}, {"range": "bytes=9999-"}, {"if_match": '"x"'}):
        for name in (KERNEL, "empty", "link", "pipe", "missing"):
            for method in ("GET", "HEAD"):
                site.ask(method, f"/images/{name}", **headers)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        ("bytes=0-0", 206, CONTENT[:1], "bytes 0-0/2560"),
        ("bytes=100-199", 206, CONTENT[100:200], "bytes 100-199/2560"),
        ("bytes=2000-", 206, CONTENT[2000:], "bytes 2000-2559/2560"),
        ("bytes=-10", 206, CONTENT[-10:], "bytes 2550-2559/2560"),
        ("bytes=0-1,4-5", 200, CONTENT, None),
        ("bytes=2560-", 416, b"no such range\n", "bytes */2560"),
    ],
)
def test_image_range(site, wanted, status, body, content_range):
    answer = site.get(f"/images/{KERNEL}", range=wanted)
    assert (answer.status, answer.body, answer.headers.get("content-range")) == (status, body, content_range)
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(("wanted", "recorded"), [("bytes=0-9", 0), ("bytes=10-", 1), ("bytes=0-9,20-29", 1)])
def test_image_is_loaded_when_its_end_is_sent(site, wanted, recorded):
    site.get(f"/images/{KERNEL}", range=wanted)
    assert len(site.events()) == recorded


def test_image_while_the_server_is_busy(site):
    site.busy = True
    answer = site.get(f"/images/{KERNEL}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    for headers in ({}, {"if_none_match": "*"}, {"range": "bytes=9999-"}):
        assert site.ask("HEAD", f"/images/{KERNEL}", **headers).status in (200, 304)
    assert site.get(f"/images/{KERNEL}", if_none_match="*").status == 304


def test_image_validators(site, tmp_path):
    first = site.get(f"/images/{KERNEL}").headers
    assert site.get(f"/images/{KERNEL}", if_none_match=first["etag"]).status == 304
    assert site.get(f"/images/{KERNEL}", if_modified_since=first["last-modified"]).status == 304
    resumed = {"range": "bytes=5-", "if_range": first["etag"]}
    assert site.get(f"/images/{KERNEL}", **resumed).status == 206
    newer = tmp_path / "newer"
    newer.write_bytes(CONTENT[::-1])
    newer.rename(tmp_path / "images" / KERNEL)
    answer = site.get(f"/images/{KERNEL}", **resumed)
    assert (answer.status, answer.body) == (200, CONTENT[::-1])
    assert site.get(f"/images/{KERNEL}", if_none_match=first["etag"]).status == 200
    assert site.get(f"/images/{KERNEL}", if_match=first["etag"]).status == 412


def test_image_not_modified_has_no_body(site):
    answer = site.get(f"/images/{KERNEL}", if_none_match="*")
    assert (answer.status, answer.body, "content-length" in answer.headers) == (304, b"", False)
    assert "etag" in answer.headers


def test_image_empty_file(site):
    answer = site.get("/images/empty")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


# As edk2 compares them (MdePkg/Include/IndustryStandard/Http11.h, HTTP_CONTENT_TYPE_APP_EFI, _IMG and _ISO), and as the
# UEFI Forum has them in IANA's registry of media types.
MEDIA_TYPES = {".efi": "application/efi", ".img": "application/vnd.efi-img", ".iso": "application/vnd.efi-iso"}


@pytest.mark.parametrize("name", ["a.efi", "a.iso", "a.IMG"])
def test_image_type_that_firmware_goes_by(site, tmp_path, name):
    (tmp_path / "images" / name).write_bytes(b"x")
    assert site.get(f"/images/{name}").headers["content-type"] == MEDIA_TYPES[name[1:].lower()]


def test_every_type_that_firmware_goes_by_has_its_source():
    assert files._KINDS == MEDIA_TYPES


def body_of(path: Path, offset: int = 0, count: int = 10) -> FileBody:
    return FileBody(os.open(path, os.O_RDONLY), offset, count)


def test_file_body_tells_once_what_was_sent(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    body, told = body_of(tmp_path / "file", 2, 5), []
    body.on_close.append(told.append)
    assert (body.read(2), body.read(100), body.read(1)) == (b"23", b"456", b"")
    body.close()
    body.close()
    assert told == [5]


def test_file_body_of_a_file_that_shrinks(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    body = body_of(tmp_path / "file")
    assert body.read(4) == b"0123"
    os.truncate(tmp_path / "file", 6)
    assert body.read() == b"45"
    with pytest.raises(Shrunk):
        body.read()
    body.close()


def test_body_tells_what_is_not_in_memory_and_fetches_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"0123456789")
    body, asked = body_of(tmp_path / "file", 2, 6), []

    def preadv(_descriptor, _buffers, offset, _flags):
        asked.append(offset)
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", preadv)
    assert not body.is_at_hand()
    body.fetch()
    assert body.is_at_hand()  # although it may have gone from memory again
    body.read(1)
    assert body.is_at_hand()  # the piece that was fetched has more
    assert asked == [2]
    body.close()


@pytest.mark.parametrize("left", ["all", "none"])
def test_body_in_memory_is_at_hand_also_where_the_file_shrank(tmp_path, left):
    (tmp_path / "file").write_bytes(b"0123456789")
    body = body_of(tmp_path / "file")
    if left == "none":
        os.truncate(tmp_path / "file", 0)
    assert body.is_at_hand()
    body.close()


def test_body_of_a_file_system_that_tells_nothing_is_at_hand(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"0123456789")
    body, asked = body_of(tmp_path / "file"), []

    def preadv(*_arguments):
        asked.append(1)
        raise OSError(errno.EOPNOTSUPP, "not here")

    monkeypatch.setattr(os, "preadv", preadv)
    assert body.is_at_hand() and body.is_at_hand()
    assert asked == [1]
    body.close()
