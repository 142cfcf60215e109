# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last known objects in a file."""

from __future__ import annotations

import pytest

from _bootd.stores.object_cache import Cached, ObjectCache


def test_load_what_was_saved(tmp_path):
    cache = ObjectCache(tmp_path)
    assert cache.load() == Cached()
    cache.save([b'{"a":1}', b'{"b":2}'], "17", ["x/y"])
    cache.save([b'{"a":1}'], "18", ["x/y"])
    assert cache.load() == Cached([{"a": 1}], "18", frozenset({"x/y"}))
    assert cache.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["hardware.jsonl"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"format":2}', b'{"format":1}\n{"cut', b'{"format":1}\n[]', b"\xff", b"[" * 100_000]
)
def test_load_what_is_spoilt(tmp_path, content):
    (tmp_path / "hardware.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=r"not one JSON object a line|format is 2"):
        ObjectCache(tmp_path).load()
