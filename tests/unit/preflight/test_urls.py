# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a server that does not keep to what it says."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from types import SimpleNamespace
from urllib.error import HTTPError, URLError

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import urls
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.urls import Wanted, ask, look

KERNEL, SUMS = "http://10.10.0.2/images/vmlinuz", "http://10.10.0.2/images/SHA512SUMS"
CONTENT = b"a kernel"


def serve(monkeypatch, read):
    """Have a server promise CONTENT, and send what ``read`` gives."""
    sums = BytesIO(f"{hashlib.sha512(CONTENT).hexdigest()}  vmlinuz\n".encode())

    @contextmanager
    def open_url(url, **_how):
        headers = {"Content-Length": str(len(CONTENT))}
        yield SimpleNamespace(headers=headers, read=sums.read if url == SUMS else read)

    monkeypatch.setattr(urls, "open_url", open_url)


def test_file_that_is_what_its_checksums_say(monkeypatch):
    serve(monkeypatch, BytesIO(CONTENT).read)
    assert ask([Wanted(KERNEL, SUMS)], 1000, {}).wrong == {KERNEL: None}


def test_file_without_an_end_is_not_read_to_it(monkeypatch):
    blocks = count()

    def read(_size):
        assert next(blocks) < 10
        return CONTENT

    serve(monkeypatch, read)
    (wrong,) = ask([Wanted(KERNEL, SUMS)], 1000, {}).wrong.values()
    assert wrong.what == f"{KERNEL} has more than the 8 bytes that its server told"


def test_large_files_are_not_read(monkeypatch):
    serve(monkeypatch, None)
    assert ask([Wanted(KERNEL, SUMS)], len(CONTENT) - 1, {}).compared == 0


def looked_at(monkeypatch, fault, *files):
    """Return what a check says of ``files`` by machine, where each is answered by ``fault``."""

    def open_url(url, **_how):
        raise fault(url)

    monkeypatch.setattr(urls, "open_url", open_url)
    wanted = [Wanted(url, "", (machine,)) for url, machine in files]
    return look(wanted, ask(wanted, 1000, {})).problems


FILES = [(f"http://10.10.0.2:8080/v1.8.2/{name}", "um790-3") for name in ("vmlinuz", "initrd", "rootfs", "iso")]


def test_server_that_refuses_is_told_once_with_how_many_files_it_should_have(monkeypatch):
    other = ("http://10.10.0.3/vmlinuz", "um790-1")
    refused = lambda _url: URLError(ConnectionRefusedError(111, "Connection refused"))  # noqa: E731
    first, second = looked_at(monkeypatch, refused, *FILES, other)
    assert first.what == (
        "10.10.0.2:8080: Connection refused; 4 files should come from there, such as http://10.10.0.2:8080/v1.8.2/vmlinuz"
    )
    assert first.where == "what um790-3 would load"
    assert first.remedy.startswith("start a server at 10.10.0.2:8080 and let its port through")
    assert second.what.startswith("10.10.0.3: Connection refused; a file should come from there")


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(404, "put it there, with that name"), (401, "let whoever asks without a password"), (500, "that server's log")],
)
def test_each_file_that_a_server_has_not_is_told_with_what_to_do(monkeypatch, status, remedy):
    problems = looked_at(monkeypatch, lambda url: HTTPError(url, status, "", {}, None), *FILES)
    assert [problem.what.partition(": ")[0] for problem in problems] == [url for url, _machine in FILES]
    assert all(remedy in problem.remedy for problem in problems)


def test_login_in_a_url_is_not_told(monkeypatch):
    (problem,) = looked_at(monkeypatch, lambda _url: OSError("gone"), ("http://reader:hidden@10.10.0.2/vmlinuz", "a"))
    assert "hidden" not in f"{problem.what} {problem.remedy}"
