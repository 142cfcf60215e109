# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a server that does not keep to what it says."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from types import SimpleNamespace

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import urls
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.urls import Wanted, ask

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
    assert ask([Wanted(KERNEL, SUMS)], 1000, {}).wrong == {KERNEL: ""}


def test_file_without_an_end_is_not_read_to_it(monkeypatch):
    blocks = count()

    def read(_size):
        assert next(blocks) < 10
        return CONTENT

    serve(monkeypatch, read)
    (wrong,) = ask([Wanted(KERNEL, SUMS)], 1000, {}).wrong.values()
    assert wrong == f"{KERNEL} has more than the 8 bytes that its server told"


def test_large_files_are_not_read(monkeypatch):
    serve(monkeypatch, None)
    assert ask([Wanted(KERNEL, SUMS)], len(CONTENT) - 1, {}).compared == 0
