# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and reports that the event loop answers are what the route would have answered, and do the same."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _bootd.hardware.model import Netboot
from _bootd.http.known_heads import MAX_HEADS
from _bootd.http.limits import ConnectionSlot
from _bootd.http.loop_routes import FileAnswer, LoopRoutes
from _bootd.process.faults import Contained
from servers.http_site import ADDRESS, KEY, MAC, OTHER_ADDRESS, OTHER_MAC, STRANGER, left_behind, machine, make_site

CONTENT = bytes(range(256)) * 10
CHANGED = 1_700_000_000  # when the files were changed, in seconds since the epoch
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
FACTS = "uuid=1&manufacturer=QEMU&serial=a%20b&platform=efi&buildarch=x86_64&nic=virtio"
DASHED = MAC.replace(":", "-")

_TARGETS = st.sampled_from(
    [
        *(
            "/images/vmlinuz",
            "/images/vmlinuz",
            "/images/v1/initrd.img",
            "/images/empty",
            "/images/link",
            "/images/gone",
        ),
        *("/images/out", "/images/v1", "/images/a.iso", "/images/.hidden", "/images//vmlinuz", "/images/v1/../vmlinuz"),
        *("/images/vmlinuz?a=password:x", "/images/", "/images/%76mlinuz", "/images/./vmlinuz", "/images/vmlinuz/"),
        *("/ipxe/ipxe.efi", f"/ipxe/{DASHED}/ipxe.efi", f"/ipxe/{OTHER_MAC}/ipxe.efi", "/ipxe/none.efi"),
        *("/phone-home", "/phone-home?", f"/phone-home?mac={DASHED}&event=facts&{FACTS}", "/phone-home?event=facts"),
        *(f"/phone-home?mac={OTHER_MAC}&event=loaded&role=kernel&url=http://x/vmlinuz", "/phone-home?event=what"),
        *("/phone-home?event=error&reason=password:x", "/phone-home?type=failure", f"/phone-home?a={'x' * 3000}%ff"),
        *("/phone-home/a", f"/{DASHED}/phone-home?event=facts&{FACTS}", "/healthz"),
    ]
)
_SPANS = st.one_of(
    st.builds("bytes={}-{}".format, st.integers(0, 2700), st.integers(0, 2700)),
    st.builds("bytes={}-".format, st.integers(0, 2700)),
    st.sampled_from(["bytes=-10", "bytes=-0", "bytes=0-1,4-5", "bytes=9-0", "bytes=", "lines=0-1", "0-1", "bytes=a-b"]),
    st.just(f"bytes=0-{10**17}"),
    st.just(f"bytes=0-{'9' * 41}"),
)
_TAGS = st.sampled_from(["the file's", '"x"', "*", 'W/"x", "y"', DATE, "x", "Mon, 01 Jan 2024 00:00:00 GMT"])
_HEADERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Range", "Range", "Range", "range"]), _SPANS),
        st.tuples(st.sampled_from(["If-Range", "If-None-Match", "If-Match"]), _TAGS),
        st.tuples(st.sampled_from(["If-Modified-Since", "If-Unmodified-Since"]), _TAGS),
        st.tuples(st.sampled_from(["X-Rehearsal", "Accept", "x-rehearsal"]), st.just("1")),
        st.tuples(st.just("X-Forwarded-For"), st.sampled_from([OTHER_ADDRESS, "10.10.0.3"])),
    ),
    max_size=3,
    unique_by=lambda header: header[0].lower(),
)
_SOURCES = st.sampled_from([ADDRESS, ADDRESS, OTHER_ADDRESS, STRANGER, "127.0.0.1", "::ffff:10.10.0.16"])
_ASK = st.tuples(st.just("ask"), _TARGETS, _SOURCES, _HEADERS)
_STEPS = st.one_of(
    *[_ASK] * 5,
    st.tuples(st.just("edit"), st.sampled_from([Netboot(allow_pxe=True), Netboot(allow_pxe=False)])),
    st.tuples(st.just("remove")),
    st.tuples(st.just("write"), st.sampled_from([CONTENT[::-1], CONTENT[:100], b""]), st.booleans()),
    st.tuples(st.just("unlink")),
    st.tuples(st.just("busy"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 4000.0])),
)


class Slot(ConnectionSlot):
    """A connection's slot that the site's counts stand for."""

    def __init__(self, site, source):
        self.site, self.source = site, source

    def begin_download(self):
        return self.site.begin_download()

    def end_download(self):
        self.site.end_download()


def made(root, **options):
    """Return a site, its copy, and what answers the copy's requests without a route."""
    sites = []
    for name in ("routes", "loop"):
        directory = root / name
        directory.mkdir()
        other = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=True))
        sites.append(make_site(directory, machine(), other, **options))
        (directory / "images/v1").mkdir()
        for path in ("images/vmlinuz", "images/v1/initrd.img", "images/a.iso", "images/.hidden", "boot/ipxe.efi"):
            (directory / path).write_bytes(CONTENT)
        (directory / "images/empty").touch()
        (directory / "images/link").symlink_to("v1/initrd.img")
        (directory / "secret").write_bytes(b"secret")
        (directory / "images/out").symlink_to("../secret")
        for folder, _names, files in os.walk(directory):
            for file in files:
                os.utime(os.path.join(folder, file), (CHANGED, CHANGED))
    services = sites[1].services
    return *sites, LoopRoutes(sites[1].app.site, Contained("http", services.metrics, services.log))


def file_tag(site):
    """Return the tag of the kernel, which is another one in each site."""
    status = os.stat(os.path.join(site.settings.image_dir, "vmlinuz")) if kernel_is_there(site) else None
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"' if status else '"none"'


def kernel_is_there(site):
    return os.path.exists(os.path.join(site.settings.image_dir, "vmlinuz"))


def octets_of(target, headers):
    """Return a request as it is sent."""
    lines = [f"GET {target} HTTP/1.1", "Host: bootd", *map(": ".join, headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def asked(site, routes, target, source, headers):
    """Return status, header lines and body, by the event loop where it answers, else by the route; and by which."""
    headers = [(name, file_tag(site) if value == "the file's" else value) for name, value in headers]
    answer = None
    if routes is not None:
        sent = [("Host", "bootd"), *headers]
        routes.learn(tuple((name.encode(), value.encode()) for name, value in sent))
        routes.opened.add(target)
        answer = routes.answer(octets_of(target, headers), Slot(site, source))
    if answer is None:
        named = {name.lower().replace("-", "_"): value for name, value in headers}
        found = site.get(target.replace("%76", "v"), source, host="bootd", **named)
        return (found.status, without_tag(found.headers), found.body), False
    if isinstance(answer, FileAnswer):
        head, body = answer.head, b"".join(answer.body)
        answer.body.close()
    else:
        head, _end, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().strip().split("\r\n")
    fields = dict(re.match("([^:]*): (.*)", each).groups() for each in lines)
    fields = {name.lower(): value for name, value in fields.items()}
    assert (fields.pop("server"), fields.pop("date")[-3:]) == ("bootd", "GMT")
    return (int(line.split()[1]), without_tag(fields), body), True


def without_tag(headers):
    """Return headers without what an inode is part of."""
    return {name: value if name != "etag" else value.rpartition("-")[0] for name, value in headers.items()}


def done(site, step):
    """Do ``step`` to a site, other than to ask it."""
    kernel = os.path.join(site.settings.image_dir, "vmlinuz")
    match step:
        case "edit", netboot:
            site.catalog.upsert(machine(netboot=netboot))
        case ["remove"]:
            site.catalog.remove(KEY)
        case "write", content, anew if site.settings.image_dir:
            if anew and kernel_is_there(site):
                os.unlink(kernel)
            with open(kernel, "wb") as file:
                file.write(content)
            os.utime(kernel, (CHANGED + 5, CHANGED + 5))
        case ["unlink"]:
            if kernel_is_there(site):
                os.unlink(kernel)
        case "busy", busy:
            site.busy = busy
        case "wait", seconds:
            site.now += seconds


def known(site):
    """Return all that requests leave behind."""
    return site.downloads, left_behind(site)


@pytest.mark.parametrize("options", [{}, {"trusted_proxies": ("127.0.0.1",)}, {"image_dir": ""}])
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(_STEPS, min_size=1, max_size=12))
def test_the_loop_answers_as_the_route_does(tmp_path_factory, options, steps):
    routed, loop, routes = made(tmp_path_factory.mktemp("sites"), **options)
    for step in steps:
        if step[0] == "ask":
            assert asked(routed, None, *step[1:])[0] == asked(loop, routes, *step[1:])[0]
        else:
            done(routed, step)
            done(loop, step)
    assert known(routed) == known(loop)


@pytest.fixture
def loop(tmp_path):
    """Return a site, and what answers it without a route."""
    _routed, site, routes = made(tmp_path)
    return site, routes


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/images/vmlinuz", [], 200),
        ("/images/vmlinuz", [("Range", "bytes=0-99")], 206),
        ("/images/vmlinuz", [("range", "bytes=0-99"), ("If-Range", "the file's")], 206),
        ("/images/vmlinuz", [("If-None-Match", "the file's")], 304),
        ("/images/vmlinuz", [("Range", "bytes=9999-")], 416),
        ("/images/gone", [], 404),
        ("/images/out", [], 403),
        (f"/ipxe/{DASHED}/ipxe.efi", [], 200),
        ("/ipxe/ipxe.efi", [("Range", "bytes=5-")], 206),
        (f"/phone-home?event=facts&{FACTS}", [], 200),
    ],
)
def test_the_loop_does_answer(loop, target, headers, status):
    (found, _headers, _body), in_loop = asked(*loop, target, ADDRESS, headers)
    assert (found, in_loop) == (status, True)


@pytest.mark.parametrize(
    "request_octets",
    [
        octets_of("/images/vmlinuz", [("Range", "bytes=0-1"), ("Range", "bytes=2-3")]),
        octets_of("/images/vmlinuz", [("Range", "bytes=-1")]),
        octets_of("/images/vmlinuz", [("Accept", "*/*")]),
        octets_of("/images/vmlinuz", []) + b"G",
        octets_of("/images/vmlinuz", []) + b"Range: bytes=0-1\r\n",
        octets_of("/images/vmlinuz", []) + b"Range: bytes=0-1\r\n\r\n",
        octets_of("/images/vmlinuz", [])[:-2],
        octets_of("/images/vmlinuz", []).replace(b"\r\n", b"\n"),
        octets_of("/images/vmlinuz", []).replace(b"GET ", b"HEAD "),
        octets_of("/images/vmlinuz", []).replace(b" HTTP/1.1", b" HTTP/1.0"),
        octets_of("/images/vmlinuz", []).replace(b"Host: bootd\r\n", b"Host: bootd\nRange: bytes=0-1\r\n"),
        octets_of("/images/vmlinuz", [("Content-Length", "0")]),
        octets_of("/images/vmlinuz", [("Expect", "100-continue")]),
        octets_of("/images/a.iso", []),  # not just opened
        octets_of("/ipxe/auto.ipxe", []),
        octets_of("/auto.ipxe", []),
        octets_of("/phone-home#a", []),
        octets_of("/phone-home?a#b", []),
        octets_of("/phone-home?\xff", []),
    ],
)
def test_what_was_not_read_before_is_for_aiohttp(loop, request_octets):
    site, routes = loop
    routes.opened.add("/images/vmlinuz")
    for more in ([], [(b"Content-Length", b"0")], [(b"Expect", b"100-continue")]):
        routes.learn(((b"Host", b"bootd"), *more))
    before = known(site)
    assert routes.answer(request_octets, Slot(site, ADDRESS)) is None
    assert known(site) == before


def test_heads_are_bounded(loop):
    _site, routes = loop
    for number in range(MAX_HEADS + 1):
        routes.learn(((b"Host", b"%d" % number),))
    routes.learn(((b"Host", b"x" * 5000),))
    assert len(routes._heads) == 1


def test_a_fault_is_an_answer_and_a_line_in_the_log(loop, monkeypatch):
    site, routes = loop
    monkeypatch.setattr(site.services.journal, "record", lambda *_unused, **_options: 1 / 0)
    target = f"/phone-home?event=facts&{FACTS}"
    routed = site.get(target, host="bootd")
    (status, headers, body), in_loop = asked(site, routes, target, ADDRESS, [])
    assert in_loop
    assert (status, headers, body) == (routed.status, routed.headers, routed.body)
    assert status == 500
